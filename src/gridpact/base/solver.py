"""HiGHS, made in one way: quiet, on one thread and seeded, so that what it finds repeats."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, TypeAlias

import msgspec
from numpy import int32
from numpy.typing import NDArray

from gridpact.base.units import Bools, Floats

if TYPE_CHECKING:
    from highspy import Highs
    from highspy.highs import HighsCallbackEvent

Option: TypeAlias = bool | int | float | str

REPEATABLE: Mapping[str, Option] = {
    "output_flag": False,
    "threads": 1,
    "parallel": "off",
    "random_seed": 0,
}
"""What every solver is set to before its own options."""

OPTIMAL, INFEASIBLE, UNBOUNDED = "Optimal", "Infeasible", "Unbounded"
INTERRUPTED = "Interrupted by user"
"""How :func:`run` may end, in HiGHS's words; there are more."""
NO_LIMIT = 2**31 - 1
"""The most that an option which counts something can be."""


class LinearProgramme(msgspec.Struct, frozen=True, kw_only=True):
    """Minimise ``cost · x`` within bounds of columns and rows; the matrix by columns (CSC).

    ``start`` [columns + 1] says where a column's entries begin in ``index``, their rows, and
    ``value``. ``whole`` [columns] marks columns that take whole numbers.
    """

    cost: Floats
    lower: Floats
    upper: Floats
    whole: Bools
    row_lower: Floats
    row_upper: Floats
    start: NDArray[int32]
    index: NDArray[int32]
    value: Floats


def quiet_solver(**options: Option) -> Highs:
    """Return a solver without a programme; ``options`` are HiGHS's, by their names there.

    Raises ValueError for an option or a value that HiGHS does not know.
    """
    from highspy import Highs

    highs = Highs()  # type: ignore[no-untyped-call]
    set_options(highs, **{**REPEATABLE, **options})
    return highs


def set_options(highs: Highs, **options: Option) -> None:
    """Set options; raises ValueError for an option or a value that HiGHS does not know."""
    from highspy import HighsStatus

    for name, value in options.items():
        if highs.setOptionValue(name, value) != HighsStatus.kOk:
            raise ValueError(f"HiGHS takes no option {name} = {value!r}")


def load(highs: Highs, programme: LinearProgramme, *, mixed: bool = False) -> None:
    """Pass a programme; whole columns are free to be fractions unless it is ``mixed``.

    Raises ValueError where HiGHS takes it for no programme, such as for a row that is not there.
    """
    from highspy import HighsLp, HighsStatus, HighsVarType

    lp = HighsLp()
    lp.num_col_, lp.num_row_ = len(programme.cost), len(programme.row_lower)
    lp.col_cost_, lp.col_lower_, lp.col_upper_ = programme.cost, programme.lower, programme.upper
    lp.row_lower_, lp.row_upper_ = programme.row_lower, programme.row_upper
    lp.a_matrix_.start_ = programme.start
    lp.a_matrix_.index_, lp.a_matrix_.value_ = programme.index, programme.value
    if mixed:
        kinds = (HighsVarType.kContinuous, HighsVarType.kInteger)
        lp.integrality_ = [kinds[whole] for whole in programme.whole.tolist()]
    if highs.passModel(lp) == HighsStatus.kError:
        raise ValueError("HiGHS takes these arrays for no programme")


def interrupt_when(highs: Highs, asked: Callable[[], bool]) -> None:
    """Interrupt searches for whole numbers once ``asked`` says so; linear programmes go on."""

    def look(event: HighsCallbackEvent) -> None:
        if asked():
            event.interrupt()

    highs.cbMipInterrupt.subscribe(look)


def run(highs: Highs) -> str:
    """Solve from where the last search ended; return how that went, such as ``OPTIMAL``."""
    highs.run()
    return str(highs.modelStatusToString(highs.getModelStatus()))


def has_values(highs: Highs) -> bool:
    """Whether there are values that keep all bounds, proved to be the best or not."""
    from highspy import SolutionStatus

    return bool(highs.getInfo().primal_solution_status == SolutionStatus.kSolutionStatusFeasible)
