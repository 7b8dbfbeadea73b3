"""The tax of a document: the lines that it is on, the rate, and what the runs booked for it."""

from __future__ import annotations

import numpy as np

from gridpact.app.books.kept import Made
from gridpact.app.explaining.checking import document_check, journal_check
from gridpact.app.explaining.explain import ROUNDING, booked, entries_of, stated
from gridpact.app.explaining.opened import Opened, fault, row_of_tax
from gridpact.app.explaining.told import Check, Taxed, TaxExplanation
from gridpact.base.errors import BadInput
from gridpact.base.rounding import RULES, round_half_even
from gridpact.base.units import MICRO_PER_UNIT
from gridpact.settlement.invoices.document import Document, TaxTotal

SUFFIX = "/tax"


def explain_tax(opened: Opened, line: str) -> TaxExplanation:
    """Explain the tax of a document by its name, such as ``grid-co-000001/tax``.

    Raises BadInput where there is no such document or it has no tax, and StoreError where the book
    is damaged.
    """
    number = line.removesuffix(SUFFIX)
    document, stating, issued = opened.document(number)
    if not document.tax:
        fix = "explain one of its lines"
        raise BadInput([fault(number, "is outside of any tax", fix)])
    made = opened.made(issued.run, stating.owner)
    rates = tuple(_taxed(opened, made, stating, total) for total in stating.taxes)
    return TaxExplanation(
        line=line,
        minor_nano=made.rules.minor_nano,
        rounding=ROUNDING[made.rules.rounding],
        document=stated(document, stating, issued),
        tax=document.tax,
        rates=rates,
        entries=entries_of(opened, made.run, issued),
        run_hash=made.run.hash,
        checks=(
            document_check(document),
            *(check for rate in rates for check in _checks(made, rate)),
            journal_check(opened),
        ),
    )


def _taxed(opened: Opened, made: Made, document: Document, total: TaxTotal) -> Taxed:
    row = row_of_tax(made.lines, document, total.rate_ppm)
    told = booked(
        opened, made.run, document.owner, lambda lines: row_of_tax(lines, document, total.rate_ppm)
    )
    return Taxed(
        total.rate_ppm,
        tuple(item for item in document.items if item.rate_ppm == total.rate_ppm),
        total.base_minor,
        0 if row is None else int(made.lines.nano[row]),
        total.minor,
        tuple(told),
    )


def _checks(made: Made, rate: Taxed) -> tuple[Check, ...]:
    rules, percent = made.rules, f"{rate.rate_ppm / 10_000:g} %"
    exact = round_half_even(rate.base_minor * rules.minor_nano * rate.rate_ppm, MICRO_PER_UNIT)
    minor = int(RULES[rules.rounding](np.array([rate.nano]), rules.minor_nano)[0])
    based = sum(item.minor for item in rate.items) == rate.base_minor
    return (
        Check(f"lines at {percent} add up to what is taxed", based),
        Check(f"{percent} of it is the exact tax", exact == rate.nano),
        Check("its exact amount was rounded once", minor == rate.minor),
        Check(
            "what the runs booked adds up to it",
            sum(each.minor for each in rate.booked) == rate.minor,
        ),
    )
