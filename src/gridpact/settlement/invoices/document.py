"""An invoice or a credit note as a value, with the terms of EN 16931.

The standard (EN 16931-1:2017) names every piece of information of an invoice: ``BT-112`` is the
amount with tax, ``BG-25`` an invoice line. Amounts are whole minor units. A document is a function
of lines that were booked; it adds nothing of its own.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import NamedTuple

import msgspec

INVOICE, CREDIT_NOTE, SELF_BILLED, SELF_BILLED_CREDIT_NOTE = 380, 381, 389, 261
"""Codes of BT-3, from UNTDID 1001."""
KILOWATT_HOUR, ONE = "KWH", "C62"
"""Codes of BT-130, from UN/ECE Recommendation 20."""
STANDARD, ZERO, OUTSIDE = "S", "Z", "O"
"""Codes of BT-151 and BT-118 from UNTDID 5305: standard rate, zero rate, outside the scope."""
CREDITS = {INVOICE: CREDIT_NOTE, SELF_BILLED: SELF_BILLED_CREDIT_NOTE}
"""The credit note of each kind of invoice."""


class Key(NamedTuple):
    """What one document is about: whose lines, from whom to whom, in which currency and tax."""

    owner: str
    seller: str
    buyer: str
    currency: str
    tax: str


class Item(msgspec.Struct, frozen=True):
    """An invoice line (BG-25).

    ``id`` counts the lines of a document (BT-126), ``name`` is clause and kind (BT-153),
    ``energy`` the series that was counted. ``first_s`` and ``end_s`` bound the span (BT-134,
    BT-135). ``quantity_milli`` is in thousandths of ``unit`` (BT-129, BT-130): watt-hours, or 1000
    for one piece. ``price_nano`` is the net price of a unit [nano-¤] (BT-146), which is never
    negative (BR-27): where money flows the other way, the quantity is negative. ``minor`` is the
    net amount (BT-131), rounded once from the exact sum over slots. ``category`` and ``rate_ppm``
    are those of the tax (BT-151, BT-152).
    """

    id: int
    name: str
    energy: str
    first_s: int
    end_s: int
    quantity_milli: int
    unit: str
    price_nano: int
    minor: int
    category: str
    rate_ppm: int = 0


class TaxTotal(msgspec.Struct, frozen=True):
    """Tax of one category and rate (BG-23).

    ``base_minor`` is what is taxed (BT-116) and ``minor`` the tax (BT-117): base × rate, rounded
    once (BR-CO-17).
    """

    category: str
    rate_ppm: int
    base_minor: int
    minor: int


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """An invoice, or a credit note that takes one back whole.

    Parameters
    ----------
    number : str
        BT-1, without gaps for each issuer; ``""`` for what was not issued.
    code : int
        BT-3: :data:`INVOICE`, :data:`SELF_BILLED` where the buyer issues it for a member that
        sells, or the credit note of either. Amounts of a credit note are what is credited.
    owner, seller, buyer : str
        Whose lines these are, who sells (BG-4) and who buys (BG-7).
    currency : str
        BT-5.
    tax : str
        Name of the tax in the rules, ``""`` for what is outside of any.
    period : str
        Name of the billing period, from ``first_s`` until ``end_s`` (BT-73, BT-74).
    items : tuple of Item
        BG-25.
    taxes : tuple of TaxTotal
        BG-23.
    refers : str
        Number of the invoice before (BT-25); ``""`` for none.
    run : int
        Settlement run whose lines these are.
    issued_s, due_s : int
        BT-2 and BT-9 [s since the epoch].
    """

    number: str = ""
    code: int
    owner: str
    seller: str
    buyer: str
    currency: str
    tax: str
    period: str
    first_s: int
    end_s: int
    items: tuple[Item, ...]
    taxes: tuple[TaxTotal, ...]
    refers: str = ""
    run: int = 0
    issued_s: int = 0
    due_s: int = 0

    @property
    def key(self) -> Key:
        """What the document is about."""
        return Key(self.owner, self.seller, self.buyer, self.currency, self.tax)

    @property
    def issuer(self) -> str:
        """Who issues it: the seller, or the buyer that bills itself for a member."""
        return self.buyer if self.code in (SELF_BILLED, SELF_BILLED_CREDIT_NOTE) else self.seller

    @property
    def credit(self) -> bool:
        """Whether it takes an invoice back."""
        return self.code in CREDITS.values()

    @property
    def net_minor(self) -> int:
        """Sum of the lines (BT-106), and without document-level allowances BT-109 as well."""
        return sum(item.minor for item in self.items)

    @property
    def tax_minor(self) -> int:
        """All tax (BT-110)."""
        return sum(tax.minor for tax in self.taxes)

    @property
    def total_minor(self) -> int:
        """Amount with tax (BT-112); nothing is paid or rounded yet, so it is due (BT-115)."""
        return self.net_minor + self.tax_minor

    @property
    def owed_minor(self) -> int:
        """What the buyer owes the seller by it: negative for a credit note."""
        return -self.total_minor if self.credit else self.total_minor


def says_same(one: Document, other: Document) -> bool:
    """Tell whether two documents state the same lines and taxes between the same parties."""
    return (one.key, one.items, one.taxes) == (other.key, other.items, other.taxes)


def digest(documents: Iterable[Document]) -> str:
    """Return the SHA-256 of documents as canonical JSON, as hexadecimal digits."""
    found = hashlib.sha256()
    for document in documents:
        found.update(msgspec.json.encode(document, order="deterministic"))
    return found.hexdigest()
