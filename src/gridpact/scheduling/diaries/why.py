"""Why the entries of a run's diaries are there: read off the plans that were in force for them.

A plan tells its states, the bounds it was given and the prices of its limits; the needs that stood
tell who asked for what. The rules are those of :mod:`.reasons`. Bounds that owners state day by day
without a name, such as a car that has to leave, are needs without an identifier.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from gridpact.base.slots import Slots
from gridpact.base.units import Bools, Ints
from gridpact.scheduling.conflicts import state_tolerance
from gridpact.scheduling.diaries.difference import Diaries
from gridpact.scheduling.diaries.holds import Holds
from gridpact.scheduling.diaries.instructions import STOPS
from gridpact.scheduling.diaries.pulls import Signals
from gridpact.scheduling.diaries.reasons import (
    Cause,
    InForce,
    Kind,
    Reasons,
    Shared,
    reasons_of,
)
from gridpact.scheduling.diaries.respect import Hold
from gridpact.scheduling.diaries.tight_needs import stretches
from gridpact.scheduling.messages import NeedsStated
from gridpact.scheduling.needs.model import (
    Direction,
    Intervention,
    Need,
    PowerCap,
    Quiet,
    Unavailable,
)
from gridpact.scheduling.problem import Plan, Problem
from gridpact.scheduling.standing.bound_sums import Binding
from gridpact.scheduling.standing.places import Places, touched
from gridpact.scheduling.sums import Flows, homes_below, tight

Rows = tuple[int, int, int, int, int]
"""Cause, asset, first slot, end, way: a row of :class:`~.reasons.InForce`."""


class Piece(NamedTuple):
    """A plan over the slots of its problem, in force for ``first_s ≤ instant < end_s``.

    ``stated`` are the needs of owners with those that stood bound to them; ``needs`` those that
    stood, ``bindings`` the bounds they put.
    """

    problem: Problem
    plan: Plan
    stated: NeedsStated
    bindings: tuple[Binding, ...]
    needs: tuple[Need, ...]
    first_s: int
    end_s: int

    @property
    def slots(self) -> Slots:
        """The slots of the plan."""
        return self.problem.slots


class Asked(NamedTuple):
    """An activation: what storage gives of it [storage], Wh, and set-points [storage, slots], Wh.

    ``way`` is −1 where it asks for less net power, 1 for more.
    """

    id: str
    window: Slots
    given_wh: Ints
    net_wh: Ints
    way: int


class Why(NamedTuple):
    """The reason of every entry of diaries, and all causes."""

    reasons: Reasons
    causes: tuple[Cause, ...]


def why(
    places: Places,
    pieces: Sequence[Piece],
    activations: Sequence[Asked],
    diaries: Diaries,
    holds: Holds,
) -> Why:
    """Return the reasons of all entries; one that no piece is in force for has the price's."""
    count, entries = len(diaries.instructions), diaries.instructions
    kind, cause = np.full(count, int(Kind.PRICE), np.int8), np.full(count, -1)
    causes: list[Cause] = []
    for piece in pieces:
        named = _Named(places, piece, activations)
        rows = [*_of_holds(named, holds), *_of_needs(named), *_of_states(named), *_of_runs(named)]
        rows += [*_of_stops(named, diaries), *_of_activations(named, activations)]
        rows += _of_sums(named)
        found = reasons_of(
            entries,
            diaries.standing,
            piece.slots,
            named.causes,
            InForce.of(rows),
            (_signals(named), named.shared),
        )
        here = (piece.first_s <= entries.at_s) & (entries.at_s < piece.end_s)
        kind[here] = found.kind[here]
        cause[here] = np.where(found.cause >= 0, found.cause + len(causes), -1)[here]
        causes += named.causes
    return Why(Reasons(kind, cause), tuple(causes))


class _Named:
    """A piece with its causes: needs by name, limits of zones, what is asked without a name."""

    def __init__(self, places: Places, piece: Piece, activations: Sequence[Asked]) -> None:
        self.places, self.piece = places, piece
        zones = places.community.zones.ids
        needs = [_cause(need, places) for need in piece.needs]
        self.of_need = {need.id: place for place, need in enumerate(piece.needs)}
        limits = [Cause(Kind.LIMIT, self._capping(row) or name) for row, name in enumerate(zones)]
        first = len(needs) + len(limits)
        self.unnamed, self.by_hand, self.activated = first, first + 1, first + 2
        own = (Cause(Kind.NEED, ""), Cause(Kind.INTERVENTION, ""))
        asked = (Cause(Kind.ACTIVATION, one.id) for one in activations)
        self.causes = (*needs, *limits, *own, *asked)
        self.shared = Shared(np.arange(len(needs), first, dtype=np.int64), np.zeros(0, np.int64))

    def _capping(self, zone: int) -> str:
        """Name of the one need that caps a zone; "" where there is none, or several."""
        sides = ("import", "export")
        names = {one.need for one in self.piece.bindings if one.side in sides and one.row == zone}
        return names.pop() if len(names) == 1 else ""


