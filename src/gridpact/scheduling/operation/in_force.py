"""Schedules in force: cut to a window, put together for a day, changed for some slots."""

from __future__ import annotations

import msgspec
import numpy as np

from gridpact.base.slots import Slots
from gridpact.base.units import Ints
from gridpact.registry.model import Community
from gridpact.scheduling.problem import Plan
from gridpact.scheduling.state import InForce

BY_SLOT = ("net_wh", "curtail_wh", "charge_wh", "discharge_wh", "state_wh", "zone_price")
"""Columns of a plan whose last axis is the slot."""


class Setpoints(msgspec.Struct, frozen=True):
    """What is to be done in some slots: storage [assets, slots], solar [members, slots] in Wh."""

    charge_wh: Ints
    discharge_wh: Ints
    curtail_wh: Ints


def cut(plan: Plan, count: int) -> Plan:
    """Keep the first ``count`` slots."""
    columns = {name: getattr(plan, name)[:, :count] for name in BY_SLOT}
    return msgspec.structs.replace(plan, **columns)


def at(plans: tuple[InForce, ...], slot: int) -> InForce | None:
    """Return the schedule that says what is done in a slot [s since the epoch]."""
    found = (item for item in reversed(plans) if item.window.start <= slot < item.window.end)
    return next(found, None)


def joined(plans: tuple[InForce, ...], new: InForce) -> tuple[InForce, ...]:
    """Put a schedule in force, as one with those that end with it: these are of the same day."""
    same = [item for item in plans if item.window.end == new.window.end]
    if not same:
        return (*plans, new)
    day = same[0]
    for item in [*same[1:], new]:
        day = _followed(_led_to(day, item), item)
    return (*(item for item in plans if item.window.end != new.window.end), day)


def _followed(old: InForce, new: InForce) -> InForce:
    """Let ``new`` take over from its first slot on; what has begun by then stays begun."""
    skipped = (new.window.start - old.window.start) // new.window.step
    if skipped <= 0:
        return new
    columns = {
        name: np.concatenate([getattr(old.plan, name)[:, :skipped], getattr(new.plan, name)], 1)
        for name in BY_SLOT
    }
    begun = (old.plan.run_start >= 0) & (old.plan.run_start < skipped)
    later = np.where(new.plan.run_start >= 0, new.plan.run_start + skipped, -1)
    missed = tuple(
        msgspec.structs.replace(each, first_slot=each.first_slot + skipped)
        for each in new.plan.conflicts
    )
    plan = msgspec.structs.replace(
        new.plan,
        **columns,
        run_start=np.where(begun, old.plan.run_start, later),
        conflicts=missed,
    )
    there = None
    if old.there is not None and new.there is not None:
        there = np.concatenate([old.there[:, :skipped], new.there], axis=1)
    window = Slots(old.window.start, old.window.step, skipped + new.window.count)
    return InForce(window, plan, there, old.begins_wh)


def _led_to(old: InForce, new: InForce) -> InForce:
    """Move what a schedule foresaw to be stored so that it leads to where the next one begins."""
    place = (new.window.start - old.window.start) // new.window.step - 1
    if place < 0 or old.begins_wh is None or new.begins_wh is None:
        return old
    off = new.begins_wh - old.plan.state_wh[:, place]
    plan = msgspec.structs.replace(old.plan, state_wh=old.plan.state_wh + off[:, None])
    return msgspec.structs.replace(old, plan=plan, begins_wh=old.begins_wh + off)


def override(
    plans: tuple[InForce, ...], community: Community, start: int, setpoints: Setpoints
) -> tuple[InForce, ...]:
    """Change what is done in the slots from ``start`` on, without a solve.

    Later slots and appliances keep what was planned. Stored energy and net energy are moved by
    what changes, losses included, as far as the devices hold it; what that makes of later slots
    is for the next solve to repair.

    Raises
    ------
    ValueError
        Where no schedule in force covers the slots, or they begin within a slot.
    """
    item = at(plans, start)
    if item is None:
        raise ValueError(f"no schedule is in force at {start}")
    first = item.window.index(start)
    end = first + setpoints.charge_wh.shape[1]
    if end > item.window.count:
        raise ValueError(f"the schedule in force at {start} ends before the slots to be changed")
    changed = _changed(item.plan, community, slice(first, end), setpoints)
    new = msgspec.structs.replace(item, plan=changed)
    return tuple(new if each is item else each for each in plans)


def _changed(plan: Plan, community: Community, slots: slice, setpoints: Setpoints) -> Plan:
    charge, discharge, curtail = (
        getattr(plan, name).copy() for name in Setpoints.__struct_fields__
    )
    charge[:, slots], discharge[:, slots] = setpoints.charge_wh, setpoints.discharge_wh
    curtail[:, slots] = setpoints.curtail_wh
    more_in, more_out = charge - plan.charge_wh, discharge - plan.discharge_wh
    net = plan.net_wh + curtail - plan.curtail_wh
    np.add.at(net, community.storage.member, more_in - more_out)
    return msgspec.structs.replace(
        plan,
        net_wh=net,
        curtail_wh=curtail,
        charge_wh=charge,
        discharge_wh=discharge,
        state_wh=_states(plan, community, more_in, more_out),
    )


def _states(plan: Plan, community: Community, more_in: Ints, more_out: Ints) -> Ints:
    """Stored energy [assets, slots] when more is taken in and given out than planned."""
    storage = community.storage
    kept = storage.kept_per_hour ** (community.step_s / 3600)
    state, off = plan.state_wh.copy(), np.zeros(len(storage.ids))
    for slot in range(state.shape[1]):
        off = kept * off + storage.efficiency_in * more_in[:, slot]
        off -= more_out[:, slot] / storage.efficiency_out
        state[:, slot] += np.rint(off).astype(np.int64)
    return np.clip(state, 0, storage.capacity_wh[:, None])
