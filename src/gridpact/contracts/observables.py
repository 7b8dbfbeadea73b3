"""Observables: whole numbers that vary by slot, written so that terms read like a term sheet.

Constructors (append-only, their wire tags are in :mod:`gridpact.contracts.wire`)::

    Const(value, unit)                      the same in every slot
    Profile(start, step, values, unit)      a literal by slot, 0 outside its window
    Between(start, end)                     1 from one instant until another (in ``times``)
    LocalTime(zone, months, weekdays, begin_s, end_s)   1 in hours of a local calendar (``times``)
    Series(name, unit)                      bound at settlement: metered, a price, a baseline@method
    Choice(label, by, low, high, notice_s, unit)   decided by one party, within bounds
    Op(kind, args)                          + - * max min >= muldiv filled
    Fold(how, period, arg)                  total, running, latch, highest, whole over a period

Operators build ``Op`` nodes; a bare ``int`` takes the unit that the operation calls for (``1`` in
a product). A *mask* is an observable that can only be 0 or 1 by its construction: a comparison, a
latch, an on/off choice, a time, ``1 - mask``, a product, ``max``, ``min`` or fill of masks, or a
literal of zeros and ones. Two things absorb absent values: a factor that is a mask and 0, and
``filled``, which says what stands for them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import reduce
from typing import TYPE_CHECKING

from gridpact.base.units import INT64_MAX
from gridpact.contracts import periods, unit_algebra
from gridpact.contracts.errors import IllFormed
from gridpact.contracts.unit_algebra import ONE

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:@/+-]{0,126}")
CHOICE_PREFIX = "choice:"
ARITY = {"+": (2, None), "*": (2, None), "max": (2, None), "min": (2, None)} | {
    "-": (2, 2),
    ">=": (2, 2),
    "muldiv": (3, 3),
    "filled": (2, 2),
}
FOLDS = ("total", "running", "latch", "highest", "whole")


def check_name(text: str, what: str) -> None:
    """Raise IllFormed unless a text is 1–127 ASCII letters, digits or ``._:@/+-``."""
    if NAME.fullmatch(text) is None:
        raise IllFormed(f"{what} {text!r} is not a name (ASCII letters, digits, . _ : @ / + -)")


def check_whole(value: int, what: str) -> None:
    """Raise IllFormed unless a number is a Python int of 64 bits with either sign."""
    if type(value) is not int or abs(value) > INT64_MAX:
        raise IllFormed(f"{what} must be a Python int of at most 64 bits, got {value!r}")


def _check_unit(unit: str) -> None:
    if not unit_algebra.known(unit):
        raise IllFormed(f"unit {unit!r} is not known; units are 1, {', '.join(unit_algebra.BASES)}")


class Observable:
    """An int64 value per slot. ``a + b``, ``a - b``, ``a * b``, ``a >= b`` and ``a <= b`` build."""

    __slots__ = ()

    if TYPE_CHECKING:

        @property
        def unit(self) -> str:
            """What one unit of the value is."""

        @property
        def is_mask(self) -> bool:
            """Whether the value can only be 0 or 1, by construction."""

    def __str__(self) -> str:
        return type(self).__name__

    def __repr__(self) -> str:  # bounded: shared subterms would make a full one explode
        return f"<{formula(self)}>"

    def __add__(self, other: Observable | int) -> Op:
        return Op("+", (self, as_observable(other, self.unit)))

    def __radd__(self, other: int) -> Op:
        return Op("+", (as_observable(other, self.unit), self))

    def __sub__(self, other: Observable | int) -> Op:
        return Op("-", (self, as_observable(other, self.unit)))

    def __rsub__(self, other: int) -> Op:
        return Op("-", (as_observable(other, self.unit), self))

    def __neg__(self) -> Op:
        return 0 - self

    def __mul__(self, other: Observable | int) -> Op:
        return Op("*", (self, as_observable(other, ONE)))

    def __rmul__(self, other: int) -> Op:
        return Op("*", (as_observable(other, ONE), self))

    def __ge__(self, other: Observable | int) -> Op:
        return Op(">=", (self, as_observable(other, self.unit)))

    def __le__(self, other: Observable | int) -> Op:
        return Op(">=", (as_observable(other, self.unit), self))


def formula(node: Observable, depth: int = 6) -> str:
    """Write an observable as a formula of at most ``depth`` levels, for people."""
    match node:
        case Fold(how, period, arg) if depth:
            return f"{how}({formula(arg, depth - 1)}, {period})"
        case Op(kind, args) if depth:
            parts = [formula(arg, depth - 1) for arg in args]
            called = f"{kind}({', '.join(parts)})"
            return called if kind.isalpha() else f"({f' {kind} '.join(parts)})"
        case Fold() | Op():
            return "…"
    return str(node)


def as_observable(value: Observable | int, unit: str) -> Observable:
    """Return an observable as it is, a bare int as a constant of ``unit``."""
    return value if isinstance(value, Observable) else Const(value, unit)


@dataclass(frozen=True, slots=True, repr=False)
class Const(Observable):
    """The same ``value`` [``unit``] in every slot."""

    value: int
    unit: str

    def __post_init__(self) -> None:
        check_whole(self.value, "a constant")
        _check_unit(self.unit)

    def __str__(self) -> str:
        return str(self.value) if self.unit == ONE else f"{self.value} {self.unit}"

    @property
    def is_mask(self) -> bool:
        """Whether the constant is a pure 0 or 1."""
        return self.unit == ONE and self.value in (0, 1)


@dataclass(frozen=True, slots=True, repr=False)
class Profile(Observable):
    """A literal by slot: ``values[i]`` in ``[start + i·step, start + (i+1)·step)``, 0 elsewhere.

    ``start`` [s since the epoch, UTC] sits on a whole ``step`` [s].
    """

    start: int
    step: int
    values: tuple[int, ...]
    unit: str

    def __post_init__(self) -> None:
        check_whole(self.start, "a profile's start")
        check_whole(self.step, "a profile's step")
        if self.step <= 0 or self.start % self.step:
            raise IllFormed(f"a profile starts on a whole step: {self.start} s by {self.step} s")
        if not self.values or set(map(type, self.values)) != {int}:
            raise IllFormed("a profile needs at least one value, all Python ints")
        check_whole(max(self.values), "a profile's value")
        check_whole(min(self.values), "a profile's value")
        _check_unit(self.unit)

    def __str__(self) -> str:
        return f"profile({len(self.values)} values from {self.start}, {self.unit})"

    @property
    def is_mask(self) -> bool:
        """Whether the profile holds pure zeros and ones alone."""
        return self.unit == ONE and set(self.values) <= {0, 1}


@dataclass(frozen=True, slots=True, repr=False)
class Series(Observable):
    """A named series [``unit``] bound at evaluation; method and version belong in the name."""

    name: str
    unit: str

    def __post_init__(self) -> None:
        check_name(self.name, "series")
        _check_unit(self.unit)
        if self.name.startswith(CHOICE_PREFIX):
            raise IllFormed(f"series {self.name!r}: names in {CHOICE_PREFIX} belong to choices")

    def __str__(self) -> str:
        return self.name

    @property
    def is_mask(self) -> bool:
        """Never: a series may hold anything. Compare it (``series >= 1``) to make a mask."""
        return False


@dataclass(frozen=True, slots=True, repr=False)
class Choice(Observable):
    """What party ``by`` decides per slot, in ``[low, high]``, ``notice_s`` [s] ahead.

    The author is part of the choice: swapping the roles of a contract never moves it.
    """

    label: str
    by: str
    low: Observable
    high: Observable
    notice_s: int
    unit: str

    def __post_init__(self) -> None:
        check_name(self.label, "choice")
        check_name(self.by, "author")
        check_whole(self.notice_s, "a notice")
        _check_unit(self.unit)
        if self.notice_s < 0:
            raise IllFormed(f"choice {self.label!r}: a notice is not negative")
        unit_algebra.same((self.unit, self.low.unit, self.high.unit), f"choice {self.label!r}")

    def __str__(self) -> str:
        return f"{self.key} by {self.by}"

    @property
    def is_mask(self) -> bool:
        """Whether both bounds are masks, so that the choice is on or off."""
        return self.low.is_mask and self.high.is_mask

    @property
    def key(self) -> str:
        """The name under which a world binds the decision."""
        return CHOICE_PREFIX + self.label


@dataclass(frozen=True, slots=True, repr=False)
class Op(Observable):
    """A pure operation, slot by slot: one of ``+ - * max min >= muldiv filled``.

    ``muldiv(value, numerator, denominator)`` rounds half to even; ``>=`` gives 1 or 0;
    ``filled(value, instead)`` is the value where it is present and ``instead`` where it is not.
    """

    kind: str
    args: tuple[Observable, ...]
    unit: str = field(init=False, compare=False)
    is_mask: bool = field(init=False, compare=False)

    def __post_init__(self) -> None:
        fewest, most = ARITY.get(self.kind, (0, 0))
        if not fewest:
            raise IllFormed(f"operation {self.kind!r} is not one of {' '.join(ARITY)}")
        if len(self.args) < fewest or (most and len(self.args) > most):
            raise IllFormed(f"operation {self.kind!r} does not take {len(self.args)} operands")
        object.__setattr__(self, "unit", self._unit())
        object.__setattr__(self, "is_mask", self._masks())

    def _unit(self) -> str:
        units = tuple(arg.unit for arg in self.args)
        if self.kind == "*":
            return reduce(unit_algebra.product, units)
        if self.kind == "muldiv":
            return unit_algebra.ratio(*units)
        unit = unit_algebra.same(units, f"operation {self.kind!r}")
        return ONE if self.kind == ">=" else unit

    def _masks(self) -> bool:
        if self.kind in ("*", "max", "min", "filled"):
            return all(arg.is_mask for arg in self.args)
        return self.kind == ">=" or (
            self.kind == "-" and self.args[0] == Const(1, ONE) and self.args[1].is_mask
        )


@dataclass(frozen=True, slots=True, repr=False)
class Fold(Observable):
    """A value that looks over a ``period``: the one kind of node that is not slot by slot.

    ``total``: the period's sum in its last slot, 0 before. ``running``: the sum up to and with
    the slot. ``latch``: of a mask, 1 from the first slot in which it was 1. ``highest``: the
    largest value up to and with the slot. ``whole``: the period's sum in each of its slots.
    Periods are ``"all"`` (all slots evaluated) and ``day week month quarter year`` of a time
    zone, as in ``"month@Europe/Berlin"``.
    """

    how: str
    period: str
    arg: Observable

    def __post_init__(self) -> None:
        if self.how not in FOLDS:
            raise IllFormed(f"fold {self.how!r} is not one of {' '.join(FOLDS)}")
        periods.check_period(self.period)
        if self.how == "latch" and not self.arg.is_mask:
            raise IllFormed("only a mask latches; compare with >= to make one")

    @property
    def unit(self) -> str:
        """The unit of what is folded."""
        return self.arg.unit

    @property
    def is_mask(self) -> bool:
        """Whether this is a latch."""
        return self.how == "latch"
