"""The parts of a term sheet, and how they are laid out as text."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from gridpact.contracts.amounts import ANY_CURRENCY
from gridpact.contracts.canonical import keccak256, to_bytes
from gridpact.contracts.errors import IllFormed
from gridpact.contracts.legs import legs
from gridpact.contracts.needs import needs
from gridpact.contracts.observables import Choice, Series
from gridpact.contracts.sheet import clauses, names, times, units
from gridpact.contracts.sheet.clauses import Clause
from gridpact.contracts.sheet.graph import Graph, is_decision
from gridpact.contracts.sheet.guide import GUIDE
from gridpact.contracts.sheet.phrases import Phrases
from gridpact.contracts.terms import All, Contract, One, Scale

TITLE = "TERM SHEET"
HASH = "Terms agreed (keccak-256):"
PARTIES = "Parties:"
SOLE = "All payments are in"
WIDTH = 96
_FIXED = "\N{NO-BREAK SPACE}"
_AMOUNT = re.compile(r"(?<=[0-9]) (?=[^\s(])")  # a number stays with what it counts


@dataclass(frozen=True, slots=True)
class Sheet:
    """The parts of a term sheet, as sentences; ``currency`` is the only one, or ``""``."""

    parties: tuple[str, ...]
    currency: str
    clauses: tuple[Clause, ...]
    definitions: tuple[str, ...]
    decisions: tuple[str, ...]
    data: tuple[str, ...]


def term_sheet(contract: Contract, title: str = "") -> str:
    """Return a contract in plain English, to be read and signed by its parties.

    The text is made from the terms alone, and :func:`from_term_sheet` reads it back to exactly
    them. ``title`` is for people and no part of the terms.

    Raises IllFormed for terms that could not be settled (one name with two meanings, amounts in
    a unit that does not fit), that are beyond the bounds of the wire form, or for a title with
    control characters.
    """
    if not title.isprintable():
        raise IllFormed(f"the title {title!r} is not one line of printable text")
    digest = keccak256(to_bytes(contract)).hex()
    sheet = parts(contract)
    head = " ".join([f"{TITLE}:", *title.split()]) if title.strip() else TITLE
    lines = [head, "", *_filled(f"{PARTIES} {_parties(sheet)}.", 0)]
    lines += [f"{SOLE} {sheet.currency}."] if sheet.currency else []
    lines += [f"{HASH} {digest}"]
    return "\n".join([*lines, *_body(sheet)]) + "\n"


def parts(contract: Contract) -> Sheet:
    """Return the parts of a contract's term sheet; raises IllFormed as :func:`term_sheet`."""
    legs(contract)
    needs(contract)
    graph = Graph(contract)
    flows = _flows(contract)
    money = sorted({clauses.currency_of(one) for one in flows if one.unit == "nano"})
    sole = money[0] if len(money) == 1 else ""
    phrases = Phrases(graph, sole)
    promised = clauses.written(contract, phrases)
    definitions = phrases.definitions()
    nodes = graph.nodes()
    choices = {node.label: node for node in nodes if isinstance(node, Choice)}
    decisions = tuple(_decision(choices[label], phrases) for label in sorted(choices))
    series = {node.name: node for node in nodes if isinstance(node, Series)}
    authors = {choice.by for choice in choices.values()}
    return Sheet(
        tuple(sorted({party for one in flows for party in (one.giver, one.taker)} | authors)),
        sole,
        tuple(promised),
        (*definitions, *phrases.definitions()),
        decisions,
        tuple(_datum(series[name], sole or ANY_CURRENCY) for name in sorted(series)),
    )


def _decision(choice: Choice, phrases: Phrases) -> str:
    what = "yes or no for each slot"
    if not is_decision(choice):
        low, high = phrases.operand(choice.low), phrases.operand(choice.high)
        what = f"an amount for each slot from {low} to {high}"
    early = f"at least {times.duration(choice.notice_s)} before" if choice.notice_s else "before"
    who = names.party(choice.by)
    return f"{who} decides {names.quoted(choice.label)}: {what}, {early} it begins."


def _datum(series: Series, currency: str) -> str:
    words = units.measured(series.name, series.unit, currency)
    return f"{names.data(series.name)} [{series.unit}], {words}."


def _flows(contract: Contract) -> list[One]:
    match contract:
        case One():
            return [contract]
        case All(parts):
            return [one for part in parts for one in _flows(part)]
        case Scale(_, of):
            return _flows(of)
    raise IllFormed(f"{contract!r} is not a contract")


def _parties(sheet: Sheet) -> str:
    return names.listed([names.party(name) for name in sheet.parties]) or "none"


def _body(sheet: Sheet) -> Iterator[str]:
    promised, definitions, decisions, data, guide = names.HEADINGS
    yield from ("", promised)
    for clause in sheet.clauses:
        yield from _filled(f"{clause.label} {clause.text}", 2 * len(clause.number))
    yield from _section(definitions, sheet.definitions)
    yield from _section(decisions, sheet.decisions)
    yield from _section(data, sheet.data)
    yield from ("", guide)
    for paragraph in GUIDE:
        yield from _filled(f"- {paragraph}", 2, hang=2)


def _section(heading: str, sentences: Sequence[str]) -> Iterator[str]:
    if sentences:
        yield from ("", heading)
    for sentence in sentences:
        yield from _filled(sentence, 2)


def _filled(text: str, indent: int, hang: int = 4) -> Iterator[str]:
    """Break a sentence into lines, those after the first further in; its own breaks stay."""
    for index, line in enumerate(text.split("\n")):
        begin = indent + 4 * (index > 0)
        for filled in textwrap.wrap(
            _AMOUNT.sub(_FIXED, line),
            WIDTH,
            initial_indent=" " * begin,
            subsequent_indent=" " * (begin + hang),
            break_long_words=False,
            break_on_hyphens=False,
        ):
            yield filled.replace(_FIXED, " ")
