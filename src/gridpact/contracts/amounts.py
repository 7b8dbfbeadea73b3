"""Amounts as people write them, ``0.08 EUR/kWh`` or ``25 %``, and back, without losing a digit.

Terms hold whole numbers in small units; a written amount is accepted only where it is a whole
number of them. The symbol ``¤`` stands for the currency where a contract has none or several.
"""

from __future__ import annotations

import re
from decimal import Decimal
from fractions import Fraction

from gridpact.base.units import INT64_MAX
from gridpact.contracts import unit_algebra
from gridpact.contracts.errors import IllFormed

ANY_CURRENCY = "¤"
CURRENCY = re.compile(r"[A-Z]{3}|¤")
_LONGEST = 40
NUMBER = re.compile(r"-?(?:0|[1-9][0-9_]*)(?:\.[0-9]+)?")
_ZERO_CELSIUS_MK = 273_150

# A written unit: the base it counts in and how many of the base it is.
_WRITTEN: dict[str, tuple[str, int]] = {
    "Wh": ("Wh", 1),
    "kWh": ("Wh", 1_000),
    "MWh": ("Wh", 1_000_000),
    "GWh": ("Wh", 1_000_000_000),
    "W": ("W", 1),
    "kW": ("W", 1_000),
    "MW": ("W", 1_000_000),
    "ppm": ("ppm", 1),
    "%": ("ppm", 10_000),
    "mK": ("mK", 1),
    "K": ("mK", 1_000),
    "s": ("s", 1),
    "min": ("s", 60),
    "h": ("s", 3_600),
    "d": ("s", 86_400),
    "mg": ("mg", 1),
    "g": ("mg", 1_000),
    "kg": ("mg", 1_000_000),
    "t": ("mg", 1_000_000_000),
    "nano": ("nano", 1),
}
# What a rate is per, in the order in which a written amount prefers it.
_PER: dict[str, tuple[str, int]] = {
    "kWh": ("kWh", 1),
    "MWh": ("kWh", 1_000),
    "kW": ("kW", 1),
    "MW": ("kW", 1_000),
    "K": ("mK", 1_000),
    "mK": ("mK", 1),
    "g": ("g", 1),
    "kg": ("g", 1_000),
    "t": ("g", 1_000_000),
    "h": ("s", 3_600),
    "s": ("s", 1),
}
_SHOWN = {
    "Wh": ("MWh", "kWh", "Wh"),
    "W": ("MW", "kW", "W"),
    "ppm": ("%",),
    "mK": ("K",),
    "s": ("d", "h", "min", "s"),
    "mg": ("t", "kg", "g", "mg"),
}
_PREFERRED = {"kWh": "kWh", "kW": "kW", "mK": "K", "g": "t", "s": "h"}


def parse(number: str, unit: str) -> tuple[int, str, str]:
    """Return what a written amount is: its value, the unit it counts in, and its currency.

    ``("0.08", "EUR/kWh")`` is ``(80_000, "micro/kWh", "EUR")``; without money the currency is
    ``""``. A unit of terms in brackets, such as ``[micro/kWh]``, is taken as it is. ``degC`` is a
    temperature, not a difference of two.

    Raises IllFormed for an unknown unit, or a value that is not a whole number of it.
    """
    if NUMBER.fullmatch(number) is None:
        raise IllFormed(f"{brief(number)!r} is not a number")
    exact = Fraction(Decimal(number.replace("_", "")))
    if unit == "degC":
        return _whole(exact * 1_000 + _ZERO_CELSIUS_MK, number, unit, "mK"), "mK", ""
    if unit.startswith("[") and unit.endswith("]"):
        return _whole(exact, number, unit, _of_terms(unit[1:-1])), unit[1:-1], ""
    factor, target, currency = _unit(unit)
    return _whole(exact * factor, number, unit, target), target, currency


def brief(number: str) -> str:
    """Return a number as a message quotes it: its begin alone where it has very many digits."""
    return number if len(number) <= _LONGEST else f"{number[:_LONGEST]}…"


def written(value: int, unit: str, currency: str = ANY_CURRENCY) -> str:
    """Return an amount for people: ``0.08 EUR/kWh``; :func:`parse` reads exactly it back."""
    if unit == unit_algebra.ONE:
        return str(value)
    for name in _names(value, unit, currency):
        factor = _unit(name)[0]
        if _unit(name)[1] == unit and _terminates(value / factor):
            return f"{_decimal(value / factor)} {name}"
    return f"{value} [{unit}]"


def _names(value: int, unit: str, currency: str) -> list[str]:
    """Return the written units that may suit a value, the preferred first."""
    head, *rest = unit.split("/")
    if not rest and head in _SHOWN:
        large = [name for name in _SHOWN[head] if abs(value) >= _WRITTEN[name][1]]
        return [*large, _SHOWN[head][-1]]
    if head in ("micro", "nano"):
        head = currency
    if head not in (currency, "g") or any(per not in _PREFERRED for per in rest):
        return []
    return ["/".join([head, *(_PREFERRED[per] for per in rest)])]


def _of_terms(unit: str) -> str:
    if not unit_algebra.known(unit):
        raise IllFormed(f"[{unit}] is not a unit of terms")
    return unit


def _unit(unit: str) -> tuple[Fraction, str, str]:
    """Return how many of a unit of terms a written unit is, that unit, and the currency."""
    head, *rest = unit.split("/")
    factor, target, currency = _head(head, bool(rest), unit)
    parts = [target]
    for name in rest:
        if name not in _PER:
            raise IllFormed(f"unit {unit!r} is not known: nothing is counted per {name!r}")
        base, times = _PER[name]
        parts.append(base)
        factor /= times
    return factor, "/".join(parts), currency


def _head(head: str, is_rate: bool, unit: str) -> tuple[Fraction, str, str]:
    if head == "ct" or CURRENCY.fullmatch(head):
        base, factor = ("micro", 1_000_000) if is_rate else ("nano", 1_000_000_000)
        if head == "ct":
            return Fraction(factor, 100), base, ANY_CURRENCY
        return Fraction(factor), base, head
    if head == "g" and is_rate:
        return Fraction(1), "g", ""
    if head not in _WRITTEN:
        raise IllFormed(
            f"unit {unit!r} is not known: write Wh, kWh, W, kW, %, K, degC, min, h, kg, t, a "
            "currency such as EUR, or a price such as EUR/kWh"
        )
    base, times = _WRITTEN[head]
    return Fraction(times), base, ""


def _whole(exact: Fraction, number: str, unit: str, target: str) -> int:
    if exact.denominator != 1:
        raise IllFormed(f"{brief(number)} {unit} is not a whole number of {target}")
    if abs(exact.numerator) > INT64_MAX:
        raise IllFormed(f"{brief(number)} {unit} does not fit 64 bits in {target}")
    return exact.numerator


def _terminates(value: Fraction) -> bool:
    denominator = value.denominator
    for prime in (2, 5):
        while denominator % prime == 0:
            denominator //= prime
    return denominator == 1


def _decimal(value: Fraction) -> str:
    """Write a fraction whose decimals end, with none too many."""
    digits = 0
    while (value * 10**digits).denominator != 1:
        digits += 1
    whole = int(value * 10**digits)
    text = f"{abs(whole):0{digits + 1}d}"
    sign = "-" if whole < 0 else ""
    return sign + (f"{text[:-digits]}.{text[-digits:]}" if digits else text)
