"""What an asset cannot do of a need since it is away, or since its window is nearly over.

Such a need is taken: its owner may come back sooner, and the next window may be kept. It is told.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from gridpact.base.slots import Slots
from gridpact.base.units import Bools
from gridpact.scheduling.needs.clock import shown, stretches
from gridpact.scheduling.needs.directory import Asset
from gridpact.scheduling.needs.model import (
    Action,
    Direction,
    EnergyWithin,
    Intervention,
    Need,
    PowerFloor,
)
from gridpact.scheduling.needs.spelling import listed
from gridpact.scheduling.needs.times import DAY_S
from gridpact.scheduling.standing.places import Places, touched
from gridpact.scheduling.state import InForce


def absence_notes(places: Places, need: Need, plans: Sequence[InForce], now: int) -> Iterator[str]:
    """Say what cannot be done by the first window's end, seen from ``now`` [s since the epoch].

    Away is what owners told of the time that the ``plans`` cover; after it all are thought there.
    """
    found = [one for one in places.assets(need) if one.id in places.storage]
    if places.shared(need) or not found:
        return
    match need:
        case EnergyWithin(least_wh=int()):
            yield from _energy(places, need, (found, plans), now)
        case PowerFloor(window=window):
            for one in [*stretches(window, now, now + DAY_S, places.timezone)][:1]:
                yield from _away(places, found, plans, (max(one.begin, now), one.end))
        case Intervention(action=Action.CHARGE | Action.SUPPLY):
            yield from _away(places, found, plans, (max(need.begin, now), need.end))


def _energy(
    places: Places, need: EnergyWithin, who: tuple[list[Asset], Sequence[InForce]], now: int
) -> Iterator[str]:
    """Say that the rest of a window that has begun, or the hours there, let too little through."""
    (assets, plans), least = who, need.least_wh or 0
    table, takes = places.community.storage, need.direction is Direction.TAKE
    for one in [*stretches(need.window, now, now + DAY_S, places.timezone)][:1]:
        slots = _slots(places, max(one.begin, now), one.end)
        most, gone = 0, list[str]()
        for asset in assets:
            row = places.storage[asset.id]
            there = _there(plans, row, slots)
            power_w = int((table.charge_w if takes else table.discharge_w)[row])
            most += power_w * slots.step * int(there.sum()) // 3600
            gone += [] if there.all() else [asset.id]
        if most < least:
            done = "taken" if takes else "given"
            some = f"at most {most / 1000:g} kWh" if most else "nothing"
            why = f", as {_are(gone)} away" if gone else ""
            yield (
                f"until {shown(one.end, places.timezone)}, {some} can still be {done} of the "
                f"{least / 1000:g} kWh{why}: the rest is missed"
            )


def _away(
    places: Places, assets: Sequence[Asset], plans: Sequence[InForce], span: tuple[int, int]
) -> Iterator[str]:
    slots = _slots(places, *span)
    for asset in assets:
        gone = np.flatnonzero(~_there(plans, places.storage[asset.id], slots))
        if gone.size:
            begin, end = (slots.start + int(at) * slots.step for at in (gone[0], gone[-1] + 1))
            first, last = (shown(at, places.timezone) for at in (max(begin, span[0]), end))
            yield f"{asset.id} is away from {first} until {last} by its owner's word: not done then"


def _are(names: Sequence[str]) -> str:
    return f"{listed(names)} {'is' if len(names) == 1 else 'are'}"


def _slots(places: Places, begin: int, end: int) -> Slots:
    """Slots that share time with ``begin`` to ``end``."""
    step = places.step_s
    first = begin // step * step
    return Slots(first, step, max(-(-(end - first) // step), 0))


def _there(plans: Sequence[InForce], row: int, slots: Slots) -> Bools:
    """Whether an asset is there, as far as is known [slots]."""
    found = np.ones(slots.count, np.bool_)
    for item in plans:
        first, end = touched(slots, item.window.start, item.window.end)
        if item.there is not None and end > first:
            shift = (slots.start - item.window.start) // slots.step
            found[first:end] = item.there[row, first + shift : end + shift]
    return found
