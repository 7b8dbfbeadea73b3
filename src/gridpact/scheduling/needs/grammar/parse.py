"""From a sentence to a need: a recursive descent that says where it stopped, and what would fit."""

from __future__ import annotations

import msgspec

from gridpact.base.errors import BadInput, Fault
from gridpact.scheduling.needs.clock import time_faults
from gridpact.scheduling.needs.context import Context
from gridpact.scheduling.needs.grammar.amounts import MONEY, WORTH, plain
from gridpact.scheduling.needs.grammar.cursor import Cursor
from gridpact.scheduling.needs.grammar.demands import Value, demand
from gridpact.scheduling.needs.grammar.subjects import settled, subject
from gridpact.scheduling.needs.grammar.tokens import Misread
from gridpact.scheduling.needs.model import Need, Run
from gridpact.scheduling.needs.validation import refuse_faulty
from gridpact.scheduling.priorities.levels import Level

LEVELS = {
    "grid": Level.GRID,
    "contract": Level.CONTRACTS,
    "need": Level.NEEDS,
    "wish": Level.WISHES,
}
_OPTIONS = (*LEVELS, "worth", "cost")


def parse(sentence: str, context: Context) -> Need:
    """Read a sentence of the grammar (:data:`.ebnf.GRAMMAR`).

    Raises
    ------
    BadInput
        The first place that does not fit, as ``column n``, with what was found, what was expected
        and what to write instead; or what is wrong with the need that it says.
    """
    try:
        need = _sentence(Cursor(sentence), context)
    except Misread as error:
        raise BadInput([error.fault]) from None
    refuse_faulty(need)
    if faults := time_faults(need, context.now, context.timezone, context.step_s):
        raise BadInput(faults)
    return need


def pointed(sentence: str, fault: Fault) -> str:
    """Show a sentence with a mark under the column that a fault names; "" where it names none."""
    name, _, column = fault.where.partition(" ")
    return f"{sentence}\n{' ' * (int(column) - 1)}^" if name == "column" else ""


def _sentence(cursor: Cursor, context: Context) -> Need:
    said = subject(cursor, context.example())
    kind, own = demand(cursor, context)
    about = settled(said, context)
    fields: dict[str, object] = {"owner": context.owner, "subject": about}
    fields |= {"level": context.level_of(kind, about)} | own | _options(cursor, kind)
    if cursor.next.kind != "end":
        cursor.fail("the end, or a comma and an option", _OPTIONS)
    need: Need = msgspec.convert(fields | {"kind": _tag(kind)}, Need, from_attributes=True)
    return need


def _tag(kind: type[msgspec.Struct]) -> str:
    return str(kind.__struct_config__.tag)


def _options(cursor: Cursor, kind: type[msgspec.Struct]) -> dict[str, Value]:
    found: dict[str, Value] = {}
    while cursor.skip_kind("comma"):
        column = cursor.next.column
        name, value = _option(cursor, kind)
        if name in found:
            raise Misread(column, "says again what was said before", "leave it out")
        found[name] = value
    return found | ({"hard": False} if "worth_micro" in found else {})


def _option(cursor: Cursor, kind: type[msgspec.Struct]) -> tuple[str, Value]:
    if cursor.is_word(*LEVELS):
        return "level", LEVELS[cursor.take().text.lower()]
    if cursor.skip("worth"):
        if (sign := cursor.next).kind == "dash":
            raise Misread(sign.column, "a worth is not negative", "write one above 0, such as 0.30")
        return "worth_micro", plain(cursor, WORTH, "0.000001")
    if kind is Run and cursor.skip("cost"):
        if cursor.next.text != "<=":
            cursor.fail("<=")
        cursor.take()
        return "most_cost_nano", plain(cursor, MONEY, "0.000000001")
    known = _OPTIONS if kind is Run else _OPTIONS[:-1]
    return cursor.fail(f"an option ({', '.join(known)})", known)
