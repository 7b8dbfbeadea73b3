"""Classes of slots in which a value is the same, so that it need not be computed slot by slot.

A time-of-use price knows two or three kinds of slots, a total is 0 in all but a period's last. Such
values are kept one column a class and spread over the slots where they meet others.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gridpact.base.units import Bools, Ints
from gridpact.contracts.cells import Cells

_MOSTLY = 0.9


class Classes:
    """A partition of the slots.

    ``labels`` [slots] is each one's class, ``first`` [classes] the first slot of each, ``sizes``
    [classes] how many slots each has.
    """

    def __init__(self, labels: Ints) -> None:
        _, self.first, self.labels, self.sizes = np.unique(
            labels, return_index=True, return_inverse=True, return_counts=True
        )
        self._largest = int(np.argmax(self.sizes)) if labels.size else 0
        self._others: Ints | None = None
        if self.sizes.max(initial=0) > _MOSTLY * labels.size:
            self._others = np.flatnonzero(self.labels != self._largest)

    @property
    def count(self) -> int:
        """How many classes there are."""
        return len(self.first)

    def spread(self, value: Cells) -> Cells:
        """Return a value [.., classes] as [.., slots]."""
        low = self._spread(value.low)
        present = None if value.present is None else value.present[..., self.labels]
        return Cells(low, low if value.is_point else self._spread(value.high), present, value.peak)

    def _spread(self, values: Ints) -> Ints:
        if self._others is None or values.ndim < 2:
            return np.take(values, self.labels, axis=-1)
        found = np.empty((*values.shape[:-1], len(self.labels)), dtype=np.int64)
        found[:] = values[..., self._largest, np.newaxis]
        found[..., self._others] = values[..., self.labels[self._others]]
        return found


ONE_CLASS = Classes(np.zeros(1, dtype=np.int64))
"""The class of values without a slot axis: [.., 1] or 0-d, which broadcast to any other."""


def refined(parts: Sequence[Classes | None], most: int) -> Classes | None:
    """Return the coarsest partition that refines all, None where one is or it has too many."""
    found = ONE_CLASS
    for part in parts:
        if part is None:
            return None
        if found is ONE_CLASS or part is found:
            found = part
        elif part is not ONE_CLASS:
            found = Classes(found.labels * part.count + part.labels)
    return found if found.count <= most else None


def of_values(value: Cells, most: int) -> Classes | None:
    """Return the classes of a value that is the same for all contracts."""
    if value.low.ndim == 0 and value.is_point:
        return ONE_CLASS
    if value.present is not None or value.low.ndim != 1 or not value.is_point:
        return None
    found = Classes(value.low)
    return found if found.count <= most else None


def of_ends(segments: Sequence[slice], slots: int, most: int) -> Classes | None:
    """Return the classes of a total: the last slot of each period, and all the others."""
    ends = [segment.stop - 1 for segment in segments]
    if not 0 < len(ends) < min(slots, most):
        return None
    labels = np.zeros(slots, dtype=np.int64)
    labels[ends] = np.arange(1, len(ends) + 1)
    return Classes(labels)


def picked(value: Cells, columns: Ints) -> Cells:
    """Return some columns of a value."""
    low = value.low[..., columns]
    present: Bools | None = None if value.present is None else value.present[..., columns]
    return Cells(low, low if value.is_point else value.high[..., columns], present, value.peak)
