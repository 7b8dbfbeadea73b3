"""One value of an order from the text that a person or a file gives."""

from __future__ import annotations

import re
from typing import NamedTuple, TypeAlias

from gridpact.app.orders import instants
from gridpact.app.orders.fields import EXAMPLES, UNITS, Field, Kind
from gridpact.base.ids import well_formed
from gridpact.contracts import amounts
from gridpact.contracts.errors import IllFormed
from gridpact.market.orders import Side

Value: TypeAlias = int | str | bool
_AMOUNT = re.compile(r"([-+]?[0-9][0-9_.,']*) *(.*)")
_EXPONENT = re.compile(r"[-+]?[0-9.]+[eE][-+]?[0-9]")
_SIDES = {"buy": Side.BUY, "sell": Side.SELL}
_FLAGS = {"yes": True, "true": True, "no": False, "false": False}
_MOST_SLOTS = 1_000_000
_WORDS: dict[Kind, str] = {
    Kind.ENERGY: "an energy",
    Kind.POWER: "a power",
    Kind.PRICE: "a price per energy",
    Kind.SHARE: "a share",
}


class Terms(NamedTuple):
    """What texts are read by: the clock of a zone, and a currency, "" for any."""

    timezone: str = "UTC"
    currency: str = ""


class Unclear(ValueError):  # noqa: N818 - reads as what it is
    """A text is not what it should be; ``fix`` says how to write it."""

    def __init__(self, problem: str, fix: str) -> None:
        super().__init__(problem)
        self.fix = fix


class Amount(NamedTuple):
    """A number and its unit, both as written; the unit is "" where none is."""

    number: str
    unit: str


def split(text: str, example: str = EXAMPLES[Kind.ENERGY]) -> Amount:
    """Tell a number from its unit: ``2.5kWh`` is 2.5 and kWh; Unclear where there is no number.

    ``example`` is how an amount of its kind is written.
    """
    match = _AMOUNT.fullmatch(text.strip())
    if match is None:
        raise Unclear(f"{text[:40]!r} is not a number with a unit", f"write it as in {example}")
    if _EXPONENT.match(text.strip()):
        raise Unclear(f"{text[:40]!r} has an exponent", "write the number out: 1500, not 1.5e3")
    if "," in match[1] or "'" in match[1]:
        raise Unclear(f"{text[:40]!r} has a comma", "write decimals with a point: 2.5, not 2,5")
    return Amount(match[1].removeprefix("+"), match[2].strip().replace(" ", ""))


def read(field: Field, text: str, terms: Terms) -> Value:
    """Read a text as a field's value, in the unit that orders count in.

    Raises Unclear for what is not of the field's kind.
    """
    text = text.strip()
    if field.kind in UNITS:
        return read_amount(field.kind, split(text, EXAMPLES[field.kind]), terms)
    match field.kind:
        case Kind.NAME:
            return _name(text)
        case Kind.SIDE:
            return _one_of(_SIDES, text)
        case Kind.FLAG:
            return _one_of(_FLAGS, text)
        case Kind.COUNT:
            return _count(text)
    try:
        return instants.instant(text, terms.timezone)
    except ValueError as error:
        raise Unclear(str(error), f"write it as in {instants.SHAPE}") from error


def read_amount(kind: Kind, amount: Amount, terms: Terms) -> int:
    """Read a number with its unit; Unclear where the unit is none of the kind's."""
    example = EXAMPLES[kind]
    if not amount.unit:
        unit = split(example).unit
        raise Unclear(f"{amount.number!r} has no unit", f"add one: {amount.number} {unit}")
    in_terms = amount.unit == UNITS[kind] == "micro/kWh"  # the only one that people do not write
    try:
        value, unit, currency = amounts.parse(
            amount.number, f"[{amount.unit}]" if in_terms else amount.unit
        )
    except IllFormed as error:
        raise Unclear(str(error), f"write it as in {example}") from error
    if unit != UNITS[kind]:
        problem = f"{amount.unit!r} does not measure {_WORDS[kind]}"
        raise Unclear(problem, f"write it as in {example}")
    if currency not in ("", amounts.ANY_CURRENCY) and terms.currency not in ("", currency):
        problem = f"the market trades in {terms.currency}, not in {currency}"
        raise Unclear(problem, f"write a price in {terms.currency}")
    return value


def _name(text: str) -> str:
    if not well_formed(text):
        problem = f"{text[:40]!r} is not a name"
        raise Unclear(problem, "use lower-case letters, digits, dots, dashes, underscores")
    return text


def _one_of(words: dict[str, Side] | dict[str, bool], text: str) -> Value:
    found: Value | None = {**words}.get(text.lower())
    if found is None:
        there = " or ".join(list(words)[::2] if len(words) > 2 else words)
        raise Unclear(
            f"{text[:40]!r} is neither {there.replace(' or ', ' nor ')}", f"write {there}"
        )
    return found


def _count(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,7}", text) or not 1 <= int(text) <= _MOST_SLOTS:
        raise Unclear(f"{text[:40]!r} is not a number of slots", "write a whole number such as 4")
    return int(text)
