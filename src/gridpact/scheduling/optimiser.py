"""HiGHS behind one call: exact, single-threaded, without wall-clock limits, so repeatable."""

from __future__ import annotations

import msgspec
import numpy as np

from gridpact.base.units import Floats, Ints
from gridpact.scheduling.branch import Relaxed, best_whole
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
        import highspy

        self.unproved = 0.0
        self._api = highspy
        self._highs = highspy.Highs()  # type: ignore[no-untyped-call]
        options: dict[str, bool | int | float | str] = {
            "output_flag": False,
            "threads": 1,
            "parallel": "off",
            "random_seed": 0,
            "mip_rel_gap": 0.0,
            "mip_abs_gap": GAP,
            "mip_max_nodes": TREE,
        }
        for option, value in options.items():
            self._highs.setOptionValue(option, value)

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
            self._pass(arrays, mixed=True)
            self._search()
            found = np.round(np.array(self._highs.getSolution().col_value)[whole])
        lower, upper = arrays.lower.copy(), arrays.upper.copy()
        lower[whole] = upper[whole] = found
        return self.relaxed(msgspec.structs.replace(arrays, lower=lower, upper=upper))

    def relaxed(self, arrays: Arrays) -> Answer:
        """Solve with whole columns free to be fractions."""
        self._pass(arrays, mixed=False)
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
        self._highs.setOptionValue("presolve", "off")  # keeps the basis from node to node
        columns = whole.astype(np.int32)
        status = self._api.HighsModelStatus

        def solve(lower: Floats, upper: Floats) -> Relaxed | None:
            self._highs.changeColsBounds(len(columns), columns, lower, upper)
            self._highs.run()
            if self._highs.getModelStatus() != status.kOptimal:
                return None
            values = np.array(self._highs.getSolution().col_value)[whole]
            return Relaxed(float(self._highs.getObjectiveValue()), values)

        return best_whole(solve, arrays.group[whole], GAP, NODES)

    def _pass(self, arrays: Arrays, *, mixed: bool) -> None:
        api = self._api
        lp = api.HighsLp()
        lp.num_col_, lp.num_row_ = len(arrays.cost), len(arrays.row_lower)
        lp.col_cost_, lp.col_lower_, lp.col_upper_ = arrays.cost, arrays.lower, arrays.upper
        lp.row_lower_, lp.row_upper_ = arrays.row_lower, arrays.row_upper
        lp.a_matrix_.start_ = arrays.start
        lp.a_matrix_.index_, lp.a_matrix_.value_ = arrays.index, arrays.value
        if mixed:
            kinds = (api.HighsVarType.kContinuous, api.HighsVarType.kInteger)
            lp.integrality_ = [kinds[whole] for whole in arrays.whole.tolist()]
        self._highs.passModel(lp)

    def _search(self) -> None:
        """Search the tree; where it is too large, take the best answer and note what it may lack.

        A tree cut short without any answer is searched to its end.
        """
        self._highs.setOptionValue("presolve", "choose")
        self._highs.run()
        info = self._highs.getInfo()
        if info.primal_solution_status != self._api.SolutionStatus.kSolutionStatusFeasible:
            self._highs.setOptionValue("mip_max_nodes", self._api.kHighsIInf)
            self._run("choose")
            self._highs.setOptionValue("mip_max_nodes", TREE)
        elif self._highs.getModelStatus() != self._api.HighsModelStatus.kOptimal:
            self.unproved += info.objective_function_value - info.mip_dual_bound

    def _run(self, presolve: str) -> None:
        """Run; a second time from scratch with presolve the other way if that failed."""
        for choice in (presolve, "on" if presolve == "off" else "off"):
            self._highs.setOptionValue("presolve", choice)
            self._highs.run()
            status = self._highs.getModelStatus()
            if status == self._api.HighsModelStatus.kOptimal:
                return
            self._highs.clearSolver()
        raise RuntimeError(f"no optimum: {self._highs.modelStatusToString(status)}")
