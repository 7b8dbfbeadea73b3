"""A run's messages laid over its time axis. float64 where values can be missing (NaN)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gridpact.app.record import Record
from gridpact.app.report.axis import Axis
from gridpact.base.slots import Slots, overlap
from gridpact.base.units import Bools, Floats, Ints
from gridpact.metering.messages import BoundaryRead, DayMetered
from gridpact.registry.model import Community
from gridpact.scheduling.messages import ScheduleRevised, ScheduleSolved, TelemetryReceived
from gridpact.scheduling.operation.watching import heard_of
from gridpact.settlement.messages import DaySettled


def laid(axis: Axis, pieces: Iterable[tuple[Slots, NDArray[Any]]], rows: int) -> Floats:
    """Lay pieces [rows, slots] over the axis, later ones over earlier; NaN where none reaches."""
    result = np.full((rows, axis.slots.count), np.nan)
    for slots, values in pieces:
        here, there = overlap(axis.slots, slots)
        result[:, here] = values[:, there]
    return result


def scattered(
    axis: Axis, starts: Iterable[int], columns: Iterable[Ints | Floats], rows: int
) -> Floats:
    """Put columns [rows] at the slots that begin at ``starts``; NaN elsewhere."""
    result = np.full((rows, axis.slots.count), np.nan)
    for start, column in zip(starts, columns, strict=True):
        place = (start - axis.slots.start) // axis.slots.step
        if 0 <= place < axis.slots.count:
            result[:, place] = column
    return result


def by_member(rows: Ints, values: Floats, members: int) -> Floats:
    """Sum assets' values [assets, slots] by their member row, shape [members, slots]."""
    total = np.zeros((members, values.shape[-1]))
    np.add.at(total, rows, values)
    return total


def known(values: Floats) -> float:
    """Sum of what is known; 0 where nothing is."""
    return float(np.nansum(values))


@dataclass(frozen=True)
class Devices:
    """What devices reported [assets or plants or runs, slots] in Wh; NaN without telemetry.

    ``has`` [slots] marks slots with telemetry.
    """

    charge: Floats
    discharge: Floats
    state: Floats
    pv: Floats
    run: Floats
    refused: Floats
    has: Bools


def devices(record: Record, axis: Axis) -> Devices:
    """Lay telemetry over the axis."""
    community, found = record.opening().community, record.all(TelemetryReceived)
    starts = [message.slot for message in found]
    storage, plants = len(community.storage.ids), len(community.pv.ids)
    has = scattered(axis, starts, [np.ones(1, np.int64)] * len(starts), 1)[0] == 1
    return Devices(
        charge=scattered(axis, starts, [_told(m, m.charge_wh) for m in found], storage),
        discharge=scattered(axis, starts, [_told(m, m.discharge_wh) for m in found], storage),
        state=scattered(axis, starts, [_told(m, m.state_wh) for m in found], storage),
        pv=scattered(axis, starts, [m.pv_wh for m in found], plants),
        run=scattered(axis, starts, [m.run_wh for m in found], len(community.runs.ids)),
        refused=scattered(axis, starts, [m.refused.astype(np.int64) for m in found], storage),
        has=has,
    )


def _told(message: TelemetryReceived, values: Ints) -> Ints | Floats:
    """Values of storage [assets]; NaN where nothing was heard."""
    heard = heard_of(message)
    return values if heard.all() else np.where(heard, values, np.nan)


@dataclass(frozen=True)
class Planned:
    """The schedule in force in every slot, Wh; NaN where there was none.

    ``net`` [members, slots]; the others [assets, slots], ``state`` after the slot.
    """

    net: Floats
    charge: Floats
    discharge: Floats
    state: Floats


def planned(record: Record, axis: Axis) -> Planned:
    """Lay schedules over one another in the order in which they came into force."""
    community, found = record.opening().community, in_force(record)
    members, storage = len(community.members.ids), len(community.storage.ids)
    return Planned(
        laid(axis, [(m.window, m.plan.net_wh) for m in found], members),
        laid(axis, [(m.window, m.plan.charge_wh) for m in found], storage),
        laid(axis, [(m.window, m.plan.discharge_wh) for m in found], storage),
        laid(axis, [(m.window, m.plan.state_wh) for m in found], storage),
    )


