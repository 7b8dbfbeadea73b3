"""What one schedule does otherwise than another: which assets, when, by how much, at what cost."""

from __future__ import annotations

import msgspec
import numpy as np

from gridpact.app.schedules.sides import Meters, Sides
from gridpact.base.units import Floats
from gridpact.scheduling.diaries.derivation import Rated, Rule, derive, watts
from gridpact.scheduling.diaries.difference import (
    Change,
    Diaries,
    Difference,
    difference,
    first_diaries,
)
from gridpact.scheduling.diaries.instructions import Instructions, Standing, Verb

RULE = Rule()
"""When a change of power is worth an instruction: as diaries are made by default."""


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """What becomes of one entry of an asset's diary at an instant [s since the epoch].

    ``before`` and ``after`` are what is told, such as ``START CHARGE``; "" for nothing.
    """

    at: int
    change: str
    before: str = ""
    before_w: int = 0
    after: str = ""
    after_w: int = 0


class AssetChange(msgspec.Struct, frozen=True, kw_only=True):
    """What one asset does otherwise: energy it takes more and less, slot by slot [Wh].

    ``cost_nano`` is what its home pays more [nano-¤] if this asset alone does otherwise.
    ``entries`` are those of its diary that are not kept.
    """

    name: str
    kind: str
    zone: str
    more_wh: float
    less_wh: float
    cost_nano: float
    entries: tuple[Entry, ...]


class ScheduleChange(msgspec.Struct, frozen=True, kw_only=True):
    """How a schedule differs from another in the slots that both have.

    ``cost_nano`` is what all homes pay more [nano-¤] at the prices of the later schedule, with
    everything but the assets as it is there. ``kept`` counts entries of diaries that stay.
    """

    title: str
    before: str
    after: str
    currency: str
    timezone: str
    start: int
    step: int
    slots: int
    cost_nano: float
    kept: int
    assets: tuple[AssetChange, ...]
    only_before: tuple[str, ...]
    only_after: tuple[str, ...]


def changes(sides: Sides) -> ScheduleChange:
    """Compare two schedules as the diaries that would be made of them."""
    in_force, found = _diaries(sides)
    moved = [one.after_wh - one.before_wh for one in sides.assets]
    entries = _entries(in_force, found)
    assets = tuple(
        AssetChange(
            name=asset.name,
            kind=asset.kind,
            zone=asset.zone,
            more_wh=float(np.maximum(moved[row], 0).sum()),
            less_wh=float(np.maximum(-moved[row], 0).sum()),
            cost_nano=_cost(sides, {row: moved[row]}),
            entries=tuple(entries[row]),
        )
        for row, asset in enumerate(sides.assets)
        if row in entries
    )
    return ScheduleChange(
        title=sides.after.title,
        before=sides.before.session,
        after=sides.after.session,
        currency=sides.after.currency,
        timezone=sides.after.timezone,
        start=sides.slots.start,
        step=sides.slots.step,
        slots=sides.slots.count,
        cost_nano=_cost(sides, dict(enumerate(moved))),
        kept=len(found.change) - sum(map(len, entries.values())),
        assets=assets,
        only_before=sides.only_before,
        only_after=sides.only_after,
    )


def _diaries(sides: Sides) -> tuple[Diaries, Difference]:
    """Derive both diaries from rest, and compare them as two revisions."""
    step, rest = sides.slots.step, Standing.at_rest(len(sides.assets))
    shape = (len(sides.assets), sides.slots.count)
    old, new = (
        watts(np.array(energies).reshape(shape), step)
        for energies in (
            [one.before_wh for one in sides.assets],
            [one.after_wh for one in sides.assets],
        )
    )
    most = np.maximum(np.abs(old), np.abs(new)).max(axis=1, initial=0)
    rated, window = Rated(most, most), (sides.slots.start, sides.slots.end)
    told, proposed = (
        derive(one, sides.slots, rated, RULE, rest).instructions for one in (old, new)
    )
    in_force = first_diaries(told, rest, window)
    return in_force, difference(in_force, proposed, window, sides.slots.start)


def _entries(in_force: Diaries, found: Difference) -> dict[int, list[Entry]]:
    """Entries that are not kept, by row of their asset; what the dead-band hides is kept."""
    told: dict[int, list[Entry]] = {}
    old, new = in_force.instructions, found.diaries.instructions
    for place in np.flatnonzero(found.change != Change.KEPT).tolist():
        before = _told(old, int(found.before[place]))
        after = _told(new, int(found.after[place]))
        if before[0] == after[0] and abs(before[1] - after[1]) < RULE.deadband_w:
            continue
        one = Entry(
            at=int(found.at_s[place]),
            change=Change(int(found.change[place])).name.lower(),
            before=before[0],
            before_w=before[1],
            after=after[0],
            after_w=after[1],
        )
        told.setdefault(int(found.row[place]), []).append(one)
    return told


def _told(instructions: Instructions, place: int) -> tuple[str, int]:
    """Verb and target of an entry; nothing where there is none."""
    if place < 0:
        return "", 0
    return Verb(int(instructions.verb[place])).words, int(instructions.target_w[place])


def _cost(sides: Sides, moved: dict[int, Floats]) -> float:
    """What homes pay more [nano-¤] as assets move this energy [slots] by row of the asset."""
    meters = sides.meters
    rows = {name: row for row, name in enumerate(meters.names)}
    without = meters.net_wh.copy()
    for row, energy in moved.items():
        without[rows[sides.assets[row].zone]] -= energy
    return _settled(meters, meters.net_wh) - _settled(meters, without)


def _settled(meters: Meters, net_wh: Floats) -> float:
    """Cost of net energy [homes, slots] at two prices; a Wh at 1 µ¤/kWh costs 1 nano-¤."""
    price = np.where(net_wh > 0, meters.buy, meters.sell)
    return float((net_wh * price).sum())
