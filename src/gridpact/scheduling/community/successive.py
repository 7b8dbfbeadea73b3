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
INSIDE = 40_000
"""Columns beyond which a solve goes through the inside and not on to a corner: its time grows with
the programme, that of the simplex method with the square of it, and so does finding a corner."""
NEAR, STEPS = 1e-7, 1_000
"""Tolerance on rows [Wh] and reduced costs there, and most steps."""


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
        self.found: Floats | None = None
        """What was found last; it keeps all bounds that were set since."""

    @property
    def size(self) -> int:
        """Number of columns."""
        return len(self.lower)

    @property
    def rough(self) -> bool:
        """Whether answers are rougher than those of the simplex method, by a hundredth of a Wh."""
        return bool(self.whole.any()) or self.size > INSIDE

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
                self.found = found[0]
                return found
        best = None if self._search.over else minimise(arrays, self._search)
        if best is None:
            raise StoppedError
        self.found = best.values
        return best.values, best.row_dual

    def _solver(self) -> Highs:
        """A solver for this size; a corner is needed where columns should be whole numbers."""
        if self.size <= INSIDE:
            return quiet_solver(
                simplex_iteration_limit=ITERATIONS,
                primal_feasibility_tolerance=FINE,
                dual_feasibility_tolerance=FINE,
            )
        return quiet_solver(
            solver="ipm",
            run_crossover="on" if self.whole.any() else "choose",
            ipm_iteration_limit=STEPS,
            simplex_iteration_limit=ITERATIONS,
            primal_feasibility_tolerance=NEAR,
            dual_feasibility_tolerance=NEAR,
        )

    def _look(self, event: HighsCallbackEvent) -> None:
        if self._cancelled():
            event.interrupt()

    def _again(self, arrays: LinearProgramme) -> tuple[Floats, Floats] | None:
        """Solve without whole numbers from where the last solve ended; None where that fails."""
        if self.size > WARM:
            self._highs = None
        if self._highs is None:
            self._highs = self._solver()
            load(self._highs, arrays)
            self._highs.cbSimplexInterrupt.subscribe(self._look)
            self._highs.cbIpmInterrupt.subscribe(self._look)
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
