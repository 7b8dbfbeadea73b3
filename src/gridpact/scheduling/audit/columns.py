"""Rows of a table as full arrays, read plainly: a number stands for all, a list for all slots."""

from __future__ import annotations

import msgspec
import numpy as np

from gridpact.base.units import Floats, Ints


class Rows(msgspec.Struct, frozen=True):
    """Some rows of a table, with the fleet's slots and the hours of a slot."""

    name: str
    table: msgspec.Struct
    rows: Ints
    slots: int
    hours: float

    def whole(self, column: str) -> Ints:
        """Whole numbers [rows]."""
        return np.asarray(self.number(column), np.int64)

    def number(self, column: str) -> Floats:
        """Numbers [rows]."""
        values = np.asarray(getattr(self.table, column), np.float64)
        return np.full(len(self.rows), float(values)) if values.ndim == 0 else values[self.rows]

    def by_slot(self, column: str) -> Floats:
        """Numbers [rows, slots]."""
        values = np.asarray(getattr(self.table, column), np.float64)
        if values.ndim == 2:
            return np.asarray(values[self.rows], np.float64)
        return np.repeat(self.number(column)[:, None], self.slots, axis=1)

    def steps(self, column: str) -> Floats:
        """Numbers of every step of a programme [rows, steps]."""
        return np.asarray(np.asarray(getattr(self.table, column), np.float64)[self.rows])

    def energy(self, column: str) -> Floats:
        """Powers as energies of a slot [rows, slots] Wh."""
        return self.by_slot(column) * self.hours
