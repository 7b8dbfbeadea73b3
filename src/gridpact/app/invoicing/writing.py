"""Numbers, days and words of a bill as people of the book's language write them."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

import msgspec

from gridpact.app.invoicing import words
from gridpact.app.invoicing.locales import Locale, texts
from gridpact.settlement.invoices.document import KILOWATT_HOUR, Item, TaxTotal
from gridpact.settlement.periods.rules import Rules


class Writing(msgspec.Struct, frozen=True):
    """How the bills of a book are written: its currency and time zone, a language."""

    rules: Rules
    locale: Locale

    def say(self, name: str, /, **put_in: str) -> str:
        """Return a text with what is put in."""
        text = texts(self.locale.language)[name]
        return text.format(**put_in) if put_in else text

    def amount(self, minor: int) -> str:
        """Write an amount without its currency."""
        return self.locale.digits(words.amount(minor, self.rules))

    def money(self, minor: int, currency: str) -> str:
        """Write an amount with its currency."""
        return f"{self.amount(minor)}\u00a0{currency}"

    def kwh(self, wh: int) -> str:
        """Write energy in kWh, exactly."""
        return self.locale.digits(words.kwh(wh))

    def price(self, nano: int) -> str:
        """Write a price to at most six decimals."""
        return self.locale.digits(words.price(nano))

    def quantity(self, item: Item) -> str:
        """Write the quantity of an invoice line with its unit."""
        if item.unit == KILOWATT_HOUR:
            return f"{self.kwh(item.quantity_milli)}\u00a0kWh"
        return f"{item.quantity_milli // 1000}"

    def day(self, at_s: int) -> str:
        """Write the local day of an instant."""
        return _day(at_s, self.rules.timezone, self.locale.day)

    def span(self, first_s: int, end_s: int) -> str:
        """Write local days from the first until and with the last."""
        first, last = self.day(first_s), self.day(end_s - 1)
        return first if first == last else f"{first} – {last}"

    def tax(self, total: TaxTotal, name: str) -> str:
        """Name the tax of one category with its rate and base."""
        if not name:
            return self.say("untaxed")
        rate = self.locale.digits(f"{total.rate_ppm / 10_000:g}")
        return self.say("tax", tax=_title(name), rate=rate, base=self.amount(total.base_minor))

    def item(self, name: str) -> str:
        """Name an invoice line by its kind of cash flow, such as ``Network charge``."""
        kind = name.rpartition(".")[2]
        known = texts(self.locale.language).get(f"item {kind}")
        return known or kind.replace("-", " ").capitalize()


def _title(name: str) -> str:
    """Write the short name of a tax in capitals, such as ``VAT``."""
    return name.upper() if len(name) <= len("MwSt.") else name


@lru_cache(maxsize=4096)
def _day(at_s: int, timezone: str, form: str) -> str:
    return datetime.fromtimestamp(at_s, ZoneInfo(timezone)).strftime(form)
