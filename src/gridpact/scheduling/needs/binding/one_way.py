"""Energy that is due of assets that only charge: one amount by one time for each."""

from __future__ import annotations

import numpy as np

from gridpact.scheduling.needs.binding.draft import Ask, Draft, Span
from gridpact.scheduling.priorities.levels import Level


def settle_dues(draft: Draft) -> None:
    """Make what is asked of each asset its energy due; asked at a time, it leaves by then.

    What is asked later is met by then where it is no more. Several needs at one time give the
    largest; what wishes ask beyond is a wish. Anything else has no place in an asset that cares for
    its total alone, and is refused.
    """
    for row, asks in sorted(draft.due.items()):
        first = min(ask.slot for ask in asks)
        now = [ask for ask in asks if ask.slot == first]
        most = max(ask.energy_wh for ask in now)
        for ask in asks:
            if ask.slot > first and ask.energy_wh > most:
                problem = "asks for more later than another need does before"
                draft.refuse(ask.need, problem, "ask at one time, or model it as storage")
        _due(draft, row, first, now)


def _due(draft: Draft, row: int, slot: int, asks: list[Ask]) -> None:
    table = draft.site.fleet.one_way
    if table is None:
        return
    leave = draft.flat("one_way", "leave")
    arrive = int(table.arrive[row])
    if slot + 1 <= arrive:
        for ask in asks:
            draft.refuse(ask.need, "it is not there before", "ask for a later time")
        return
    leave[row] = min(leave[row], slot + 1)
    needed = max((ask.energy_wh for ask in asks if ask.need.level is Level.NEEDS), default=0.0)
    asked = max(ask.energy_wh for ask in asks)
    draft.flat("one_way", "energy_wh")[row] = asked
    wish = _wishes(draft)
    wish[row] = asked - needed
    for ask in asks:
        span = Span(arrive, int(leave[row]))
        draft.note(ask.need, ("one_way", row), "energy_wh", span, firm=False)


def _wishes(draft: Draft) -> np.ndarray:
    key = ("one_way", "wish_wh")
    if key not in draft.columns:
        table = draft.site.fleet.one_way
        count = 0 if table is None else len(table.zone)
        given = np.asarray(draft.site.needs.wish_wh, np.float64)
        draft.columns[key] = np.array(np.broadcast_to(given, (count,)))
    return draft.columns[key]
