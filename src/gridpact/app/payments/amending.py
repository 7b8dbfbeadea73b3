"""What changed of a mandate since a bank was asked to collect by it.

The first collection after a change tells the bank what was before: the mandate's reference, the
creditor's identifier and name, or that the debtor has another account, ``SMNDA`` (same mandate with
new debtor account; EPC016-06, AT-24, and EPC130-08, Amendment Information Details).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from xml.etree import ElementTree as ET

import msgspec

from gridpact.app.payments.debits import Debit, History
from gridpact.app.people.people_file import Amended, People, Person

OTHER_ACCOUNT = "SMNDA"
_NAME_CHARS = 70


def mandate_of(mandate: str, person: Person) -> str:
    """Return what a mandate is told apart by, without its reference."""
    return hashlib.sha256(f"{mandate} {person.signed}".encode()).hexdigest()


def used_by(people: People, who: str, history: History) -> list[Debit]:
    """Return the debits of somebody's mandate, also under the reference that it had before."""
    person, before = people.person(who), people.amended.get(who, Amended()).mandate
    references = [before, person.mandate] if before else [person.mandate]
    return [debit for each in references for debit in history.of(mandate_of(each, person))]


def changed(people: People, who: str) -> Amended:
    """Return what was before of all that somebody's mandate tells."""
    own, theirs = (people.amended.get(name, Amended()) for name in (who, people.holder))
    return Amended(own.mandate, own.iban, theirs.creditor_id, theirs.name)


def untold(people: People, who: str, used: Iterable[Debit]) -> str:
    """Return what a change is told apart by that no debit has told yet, else ``""``."""
    change, person = changed(people, who), people.person(who)
    if change == Amended():
        return ""
    told = msgspec.json.encode((change, person.mandate, str(person.signed)))
    name = hashlib.sha256(told).hexdigest()
    return "" if any(each.amended == name for each in used) else name


def tell(mandate: ET.Element, change: Amended, space: str) -> None:
    """Write into a debit's mandate what was before, in the order of the schema."""
    ET.SubElement(mandate, f"{space}AmdmntInd").text = "true"
    details = ET.SubElement(mandate, f"{space}AmdmntInfDtls")
    if change.mandate:
        ET.SubElement(details, f"{space}OrgnlMndtId").text = change.mandate
    if change.creditor_id or change.name:
        _creditor(ET.SubElement(details, f"{space}OrgnlCdtrSchmeId"), change, space)
    if change.iban:
        path = ("OrgnlDbtrAcct", "Id", "Othr", "Id")
        _under(details, path, space).text = OTHER_ACCOUNT


def _creditor(original: ET.Element, change: Amended, space: str) -> None:
    # sepaxml needs it, and writes all names so; it comes without types
    from text_unidecode import unidecode  # type: ignore[import-untyped]

    if change.name:
        ET.SubElement(original, f"{space}Nm").text = unidecode(change.name)[:_NAME_CHARS]
    if change.creditor_id:
        other = _under(original, ("Id", "PrvtId", "Othr"), space)
        ET.SubElement(other, f"{space}Id").text = change.creditor_id
        _under(other, ("SchmeNm", "Prtry"), space).text = "SEPA"


def _under(node: ET.Element, path: Iterable[str], space: str) -> ET.Element:
    for name in path:
        node = ET.SubElement(node, f"{space}{name}")
    return node
