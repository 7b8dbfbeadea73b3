"""Taxes of a book, as the rules file says them."""

from __future__ import annotations

from itertools import pairwise

from gridpact.app.books.entries import Node
from gridpact.base.slots import Calendar
from gridpact.contracts.legs import legs
from gridpact.settlement.periods.rules import Clause, Rate, Tax

_TAX = ("name", "on", "rates", "change")
_RATE = ("percent", "from", "until")


def read_taxes(top: Node, calendar: Calendar, clauses: tuple[Clause, ...]) -> tuple[Tax, ...]:
    """Return the taxes; a rate without a first day, or two at once, are refused."""
    lines = {clause.name for clause in clauses} | {
        f"{clause.name}.{leg.kind}"
        for clause in clauses
        for leg in legs(clause.contract)
        if leg.kind
    }
    found: list[Tax] = []
    for node in top.nodes("taxes"):
        tax = _tax(node, calendar, lines)
        if tax.name in {clause.name for clause in clauses} | {each.name for each in found}:
            node.fault("name", f"{tax.name} is there already", "give it a name of its own")
        found.append(tax)
    return tuple(found)


def _tax(node: Node, calendar: Calendar, lines: set[str]) -> Tax:
    node.known(_TAX)
    on = node.names("on") or ()
    if not on and "on" not in node.value:
        node.fault("on", "is missing", "name contracts, or lines such as supply.energy")
    for name in on:
        if name not in lines:
            fix = f"name some of {', '.join(sorted(lines)) or 'the contracts'}"
            node.fault("on", f"there is no line {name!r}", fix)
    rates = _rates(node, calendar)
    return Tax(node.name("name"), on, rates, node.choice("change", ("divide", "refuse"), "divide"))


def _rates(node: Node, calendar: Calendar) -> tuple[Rate, ...]:
    found = []
    for each in node.nodes("rates"):
        each.known(_RATE)
        if "from" not in each.value:
            each.fault("from", "the rate has no first day", "write the day it is in force from")
        found.append(Rate(each.span(calendar), each.percent("percent")))
    if not found:
        node.fault("rates", "there are none", "list them, as in - {percent: 19, from: 2026-01-01}")
    found.sort()
    for one, other in pairwise(found):
        if other.span.first_s < one.span.end_s:
            fix = "let one rate end, with until, where the next begins"
            node.fault("rates", "two rates are in force at the same time", fix)
    return tuple(found)
