"""The tax of a document explained, laid out for people."""

from __future__ import annotations

from collections.abc import Iterator

from gridpact.app.cli.explaining_invoice import check_lines, proof_lines
from gridpact.app.cli.layout import aligned, money
from gridpact.app.cli.output import harmless
from gridpact.app.explaining.told import Taxed, TaxExplanation
from gridpact.base.slots import iso


def tax_lines(found: TaxExplanation) -> Iterator[str]:
    """Yield the lines of an explanation of tax, rate by rate."""
    document, currency = found.document, found.document.currency
    (amount,) = _minor(found, [document.tax_minor])
    what = f"{document.what} {document.number}, from {document.seller} to {document.buyer}"
    yield harmless(f"{found.line}: {found.tax}, {amount} {currency} on {what}")
    if document.explains != document.number:
        yield harmless(f"  it takes back {document.explains}, which is explained here")
    for rate in found.rates:
        yield ""
        yield from map(harmless, _rate(found, rate))
    yield ""
    yield from map(harmless, proof_lines(document.run, found.run_hash, found.entries))
    yield from check_lines(found.checks)


def _rate(found: TaxExplanation, rate: Taxed) -> Iterator[str]:
    currency, percent = found.document.currency, f"{rate.rate_ppm / 10_000:g} %"
    amounts = _minor(found, [*(item.minor for item in rate.items), rate.base_minor])
    names = [f"{item.id} {item.name}" for item in rate.items]
    rows = [("line", currency), *zip([*names, "in sum"], amounts, strict=True)]
    yield from aligned(rows, right=(1,))
    (exact,), (minor,) = money([rate.nano]), _minor(found, [rate.minor])
    yield f"{percent} of it: exactly {exact} {currency}, {minor} rounded once: {found.rounding}"
    if len(rate.booked) > 1:
        told = _minor(found, [each.minor for each in rate.booked])
        table = [("run", "kind", "readings as known", currency)]
        for each, amount in zip(rate.booked, told, strict=True):
            table.append((str(each.run), each.kind, iso(each.as_of_s), amount))
        yield from aligned(table, right=(0, 3), indent=2)


def _minor(found: TaxExplanation, minor: list[int]) -> list[str]:
    return money([found.minor_nano * each for each in minor])
