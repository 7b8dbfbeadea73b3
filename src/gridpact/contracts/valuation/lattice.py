"""Recombining lattices of a price: few prices in each slot, and the chance of every step.

A binomial lattice of a lognormal price (J. Cox, S. Ross and M. Rubinstein, Journal of Financial
Economics 7, 1979) and a trinomial one of a price that reverts to its mean (J. Hull and A. White,
Journal of Derivatives 2, 1994). Both hit the forward curve in every slot up to the rounding of
prices to whole µ¤/kWh.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import lgamma

import numpy as np

from gridpact.base.randomness import stream
from gridpact.base.slots import Slots
from gridpact.base.units import Floats, Ints
from gridpact.contracts.errors import IllFormed
from gridpact.contracts.valuation.onefactor import OneFactor, whole_prices


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """From each node of a slot to nodes of the next: ``to`` and ``chance``, [nodes, branches]."""

    to: Ints
    chance: Floats

    def expect(self, values: Floats) -> Floats:
        """Return the expectation of values [next nodes, ...] in each node, [nodes, ...]."""
        weights = self.chance.reshape(*self.chance.shape, *[1] * (values.ndim - 1))
        return np.asarray((weights * values[self.to]).sum(axis=1), dtype=np.float64)

    def spread(self, chance: Floats, nodes: int) -> Floats:
        """Return the probabilities of the next slot's nodes from those of this one's."""
        mass = (self.chance * chance[:, None]).ravel()
        found = np.bincount(self.to.ravel(), weights=mass, minlength=nodes)
        return np.asarray(found, dtype=np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class Lattice:
    """A Markov chain of the price ``series``: ``prices[t]`` int64 [nodes of t], one node at first.

    ``steps[t]`` leads from slot ``t`` to the next.
    """

    series: str
    slots: Slots
    prices: tuple[Ints, ...]
    steps: tuple[Step, ...]

    def __post_init__(self) -> None:
        count = self.slots.count
        if len(self.prices) != count or len(self.steps) != count - 1 or self.prices[0].size != 1:
            raise IllFormed("a lattice has prices for each slot, one in the first, and the steps")
        for step, before, after in zip(self.steps, self.prices, self.prices[1:], strict=False):
            fits = step.to.shape == step.chance.shape and len(step.to) == before.size
            if not fits or step.to.min() < 0 or step.to.max() >= after.size:
                raise IllFormed("a step leads from each node to nodes of the next slot")
            if not (step.chance.min() >= 0 and np.abs(step.chance.sum(axis=1) - 1).max() < 1e-9):
                raise IllFormed("the chances of a node's branches are positive and sum to 1")

    def column(self) -> Ints:
        """Return the prices of all nodes, int64 [most nodes, slots]; the last fill a column up."""
        most = max(price.size for price in self.prices)
        columns = [np.pad(price, (0, most - price.size), mode="edge") for price in self.prices]
        return np.stack(columns, axis=1)

    def chances(self) -> list[Floats]:
        """Return the probability of each node, for every slot."""
        found: list[Floats] = [np.ones(1)]
        for step, price in zip(self.steps, self.prices[1:], strict=True):
            found.append(step.spread(found[-1], price.size))
        return found

    def walks(self, count: int, seed: int) -> Ints:
        """Return random walks through the nodes, int64 [count, slots]."""
        draws = stream(seed, "lattice", self.series).random((self.slots.count, count))
        nodes = np.zeros((count, self.slots.count), dtype=np.int64)
        for slot, step in enumerate(self.steps):
            here = nodes[:, slot]
            reached = np.cumsum(step.chance[here], axis=1) <= draws[slot][:, None]
            branch = np.minimum(reached.sum(axis=1), step.to.shape[1] - 1)
            nodes[:, slot + 1] = step.to[here, branch]
        return nodes

    def prices_on(self, nodes: Ints) -> Ints:
        """Return the prices of walks [walks, slots]."""
        return np.stack([price[nodes[:, t]] for t, price in enumerate(self.prices)], axis=1)

    def successors(self, nodes: Ints) -> tuple[Ints, Floats]:
        """Return every price one slot after the nodes of some walks, with its chance.

        Both [branches, walks, slots]: column ``t + 1`` follows the node in column ``t``; column 0
        is the start itself. Branches that a slot lacks have chance 0.
        """
        branches = max((step.to.shape[1] for step in self.steps), default=1)
        prices = np.broadcast_to(self.prices_on(nodes), (branches, *nodes.shape)).copy()
        chances = np.zeros(prices.shape)
        chances[0, :, 0] = 1.0
        for slot, step in enumerate(self.steps):
            here, width = nodes[:, slot], step.to.shape[1]
            prices[:width, :, slot + 1] = self.prices[slot + 1][step.to[here]].T
            chances[:width, :, slot + 1] = step.chance[here].T
        return prices, chances


def binomial(model: OneFactor, substeps: int = 1) -> Lattice:
    """Return the binomial lattice of a lognormal price, ``substeps`` moves up or down a slot."""
    if model.reversion or substeps < 1:
        raise IllFormed("a binomial lattice has a positive number of moves and no reversion")
    move = model.volatility * np.sqrt(model.step_years / substeps)
    up = 1 / (1 + np.exp(move))  # (1 - d)/(u - d) with u = exp(move), d = 1/u
    ups = np.arange(substeps + 1)
    chance = np.exp(_log_choose(substeps) + ups * np.log(up) + (substeps - ups) * np.log1p(-up))
    prices, steps = [], []
    for slot in range(model.slots.count):
        moves = slot * substeps
        levels = (2 * np.arange(moves + 1) - moves) * move
        prices.append(whole_prices(model.forward[slot] * np.exp(levels)))
        to = np.arange(moves + 1)[:, None] + ups
        steps.append(Step(to, np.broadcast_to(chance / chance.sum(), to.shape)))
    return Lattice(model.series, model.slots, tuple(prices), tuple(steps[:-1]))


def trinomial(model: OneFactor) -> Lattice:
    """Return the trinomial lattice of a price that reverts to its mean, one step a slot."""
    width = float(np.sqrt(3 * model.variance(model.step_years)))
    reach, prices, steps = 0, [model.price(np.zeros(1), 0)], []
    chance: Floats = np.ones(1)
    for slot in range(1, model.slots.count):
        middle = np.arange(-reach, reach + 1) * model.decay
        nearest = np.rint(middle).astype(np.int64)
        off = middle - nearest
        ways = np.stack([(off**2 - off) / 2 + 1 / 6, 2 / 3 - off**2, (off**2 + off) / 2 + 1 / 6])
        reach = int(nearest[-1]) + 1
        step = Step(nearest[:, None] + np.arange(-1, 2) + reach, ways.T)
        levels = np.exp(np.arange(-reach, reach + 1) * width)
        chance = step.spread(chance, levels.size)
        prices.append(whole_prices(model.forward[slot] * levels / (chance @ levels)))
        steps.append(step)
    return Lattice(model.series, model.slots, tuple(prices), tuple(steps))


def _log_choose(count: int) -> Floats:
    """Return the logarithms of the binomial coefficients of ``count``."""
    factorial = np.array([lgamma(number + 1) for number in range(count + 1)])
    return np.asarray(factorial[-1] - factorial - factorial[::-1], dtype=np.float64)
