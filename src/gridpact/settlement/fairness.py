"""How evenly something is divided over members: four measures, exact fractions of whole numbers.

None stands for a measure that says nothing. Jain's index, the ratio of least to most and the
quality of experience are those by which energy collectives are compared (F. Moret and P. Pinson,
Energy collectives, IEEE Transactions on Power Systems 34, 2019).
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import isqrt

_FINE = 1_000_000


def jain(amounts: Sequence[int]) -> Fraction | None:
    """Return Jain's index of amounts: (Σx)² ÷ (n Σx²), 1 where all have the same, 1/n for one.

    None where somebody has less than nothing, or nobody anything. Source: R. Jain, D. Chiu,
    W. Hawe, A quantitative measure of fairness and discrimination, DEC-TR-301, 1984.
    """
    squares = sum(each * each for each in amounts)
    if not squares or min(amounts) < 0:
        return None
    return Fraction(sum(amounts) ** 2, len(amounts) * squares)


def gini(amounts: Sequence[int]) -> Fraction | None:
    """Return the Gini coefficient: 0 where all have the same, near 1 where one has all.

    Half the mean difference between two members, as a share of the mean (C. Gini, 1912). None as
    for :func:`jain`.
    """
    total, count = sum(amounts), len(amounts)
    if not amounts or min(amounts) < 0 or not total:
        return None
    ordered = sorted(amounts)
    weighted = sum((2 * place - count + 1) * each for place, each in enumerate(ordered))
    return Fraction(weighted, count * total)


def least_to_most(amounts: Sequence[int]) -> Fraction | None:
    """Return the least amount as a share of the most; None as for :func:`jain`."""
    if not amounts or min(amounts) < 0 or not max(amounts):
        return None
    return Fraction(min(amounts), max(amounts))


def experience(qualities: Sequence[int], high: int) -> Fraction | None:
    """Return how alike members' qualities are, each from 0 to ``high``: 1 − 2σ ÷ high.

    σ is the standard deviation of all members: where half of them have all and half nothing, it is
    0. To a millionth; None where there are no members; ValueError for what is no quality. Source:
    T. Hoßfeld, L. Skorin-Kapov, P. E. Heegaard, M. Varela, Definition of QoE fairness in shared
    systems, IEEE Communications Letters 21, 2017.
    """
    if not qualities:
        return None
    if min(qualities) < 0 or max(qualities) > high:
        raise ValueError("a quality is between 0 and the highest")
    count = len(qualities)
    spread = count * sum(each * each for each in qualities) - sum(qualities) ** 2  # n²σ²
    return 1 - Fraction(2 * isqrt(spread * _FINE**2), count * high * _FINE)
