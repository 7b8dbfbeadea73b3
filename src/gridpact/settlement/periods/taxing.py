"""Parts rounded to lines, and the taxes on them.

A tax is on the sum of the rounded lines that one party owes another under one rate, as EN 16931
has it for a category of value-added tax (BR-CO-17): base times rate, rounded once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from itertools import groupby

import numpy as np

from gridpact.base.rounding import RULES, muldiv
from gridpact.base.units import MICRO_PER_UNIT, Ints, checked_multiply
from gridpact.settlement.lines import Head, Lines, minor_by_owner
from gridpact.settlement.periods.adding import Part
from gridpact.settlement.periods.rules import Rules, Span, Tax


def lines_of(rules: Rules, parts: Sequence[Part]) -> list[Lines]:
    """Round parts of members to lines, once each; lines that say nothing are left out."""
    owners = tuple(member.id for member in rules.members)
    found = [
        _lines(rules, part, number, owners) for part in parts for number in range(len(part.pieces))
    ]
    return [lines for lines in found if len(lines)]


def _lines(rules: Rules, part: Part, number: int, owners: tuple[str, ...]) -> Lines:
    rows, energy, nano = part.segment.rows, part.energy_wh[number], part.nano[number]
    said = (nano != 0) | (energy != 0)
    if not said.all():  # otherwise as they are, without a copy
        rows, energy, nano = rows[said], energy[said], nano[said]
    return rounded(rules, part.flow.head, part.pieces[number], (owners, rows), (energy, nano))


def rounded(
    rules: Rules,
    head: Head,
    span: Span,
    whose: tuple[tuple[str, ...], Ints],
    amounts: tuple[Ints, Ints],
) -> Lines:
    """Return lines of one head and span; ``amounts`` are energy [Wh] and exact nano-¤ [lines]."""
    owners, rows = whose
    energy, nano = amounts
    minor = RULES[rules.rounding](nano, rules.minor_nano)
    row, first, end = (
        np.broadcast_to(np.int64(each), rows.shape) for each in (0, span.first_s, span.end_s)
    )
    return Lines((head,), owners, row, rows, first, end, energy, nano, minor)


def taxed(rules: Rules, parts: Sequence[Lines], period: Span) -> list[Lines]:
    """Return the lines of all taxes on the lines of some parts."""
    return [lines for tax in rules.taxes for lines in _taxed(rules, tax, parts, period)]


def _taxed(rules: Rules, tax: Tax, parts: Sequence[Lines], period: Span) -> Iterator[Lines]:
    """Yield a tax's lines for each rate and each pair of who pays whom."""
    heads = {head for part in parts for head in part.heads if tax.name in head.taxes}
    for sides, some in groupby(sorted(heads, key=_sides), key=_sides):
        mine = {*some}
        for rate in [each for each in tax.rates if each.ppm]:
            span = rate.span & period
            owners, sums = minor_by_owner([_within(part, mine, span) for part in parts])
            if owners:
                head = Head(tax.name, "tax", "tax", *sides, rate_ppm=rate.ppm)
                yield _of_rate(rules, head, span, owners, sums)


def _within(lines: Lines, heads: Set[Head], span: Span) -> Lines:
    """Return the lines of some heads that lie within a span."""
    rows = [row for row, head in enumerate(lines.heads) if head in heads]
    mine = np.isin(lines.head, rows) & (lines.first_s >= span.first_s) & (lines.end_s <= span.end_s)
    return lines if mine.all() else lines.where(mine)


def _sides(head: Head) -> tuple[str, str, str]:
    return head.payer, head.payee, head.currency


def _of_rate(rules: Rules, head: Head, span: Span, owners: tuple[str, ...], base: Ints) -> Lines:
    """Return a tax's lines on what owners' lines add up to [minor units]."""
    whole = checked_multiply(base, np.asarray(rules.minor_nano))
    nano = muldiv(whole, np.asarray(head.rate_ppm), np.asarray(MICRO_PER_UNIT))
    whose = owners, np.arange(len(owners), dtype=np.int64)
    return rounded(rules, head, span, whose, (np.zeros_like(nano), nano))
