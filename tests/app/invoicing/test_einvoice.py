"""E-invoices: valid by the schema of Factur-X, with the numbers of the document."""

import io
from decimal import Decimal
from fractions import Fraction

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.app.invoicing import exporting
from gridpact.app.invoicing.einvoice import check, einvoice
from gridpact.app.invoicing.locales import LOCALES
from gridpact.app.invoicing.writing import Writing
from gridpact.app.people.people_file import Address, People, Person
from gridpact.base.errors import BadInput
from gridpact.settlement.invoices.document import Document, Item, TaxTotal
from gridpact.settlement.periods.rules import Member, Rules

pytest.importorskip("drafthorse", reason="the extra invoices is not installed")

DAY = 86_400
END = 31 * DAY
HOME = Address("DE", "Lane 7", "12345", "Lanestead")
RULES = Rules(
    "lane", "EUR", 10**7, "half-away", "UTC", 900,
    {"lane": "operator", "power": "supplier"}, (Member("bakery", "bakery"),), (),
)  # fmt: skip
PEOPLE = People(
    "people.yaml",
    "lane",
    {
        "lane": Person("Lane <&> community", "DE89370400440532013000", address=HOME),
        "bakery": Person("Bäckerei", "DE75512108001245126199", address=HOME, vat_id="DE1234567"),
        "power": Person("Power \u0007 company", address=HOME, vat_id="DE123456788"),
    },
)
ROW = st.tuples(
    st.sampled_from(("supply.energy", "grid.network-local", "own.kind-of-mine")),
    st.integers(-(10**7), 10**7),
    st.sampled_from(("KWH", "C62")),
    st.integers(0, 10**12),
    st.integers(-(10**8), 10**8),
    st.integers(0, 2),
)
PARTIES = st.sampled_from(
    (("power", "bakery", 380), ("bakery", "power", 389), ("power", "bakery", 381))
)


def document(rows, parties, taxed, refers=""):
    """A document of lines, each with a place among three rates, with totals by their definition."""
    rates = (190_000, 70_000, 0) if taxed else (0,)
    items, bases = [], {}
    for number, (name, quantity, unit, price, minor, place) in enumerate(rows, start=1):
        ppm = rates[place % len(rates)]
        category = "O" if not taxed else "S" if ppm else "Z"
        items.append(Item(number, name, "", 0, END, quantity, unit, price, minor, category, ppm))
        bases[category, ppm] = bases.get((category, ppm), 0) + minor
    totals = (
        TaxTotal(
            *key,
            base,
            int(Fraction(abs(base) * key[1], 10**6) + Fraction(1, 2)) * (1 if base >= 0 else -1),
        )
        for key, base in sorted(bases.items())
    )
    seller, buyer, code = parties
    return Document(
        number=f"{buyer}-000001", code=code, owner="bakery", seller=seller, buyer=buyer,
        currency="EUR", tax="vat" if taxed else "", period="1970-01", first_s=0, end_s=END,
        items=tuple(items), taxes=tuple(totals), refers=refers, run=1,
        issued_s=END + DAY, due_s=END + 15 * DAY,
    )  # fmt: skip


def written(made, people=PEOPLE, language="en"):
    return einvoice(made, Writing(RULES, LOCALES[language]), people)


def read(xml):
    """Find all texts of an element by its path, without namespaces."""
    from lxml import etree

    root = etree.fromstring(xml)

    def find(path):
        steps = "/".join(f"*[local-name()='{step}']" for step in path.split("/"))
        return [each.text for each in root.xpath(f"//{steps}")]

    return find


@settings(deadline=None, max_examples=40)
@given(st.lists(ROW, min_size=1, max_size=6), PARTIES, st.booleans())
def test_the_xml_is_valid_and_says_what_the_document_does(rows, parties, taxed):
    made = document(rows, parties, taxed)
    check([made], Writing(RULES, LOCALES["en"]), PEOPLE)
    find = read(written(made))  # held against the schema
    assert find("ExchangedDocument/TypeCode") == [str(made.code)]
    cents = [int(Decimal(text) * 100) for text in find("LineTotalAmount")]
    assert cents == [*(item.minor for item in made.items), made.net_minor]
    quantities = [Decimal(text) * 1000 for text in find("BilledQuantity")]
    assert quantities == [item.quantity_milli for item in made.items]
    prices = [Decimal(text) * 10**9 for text in find("ChargeAmount")]
    assert prices == [item.price_nano for item in made.items]
    header = "ApplicableHeaderTradeSettlement/ApplicableTradeTax"
    found = zip(
        find(f"{header}/CategoryCode"),
        find(f"{header}/BasisAmount"),
        find(f"{header}/CalculatedAmount"),
        strict=True,
    )
    assert [
        (category, Decimal(base) * 100, Decimal(tax) * 100) for category, base, tax in found
    ] == [(total.category, total.base_minor, total.minor) for total in made.taxes]
    assert [Decimal(text) * 100 for text in find("DuePayableAmount")] == [made.total_minor]
    assert [Decimal(text) * 100 for text in find("TaxTotalAmount")] == [made.tax_minor]


