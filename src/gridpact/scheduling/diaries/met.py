"""Where a plan meets what is asked: causes that are in force for changes of an asset's power.

- What a person decided, and activations, in their time.
- A least state of charge that is reached and no more asks for more power since the state was last
  at either of its bounds, and a most for less: between them, energy is worth the same at any time.
- A sum that is just met asks in its whole window, and so does what closes or caps power.
- The starts that are left to an appliance ask for its run; its end is that its work is done.

Of needs with a name, those count that bind, where they move the power: the plan without them has
less, or more (:mod:`.without`). Several that only bind together count each.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from gridpact.base.slots import Slots
from gridpact.base.units import Bools, Ints
from gridpact.scheduling.conflicts import state_tolerance
from gridpact.scheduling.diaries.difference import Diaries
from gridpact.scheduling.diaries.holds import Hold
from gridpact.scheduling.diaries.instructions import STOPS
from gridpact.scheduling.diaries.pieces import Asked, Piece
from gridpact.scheduling.needs.model import Intervention, Need, PowerCap, Quiet, Unavailable
from gridpact.scheduling.standing.bound_sums import Binding
from gridpact.scheduling.standing.places import Places, touched
from gridpact.scheduling.sums import Flows, homes_below, tight

LEAST_WH = 2
"""What a need moves in a slot beyond what rounding does."""
Row = tuple[int, int, int, int, int, int]
"""Cause, asset, first slot, end, way, weight: a row of :class:`~.reasons.InForce`."""


class Candidate(NamedTuple):
    """A need that may ask something of an asset in slots ``first ≤ slot < end``."""

    need: str
    row: int
    first: int
    end: int


def decided(piece: Piece, storages: int, by_hand: int) -> Iterator[Row]:
    """Yield what owners had decided by hand; an appliance left to itself is so in its whole run."""
    slots = piece.slots
    for row, begin, end, hold, _ in piece.holds.table.tolist():
        first, last = touched(slots, begin, end)
        if row >= storages and hold == Hold.PLAIN:
            first, last = 0, slots.count
        if first < min(last, slots.count):
            yield by_hand, row, first, min(last, slots.count), 0, 0


def activated(slots: Slots, activations: Sequence[Asked], first_cause: int) -> Iterator[Row]:
    """Yield activations for who gives some of them, and for who goes back when they end.

    While one lasts it sets the power, so it explains changes either way.
    """
    for cause, one in enumerate(activations, first_cause):
        first, end = touched(slots, one.window.start, one.window.end)
        last = min(end, slots.count)
        for row in np.flatnonzero(one.given_wh).tolist():
            if first < last:
                yield cause, row, first, last, 0, 0
            if first < end < slots.count:
                yield cause, row, end, end + 1, -one.way, 0


def named(
    places: Places, piece: Piece, of_need: dict[str, int], rows: set[int] | None
) -> Iterator[Row]:
    """Yield the needs with a name that bind, slot by slot where they move the power.

    ``of_need`` are their positions among causes. Only assets ``rows`` are looked at, or all.
    """
    home = [*piece.problem.storage.home.tolist(), *places.community.runs.member.tolist()]
    found = dict[str, list[Candidate]]()
    for one in (*_of_needs(places, piece), *_of_bindings(places, piece)):
        if one.need in of_need and (rows is None or one.row in rows):
            found.setdefault(one.need, []).append(one)
    homes = {name: {home[one.row] for one in every} for name, every in found.items()}
    moved = {name: piece.without.moved_wh([name], homes[name]) for name in found}
    together: dict[tuple[str, ...], Ints | None] = {(name,): wh for name, wh in moved.items()}
    for at in sorted({*home}):
        rest = tuple(name for name in found if homes[name] == {at} and moved[name] is None)
        if len(rest) > 1:
            together[rest] = piece.without.moved_wh(rest, {at})
    for names, wh in together.items():
        if wh is not None:
            for name in names:
                yield from _moving(found[name], of_need[name], wh)


def _moving(candidates: Sequence[Candidate], cause: int, moved_wh: Ints) -> Iterator[Row]:
    for one in candidates:
        for slot in range(one.first, min(one.end, moved_wh.shape[1])):
            wh = int(moved_wh[one.row, slot])
            if abs(wh) > LEAST_WH:
                yield cause, one.row, slot, slot + 1, 1 if wh > 0 else -1, abs(wh)


def _of_needs(places: Places, piece: Piece) -> Iterator[Candidate]:
    """Yield the needs that close, prescribe or cap the power of single assets, in their time."""
    storages = len(places.storage)
    for need in piece.needs:
        if not isinstance(need, Quiet | Unavailable | Intervention | PowerCap):
            continue
        if places.zones(need) is not None:
            continue
        spans = _spans(need, places, piece.slots)
        for asset in places.assets(need):
            if asset.id in places.storage:
                row = places.storage[asset.id]
            elif asset.id in places.runs:
                row = storages + places.runs[asset.id]
            else:
                continue
            for first, end in spans:
                yield Candidate(need.id, row, first, end)


def _spans(need: Need, places: Places, slots: Slots) -> list[tuple[int, int]]:
    if isinstance(need, Intervention):
        first, end = touched(slots, need.begin, need.end)
        return [(first, min(end, slots.count))] if first < end else []
    if isinstance(need, Quiet | Unavailable | PowerCap):
        return places.touched(need.window, slots)
    return []


def _of_bindings(places: Places, piece: Piece) -> Iterator[Candidate]:
    """Yield the needs whose bounds are just met, and those that move the start of an appliance."""
    storages, slots = len(places.storage), piece.slots
    lasts = -(-places.community.runs.duration_s // slots.step)
    low, high = contacts(piece)
    for one in piece.bindings:
        if one.side in ("lo", "hi"):
            yield from _met(piece, one, low | high)
        elif one.side == "sum":
            yield from _of_sum(piece, one)
        elif one.side == "run":
            end = min(one.end + int(lasts[one.row]), slots.count)
            yield Candidate(one.need, storages + one.row, max(one.first, 0), end)


def _met(piece: Piece, one: Binding, contact: Bools) -> Iterator[Candidate]:
    """Yield a bound of the state that is just met, since the state was last at either bound."""
    room = int(state_tolerance(piece.problem.storage)[one.row])
    state = piece.plan.state_wh[one.row, one.first : one.end]
    at_low = state <= one.bound_wh + room
    tight_at = at_low if one.side == "lo" else state >= one.bound_wh - room
    if tight_at.any():
        last = one.end - 1 - int(np.argmax(tight_at[::-1]))
        first = one.first + int(np.argmax(tight_at))
        earlier = np.flatnonzero(contact[one.row, :first])
        yield Candidate(one.need, one.row, int(earlier[-1]) + 1 if earlier.size else 0, last + 1)


def _of_sum(piece: Piece, one: Binding) -> Iterator[Candidate]:
    """Yield a sum that is just met, for all storage that counts in it."""
    problem, plan = piece.problem, piece.plan
    total, flows = problem.sums[one.row], Flows(plan.charge_wh, plan.discharge_wh, plan.net_wh)
    if tight(problem, total, flows):
        inside = homes_below(problem.zones, total.zones)[problem.storage.home]
        for row in sorted({*total.storage, *np.flatnonzero(inside).tolist()}):
            yield Candidate(one.need, row, total.first, total.end)


def contacts(piece: Piece) -> tuple[Bools, Bools]:
    """Slots after which storage is at its lower and at its upper bound [storage, slots]."""
    room = state_tolerance(piece.problem.storage)[:, None]
    state, stated = piece.plan.state_wh, piece.stated
    return np.asarray(state <= stated.lo_wh + room), np.asarray(state >= stated.hi_wh - room)


def unnamed(places: Places, piece: Piece, cause: int) -> Iterator[Row]:
    """Yield bounds that owners state day by day, and stays that end."""
    stated = piece.stated
    low, high = contacts(piece)
    bound = np.zeros(low.shape, np.bool_)
    for one in piece.bindings:
        if one.side == "lo":
            span = slice(one.first, one.end)
            bound[one.row, span] |= stated.lo_wh[one.row, span] <= one.bound_wh
    drawn = (stated.draw_wh > 0).any(axis=1, keepdims=True)
    asked = drawn | (stated.lo_wh > stated.lo_wh.min(axis=1, keepdims=True, initial=2**62))
    for row, first, end in _table(_ahead(low & asked & ~bound, low | high)):
        yield cause, row, first, end, 1, 0
    away = (stated.charge_max_wh == 0) & (stated.discharge_max_wh == 0)
    powered = (places.community.storage.charge_w > 0)[:, None]
    for row, first, end in _table(away & powered):
        yield cause, row, first, end, 0, 0


def _ahead(asked: Bools, contact: Bools) -> Bools:
    """Slots after which the next bound met is one that is asked for [rows, slots]."""
    ahead = np.zeros(asked.shape, np.bool_)
    follows = np.zeros(len(asked), np.bool_)
    for slot in range(asked.shape[1] - 1, -1, -1):
        follows = np.where(contact[:, slot], asked[:, slot], follows)
        ahead[:, slot] = follows
    return ahead


def runs(places: Places, piece: Piece, diaries: Diaries, cause: int) -> Iterator[Row]:
    """Yield starts of appliances that leave no choice, and ends: what was asked is done."""
    storages, slots, only = len(places.storage), piece.slots, piece.stated.run_earliest
    for row in np.flatnonzero((only >= 0) & (only == piece.stated.run_latest)).tolist():
        yield cause, storages + row, int(only[row]), int(only[row]) + 1, 1, 0
    entries = diaries.instructions
    ends = np.isin(entries.verb, STOPS) & (entries.row >= storages)
    for row, at in zip(entries.row[ends].tolist(), entries.at_s[ends].tolist(), strict=True):
        slot = (at - slots.start) // slots.step
        if 0 <= slot < slots.count:
            yield cause, row, slot, slot + 1, -1, 0


def _table(marked: Bools) -> list[tuple[int, int, int]]:
    """Row, first slot and end of each stretch of marked slots [rows, slots]."""
    edges = np.diff(np.pad(marked, ((0, 0), (1, 1))).astype(np.int8), axis=1)
    row, first = np.nonzero(edges == 1)
    _, end = np.nonzero(edges == -1)
    return list(zip(row.tolist(), first.tolist(), end.tolist(), strict=True))
