"""Numbers with units in a sentence, as whole numbers."""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple, NoReturn

from gridpact.scheduling.needs.grammar.cursor import Cursor
from gridpact.scheduling.needs.grammar.tokens import Misread, Token
from gridpact.scheduling.needs.spelling import nearest

ENERGY = {"Wh": 1, "kWh": 1_000, "MWh": 1_000_000}
POWER = {"W": 1, "kW": 1_000, "MW": 1_000_000}
DURATION = {"h": 3600, "min": 60, "s": 1}
TEMPERATURE = {"C": 1000, "°C": 1000}
SHARE = {"%": 10_000}
WATER = {"l": 1}
COUNT, CYCLES, MONEY, WORTH = 1, 1_000_000, 1_000_000_000, 1_000_000
"""How many of the smallest units one is, of what is written without a unit."""

_SMALLEST = {
    "energy": "1 Wh",
    "power": "1 W",
    "duration": "1 s",
    "temperature": "0.001 C",
    "share": "0.0001 %",
    "water": "1 l",
}
_DIMENSIONS = {
    "energy": ENERGY,
    "power": POWER,
    "temperature": TEMPERATURE,
    "share": SHARE,
    "duration": DURATION,
    "water": WATER,
}


class Amount(NamedTuple):
    """``value`` in the smallest unit of its ``dimension``; ``column`` and ``text`` as written."""

    value: int
    dimension: str
    column: int
    text: str


class Bounds(NamedTuple):
    """What is asked for from below and above; ``column`` of the sign or first number."""

    low: int | None
    high: int | None
    dimension: str
    column: int


def amount(cursor: Cursor, *dimensions: str) -> Amount:
    """Read a number and its unit, of one of these dimensions (any where there are none)."""
    number = number_of(cursor)
    dimension, factor, unit = unit_of(cursor, number, dimensions or tuple(_DIMENSIONS))
    value = whole(number, factor, _SMALLEST[dimension])
    return Amount(value, dimension, number.column, f"{number.text} {unit}")


def duration(cursor: Cursor) -> int:
    """Read a duration such as ``2 h 30 min`` [s]."""
    total = amount(cursor, "duration").value
    while cursor.next.kind == "number" and cursor.after.text in DURATION:
        total += amount(cursor, "duration").value
    return total


def plain(cursor: Cursor, factor: int, smallest: str) -> int:
    """Read a number without a unit, which cannot be negative."""
    number = number_of(cursor)
    if number.text.startswith("-"):
        fix = f"write {number.text[1:]}"
        raise Misread(number.column, f"found a negative amount, {number.text}", fix)
    return whole(number, factor, smallest)


def bounds(cursor: Cursor) -> Bounds:
    """Read ``>= 5 kWh``, ``<= 5 kWh`` or ``5..7 kWh``."""
    column = cursor.next.column
    if cursor.next.kind == "sign":
        sign = cursor.take().text
        one = amount(cursor, "share", "energy", "power", "temperature")
        low, high = (one.value, None) if sign == ">=" else (None, one.value)
        return Bounds(low, high, one.dimension, column)
    first = number_of(cursor)
    cursor.kind("range", "..")
    second = number_of(cursor)
    known = ("share", "energy", "power", "temperature")
    dimension, factor, unit = unit_of(cursor, second, known)
    _refuse_negative(first, dimension, unit)
    low, high = (whole(one, factor, _SMALLEST[dimension]) for one in (first, second))
    if low > high:
        fix = f"write {second.text}..{first.text}"
        raise Misread(column, f"{first.text} is above {second.text}", fix)
    return Bounds(low, high, dimension, column)


def number_of(cursor: Cursor) -> Token:
    """Read a number, with a minus where there is one; a decimal comma is refused."""
    dash = cursor.take() if cursor.next.kind == "dash" else None
    number = cursor.kind("number", "a number")
    comma, after = cursor.next, cursor.after
    touching = comma.column == number.end and after.column == comma.end
    if comma.kind == "comma" and after.kind == "number" and touching:
        text, fix = f"{number.text},{after.text}", f"write {number.text}.{after.text}"
        raise Misread(number.column, f"found {text!r} with a decimal comma", fix)
    return number if dash is None else Token("number", f"-{number.text}", dash.column)


def unit_of(cursor: Cursor, number: Token, dimensions: tuple[str, ...]) -> tuple[str, int, str]:
    """Read a unit; returns its dimension, its factor, and the unit as written."""
    unit = cursor.next
    for dimension in dimensions:
        if unit.kind in ("word", "percent") and unit.text in _DIMENSIONS[dimension]:
            cursor.take()
            _refuse_negative(number, dimension, unit.text)
            return dimension, _DIMENSIONS[dimension][unit.text], unit.text
    return _refuse_unit(cursor, number, dimensions)


def _refuse_unit(cursor: Cursor, number: Token, dimensions: tuple[str, ...]) -> NoReturn:
    units = [name for dimension in dimensions for name in _DIMENSIONS[dimension] if name != "°C"]
    expected = f"a unit ({', '.join(units)})"
    found = cursor.next
    if found.kind != "word":
        cursor.fail(expected, fix=f"write a unit after {number.text}")
    other = [name for name, units in _DIMENSIONS.items() if found.text in units]
    if other:
        near = nearest(found.text, units)
        fix = f"write {number.text} {near}" if near else f"write {expected}"
        problem = f"found {found}, a unit of {other[0]}, expected {expected}"
        raise Misread(found.column, problem, fix)
    near = nearest(found.text, units)
    cursor.fail(expected, fix=f"write {number.text} {near}" if near else "")


def _refuse_negative(number: Token, dimension: str, unit: str) -> None:
    if number.text.startswith("-") and dimension != "temperature":
        fix = f"write {number.text[1:]} {unit}; takes or gives says which way it flows"
        raise Misread(number.column, f"found a negative amount, {number.text}", fix)


def whole(number: Token, factor: int, smallest: str) -> int:
    """Turn a number as written into whole units, exactly; finer ones are refused."""
    value = Fraction(number.text) * factor
    if value.denominator != 1:
        raise Misread(number.column, f"{number.text} is finer than {smallest}", "round it")
    return int(value)
