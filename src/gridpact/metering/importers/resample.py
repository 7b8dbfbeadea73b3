"""Values from one interval length to another, in whole numbers.

Energy is summed into longer intervals and divided into shorter ones by largest remainder, so
sums are kept to the last Wh. Prices and levels are repeated, or averaged over time.
"""

from __future__ import annotations

from math import gcd
from typing import TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from gridpact.base.rounding import half_even
from gridpact.base.units import Bools, Floats, Ints

Scalar = TypeVar("Scalar", bound=np.generic)


class Groups(msgspec.Struct, frozen=True):
    """How intervals fall into ``number`` groups of ``size`` from ``first`` [s since the epoch].

    ``lead`` intervals are missing from the first group, because the data begins later.
    """

    first: int
    number: int
    size: int
    lead: int


def part(step: int, target: int, start: int) -> int:
    """Longest interval [s] that divides both steps and keeps to where the data begins."""
    return gcd(gcd(step, target), start % target)


def groups(start: int, step: int, count: int, target: int) -> Groups:
    """Cover ``count`` intervals of ``step`` with whole intervals of ``target`` [s]."""
    first = start // target * target
    number = -(-(start + step * count - first) // target)
    return Groups(first, number, target // step, (start - first) // step)


def divide(values: Ints, parts: int) -> Ints:
    """Divide each amount [rows, n] into ``parts`` equal whole shares [rows, n × parts].

    The largest-remainder rule with equal weights: the first ``amount mod parts`` shares get one
    more, so every group adds up to the amount it came from. Amounts must not be negative.
    """
    base, rest = np.divmod(values, parts)
    shares = base[..., None] + (np.arange(parts) < rest[..., None])
    return np.asarray(shares.reshape(values.shape[0], -1), dtype=np.int64)


def gather(values: Ints, present: Bools, into: Groups) -> tuple[Ints, Bools]:
    """Sum [rows, n] into groups [rows, number]; a group that lacks a part is not present."""
    whole = np.asarray(_pad(present, into).all(axis=-1), dtype=np.bool_)
    return np.where(whole, _pad(values, into).sum(axis=-1), 0).astype(np.int64), whole


def average(values: Ints, present: Bools, into: Groups) -> tuple[Ints, Bools]:
    """Mean of each group, rounded half to even; a group that lacks a part is not present."""
    sums, whole = gather(values, present, into)
    return half_even(sums, into.size), whole


def average_levels(values: Floats, present: Bools, into: Groups) -> tuple[Floats, Bools]:
    """Mean of each group as floats; a group that lacks a part is not present."""
    whole = _pad(present, into).all(axis=-1)
    return np.where(whole, _pad(values, into).mean(axis=-1), 0.0), np.asarray(whole)


def _pad(values: NDArray[Scalar], into: Groups) -> NDArray[Scalar]:
    """Lay [rows, n] out as [rows, number, size], with zeros (absence) before and after."""
    after = into.number * into.size - into.lead - values.shape[1]
    edges = [np.zeros((values.shape[0], width), dtype=values.dtype) for width in (into.lead, after)]
    padded = np.concatenate((edges[0], values, edges[1]), axis=1)
    return padded.reshape(values.shape[0], into.number, into.size)
