"""Expressions of one file: parsed once, built with its names, checked against unit and currency."""

from __future__ import annotations

from collections.abc import Mapping

from gridpact.base.errors import Fault
from gridpact.contracts.amounts import ANY_CURRENCY
from gridpact.contracts.errors import IllFormed
from gridpact.contracts.files.building import Meaning, build
from gridpact.contracts.files.entries import UNREAD, Entry
from gridpact.contracts.files.grammar import parse_expression
from gridpact.contracts.files.operations import seconds_of
from gridpact.contracts.files.syntax import Syntax
from gridpact.contracts.files.tokens import ExpressionFault, shown
from gridpact.contracts.observables import Observable, as_observable
from gridpact.contracts.unit_algebra import ONE

NOTHING = Meaning(None)
MAX_DURATION = 60


def parsed(entry: Entry) -> Syntax | None:
    """Return the tree of an expression; None where it has a fault, which is noted."""
    text = entry.expression()
    if text is None:
        return None
    try:
        return parse_expression(text)
    except ExpressionFault as fault:
        _tell(entry, text, fault)
        return None


def meaning(entry: Entry, tree: Syntax | None, names: Mapping[str, Meaning]) -> Meaning:
    """Return what a parsed expression stands for; nothing where it has faults, which are noted."""
    if tree is None or entry.is_hopeless:
        return NOTHING
    found, faults = build(tree, names)
    for fault in faults:
        _tell(entry, entry.expression() or "", fault)
    return found


def duration(entry: Entry) -> int | None:
    """Return a notice or another duration that is not negative [s]."""
    if isinstance(entry.value, str) and len(entry.value) > MAX_DURATION:
        entry.fault("this is too long for a duration", "write a duration such as 1 h")
        return None
    found = meaning(entry, parsed(entry), {})
    if found.value is None:
        return None
    try:
        seconds = seconds_of(found.value)
    except IllFormed as error:
        entry.fault(error, "write a duration such as 1 h")
        return None
    if seconds < 0:
        entry.fault(f"a notice is not negative, this is {seconds} s", "write 0 or more, as in 1 h")
        return None
    return seconds


class Expressions:
    """Reads the expressions of one file, each text once however often it is written."""

    def __init__(self, names: Mapping[str, Meaning]) -> None:
        self._names = names
        self._known: dict[str, tuple[Meaning, list[Fault]]] = {}

    def read(self, entry: Entry, unit: str, currency: str, *, exact: bool) -> Observable | None:
        """Return an expression's observable.

        ``unit`` is called for: a bare number takes it, and with ``exact`` anything else is a
        fault. So is a currency other than ``currency``, unless that is ``""``.
        """
        found = self._meaning(entry)
        if found.value is None:
            return None
        value = as_observable(found.value, unit)
        if not _affordable(entry, found, currency):
            return None
        if exact and value.unit != unit:
            due = "a pure number" if unit == ONE else unit
            problem = f"this is in {value.unit}, where {due} is due"
            entry.fault(problem, "multiply by what is missing, or name another observable")
            return None
        return value

    def _meaning(self, entry: Entry) -> Meaning:
        text = entry.expression()
        if text is None:
            return NOTHING
        if text not in self._known:
            before = len(entry.document.faults)
            found = meaning(entry, parsed(entry), self._names)
            self._known[text] = found, entry.document.faults[before:]
            return found
        found, faults = self._known[text]
        for fault in faults:
            entry.fault(fault.problem, fault.fix)
        return found


def _affordable(entry: Entry, found: Meaning, currency: str) -> bool:
    unchecked = currency in ("", UNREAD)
    others = [] if unchecked else sorted(found.currencies - {currency, ANY_CURRENCY})
    if others:
        problem = f"mixed currencies: a price in {others[0]} where payments are in {currency}"
        entry.fault(problem, f"write it in {currency}, or give the clause currency: {others[0]}")
    return not others


def _tell(entry: Entry, text: str, fault: ExpressionFault) -> None:
    entry.fault(f"{shown(text, fault.at)}: {fault.problem}", fault.fix)
