"""What missing a shared limit costs at first: more than anything an asset could be paid to do."""

from __future__ import annotations

import numpy as np

from gridpact.scheduling.fleet.columns import Fleet, Prices

MARGIN = 1.1
"""How far above the dearest way to keep a limit the penalty begins."""
WITHOUT_PRICES = 1e6
"""Penalty where nothing costs anything [µ¤/kWh]."""


def first_penalty(fleet: Fleet, prices: Prices) -> float:
    """Penalty to begin with [µ¤/kWh].

    It is above what shifting energy between slots can save, and above every cost that grows with
    energy: the dearest energy bought or left unsold, with what cutting, fuel or wear adds to it.
    Costs of starting and of running idle are no part of it; they may ask for a higher one.
    """
    buy = np.asarray(prices.buy, np.float64)
    sell = buy if prices.sell is None else np.asarray(prices.sell, np.float64)
    dearest = max(_largest(buy), _largest(sell))
    shifting = float(np.ptp(buy)) + 0.5 * _largest(buy) if buy.size else 0.0
    return max(shifting, MARGIN * (dearest + _own_cost(fleet))) or WITHOUT_PRICES


def _own_cost(fleet: Fleet) -> float:
    """Largest cost of an asset's own that grows with energy [µ¤/kWh]."""
    costs = [0.0]
    if fleet.curtailable is not None:
        costs.append(_largest(fleet.curtailable.cost))
    if fleet.generators is not None:
        costs.append(_largest(fleet.generators.fuel))
    if fleet.storage is not None:
        wear = np.asarray(fleet.storage.wear, np.float64)
        costs.append(_largest(wear / np.asarray(fleet.storage.efficiency_out, np.float64)))
    return max(costs)


def _largest(values: object) -> float:
    return float(np.abs(np.asarray(values, np.float64)).max(initial=0.0))
