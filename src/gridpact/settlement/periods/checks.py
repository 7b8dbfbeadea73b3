"""What keeps a period from being settled, all of it at once, before anything is added up."""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set

import numpy as np

from gridpact.base.errors import BadInput, Fault
from gridpact.base.slots import Calendar, Slots, iso
from gridpact.base.units import Bools
from gridpact.contracts.errors import PeriodCut
from gridpact.contracts.needs import factors, nodes
from gridpact.contracts.observables import Fold
from gridpact.contracts.periods import segments as fold_periods
from gridpact.settlement.lines import MEMBER
from gridpact.settlement.periods.energy import ACTIVATED, DEVIATION, HELD, PLANNED, Gap, of_all
from gridpact.settlement.periods.rules import Clause, Rules, Span, Tax
from gridpact.settlement.periods.segments import Memberships, pieces
from gridpact.settlement.periods.terms import Flow

MOST = 1_000
"""Faults that are listed; of more it is only said how many there are."""


def refuse(rules: Rules, found: Sequence[tuple[str, str, str]]) -> BadInput:
    """Return the error that lists problems, each ``(where, problem, fix)``."""
    faults = [Fault(rules.name, 0, *each) for each in found[:MOST]]
    if len(found) > MOST:
        more = f"{len(found) - MOST:,} more faults are not shown"
        faults.append(Fault(rules.name, 0, "…", more, "correct the others first"))
    return BadInput(faults)


def problems(rules: Rules, who: Memberships, period: Span) -> Iterator[tuple[str, str, str]]:
    """Yield what is wrong with rules for a period, as ``(where, problem, fix)``."""
    if any(clause.supplier for clause in rules.clauses):
        for number in np.flatnonzero(~_plainly_supplied(rules, who, period)).tolist():
            common = rules.members[number].span & period
            if not common.empty:
                yield from _unsupplied(rules, number, common)
    for tax in rules.taxes:
        yield from _tax_problems(rules, tax, period)
    for clause in rules.clauses:
        yield from _cut_periods(rules, clause, period)


def _plainly_supplied(rules: Rules, who: Memberships, period: Span) -> Bools:
    """Tell who has one supplier all of the time whose tariff for everybody holds all of it."""
    lasting = {
        clause.supplier
        for clause in rules.clauses
        if clause.members is None and (clause.span & period) == period
    }
    good = np.array([name in lasting for name in who.suppliers], dtype=np.bool_)
    first = np.maximum(who.first_s, period.first_s)[who.supply_row]
    end = np.minimum(who.end_s, period.end_s)[who.supply_row]
    whole = (who.supply_first_s <= first) & (who.supply_end_s >= end)
    found = np.zeros(len(rules.members), np.bool_)
    found[who.supply_row[whole & good[who.supply_of]]] = True
    return found


def _unsupplied(rules: Rules, number: int, common: Span) -> Iterator[tuple[str, str, str]]:
    """Yield the times in which a member has no supplier, or its supplier no tariff."""
    member = rules.members[number]
    supplied = [supply.span & common for supply in member.supplies]
    for gap in uncovered(common, supplied):
        fix = "name its supplier over that time"
        yield f"members.{member.id}", f"no supplier {_told(rules, gap)}", fix
    for supply in member.supplies:
        tariffs = [
            clause.span & supply.span & common
            for clause in rules.clauses
            if clause.supplier == supply.supplier
            and (clause.members is None or member.id in clause.members)
        ]
        for gap in uncovered(supply.span & common, tariffs):
            problem = f"{supply.supplier} has no tariff for {member.id} {_told(rules, gap)}"
            fix = "give the supplier a contract over that time"
            yield f"members.{member.id}", problem, fix


