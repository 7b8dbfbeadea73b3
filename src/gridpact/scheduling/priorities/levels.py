"""Levels of what may have to give, and the prices that put one before the next."""

from __future__ import annotations

from enum import IntEnum

import msgspec
import numpy as np

from gridpact.base.units import Floats
from gridpact.scheduling.fleet.columns import Fleet, Prices, Values


class Level(IntEnum):
    """What matters more comes first; cost comes after all of them.

    ``GRID``: limits of zones, and portfolio rows said to be such. ``CONTRACTS``: the other rows of
    the portfolio. ``NEEDS`` and ``WISHES``: what owners need, and what they would like.
    """

    GRID = 0
    CONTRACTS = 1
    NEEDS = 2
    WISHES = 3


GENTLE = (1.5, 1.2)
STEEP = (2.0, 4.0)
"""How far above every cost a wish is priced (what energy passes through may waste it), and how far
above one level the one before it. Where nothing goes missing at gentle prices, nothing must."""
RAISE = 10.0
"""By how much levels are raised above the next where they miss more than they must."""


class Ladder(msgspec.Struct, frozen=True):
    """``price`` [levels] of a kWh missing at each level [µ¤/kWh], falling from level to level."""

    price: Floats

    def steeper(self, level: int, by: float = RAISE) -> Ladder:
        """Raise this level and all before it above the ones after it."""
        raised = np.arange(len(self.price)) <= level
        return Ladder(np.where(raised, self.price * by, self.price))


def ladder_of(fleet: Fleet, prices: Prices, steps: tuple[float, float]) -> Ladder:
    """Prices of levels, above anything that a kWh missing could save; ``steps`` is one of two."""
    sell = prices.buy if prices.sell is None else prices.sell
    costs = [largest(prices.buy), largest(sell)]
    for table, name in (("curtailable", "cost"), ("storage", "wear"), ("generators", "fuel")):
        if (rows := getattr(fleet, table)) is not None:
            costs.append(largest(getattr(rows, name)))
    margin, step = steps
    wish = margin * (max(costs) or 1.0)
    return Ladder(wish * step ** np.arange(len(Level) - 1, -1, -1.0))


def largest(values: Values) -> float:
    """Largest size of any of these numbers."""
    return float(np.abs(np.asarray(values, np.float64)).max(initial=0.0))


class LevelLoss(msgspec.Struct, frozen=True):
    """What goes missing at one level: ``missing_wh``, and the ``least_wh`` that is proven.

    No schedule misses less than ``least_wh`` without missing more at a level before. ``price`` is
    what a kWh missing was priced at [µ¤/kWh].
    """

    level: Level
    missing_wh: float
    least_wh: float
    price: float


class Shortfall(msgspec.Struct, frozen=True, order=True):
    """One thing that is missing. ``kind`` says what ``row`` counts, and ``slot`` when it is missed.

    ``import`` and ``export``: zones. ``lower`` and ``upper``: portfolio rows, from ``slot`` on.
    ``one_way``, ``storage``, ``above`` (storage that holds too much) and ``runs``: assets; ``slot``
    is the last one in which the need could have been met. Storage counts energy in store,
    everything else at the grid side.
    """

    level: Level
    kind: str
    row: int
    slot: int
    missing_wh: float
