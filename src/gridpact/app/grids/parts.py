"""The parts of a grid's file, each with its line; what is wrong is noted, and reading goes on."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

from gridpact.app.grids.quantities import Measure, Quantity, read
from gridpact.app.orders.cells import Unclear
from gridpact.base.documents import Document, Path, Value
from gridpact.base.ids import well_formed

STAND_IN = Quantity(Fraction(1))
"""Takes the place of what could not be read, so that no further fault follows from it."""


class Part:
    """A mapping of the document: what it says under which key."""

    def __init__(self, document: Document, path: Path, value: Value) -> None:
        self.document, self.path = document, path
        self.values: dict[str, Value] = value if isinstance(value, dict) else {}
        self.is_mapping = isinstance(value, dict)
        if not self.is_mapping:
            what = "is empty" if value is None else "is not a mapping of names"
            self._fault((), what, "write name: value, one to a line")

    def known(self, required: Iterable[str], optional: Iterable[str]) -> None:
        """Note keys that are missing, and those that nothing is said by."""
        there = (*required, *optional)
        for key in self.values:
            if key not in there:
                fix = f"there are {', '.join(there)}"
                self.document.fault((*self.path, key), "nothing is called so here", fix)
        for key in required:
            if key not in self.values and self.is_mapping:
                self._fault((key,), "is missing", f"add {key}")

    def part(self, key: str) -> Part:
        """Return what stands under a key, itself a mapping."""
        return Part(self.document, (*self.path, key), self.values[key])

    def named(self, key: str) -> dict[str, Part]:
        """Return the parts under a key by their names; none where the key is absent."""
        if key not in self.values:
            return {}
        group = self.part(key)
        group.check_names()
        return {name: group.part(name) for name in group.values}

    def check_names(self) -> None:
        """Note keys that are no identifiers."""
        for key in self.values:
            if not well_formed(key):
                fix = "use lower-case letters, digits, dots, dashes, underscores"
                self.document.fault((*self.path, key), f"{key[:40]!r} is not a name", fix)

    def text(self, key: str) -> str | None:
        """Return a name; None, noted where it is there, for anything else."""
        value = self.values.get(key)
        if isinstance(value, str):
            return value
        if key in self.values:
            self._fault((key,), "is not a name", "write the name of a node")
        return None

    def quantity(self, key: str, measure: Measure) -> Quantity:
        """Read a quantity; where there is none, or it cannot be read, a stand-in."""
        if key not in self.values:
            return STAND_IN
        try:
            return read(self.values[key], measure)
        except Unclear as error:
            self._fault((key,), str(error), error.fix)
            return STAND_IN

    def optional(self, key: str, measure: Measure) -> Quantity | None:
        """Read a quantity that need not be there."""
        return self.quantity(key, measure) if key in self.values else None

    def value(self, key: str, measure: Measure, otherwise: Fraction) -> Fraction:
        """Read a number, which is something else where nothing is said."""
        return self.quantity(key, measure).value if key in self.values else otherwise

    def note(self, key: str, problem: str, fix: str) -> None:
        """Note something wrong with a value."""
        self._fault((key,), problem, fix)

    def _fault(self, below: Path, problem: str, fix: str) -> None:
        self.document.fault((*self.path, *below), problem, fix)
