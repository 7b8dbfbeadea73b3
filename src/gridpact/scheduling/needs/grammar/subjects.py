"""Whom a sentence is about."""

from __future__ import annotations

from typing import NamedTuple, get_args

from gridpact.scheduling.needs.context import Context
from gridpact.scheduling.needs.directory import Unclear
from gridpact.scheduling.needs.grammar.cursor import Cursor
from gridpact.scheduling.needs.grammar.tokens import Misread, Token
from gridpact.scheduling.needs.model import Assets, Group, GroupBy, Subject

GROUPS: tuple[GroupBy, ...] = get_args(GroupBy)
DEMANDS = (
    "takes",
    "gives",
    "quiet",
    "unavailable",
    "away",
    "runs",
    "rests",
    "starts",
    "cycles",
    "throughput",
    "cost",
    "keeps",
    "charge",
    "stop",
    "supply",
    "off",
)
"""Words that begin what is asked; a name that is one of them is quoted."""


class Said(NamedTuple):
    """A subject, and the columns of its names."""

    subject: Subject
    columns: tuple[int, ...]


def subject(cursor: Cursor, example: str = "zone PL") -> Said:
    """Read assets, or a group and its names; ``example`` is a group that there is."""
    if cursor.is_word("community"):
        return Said(Group("community"), (cursor.take().column,))
    by = next((group for group in GROUPS if cursor.is_word(group)), None)
    if by is not None:
        cursor.take()
    expected = "a name" if by is not None else f"an asset, or a group such as {example}"
    tokens = _names(cursor, by is not None, expected)
    names = tuple(_text(token) for token in tokens)
    columns = tuple(token.column for token in tokens)
    return Said(Assets(names) if by is None else Group(by, names), columns)


def _names(cursor: Cursor, in_group: bool, expected: str) -> list[Token]:
    found: list[Token] = []
    while True:
        token = _name(cursor, in_group, expected)
        if _text(token) in [_text(one) for one in found]:
            raise Misread(token.column, f"{token} comes twice", "name it once")
        found.append(token)
        if not cursor.skip_kind("comma"):
            return found


def _name(cursor: Cursor, in_group: bool, expected: str) -> Token:
    token = cursor.next
    digits = in_group and token.kind == "number" and token.text.isdigit()
    word = token.kind == "word" and token.text.lower() not in DEMANDS
    if token.kind == "quoted" and not token.text[1:-1].strip():
        cursor.fail("a name")
    if not (digits or word or token.kind == "quoted"):
        cursor.fail(expected)
    return cursor.take()


def _text(token: Token) -> str:
    return token.text[1:-1] if token.kind == "quoted" else token.text


def settled(said: Said, context: Context) -> Subject:
    """Turn words into identifiers by the directory, where there is one."""
    if context.directory is None:
        return said.subject
    found = context.directory.settle(said.subject, context.owner)
    if isinstance(found, Unclear):
        raise Misread(said.columns[found.place], found.problem, found.fix)
    return found
