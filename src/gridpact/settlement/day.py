"""What a day is settled on: the physical side of a statement, worked out once. Exact Wh."""

from __future__ import annotations

import msgspec
import numpy as np

from gridpact.base.rounding import muldiv
from gridpact.base.slots import Slots, overlap
from gridpact.base.units import MICRO_PER_UNIT, Bools, Ints
from gridpact.market.messages import SessionCleared, SessionTrades
from gridpact.metering.messages import DayMetered
from gridpact.registry.model import Community, SharingRules, TradingRules
from gridpact.registry.tariffs import Outside, outside_prices
from gridpact.settlement.allocation import Allocation
from gridpact.settlement.residual import NetworkSplit, Residual, network_split, position, residual
from gridpact.settlement.sharing.community import key_of
from gridpact.settlement.sharing.keys import share


class Trades(msgspec.Struct, frozen=True, omit_defaults=True):
    """One session's trades laid over the day: Wh [members, slots] and price [slots].

    Trades with prices of their own are in ``matched``, their slots counted from the day's first;
    the price of a slot is then the buyers' mean, which nothing is settled at. Fees [µ¤/kWh] are
    those of the session's market.
    """

    session: str
    bought_wh: Ints
    sold_wh: Ints
    price_micro_per_kwh: Ints
    matched: SessionTrades | None = None
    buyer_fee_micro_per_kwh: int = 0
    seller_fee_micro_per_kwh: int = 0


class Facts(msgspec.Struct, frozen=True):
    """Everything agreed, planned, priced and measured for one local day.

    ``planned_net_wh`` [members, slots] counts where ``planned`` [slots] is true; withdrawal is
    positive. ``spread`` [slots] is imbalance price less spot price [µ¤/kWh].
    """

    metered: DayMetered
    spot_micro_per_kwh: Ints
    spread_micro_per_kwh: Ints
    trades: tuple[Trades, ...]
    planned_net_wh: Ints
    planned: Bools


class Energy(msgspec.Struct, frozen=True):
    """Where every Wh came from and went: [members, slots], and the prices [slots] beside it."""

    bought_wh: Ints
    sold_wh: Ints
    shared: Allocation
    residual: Residual
    network: NetworkSplit
    deviation_wh: Ints
    prices: Outside
    shared_price: Ints


def laid_over(day: Slots, cleared: SessionCleared, rules: TradingRules | None = None) -> Trades:
    """Lay a session's trades over its day; 0 outside the session's window.

    ``rules`` are those of the session's market; without them there are no fees.
    """
    here, there = overlap(day, cleared.session.window)
    members = cleared.bought_wh.shape[0]
    bought, sold = np.zeros((2, members, day.count), np.int64)
    price = np.zeros(day.count, np.int64)
    bought[:, here], sold[:, here] = cleared.bought_wh[:, there], cleared.sold_wh[:, there]
    price[here] = np.where(cleared.traded, cleared.price_micro_per_kwh, 0)[there]
    return Trades(
        cleared.session.id,
        bought,
        sold,
        price,
        None if cleared.trades is None else _moved(cleared.trades, here, there),
        rules.buyer_fee_micro_per_kwh if rules else 0,
        rules.seller_fee_micro_per_kwh if rules else 0,
    )


def _moved(trades: SessionTrades, here: slice, there: slice) -> SessionTrades:
    """Keep the trades of slots ``there`` and count their slots as ``here``."""
    kept = (trades.slot >= there.start) & (trades.slot < there.stop)
    columns = {name: getattr(trades, name)[kept] for name in trades.__struct_fields__}
    columns["slot"] = columns["slot"] + (here.start - there.start)
    return SessionTrades(**columns)


def energy(community: Community, facts: Facts) -> Energy:
    """Follow the energy of a day from trades over the sharing key to the supplier."""
    withdrawal, injection = facts.metered.withdrawal_wh, facts.metered.injection_wh
    bought = _total([trades.bought_wh for trades in facts.trades], withdrawal)
    sold = _total([trades.sold_wh for trades in facts.trades], withdrawal)
    surplus, need = position(withdrawal, injection, bought, sold)
    share_ppm, slots = community.members.static_share_ppm, facts.metered.slots
    shared = share(key_of(community.sharing, share_ppm, slots, surplus, need), surplus, need)
    rest = residual(surplus, need, shared)
    network = network_split(withdrawal, rest.supplier_in_wh)
    prices = outside_prices(community.tariffs, facts.spot_micro_per_kwh)
    deviation = np.where(facts.planned, facts.planned_net_wh - (withdrawal - injection), 0)
    return Energy(
        bought_wh=bought,
        sold_wh=sold,
        shared=shared,
        residual=rest,
        network=network,
        deviation_wh=deviation,
        prices=prices,
        shared_price=_shared_price(community.sharing, prices),
    )


def _total(parts: list[Ints], like: Ints) -> Ints:
    return np.sum(parts, axis=0) if parts else np.zeros_like(like)


def _shared_price(rules: SharingRules, prices: Outside) -> Ints:
    """Price of shared energy, between what the giver would earn and the taker would save."""
    gain = np.maximum(prices.avoided - prices.supplier_export, 0)
    share = muldiv(gain, np.asarray(rules.seller_ppm), np.asarray(MICRO_PER_UNIT))
    return prices.supplier_export + share
