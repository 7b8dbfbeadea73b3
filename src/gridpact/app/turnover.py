"""What sessions came to: energy, what buyers paid for it, and what market and network took."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gridpact.base.units import Ints, checked_multiply, checked_sum
from gridpact.market.messages import SessionCleared
from gridpact.registry.model import Community


@dataclass(frozen=True)
class Turnover:
    """Traded energy [Wh] and its value [nano] at the buyers' prices; exact.

    ``grid_nano``, a part of the value, went to the network company; ``fees_nano`` to the operator
    beside it. Prices of single trades were from ``lowest`` to ``highest`` [µ¤/kWh], None without
    trade. ``own_wh`` of the energy members traded with themselves: in trades of their own, or, at
    one price for all, what they both bought and sold in a slot.
    """

    energy_wh: int
    value_nano: int
    grid_nano: int = 0
    fees_nano: int = 0
    lowest: int | None = None
    highest: int | None = None
    own_wh: int = 0

    @property
    def price(self) -> float:
        """Average price weighted by energy [µ¤/kWh]; NaN without trade."""
        return self.value_nano / self.energy_wh if self.energy_wh else float("nan")


@dataclass(frozen=True)
class BySlot:
    """A session's trades by slot of its window: Wh, nano paid by buyers, lowest and highest price.

    Where ``energy_wh`` is 0 prices are filler.
    """

    energy_wh: Ints
    value_nano: Ints
    lowest: Ints
    highest: Ints


def by_slot(cleared: SessionCleared) -> BySlot:
    """Add up a session's trades by slot, at the prices that buyers paid."""
    energy = checked_sum(cleared.bought_wh, axis=0)
    if cleared.trades is None:
        price = np.where(cleared.traded, cleared.price_micro_per_kwh, 0)
        return BySlot(energy, checked_multiply(energy, price), price, price)
    trades, price = cleared.trades, cleared.trades.buyer_micro_per_kwh
    paid = checked_multiply(trades.quantity_wh, price)
    checked_sum(np.abs(paid))
    value = np.zeros_like(energy)
    np.add.at(value, trades.slot, paid)
    ends = np.iinfo(np.int64)
    lowest, highest = np.full_like(energy, ends.max), np.full_like(energy, ends.min)
    np.minimum.at(lowest, trades.slot, price)
    np.maximum.at(highest, trades.slot, price)
    return BySlot(energy, value, lowest, highest)


def turnover(community: Community, sessions: Sequence[SessionCleared]) -> Turnover:
    """Add up what sessions cleared under the rules of the community's markets."""
    energy = value = grid = fees = own = 0
    prices: list[int] = []
    for cleared in sessions:
        found = by_slot(cleared)
        volume = int(checked_sum(found.energy_wh))
        if not volume:
            continue
        traded = found.energy_wh > 0
        prices += [int(found.lowest[traded].min()), int(found.highest[traded].max())]
        rules = community.market.trading(cleared.session.kind)
        energy, value = energy + volume, value + int(checked_sum(found.value_nano))
        fees += volume * (rules.buyer_fee_micro_per_kwh + rules.seller_fee_micro_per_kwh)
        grid += _grid_nano(cleared)
        own += _own_wh(cleared)
    low, high = (min(prices), max(prices)) if prices else (None, None)
    return Turnover(energy, value, grid, fees, low, high, own)


def _own_wh(cleared: SessionCleared) -> int:
    if cleared.trades is None:
        return int(checked_sum(np.minimum(cleared.bought_wh, cleared.sold_wh)))
    trades = cleared.trades
    return int(checked_sum(trades.quantity_wh[trades.buyer == trades.seller]))


def _grid_nano(cleared: SessionCleared) -> int:
    if cleared.trades is None:
        return 0
    trades = cleared.trades
    return int(checked_sum(checked_multiply(trades.quantity_wh, trades.grid_micro_per_kwh)))