def _cause(need: Need, places: Places) -> Cause:
    """What a need is as a reason: what is asked of zones is a limit, which has no private owner."""
    if places.zones(need) is not None:
        return Cause(Kind.LIMIT, need.id)
    kind = Kind.INTERVENTION if isinstance(need, Intervention) else Kind.NEED
    return Cause(kind, need.id, need.owner)


def _signals(named: _Named) -> Signals:
    problem, community = named.piece.problem, named.places.community
    zones, slots = len(problem.zones.parent), problem.slots.count
    shape = (max(zones, 1), slots)
    homes = [*community.storage.member.tolist(), *community.runs.member.tolist()]
    nothing = np.zeros(0, np.int64)
    price = np.zeros(shape)
    price[:zones] = named.piece.plan.zone_price[:, :slots]
    return Signals(
        bought=np.broadcast_to(problem.import_price[0].astype(np.float64), shape),
        sold=np.broadcast_to(problem.export_price[0].astype(np.float64), shape),
        limits=price,
        parent=problem.zones.parent,
        zone=problem.zones.zone[np.array(homes, np.int64)],
        rows=np.zeros(0),
        row_first=nothing,
        row_end=nothing,
        members=(),
    )


def _of_holds(named: _Named, holds: Holds) -> Iterator[Rows]:
    """Yield what owners decided by hand; an appliance left to itself is so in its whole run."""
    slots, storages = named.piece.slots, len(named.places.storage)
    for row, begin, end, hold, _ in holds.table.tolist():
        first, last = touched(slots, begin, end)
        if row >= storages and hold == Hold.PLAIN:
            first, last = 0, slots.count
        if first < min(last, slots.count):
            yield named.by_hand, row, first, min(last, slots.count), 0


def _of_activations(named: _Named, activations: Sequence[Asked]) -> Iterator[Rows]:
    """Yield activations for who gives some of them, and for who goes back when they end."""
    slots = named.piece.slots
    for place, one in enumerate(activations):
        first, end = touched(slots, one.window.start, one.window.end)
        last = min(end, slots.count)
        for row in np.flatnonzero(one.given_wh).tolist():
            if first < last:
                yield named.activated + place, row, first, last, one.way
            if first < end < slots.count:
                yield named.activated + place, row, end, end + 1, -one.way


def _of_needs(named: _Named) -> Iterator[Rows]:
    """Yield the needs that close or cap the power of single assets."""
    places, slots = named.places, named.piece.slots
    for need in named.piece.needs:
        if not isinstance(need, Quiet | Unavailable | Intervention | PowerCap):
            continue
        if places.zones(need) is not None:
            continue
        cause = named.of_need[need.id]
        for asset in places.assets(need):
            if asset.id in places.storage:
                yield from _of_need(named, need, cause, places.storage[asset.id])
            elif asset.id in places.runs and not isinstance(need, PowerCap):
                row = len(places.storage) + places.runs[asset.id]
                yield from ((cause, row, *span, 0) for span in _spans(need, places, slots))


def _of_need(named: _Named, need: Need, cause: int, row: int) -> Iterator[Rows]:
    slots, plan = named.piece.slots, named.piece.plan
    for first, end in _spans(need, named.places, slots):
        if not isinstance(need, PowerCap):
            yield cause, row, first, end, 0
            continue
        takes = need.direction is Direction.TAKE
        flow = (plan.charge_wh if takes else plan.discharge_wh)[row, first:end]
        at_cap = flow >= need.most_w * slots.step // 3600
        for begin, last in stretches(at_cap):
            yield cause, row, first + begin, first + last, -1 if takes else 1


def _spans(need: Need, places: Places, slots: Slots) -> list[tuple[int, int]]:
    """Slots (first, end) in which a need closes, prescribes or caps power."""
    if isinstance(need, Intervention):
        first, end = touched(slots, need.begin, need.end)
        return [(first, min(end, slots.count))] if first < end else []
    if isinstance(need, Quiet | Unavailable | PowerCap):
        return places.touched(need.window, slots)
    return []


