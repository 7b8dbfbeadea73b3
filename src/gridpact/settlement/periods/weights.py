"""Weighted sums over slots, exact: what each member has in a slot times what holds for all.

Products of whole numbers are added up as floats where every partial sum is below 2⁵³, so that each
is a whole number that a float holds exactly and the order of adding does not matter (IEEE 754);
otherwise as checked int64.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
import numpy as np

from gridpact.base.slots import Slots, overlap
from gridpact.base.units import Ints, checked_multiply, checked_sum, magnitude
from gridpact.contracts.evaluate import Sheet, World
from gridpact.contracts.times import Between
from gridpact.settlement.periods.energy import of_all
from gridpact.settlement.periods.rules import Span
from gridpact.settlement.periods.terms import Weighted

_EXACT = 2**53


class Column(msgspec.Struct, frozen=True):
    """A weight by slot: column ``at`` of the weights of ``series``."""

    series: str
    at: int


class Weights:
    """The weights of a period, by the series that they weigh."""

    def __init__(self, prices: World, slots: Slots) -> None:
        self._sheet = Sheet(prices, slots)
        self._slots = slots
        self._columns: dict[str, list[Ints]] = {}
        self._known: dict[tuple[str, bytes], Column] = {}

    def add(self, part: Weighted, span: Span) -> Column:
        """Evaluate a weight over a span; it is 0 outside.

        Raises MissingSeries where a value is absent within the span, and as all terms do.
        """
        within = Between(max(span.first_s, self._slots.start), min(span.end_s, self._slots.end))
        value = self._sheet.needed(within * part.weight).low
        return self._put(of_all(part.series), np.broadcast_to(value, self._slots.count))

    def add_all(self, series: str) -> Column:
        """Weigh every slot of a series with 1."""
        return self._put(series, np.ones(self._slots.count, np.int64))

    def _put(self, series: str, values: Ints) -> Column:
        key = series, values.tobytes()
        if key not in self._known:
            mine = self._columns.setdefault(series, [])
            mine.append(np.array(values))
            self._known[key] = Column(series, len(mine) - 1)
        return self._known[key]

    @property
    def series(self) -> Iterable[str]:
        """Names of the series that have weights."""
        return self._columns.keys()

    def sums(self, series: str, values: Ints, slots: Slots) -> Ints:
        """Return the sums over slots of values [members, slots], int64 [members, columns].

        Raises :class:`~gridpact.base.errors.NumberOverflow`.
        """
        here, _ = overlap(self._slots, slots)
        columns = [column[here] for column in self._columns[series]]
        found = np.zeros((len(values), len(columns)), np.int64)
        if not any(values.strides):  # nothing, laid over all of the block
            return found
        # most weights are the same all day: a flat price, or the 1 that counts energy
        level = [bool((column == column[:1]).all()) for column in columns]
        if any(level):
            whole = _summed(values)
            for at in np.flatnonzero(level):
                found[:, at] = checked_multiply(whole, columns[at][:1])
        rest = np.flatnonzero(~np.array(level))
        if rest.size:
            found[:, rest] = _weighted(values, np.stack([columns[at] for at in rest], axis=1))
        return found


def _summed(values: Ints) -> Ints:
    if values.dtype.itemsize < 8:  # no sum of so many narrow numbers leaves 64 bits
        return np.asarray(values.sum(axis=1, dtype=np.int64))
    return checked_sum(values, axis=1)


def _weighted(values: Ints, columns: Ints) -> Ints:
    """Return the products with columns [slots, columns], exactly."""
    wide = values.astype(np.int64, copy=False)
    if magnitude(wide) * magnitude(columns) * max(len(columns), 1) <= _EXACT:
        product = values.astype(np.float64) @ columns.astype(np.float64)
        return np.asarray(product.astype(np.int64))
    exact = [checked_sum(checked_multiply(wide, each), axis=1) for each in columns.T]
    return np.stack(exact, axis=1)
