"""One linear programme solved again and again, each time from where it was left.

Between two solves costs and bounds change. Whole numbers are searched for only where the programme
without them answers in fractions.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from gridpact.base.solver import OPTIMAL, LinearProgramme, load, quiet_solver, run
from gridpact.base.units import Bools, Floats, Ints
from gridpact.scheduling.programme import Programme
from gridpact.scheduling.reference.highs import FINE, Search, minimise

if TYPE_CHECKING:
    from highspy import Highs
    from highspy.highs import HighsCallbackEvent

WHOLE = 1e-6
"""What is as near to a whole number counts as one."""
WARM = 4_000
"""Columns up to which a solve goes on from the last one; larger ones are made smaller first."""
ITERATIONS = 200_000
"""Most steps of the simplex method in one solve; with 400 storages most take under 40,000."""
LIMITED = "Iteration limit reached"


class StoppedError(Exception):
    """A solve was cancelled or took too long, or rounding left nothing to find."""


class Successive:
    """A programme whose bounds may be changed in place: ``lower``, ``upper``, ``row_upper``.

    ``whole`` marks columns that take whole numbers; it may be changed too.
    """

    def __init__(self, programme: Programme, nodes: int, cancelled: Callable[[], bool]) -> None:
        arrays = programme.arrays()
        names = ("lower", "upper", "row_upper", "whole")
        copies = {name: getattr(arrays, name).copy() for name in names}
        self._arrays = msgspec.structs.replace(arrays, **copies)
        self._cancelled = cancelled
        self._search = Search(nodes=nodes, cancelled=cancelled)
        self._highs: Highs | None = None
        self._passed = self._arrays

    @property
    def size(self) -> int:
        """Number of columns."""
        return len(self.lower)

    @property
    def lower(self) -> Floats:
        """Lower bounds of columns."""
        return self._arrays.lower

    @property
    def upper(self) -> Floats:
        """Upper bounds of columns."""
        return self._arrays.upper

    @property
    def row_upper(self) -> Floats:
        """Upper bounds of rows."""
        return self._arrays.row_upper

    @property
    def whole(self) -> Bools:
        """Which columns are whole numbers."""
        return self._arrays.whole

    def least(self, columns: Ints, cost: Floats | float) -> tuple[Floats, Floats]:
        """Values and duals of rows where these columns cost least in all, and others nothing.

        Raises :class:`StoppedError` where nothing was found in time.
        """
        paid = np.zeros(len(self.lower))
        paid[columns] = cost
        arrays = msgspec.structs.replace(self._arrays, cost=paid)
        found = self._again(arrays)
        if found is not None:
            part = found[0][self.whole]
            if not part.size or np.abs(part - np.round(part)).max() <= WHOLE:
                return found
        best = None if self._search.over else minimise(arrays, self._search)
        if best is None:
            raise StoppedError
        return best.values, best.row_dual

    def _look(self, event: HighsCallbackEvent) -> None:
        if self._cancelled():
            event.interrupt()

    def _again(self, arrays: LinearProgramme) -> tuple[Floats, Floats] | None:
        """Solve without whole numbers from where the last solve ended; None where that fails."""
        if self.size > WARM:
            self._highs = None
        if self._highs is None:
            self._highs = quiet_solver(
                simplex_iteration_limit=ITERATIONS,
                primal_feasibility_tolerance=FINE,
                dual_feasibility_tolerance=FINE,
            )
            load(self._highs, arrays)
            self._highs.cbSimplexInterrupt.subscribe(self._look)
        else:
            _pass_changes(self._highs, arrays, self._passed)
        copies = {name: getattr(arrays, name).copy() for name in ("lower", "upper", "row_upper")}
        self._passed = msgspec.structs.replace(arrays, **copies)
        status = run(self._highs)
        if status != OPTIMAL:
            self._highs = None
            if status == LIMITED or self._cancelled():
                raise StoppedError
            return None
        solution = self._highs.getSolution()
        return np.array(solution.col_value), np.array(solution.row_dual)


def _pass_changes(highs: Highs, arrays: LinearProgramme, passed: LinearProgramme) -> None:
    every = np.arange(len(arrays.cost), dtype=np.int32)
    highs.changeColsCost(len(every), every, arrays.cost)
    moved = np.flatnonzero((arrays.lower != passed.lower) | (arrays.upper != passed.upper))
    columns = moved.astype(np.int32)
    highs.changeColsBounds(len(columns), columns, arrays.lower[moved], arrays.upper[moved])
    for row in np.flatnonzero(arrays.row_upper != passed.row_upper).tolist():
        highs.changeRowBounds(row, float(arrays.row_lower[row]), float(arrays.row_upper[row]))
