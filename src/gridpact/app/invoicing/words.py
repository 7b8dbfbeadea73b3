"""What documents and bills are called and how their numbers are written for people."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

from gridpact.base.rounding import round_half_even
from gridpact.settlement.invoices.bill import Bill
from gridpact.settlement.invoices.document import (
    CREDIT_NOTE,
    INVOICE,
    KILOWATT_HOUR,
    SELF_BILLED,
    SELF_BILLED_CREDIT_NOTE,
    Document,
    Item,
    TaxTotal,
)
from gridpact.settlement.periods.rules import Rules

KINDS = {
    INVOICE: "invoice",
    CREDIT_NOTE: "credit note",
    SELF_BILLED: "self-billed invoice",
    SELF_BILLED_CREDIT_NOTE: "self-billed credit note",
}
_PRICE_DIGITS, _NANO_DIGITS, _FEWEST = 6, 9, 2


def amount(minor: int, rules: Rules) -> str:
    """Write an amount of minor units, such as ``1,234.50``."""
    per = 1_000_000_000 // rules.minor_nano
    digits = len(str(per)) - 1
    rest = f".{abs(minor) % per:0{digits}}" if digits else ""
    return f"{'-' if minor < 0 else ''}{abs(minor) // per:,}{rest}"


def price(nano: int) -> str:
    """Write a price to at most six decimals and at least two, such as ``0.28``."""
    micro = round_half_even(nano, 10 ** (_NANO_DIGITS - _PRICE_DIGITS))
    whole, rest = divmod(micro, 10**_PRICE_DIGITS)
    return f"{whole:,}.{f'{rest:0{_PRICE_DIGITS}}'.rstrip('0'):0<{_FEWEST}}"


def kwh(wh: int) -> str:
    """Write energy in kWh, exactly."""
    return f"{'-' if wh < 0 else ''}{abs(wh) // 1000:,}.{abs(wh) % 1000:03}"


def quantity(item: Item) -> str:
    """Write the quantity of an invoice line with its unit."""
    if item.unit == KILOWATT_HOUR:
        return f"{kwh(item.quantity_milli)} kWh"
    return f"{item.quantity_milli // 1000}"


def tax(total: TaxTotal, document: Document) -> str:
    """Name the tax of one category, such as ``vat 19 %``."""
    return f"{document.tax} {percent(total.rate_ppm)}" if document.tax else "not taxed"


def percent(rate_ppm: int) -> str:
    """Write a rate as per cent, such as ``19 %``."""
    return f"{rate_ppm / 10_000:g} %"


def day(at_s: int, rules: Rules) -> str:
    """Write the local day of an instant."""
    return _local(at_s, rules).isoformat()


def _local(at_s: int, rules: Rules) -> date:
    return datetime.fromtimestamp(at_s, ZoneInfo(rules.timezone)).date()


def settled(bill: Bill, rules: Rules) -> list[tuple[str, str]]:
    """Return how a bill's documents come to what is left to pay, with the words for it."""
    rows = []
    if bill.prepaid_minor or bill.billed_minor:
        rows.append(("sum of all documents", amount(bill.owed_minor, rules)))
    if bill.prepaid_minor:
        rows.append(("paid ahead", amount(-bill.prepaid_minor, rules)))
    if bill.billed_minor:
        rows.append(("billed before", amount(-bill.billed_minor, rules)))
    name = "to pay" if bill.due_minor >= 0 else "paid out to the member"
    return [*rows, (name, amount(abs(bill.due_minor), rules))]
