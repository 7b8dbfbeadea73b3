"""HiGHS behind one call: exact, single-threaded, without wall-clock limits, so repeatable."""

from __future__ import annotations

import msgspec
import numpy as np

from gridpact.base.solver import (
    NO_LIMIT,
    OPTIMAL,
    LinearProgramme,
    has_values,
    load,
    quiet_solver,
    run,
    set_options,
)
from gridpact.base.units import Floats, Ints
from gridpact.scheduling.fleet.branch import Relaxed, best_whole
from gridpact.scheduling.programme import Arrays

GAP = 1e2
"""A mixed-integer answer is proved within this many nano-¤ (10⁻⁷ ¤): less than a Wh costs."""
NODES = 120
"""Relaxations our own search may solve; binaries that are no starts can need HiGHS's cuts."""
TREE = 50
"""Nodes that HiGHS may then explore. Where a kWh earns more than it costs in most slots a proof
can take for ever; the best answer found is taken, and what it may lack is reported."""
SMALL = 5_000
"""Columns up to which presolve costs more than it saves."""


class Answer(msgspec.Struct, frozen=True):
    """Column values, row duals (cost per unit of the bound) and the objective."""

    values: Floats
    row_dual: Floats
    objective: float


class Optimiser:
    """One HiGHS object, its options set once; reused from programme to programme.

    ``unproved`` adds up [nano-¤] what mixed-integer answers may lack to the optimum.
    """

    def __init__(self) -> None:
        self.unproved = 0.0
        self._highs = quiet_solver(mip_rel_gap=0.0, mip_abs_gap=GAP, mip_max_nodes=TREE)

    def minimise(self, arrays: Arrays) -> Answer:
        """Return the optimum; whole columns are exact, duals are those with them fixed.

        The optimum of a mixed-integer programme is proved, or its lack added to ``unproved``.

        Raises
        ------
        RuntimeError
            No optimum was found. Every programme of this room has one, so that is a defect.
        """
        if not arrays.whole.any():
            return self.relaxed(arrays)
        whole = np.flatnonzero(arrays.whole)
        found = self._branched(arrays, whole)
        if found is None:
            load(self._highs, arrays, mixed=True)
            self._search()
            found = np.round(np.array(self._highs.getSolution().col_value)[whole])
        lower, upper = arrays.lower.copy(), arrays.upper.copy()
        lower[whole] = upper[whole] = found
        return self.relaxed(msgspec.structs.replace(arrays, lower=lower, upper=upper))

    def relaxed(self, arrays: LinearProgramme) -> Answer:
        """Solve with whole columns free to be fractions."""
        load(self._highs, arrays)
        self._run("off" if len(arrays.cost) <= SMALL else "choose")
        return self._answer()

    def _answer(self) -> Answer:
        solution = self._highs.getSolution()
        return Answer(
            np.array(solution.col_value),
            np.array(solution.row_dual),
            float(self._highs.getObjectiveValue()),
        )

    def _branched(self, arrays: Arrays, whole: Ints) -> Floats | None:
        """Best whole columns by our own search, None where HiGHS's is the better one."""
        self.relaxed(arrays)
        set_options(self._highs, presolve="off")  # keeps the basis from node to node
        columns = whole.astype(np.int32)

        def solve(lower: Floats, upper: Floats) -> Relaxed | None:
            self._highs.changeColsBounds(len(columns), columns, lower, upper)
            if run(self._highs) != OPTIMAL:
                return None
            values = np.array(self._highs.getSolution().col_value)[whole]
            return Relaxed(float(self._highs.getObjectiveValue()), values)

        return best_whole(solve, arrays.group[whole], GAP, NODES)

    def _search(self) -> None:
        """Search the tree; where it is too large, take the best answer and note what it may lack.

        A tree cut short without any answer is searched to its end.
        """
        set_options(self._highs, presolve="choose")
        status = run(self._highs)
        if not has_values(self._highs):
            set_options(self._highs, mip_max_nodes=NO_LIMIT)
            self._run("choose")
            set_options(self._highs, mip_max_nodes=TREE)
        elif status != OPTIMAL:
            info = self._highs.getInfo()
            self.unproved += info.objective_function_value - info.mip_dual_bound

    def _run(self, presolve: str) -> None:
        """Run; a second time from scratch with presolve the other way if that failed."""
        for choice in (presolve, "on" if presolve == "off" else "off"):
            set_options(self._highs, presolve=choice)
            status = run(self._highs)
            if status == OPTIMAL:
                return
            self._highs.clearSolver()
        raise RuntimeError(f"no optimum: {status}")
