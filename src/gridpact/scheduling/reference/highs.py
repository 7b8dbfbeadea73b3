"""HiGHS behind one call: one thread, no limits of time, so repeatable; every status guarded.

The bound of a linear programme is not taken from the solver: it is worked out from its duals in a
way that holds for any duals whatever (A. Neumaier and O. Shcherbina, "Safe bounds in linear and
mixed-integer linear programming", Mathematical Programming 99, 2004).
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from gridpact.base.solver import (
    INFEASIBLE,
    INTERRUPTED,
    NO_LIMIT,
    OPTIMAL,
    LinearProgramme,
    has_values,
    interrupt_when,
    load,
    quiet_solver,
    run,
    set_options,
)
from gridpact.base.units import Bools, Floats

if TYPE_CHECKING:
    from highspy import Highs

FINE = 1e-9
"""Tolerance on rows [kWh] and reduced costs [¤/kWh] of linear programmes."""
COARSE = 1e-7
"""The same where whole numbers leave no room for the finer one."""
WHOLE = 1e-6
"""Tolerance on whole numbers and on rows while searching for them."""
NODES_TO_FIRST = 1_000
"""Nodes that a cancelled search which found nothing goes on for, to find a first answer."""
FEW = 2_000
"""Columns up to which a linear programme is sooner solved than made smaller first."""
SCALES = (1.0, 2.0**-13, 2.0**-26)
"""What costs are passed times, one after the other where HiGHS fails: penalties can be vast."""


class Optimum(msgspec.Struct, frozen=True):
    """Column values, duals of rows, objective, and the least it can be [¤].

    ``proven`` is false where the search was cut short, so that ``bound`` may lag.
    """

    values: Floats
    row_dual: Floats
    objective: float
    bound: float
    proven: bool = True


class Search(msgspec.Struct, frozen=True):
    """How hard to search for whole numbers: to a relative ``gap`` or within ``near`` [¤].

    It goes through so many ``nodes``, and stops with the best answer so far once ``cancelled`` says
    so. ``method`` is HiGHS's for linear programmes.
    """

    gap: float = 1e-7
    nodes: int = 1_000_000
    method: str = "choose"
    near: float = 1e-9
    cancelled: Callable[[], bool] | None = None

    @property
    def over(self) -> bool:
        """Whether it is cancelled."""
        return self.cancelled is not None and self.cancelled()


def minimise(arrays: LinearProgramme, search: Search, constant: float = 0.0) -> Optimum | None:
    """Return the optimum; None where no values keep all rows, or a cancelled search found none.

    ``constant`` [¤] is what no column changes; the relative gap of the search counts it.

    Whole columns are exact: they are rounded and fixed, and the rest is solved again, which also
    gives the duals.

    Raises
    ------
    RuntimeError
        The solver neither found an optimum nor proved that there is none.
    """
    if not arrays.whole.any():
        return _linear(arrays, search)
    found = _search(arrays, search, constant)
    if found is None:
        return None
    values, bound, proven = found
    whole = np.round(values[arrays.whole])
    lower, upper = arrays.lower.copy(), arrays.upper.copy()
    lower[arrays.whole] = upper[arrays.whole] = whole
    fixed = msgspec.structs.replace(arrays, lower=lower, upper=upper)
    best = _linear(fixed, search) or _linear(fixed, search, COARSE)
    if best is None:
        raise RuntimeError("the search's whole numbers keep the rows only by rounding")
    return msgspec.structs.replace(best, bound=min(bound, best.objective), proven=proven)


def _linear(arrays: LinearProgramme, search: Search, touch: float = FINE) -> Optimum | None:
    """Solve with whole columns free to be fractions; again in other ways where that fails."""
    highs = quiet_solver(
        solver=search.method,
        primal_feasibility_tolerance=touch,
        dual_feasibility_tolerance=FINE,
    )
    few = len(arrays.cost) <= FEW
    ways = ("off", "on") if few else ("choose", "off", "on")
    for scale, presolve in itertools.product(SCALES, ways):
        load(highs, msgspec.structs.replace(arrays, cost=arrays.cost * scale))
        set_options(highs, presolve=presolve)
        status = run(highs)
        if status == OPTIMAL:
            return _optimum(highs, arrays, scale)
        if status == INFEASIBLE:
            return None
        highs.clearSolver()
        set_options(highs, solver="choose")
    raise RuntimeError(f"no optimum: {status}")


def _optimum(highs: Highs, arrays: LinearProgramme, scale: float) -> Optimum:
    """Read the solution of a programme whose costs were passed times ``scale``."""
    solution = highs.getSolution()
    values, dual = np.array(solution.col_value), np.array(solution.row_dual) / scale
    objective = float(arrays.cost @ values)
    return Optimum(values, dual, objective, min(safe_bound(arrays, dual), objective))


def _search(
    arrays: LinearProgramme, search: Search, constant: float
) -> tuple[Floats, float, bool] | None:
    """Search for whole numbers: values, bound and whether the gap is proven; None if impossible.

    A search cut short before it found anything goes on: to its end where nodes ran out, to a first
    answer where it is cancelled.
    """
    highs = quiet_solver(
        mip_rel_gap=search.gap,
        mip_abs_gap=search.near,
        mip_feasibility_tolerance=WHOLE,
        mip_max_nodes=search.nodes,
    )
    load(highs, arrays, mixed=True)
    highs.changeObjectiveOffset(constant)
    if search.cancelled is not None:
        interrupt_when(highs, search.cancelled)
    status = run(highs)
    if status not in (OPTIMAL, INFEASIBLE) and not has_values(highs):
        status = _go_on(highs, search)
    if status == INFEASIBLE or (search.over and not has_values(highs)):
        return None
    if not has_values(highs):
        raise RuntimeError(f"no optimum: {status}")
    values = np.array(highs.getSolution().col_value)
    return values, float(highs.getInfo().mip_dual_bound) - constant, status == OPTIMAL


def _go_on(highs: Highs, search: Search) -> str:
    """Run until something is found; how that ended."""
    set_options(highs, mip_max_nodes=NO_LIMIT)
    status = run(highs) if not search.over else INTERRUPTED
    if status == INTERRUPTED:
        highs.cbMipInterrupt.clear()  # type: ignore[no-untyped-call]
        set_options(highs, mip_max_nodes=NODES_TO_FIRST, mip_max_improving_sols=1)
        status = run(highs)
    return status


def safe_bound(arrays: LinearProgramme, row_dual: Floats) -> float:
    """Least objective that these duals prove, rounding aside; -inf where they prove nothing."""
    dual = np.where(_paired(row_dual, arrays.row_lower, arrays.row_upper), row_dual, 0.0)
    column = np.repeat(np.arange(len(arrays.cost)), np.diff(arrays.start))
    priced = np.bincount(
        column, weights=arrays.value * dual[arrays.index], minlength=len(arrays.cost)
    )
    reduced = arrays.cost - priced
    return _least(dual, arrays.row_lower, arrays.row_upper) + _least(
        reduced, arrays.lower, arrays.upper
    )


def _paired(price: Floats, lower: Floats, upper: Floats) -> Bools:
    """Mark prices whose bound is finite."""
    return np.asarray(np.isfinite(np.where(price > 0, lower, upper)))


def _least(price: Floats, lower: Floats, upper: Floats) -> float:
    """Least of Σ price · value within bounds."""
    used = price != 0
    ends = np.where(price > 0, lower, upper)
    return float(np.sum(price[used] * ends[used]))