ONE = [("supply.energy", 1000, "KWH", 280_000_000, 28, 0)]


def test_what_is_outside_the_tax_has_no_number_and_a_reason():
    find = read(written(document(ONE, ("power", "bakery", 380), taxed=False)))
    assert find("SpecifiedTaxRegistration/ID") == []
    assert find("ExemptionReasonCode") == ["VATEX-EU-O"]
    assert find("RateApplicablePercent") == []
    taxed = read(written(document(ONE, ("power", "bakery", 380), taxed=True)))
    assert taxed("SellerTradeParty/SpecifiedTaxRegistration/ID") == ["DE123456788"]


def test_a_credit_note_refers_to_its_invoice():
    made = document(ONE, ("power", "bakery", 381), taxed=True, refers="power-000007")
    assert read(written(made))("InvoiceReferencedDocument/IssuerAssignedID") == ["power-000007"]


def test_who_holds_the_account_is_paid_or_collects():
    invoice = document(ONE, ("power", "bakery", 380), taxed=True)
    find = read(written(invoice))
    assert find("SpecifiedTradeSettlementPaymentMeans/TypeCode") == ["58"]
    assert find("PayeePartyCreditorFinancialAccount/IBANID") == ["DE89370400440532013000"]
    assert find("PayeeTradeParty/Name") == ["Lane <&> community"]
    bakery = msgspec.structs.replace(PEOPLE.people["bakery"], mandate="LANE-1")
    lane = msgspec.structs.replace(PEOPLE.people["lane"], creditor_id="DE98ZZZ09999999999")
    people = People("", "lane", {**PEOPLE.people, "bakery": bakery, "lane": lane})
    find = read(written(invoice, people))
    assert find("SpecifiedTradeSettlementPaymentMeans/TypeCode") == ["59"]
    assert find("PayerPartyDebtorFinancialAccount/IBANID") == ["DE75512108001245126199"]
    assert find("DirectDebitMandateID") == ["LANE-1"]
    assert find("CreditorReferenceID") == ["DE98ZZZ09999999999"]
    sold = document(ONE, ("bakery", "power", 389), taxed=True)
    assert read(written(sold))("PayeePartyCreditorFinancialAccount/IBANID") == [
        "DE75512108001245126199"
    ]


def test_everything_that_lacks_is_told_at_once():
    people = People("people.yaml", "lane", {"power": Person("Power", address=None)})
    made = [document(ONE, ("power", "bakery", 380), taxed=True)] * 2
    rules = msgspec.structs.replace(RULES, minor_nano=10**6)
    with pytest.raises(BadInput) as error:
        check(made, Writing(rules, LOCALES["en"]), people)
    assert len(error.value.faults) == 4
    for said in ("two decimals", "people.power.address", "people.power.vat_id", "people.bakery"):
        assert said in str(error.value)


def test_a_pdf_has_the_same_xml_within(bill):
    import pypdf

    people = People("", "lane", {**bill.people.people, "bakery": Person("B", address=HOME)})
    manner = exporting.Manner(Writing(bill.rules, LOCALES["de"]), people)
    xml = dict(exporting.files_of([bill.bill], manner, "xml"))
    pdf = dict(exporting.files_of([bill.bill], manner, "facturx"))
    assert {*xml} == {f"{each.number}.xml" for each in bill.bill.documents}
    for document_ in bill.bill.documents:
        reader = pypdf.PdfReader(io.BytesIO(pdf[f"{document_.number}.pdf"]), strict=True)
        assert reader.attachments == {"factur-x.xml": [xml[f"{document_.number}.xml"]]}
        text = "".join(page.extract_text() for page in reader.pages)
        (total,) = read(xml[f"{document_.number}.xml"])("GrandTotalAmount")
        assert f"{Decimal(total):,}".translate({44: ".", 46: ","}) in text
