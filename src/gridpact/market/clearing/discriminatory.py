"""Discriminatory auction: the cheapest offer first, every trade at its own price.

The greedy fill of microgrid trading (Liu & Small, forward contracts in microgrids, 2020), per
slot: consumers come in descending order of their limit; each buys from the cheapest offers left,
upward, until it is satisfied, the offers are sold out, or the next offer asks more than it pays.
A trade's price is the offer's limit (pay as offer) or the bid's (pay as bid).

The paper leaves open who goes first when consumers differ. In descending order the fill takes
bids and offers in merit order, so an offer too dear for one consumer is too dear for all that
follow: the volume is the competitive one, that of the uniform-price auction, and so is the
welfare, the greatest there is; only its division differs. In any other order low bids may use up
the cheap offers first: more Wh can trade, with less welfare.

Ties: where a group of equal bids, or of equal offers, is filled only in part, its orders share
pro rata to quantity, by largest remainder in whole Wh, the lower sequence first; where a market
says so they are filled by time instead. Among equal bids the lower sequence meets the cheaper
offers.
"""

from __future__ import annotations

from enum import StrEnum

from gridpact.market.clearing.crossing import cross
from gridpact.market.clearing.matched import Matched, Trades
from gridpact.market.clearing.priority import Ties
from gridpact.market.orders import Orders


class Pays(StrEnum):
    """Whose limit is the price of a trade."""

    OFFER = "offer"
    BID = "bid"


def clear(
    orders: Orders, slots: int, pays: Pays = Pays.OFFER, ties: str = Ties.PRO_RATA
) -> Matched:
    """Fill every slot of a book greedily; trades come by slot, then in merit order.

    All slots in one pass over the columns: O(n log n) in the orders, linear memory, at most
    bids + offers - 1 trades per slot.

    Parameters
    ----------
    orders : Orders
        In any row order; sequences must be unique, ``slot`` in ``[0, slots)``.
    slots : int
        Number of slots.
    pays : Pays
        Whose limit is the price of a trade; buyer and seller have the same.
    ties : str
        How orders tied at the marginal price share, one of
        :class:`~gridpact.market.clearing.priority.Ties`.

    Raises
    ------
    ValueError, NumberOverflow
        As :func:`gridpact.market.clearing.uniform_price.clear`.
    """
    crossing = cross(orders, slots, ties)
    pairs = crossing.pairs()
    priced = pairs.sell if Pays(pays) is Pays.OFFER else pairs.buy
    price = orders.limit_micro_per_kwh[priced]
    return Matched(crossing.accepted_wh(orders.count), Trades(*pairs, price, price))
