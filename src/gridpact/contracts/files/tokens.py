"""Expression text to tokens, each with its place.

A token is a number with its unit, a name, a quoted name, a symbol, or the end. Periods, instants,
time zones and lists of numbers are read on request, because what they are made of (``@ / - :``)
means something else in an expression.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

WORDS = ("and", "or", "not")
_MOST_DIGITS = 60
_TOKEN = re.compile(
    r"(?P<number>[0-9][0-9_]*(?:\.[0-9]*)?(?:[eE][-+]?[0-9]+)?)"
    r"|(?P<name>[A-Za-z_][A-Za-z0-9_.:@]*)"
    r"|'(?P<quoted>[^'\n]*)'"
    r"|(?P<symbol>>=|<=|==|!=|\*\*|[-+*/<>(),\[\]=%])"
)
_UNIT = re.compile(
    r"%|\[[^\[\]\n]*\]|(?!(?:and|or|not)(?![A-Za-z0-9_.:@]))[A-Za-z¤]+(?:/[A-Za-z¤]+)*"
)
_WORD = re.compile(r"\[[^\[\],\n]*\]|[^\s,()\[\]']+")
_NUMBERS = re.compile(r"\[([^\[\]]*)\]")
_SPACE = re.compile(r"\s*")

Kind = Literal["number", "name", "quoted", "symbol", "end"]


class ExpressionFault(Exception):  # noqa: N818 - a fault of the text, gathered by the reader
    """Something wrong at one character of an expression."""

    def __init__(self, at: int, problem: str, fix: str) -> None:
        self.at = at
        self.problem = problem
        self.fix = fix
        super().__init__(problem)


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of an expression: ``text[at:end]`` of the whole; a number also has its ``unit``."""

    kind: Kind
    text: str
    at: int
    end: int
    unit: str = ""

    def __str__(self) -> str:
        if self.kind == "end":
            return "the end"
        return f"'{self.text} {self.unit}'" if self.unit else f"'{self.text}'"


def place(text: str, at: int) -> tuple[int, int]:
    """Return the line and column, from 1, of a character of a text."""
    before = text[:at]
    return before.count("\n") + 1, at - (before.rfind("\n") + 1) + 1


def shown(text: str, at: int) -> str:
    """Write the place of a character for people: its column, and its line where there are more."""
    line, column = place(text, at)
    return f"line {line}, column {column}" if "\n" in text.strip() else f"column {column}"


class Scanner:
    """Reads tokens one ahead; ``token`` is the next one."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.token = self._scan(0)

    def advance(self) -> Token:
        """Take the next token."""
        taken = self.token
        self.token = self._scan(taken.end)
        return taken

    def word(self, what: str) -> Token:
        """Take everything up to a space, comma or bracket as one token."""
        return self._take(_WORD, 0, what)

    def numbers(self, what: str) -> Token:
        """Take a list in square brackets as one token: what is between them."""
        return self._take(_NUMBERS, 1, what)

    def _take(self, pattern: re.Pattern[str], group: int, what: str) -> Token:
        at = self.token.at
        found = pattern.match(self.text, at)
        if found is None:
            raise ExpressionFault(at, f"expected {what}, found {self.token}", f"write {what}")
        self.token = self._scan(found.end())
        return Token("quoted", found[group], at, found.end())

    def _scan(self, start: int) -> Token:
        at = _skip(self.text, start)
        if at == len(self.text):
            return Token("end", "", at, at)
        found = _TOKEN.match(self.text, at)
        if found is None:
            raise self._foreign(at)
        kind, text, end = found.lastgroup, found[found.lastgroup or 0], found.end()
        if kind == "number":
            return self._number(text, at, end)
        if kind == "name":
            return Token("symbol" if text in WORDS else "name", text, at, end)
        return Token("quoted" if kind == "quoted" else "symbol", text, at, end)

    def _number(self, text: str, at: int, end: int) -> Token:
        if len(text) > _MOST_DIGITS:
            raise ExpressionFault(at, "the number has too many digits", "write a shorter number")
        unit = _UNIT.match(self.text, _skip(self.text, end))
        if unit is None:
            return Token("number", text, at, end)
        return Token("number", text, at, unit.end(), unit[0])

    def _foreign(self, at: int) -> ExpressionFault:
        found = self.text[at]
        if found == "'":
            return ExpressionFault(at, "the quote is not closed", "end the name with '")
        problem = f"{found!r} is not part of an expression"
        if found == '"':
            return ExpressionFault(at, problem, "put names in single quotes")
        return ExpressionFault(at, problem, "write names, numbers with units, and operators")


def _skip(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at


def spelled(name: str) -> str:
    """Write a name in an expression, in quotes where it would read as something else."""
    found = _TOKEN.fullmatch(name)
    is_plain = found is not None and found.lastgroup == "name" and name not in WORDS
    return name if is_plain else f"'{name}'"
