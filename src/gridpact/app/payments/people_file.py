"""Names and bank accounts of members and parties, kept apart from all that is hashed.

A ``people.yaml`` beside the rules; who leaves can be erased from it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from pathlib import Path

import msgspec

from gridpact.app.books.entries import Node
from gridpact.app.payments.banking import (
    bic_problem,
    creditor_problem,
    iban_problem,
    mandate_problem,
)
from gridpact.base.documents import read_mapping
from gridpact.base.errors import BadInput

VERSION = "people/1"
BEGIN = f"gridpact: {VERSION}"
_PERSON = ("name", "iban", "bic", "creditor_id", "mandate", "signed", "address", "email")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class Person(msgspec.Struct, frozen=True):
    """Who is behind a member or party, and how it pays and is paid; ``""`` for what is not told.

    ``mandate`` is the reference of its mandate for direct debits, ``signed`` on that day.
    """

    name: str
    iban: str = ""
    bic: str = ""
    creditor_id: str = ""
    mandate: str = ""
    signed: date | None = None


class People(msgspec.Struct, frozen=True):
    """People of a book by member or party; ``holder`` is the party that has the bank account."""

    file: str
    holder: str
    people: dict[str, Person]


def read_people(path: Path) -> People:
    """Read a file of people; BadInput lists every bad IBAN, BIC, mandate and creditor at once."""
    document, root = read_mapping(path, "people", BEGIN)
    top = Node(document, (), root)
    top.known(("gridpact", "holder", "people"))
    if root.get("gridpact") != VERSION:
        top.fault("gridpact", f"this is not {VERSION}", f"write {BEGIN}")
    holder, node = top.name("holder"), top.node("people")
    people: dict[str, Person] = {}
    for name in node.value if node else ():
        if node and (each := node.node(name)):
            people[name] = _person(each)
    if holder and holder not in people:
        top.fault("holder", f"there is nobody called {holder} here", "tell its name and IBAN")
    if document.faults:
        raise BadInput(document.faults)
    return People(str(path), holder, people)


def _person(node: Node) -> Person:
    node.known(_PERSON)
    mandate, signed = _checked(node, "mandate", mandate_problem), _signed(node)
    if bool(mandate) != bool(signed):
        node.fault("mandate", "a mandate is told with its day", "give both mandate and signed")
    return Person(
        name=node.text("name", None),
        iban=_checked(node, "iban", iban_problem),
        bic=_checked(node, "bic", bic_problem),
        creditor_id=_checked(node, "creditor_id", creditor_problem),
        mandate=mandate,
        signed=signed,
    )


def _checked(node: Node, name: str, problem_of: Callable[[str], str]) -> str:
    text = node.text(name)
    if name in ("iban", "bic", "creditor_id"):
        text = text.replace(" ", "")
    if text and (problem := problem_of(text)):
        node.fault(name, f"{text[:40]!r} {problem}", "correct it")
    return text


def _signed(node: Node) -> date | None:
    value = node.value.get("signed")
    try:
        if value is None or (isinstance(value, str) and _DAY.fullmatch(value)):
            return date.fromisoformat(value) if value else None
    except ValueError:
        pass
    node.fault("signed", f"{str(value)[:40]!r} is not a day", "write one such as 2026-01-15")
    return None
