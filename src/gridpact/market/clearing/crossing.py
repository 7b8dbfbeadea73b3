"""Where demand meets supply: volume, acceptance and price bounds of every slot in one pass.

Bids and offers stand in one line by falling price, bids first at equal price. At any position the
bids up to it would pay its price and the offers from it on would accept it, so the volume is the
greatest ``min(bids up to here, offers from here)``. The first rises and the second falls along
the line: the greatest lies where they cross, and is found by bisection. The rest follows from
where that volume ends on either side. This volume has the greatest welfare, and is the greatest
of those that have it, since a bid and an offer at the same price do trade.
"""

from __future__ import annotations

from typing import NamedTuple

import msgspec
import numpy as np

from gridpact.base.units import Bools, Ints
from gridpact.market.clearing.line import NO_BID, NO_OFFER, Line, check, line_up
from gridpact.market.clearing.matched import Pairs, meet
from gridpact.market.clearing.priority import SHARES, Ties
from gridpact.market.orders import Orders

_BIDS_TO_OFFERS = (1, 0, -1)  # along a line: accepted bids, then neither, then accepted offers
_PART = 1 << 18  # orders crossed at a time where a book has several slots


class Crossing(msgspec.Struct, frozen=True):
    """What is accepted, and the prices [µ¤/kWh] that leave nobody accepted or rejected wrongly.

    ``volume_wh``, ``low`` and ``high`` [slots]: any price in ``[low, high]`` is valid; both are
    0 without volume. ``bids`` and ``offers`` are the rows of the accepted orders by
    slot, then in merit order (dearest bid, cheapest offer and lower sequence first), with what
    was accepted of each.
    """

    volume_wh: Ints
    low: Ints
    high: Ints
    bids: Ints
    bid_wh: Ints
    offers: Ints
    offer_wh: Ints

    def accepted_wh(self, count: int) -> Ints:
        """Return what was accepted by row of the orders, of which there are ``count``."""
        accepted = np.zeros(count, dtype=np.int64)
        accepted[self.bids], accepted[self.offers] = self.bid_wh, self.offer_wh
        return accepted

    def pairs(self) -> Pairs:
        """Return who meets whom: dearest bid with cheapest offer, slot by slot."""
        left, right, quantity = meet(self.bid_wh, self.offer_wh)
        return Pairs(self.bids[left], self.offers[right], quantity)


class _Margins(NamedTuple):
    """Marginal orders of each side: positions in the line, [slots].

    ``last`` holds the last accepted Wh and ``following`` the first rejected one, if ``rejects``.
    ``first`` to ``end`` are all orders equal to the last one, which together got ``got_wh``;
    ``cut`` where that is less than they wanted.
    """

    last: Ints
    following: Ints
    rejects: Bools
    first: Ints
    end: Ints
    got_wh: Ints
    cut: Bools


def cross(orders: Orders, slots: int, ties: str = Ties.PRO_RATA) -> Crossing:
    """Find volume, acceptance and price bounds of every slot; O(n log n).

    Orders tied at the margin share by the rule ``ties``, one of
    :class:`~gridpact.market.clearing.priority.Ties`. Rows may be in any order. Raises as
    :func:`~.line.check` does, and ValueError for an unknown rule.
    """
    ties = Ties(ties)
    check(orders, slots)
    if not orders.count:
        return _nothing(slots)
    if (orders.sequence[1:] < orders.sequence[:-1]).any():
        first = np.argsort(orders.sequence)
        found = cross(orders.take(first), slots, ties)
        return msgspec.structs.replace(found, bids=first[found.bids], offers=first[found.offers])
    if orders.count > _PART and slots > 1:
        return _in_parts(orders, slots, ties)
    return _cross_sorted(orders, slots, ties)


def _cross_sorted(orders: Orders, slots: int, ties: Ties) -> Crossing:
    """Cross a sound book of at least one order, whose rows are in order of sequence."""
    line = line_up(orders, slots)
    volume = _volume(line)
    bids, offers = _bid_margins(line, volume), _offer_margins(line, volume)
    traded = volume > 0
    low, high = _bounds(orders.limit_micro_per_kwh, line, bids, offers, traded)
    at_bids, at_offers = _reach(line, bids, offers, traded)
    bid_wh = _accepted(orders, line, at_bids, bids, ties)
    offer_wh = _accepted(orders, line, at_offers, offers, ties)
    turn = _turned(at_offers, line)
    at_offers, offer_wh = at_offers[turn], offer_wh[turn]
    bid_rows, bid_wh = _positive(line.row[at_bids], bid_wh)
    offer_rows, offer_wh = _positive(line.row[at_offers], offer_wh)
    return Crossing(volume, low, high, bid_rows, bid_wh, offer_rows, offer_wh)


