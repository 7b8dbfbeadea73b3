"""A member's bill with everything on it that a bill can show, and how it is written."""

from types import SimpleNamespace

import msgspec
import pytest

from gridpact.app.invoicing.locales import LOCALES
from gridpact.app.invoicing.view import view_of
from gridpact.app.invoicing.writing import Writing
from gridpact.app.people.people_file import Address, People, Person
from gridpact.settlement.invoices.bill import Bill, Compared, Display, Part, Register
from gridpact.settlement.invoices.document import Document, Item, TaxTotal
from gridpact.settlement.periods.rules import Member, Rules

START, DAY = 1_772_323_200, 86_400  # 2026-03-01T00:00Z
LAST = START + 30 * DAY
SPAN, TAXED = ("metered:withdrawal", START, LAST), ("S", 190_000)
HOME = Address("DE", "Lane 7", "12345", "Lanestead")
PEOPLE = People(
    "people.yaml",
    "lane",
    {
        "lane": Person("Lane community", "DE89370400440532013000", address=HOME),
        "bakery": Person("Bäckerei Łąka & Söhne", address=HOME, email="bakery@lane.example"),
        "power": Person("Power company", address=HOME, vat_id="DE123456788"),
    },
)
RULES = Rules(
    "lane", "EUR", 10**7, "half-away", "UTC", 900,
    {"lane": "operator", "power": "supplier"}, (Member("bakery", "bakery"),), (),
)  # fmt: skip
SUPPLY = Document(
    number="power-000041",
    code=380,
    owner="bakery",
    seller="power",
    buyer="bakery",
    currency="EUR",
    tax="vat",
    period="2026-03",
    first_s=START,
    end_s=LAST,
    items=(
        Item(1, "supply.supply", *SPAN, 4_321_098, "KWH", 283_700_000, 122_590, *TAXED),
        Item(2, "supply.standing-charge", *SPAN, 1000, "C62", 11_900_000_000, 1190, *TAXED),
    ),
    taxes=(TaxTotal("S", 190_000, 123_780, 23_518),),
    run=3,
    issued_s=LAST + DAY,
    due_s=LAST + 15 * DAY,
)  # fmt: skip
CREDIT = msgspec.structs.replace(SUPPLY, number="power-000040", code=381, refers="power-000007")
SOLD = Document(
    number="lane-000009",
    code=389,
    owner="bakery",
    seller="bakery",
    buyer="lane",
    currency="EUR",
    tax="",
    period="2026-03",
    first_s=START,
    end_s=LAST,
    items=(Item(1, "sharing.sharing", *SPAN, 98_765, "KWH", 150_000_000, 1481, "O"),),
    taxes=(TaxTotal("O", 0, 1481, 0),),
    run=3,
    issued_s=LAST + DAY,
    due_s=LAST + 15 * DAY,
)  # fmt: skip
ENERGY = {
    "metered:withdrawal": 4_400_000, "metered:injection": 150_000, "trade:bought": 0,
    "trade:sold": 0, "shared:in": 70_000, "shared:out": 98_765, "supplier:in": 4_321_098,
    "supplier:out": 42_333, "network:outside": 4_321_098, "network:local": 70_000,
}  # fmt: skip
BILL = Bill(
    member="bakery",
    period="2026-03",
    first_s=START,
    end_s=LAST,
    currency="EUR",
    documents=(CREDIT, SUPPLY, SOLD),
    registers=(
        Register(
            "withdrawal",
            4_400_000,
            Display(77_000_123, START, "m-1"),
            Display(81_400_123, LAST - 3 * DAY, "m-1", estimated=True),
        ),
        Register("injection", 150_000),
    ),
    energy=ENERGY,
    prepaid_minor=500,
    billed_minor=-2700,
    deposit_minor=5000,
    parts=tuple(
        Part(START + day * DAY, START + (day + 1) * DAY, 100_000 + 7_000 * day, 5000)
        for day in range(30)
    ),
    last=Compared("2026-02", 4_000_000, 90_000, 130_000),
    supplier_only_minor=150_123,
)


@pytest.fixture
def bill():
    """The bill, its rules and people; ``view`` returns what is seen of it in a language."""

    def view(language="en", made=BILL, people=PEOPLE):
        return view_of(made, Writing(RULES, LOCALES[language]), people)

    return SimpleNamespace(bill=BILL, people=PEOPLE, rules=RULES, view=view)
