"""Parts of a rules file read to values, each with the line that a fault is told at."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from fractions import Fraction

import msgspec

from gridpact.base.documents import Document, Path, Scalar, Value
from gridpact.base.slots import Calendar
from gridpact.base.units import MICRO_PER_UNIT
from gridpact.contracts import amounts
from gridpact.contracts.errors import IllFormed
from gridpact.settlement.periods.rules import NEVER_S, Span

NAME = "[A-Za-z0-9][A-Za-z0-9._@+-]{0,63}"
"""What identifiers are made of, as a regular expression."""
_NAME = re.compile(NAME)
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class Node(msgspec.Struct, frozen=True):
    """A mapping of the document, at a path."""

    document: Document
    path: Path
    value: dict[str, Value]

    def fault(self, name: str | int, problem: str, fix: str) -> None:
        """Note something wrong at an entry, or at the whole mapping where the name is empty."""
        self.document.fault((*self.path, name) if name != "" else self.path, problem, fix)

    def known(self, names: tuple[str, ...]) -> None:
        """Note entries that nothing is called."""
        for name in self.value:
            if name not in names:
                self.fault(name, "nothing is called so here", f"there are {', '.join(names)}")

    def text(self, name: str, default: str | None = "") -> str:
        """Return a text; a default of None says that there must be one."""
        value = self.value.get(name)
        if isinstance(value, str) and value:
            return value
        if value is None and default is not None:
            return default
        self.fault(name, "is missing" if value is None else "is not text", "write a text")
        return default or ""

    def name(self, name: str, default: str | None = None) -> str:
        """Return an identifier."""
        value = self.value.get(name)
        if value is None and default is not None:
            return default
        if isinstance(value, str) and _NAME.fullmatch(value):
            return value
        numeric = isinstance(value, int | float)
        what = "is missing" if value is None else f"{str(value)[:40]!r} is not a name"
        fix = "put it in quotes" if numeric else "use letters, digits and . _ @ + -"
        self.fault(name, what, fix)
        return ""

    def choice(self, name: str, among: tuple[str, ...], default: str = "") -> str:
        """Return one of several words."""
        value = self.value.get(name)
        if value is None and default:
            return default
        if isinstance(value, str) and value in among:
            return value
        what = "is missing" if value is None else f"{str(value)[:40]!r} is none of those there are"
        self.fault(name, what, f"write one of {', '.join(among)}")
        return among[0]

    def whole(self, name: str, default: int, least: int = 0, most: int = 100_000) -> int:
        """Return a whole number within bounds."""
        value = self.value.get(name, default)
        if isinstance(value, int) and not isinstance(value, bool) and least <= value <= most:
            return value
        self.fault(name, f"{str(value)[:40]!r} is not a number", f"write {least} to {most}")
        return default

    def percent(self, name: str) -> int:
        """Return a percentage as parts in a million."""
        value = self.value.get(name)
        if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1000:
            ppm = Fraction(str(value)) * (MICRO_PER_UNIT // 100)
            if ppm.denominator == 1:
                return int(ppm)
        what = "is missing" if value is None else f"{str(value)[:40]!r} is not a percentage"
        self.fault(name, what, "write a number such as 19, of at most four decimals")
        return 0

    def money(self, name: str, currency: str, minor_nano: int) -> int:
        """Return an amount of money in minor units; 0 where there is none."""
        value = self.value.get(name)
        if value is None:
            return 0
        number, _, unit = str(value).partition(" ")
        try:
            nano, _, found = amounts.parse(number, unit)
            exact = nano % minor_nano == 0 and nano >= 0 and found in (currency, "")
        except (IllFormed, ValueError):
            exact = False
        if exact and unit == currency:
            return nano // minor_nano
        self.fault(
            name, f"{str(value)[:40]!r} is not an amount", f"write one such as 100 {currency}"
        )
        return 0

    def names(self, name: str) -> tuple[str, ...] | None:
        """Return a list of texts, None where there is no entry."""
        value = self.value.get(name)
        if value is None:
            return None
        if isinstance(value, list) and value and all(isinstance(each, str) for each in value):
            return tuple(str(each) for each in value)
        self.fault(name, "is not a list of names", "write one such as [bakery, school]")
        return ()

    def nodes(self, name: str) -> Iterator[Node]:
        """Yield the mappings of a list."""
        listed = self.value.get(name)
        if listed is None:
            return
        if not isinstance(listed, list):
            self.fault(name, "is not a list", "write one, each entry after a dash")
            return
        for place, each in enumerate(listed):
            path = (*self.path, name, place)
            if isinstance(each, dict):
                yield Node(self.document, path, each)
            else:
                self.document.fault(path, "is not a mapping", "write names with values")

    def node(self, name: str) -> Node | None:
        """Return a mapping, None where there is no entry."""
        value = self.value.get(name)
        if isinstance(value, dict):
            return Node(self.document, (*self.path, name), value)
        if value is not None:
            self.fault(name, "is not a mapping", "write names with values")
        return None

    def texts(self, name: str) -> dict[str, str]:
        """Return a mapping of names to texts; empty where there is no entry."""
        node = self.node(name)
        if node is None:
            return {}
        found: dict[str, str] = {}
        for key, value in node.value.items():
            if isinstance(value, dict | list) or value is None:
                node.fault(key, "is not text", "write a text")
            else:
                found[key] = _spelled(value)
        return found

    def span(self, calendar: Calendar) -> Span:
        """Return the span of the entries ``from`` and ``until``, local days."""
        found = Span(self._day("from", calendar, -NEVER_S), self._day("until", calendar, NEVER_S))
        if found.empty:
            self.fault("until", "does not come after from", "write the day after the last")
        return found

    def _day(self, name: str, calendar: Calendar, default: int) -> int:
        value = self.value.get(name)
        if value is None:
            return default
        try:
            if isinstance(value, str) and _DAY.fullmatch(value):
                return calendar.midnight(date.fromisoformat(value))
        except (ValueError, OverflowError):
            pass
        self.fault(name, f"{str(value)[:40]!r} is not a day", "write one such as 2026-03-15")
        return default


def _spelled(value: Scalar) -> str:
    """Spell a value as it is written in a contract file."""
    return str(value).lower() if isinstance(value, bool) else str(value)
