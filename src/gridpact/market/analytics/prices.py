"""How prices of trades are distributed, weighted by energy, and how they move over time.

Every Wh counts as one observation. The mean is Σ(Wh · price) ÷ Σ Wh; the standard deviation is
that of the population, √(Σ Wh·(price − mean)² ÷ Σ Wh); the q-quantile is the lowest price at or
below which at least q of the energy traded (inverse of the distribution function: the first of
the definitions in Hyndman and Fan, Sample Quantiles in Statistical Packages, 1996). All are exact
and rounded once.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from itertools import accumulate
from math import isqrt

import msgspec
import numpy as np

from gridpact.base.rounding import round_half_even
from gridpact.base.units import INT64_MAX, MICRO_PER_UNIT, Bools, Ints, magnitude
from gridpact.market.analytics.shares import Share
from gridpact.market.clearing.matched import total_by
from gridpact.market.clearing.outcome import Clearing

MEDIAN = 500_000
QUARTILES = (250_000, MEDIAN, 750_000)


class PriceDistribution(msgspec.Struct, frozen=True):
    """Prices of traded energy [µ¤/kWh]. ``quantiles`` [levels] are those of ``levels_ppm``."""

    energy_wh: int
    mean_micro_per_kwh: int
    deviation_micro_per_kwh: int
    lowest_micro_per_kwh: int
    highest_micro_per_kwh: int
    levels_ppm: tuple[int, ...]
    quantiles_micro_per_kwh: tuple[int, ...]


class PricesOverTime(msgspec.Struct, frozen=True):
    """Columns [periods]: energy and its mean price, filler 0 where nothing ``traded``."""

    energy_wh: Ints
    mean_micro_per_kwh: Ints

    @property
    def traded(self) -> Bools:
        """Periods that have a price."""
        return np.asarray(self.energy_wh > 0, dtype=np.bool_)

    @property
    def slots_traded(self) -> Share:
        """Whether anything was traded, of 1 for every period [periods]."""
        return Share(self.traded.astype(np.int64), np.ones_like(self.energy_wh))


def prices(
    price_micro_per_kwh: Ints, energy_wh: Ints, levels_ppm: Sequence[int] = QUARTILES
) -> PriceDistribution | None:
    """Describe the prices of trades or of slots; O(n log n).

    Parameters
    ----------
    price_micro_per_kwh, energy_wh : int64 [trades]
        A price counts with its energy, which is not negative; without energy it does not count.
    levels_ppm : sequence of int
        Levels of the quantiles, each in (0, 1,000,000]; the quartiles unless given.

    Returns
    -------
    PriceDistribution or None
        None where nothing was traded: then there is no price.

    Raises
    ------
    ValueError
        Columns of different length, negative energy, or a level out of range.
    """
    if any(not 0 < level <= MICRO_PER_UNIT for level in levels_ppm):
        raise ValueError(f"levels are above 0 and at most {MICRO_PER_UNIT} ppm")
    price, energy = _by_price(price_micro_per_kwh, energy_wh)
    if not price:
        return None
    total = sum(energy)
    worth = sum(wh * each for each, wh in zip(price, energy, strict=True))
    squares = sum(wh * each * each for each, wh in zip(price, energy, strict=True))
    return PriceDistribution(
        total,
        round_half_even(worth, total),
        _root(total * squares - worth * worth, total),
        price[0],
        price[-1],
        tuple(levels_ppm),
        _quantiles(price, energy, levels_ppm),
    )


def prices_over_time(
    price_micro_per_kwh: Ints, energy_wh: Ints, period: Ints, periods: int
) -> PricesOverTime:
    """Mean price of every period, weighted by energy and rounded half to even.

    ``period`` [trades], in ``[0, periods)``, is where each trade belongs, such as its slot or
    day. Raises ValueError as :func:`prices`, and
    :class:`~gridpact.base.errors.NumberOverflow` where a period's energy does not fit 64 bits.
    """
    _check(price_micro_per_kwh, energy_wh)
    energy = total_by(period, energy_wh, periods)
    worth = np.zeros(periods, dtype=object)
    np.add.at(worth, period, energy_wh.astype(object) * price_micro_per_kwh)
    mean = [
        round_half_even(int(each), wh) if wh else 0
        for each, wh in zip(worth, energy.tolist(), strict=True)
    ]
    return PricesOverTime(energy, np.array(mean, dtype=np.int64))


def prices_by_slot(clearing: Clearing) -> PricesOverTime:
    """Prices of a uniform-price clearing, slot by slot."""
    price = np.where(clearing.traded, clearing.price_micro_per_kwh, 0)
    return PricesOverTime(clearing.volume_wh, price)


def _check(price: Ints, energy: Ints) -> None:
    if price.shape != energy.shape or price.ndim != 1:
        raise ValueError("prices and energy must be columns of one length")
    if np.any(energy < 0):
        raise ValueError("traded energy must not be negative")


def _by_price(price: Ints, energy: Ints) -> tuple[list[int], list[int]]:
    """Distinct prices, rising, and the energy at each, as Python's integers."""
    _check(price, energy)
    order = np.argsort(price, kind="stable")
    order = order[energy[order] > 0]
    price, energy = price[order], energy[order]
    starts = np.flatnonzero(np.diff(price, prepend=price[:1] - 1))
    if not starts.size:
        return [], []
    wide = magnitude(energy) * energy.size > INT64_MAX
    sums = np.add.reduceat(energy.astype(object) if wide else energy, starts)
    return price[starts].tolist(), sums.tolist()


def _root(square: int, divisor: int) -> int:
    """√square ÷ divisor to the nearest whole, upwards from the middle."""
    return (isqrt(4 * square // (divisor * divisor)) + 1) // 2


def _quantiles(price: list[int], energy: list[int], levels: Sequence[int]) -> tuple[int, ...]:
    """The first price at or below which enough of the energy traded, for each level."""
    up_to = list(accumulate(energy))
    enough = [-(-level * up_to[-1] // MICRO_PER_UNIT) for level in levels]
    return tuple(price[bisect_left(up_to, wh)] for wh in enough)
