"""The report on taxes and levies: bases and amounts by rate, payer and payee, and by document."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

import msgspec
import numpy as np

from gridpact.app.invoicing.issuing import issued_before
from gridpact.app.invoicing.words import KINDS
from gridpact.app.report.parts import Tile
from gridpact.app.report.text import Money, counted
from gridpact.app.reporting import bookings
from gridpact.app.reporting.reconciled import differing
from gridpact.app.reporting.report import Chapter, Report
from gridpact.app.reporting.settled import Settled
from gridpact.app.reporting.sheets import Cell, Column, Row, Sheet
from gridpact.base.units import Bools
from gridpact.settlement.invoices.document import Document, TaxTotal
from gridpact.settlement.line_sums import by_head
from gridpact.settlement.lines import MEMBER, Head, Lines
from gridpact.settlement.periods.rules import Rate, Span, Tax

GLOSSARY = (
    ("base", "sum of the rounded lines that a tax is on"),
    ("tax", "base × rate, rounded once for each payer and payee (EN 16931, BR-CO-17)"),
    ("payer, payee", "who pays the line, and the tax with it; the payee owes it to the state"),
    ("credit note", "takes an invoice back whole; it counts against invoices here"),
    ("–", "not known or not applicable; never zero"),
)
_RATES = (
    Column("tax_name", "tax"),
    Column("payer", "payer"),
    Column("payee", "payee"),
    Column("rate", "rate", "share"),
    Column("payers", "pairs", "count"),
    Column("base", "base", "money"),
    Column("tax", "tax", "money"),
    Column("documents", "invoices", "count"),
    Column("credit_notes", "credit notes", "count"),
    Column("documents_base", "base by documents", "money"),
    Column("documents_tax", "tax by documents", "money"),
    Column("difference_base", "difference of base", "money"),
    Column("difference_tax", "difference of tax", "money"),
)
_PAIRS = (
    Column("tax_name", "tax"),
    Column("payer", "payer"),
    Column("payee", "payee"),
    Column("rate", "rate", "share"),
    Column("base", "base", "money"),
    Column("tax", "tax", "money"),
)
_DOCUMENTS = (
    Column("number", "number"),
    Column("what", "what"),
    Column("payee", "seller"),
    Column("payer", "buyer"),
    Column("tax_name", "tax"),
    Column("corrects", "corrects"),
    Column("run", "run", "count"),
    Column("rate", "rate", "share"),
    Column("base", "base", "money"),
    Column("tax", "tax", "money"),
)
_LEVIES = (
    Column("line", "line"),
    Column("payer", "payer"),
    Column("payee", "payee"),
    Column("lines", "lines", "count"),
    Column("energy", "energy", "energy"),
    Column("amount", "amount", "money"),
)


class Key(NamedTuple):
    """A tax at a rate [ppm], who pays it to whom; :data:`MEMBER` stands for any member."""

    tax: str
    payer: str
    payee: str
    rate_ppm: int


class Taxed(msgspec.Struct, frozen=True):
    """What one pair of parties is taxed by lines: ``key`` names both [minor units]."""

    key: Key
    base_minor: int
    tax_minor: int


def tax_report(settled: Settled) -> Report:
    """Report on the taxes and levies of a period; StoreError where documents are not as issued."""
    pairs = list(taxed(settled))
    documents = [*issued_before(settled.book, settled.run)]
    rates = rates_sheet(settled, pairs, documents)
    levies = _levies(settled)
    warnings = (_UNBILLED,) if differing((rates,)) else ()
    return Report(
        name=f"tax-{settled.run.period}",
        kind="gridpact report on taxes and levies",
        title=settled.rules.name,
        period=settled.named,
        place=settled.rules.timezone,
        money=settled.money,
        tiles=_tiles(settled.money, pairs, levies, documents),
        chapters=(
            Chapter("rates", "By rate, payer and payee", RATES, (rates, _pairs(pairs))),
            Chapter("documents", "By document", DOCUMENTS, (_documents(documents),)),
            Chapter("levies", "Levies", LEVIES, (levies,)),
            bookings.chapter(settled),
        ),
        glossary=GLOSSARY,
        warnings=warnings,
    )


RATES = (
    "From the booked lines. Documents are invoices less credit notes of the period; where they "
    "state the last run, both agree to the unit."
)
DOCUMENTS = "Every document that states a tax. Amounts of credit notes are negative."
LEVIES = "Levies are lines of their own, without an invoice’s tax."
_UNBILLED = (
    "The last run was not invoiced, or not since it was corrected: documents differ from lines."
)


def taxed(settled: Settled) -> Iterator[Taxed]:
    """Yield bases and taxes of each pair of payer and payee, by tax and rate."""
    lines, period = settled.made.lines, Span(settled.run.first_s, settled.run.end_s)
    for tax in settled.rules.taxes:
        heads = [(head, row) for row, head in enumerate(lines.heads) if tax.name in head.taxes]
        for sides, some in groupby(sorted(heads, key=_sides), key=_sides):
            mine = np.isin(lines.head, [row for _, row in some])
            for rate in tax.rates:
                yield from _of_rate(lines, mine, tax, rate, sides, period)


def _sides(numbered: tuple[Head, int]) -> tuple[str, str]:
    return numbered[0].payer, numbered[0].payee


def _of_rate(
    lines: Lines, mine: Bools, tax: Tax, rate: Rate, sides: tuple[str, str], period: Span
) -> Iterator[Taxed]:
    span = rate.span & period
    within = mine & (lines.first_s >= span.first_s) & (lines.end_s <= span.end_s)
    bases, taxes = _by_owner(lines, within), dict[str, int]()
    for row, head in enumerate(lines.heads):
        if (head.category, head.clause, head.rate_ppm) == ("tax", tax.name, rate.ppm) and (
            (head.payer, head.payee) == sides
        ):
            inside = (lines.first_s >= span.first_s) & (lines.end_s <= span.end_s)
            taxes = _by_owner(lines, (lines.head == row) & inside)
    for owner in sorted({*bases, *taxes}):
        payer, payee = (owner if side == MEMBER else side for side in sides)
        key = Key(tax.name, payer, payee, rate.ppm)
        yield Taxed(key, bases.get(owner, 0), taxes.get(owner, 0))


def _by_owner(lines: Lines, which: Bools) -> dict[str, int]:
    sums = np.zeros(len(lines.owners), np.int64)
    np.add.at(sums, lines.owner[which], lines.minor[which])
    used = np.unique(lines.owner[which]).tolist()
    return {lines.owners[row]: int(sums[row]) for row in used}


def rates_sheet(settled: Settled, pairs: Sequence[Taxed], documents: Sequence[Document]) -> Sheet:
    """Bases and taxes by tax, rate and kind of payer and payee: by lines and by documents."""
    members = {*settled.members}
    found: dict[Key, list[int]] = {}
    for each in pairs:
        sums = found.setdefault(_kind(each.key, members), [0] * 7)
        _add(sums, (1, each.base_minor, each.tax_minor, 0, 0, 0, 0))
    for document, total in _stated(documents):
        key = Key(document.tax, document.buyer, document.seller, total.rate_ppm)
        sums, sign = found.setdefault(_kind(key, members), [0] * 7), -1 if document.credit else 1
        count = (0, 1) if document.credit else (1, 0)
        _add(sums, (0, 0, 0, *count, sign * total.base_minor, sign * total.minor))
    rows: list[Row] = []
    for key, sums in sorted(found.items()):
        rows.append((*key, *sums, sums[1] - sums[5], sums[2] - sums[6]))
    return Sheet("rates", "Taxes by lines and by documents", _RATES, tuple(rows))


def _kind(key: Key, members: set[str]) -> Key:
    payer, payee = (MEMBER if side in members else side for side in (key.payer, key.payee))
    return key._replace(payer=payer, payee=payee)


def _add(sums: list[int], more: Sequence[int]) -> None:
    for at, value in enumerate(more):
        sums[at] += value


def _stated(documents: Sequence[Document]) -> Iterator[tuple[Document, TaxTotal]]:
    """Yield the taxes that documents state; what is outside of any is none."""
    for document in documents:
        if document.tax:
            yield from ((document, total) for total in document.taxes)


def _pairs(pairs: Sequence[Taxed]) -> Sheet:
    rows = tuple((*each.key, each.base_minor, each.tax_minor) for each in sorted(pairs, key=_key))
    foot: Row = ("in sum", "", "", "", "", sum(each.tax_minor for each in pairs))
    return Sheet("pairs", "Everybody who pays and receives a tax", _PAIRS, rows, foot)


def _key(each: Taxed) -> Key:
    return each.key


def _documents(documents: Sequence[Document]) -> Sheet:
    rows: list[tuple[Cell, ...]] = []
    for document, total in _stated(documents):
        sign = -1 if document.credit else 1
        names = (document.seller, document.buyer, document.tax, document.refers)
        sums = (total.rate_ppm, sign * total.base_minor, sign * total.minor)
        rows.append((document.number, KINDS[document.code], *names, document.run, *sums))
    return Sheet("documents", "Documents", _DOCUMENTS, tuple(rows))


def _levies(settled: Settled) -> Sheet:
    rows = []
    for each, head in zip(by_head(settled.made.lines), settled.made.lines.heads, strict=True):
        if head.category == "levy":
            energy = each.energy_wh if each.energy else None
            rows.append((each.line, each.payer, each.payee, each.lines, energy, each.minor))
    foot: Row = ("in sum", "", "", "", "", sum(int(row[5]) for row in rows))
    return Sheet("levies", "Levies by line", _LEVIES, tuple(rows), foot)


def _tiles(
    money: Money, pairs: Sequence[Taxed], levies: Sheet, documents: Sequence[Document]
) -> tuple[Tile, ...]:
    tax = sum(each.tax_minor for each in pairs)
    notes = sum(document.credit for document in documents)
    told = counted(len(documents) - notes, "invoice", "invoices")
    return (
        Tile("Taxes", money.minor(tax), money.currency, "paid with the lines they are on"),
        Tile("Levies", money.minor(int(levies.foot[5] or 0)), money.currency, "lines of their own"),
        Tile("Documents", str(len(documents)), "",
             f"{told}, {counted(notes, 'credit note', 'credit notes')}"),
    )  # fmt: skip
