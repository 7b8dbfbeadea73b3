"""Answers within milliseconds, from what the last schedule leaves free; the next solve repairs.

A :class:`Reserve` is made once for a slot: headroom within the limits of zones, shares of primary
regulation set aside, and the rest in merit order with running sums. To answer an event then takes
a search and a copy.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np

from gridpact.base.slots import iso
from gridpact.base.units import Bools, Ints
from gridpact.scheduling.activation.columns import Assets, Direction, Limits, refuse_faults
from gridpact.scheduling.activation.events import (
    TERTIARY_FULL_S,
    Droop,
    Event,
    FrequencyDeviation,
    Request,
    asked_w,
    direction_of,
)
from gridpact.scheduling.activation.split import Rule, Split, headroom, split, within_limits
from gridpact.scheduling.activation.split_kernels import share_some


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """What a reserve is made for.

    - ``begin``, ``end``: instants between which it holds [s since the epoch], such as a slot's.
    - ``sustained_s``: how long assets must be able to keep up what they give.
    - ``primary_w``: obligation at full deviation, in each direction, set aside before all else.
    - ``rule``: how primary regulation and limits of zones are shared, and requests divided.
    """

    begin: int
    end: int
    sustained_s: int
    primary_w: int = 0
    rule: Rule = Rule.MERIT_ORDER


class Ready(msgspec.Struct, frozen=True):
    """One direction, ready to answer.

    ``room_w`` [assets] is free beside primary regulation. Assets equal in priority and cost are of
    one class: ``rank`` [assets] numbers classes in merit order, ``order`` [assets] are rows class
    by class, ``edge`` [classes + 1] is where each begins, and ``before_w`` [classes + 1] the room
    of all classes before.
    """

    room_w: Ints
    rank: Ints
    order: Ints
    edge: Ints
    before_w: Ints


class Reserve(msgspec.Struct, frozen=True):
    """What the assets of a schedule have ready for regulation.

    ``primary_missing_w`` is what no asset could take of the obligation, up and down. ``out``
    [assets] marks assets that were lost or refused.
    """

    assets: Assets
    limits: Limits | None
    terms: Terms
    out: Bools
    droop: Droop
    primary_missing_w: tuple[int, int]
    up: Ready
    down: Ready

    def ready(self, direction: Direction) -> Ready:
        """What is ready in a direction."""
        return self.up if direction is Direction.UP else self.down


class Answer(msgspec.Struct, frozen=True):
    """Who gives what: ``given_w`` [assets] ≥ 0 in the direction asked.

    ``missing_w`` of ``asked_w`` is more than all there is. ``marginal_cost`` [µ¤/kWh] is as in
    :class:`~.split.Split`; None for primary regulation, which asks no price.
    """

    direction: Direction
    asked_w: int
    given_w: Ints
    missing_w: int
    marginal_cost: int | None

    def set_points_w(self, assets: Assets) -> Ints:
        """Net power that each asset goes to [assets], W; positive is withdrawal."""
        return np.asarray(assets.power_w - int(self.direction) * self.given_w)


class NotReady(msgspec.Struct, frozen=True):
    """A reserve cannot answer an event, and why."""

    reason: str


def prepare(assets: Assets, limits: Limits | None, terms: Terms) -> Reserve:
    """Make a reserve from the last schedule's assets.

    Raises :class:`~gridpact.base.errors.BadInput` with every fault of the assets and limits.
    """
    refuse_faults(assets, limits)
    if terms.sustained_s <= 0 or terms.primary_w < 0:
        raise ValueError(f"a reserve lasts, and its obligation is not negative: {terms}")
    return _made(assets, limits, terms, np.zeros(len(assets.power_w), np.bool_), None)


def without(reserve: Reserve, rows: Sequence[int] | Ints) -> Reserve:
    """Make the reserve without assets that were lost or refused; others step in for them.

    In merit order whoever gave all of its room goes on giving it: only what lost assets gave moves
    to others. Limits leave to others what lost assets would have taken of them.
    """
    out = reserve.out.copy()
    out[np.asarray(rows, np.int64)] = True
    return _made(reserve.assets, reserve.limits, reserve.terms, out, reserve)


def answer(event: Event, reserve: Reserve, instant: int | None = None) -> Answer | NotReady:
    """Answer an event at an instant (None: as it begins, a request when it is full).

    Returns :class:`NotReady` where the reserve is of another slot, or was not made to last as long
    as a request does, counting half its rise.
    """
    if instant is None:
        instant = event.at + (TERTIARY_FULL_S if isinstance(event, Request) else 0)
    terms = reserve.terms
    if not terms.begin <= event.at < terms.end:
        return NotReady(f"the reserve holds from {iso(terms.begin)} to {iso(terms.end)}")
    if isinstance(event, Request) and event.full_s > terms.sustained_s:
        return NotReady(f"the reserve lasts {terms.sustained_s} s, not {event.full_s} s")
    direction = direction_of(event)
    if isinstance(event, FrequencyDeviation):
        return _contained(event, reserve, direction)
    asked = asked_w(event, instant)
    found = _quickly(reserve, direction, asked)
    return Answer(direction, asked, found.given_w, found.missing_w, found.marginal_cost)


def _contained(event: FrequencyDeviation, reserve: Reserve, direction: Direction) -> Answer:
    """What devices give by themselves; what is asked counts the part of the obligation."""
    droop, terms = reserve.droop, reserve.terms
    size = min(abs(event.mhz), droop.full_mhz)
    asked = 0 if abs(event.mhz) <= droop.dead_band_mhz else terms.primary_w * size // droop.full_mhz
    given = droop.given_w(event.mhz)
    return Answer(direction, asked, given, max(asked - int(given.sum()), 0), None)


def _quickly(reserve: Reserve, direction: Direction, asked: int) -> Split:
    """Divide what is asked, by running sums where there is a merit order."""
    ready, assets = reserve.ready(direction), reserve.assets
    if reserve.terms.rule is Rule.PRO_RATA:
        return split(ready.room_w, assets, direction, asked, Rule.PRO_RATA)
    most = min(asked, int(ready.before_w[-1]))
    if most == 0:
        return Split(np.zeros_like(ready.room_w), asked, None)
    last = int(np.searchsorted(ready.before_w, most)) - 1  # the class in which the sum is reached
    given = ready.room_w * (ready.rank < last)
    tied = ready.order[ready.edge[last] : ready.edge[last + 1]]
    share_some(tied, ready.room_w, most - int(ready.before_w[last]), given)
    return Split(given, asked - most, int(assets.cost(direction)[tied[0]]))


def _made(
    assets: Assets, limits: Limits | None, terms: Terms, out: Bools, before: Reserve | None
) -> Reserve:
    shares, missing, ready = [], [], []
    for direction in (Direction.UP, Direction.DOWN):
        room = np.where(out, 0, headroom(assets, direction, terms.sustained_s))
        if limits is not None:
            room = within_limits(room, assets, limits, direction, terms.rule)
        primary = split(room, assets, direction, terms.primary_w, terms.rule)
        shares.append(primary.given_w)
        missing.append(primary.missing_w)
        known = None if before is None else before.ready(direction)
        ready.append(_ready(room - primary.given_w, assets, direction, known))
    droop = Droop(shares[0], shares[1])
    return Reserve(assets, limits, terms, out, droop, (missing[0], missing[1]), ready[0], ready[1])


def _ready(room: Ints, assets: Assets, direction: Direction, known: Ready | None) -> Ready:
    """Sort by priority and cost, or take a sorting that is known, and sum."""
    if known is None:
        cost, priority = assets.cost(direction), assets.priority
        order = np.lexsort((cost, priority))
        begins = (np.diff(cost[order]) != 0) | (np.diff(priority[order]) != 0)
        edge = np.concatenate([[0], np.flatnonzero(begins) + 1, [len(order)]])
        rank = np.empty(len(order), np.int64)
        rank[order] = np.repeat(np.arange(len(edge) - 1), np.diff(edge))
    else:
        order, edge, rank = known.order, known.edge, known.rank
    running = np.concatenate([[0], np.cumsum(room[order])])
    return Ready(room, rank, order, edge, running[edge])
