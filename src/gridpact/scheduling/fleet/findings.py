"""Faults collected while a fleet is looked through, and the checks that every table shares."""

from __future__ import annotations

from copy import copy

import numpy as np
from numpy.typing import NDArray

from gridpact.base.errors import BadInput, Fault
from gridpact.base.units import Bools, Floats, Ints
from gridpact.scheduling.fleet.columns import Values


def as_array(values: object) -> NDArray[np.generic] | None:
    """Return values as an array; None for rows of unequal length."""
    try:
        return np.asarray(values)
    except ValueError:
        return None


class Findings:
    """What is wrong with a fleet; rows are named as ``table[row].field``."""

    def __init__(self) -> None:
        self.faults: list[Fault] = []
        self._faulty: dict[str, set[int]] = {}
        self._unread: set[str] = set()
        self.numbers: Ints | None = None

    def add(self, where: str, problem: str, fix: str) -> None:
        """Note one fault."""
        self.faults.append(Fault("fleet", 0, where, problem, fix))

    def sound(self, table: str, rows: int) -> Bools:
        """Mark rows of a table of which nothing wrong was found so far [rows].

        None of them where a whole column could not be read.
        """
        fine = np.full(rows, table not in self._unread)
        fine[list(self._faulty.get(table, ()))] = False
        return fine

    def of(self, rows: Ints) -> Findings:
        """These findings, to look through a table that is cut down to some rows."""
        part = copy(self)
        part.numbers = rows
        return part

    def unread(self, where: str, problem: str, fix: str) -> None:
        """Note a column that cannot be read."""
        self._unread.add(_table(where))
        self.add(where.replace("[{}]", ""), problem, fix)

    def rows(self, wrong: Bools, where: str, problem: str, fix: str, **shown: Values) -> None:
        """Note a fault for every row that is wrong; ``{name}`` in ``problem`` shows its value.

        ``wrong`` is [rows] or [rows, slots] (the first slot of a row is named); ``{}`` in
        ``where`` becomes the row. ``shown`` values have the shape of ``wrong``.
        """
        for row in np.flatnonzero(wrong.any(axis=1) if wrong.ndim == 2 else wrong).tolist():
            slot = int(np.argmax(wrong[row])) if wrong.ndim == 2 else -1
            place = (row,) if slot < 0 else (row, slot)
            number = row if self.numbers is None else int(self.numbers[row])
            self._faulty.setdefault(_table(where), set()).add(number)
            values = {
                name: f"{np.broadcast_to(np.asarray(array), wrong.shape)[place]:g}"
                for name, array in shown.items()
            }
            when = f", slot {slot}" if slot >= 0 else ""
            self.add(where.format(number) + when, problem.format(**values), fix)

    def unpriced(self, table: str, budget: Values, price: Values) -> None:
        """Note rows with a budget where ``budget_price`` is left out, so that none would count."""
        if np.ndim(price) == 0 and price == 0:
            limited = np.isfinite(np.atleast_1d(budget))
            self.rows(
                limited,
                table + "[{}].budget",
                "a budget without a price counts nothing",
                "give budget_price, or leave budget out",
            )

    def number(
        self, where: str, values: Values, shape: tuple[int, ...], bounds: tuple[float, float]
    ) -> Floats | None:
        """Read a value that must be a number within bounds (infinite only where a bound is).

        ``shape`` is [rows] or [rows, slots]; returns the values spread over it, None where they
        cannot be or hold no numbers. Values outside the bounds are noted and replaced by a bound.
        """
        given = as_array(values)
        if len(shape) == 2 and given is not None and given.ndim < 2:
            flat = self._bounded(where, self._spread(where, values, shape, shape[:1]), bounds)
            return None if flat is None else np.broadcast_to(flat[:, None], shape)
        return self._bounded(where, self._spread(where, values, shape), bounds)

    def _bounded(
        self, where: str, array: Floats | None, bounds: tuple[float, float]
    ) -> Floats | None:
        """Note values outside the bounds."""
        if array is None:
            return None
        low, high = bounds
        if np.all((array >= low) & (array <= high)):
            return array
        self.rows(np.isnan(array), where, "not a number", "give a number")
        infinite = np.isinf(array) & ((array > 0) & ~np.isinf(high) | (array < 0) & ~np.isinf(low))
        self.rows(infinite, where, "infinite", "give a finite number")
        outside = ~infinite & ((array < low) | (array > high))
        meant = f"give a number from {low:g} to {high:g}".replace(" to inf", " up")
        self.rows(outside, where, "{value}", meant, value=array)
        return np.clip(np.nan_to_num(array, nan=max(low, 0.0), posinf=np.inf), low, high)

    def _spread(
        self,
        where: str,
        values: Values,
        shape: tuple[int, ...],
        used: tuple[int, ...] | None = None,
    ) -> Floats | None:
        """Spread over ``used``, of which ``shape`` is what could be given as well."""
        array, used = as_array(values), used or shape
        if array is None or array.dtype.kind not in "iuf":
            kind = "rows of unequal length" if array is None else f"{array.dtype}, not numbers"
            self.unread(where, f"holds {kind}", "give int64 or float64")
            return None
        array = array.astype(np.float64)
        if array.shape not in ((), shape[:1], used):
            self.unread(where, f"has shape {array.shape}", _shapes(shape))
            return None
        shape = used
        if array.ndim == 1 and len(shape) == 2:
            array = array[:, None]
        return np.broadcast_to(array, shape)

    def whole(
        self,
        where: str,
        values: Ints | int,
        rows: int,
        bounds: tuple[int, int],
        problem: str = "{value}",
    ) -> Ints | None:
        """Read whole numbers [rows] within bounds; as :meth:`number`."""
        array = self._spread(where, values, (rows,))
        if array is None:
            return None
        if np.asarray(values).dtype.kind not in "iu":
            self.unread(where, "holds fractions", "give whole numbers (int64)")
            return None
        low, high = bounds
        outside = (array < low) | (array > high)
        self.rows(outside, where, problem, f"give a number from {low} to {high}", value=array)
        return np.clip(array, low, high).astype(np.int64)

    def refuse(self) -> None:
        """Raise :class:`BadInput` with everything found; nothing where all is well."""
        if self.faults:
            raise BadInput(self.faults)


def _table(where: str) -> str:
    """Table that a place is in."""
    return where.partition("[")[0].partition(".")[0]


def _shapes(shape: tuple[int, ...]) -> str:
    """Say how a column of a shape can be given."""
    if len(shape) == 1:
        return f"give one number, or one per row {shape}"
    return f"give one number, one per row {shape[:1]}, or one per row and slot {shape}"
