"""What an expression says before its names are looked up: a tree of numbers, names and calls."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

Part = Literal[
    "value", "period", "instant", "duration", "numbers", "unit", "zone", "calendar", "text"
]


@dataclass(frozen=True, slots=True)
class Number:
    """A number as written; without a ``unit`` it takes the one that is called for."""

    at: int
    text: str
    unit: str


@dataclass(frozen=True, slots=True)
class Name:
    """The name of a series, a choice or a definition."""

    at: int
    text: str


@dataclass(frozen=True, slots=True)
class Literally:
    """Text that a function takes as it stands: a period, an instant, a time zone, a list."""

    at: int
    text: str


@dataclass(frozen=True, slots=True)
class Apply:
    """An operator or a function on its arguments."""

    at: int
    end: int
    name: str
    args: tuple[Syntax, ...]

    @property
    def called(self) -> bool:
        """Whether this is written as a function."""
        return self.name in FUNCTIONS


Syntax: TypeAlias = "Number | Name | Literally | Apply"


@dataclass(frozen=True, slots=True)
class Signature:
    """What a function takes. ``fewest`` may be less than there are ``parts``; the last repeats."""

    parts: tuple[Part, ...]
    fewest: int
    repeats: bool
    usage: str


def _signature(usage: str, *parts: Part, fewest: int = -1, repeats: bool = False) -> Signature:
    return Signature(parts, len(parts) if fewest < 0 else fewest, repeats, usage)


FUNCTIONS: dict[str, Signature] = {
    "min": _signature("min(a, b, …)", "value", "value", repeats=True),
    "max": _signature("max(a, b, …)", "value", "value", repeats=True),
    "sum": _signature("sum(a, b, …)", "value", "value", repeats=True),
    "product": _signature("product(a, b, …)", "value", "value", repeats=True),
    "muldiv": _signature("muldiv(value, numerator, denominator)", "value", "value", "value"),
    "share": _signature("share(value, 25 %)", "value", "value"),
    "filled": _signature("filled(value, instead)", "value", "value"),
    "at_end": _signature("at_end(month@Europe/Berlin)", "period", fewest=0),
    "between": _signature("between(2026-01-01T00:00Z, 2027-01-01T00:00Z)", "instant", "instant"),
    "local": _signature(
        "local(Europe/Berlin, months 4-9, days 1-5, 17:00-20:00)",
        "zone",
        "calendar",
        fewest=1,
        repeats=True,
    ),
    "profile": _signature(
        "profile(2026-07-01T00:00Z, 15 min, [1, 2, 3], Wh)",
        "instant",
        "duration",
        "numbers",
        "unit",
    ),
    "active": _signature("active('agreement')", "text"),
    "paid": _signature("paid('agreement', 'fee')", "text", "text"),
    "delivered": _signature("delivered('agreement', 'energy')", "text", "text", fewest=1),
    "series": _signature("series('metered:load', Wh)", "text", "unit"),
} | {
    fold: _signature(f"{fold}(value, month@Europe/Berlin)", "value", "period", fewest=1)
    for fold in ("total", "running", "latch", "highest", "whole")
}


def names(tree: Syntax) -> Iterator[str]:
    """Yield the names that an expression uses, in the order written."""
    for part in walk(tree):
        if isinstance(part, Name):
            yield part.text


def walk(tree: Syntax) -> Iterator[Syntax]:
    """Yield every part of an expression, in the order written."""
    pending: list[Syntax] = [tree]
    while pending:
        part = pending.pop()
        yield part
        if isinstance(part, Apply):
            pending.extend(reversed(part.args))
