"""What stops an evaluation, all of it, as faults of the files in which it can be put right."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeAlias

from gridpact.base.errors import BadInput, Fault, GridpactError, MissingSeries, NumberOverflow
from gridpact.base.slots import iso
from gridpact.contracts.errors import (
    ChoiceOutOfBounds,
    DivisorNotPositive,
    IllFormed,
    NotOnSlots,
    PeriodCut,
)
from gridpact.contracts.inspection import Problem
from gridpact.contracts.legs import Leg

_STOPS = (
    MissingSeries,
    ChoiceOutOfBounds,
    DivisorNotPositive,
    PeriodCut,
    NotOnSlots,
    NumberOverflow,
    IllFormed,
)
_SHOWN = 5

Inspect: TypeAlias = Callable[[], list[Problem]]


@contextmanager
def evaluating(contract: Path, data: Path, inspect: Inspect = list) -> Iterator[None]:
    """Raise BadInput for what stops an evaluation; ``inspect`` lists all that does."""
    try:
        yield
    except _STOPS as error:
        found = inspect() or [Problem(error)]
        raise BadInput(_fault(contract, data, each) for each in found) from error


def _fault(contract: Path, data: Path, problem: Problem) -> Fault:
    error = problem.error
    if isinstance(error, IllFormed):
        return Fault(str(contract), 0, _clause(problem.leg), str(error), "correct the terms")
    where, what, fix = _told(error)
    return Fault(str(data), 0, where or _clause(problem.leg), what, fix)


def _told(error: GridpactError) -> tuple[str, str, str]:
    """Return where an error is, what it is, and how to put it right."""
    match error:
        case MissingSeries():
            fix = "fill the empty cells, or let the terms say what stands for them: filled(…, …)"
            return error.name, f"has no value in {at_slots(error.slots)}", fix
        case ChoiceOutOfBounds():
            problem = f"is outside its bounds in {at_slots(error.slots)}"
            return f"choice:{error.label}", problem, "choose within the bounds of the terms"
        case DivisorNotPositive():
            problem = f"a divisor is zero or less in {at_slots(error.slots)}"
            return "", problem, "correct the series that the terms divide by"
        case PeriodCut():
            fix = f"give whole periods of {error.period}, or add --cut-periods"
            return "slot_start", str(error).partition(": ")[0], fix
        case NotOnSlots():
            return "slot_start", str(error), "use the slots of the terms"
    return "", str(error), "correct numbers that are far too large"


def _clause(leg: Leg | None) -> str:
    """Name a leg as people do: who pays or gives whom what."""
    if leg is None:
        return ""
    if leg.currency:
        return f"{leg.giver} pays {leg.taker} {leg.currency}, {leg.kind}"
    return f"{leg.giver} gives {leg.taker} {leg.asset}"


def at_slots(slots: tuple[int, ...]) -> str:
    """Say how many slots there are, and the first of them."""
    shown = ", ".join(iso(slot) for slot in slots[:_SHOWN])
    more = f" and {len(slots) - _SHOWN:,} more" if len(slots) > _SHOWN else ""
    return f"{len(slots):,} slot{'s' * (len(slots) != 1)}: {shown}{more}"