def _in_parts(orders: Orders, slots: int, ties: Ties) -> Crossing:
    """Cross some slots at a time: sorts that fit the cache are faster, and their keys short."""
    each = max(1, slots * _PART // orders.count)
    part = orders.slot // each
    rows = np.arange(orders.count)
    if (part[1:] < part[:-1]).any():
        rows = np.argsort(part.astype(np.int16), kind="stable")
    edges = np.cumsum(np.bincount(part, minlength=-(-slots // each)))
    found = []
    for number, here in enumerate(np.split(rows, edges[:-1])):
        first, width = number * each, min(each, slots - number * each)
        book = orders.take(here)
        book = msgspec.structs.replace(book, slot=book.slot - first)
        some = _cross_sorted(book, width, ties) if here.size else _nothing(width)
        found.append(msgspec.structs.replace(some, bids=here[some.bids], offers=here[some.offers]))
    names = Crossing.__struct_fields__
    return Crossing(*(np.concatenate([getattr(one, name) for one in found]) for name in names))


def _nothing(slots: int) -> Crossing:
    none, zero = np.empty(0, dtype=np.int64), np.zeros(slots, dtype=np.int64)
    return Crossing(zero, zero, zero, none, none, none, none)


def _volume(line: Line) -> Ints:
    """Greatest of ``min(bids up to here, offers from here)`` in each slot [Wh]."""
    before, offers_end = line.bids_to[line.start], line.offers_to[line.end]
    # Bids up to here reach offers from here where both ends of the line together do. An order
    # changes only one of the two, so the greatest stands just before that order or just after.
    crossing = (line.bids_to + line.offers_to).searchsorted(before + offers_end)
    last = np.minimum(np.maximum(line.end - 1, line.start), line.row.size - 1)
    volume = np.zeros(before.size, dtype=np.int64)
    for position in (crossing - 2, crossing):
        at = np.minimum(np.maximum(position, line.start), last)
        both = np.minimum(line.bids_to[at + 1] - before, offers_end - line.offers_to[at])
        volume = np.maximum(volume, both)
    return volume


def _bid_margins(line: Line, volume: Ints) -> _Margins:
    to = line.bids_to
    reach = to[line.start] + volume
    last = _within(to.searchsorted(reach, "left") - 1, line)
    following = to.searchsorted(reach, "right") - 1
    first, end = _equals(line, last)
    cut = (to[end] > reach) & (volume > 0)
    rejects, got = following < line.end, reach - to[first]
    return _Margins(last, _within(following, line), rejects, first, end, got, cut)


def _offer_margins(line: Line, volume: Ints) -> _Margins:
    to = line.offers_to
    reach = to[line.end] - volume
    last = _within(to.searchsorted(reach, "right") - 1, line)
    following = to.searchsorted(reach, "left") - 1
    first, end = _equals(line, last)
    cut = (to[first] < reach) & (volume > 0)
    rejects, got = reach > to[line.start], to[end] - reach
    return _Margins(last, _within(following, line), rejects, first, end, got, cut)


def _within(position: Ints, line: Line) -> Ints:
    """Keep positions on the line; what this changes belongs to slots that do not use it."""
    return np.minimum(np.maximum(position, 0), line.row.size - 1)


def _equals(line: Line, position: Ints) -> tuple[Ints, Ints]:
    """From where to where orders are equal to the one at a position in slot, price and side."""
    rank = line.rank[position]
    return line.rank.searchsorted(rank, "left"), line.rank.searchsorted(rank, "right")


def _bounds(
    limit: Ints, line: Line, bids: _Margins, offers: _Margins, traded: Bools
) -> tuple[Ints, Ints]:
    """Lowest and highest valid price; a side without a rejected order bounds only one end."""
    next_bid = np.where(bids.rejects, limit[line.row[bids.following]], NO_BID)
    next_offer = np.where(offers.rejects, limit[line.row[offers.following]], NO_OFFER)
    low = np.maximum(limit[line.row[offers.last]], next_bid)
    high = np.minimum(limit[line.row[bids.last]], next_offer)
    return np.where(traded, low, 0), np.where(traded, high, 0)


def _reach(line: Line, bids: _Margins, offers: _Margins, traded: Bools) -> tuple[Ints, Ints]:
    """Positions of bids up to the marginal ones, and of offers from the marginal ones on.

    The marginal bids come before the marginal offers, because a bid pays what the offer asks.
    """
    lengths = np.empty((line.start.size, 3), dtype=np.int64)
    lengths[:, 0] = (bids.end - line.start) * traded
    lengths[:, 2] = (line.end - offers.first) * traded
    lengths[:, 1] = line.end - line.start - lengths[:, 0] - lengths[:, 2]
    part = np.empty(lengths.shape, dtype=np.int8)
    part[:] = _BIDS_TO_OFFERS
    zone = part.ravel().repeat(lengths.ravel())
    return ((zone > 0) & line.bid).nonzero()[0], ((zone < 0) & ~line.bid).nonzero()[0]


def _accepted(orders: Orders, line: Line, at: Ints, margins: _Margins, ties: Ties) -> Ints:
    """Wh accepted of the orders at given positions: all of it, save for ties cut at the margin."""
    accepted = line.quantity_wh[at]
    if not margins.cut.any():
        return accepted
    first, got = margins.first[margins.cut], margins.got_wh[margins.cut]
    size = margins.end[margins.cut] - first
    first = at.searchsorted(first)
    if int(size.max()) == 1:  # no ties: the rest is for the marginal order
        accepted[first] = got
        return accepted
    rows = np.repeat(first - (np.cumsum(size) - size), size) + np.arange(int(size.sum()))
    sequence = orders.sequence[line.row[at[rows]]]
    accepted[rows] = SHARES[ties](got, size, accepted[rows], sequence)
    return accepted


def _turned(at: Ints, line: Line) -> Ints:
    """Read positions from the end of every slot, slot by slot."""
    first, last = at.searchsorted(line.start), at.searchsorted(line.end)
    return np.asarray((first + last - 1).repeat(last - first) - np.arange(at.size))


def _positive(rows: Ints, accepted: Ints) -> tuple[Ints, Ints]:
    """Leave out those of a tie that got nothing."""
    if accepted.all():
        return rows, accepted
    some = accepted > 0
    return rows[some], accepted[some]
