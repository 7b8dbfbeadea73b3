"""Units that data columns may carry, and how they become whole numbers.

Energy becomes Wh, power becomes the Wh of its interval, prices become µ¤/kWh; everything else
(temperature, irradiance, …) is a level and stays a float.
"""

from __future__ import annotations

import difflib
import re
from fractions import Fraction
from typing import Literal

import msgspec

Dimension = Literal["energy", "power", "price", "level"]

_ENERGY = {
    "Wh": Fraction(1),
    "kWh": Fraction(1000),
    "MWh": Fraction(10**6),
    "GWh": Fraction(10**9),
    "kJ": Fraction(1000, 3600),
    "MJ": Fraction(10**6, 3600),
    "GJ": Fraction(10**9, 3600),
}
_POWER = {"W": Fraction(1), "kW": Fraction(1000), "MW": Fraction(10**6)}
_PER = {"MWh": Fraction(1000), "kWh": Fraction(10**6)}
_LEVELS = ("degC", "W/m2", "percent", "m/s", "Pa", "mm")
_PRICE = re.compile(r"^([A-Z]{3}|ct)/(MWh|kWh)$")
_KNOWN = (*_ENERGY, *_POWER, *_LEVELS, "EUR/MWh", "EUR/kWh", "ct/kWh")


class Unit(msgspec.Struct, frozen=True):
    """A parsed unit.

    ``factor`` turns a value into Wh (energy), W (power) or µ¤/kWh (price); ``currency`` is the
    three-letter code of a price, empty where the unit names none.
    """

    name: str
    dimension: Dimension
    factor: Fraction
    currency: str = ""


def parse(text: str) -> Unit | None:
    """Return the unit that a text names, or None. Case counts: ``mW`` is not ``MW``."""
    if text in _ENERGY:
        return Unit(text, "energy", _ENERGY[text])
    if text in _POWER:
        return Unit(text, "power", _POWER[text])
    if text in _LEVELS:
        return Unit(text, "level", Fraction(1))
    match = _PRICE.match(text)
    if match is None:
        return None
    money, per = match.groups()
    if money == "ct":
        return Unit(text, "price", _PER[per] / 100)
    return Unit(text, "price", _PER[per], money)


def suggestion(text: str) -> str:
    """Name the known unit nearest to an unknown text, or list them all."""
    by_case = {unit.lower(): unit for unit in _KNOWN}
    near = by_case.get(text.lower()) or next(
        iter(difflib.get_close_matches(text, _KNOWN, n=1, cutoff=0.6)), None
    )
    return f"write {near}" if near else f"use one of {', '.join(_KNOWN)} (any currency code)"
