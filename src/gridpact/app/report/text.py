"""Numbers and instants as a person reads them. Missing values show as a dash, never as zero."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from math import isnan
from zoneinfo import ZoneInfo

from gridpact.base.units import MICRO_PER_UNIT, NANO_PER_UNIT
from gridpact.registry.model import Community

MISSING = "–"
THIN, MINUS = "\u202f", "−"
_LARGE, _SMALL = 1000, 10


def number(value: float, digits: int = 0) -> str:
    """Write a number with thin spaces between thousands; NaN is a dash."""
    if isnan(value):
        return MISSING
    shown = f"{value:,.{digits}f}".replace(",", THIN).replace("-", MINUS)
    return shown.removeprefix(MINUS) if not any(c in "123456789" for c in shown) else shown


def kwh(energy_wh: float, digits: int | None = None) -> str:
    """Write energy [Wh] in kWh, with digits that suit its size unless they are given."""
    value = energy_wh / 1000
    if digits is None:
        digits = 0 if abs(value) >= _LARGE else 1 if abs(value) >= _SMALL else 2
    return number(value, digits)


def percent(part: float, whole: float, digits: int = 1) -> str:
    """Write a share; a dash where there is no whole."""
    return f"{number(100 * part / whole, digits)}{THIN}%" if whole else MISSING


def counted(count: float, one: str, many: str) -> str:
    """Write a number of things: ``1 device`` but ``2 devices``."""
    return f"{number(count)} {one if count == 1 else many}"


def price(micro_per_kwh: float) -> str:
    """Write a price [µ¤/kWh] in ¤/kWh with four digits."""
    return number(micro_per_kwh / MICRO_PER_UNIT, 4)


@dataclass(frozen=True)
class Money:
    """Writes amounts of one currency; ``minor_nano`` is the size of its minor unit [nano]."""

    currency: str
    minor_nano: int

    @property
    def digits(self) -> int:
        """Decimal places that a minor unit needs."""
        zeros = len(str(self.minor_nano)) - len(str(self.minor_nano).rstrip("0"))
        return max(9 - zeros, 0)

    def minor(self, amount: int) -> str:
        """Write minor units exactly, such as ``−12.34``."""
        whole, rest = divmod(abs(amount) * self.minor_nano, NANO_PER_UNIT)
        fraction = f".{rest:09d}"[: self.digits + 1] if self.digits else ""
        sign = MINUS if amount < 0 else ""
        return f"{sign}{whole:,}".replace(",", THIN) + fraction

    def exact(self, nano: int) -> str:
        """Write nano units exactly, all nine digits."""
        return Money(self.currency, 1).minor(nano)

    def value(self, amount: int) -> float:
        """Minor units in the currency as a float, for plots alone."""
        return amount * self.minor_nano / NANO_PER_UNIT


def money_of(community: Community) -> Money:
    """The community's currency."""
    return Money(community.currency, community.settlement.minor_nano)


def clock(community: Community, instant: int) -> str:
    """Write an instant in the community's local time, such as ``15 Jun 13:15``.

    The second pass of a repeated hour carries a ``b``, as in the energy market's own tables.
    """
    local = datetime.fromtimestamp(instant, ZoneInfo(community.timezone))
    return f"{local.day} {local:%b %H:%M}{'b' if local.fold else ''}"


def day_name(day: str) -> str:
    """Write an ISO date in words, such as ``Mon 15 June 2026``."""
    parsed = date.fromisoformat(day)
    return f"{parsed:%a} {parsed.day} {parsed:%B %Y}"


def inert(text: str) -> str:
    """Keep a spreadsheet from taking a text for a formula."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@") else text