def in_force(record: Record) -> list[ScheduleSolved | ScheduleRevised]:
    """Schedules of sessions and those made anew between them, as they came into force."""
    kept = sorted(
        (each for kind in (ScheduleSolved, ScheduleRevised) for each in record.kept(kind)),
        key=lambda each: each.seq,
    )
    found = (each.message for each in kept)
    return [each for each in found if isinstance(each, ScheduleSolved | ScheduleRevised)]


@dataclass(frozen=True)
class Metered:
    """Both registers [members, slots] in Wh, estimates included; NaN on days not metered."""

    withdrawal: Floats
    injection: Floats
    estimated: Floats


def metered(record: Record, axis: Axis) -> Metered:
    """Lay the days' readings over the axis."""
    found, members = record.all(DayMetered), len(record.opening().community.members.ids)
    return Metered(
        laid(axis, [(m.slots, m.withdrawal_wh) for m in found], members),
        laid(axis, [(m.slots, m.injection_wh) for m in found], members),
        laid(axis, [(m.slots, m.estimated) for m in found], members),
    )


@dataclass(frozen=True)
class Balance:
    """The community slot by slot [slots] in Wh, NaN where unknown.

    Withdrawals are ``local`` plus ``imported``: what a member took beyond its supplier's part
    came from its neighbours, as in the network charge. ``on_site`` is solar energy that never
    met a meter, ``exported`` what the supplier took, ``stored`` charging less discharging.
    """

    withdrawal: Floats
    injection: Floats
    local: Floats
    imported: Floats
    exported: Floats
    traded: Floats
    shared: Floats
    solar: Floats
    on_site: Floats
    stored: Floats


def balance(record: Record, axis: Axis, read: Metered, told: Devices) -> Balance:
    """Work out where the community's energy came from and went."""
    community, days = record.opening().community, record.all(DaySettled)
    members = len(community.members.ids)

    def settled(name: str) -> Floats:
        return laid(axis, [(day.slots, getattr(day, name)) for day in days], members)

    outside = np.minimum(settled("supplier_in_wh"), read.withdrawal)
    own = by_member(community.pv.member, told.pv, members)
    unseen = np.where(told.has, 0.0, np.nan)  # members without a plant have none, not an unknown
    return Balance(
        withdrawal=read.withdrawal.sum(axis=0),
        injection=read.injection.sum(axis=0),
        local=(read.withdrawal - outside).sum(axis=0),
        imported=outside.sum(axis=0),
        exported=settled("supplier_out_wh").sum(axis=0),
        traded=settled("bought_wh").sum(axis=0),
        shared=settled("shared_in_wh").sum(axis=0),
        solar=told.pv.sum(axis=0) + unseen,
        on_site=np.maximum(own - read.injection, 0).sum(axis=0) + unseen,
        stored=(told.charge - told.discharge).sum(axis=0) + unseen,
    )


@dataclass(frozen=True)
class Flows:
    """Zones [zones, slots]: metered and planned net flow in Wh, positive when imported."""

    metered: Floats
    planned: Floats


def within(community: Community) -> Ints:
    """1 where a member is in a zone or in one below it, [zones, members]."""
    zones, members = community.zones, community.members
    inside = np.zeros((len(zones.ids), len(members.ids)), np.int64)
    for row in range(len(zones.ids)):
        above = row
        while above >= 0:
            inside[above] |= members.zone == row
            above = int(zones.parent[above])
    return inside


def flows(record: Record, axis: Axis, plan: Planned) -> Flows:
    """Lay boundary readings and the schedules' sums over the axis."""
    community, found = record.opening().community, record.all(BoundaryRead)
    net = [message.import_wh - message.export_wh for message in found]
    seen = scattered(axis, [message.slot for message in found], net, len(community.zones.ids))
    return Flows(seen, within(community) @ plan.net)
