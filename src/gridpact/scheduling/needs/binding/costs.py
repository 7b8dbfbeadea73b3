"""Where a run costs no more than it may, wherever in its room it takes place."""

from __future__ import annotations

import numpy as np

from gridpact.base.units import Floats
from gridpact.scheduling.needs.binding.draft import Draft, Span
from gridpact.scheduling.needs.model import Run


def buying(draft: Draft, zone: int) -> Floats:
    """Buying prices of a zone [slots] µ¤/kWh."""
    price = np.asarray(draft.site.prices.buy, np.float64)
    return price if price.ndim == 1 else price[zone]


def affordable(
    draft: Draft, need: Run, room: Span, least: int, power: tuple[int, float]
) -> Span | None:
    """Cut a room to slots in which no way to run costs more than ``most_cost_nano``.

    ``least`` is how many slots are needed; ``power`` a zone and the energy of a slot [Wh]. An
    uninterruptible run keeps the starts around the cheapest one that all cost no more; an
    interruptible one the longest stretch whose dearest slots do not. None where there is no such
    room, which is refused.
    """
    if need.most_cost_nano is None:
        return room
    length = need.duration_s // draft.site.fleet.step_s
    zone, energy_wh = power
    cost = buying(draft, zone)[room.first : room.end] * energy_wh
    kept = _apart if need.interruptible else together
    found = kept(cost, length, need.most_cost_nano)
    if found is None or found[1] - found[0] < least:
        least = np.sort(cost)[:length].sum() if need.interruptible else _totals(cost, length).min()
        problem = f"costs at least {least / 1e9:.4g} in the time that it may take"
        draft.refuse(need, problem, "let it cost more, or widen its window")
        return None
    return Span(room.first + found[0], room.first + found[1])


def _totals(cost: Floats, length: int) -> Floats:
    """Cost of a run by its first slot."""
    return np.convolve(cost, np.ones(length), "valid")


def together(cost: Floats, length: int, most: int) -> tuple[int, int] | None:
    """Slots (first, end) around the cheapest start in which every start costs no more.

    ``cost`` [slots] and ``most`` are nano-¤; None where the cheapest costs more already.
    """
    total = _totals(cost, length)
    cheapest = int(np.argmin(total))
    fits = total <= most + 0.5  # whole nano-¤ are compared
    if not fits[cheapest]:
        return None
    before = np.flatnonzero(~fits[:cheapest])
    after = np.flatnonzero(~fits[cheapest:])
    first = int(before[-1]) + 1 if len(before) else 0
    last = cheapest + int(after[0]) - 1 if len(after) else len(total) - 1
    return first, last + length


def _apart(cost: Floats, length: int, most: int) -> tuple[int, int] | None:
    for width in range(len(cost), length - 1, -1):
        for first in range(len(cost) - width + 1):
            dearest = np.sort(cost[first : first + width])[-length:].sum()
            if dearest <= most + 0.5:
                return first, first + width
    return None
