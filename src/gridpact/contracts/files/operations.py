"""What each operator and function of an expression builds.

A bare whole number takes the unit of the other operands; in a product it is a pure number.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TypeAlias

from gridpact.contracts.errors import IllFormed
from gridpact.contracts.files import literals
from gridpact.contracts.formulas import at_end, share
from gridpact.contracts.observables import (
    FOLDS,
    Const,
    Fold,
    Observable,
    Op,
    Profile,
    Series,
    as_observable,
)
from gridpact.contracts.periods import ALL
from gridpact.contracts.references import active, delivered, paid
from gridpact.contracts.times import Between, LocalTime
from gridpact.contracts.unit_algebra import ONE

# A bare whole number stays an int until an operand or a clause calls for a unit.
Value: TypeAlias = Observable | int
Argument: TypeAlias = Observable | int | str  # texts are literal arguments, as written
Operation: TypeAlias = Callable[[Sequence[Argument]], Observable]


def seconds_of(value: Argument) -> int:
    """Return the seconds of a duration; raise IllFormed for anything else."""
    if isinstance(value, int):
        return value
    if isinstance(value, Const) and value.unit == "s":
        return value.value
    raise IllFormed("this is not a duration such as 15 min, 1 h or 1 d")


def _values(args: Sequence[Argument]) -> list[Value]:
    return [arg for arg in args if not isinstance(arg, str)]


def _texts(args: Sequence[Argument]) -> list[str]:
    return [arg for arg in args if isinstance(arg, str)]


def _alike(args: Sequence[Argument]) -> tuple[Observable, ...]:
    values = _values(args)
    unit = next((value.unit for value in values if isinstance(value, Observable)), ONE)
    return tuple(as_observable(value, unit) for value in values)


def _pure(args: Sequence[Argument]) -> tuple[Observable, ...]:
    return tuple(as_observable(value, ONE) for value in _values(args))


def _masks(args: Sequence[Argument]) -> tuple[Observable, ...]:
    found = _pure(args)
    if not all(mask.is_mask for mask in found):
        raise IllFormed("and, or and not join masks, which are 0 or 1; compare to make one")
    return found


def _alike_op(kind: str, args: Sequence[Argument]) -> Observable:
    return Op(kind, _alike(args))


def _pure_op(kind: str, args: Sequence[Argument]) -> Observable:
    return Op(kind, _pure(args))


def _mask_op(kind: str, args: Sequence[Argument]) -> Observable:
    return Op(kind, _masks(args))


def _at_most(args: Sequence[Argument]) -> Observable:
    return Op(">=", _alike(args)[::-1])


def _less(args: Sequence[Argument]) -> Observable:
    return 1 - Op(">=", _alike(args))


def _more(args: Sequence[Argument]) -> Observable:
    return 1 - Op(">=", _alike(args)[::-1])


def _not(args: Sequence[Argument]) -> Observable:
    return 1 - _masks(args)[0]


def _negative(args: Sequence[Argument]) -> Observable:
    return -_pure(args)[0]


def _share(args: Sequence[Argument]) -> Observable:
    value, part = _values(args)
    return share(as_observable(value, ONE), part)


def _fold(how: str, args: Sequence[Argument]) -> Observable:
    return Fold(how, (*_texts(args), ALL)[0], _pure(args)[0])


def _at_end(args: Sequence[Argument]) -> Observable:
    return at_end(*_texts(args))


def _between(args: Sequence[Argument]) -> Observable:
    start, end = _texts(args)
    return Between(literals.instant(start), literals.instant(end))


def _local(args: Sequence[Argument]) -> LocalTime:
    zone, *parts = _texts(args)
    return literals.local(zone, parts)


def _profile(args: Sequence[Argument]) -> Profile:
    start, numbers, unit = _texts(args)
    written, target, _ = literals.unit_of(unit)
    values = literals.numbers_in(numbers, written)
    return Profile(literals.instant(start), seconds_of(args[1]), values, target)


def _active(args: Sequence[Argument]) -> Observable:
    return active(_texts(args)[0])


def _paid(args: Sequence[Argument]) -> Series:
    agreement, kind = _texts(args)
    return paid(agreement, kind)


def _delivered(args: Sequence[Argument]) -> Series:
    return delivered(*_texts(args))


def _series(args: Sequence[Argument]) -> Series:
    name, unit = _texts(args)
    return Series(name, literals.series_unit(unit))


OPERATIONS: Mapping[str, Operation] = {
    **{kind: partial(_alike_op, kind) for kind in ("+", "-", ">=", "min", "max", "filled")},
    "sum": partial(_alike_op, "+"),
    "*": partial(_pure_op, "*"),
    "product": partial(_pure_op, "*"),
    "muldiv": partial(_pure_op, "muldiv"),
    "and": partial(_mask_op, "*"),
    "or": partial(_mask_op, "max"),
    "not": _not,
    "<=": _at_most,
    "<": _less,
    ">": _more,
    "negative": _negative,
    "share": _share,
    **{how: partial(_fold, how) for how in FOLDS},
    "at_end": _at_end,
    "between": _between,
    "local": _local,
    "profile": _profile,
    "active": _active,
    "paid": _paid,
    "delivered": _delivered,
    "series": _series,
}
_MULTIPLIED = ("*", "product", "muldiv")


def fix_of(name: str, error: IllFormed) -> str:
    """Return how to put right an operation that could not be built."""
    if "mask" in str(error):
        return "compare with >= or <= to make a mask"
    if name in _MULTIPLIED:
        return "multiply a quantity by a price, by a share or by a pure number"
    return "correct the arguments" if name in literals.TAKEN else "give both sides one unit"
