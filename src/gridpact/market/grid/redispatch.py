"""Redispatch: flexibility bought at least cost until an AC power flow keeps every limit.

Around the present state every limit is linear in what nodes feed in, with sensitivities found by
trying: one more AC power flow for each node that has offers. With these the offers are selected
anew as a whole (:mod:`gridpact.market.flexibility.exact`), the state is solved again, and so on
until it is clean or the selection no longer changes: successive linear programming (R. Griffith,
R. Stewart, Management Science 7, 1961). Currents are convex in what is fed in, so a limit may stay
a little beyond while the selection leaps from one set of offers to another; from the third round
on, what such a limit is still beyond is asked for on top. Of the states passed on the way the one
with the least excess is returned.
"""

from __future__ import annotations

from typing import NamedTuple

import msgspec
import numpy as np

from gridpact.base.slots import Slots
from gridpact.base.units import Ints
from gridpact.market.flexibility import exact
from gridpact.market.flexibility.offers import Offers
from gridpact.market.flexibility.selection import Selection
from gridpact.market.grid.limits import excess, limits_of, linearised
from gridpact.market.grid.tendering import Asked, ask
from gridpact.market.grid.verification import PowerFlow, State, Verification, verify

_PLAIN_ROUNDS = 2


class Terms(msgspec.Struct, frozen=True):
    """What relief is worth, who can still be told, and how long the search may take.

    ``worth_micro_per_kw`` is the most that a kW at the best place may cost in a slot: what is
    dearer is not bought and its limit not kept. ``decided_at`` [s since the epoch] is when
    providers are told, by default when the window begins; ``rounds`` bounds the selections.
    """

    worth_micro_per_kw: int = 100_000_000
    decided_at: int | None = None
    rounds: int = 20


class Round(msgspec.Struct, frozen=True):
    """One selection and what it was made from; ``rows`` are those of its offers among all."""

    rows: Ints
    asked: Asked
    selection: Selection


class Redispatched(msgspec.Struct, frozen=True):
    """The outcome. ``power_w`` [offers, slots] is what is bought, ``state`` what comes of it.

    ``before`` and ``after`` are the AC verifications without and with it; ``last`` is the
    selection it comes from, None where none was made; ``rounds`` is how many were made up to it.
    """

    power_w: Ints
    before: Verification
    after: Verification
    state: State
    last: Round | None
    rounds: int


def redispatch(
    state: State, power_flow: PowerFlow, offers: Offers, window: Slots, terms: Terms | None = None
) -> Redispatched:
    """Buy flexibility until limits are kept, or no offer helps.

    Parameters
    ----------
    state : State
        What is fed in after clearing, and the limits.
    power_flow : PowerFlow
        Solves the AC power flow.
    offers : Offers
        Up and down; their ``location`` is a row of the grid's nodes. Those that must be told
        earlier, or that run in a slot without an AC solution, are left out.
    window : Slots
        The slots of the state.
    terms : Terms
        What relief is worth.

    Raises ValueError for offers that
    :func:`~gridpact.market.flexibility.refusals.offer_faults` refuses.
    """
    terms = terms or Terms()
    before = verify(state, power_flow)
    nothing = np.zeros((offers.count, window.count), np.int64)
    present = best = Redispatched(nothing, before, before, state, None, 0)
    rows = _in_reach(offers, before, window, terms)
    search = _Search(power_flow, offers.take(rows), rows, window, terms)
    margin = np.zeros((limits_of(state.network).kind.size, window.count), np.int64)
    for number in range(1, terms.rounds + 1):
        if not rows.size or present.after.clean[before.solved].all():
            break
        margin += _still_beyond(present)
        chosen = _selected(search, present, margin)
        power = nothing.copy()
        power[rows] = chosen.selection.power_w
        repeated = np.array_equal(power, present.power_w) and not _still_beyond(present).any()
        moved = with_power(state, offers, power)
        present = Redispatched(power, before, verify(moved, power_flow), moved, chosen, number)
        best = min(best, present, key=_excess)
        if repeated:
            break
    if best.last is None:  # nothing helped: what was tried tells why
        return msgspec.structs.replace(best, last=present.last, rounds=present.rounds)
    return best


def with_power(state: State, offers: Offers, power_w: Ints) -> State:
    """Return the state with some power of each offer [offers, slots] called."""
    active = state.active_w.copy()
    np.add.at(active, offers.location, offers.direction[:, None] * power_w)
    return msgspec.structs.replace(state, active_w=active)


def _in_reach(offers: Offers, before: Verification, window: Slots, terms: Terms) -> Ints:
    """Rows of offers that run where something is beyond, never without a solution, and in time."""
    decided = window.start if terms.decided_at is None else terms.decided_at
    lead = window.start + offers.first_slot * window.step - decided
    ends = offers.first_slot + offers.duration_slots
    counted = []
    for slots in (~before.clean & before.solved, ~before.solved):
        upto = np.concatenate([[0], np.cumsum(slots)])
        counted.append(upto[ends] - upto[offers.first_slot])
    wanted, lost = counted
    return np.flatnonzero((wanted > 0) & (lost == 0) & (offers.notice_s <= lead))


def _excess(found: Redispatched) -> tuple[int, int, int]:
    """What is left: slots without a solution, limits overrun, by how many VA and millionths."""
    after = found.after
    parts = (after.over_va, after.below_ppm, after.above_ppm)
    lost = int(np.sum(~after.solved))
    return (
        lost,
        sum(int(np.sum(part > 0)) for part in parts),
        sum(int(part.sum()) for part in parts),
    )


def _still_beyond(present: Redispatched) -> Ints:
    """What limits are beyond although the last selection met them [limits, slots]."""
    limits, last = limits_of(present.state.network), present.last
    found = excess(limits, present.after)
    met = np.zeros(found.shape, np.bool_)
    if last is not None and present.rounds >= _PLAIN_ROUNDS:
        at = last.selection.unmet.lacking_w == 0
        met[last.asked.limit[at], last.asked.requests.slot[at]] = True
    return np.where(met, found, 0)


class _Search(NamedTuple):
    """What stays the same from round to round; ``own`` are the offers in reach, ``rows`` of all."""

    power_flow: PowerFlow
    own: Offers
    rows: Ints
    window: Slots
    terms: Terms


def _selected(search: _Search, present: Redispatched, margin: Ints) -> Round:
    """Linearise every limit around the present state and select from all offers anew."""
    own, window, state = search.own, search.window, present.state
    edge = np.zeros(window.count + 1, np.int64)
    np.add.at(edge, own.first_slot, 1)
    np.add.at(edge, own.first_slot + own.duration_slots, -1)
    slots = np.flatnonzero(np.cumsum(edge)[:-1])
    linear = linearised(state, search.power_flow, np.unique(own.location), slots)
    linear = linear._replace(beyond=linear.beyond + margin[:, slots])
    nodes, worth = len(state.network.nodes), search.terms.worth_micro_per_kw
    asked = ask(linear, own, present.power_w[search.rows], window, nodes, worth)
    return Round(search.rows, asked, exact.select(own, asked.requests, asked.tender))
