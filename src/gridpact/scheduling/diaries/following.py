"""Diaries that follow schedules: one revision for every plan that comes into force.

Diaries of a community list what its schedules switch: storage, then appliances. Solar plants give
what the sun gives and have none.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from gridpact.base.slots import Slots
from gridpact.base.units import Ints
from gridpact.registry.model import Community
from gridpact.scheduling.diaries.derivation import (
    Rated,
    Rule,
    Timing,
    changes,
    derive,
    power,
    watts,
)
from gridpact.scheduling.diaries.difference import (
    Diaries,
    Difference,
    difference,
    first_diaries,
)
from gridpact.scheduling.diaries.instructions import Instructions, Standing, standing_at
from gridpact.scheduling.problem import Plan

RULE = Rule()
"""When a change of storage's power is worth an instruction; appliances are on or off."""


class Switched(NamedTuple):
    """What diaries are about, by row: identifiers and owners [assets], and how many store."""

    ids: tuple[str, ...]
    owners: tuple[str, ...]
    storage: int


class Solved(NamedTuple):
    """A plan that comes into force for the slots of a window, and when that was settled.

    In slots before ``exact_until`` [storage] storage is told its power exactly; None: in none.
    """

    window: Slots
    plan: Plan
    at: int
    exact_until: Ints | None = None


class Activated(NamedTuple):
    """Set-points of storage [storage, slots] that an activation puts in force for its window.

    All storage is told them exactly: who gives some of it, and who keeps to a plan meanwhile.
    """

    window: Slots
    net_wh: Ints
    at: int


def switched(community: Community) -> Switched:
    """Return what the schedules of a community switch."""
    members = community.members.ids
    rows = [*community.storage.member.tolist(), *community.runs.member.tolist()]
    ids = (*community.storage.ids, *community.runs.ids)
    return Switched(ids, tuple(members[row] for row in rows), len(community.storage.ids))


def followed(community: Community, made: Iterable[Solved | Activated]) -> Diaries | None:
    """Return the diaries that plans and activations lead to; None before the first plan."""
    diaries: Diaries | None = None
    for one in made:
        if isinstance(one, Activated):
            if diaries is not None and one.window.start < diaries.end_s:
                diaries = activated(community, diaries, one).diaries
        elif diaries is None:
            diaries = first(community, one)
        else:
            diaries = revised(community, diaries, one).diaries
    return diaries


def first(community: Community, solved: Solved) -> Diaries:
    """Return the first diaries of assets that rest."""
    rest = Standing.at_rest(len(switched(community).ids))
    held = _held(community, solved, rest)
    window = (solved.window.start, solved.window.end)
    return first_diaries(changes(held, solved.window, rest), rest, window)


def revised(community: Community, in_force: Diaries, solved: Solved) -> Difference:
    """Return the revision that a plan makes of the diaries in force.

    What they say of slots after the plan's window stays, and so does what is past.
    """
    window = solved.window
    standing = standing_at(in_force.instructions, in_force.standing, window.start)
    return _joined(in_force, window, _held(community, solved, standing), solved.at)


def activated(community: Community, in_force: Diaries, given: Activated) -> Difference:
    """Return the revision that an activation makes: storage follows it, all else stays.

    Slots of its window beyond the diaries are left out.
    """
    count = min(given.window.count, (in_force.end_s - given.window.start) // given.window.step)
    window = Slots(given.window.start, given.window.step, max(count, 0))
    told = in_force.instructions
    standing = standing_at(told, in_force.standing, window.start)
    exact = np.full(len(given.net_wh), window.count)
    wanted = given.net_wh[:, : window.count]
    storage = _stored(community, wanted, window, given.at, (standing, exact))
    others = power(told, window, in_force.standing)[len(storage) :]
    return _joined(in_force, window, np.concatenate([storage, others]), given.at)


def _joined(in_force: Diaries, window: Slots, held: Ints, at: int) -> Difference:
    """Make the revision that holds a power [assets, slots] in a window, and then what was told."""
    told = in_force.instructions
    standing = standing_at(told, in_force.standing, window.start)
    left = max(in_force.end_s - window.end, 0) // window.step
    whole = Slots(window.start, window.step, window.count + left)
    if left:
        tail = power(told, Slots(window.end, window.step, left), in_force.standing)
        held = np.concatenate([held, tail], axis=1)
    proposed = changes(held, whole, standing)
    return difference(in_force, proposed, (whole.start, whole.end), at)


def _held(community: Community, solved: Solved, standing: Standing) -> Ints:
    """Power told of each asset [assets, slots] of a plan's window, W."""
    net = solved.plan.charge_wh - solved.plan.discharge_wh
    exact = np.zeros(len(net), np.int64) if solved.exact_until is None else solved.exact_until
    storage = _stored(community, net, solved.window, solved.at, (standing, exact))
    running = _running(community, solved, _rows(standing, slice(len(storage), None)))
    return np.concatenate([storage, running])


def _stored(
    community: Community, net_wh: Ints, slots: Slots, at: int, told: tuple[Standing, Ints]
) -> Ints:
    """Power told of storage [storage, slots] that is to move net energy in a window, W.

    ``told`` is how assets stand, and until which slot storage is told its power exactly [storage].
    """
    standing, exact = told
    storage = community.storage
    wanted = watts(net_wh, slots.step)[:, : slots.count]
    rated = Rated(
        np.maximum(storage.charge_w, wanted.max(axis=1, initial=0)),
        np.maximum(storage.discharge_w, -wanted.min(axis=1, initial=0)),
    )
    before = _rows(standing, slice(0, len(storage.ids)))
    wanted = np.ascontiguousarray(wanted)
    entries = derive(wanted, slots, rated, RULE, before, Timing(at, exact)).instructions
    return power(entries, slots, before)


def _rows(standing: Standing, rows: slice) -> Standing:
    return Standing(
        power_w=standing.power_w[rows],
        changed_s=standing.changed_s[rows],
        owed_ws=standing.owed_ws[rows],
    )


def _running(community: Community, solved: Solved, before: Standing) -> Ints:
    """Power of appliances [runs, slots], W: those that start, and those that run already."""
    runs, slots = community.runs, solved.window
    lasts = -(-runs.duration_s // slots.step) * slots.step
    start = slots.start + solved.plan.run_start * slots.step
    planned = np.where(solved.plan.run_start >= 0, start, slots.end)
    begun = np.where(before.power_w > 0, before.changed_s, planned)
    starts, first_s = slots.starts(), begun[:, None]
    on = (first_s <= starts) & (starts < first_s + lasts[:, None])
    past = starts < solved.at  # what is past stays
    return np.where(past, before.power_w[:, None], on * runs.power_w[:, None])


def entries_of(diaries: Diaries, row: int) -> Instructions:
    """Return the entries of one asset."""
    first_entry, end = np.searchsorted(diaries.instructions.row, (row, row + 1)).tolist()
    return diaries.instructions.of(slice(first_entry, end))
