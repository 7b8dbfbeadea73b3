"""What members' past trading says of them: a history as columns, and a rating from it.

A history counts, for each member, the orders placed and those that traded, the transactions, and
how agreed energy was delivered. It grows by sums alone, so sessions and days may be added in any
order. Number of transactions and success rate are what Liu and Small (forward contracts in
microgrids, 2020) attach to an account; the delivery rate weighs success by energy.

*Delivery.* A member's position p in a slot is energy bought less sold over all sessions, n its
metered withdrawal less injection. It has agreed to |p| and delivered min(|p|, n) where it bought
and min(|p|, −n) where it sold, and never less than 0: energy the other way delivers nothing, and
more than was agreed delivers no more. A slot with a position is a *commitment*, kept if all of
it was delivered. A slot that was not measured says nothing, and is left out of both.

*Rating.* With c commitments, of which k were kept, and d of a Wh of energy delivered per Wh
agreed, the rating is ((k + c·d) ÷ 2 + w·r) ÷ (c + w): the mean of success rate and delivery rate,
drawn to the newcomer's rating r as if w commitments had come before. A member without history is
rated r, neither 0 nor perfect. With w = 2 and r = ½ this is the expectation of the beta
reputation system (Jøsang and Ismail, 2002) for (k + c·d) ÷ 2 good outcomes out of c.
"""

from __future__ import annotations

import msgspec
import numpy as np

from gridpact.base.rounding import half_even_by
from gridpact.base.units import (
    MICRO_PER_UNIT,
    Bools,
    Ints,
    checked_add,
    checked_multiply,
    checked_sum,
)
from gridpact.market.analytics.shares import Share
from gridpact.market.clearing.matched import Matched, total_by
from gridpact.market.clearing.preferences.model import NOBODY
from gridpact.market.orders import Orders, Side


class History(msgspec.Struct, frozen=True):
    """Counts and energy as int64 columns [members]; nothing in them is negative.

    ``orders_traded`` traded in whole or part; each trade is one of the ``transactions`` of its
    buyer and one of its seller. Of the slots with a position that were measured
    (``commitments``), ``kept`` were delivered in full; ``delivered_wh`` is of ``agreed_wh``.
    """

    orders_placed: Ints
    orders_traded: Ints
    transactions: Ints
    commitments: Ints
    kept: Ints
    agreed_wh: Ints
    delivered_wh: Ints

    @property
    def traded_rate(self) -> Share:
        """Orders that traded, of orders placed."""
        return Share(self.orders_traded, self.orders_placed)

    @property
    def success_rate(self) -> Share:
        """Commitments kept, of commitments."""
        return Share(self.kept, self.commitments)

    @property
    def delivery_rate(self) -> Share:
        """Energy delivered, of energy agreed."""
        return Share(self.delivered_wh, self.agreed_wh)


class Newcomer(msgspec.Struct, frozen=True):
    """How a member without history is rated [ppm], and the commitments that count as much."""

    rating_ppm: int = MICRO_PER_UNIT // 2
    commitments: int = 2

    def __post_init__(self) -> None:
        if not 0 <= self.rating_ppm <= MICRO_PER_UNIT or self.commitments < 1:
            raise ValueError(
                f"a newcomer is rated within 0 and {MICRO_PER_UNIT} ppm, "
                "as after at least 1 commitment"
            )


def no_history(members: int) -> History:
    """Return the history of members who have neither ordered nor traded."""
    return History(*(np.zeros(members, dtype=np.int64) for _ in History.__struct_fields__))


def joined(one: History, other: History) -> History:
    """Add up two histories of the same members."""
    columns = [(getattr(one, name), getattr(other, name)) for name in History.__struct_fields__]
    return History(*(checked_add(*pair) for pair in columns))


def after_session(history: History, orders: Orders, matched: Matched) -> History:
    """Add a cleared book: orders, and trades between different members."""
    counts = session_counts(orders, matched.trades.buy, matched.trades.sell, history.kept.size)
    return joined(history, counts)


