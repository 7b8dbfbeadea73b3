"""What coupling did: prices, flows, rent and fees, and who gains by it.

Coupled clearing stands beside isolated clearing, in which every market clears alone, and beside
no market at all, in which everyone trades with the supplier.
"""

from __future__ import annotations

import msgspec
import numpy as np

from gridpact.base.units import NANO_PER_UNIT, Bools, Ints, checked_add, checked_multiply
from gridpact.market.coupling.accounts import link_money, surplus_nano, totals, totals_by_market
from gridpact.market.coupling.clearing import Coupled, clear_tree
from gridpact.market.coupling.tree import Tree
from gridpact.market.orders import Orders, Side


class SupplierPrices(msgspec.Struct, frozen=True):
    """What a kWh from the supplier costs and what one sold to it earns [slots], in µ¤/kWh."""

    import_micro_per_kwh: Ints
    export_micro_per_kwh: Ints


class Report(msgspec.Struct, frozen=True):
    """Columns [markets, slots] unless another shape is given.

    ``volume_wh`` is the greater of what a market bought and sold; ``import_wh`` and ``export_wh``
    cross the link to its parent, ``fee_nano`` and ``rent_nano`` are what that link earns. The
    surplus of buyers and sellers is what their prices are better than their limits, coupled and
    isolated. ``saving_nano`` [members] is how much better a member's trades are than the same
    energy from or to the supplier, ``market_saving_nano`` the same by market.
    """

    markets: tuple[str, ...]
    price_micro_per_kwh: Ints
    priced: Bools
    volume_wh: Ints
    import_wh: Ints
    export_wh: Ints
    fee_nano: Ints
    rent_nano: Ints
    buyers_nano: Ints
    sellers_nano: Ints
    isolated_volume_wh: Ints
    isolated_buyers_nano: Ints
    isolated_sellers_nano: Ints
    market_saving_nano: Ints
    saving_nano: Ints


def isolated(tree: Tree) -> Tree:
    """Return the markets without any link."""
    return msgspec.structs.replace(tree, parent=np.full(tree.count, -1, dtype=np.int64))


def report(
    orders: Orders,
    market: Ints,
    tree: Tree,
    coupled: Coupled,
    supplier: SupplierPrices,
    members: int,
) -> Report:
    """Report on a cleared tree; ``members`` is the number of rows that orders' members are of.

    Raises :class:`~gridpact.base.errors.NumberOverflow` where a sum leaves 64 bits.
    """
    money = link_money(tree, coupled)
    alone = clear_tree(orders, market, isolated(tree), coupled.export_wh.shape[1])
    buyers, sellers = _surplus(orders, market, coupled)
    alone_buyers, alone_sellers = _surplus(orders, market, alone)
    saving = _saving_nano(orders, market, coupled, supplier)
    return Report(
        tree.ids,
        coupled.price_micro_per_kwh,
        coupled.priced,
        np.maximum(coupled.bought_wh, coupled.sold_wh),
        np.maximum(-coupled.export_wh, 0),
        np.maximum(coupled.export_wh, 0),
        money.fee_nano,
        money.rent_nano,
        buyers,
        sellers,
        alone.bought_wh,
        alone_buyers,
        alone_sellers,
        totals_by_market(saving, orders, market, coupled),
        totals(saving, orders.member, members),
    )


def summary(report: Report) -> str:
    """Write the totals over all slots as a table, one line a market, money in ¤."""
    alone = checked_add(report.isolated_buyers_nano, report.isolated_sellers_nano)
    gain = checked_add(checked_add(report.buyers_nano, report.sellers_nano), -alone)
    energy = (report.volume_wh, report.import_wh, report.export_wh)
    money = (report.fee_nano, report.rent_nano, gain, report.market_saving_nano)
    heads = ["kWh", "import", "export", "fees", "rent", "gain", "saving"]
    width = max(6, *(len(name) for name in report.markets))
    lines = ["market".ljust(width) + "".join(f"{head:>14}" for head in heads)]
    for row, name in enumerate(report.markets):
        cells = [f"{sum(column[row].tolist()) / 1000:14,.3f}" for column in energy]
        cells += [f"{sum(column[row].tolist()) / NANO_PER_UNIT:14,.4f}" for column in money]
        lines.append(name.ljust(width) + "".join(cells))
    notes = "gain: buyers' and sellers' surplus over that of isolated clearing"
    return "\n".join([*lines, notes, "saving: over the same energy from or to the supplier"]) + "\n"


def _surplus(orders: Orders, market: Ints, coupled: Coupled) -> tuple[Ints, Ints]:
    """Surplus of buyers and of sellers [markets, slots]."""
    surplus, buys = surplus_nano(orders, market, coupled), orders.side == Side.BUY
    return (
        totals_by_market(np.where(buys, surplus, 0), orders, market, coupled),
        totals_by_market(np.where(buys, 0, surplus), orders, market, coupled),
    )


def _saving_nano(orders: Orders, market: Ints, coupled: Coupled, supplier: SupplierPrices) -> Ints:
    """How much better each order's trade is than the supplier's price [orders]."""
    buys = orders.side == Side.BUY
    other = np.where(
        buys,
        supplier.import_micro_per_kwh[orders.slot],
        supplier.export_micro_per_kwh[orders.slot],
    )
    better = checked_add(other, -coupled.price_micro_per_kwh[market, orders.slot])
    return checked_multiply(orders.side * coupled.accepted_wh, better)
