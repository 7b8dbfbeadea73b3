"""Continuous trading beside the other mechanisms: orders and a :class:`~..matched.Matched`."""

from __future__ import annotations

import numpy as np

from gridpact.base.units import INT64_MAX, Bools, Ints
from gridpact.market.clearing.continuous.engine import Results, run
from gridpact.market.clearing.continuous.events import (
    FIRST_REFUSAL,
    NEVER,
    Books,
    Events,
    Kind,
    Outcome,
)
from gridpact.market.clearing.continuous.state import Placed, opening
from gridpact.market.clearing.matched import Matched, Trades, to_matched
from gridpact.market.orders import Orders


def clear(orders: Orders, slots: int) -> Matched:
    """Let orders come in by rising sequence, one book for each slot; what is left stays open.

    Every trade is at the limit of the order that came first, so a later order gets the better
    price. What would have met the member's own order is cancelled. O(n log n).

    Parameters
    ----------
    orders : Orders
        In any row order; sequences must be unique, ``slot`` in ``[0, slots)``, ``member`` not
        negative.
    slots : int
        Number of slots.

    Raises
    ------
    ValueError
        An order that no book would take; the first one's reason is named.
    """
    arrival = np.argsort(orders.sequence, kind="stable")
    results = run(_placing(orders.take(arrival)), _admitting_all(orders, slots))
    if (refused := np.flatnonzero(results.outcome >= FIRST_REFUSAL)).size:
        sequence = int(orders.sequence[arrival[refused[0]]])
        reason = Outcome(int(results.outcome[refused[0]])).name.lower()
        raise ValueError(f"the order of sequence {sequence} cannot be taken: {reason}")
    fills = results.fills  # orders were numbered by arrival
    return _pair(orders, arrival[fills.maker], arrival[fills.taker], results)


def matched(
    events: Events, results: Results, before: Placed | None = None
) -> tuple[Orders, Matched]:
    """Return the terms that traded or could, as orders, and who traded with whom.

    A row is not an order but the terms given to it at one time, for an amended order may have
    traded under either: first those of ``before``, the known orders that the run was opened with,
    then of every event that was admitted and gave terms. Its quantity is what was placed or, for
    an amendment, what traded at once or rested. Sequences count the rows.

    Parameters
    ----------
    events, results
        What :func:`~.engine.run` was given and gave.
    before : Placed, optional
        The orders of the state that it was given.
    """
    known = opening().placed if before is None else before
    gives = events.kind != Kind.CANCEL
    gives &= (results.outcome < FIRST_REFUSAL) & (results.outcome != Outcome.REPEATED)
    orders = _terms(known, events, results, gives)
    row_of = np.cumsum(gives) - 1 + known.count
    terms, taker = results.fills.terms, row_of[results.fills.event]
    maker = np.where(terms < 0, -1 - terms, row_of[np.maximum(terms, 0)])
    return orders, _pair(orders, maker, taker, results)


def _terms(known: Placed, events: Events, results: Results, gives: Bools) -> Orders:
    amended = results.traded_wh + results.left_wh
    size = np.where(events.kind == Kind.AMEND, amended, events.quantity_wh)
    columns = (
        np.concatenate([old, new[gives]])
        for old, new in (
            (known.member, events.member),
            (known.book, events.book),
            (known.side, events.side),
            (known.left_wh, size),
            (known.now_limit_micro_per_kwh, events.limit_micro_per_kwh),
        )
    )
    return Orders(np.arange(known.count + int(gives.sum()), dtype=np.int64), *columns)


def _pair(orders: Orders, maker: Ints, taker: Ints, results: Results) -> Matched:
    """Trades by rows of the orders, at the makers' prices."""
    buys = orders.side[taker] > 0
    price = results.fills.price_micro_per_kwh
    buy, sell = np.where(buys, taker, maker), np.where(buys, maker, taker)
    return to_matched(orders, Trades(buy, sell, results.fills.quantity_wh, price, price))


def _placing(orders: Orders) -> Events:
    """The arrival of orders in row order, all at one instant."""
    count = orders.count
    return Events(
        np.full(count, int(Kind.PLACE), dtype=np.int64),
        np.arange(count, dtype=np.int64),
        np.zeros(count, dtype=np.int64),
        orders.slot,
        orders.member,
        orders.side,
        orders.quantity_wh,
        orders.limit_micro_per_kwh,
        np.full(count, NEVER, dtype=np.int64),
    )


def _admitting_all(orders: Orders, slots: int) -> Books:
    return Books(
        np.full(slots, NEVER, dtype=np.int64),
        np.ones(int(orders.member.max(initial=-1)) + 1, dtype=np.bool_),
        1 - INT64_MAX,
        INT64_MAX - 1,
        INT64_MAX // 2 - 1,
    )
