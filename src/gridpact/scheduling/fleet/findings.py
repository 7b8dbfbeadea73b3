"""Faults collected while a fleet is looked through, and the checks that every table shares."""

from __future__ import annotations

import numpy as np

from gridpact.base.errors import BadInput, Fault
from gridpact.base.units import Bools, Floats, Ints
from gridpact.scheduling.fleet.columns import Values


class Findings:
    """What is wrong with a fleet; rows are named as ``table[row].field``."""

    def __init__(self) -> None:
        self.faults: list[Fault] = []

    def add(self, where: str, problem: str, fix: str) -> None:
        """Note one fault."""
        self.faults.append(Fault("fleet", 0, where, problem, fix))

    def rows(self, wrong: Bools, where: str, problem: str, fix: str, **shown: Values) -> None:
        """Note a fault for every row that is wrong; ``{name}`` in ``problem`` shows its value.

        ``wrong`` is [rows] or [rows, slots] (the first slot of a row is named); ``{}`` in
        ``where`` becomes the row. ``shown`` values have the shape of ``wrong``.
        """
        for row in np.flatnonzero(wrong.any(axis=1) if wrong.ndim == 2 else wrong).tolist():
            slot = int(np.argmax(wrong[row])) if wrong.ndim == 2 else -1
            place = (row,) if slot < 0 else (row, slot)
            values = {
                name: f"{np.broadcast_to(np.asarray(array), wrong.shape)[place]:g}"
                for name, array in shown.items()
            }
            when = f", slot {slot}" if slot >= 0 else ""
            self.add(where.format(row) + when, problem.format(**values), fix)

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
        if len(shape) == 2 and np.ndim(values) < 2:
            flat = self.number(where, values, shape[:1], bounds)
            return None if flat is None else np.broadcast_to(flat[:, None], shape)
        array = self._spread(where, values, shape)
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

    def _spread(self, where: str, values: Values, shape: tuple[int, ...]) -> Floats | None:
        array = np.asarray(values)
        name = where.replace("[{}]", "")
        if array.dtype.kind not in "iuf":
            self.add(name, f"holds {array.dtype}, not numbers", "give int64 or float64")
            return None
        array = array.astype(np.float64)
        if array.shape not in ((), shape[:1], shape):
            self.add(name, f"has shape {array.shape}", f"give one number, or {shape}")
            return None
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
            self.add(where.replace("[{}]", ""), "holds fractions", "give whole numbers (int64)")
            return None
        low, high = bounds
        outside = (array < low) | (array > high)
        self.rows(outside, where, problem, f"give a number from {low} to {high}", value=array)
        return np.clip(array, low, high).astype(np.int64)

    def refuse(self) -> None:
        """Raise :class:`BadInput` with everything found; nothing where all is well."""
        if self.faults:
            raise BadInput(self.faults)
