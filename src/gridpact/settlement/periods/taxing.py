"""Parts rounded to lines, and the taxes on them.

A tax is on the sum of the rounded lines that one party owes another under one rate, as EN 16931
has it for a category of value-added tax (BR-CO-17): base times rate, rounded once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

import numpy as np

from gridpact.base.rounding import RULES, muldiv
from gridpact.base.units import MICRO_PER_UNIT, Ints, checked_multiply
from gridpact.settlement.lines import Head, Lines, added_up, joined
from gridpact.settlement.periods.adding import Part
from gridpact.settlement.periods.rules import Rate, Rules, Span, Tax


def lines_of(rules: Rules, parts: Sequence[Part]) -> list[Lines]:
    """Round parts of members to lines, once each; lines that say nothing are left out."""
    owners = tuple(member.id for member in rules.members)
    found = [
        _lines(rules, part, number, owners) for part in parts for number in range(len(part.pieces))
    ]
    return [lines for lines in found if len(lines)]


def _lines(rules: Rules, part: Part, number: int, owners: tuple[str, ...]) -> Lines:
    nano, energy = part.nano[number], part.energy_wh[number]
    said = (nano != 0) | (energy != 0)
    rows = part.segment.rows[said]
    return rounded(
        rules, part.flow.head, part.pieces[number], (owners, rows), (energy[said], nano[said])
    )


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
    same = np.ones(len(rows), np.int64)
    return Lines(
        (head,), owners, 0 * same, rows, span.first_s * same, span.end_s * same, energy, nano, minor
    )


def taxed(rules: Rules, lines: Lines, period: Span) -> Lines:
    """Return the lines of all taxes on some lines."""
    return joined([part for tax in rules.taxes for part in _taxed(rules, tax, lines, period)])


def _taxed(rules: Rules, tax: Tax, lines: Lines, period: Span) -> Iterator[Lines]:
    """Yield a tax's lines for each rate and each pair of who pays whom."""
    heads = [(each, row) for row, each in enumerate(lines.heads) if tax.name in each.taxes]
    for sides, some in groupby(sorted(heads, key=_sides), key=_sides):
        mine = np.isin(lines.head, [row for _, row in some])
        for rate in tax.rates:
            span = rate.span & period
            within = mine & (lines.first_s >= span.first_s) & (lines.end_s <= span.end_s)
            if rate.ppm and within.any():
                yield _of_rate(
                    rules,
                    Head(tax.name, "tax", "tax", *sides, rate_ppm=rate.ppm),
                    rate,
                    span,
                    lines.where(within),
                )


def _sides(numbered: tuple[Head, int]) -> tuple[str, str, str]:
    head = numbered[0]
    return head.payer, head.payee, head.currency


def _of_rate(rules: Rules, head: Head, rate: Rate, span: Span, base: Lines) -> Lines:
    owners, at = np.unique(base.owner, return_inverse=True)
    order = np.argsort(at, kind="stable")
    first = np.searchsorted(at[order], np.arange(len(owners)))
    sums = added_up(base.minor[order], first)
    whole = checked_multiply(sums, np.asarray(rules.minor_nano))
    nano = muldiv(whole, np.asarray(rate.ppm), np.asarray(MICRO_PER_UNIT))
    return rounded(rules, head, span, (base.owners, owners), (np.zeros_like(nano), nano))
