"""Amounts of a comparison as a person reads them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from gridpact.app.compare.models import Model
from gridpact.app.compare.spread import Spread
from gridpact.app.report.text import MISSING, Money, number, price
from gridpact.base.rounding import round_half_even
from gridpact.base.units import MICRO_PER_UNIT, NANO_PER_UNIT

MOST_ROWS = 60
_MOST_DIGITS, _FEW_WH = 9, 10_000


def nano(money: Money, amount: int) -> str:
    """Write nano-¤ rounded to the minor unit."""
    return money.minor(round_half_even(amount, money.minor_nano))


def fitting(money: Money, amounts_nano: Iterable[int]) -> Money:
    """Give money as many digits as the largest of some amounts [nano-¤] needs to show three."""
    largest = max((abs(amount) for amount in amounts_nano), default=0)
    digits = money.digits
    while 0 < largest * 10**digits < 100 * NANO_PER_UNIT and digits < _MOST_DIGITS:
        digits += 1
    return money if digits == money.digits else Money(money.currency, 10 ** (_MOST_DIGITS - digits))


def energy_digits(energies_wh: Iterable[int]) -> int:
    """Decimals of kWh in a column: every Wh where its largest energy is below 10 kWh, else one."""
    return 3 if 0 < max(energies_wh, default=0) < _FEW_WH else 1


def units(amounts_nano: Sequence[int]) -> list[float]:
    """Nano-¤ in the currency as floats, for plots alone."""
    return [amount / NANO_PER_UNIT for amount in amounts_nano]


def share(ppm: int | None) -> str:
    """Write a share in percent; a dash where there is no whole."""
    return MISSING if ppm is None else number(100 * ppm / MICRO_PER_UNIT, 1)


def who_gains(found: Spread) -> str:
    """Write how many gain and lose, such as ``7 / 1``."""
    return f"{number(found.gainers)} / {number(found.losers)}"


def gini(found: Spread) -> str:
    """Write a Gini coefficient; a dash where it says nothing."""
    return MISSING if found.gini is None else number(found.gini, 3)


def stable(found: Model) -> str:
    """Say whether no coalition would gain by leaving, as far as it was looked at."""
    return {True: "yes", False: "no", None: "not refuted"}[found.in_core]


def price_cell(micro_per_kwh: int | None) -> str:
    """Write a price; a dash where nothing was traded."""
    return MISSING if micro_per_kwh is None else price(micro_per_kwh)


def leaving(found: Model, money: Money) -> str:
    """Write what the coalition with most to gain by leaving would gain; a dash where none would."""
    return nano(money, found.excess_nano) if found.excess_nano > 0 else MISSING


def starred(name: str, *, recorded: bool) -> str:
    """Mark the name of the rules that are in force."""
    return f"{name} *" if recorded else name


def left_out(members: int, where: str) -> str:
    """Say that not every member has a row, where that is so."""
    if members <= MOST_ROWS:
        return ""
    return f"The first {MOST_ROWS} of {number(members)} members; {where} has all."
