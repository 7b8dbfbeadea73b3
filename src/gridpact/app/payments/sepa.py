"""Orders as messages of ISO 20022: pain.001 (credit transfers) and pain.008 (direct debits).

The messages are built and held against their schemas by ``sepaxml``. Their identifiers are made
from what they say, so that a bank can tell an order that it was given twice.
"""

from __future__ import annotations

import hashlib
import importlib.util
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from xml.etree import ElementTree as ET

import msgspec

from gridpact.app.payments.amending import changed, tell
from gridpact.app.payments.debits import Debit, Given
from gridpact.app.payments.orders import Order, Orders
from gridpact.app.people.people_file import Amended, People
from gridpact.base.errors import BadInput, Fault

TRANSFER, DEBIT = "pain.001.001.09", "pain.008.001.08"
SPACE = "urn:iso:std:iso:20022:tech:xsd:"
_CHARS = 30


def transfers(orders: Orders, created_s: int) -> bytes:
    """Return the credit transfers of some orders as XML; ``created_s`` [s] is when it is made."""
    from sepaxml import SepaTransfer

    holder = orders.holder
    config = {"name": holder.name, "IBAN": holder.iban, "currency": "EUR", "batch": True}
    message = SepaTransfer(config | _bic(holder.bic), schema=TRANSFER, clean=True)
    for order in orders.paid:
        message.add_payment({**_payment(order, orders), "execution_date": orders.day})
    return _named(message.export(validate=False), TRANSFER, orders, created_s)


def debits(orders: Orders, given: Sequence[Debit], people: People, created_s: int) -> bytes:
    """Return the direct debits of some orders as XML, of the CORE scheme.

    ``given`` says of each order which of its mandate's collections it is, on which day, and
    whether it tells what was before of its mandate, as ``people`` do.
    """
    from sepaxml import SepaDD

    holder = orders.holder
    config = {"name": holder.name, "IBAN": holder.iban, "currency": "EUR", "batch": True}
    config |= {"creditor_id": holder.creditor_id, "instrument": "CORE", **_bic(holder.bic)}
    message = SepaDD(config, schema=DEBIT, clean=True)
    for order, debit in zip(orders.collected, given, strict=True):
        mandate = {"mandate_id": order.person.mandate, "mandate_date": order.person.signed}
        payment = {**_payment(order, orders), **mandate, "type": debit.sequence}
        payment |= {"endtoend_id": debit.id, "collection_date": debit.day}
        message.add_payment(payment)
    root = ET.fromstring(message.export(validate=False))  # noqa: S314 - made here
    _amend(root, {each.id: changed(people, each.who) for each in given if each.amended})
    told = Given(orders.text, tuple(given))
    return _named(ET.tostring(root), DEBIT, told, created_s)


def _amend(root: ET.Element, changes: Mapping[str, Amended]) -> None:
    """Tell what was before of mandates, by debits' identifiers."""
    space = f"{{{SPACE}{DEBIT}}}"
    for each in root.iter(f"{space}DrctDbtTxInf"):
        name = each.findtext(f"{space}PmtId/{space}EndToEndId", "")
        mandate = each.find(f"{space}DrctDbtTx/{space}MndtRltdInf")
        if name in changes and mandate is not None:
            tell(mandate, changes[name], space)


def check_library() -> None:
    """Refuse where the library is not installed."""
    if importlib.util.find_spec("sepaxml") is None:
        problem, fix = "sepaxml is not installed", "pip install 'gridpact[payments]'"
        raise BadInput([Fault("gridpact export payments", 0, "", problem, fix)])


def _bic(bic: str) -> dict[str, str]:
    return {"BIC": bic} if bic else {}


def _payment(order: Order, orders: Orders) -> dict[str, object]:
    person = order.person
    told = {"name": person.name, "IBAN": person.iban, "amount": order.cents, **_bic(person.bic)}
    return {**told, "description": orders.text, "endtoend_id": identifier("E", order, orders.text)}


def identifier(begin: str, what: msgspec.Struct, *more: str) -> str:
    """Return an identifier of at most 35 characters made from what something says."""
    told = msgspec.json.encode((what, *more), order="deterministic")
    return f"{begin}{hashlib.sha256(told).hexdigest()[:_CHARS]}".upper()


def _named(data: bytes, schema: str, told: msgspec.Struct, created_s: int) -> bytes:
    """Give a message and its batches identifiers of their own making, and validate it."""
    from sepaxml.validation import try_valid_xml

    space = f"{{{SPACE}{schema}}}"
    root = ET.fromstring(data)  # noqa: S314 - made here
    for each in root.iter(f"{space}MsgId"):
        each.text = identifier("M", told, schema)
    for number, each in enumerate(root.iter(f"{space}PmtInfId")):
        each.text = identifier("B", told, schema, str(number))
    for each in root.iter(f"{space}CreDtTm"):
        each.text = datetime.fromtimestamp(created_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    ET.indent(root)
    made: bytes = ET.tostring(root, "utf-8", xml_declaration=True)
    try_valid_xml(made, schema)
    return made
