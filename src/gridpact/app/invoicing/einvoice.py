"""Documents as e-invoices: XML of EN 16931 in the syntax of UN/CEFACT (CII), as Factur-X embeds it.

The XML is built by ``drafthorse`` and held against the schema of Factur-X 1.0.07, EN 16931. The
numbers are those of the document; the standard's totals hold because the document's do.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from gridpact.app.invoicing.pdf.fonts import shown
from gridpact.app.invoicing.writing import Writing
from gridpact.app.people.people_file import People, Person
from gridpact.base.errors import BadInput, Fault
from gridpact.settlement.invoices.document import Document, Item, TaxTotal

if TYPE_CHECKING:
    from drafthorse.models.document import Document as Xml
    from drafthorse.models.party import TradeParty
    from lxml import etree

GUIDELINE = "urn:cen.eu:en16931:2017"
FILE = "factur-x.xml"
_OUTSIDE = "O"
_NOT_SUBJECT = ("Not subject to VAT", "VATEX-EU-O")
"""BT-120 and BT-121 of what is outside the scope of the tax."""
_TRANSFER, _DEBIT = "58", "59"
"""Codes of BT-81 from UNTDID 4461: SEPA credit transfer and direct debit."""
_CENT_NANO = 10_000_000


def check_library() -> None:
    """Refuse where the library is not installed."""
    if importlib.util.find_spec("drafthorse") is None:
        problem, fix = "drafthorse is not installed", "pip install 'gridpact[invoices]'"
        raise BadInput([Fault("gridpact export invoices", 0, "", problem, fix)])


def check(documents: Sequence[Document], writing: Writing, people: People) -> None:
    """Refuse documents that EN 16931 cannot state: BadInput lists all that lacks."""
    faults = dict.fromkeys(
        fault for document in documents for fault in _lacking(document, writing, people)
    )
    if faults:
        raise BadInput([*faults])


def _lacking(document: Document, writing: Writing, people: People) -> Iterator[Fault]:
    if writing.rules.minor_nano % _CENT_NANO:
        problem = "an e-invoice states at most two decimals"
        yield Fault(writing.rules.name, 0, "decimals", problem, "keep the book in cents")
    for side in (document.seller, document.buyer):
        if side not in people.people:
            problem, fix = "nobody of that name is here", "tell its name and address"
            yield Fault(people.file, 0, f"people.{side}", problem, fix)
        elif people.people[side].address is None:
            fix = "write one, with its country at least"
            yield Fault(people.file, 0, f"people.{side}.address", "there is no address", fix)
    seller = people.person(document.seller)
    if document.tax and not seller.vat_id:
        problem = f"who sells with {document.tax} needs a VAT number (BR-S-02)"
        yield Fault(people.file, 0, f"people.{document.seller}.vat_id", problem, "write it there")


def einvoice(document: Document, writing: Writing, people: People) -> bytes:
    """Return a document as XML that is valid by its schema; see :func:`check` before."""
    from drafthorse.models.document import Document as Xml
    from drafthorse.models.note import IncludedNote

    xml = Xml()
    xml.context.guideline_parameter.id = GUIDELINE
    xml.header.id = document.number
    xml.header.type_code = str(document.code)
    xml.header.issue_date_time = _day(document.issued_s, writing)
    xml.header.notes.add(IncludedNote(content=_note(document, writing)))
    for item in document.items:
        xml.trade.items.add(_line(item, writing))
    agreement = xml.trade.agreement
    for side, name in ((agreement.seller, document.seller), (agreement.buyer, document.buyer)):
        _party(side, name, people.person(name), taxed=bool(document.tax))
    _settle(xml, document, writing)
    _pay(xml, document, writing, people)
    return _valid(xml.serialize(schema=None))


def _line(item: Item, writing: Writing) -> object:
    """Return an invoice line (BG-25)."""
    from drafthorse.models.tradelines import LineItem

    line = LineItem()
    line.document.line_id = str(item.id)
    line.product.seller_assigned_id = item.name
    line.product.name = writing.item(item.name)
    line.agreement.net.amount = _digits(item.price_nano, 9)
    line.agreement.net.basis_quantity = ("1", item.unit)
    line.delivery.billed_quantity = (_digits(item.quantity_milli, 3), item.unit)
    tax = line.settlement.trade_tax
    tax.type_code, tax.category_code = "VAT", item.category
    if item.category != _OUTSIDE:
        tax.rate_applicable_percent = _percent(item.rate_ppm)
    line.settlement.period.start = _day(item.first_s, writing)
    line.settlement.period.end = _day(item.end_s - 1, writing)
    line.settlement.monetary_summation.total_amount = _amount(item.minor, writing)
    return line


def _party(side: TradeParty, name: str, person: Person, *, taxed: bool) -> None:
    """Fill in a seller (BG-4) or buyer (BG-7): identifier, name, address, and tax number.

    On what is outside the scope of the tax no tax number may be (BR-O-02).
    """
    from drafthorse.models.party import TaxRegistration

    side.id, side.name = name, shown(person.name)
    if person.address is not None:
        side.address.country_id = person.address.country
        side.address.line_one = shown(person.address.street)
        side.address.postcode = shown(person.address.postcode)
        side.address.city_name = shown(person.address.city)
    if person.email:
        side.electronic_address.uri_ID = ("EM", shown(person.email))
    if taxed and person.vat_id:
        side.tax_registrations.add(TaxRegistration(id=("VA", person.vat_id)))


def _settle(xml: Xml, document: Document, writing: Writing) -> None:
    """Fill in currency, period, taxes (BG-23), totals (BG-22) and the invoice before (BG-3).

    Energy was delivered until the period's last day (BT-72).
    """
    settlement = xml.trade.settlement
    settlement.currency_code = document.currency
    xml.trade.delivery.event.occurrence = _day(document.end_s - 1, writing)
    settlement.period.start = _day(document.first_s, writing)
    settlement.period.end = _day(document.end_s - 1, writing)
    for each in document.taxes:
        settlement.trade_tax.add(_tax(each, writing))
    sums = settlement.monetary_summation
    net, tax = _amount(document.net_minor, writing), _amount(document.tax_minor, writing)
    sums.line_total, sums.tax_basis_total = net, (net, None)
    sums.charge_total, sums.allowance_total = "0.00", "0.00"
    sums.tax_total = (tax, document.currency)
    total = _amount(document.total_minor, writing)
    sums.grand_total, sums.due_amount = (total, None), total
    if document.refers:
        settlement.invoice_referenced_document.issuer_assigned_id = document.refers


def _tax(total: TaxTotal, writing: Writing) -> object:
    from drafthorse.models.accounting import ApplicableTradeTax

    tax = ApplicableTradeTax()
    tax.type_code, tax.category_code = "VAT", total.category
    tax.basis_amount = _amount(total.base_minor, writing)
    tax.calculated_amount = _amount(total.minor, writing)
    if total.category == _OUTSIDE:
        tax.exemption_reason, tax.exemption_reason_code = _NOT_SUBJECT
    else:
        tax.rate_applicable_percent = _percent(total.rate_ppm)
    return tax


def _pay(xml: Xml, document: Document, writing: Writing, people: People) -> None:
    """Fill in how it is paid (BG-16) and until when (BT-9, BT-20).

    A member pays whoever holds the bank account, who pays on; a mandate makes it a direct debit.
    """
    from drafthorse.models.payment import PaymentMeans, PaymentTerms

    terms = PaymentTerms()
    terms.description = _note(document, writing)
    if not document.credit:
        terms.due = _day(document.due_s, writing)
    sold = document.seller == document.owner
    payee = document.seller if sold else people.holder or document.seller
    payer, bank = people.person(document.buyer), people.person(payee)
    settlement, means = xml.trade.settlement, PaymentMeans()
    if not sold and payer.mandate and payer.iban and bank.creditor_id:
        means.type_code = _DEBIT
        means.payer_account.iban = payer.iban
        terms.debit_mandate_id = payer.mandate
        settlement.creditor_reference_id = bank.creditor_id
    elif bank.iban:
        means.type_code = _TRANSFER
        means.payee_account.iban = bank.iban
        settlement.payment_reference = document.number
    if means.type_code:
        settlement.payment_means.add(means)
        if payee != document.seller:
            settlement.payee.id, settlement.payee.name = payee, shown(bank.name)
    settlement.terms.add(terms)


def _note(document: Document, writing: Writing) -> str:
    return writing.say("netted", member=document.owner, period=document.period)


def _amount(minor: int, writing: Writing) -> str:
    return _digits(minor * writing.rules.minor_nano // _CENT_NANO, 2)


def _percent(ppm: int) -> str:
    return _digits(ppm, 4)


def _digits(value: int, places: int) -> str:
    """Write a whole number of parts of ten as a decimal, without an exponent."""
    return f"{Decimal(value).scaleb(-places):f}"


def _day(at_s: int, writing: Writing) -> date:
    return datetime.fromtimestamp(at_s, ZoneInfo(writing.rules.timezone)).date()


@lru_cache(maxsize=1)
def _schema() -> etree.XMLSchema:
    import drafthorse
    from lxml import etree

    folder = Path(drafthorse.__file__).parent / "schema"
    return etree.XMLSchema(file=str(folder / "Factur-X_1.0.07_EN16931.xsd"))


def _valid(data: bytes) -> bytes:
    """Return XML that was held against its schema, each element on a line; raises where it fails.

    What a person can mend was refused before, so that an error here is a defect.
    """
    from lxml import etree

    root = etree.fromstring(data)
    _schema().assertValid(root)
    found: bytes = etree.tostring(root, pretty_print=True, xml_declaration=True, encoding="UTF-8")
    return found
