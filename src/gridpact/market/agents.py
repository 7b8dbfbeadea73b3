"""Members' agents: turn a plan into orders for what is not traded yet.

An agent buys what its plan takes beyond its position, and sells what it leaves. It asks for at
least its supplier's export price plus a premium, and bids at most what a kWh from the supplier
would cost it, less a discount; what the market charges for a kWh is counted on top. So every trade
leaves both sides better off than without it, but for premiums that a member pays because it
prefers whom it buys from. It orders no more in a slot than one order may have; the rest is left to
later sessions.
"""

from __future__ import annotations

import numpy as np

from gridpact.base.units import Ints
from gridpact.market.orders import Orders, Side
from gridpact.market.terms import Terms
from gridpact.registry.model import Members
from gridpact.registry.tariffs import Outside


def orders(
    net_wh: Ints, position_wh: Ints, prices: Outside, members: Members, terms: Terms
) -> Orders:
    """Orders for plans ``net_wh`` and positions (bought less sold), both [members, slots] in Wh.

    Slots are positions in the given window; sequences are numbered from 0 in row order. No order
    is placed where the market's lowest price is above what a member would pay, or its highest
    below what a member would take.
    """
    wanted = net_wh - position_wh
    fees = terms.rules
    paid = members.discount_micro_per_kwh + fees.buyer_fee_micro_per_kwh
    kept = members.premium_micro_per_kwh + fees.seller_fee_micro_per_kwh
    bid, ask = prices.avoided - paid[:, None], prices.supplier_export + kept[:, None]
    # Beyond the market's price limits an order would have to give way, and could trade at a loss.
    buys = (wanted > 0) & (bid >= terms.lowest_micro_per_kwh)
    sells = (wanted < 0) & (ask <= terms.highest_micro_per_kwh)
    member, slot = np.nonzero(buys | sells)
    quantity, buying = wanted[member, slot], buys[member, slot]
    limit = np.clip(
        np.where(buying, bid[member, slot], ask[member, slot]),
        terms.lowest_micro_per_kwh,
        terms.highest_micro_per_kwh,
    )
    return Orders(
        np.arange(quantity.size, dtype=np.int64),
        member.astype(np.int64),
        slot.astype(np.int64),
        np.where(buying, int(Side.BUY), int(Side.SELL)),
        np.minimum(np.abs(quantity), terms.largest_order_wh),
        limit,
    )
