"""A price with one random factor: geometric Brownian motion, or one that reverts to its mean.

Around a forward curve ``F`` the spot price in slot ``t``, a time ``T`` [years of 365 days] after
the first slot, is::

    S_t = F_t · exp(x_t - var(x_t)/2)    dx = -k·x dt + s dW    x_0 = 0

with volatility ``s`` per root of a year and reversion ``k`` per year, 0 for geometric Brownian
motion. ``E[S_t] = F_t``. Steps are exact in law, not Euler steps. Source: E. Schwartz, The
stochastic behavior of commodity prices, Journal of Finance 52 (1997), model 1; L. Clewlow and C.
Strickland, Energy derivatives, 2000.

These serve examples and tests; scenarios of a real market come from its forecasts.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gridpact.base.errors import NumberOverflow
from gridpact.base.randomness import stream
from gridpact.base.slots import Slots
from gridpact.base.units import INT64_MAX, Floats, Ints
from gridpact.contracts.errors import IllFormed
from gridpact.contracts.valuation.present import YEAR_S


@dataclass(frozen=True, slots=True, eq=False)
class OneFactor:
    """The law of a price ``series`` [µ¤/kWh] around ``forward`` [µ¤/kWh], float [slots].

    ``volatility`` per root of a year, ``reversion`` per year. Prices are whole and at least 1; the
    next is drawn from the rounded one, so that paths are a Markov chain on whole prices.
    """

    series: str
    slots: Slots
    forward: Floats
    volatility: float
    reversion: float = 0.0

    def __post_init__(self) -> None:
        wrong = ~np.isfinite(self.forward) | (self.forward < 1)
        if self.forward.shape != (self.slots.count,) or wrong.any():
            raise IllFormed(f"a forward curve is {self.slots.count} prices of at least 1")
        if not (0 < self.volatility < np.inf and 0 <= self.reversion < np.inf):
            raise IllFormed("a volatility is above 0 and a reversion is not negative")

    @property
    def step_years(self) -> float:
        """The length of a slot [years of 365 days]."""
        return self.slots.step / YEAR_S

    @property
    def decay(self) -> float:
        """What is left of the factor after one slot."""
        return float(np.exp(-self.reversion * self.step_years))

    def variance(self, years: Floats | float) -> Floats:
        """Return the variance of the factor after a time [years]."""
        if self.reversion == 0:
            return np.asarray(self.volatility**2 * np.asarray(years), dtype=np.float64)
        rate = 2 * self.reversion
        spread = self.volatility**2 / rate * -np.expm1(-rate * np.asarray(years))
        return np.asarray(spread, dtype=np.float64)

    def drift(self) -> Floats:
        """Return half the variance of the factor in each slot, [slots]."""
        years = np.arange(self.slots.count, dtype=np.float64) * self.step_years
        return np.asarray(self.variance(years) / 2, dtype=np.float64)

    def price(self, factor: Floats, slot: int) -> Ints:
        """Return the whole price at a value of the factor in a slot."""
        return whole_prices(self.forward[slot] * np.exp(factor - self.drift()[slot]))

    def factor(self, price: Ints, slot: int) -> Floats:
        """Return the factor at a price in a slot."""
        return np.asarray(np.log(price / self.forward[slot]) + self.drift()[slot])

    def next(self, price: Ints, slot: int, noise: Floats) -> Ints:
        """Return prices in the slot after ``slot`` for standard normal noise; shapes broadcast."""
        spread = float(np.sqrt(self.variance(self.step_years)))
        return self.price(self.factor(price, slot) * self.decay + spread * noise, slot + 1)

    def paths(self, count: int, seed: int) -> Ints:
        """Return random price paths, int64 [count, slots]."""
        noise = stream(seed, "prices", self.series).standard_normal((self.slots.count, count))
        found = np.empty((count, self.slots.count), dtype=np.int64)
        found[:, 0] = self.price(np.zeros(count), 0)
        for slot in range(self.slots.count - 1):
            found[:, slot + 1] = self.next(found[:, slot], slot, noise[slot + 1])
        return found

    def successors(self, prices: Ints, count: int, seed: int) -> tuple[Ints, Floats]:
        """Return draws of the price one slot after each price of some paths.

        ``prices`` is int64 [paths, slots]; the draws are int64 [count, paths, slots], in their
        own slot (column ``t + 1`` follows the price in column ``t``; column 0 repeats the start),
        with their chances, float of the same shape.
        """
        noise = stream(seed, "successors", self.series).standard_normal((count, *prices.shape))
        drawn = np.broadcast_to(prices, (count, *prices.shape)).copy()
        for slot in range(self.slots.count - 1):
            drawn[:, :, slot + 1] = self.next(prices[None, :, slot], slot, noise[:, :, slot + 1])
        return drawn, np.full(drawn.shape, 1.0 / count)


def whole_prices(exact: Floats) -> Ints:
    """Round prices to whole ones, 1 at least; raise NumberOverflow beyond 64 bits."""
    if not np.max(exact, initial=0.0) < INT64_MAX:
        raise NumberOverflow("a price of the model does not fit 64 bits")
    return np.asarray(np.maximum(np.rint(exact), 1), dtype=np.int64)
