"""What net energy costs at given prices: a plan made at some prices, settled at others."""

from __future__ import annotations

import numpy as np

from gridpact.base.units import Floats, Ints
from gridpact.scheduling.fleet.columns import Prices
from gridpact.scheduling.fleet.solution import Solution


def own_energy(parent: Ints, net_wh: Floats) -> Floats:
    """Net energy of zones without the zones below [zones, slots], from that with them."""
    own = net_wh.copy()
    below = np.flatnonzero(np.asarray(parent) >= 0)
    np.subtract.at(own, np.asarray(parent)[below], net_wh[below])
    return own


def energy_cost(parent: Ints, net_wh: Floats, prices: Prices) -> float:
    """What zones pay for their own net energy [nano-¤]; µ¤/kWh times Wh is nano-¤."""
    own = own_energy(parent, net_wh)
    buy = np.broadcast_to(np.asarray(prices.buy, np.float64), own.shape)
    sell = buy if prices.sell is None else np.asarray(prices.sell, np.float64)
    return float(np.sum(np.where(own > 0, buy, sell) * own))


def plan_cost(solution: Solution) -> float:
    """What schedules cost [nano-¤], without what missing a limit is priced at."""
    missed = sum(one.missing_wh for one in solution.missed)
    return solution.upper_nano - solution.penalty * missed


def settled_cost(parent: Ints, solution: Solution, planned: Prices, truth: Prices) -> float:
    """What a plan costs once energy is settled at other prices than it was made at [nano-¤]."""
    before = energy_cost(parent, solution.net_wh, planned)
    return plan_cost(solution) - before + energy_cost(parent, solution.net_wh, truth)
