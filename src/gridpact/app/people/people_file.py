"""Names, addresses and bank accounts of members and parties, apart from all that is hashed.

A book's ``people.yaml`` beside its rules, read by payments and invoices alike; who leaves can be
erased from it. Nothing of it goes into statements, journals or hashes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import date
from pathlib import Path

import msgspec

from gridpact.app.books.entries import Node
from gridpact.app.people.banking import (
    bic_problem,
    creditor_problem,
    iban_problem,
    mandate_problem,
    vat_problem,
)
from gridpact.base.documents import Document, read_mapping
from gridpact.base.errors import BadInput

VERSION = "people/1"
BEGIN = f"gridpact: {VERSION}"
_TOP = ("gridpact", "holder", "people")
_PERSON = (
    *("name", "address", "vat_id", "email"),
    *("iban", "bic", "creditor_id", "mandate", "signed", "mandate_type", "amended"),
)
_OF_DEBTOR, _OF_CREDITOR = ("mandate", "iban"), ("creditor_id", "name")
_ADDRESS = ("street", "postcode", "city", "country")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_COUNTRY = re.compile(r"[A-Z]{2}")


class Address(msgspec.Struct, frozen=True):
    """Where somebody can be written to; ``country`` is its code by ISO 3166-1, such as ``DE``."""

    country: str
    street: str = ""
    postcode: str = ""
    city: str = ""

    @property
    def lines(self) -> tuple[str, ...]:
        """The address as it is written on a letter."""
        place = " ".join(each for each in (self.postcode, self.city) if each)
        return tuple(each for each in (self.street, place, self.country) if each)


class Person(msgspec.Struct, frozen=True):
    """Who is behind a member or party, and how it pays and is paid; ``""`` for what is not told.

    ``mandate`` is the reference of its mandate for direct debits, ``signed`` on that day, and for
    one collection alone where it is ``once``;
    ``vat_id`` its number for value-added tax with the country before it.
    """

    name: str
    iban: str = ""
    bic: str = ""
    creditor_id: str = ""
    mandate: str = ""
    signed: date | None = None
    address: Address | None = None
    vat_id: str = ""
    email: str = ""
    once: bool = False


class Amended(msgspec.Struct, frozen=True):
    """What was before of a mandate, ``""`` for what is as it was.

    ``mandate`` is its reference and ``iban`` the debtor's account; ``creditor_id`` and ``name`` are
    the creditor's.
    """

    mandate: str = ""
    iban: str = ""
    creditor_id: str = ""
    name: str = ""


class People(msgspec.Struct, frozen=True):
    """People of a book by member or party; ``holder`` is the party that has the bank account.

    ``amended`` is apart from them, for orders are told apart by all that a person is.
    """

    file: str
    holder: str = ""
    people: dict[str, Person] = {}
    amended: dict[str, Amended] = {}

    def person(self, name: str) -> Person:
        """Return who is behind a member or party; only its identifier where nothing is told."""
        return self.people.get(name) or Person(name)


def read_people(path: Path, known: Iterable[str] | None = None) -> People:
    """Read a file of people; BadInput lists every bad IBAN, BIC, mandate and number at once.

    ``known`` are the members and parties that there are, where anybody else is a mistake.
    """
    document, root = read_mapping(path, "people", BEGIN)
    top = Node(document, (), root)
    top.known(_TOP)
    if root.get("gridpact") != VERSION:
        top.fault("gridpact", f"this is not {VERSION}", f"write {BEGIN}")
    holder, node = top.name("holder"), top.node("people")
    people, amended = dict[str, Person](), dict[str, Amended]()
    for name in node.value if node else ():
        if node and (each := node.node(name)):
            people[name] = _person(each)
            if (before := each.node("amended")) is not None:
                amended[name] = _amended(before, people[name])
    if holder and holder not in people:
        top.fault("holder", f"there is nobody called {holder} here", "tell its name and IBAN")
    if known is not None:
        _check_names(document, people, {*known})
    if document.faults:
        raise BadInput(document.faults)
    return People(str(path), holder, people, amended)


def people_of(path: Path) -> People:
    """Read a file of people, where there is one; nobody is told of where there is none."""
    return read_people(path) if path.exists() else People(str(path))


def _check_names(document: Document, people: dict[str, Person], known: set[str]) -> None:
    for name in people:
        if name not in known:
            problem = "the rules have no such member or party"
            document.fault(("people", name), problem, "name one of those, or leave it out")


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
        address=_address(node),
        vat_id=_checked(node, "vat_id", vat_problem),
        email=node.text("email"),
        once=node.choice("mandate_type", ("recurrent", "one-off"), "recurrent") == "one-off",
    )


def _amended(node: Node, person: Person) -> Amended:
    """Read what was before: of a debtor's mandate, and of a creditor."""
    known = (*(_OF_DEBTOR if person.mandate else ()), *(_OF_CREDITOR if person.creditor_id else ()))
    if not known:
        node.fault("", "it has neither a mandate nor a creditor_id", "leave it out")
        return Amended()
    node.known(known)
    before = Amended(
        _checked(node, "mandate", mandate_problem),
        _checked(node, "iban", iban_problem),
        _checked(node, "creditor_id", creditor_problem),
        node.text("name"),
    )
    for name in known:
        if (was := getattr(before, name)) and was == getattr(person, name):
            node.fault(name, "it is the same as now", "tell what it was before, or leave it out")
    return before


def _address(node: Node) -> Address | None:
    found = node.node("address")
    if found is None:
        return None
    found.known(_ADDRESS)
    country = found.text("country", None)
    if country and not _COUNTRY.fullmatch(country):
        fix = "write two capital letters, such as DE"
        found.fault("country", f"{country[:40]!r} is no country's code", fix)
    return Address(country, found.text("street"), found.text("postcode"), found.text("city"))


def _checked(node: Node, name: str, problem_of: Callable[[str], str]) -> str:
    text = node.text(name)
    if name != "mandate":
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
