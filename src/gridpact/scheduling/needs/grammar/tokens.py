"""A sentence cut into tokens, each with the column it begins at."""

from __future__ import annotations

import re
from typing import NamedTuple

from gridpact.base.errors import Fault

MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
LONGEST = 1000
"""Longest sentence [characters]."""

_PATTERN = re.compile(
    r"""
    (?P<space>\s+)
  | (?P<instant>\d{4}-\d{2}-\d{2}T\d{1,2}:\d{2}(?::\d{2})?Z\b)
  | (?P<date>\d{4}-\d{2}-\d{2}(?![\w-]))
  | (?P<slashed>\d{1,4}/\d{1,2}(?:/\d{1,4})?)
  | (?P<dotted>\d{1,2}\.\d{1,2}\.(?!\.)(?:\d{2,4})?)
  | (?P<time>\d{1,2}:\d{2}(?::\d{2})?)
  | (?P<number>\d+(?:\.\d+)?)
  | (?P<word>°?[^\W\d][\w-]*(?:\.[\w-]+)*)
  | (?P<quoted>"[^"]*")
  | (?P<range>\.\.|…)
  | (?P<sign>>=|<=|≥|≤)
  | (?P<wrong_sign>=>|=<|==|<|>|=)
  | (?P<percent>%)
  | (?P<comma>,)
  | (?P<dash>[-–])
    """,
    re.VERBOSE,
)
_SIGNS = {"≥": ">=", "≤": "<="}
_MEANT = {"=>": ">=", "=<": "<=", ">": ">=", "<": "<=", "=": ">= or <=", "==": ">= or <="}


class Token(NamedTuple):
    """``kind``, the ``text`` as written, and the column, from 1."""

    kind: str
    text: str
    column: int

    @property
    def end(self) -> int:
        """Column after the token."""
        return self.column + len(self.text)

    def __str__(self) -> str:
        """Show it as it was found."""
        return "the end" if self.kind == "end" else repr(self.text)


class Misread(Exception):  # noqa: N818 - reads as what it is
    """A sentence that is none; caught by the parser, and told as a fault."""

    def __init__(self, column: int, problem: str, fix: str) -> None:
        super().__init__(problem)
        self.column, self.problem, self.fix = column, problem, fix

    @property
    def fault(self) -> Fault:
        """The same as a fault; its place is the column."""
        return Fault("sentence", 1, f"column {self.column}", self.problem, self.fix)


def tokens_of(sentence: str) -> list[Token]:
    """Cut a sentence into tokens, an ``end`` last; raises :class:`Misread`."""
    if len(sentence) > LONGEST:
        problem = f"the sentence has {len(sentence)} characters"
        raise Misread(LONGEST + 1, problem, f"use no more than {LONGEST}")
    found, at = [], 0
    while at < len(sentence):
        match = _PATTERN.match(sentence, at)
        if match is None or match.lastgroup is None:
            raise _unknown(sentence[at], at + 1)
        token = Token(match.lastgroup, match.group(), at + 1)
        at = match.end()
        if token.kind != "space":
            found.append(_accepted(token))
    return [*found, Token("end", "", len(sentence.rstrip()) + 1)]


def _accepted(token: Token) -> Token:
    if token.kind == "slashed":
        raise _date_by_numbers(token, "/")
    if token.kind == "dotted":
        raise _date_by_numbers(token, ".")
    if token.kind == "wrong_sign":
        problem = f"found {token}, which is no sign here"
        raise Misread(token.column, problem, f"write {_MEANT[token.text]}")
    if token.kind == "sign":
        return token._replace(text=_SIGNS.get(token.text, token.text))
    return token


def _unknown(character: str, column: int) -> Misread:
    if character == '"':
        return Misread(column, "found a quote that is not closed", 'close it with "')
    return Misread(column, f"found {character!r}, which means nothing here", "leave it out")


def _date_by_numbers(token: Token, mark: str) -> Misread:
    """Refuse a date whose day and month could be either, with what it may mean."""
    parts = [int(part) for part in token.text.split(mark) if part]
    choices = list(dict.fromkeys(text for text in _readings(parts) if text))
    fix = f"write {' or '.join(choices)}" if choices else "write a date such as 23 April 2026"
    problem = f"found {token}: dates are not written by numbers alone"
    if len(choices) > 1:
        problem = f"found {token}, which could be {' or '.join(choices)}"
    return Misread(token.column, problem, fix)


def _readings(parts: list[int]) -> list[str]:
    if parts[0] > 31:
        parts = [*reversed(parts)]
    year = f" {parts[2]}" if len(parts) == 3 and parts[2] > 999 else ""
    first, second = parts[:2]
    return [
        f"{day} {MONTHS[month - 1]}{year}" if 1 <= month <= 12 and 1 <= day <= 31 else ""
        for day, month in ((first, second), (second, first))
    ]
