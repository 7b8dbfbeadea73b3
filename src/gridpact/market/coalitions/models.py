"""Central and peer-to-peer models of one community's trade, on the same data.

=====================  =========================================================================
``central``            a market operator clears all orders at one price; peers exchange nothing
``meetings``           peer to peer without prior information: members meet at random and try to
                       trade, knowing their own limits alone
``negotiated``         peer to peer where sellers have shared what they have among themselves and
                       buyers what they need: both sides line up in merit order and every pair
                       divides its gain by the parties' strength in the negotiation
``coalition``          all share as one and divide the bill they save by the Shapley value
=====================  =========================================================================

Each member's limit is its supplier's price: import where it lacks energy, export where it has some
left. What is gained is measured against the supplier alone. The first, third and fourth reach the
greatest welfare and differ in who gains; meetings may end with trades undone. Meetings follow D. K.
Gode & S. Sunder, "Allocative efficiency of markets with zero-intelligence traders" (1993).
"""

from __future__ import annotations

import msgspec
import numpy as np

from gridpact.base.randomness import stream
from gridpact.base.units import Bools, Floats, Ints, checked_multiply
from gridpact.market.clearing import k_pricing, uniform_price
from gridpact.market.clearing.matched import Trades, from_accepted, total_by
from gridpact.market.coalitions.shapley import shapley
from gridpact.market.coalitions.sharing_game import SharingGame
from gridpact.market.orders import Orders


class Outcome(msgspec.Struct, frozen=True):
    """What a model comes to: energy traded [Wh] and what each member gains [nano-¤, members].

    ``standard_error_nano`` [members] is above 0 where gains are estimated by sampling.
    """

    volume_wh: int
    gain_nano: Ints
    standard_error_nano: Floats

    @property
    def welfare_nano(self) -> int:
        """What all gain together."""
        return int(self.gain_nano.sum())

    @property
    def gainers(self) -> Ints:
        """Rows of the members who gain."""
        return np.flatnonzero(self.gain_nano > 0)


class Settings(msgspec.Struct, frozen=True):
    """How the models are run.

    ``rounds`` is how often everyone meets somebody in a slot, ``seller_ppm`` the sellers' share of
    a pair's gain in a negotiation, ``orders`` how many orders of joining are drawn where there are
    too many members for an exact Shapley value.
    """

    rounds: int = 8
    seller_ppm: int = 500_000
    orders: int = 2_000


def compare(
    net_wh: Ints,
    import_micro_per_kwh: Ints,
    export_micro_per_kwh: Ints,
    *,
    seed: int,
    settings: Settings | None = None,
) -> dict[str, Outcome]:
    """Run all models on the same data.

    Parameters
    ----------
    net_wh : int64 [members, slots]
        What a member needs from outside, negative where it has energy left.
    import_micro_per_kwh, export_micro_per_kwh : int64 [slots] or [members, slots]
        The suppliers' prices.
    seed : int
        Seed of all draws.
    settings : Settings, optional
        How the models are run.
    """
    settings = settings or Settings()
    book = orders_of(net_wh, import_micro_per_kwh, export_micro_per_kwh)
    members, slots = net_wh.shape
    central = from_accepted(book, uniform_price.clear(book, slots)).trades
    game = SharingGame(net_wh, import_micro_per_kwh, export_micro_per_kwh)
    shares = shapley(game, seed=seed, orders=settings.orders)
    volume = int(central.quantity_wh.sum())
    found = {
        "central": central,
        "meetings": meetings(book, slots, seed=seed, rounds=settings.rounds),
        "negotiated": k_pricing.clear_pairs(book, slots, settings.seller_ppm).trades,
    }
    return {name: _outcome(book, trades, members) for name, trades in found.items()} | {
        "coalition": Outcome(volume, shares.nano, shares.standard_error_nano)
    }


def orders_of(net_wh: Ints, import_micro_per_kwh: Ints, export_micro_per_kwh: Ints) -> Orders:
    """What every member would trade, at its supplier's price as its limit."""
    member, slot = np.nonzero(net_wh)
    net = net_wh[member, slot]
    limit = np.where(net_wh > 0, import_micro_per_kwh, export_micro_per_kwh)
    sequence = np.arange(member.size, dtype=np.int64)
    return Orders(sequence, member, slot, np.sign(net), np.abs(net), limit[member, slot])


def meetings(book: Orders, slots: int, *, seed: int, rounds: int) -> Trades:
    """Let buyers and sellers of a slot meet in random pairs, ``rounds`` times.

    In a meeting both name a price that leaves them no loss, drawn evenly between their own limit
    and the far end of the limits of the slot's tariffs; where the bid is not below the ask they
    trade what both have left, at the middle (rounded down). O(rounds × n log n).
    """
    limit = book.limit_micro_per_kwh
    low, high = np.zeros(slots, dtype=np.int64), np.zeros(slots, dtype=np.int64)
    if book.count:
        low[:], high[:] = limit.max(), limit.min()
        np.minimum.at(low, book.slot, limit)
        np.maximum.at(high, book.slot, limit)
    left, trades = book.quantity_wh.copy(), []
    for meeting in range(rounds):
        random = stream(seed, "coalitions", "meetings", meeting).random((2, book.count))
        buy, sell = _pairs(book, left > 0, random[0])
        bid = _drawn(low[book.slot[buy]], limit[buy], random[1][buy])
        ask = _drawn(limit[sell], high[book.slot[sell]], random[1][sell])
        agreed = bid >= ask
        buy, sell, price = buy[agreed], sell[agreed], ((bid + ask) // 2)[agreed]
        quantity = np.minimum(left[buy], left[sell])
        left[buy] -= quantity
        left[sell] -= quantity
        trades.append(Trades(buy, sell, quantity, price, price))
    names = Trades.__struct_fields__
    none = np.empty(0, dtype=np.int64)
    return Trades(*(np.concatenate([none, *(getattr(t, name) for t in trades)]) for name in names))


def _pairs(book: Orders, active: Bools, draw: Floats) -> tuple[Ints, Ints]:
    """Random pairs of active bids and offers of one slot; who is over stays alone."""
    lines = []
    for sign in (1, -1):
        rows = np.flatnonzero(active & (book.side == sign))
        rows = rows[np.lexsort((draw[rows], book.slot[rows]))]
        slot = book.slot[rows]
        place = np.arange(rows.size) - np.searchsorted(slot, slot)
        lines.append((rows, slot * (book.count + 1) + place))
    (buys, one), (sells, other) = lines
    _, at_buy, at_sell = np.intersect1d(one, other, assume_unique=True, return_indices=True)
    return buys[at_buy], sells[at_sell]


def _drawn(low: Ints, high: Ints, draw: Floats) -> Ints:
    """A whole number drawn evenly from ``low`` to ``high``, both included."""
    span = (high - low + 1).astype(np.float64)
    return np.minimum(low + np.floor(draw * span).astype(np.int64), high)


def _outcome(book: Orders, trades: Trades, members: int) -> Outcome:
    """What members gain by trades, against their own limits."""
    limit, quantity = book.limit_micro_per_kwh, trades.quantity_wh
    bought = checked_multiply(quantity, limit[trades.buy] - trades.buyer_micro_per_kwh)
    sold = checked_multiply(quantity, trades.seller_micro_per_kwh - limit[trades.sell])
    gain = total_by(book.member[trades.buy], bought, members)
    gain += total_by(book.member[trades.sell], sold, members)
    return Outcome(int(quantity.sum()), gain, np.zeros(members))
