"""What a scenario says about trading: the rules of each market and the terms of each member."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypeAlias

import numpy as np
from msgspec import UNSET

from gridpact.base.units import NANO_PER_UNIT
from gridpact.registry.model import MarketRules, TradingRules, TradingTerms
from gridpact.simulation.scenarios.access import (
    MICRO_PER_CT,
    WATT_PER_KW,
    Group,
    clock_s,
    count,
    group,
    ppm,
    scaled,
    text,
    texts,
    truth,
)
from gridpact.simulation.scenarios.model import Member, Trading

Market: TypeAlias = Literal["day_ahead", "intraday"]
MARKETS: tuple[Market, ...] = ("day_ahead", "intraday")
PRICE_LIMITS = ("lowest_price_ct_per_kwh", "highest_price_ct_per_kwh")
LARGEST = "largest_order_kwh"


def rules_of(root: Group, market: Market) -> Group:
    """Return the keys that hold in one market: its own, then those of both markets."""
    both = group(root, "market")
    return {**both, **group(both, market)}


def market_rules(root: Group) -> MarketRules:
    """Make the rules of both markets from a checked, filled document."""
    node = group(root, "market")
    gates = [clock_s({"gate": gate}, "gate") for gate in texts(node, "intraday_gates")]
    lowest, highest = (scaled(node, key, MICRO_PER_CT) for key in PRICE_LIMITS)
    day_ahead, intraday = (_trading_rules(root, market) for market in MARKETS)
    return MarketRules(
        day_ahead_gate_s=clock_s(node, "day_ahead_gate"),
        intraday_gates_s=tuple(sorted(gates)),
        lead_s=count(node, "lead_minutes") * 60,
        lowest_micro_per_kwh=lowest,
        highest_micro_per_kwh=highest,
        opens_s=count(node, "opens_minutes") * 60,
        day_ahead=day_ahead,
        intraday=intraday,
    )


def _trading_rules(root: Group, market: Market) -> TradingRules:
    node, own = rules_of(root, market), group(group(root, "market"), market)
    lowest, highest = (
        scaled(own, key, MICRO_PER_CT) if key in own else None for key in PRICE_LIMITS
    )
    return TradingRules(
        mechanism=text(node, "mechanism"),
        k_ppm=ppm(node, "k_percent"),
        ties=text(node, "ties"),
        buyer_fee_micro_per_kwh=scaled(node, "buyer_fee_ct_per_kwh", MICRO_PER_CT),
        seller_fee_micro_per_kwh=scaled(node, "seller_fee_ct_per_kwh", MICRO_PER_CT),
        distance_fee_micro_per_kwh=scaled(node, "distance_fee_ct_per_kwh", MICRO_PER_CT),
        grid_limits=truth(node, "grid_limits"),
        lowest_rating_ppm=ppm(node, "lowest_rating_percent"),
        lowest_micro_per_kwh=lowest,
        highest_micro_per_kwh=highest,
        largest_order_wh=scaled(node, LARGEST, WATT_PER_KW) if LARGEST in node else UNSET,
    )


def trading(node: Group) -> Trading:
    """Make one member's terms from its ``market`` keys."""
    prefers = group(node, "prefers")
    return Trading(
        authorised=truth(node, "authorised"),
        buy_limit_wh=_limit(node, "buy_limit_kwh", WATT_PER_KW),
        sell_limit_wh=_limit(node, "sell_limit_kwh", WATT_PER_KW),
        collateral_nano=_limit(node, "collateral", NANO_PER_UNIT),
        green_micro_per_kwh=scaled(prefers, "green_ct_per_kwh", MICRO_PER_CT),
        partner=text(prefers, "partner"),
        partner_micro_per_kwh=scaled(prefers, "partner_ct_per_kwh", MICRO_PER_CT),
        near_micro_per_kwh=scaled(prefers, "near_ct_per_kwh", MICRO_PER_CT),
    )


def _limit(node: Group, key: str, factor: int) -> int:
    return scaled(node, key, factor) if key in node else -1


def trading_terms(members: Sequence[Member]) -> TradingTerms | None:
    """Columns of the members' terms; None where all trade freely."""
    terms = [member.trading for member in members]
    if all(each == Trading() for each in terms):
        return None
    row = {member.id: place for place, member in enumerate(members)}
    columns = {
        name: np.array([getattr(each, name) for each in terms], dtype=np.int64)
        for name in TradingTerms.__struct_fields__
        if name not in {"authorised", "partner"}
    }
    return TradingTerms(
        authorised=np.array([each.authorised for each in terms], dtype=np.bool_),
        partner=np.array([row.get(each.partner, -1) for each in terms], dtype=np.int64),
        **columns,
    )
