"""Electrical quantities as people write them: ``0.4 kV``, ``0.32 ohm/km``, ``142 A``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from fractions import Fraction
from typing import NamedTuple

from gridpact.app.orders.cells import Unclear

_AMOUNT = re.compile(r"([0-9]{1,18}(?:\.[0-9]{1,18})?) *([^\s0-9.][^\s]*)")
_OHM, _SIEMENS = ("ohm", "Ω"), ("S",)


class Quantity(NamedTuple):
    """A number of the unit that its kind counts in, and what that unit was written as.

    ``per_km`` tells that it is of a kilometre, ``in_amperes`` that a rating is a current.
    """

    value: Fraction
    per_km: bool = False
    in_amperes: bool = False


class Measure(NamedTuple):
    """What is measured: in words, by an example, and how many of its base each unit is."""

    name: str
    example: str
    units: Mapping[str, Fraction]


def _scaled(units: tuple[str, ...], prefixes: str) -> dict[str, Fraction]:
    powers = {"M": 6, "k": 3, "": 0, "m": -3, "u": -6, "µ": -6, "n": -9}
    found = {}
    for prefix in ("", *prefixes):
        for unit in units:
            found[prefix + unit] = Fraction(10) ** powers[prefix]
    return found


def _with_length(units: dict[str, Fraction]) -> dict[str, Fraction]:
    return units | {f"{unit}/km": factor for unit, factor in units.items()}


VOLTAGE = Measure("a voltage", "400 V", _scaled(("V",), "k"))
POWER = Measure("a power", "400 kVA", _scaled(("W", "VA"), "kM"))
RATING = Measure("a rating", "80 kVA or 142 A", {**POWER.units, **_scaled(("A",), "k")})
IMPEDANCE = Measure("an impedance", "0.02 ohm", _with_length(_scaled(_OHM, "m")))
ADMITTANCE = Measure("an admittance", "80 uS", _with_length(_scaled(_SIEMENS, "muµn")))
LENGTH = Measure("a length", "300 m", {"m": Fraction(1), "km": Fraction(1_000)})
SHARE = Measure("a share", "4 %", {"%": Fraction(1, 100)})


def read(text: object, measure: Measure) -> Quantity:
    """Read a quantity, in V, W or VA, A, Ω, S, m, or parts of one; never negative.

    Raises Unclear for what is none, or is measured otherwise.
    """
    fix = f"write {measure.name} such as {measure.example}"
    if not isinstance(text, str):
        raise Unclear(f"{str(text)[:40]!r} has no unit", fix)
    match = _AMOUNT.fullmatch(text.strip())
    if match is None:
        raise Unclear(f"{text[:40]!r} is not a number with a unit", fix)
    unit = match[2]
    if unit not in measure.units:
        raise Unclear(f"{unit[:20]!r} does not measure {measure.name}", fix)
    value = Fraction(match[1]) * measure.units[unit]
    return Quantity(value, unit.endswith("/km"), unit in ("A", "kA"))
