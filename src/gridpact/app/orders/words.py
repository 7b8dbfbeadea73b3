"""Orders and what became of them in words, with amounts as people write them."""

from __future__ import annotations

from gridpact.app.orders.instants import local
from gridpact.contracts import amounts
from gridpact.market.orders import PlacedOrder, Side
from gridpact.registry.model import Community


def energy(wh: int) -> str:
    """Write an energy [Wh], such as ``2.5 kWh``."""
    return amounts.written(wh, "Wh")


def price(micro_per_kwh: int, currency: str) -> str:
    """Write a price [µ¤/kWh], such as ``0.25 EUR/kWh``."""
    return amounts.written(micro_per_kwh, "micro/kWh", currency)


def money(nano: int, currency: str) -> str:
    """Write an amount of money [nano-¤], such as ``0.625 EUR``."""
    return amounts.written(nano, "nano", currency)


def order_line(order: PlacedOrder, community: Community) -> str:
    """Say what an order is, in one line."""
    buys = order.side == Side.BUY
    bound = "at most" if buys else "at least"
    over = f" over {order.slots} slots" if order.slots > 1 else ""
    return (
        f"{order.participant} {'buys' if buys else 'sells'} {energy(order.quantity_wh)} in "
        f"{local(order.slot_start, community.timezone)}{over} for {bound} "
        f"{price(order.limit_micro_per_kwh, community.currency)}"
    )
