"""What a term sheet says before its references are looked up."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Literal, TypeAlias

from gridpact.contracts.errors import IllFormed
from gridpact.contracts.observables import Const, Observable, Op
from gridpact.contracts.sheet.tokens import SheetFault
from gridpact.contracts.terms import Contract
from gridpact.contracts.unit_algebra import ONE
from gridpact.contracts.wire import MAX_DEPTH

Term: TypeAlias = Contract | Observable
Kind = Literal["definition", "series", "decision"]
RESTORE = "restore the sheet as it was written"


@dataclass(frozen=True, slots=True)
class Name:
    """A reference to a definition, a series or a decision."""

    line: int
    kind: Kind
    text: str


@dataclass(frozen=True, slots=True)
class Node:
    """A term and how it is made from the terms below it."""

    line: int
    make: Callable[..., Term]
    below: tuple[Syntax, ...] = ()


Syntax: TypeAlias = "Name | Node"
Key: TypeAlias = tuple[Kind, str]


def operation(line: int, kind: str, *args: Syntax) -> Node:
    """Return the syntax of an ``Op``."""
    return Node(line, partial(_operation, kind), args)


def constant(line: int, value: int, unit: str = ONE) -> Node:
    """Return the syntax of a ``Const``."""
    return Node(line, partial(Const, value, unit))


def opposite(mask: Syntax) -> Node:
    """Return the syntax of ``1 - mask``."""
    return operation(mask.line, "-", constant(mask.line, 1), mask)


class Builder:
    """Builds terms from syntax; what a name stands for is built once."""

    def __init__(self, meanings: Mapping[Key, Syntax]) -> None:
        self._meanings = meanings
        self._built: dict[Key, Term] = {}
        self._open: set[Key] = set()
        self.used: set[Key] = set()

    def build(self, syntax: Syntax, depth: int = 0) -> Term:
        """Return the term of some syntax; raises SheetFault at the line of what does not hold."""
        if depth > 2 * MAX_DEPTH:
            raise SheetFault(syntax.line, f"terms are nested more than {MAX_DEPTH} deep", RESTORE)
        if isinstance(syntax, Name):
            return self._named(syntax, depth)
        below = [self.build(part, depth + 1) for part in syntax.below]
        try:
            return syntax.make(*below)
        except IllFormed as error:
            raise SheetFault(syntax.line, str(error), RESTORE) from error

    def _named(self, name: Name, depth: int) -> Term:
        key = name.kind, name.text
        if key not in self._built:
            if key not in self._meanings:
                raise SheetFault(name.line, f"{name.kind} {name.text} is not on the sheet", RESTORE)
            if key in self._open:
                raise SheetFault(name.line, f"{name.kind} {name.text} needs itself", RESTORE)
            self._open.add(key)
            self._built[key] = self.build(self._meanings[key], depth + 1)
            self._open.remove(key)
        return self._built[key]


def _operation(kind: str, *args: Observable) -> Op:
    return Op(kind, args)
