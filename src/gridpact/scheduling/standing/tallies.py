"""What has counted so far of windows that have begun: energy, money, discharge of a day.

A tally counts from the statement of its need on. What devices report counts; of a device of which
nothing was heard, and of load, what was planned. Between the last report and the first slot of a
plan counts what schedules in force foresee.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import msgspec
import numpy as np

from gridpact.base.slots import Slots
from gridpact.base.units import Ints
from gridpact.registry.tariffs import outside_prices
from gridpact.scheduling.messages import TelemetryReceived
from gridpact.scheduling.needs.clock import stretches
from gridpact.scheduling.needs.model import Budget, Cycles, Direction, EnergyWithin, Need
from gridpact.scheduling.needs.times import DAY_S, Window
from gridpact.scheduling.operation.in_force import at
from gridpact.scheduling.prepare import foreseen, zone_columns
from gridpact.scheduling.standing.day_site import Past
from gridpact.scheduling.standing.places import Places
from gridpact.scheduling.state import State, Tally
from gridpact.scheduling.sums import homes_below

ALL_DAY = Window(0, DAY_S)
"""The window of limits by the day."""
Counted = Budget | Cycles | EnergyWithin


class Flow(NamedTuple):
    """What storage takes and gives [assets], and homes take net [homes], in one slot; Wh."""

    charge_wh: Ints
    discharge_wh: Ints
    net_wh: Ints


def counted(places: Places, state: State, message: TelemetryReceived) -> tuple[Tally, ...]:
    """Return the tallies of a state with the slot that is reported."""
    flow = _reported(places, state, message)
    return _with_slot(places, state, state.tallies, Slots(message.slot, message.step, 1), flow)


def past_of(places: Places, state: State, start: int, import_price: Ints) -> Past:
    """Return what is known of windows that have begun when a plan starts [s since the epoch]."""
    tallies, step = state.tallies, places.step_s
    needs = _counted_needs(state)
    for slot in range(max(state.state_at, 0), start, step) if needs and state.state_at else ():
        flow = _planned(places, state, slot)
        tallies = _with_slot(places, state, tallies, Slots(slot, step, 1), flow)
    now = {(one.need, one.asset): one for one in tallies if one.end > start}
    kind = {need.id: need for need in needs}
    discharged: dict[str, int] = {}
    for (need, asset), one in now.items():
        if isinstance(kind.get(need), Cycles):
            discharged[asset] = max(discharged.get(asset, 0), one.amount)
    return Past(
        import_price=import_price,
        so_far_wh=_of_kind(now, kind, EnergyWithin),
        discharged_wh=discharged,
        spent_nano=_of_kind(now, kind, Budget),
    )


def _of_kind(
    now: dict[tuple[str, str], Tally], kind: dict[str, Counted], wanted: type[Counted]
) -> dict[str, int]:
    return {
        need: one.amount for (need, _), one in now.items() if isinstance(kind.get(need), wanted)
    }


def _counted_needs(state: State) -> list[Counted]:
    needs: Sequence[Need] = state.book.needs if state.book else ()
    return [need for need in needs if isinstance(need, Counted)]


def _with_slot(
    places: Places, state: State, tallies: tuple[Tally, ...], slot: Slots, flow: Flow
) -> tuple[Tally, ...]:
    """Add what flows in a slot; windows that are over, and needs that are gone, are forgotten."""
    before = {(one.need, one.asset): one for one in tallies}
    found = []
    for need in _counted_needs(state):
        window = ALL_DAY if isinstance(need, Cycles) else need.window
        for one in stretches(window, slot.start, slot.end, places.timezone):
            for asset, amount in _amounts(places, state, need, (slot, flow)):
                old = before.get((need.id, asset))
                so_far = old.amount if old is not None and old.begin == one.begin else 0
                found.append(Tally(need.id, asset, one.begin, one.end, so_far + amount))
    return tuple(found)


def _amounts(
    places: Places, state: State, need: Counted, seen: tuple[Slots, Flow]
) -> Iterator[tuple[str, int]]:
    """Yield what a slot adds to a need's tallies: by asset for cycles, else in all."""
    slot, flow = seen
    rows = [places.storage[one.id] for one in places.assets(need) if one.id in places.storage]
    match need:
        case Cycles():
            yield from ((places.community.storage.ids[r], int(flow.discharge_wh[r])) for r in rows)
        case Budget():
            price = np.maximum(_price(places, state, slot), 0)
            yield "", int(flow.charge_wh[rows].sum()) * int(price)
        case EnergyWithin():
            zones = _zones(places, need)
            net = int((flow.charge_wh - flow.discharge_wh)[rows].sum())
            if zones is not None:
                inside = homes_below(zone_columns(places.community, slot), tuple(zones))
                net = int(flow.net_wh[inside].sum())
            yield "", net if need.direction is Direction.TAKE else -net


def _zones(places: Places, need: EnergyWithin) -> list[int] | None:
    """Rows of zones that a need is about, homes among them; None where it is about assets."""
    homes, first = places.homes(need), len(places.community.zones.ids)
    return places.zones(need) if homes is None else [first + row for row in homes]


def _price(places: Places, state: State, slot: Slots) -> int:
    days = list(state.spot.values())
    if not days:
        return 0
    outside = outside_prices(places.community.tariffs, foreseen(slot, days, days[-1]))
    return int(outside.all_in_import[0])


def _planned(places: Places, state: State, slot: int) -> Flow:
    """What the schedule in force foresees for a slot; nothing without one."""
    item = at(state.plans, slot)
    if item is None:
        idle = np.zeros(len(places.community.storage.ids), np.int64)
        return Flow(idle, idle, np.zeros(len(places.community.members.ids), np.int64))
    place, plan = item.window.index(slot), item.plan
    return Flow(plan.charge_wh[:, place], plan.discharge_wh[:, place], plan.net_wh[:, place])


def _reported(places: Places, state: State, message: TelemetryReceived) -> Flow:
    """What storage did in a slot, and what homes then took beside what was planned."""
    planned = _planned(places, state, message.slot)
    heard = message.reported
    known = True if isinstance(heard, msgspec.UnsetType) else heard
    charge = np.where(known, message.charge_wh, planned.charge_wh)
    discharge = np.where(known, message.discharge_wh, planned.discharge_wh)
    net = planned.net_wh.copy()
    off = charge - discharge - (planned.charge_wh - planned.discharge_wh)
    np.add.at(net, places.community.storage.member, off)
    return Flow(charge, discharge, net)