def _of_states(named: _Named) -> Iterator[Rows]:
    """Yield needs whose bound on the state is just met, and those without a name."""
    piece = named.piece
    storage, plan, stated = piece.problem.storage, piece.plan, piece.stated
    tolerance = state_tolerance(storage)[:, None]
    low = plan.state_wh <= stated.lo_wh + tolerance
    high = plan.state_wh >= stated.hi_wh - tolerance
    bound = np.zeros(low.shape, np.bool_)
    for one in piece.bindings:
        if one.side in ("lo", "hi") and one.need in named.of_need:
            bound[one.row, one.first : one.end] = True
            yield from _met(named, one, (low, high))
    drawn = (stated.draw_wh > 0).any(axis=1, keepdims=True)
    asked = drawn | (stated.lo_wh > stated.lo_wh.min(axis=1, keepdims=True, initial=2**62))
    yield from _before(named, low & asked & ~bound, low | high)
    away = (stated.charge_max_wh == 0) & (stated.discharge_max_wh == 0)
    powered = (named.places.community.storage.charge_w > 0)[:, None]
    for row, first, end in _table(away & powered):
        yield named.unnamed, row, first, end, 0


def _met(named: _Named, one: Binding, contacts: tuple[Bools, Bools]) -> Iterator[Rows]:
    """Yield a named bound that is just met, since the state was last at either bound."""
    low, high = contacts
    tight = (low if one.side == "lo" else high)[one.row, one.first : one.end]
    if tight.any():
        last = one.end - 1 - int(np.argmax(tight[::-1]))
        first = one.first + int(np.argmax(tight))
        earlier = np.flatnonzero((low | high)[one.row, :first])
        begin = int(earlier[-1]) + 1 if earlier.size else 0
        yield named.of_need[one.need], one.row, begin, last + 1, 1 if one.side == "lo" else -1


def _of_sums(named: _Named) -> Iterator[Rows]:
    """Yield needs about sums that are just met, for all storage that counts in them."""
    problem, plan = named.piece.problem, named.piece.plan
    flows = Flows(plan.charge_wh, plan.discharge_wh, plan.net_wh)
    for one in named.piece.bindings:
        if one.side != "sum" or one.need not in named.of_need:
            continue
        total = problem.sums[one.row]
        inside = homes_below(problem.zones, total.zones)[problem.storage.home]
        rows = {*total.storage, *np.flatnonzero(inside).tolist()}
        if tight(problem, total, flows):
            cause = named.of_need[one.need]
            yield from ((cause, row, total.first, total.end, 0) for row in sorted(rows))


def _before(named: _Named, asked: Bools, contact: Bools) -> Iterator[Rows]:
    """Yield slots after which the next bound met is one that is asked for without a name."""
    ahead = np.zeros(asked.shape, np.bool_)
    follows = np.zeros(len(asked), np.bool_)
    for slot in range(asked.shape[1] - 1, -1, -1):
        follows = np.where(contact[:, slot], asked[:, slot], follows)
        ahead[:, slot] = follows
    for row, first, end in _table(ahead):
        yield named.unnamed, row, first, end, 1


def _of_runs(named: _Named) -> Iterator[Rows]:
    """Yield needs that move the start of an appliance, and starts that leave no choice."""
    piece, storages = named.piece, len(named.places.storage)
    lasts = -(-named.places.community.runs.duration_s // piece.slots.step)
    for one in piece.bindings:
        if one.side == "run" and one.need in named.of_need:
            end = min(one.end + int(lasts[one.row]), piece.slots.count)
            yield named.of_need[one.need], storages + one.row, max(one.first, 0), end, 0
    only = piece.stated.run_earliest
    for row in np.flatnonzero((only >= 0) & (only == piece.stated.run_latest)).tolist():
        yield named.unnamed, storages + row, int(only[row]), int(only[row]) + 1, 1


def _of_stops(named: _Named, diaries: Diaries) -> Iterator[Rows]:
    """Yield the ends of runs: what was asked of the appliance is done."""
    entries, slots = diaries.instructions, named.piece.slots
    ends = np.isin(entries.verb, STOPS) & (entries.row >= len(named.places.storage))
    for row, at in zip(entries.row[ends].tolist(), entries.at_s[ends].tolist(), strict=True):
        slot = (at - slots.start) // slots.step
        if 0 <= slot < slots.count:
            yield named.unnamed, row, slot, slot + 1, -1


def _table(marked: Bools) -> list[tuple[int, int, int]]:
    """Row, first slot and end of each stretch of marked slots [rows, slots]."""
    edges = np.diff(np.pad(marked, ((0, 0), (1, 1))).astype(np.int8), axis=1)
    row, first = np.nonzero(edges == 1)
    _, end = np.nonzero(edges == -1)
    return list(zip(row.tolist(), first.tolist(), end.tolist(), strict=True))