def session_counts(orders: Orders, buy: Ints, sell: Ints, members: int) -> History:
    """Count the orders and transactions of one session; ``buy`` and ``sell`` are rows [trades].

    Rows of one sequence are one order, such as a block. A trade of a member with itself counts for
    nothing, nor does an order that had no other; a rating cannot be bought from oneself.
    """
    buyer, seller = orders.member[buy], orders.member[sell]
    real = buyer != seller
    _, first, order = np.unique(orders.sequence, return_index=True, return_inverse=True)
    owner, traded = orders.member[first], np.zeros(first.size, dtype=np.bool_)
    traded[order[buy[real]]] = traded[order[sell[real]]] = True
    return msgspec.structs.replace(
        no_history(members),
        orders_placed=_counted(owner, members),
        orders_traded=_counted(owner[traded], members),
        transactions=_counted(np.concatenate([buyer[real], seller[real]]), members),
    )


def after_day(history: History, position_wh: Ints, net_wh: Ints, measured: Bools) -> History:
    """Add what was agreed for a day and what meters then read.

    Parameters
    ----------
    history : History
        Columns [members].
    position_wh : int64 [members, slots]
        Bought less sold, over all sessions that traded the day.
    net_wh : int64 [members, slots]
        Metered withdrawal less injection.
    measured : bool [members, slots]
        Where ``net_wh`` was measured. An estimate is no proof of delivery, nor of its absence.

    Raises
    ------
    ValueError
        Shapes differ.
    NumberOverflow
        A sum does not fit 64 bits.
    """
    if not position_wh.shape == net_wh.shape == measured.shape:
        raise ValueError("positions and readings must have one shape [members, slots]")
    counts = measured & (position_wh != 0)
    agreed = np.where(counts, np.abs(position_wh), 0)
    delivered = np.where(counts, delivered_wh(position_wh, net_wh), 0)
    return joined(
        history,
        msgspec.structs.replace(
            no_history(history.kept.size),
            commitments=counts.sum(axis=1),
            kept=(counts & (delivered == agreed)).sum(axis=1),
            agreed_wh=checked_sum(agreed, axis=1),
            delivered_wh=checked_sum(delivered, axis=1),
        ),
    )


def delivered_wh(position_wh: Ints, net_wh: Ints) -> Ints:
    """How much of a position was delivered: at most all of it, at least 0; any shape."""
    same_way = np.where(position_wh > 0, net_wh, -net_wh)
    return np.clip(same_way, 0, np.abs(position_wh))


def rating_ppm(history: History, newcomer: Newcomer | None = None) -> Ints:
    """Rate every member by its history [ppm], within 0 and 1,000,000; shape [members].

    The delivery rate is rounded to whole ppm, and the rating once more, both half to even.
    """
    first = newcomer or Newcomer()
    met = checked_multiply(history.commitments, history.delivery_rate.ppm)
    good = checked_add(checked_multiply(history.kept, np.array(MICRO_PER_UNIT)), met)
    whole = 2 * checked_add(history.commitments, np.array(first.commitments))
    return half_even_by(
        checked_add(good, np.array(2 * first.commitments * first.rating_ppm)), whole
    )


def admitted(rating: Ints, lowest_rating_ppm: int) -> Bools:
    """Which members a market may admit that asks for at least a rating [members]."""
    return np.asarray(rating >= lowest_rating_ppm, dtype=np.bool_)


def best_rated_partner(orders: Orders, rating: Ints) -> Ints:
    """For each bid the best-rated other member who offers in its slot; -1 for nobody [orders].

    For the column ``partner`` of
    :class:`~gridpact.market.clearing.preferences.model.Preferences`, where buyers prefer whom
    they can rely on. Among equal ratings the lower row comes first. O(n log n).
    """
    offers = np.flatnonzero(orders.side == Side.SELL)
    cells = np.unique(np.stack([orders.slot[offers], orders.member[offers]]), axis=1)
    slot, member = cells[:, np.lexsort((cells[1], -rating[cells[1]], cells[0]))]
    partner = np.full(orders.count, NOBODY, dtype=np.int64)
    bids = np.flatnonzero(orders.side == Side.BUY)
    first = np.searchsorted(slot, orders.slot[bids])
    for place in (first + 1, first):  # the second serves the one who is the first
        there = np.flatnonzero(place < slot.size)
        there = there[slot[place[there]] == orders.slot[bids[there]]]
        there = there[member[place[there]] != orders.member[bids[there]]]
        partner[bids[there]] = member[place[there]]
    return partner


def _counted(member: Ints, members: int) -> Ints:
    return total_by(member, np.ones_like(member), members)