def _tax_problems(rules: Rules, tax: Tax, period: Span) -> Iterator[tuple[str, str, str]]:
    where = f"taxes.{tax.name}"
    for gap in uncovered(period, [rate.span for rate in tax.rates]):
        yield where, f"no rate {_told(rules, gap)}", "give it a rate over that time"
    changes = edges_of(tax, period)
    if changes and tax.change == "refuse":
        at = ", ".join(iso(edge) for edge in changes)
        yield (
            where,
            f"the rate changes within the period, at {at}",
            "settle to there and from there",
        )


def edges_of(tax: Tax, period: Span) -> list[int]:
    """Return the instants within a period at which a tax's rate changes."""
    edges = {edge for rate in tax.rates for edge in (rate.span.first_s, rate.span.end_s)}
    return sorted(edge for edge in edges if period.first_s < edge < period.end_s)


def _cut_periods(rules: Rules, clause: Clause, period: Span) -> Iterator[tuple[str, str, str]]:
    """Yield folds over calendar periods of which the billing period has only a part."""
    found = {node.period for node in nodes(factors(clause.contract)) if isinstance(node, Fold)}
    count = (period.end_s - period.first_s) // rules.step_s
    for fold in sorted(found):
        try:
            fold_periods(fold, Slots(period.first_s, rules.step_s, count))
        except PeriodCut:
            problem = f"its terms count by {fold}, of which the billing period has only a part"
            yield f"contracts.{clause.name}", problem, "settle whole ones at once"


def unknown_series(
    flows: Sequence[Flow], prices: Set[str], own: Set[str]
) -> Iterator[tuple[str, str, str]]:
    """Yield the series that contracts need and nobody has."""
    for flow in flows:
        for name in sorted(flow.needs):
            where = f"contracts.{flow.head.clause}"
            if name not in prices and of_all(name) not in own:
                yield where, f"no series {name!r}", "name a file that has it under series"
            elif of_all(name) in (HELD, DEVIATION) and PLANNED not in own:
                yield where, f"{name} needs plans", "name a file of plans under imbalance"


def parties_unknown(rules: Rules, flows: Sequence[Flow]) -> Iterator[tuple[str, str, str]]:
    """Yield the parties of contracts that the rules do not name."""
    for flow in flows:
        for party in (flow.head.payer, flow.head.payee):
            if party != MEMBER and party not in rules.parties:
                where = f"contracts.{flow.head.clause}"
                yield where, f"there is no party {party!r}", "name it under parties"


def told_gaps(rules: Rules, gaps: Sequence[Gap]) -> Iterator[tuple[str, str, str]]:
    """Yield readings that are missing, one problem for each member and series."""
    whole: dict[tuple[int, str], list[Gap]] = {}
    for gap in gaps:
        whole.setdefault((gap.member, gap.series), []).append(gap)
    for (row, series), some in sorted(whole.items()):
        count = sum(gap.slots for gap in some)
        first = iso(min(gap.first_s for gap in some))
        many = f"{count:,} slots have" if count > 1 else "a slot has"
        member = rules.members[row]
        problem = f"{many} no sound value of {series}, the first {first}"
        fix = "import the readings, or estimate them: gridpact readings estimate"
        if not series.startswith("metered:"):
            fix = "add the values to the file of the series"
        yield f"members.{member.id} ({member.point})", problem, fix


def uncovered(whole: Span, parts: Sequence[Span]) -> list[Span]:
    """Return what of a span no part covers."""
    edges = [edge for part in parts for edge in (part.first_s, part.end_s)]
    return [
        piece
        for piece in ([] if whole.empty else pieces(whole, edges))
        if not any(part.first_s <= piece.first_s and piece.end_s <= part.end_s for part in parts)
    ]


def _told(rules: Rules, span: Span) -> str:
    calendar = Calendar(rules.timezone, rules.step_s)
    first, last = calendar.date_of(span.first_s), calendar.date_of(span.end_s - 1)
    return f"on {first}" if first == last else f"from {first} to {last}"


__all__ = [
    "ACTIVATED",
    "edges_of",
    "parties_unknown",
    "problems",
    "refuse",
    "told_gaps",
    "uncovered",
    "unknown_series",
]
