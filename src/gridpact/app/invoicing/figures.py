"""Figures of bills, gathered when documents are issued: readings, payments, other periods."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
import numpy as np

from gridpact.app.books.folder import Book, found_at
from gridpact.app.books.kept import Made
from gridpact.app.books.sources import source_of
from gridpact.app.invoicing.displays import displays_at
from gridpact.app.invoicing.paid_ahead import paid_ahead
from gridpact.base.errors import BadInput
from gridpact.base.slots import Calendar, Slots
from gridpact.base.units import Ints
from gridpact.settlement.invoices.figures import (
    Figures,
    Last,
    by_part,
    owed_by,
    parts_of,
    without_community,
    without_sharing,
)
from gridpact.settlement.periods.energy import INJECTION, SOURCES, WITHDRAWAL, Inputs
from gridpact.settlement.periods.rules import Span
from gridpact.settlement.periods.settling import settle


class Before(msgspec.Struct, frozen=True):
    """What was invoiced before.

    ``last`` is the run of the period that ends where this one begins; ``used`` is what bills of
    other periods used of members' prepayments, ``billed`` what bills of this period asked for
    [minor units].
    """

    last: Made | None
    used: Mapping[str, int] = {}
    billed: Mapping[str, int] = {}


def gather_figures(book: Book, made: Made, before: Before) -> Figures:
    """Gather the figures of bills for a run; BadInput where its readings cannot be read any more.

    Nothing that somebody does afterwards changes what was gathered and kept.
    """
    run, rules = made.run, made.rules
    period = Slots(run.first_s, rules.step_s, (run.end_s - run.first_s) // rules.step_s)
    where = found_at(book.folder, made.readings)
    commit = run.commit or None
    source = source_of(where, rules, period, run.as_of_s, commit)
    inputs = Inputs(source.read, made.prices, {}, None)
    members = tuple(member.id for member in rules.members)
    edges = parts_of(period, Calendar(rules.timezone, rules.step_s))
    paid, deposits = paid_ahead(book, members, rules.currency)
    owed = owed_by(made.lines, members, rules.currency)
    used, billed = (
        np.array([told.get(name, 0) for name in members], np.int64)
        for told in (before.used, before.billed)
    )
    return Figures(
        members=members,
        edges_s=edges,
        by_part_wh=by_part(rules, inputs, edges),
        displays=displays_at(where, rules, period, (run.as_of_s, commit)),
        prepaid_minor=np.clip(np.minimum(paid - used, owed), 0, None),
        billed_minor=billed,
        deposit_minor=deposits,
        supplier_only_minor=supplier_only(made, period, inputs, members),
        last=None if before.last is None else _last(before.last, members),
    )


def asked_for(made: Made, figures: Figures | None) -> dict[str, int]:
    """Return what bills of a period asked members for, up to a run [minor units].

    Every bill asks for what those before did not, so that all of them come to what the run says
    is owed, less what was paid ahead.
    """
    members = tuple(member.id for member in made.rules.members)
    owed = owed_by(made.lines, members, made.rules.currency)
    paid = np.zeros(len(members), np.int64) if figures is None else figures.prepaid_minor
    return dict(zip(members, (owed - paid).tolist(), strict=True))


def supplier_only(
    made: Made, period: Slots, inputs: Inputs, members: tuple[str, ...]
) -> Ints | None:
    """Return what members would owe without the community [minor units] [members].

    None where a tariff is lacking. Of the ``inputs`` sharing and trades are left out.
    """
    rules = without_community(made.rules)
    if not rules.clauses:
        return None
    try:
        settled = settle(rules, period, without_sharing(inputs))
    except BadInput:
        return None
    return owed_by(settled.lines, members, rules.currency)


def _last(made: Made, members: tuple[str, ...]) -> Last:
    """Return a period before for the members of now; who was none then has none."""
    span = Span(made.run.first_s, made.run.end_s)
    rows = {
        member.id: row
        for row, member in enumerate(made.rules.members)
        if not (member.span & span).empty
    }
    place = np.array([rows.get(name, -1) for name in members], np.int64)
    owed = owed_by(made.lines, tuple(m.id for m in made.rules.members), made.rules.currency)
    there = (place >= 0).astype(np.int64)
    energy = made.energy_wh[[SOURCES.index(WITHDRAWAL), SOURCES.index(INJECTION)]][:, place] * there
    return Last(made.run.period, there, energy[0], energy[1], owed[place] * there)
