"""Lines of a run put together to documents: one for each pair of parties and each tax.

What is outside of any tax has a document of its own, for EN 16931 lets such an invoice hold
nothing else (BR-O-11). A party that pays a member bills itself in the member's name (code 389), so
that an invoice never mixes what is bought with what is sold.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from gridpact.base.errors import BadInput, Fault
from gridpact.base.rounding import round_half_even
from gridpact.settlement.invoices.document import (
    INVOICE,
    KILOWATT_HOUR,
    ONE,
    OUTSIDE,
    SELF_BILLED,
    STANDARD,
    ZERO,
    Document,
    Item,
    Key,
    TaxTotal,
)
from gridpact.settlement.lines import MEMBER, Head, Lines
from gridpact.settlement.periods.rules import Rules, Tax
from gridpact.settlement.runs.run import Run

_MILLI = 1000


def drafts(rules: Rules, run: Run, lines: Lines) -> list[Document]:
    """Return what is to be invoiced for the lines of a run, without numbers, in order of key.

    Lines must be all of the run, not only those that it booked. A document whose lines all round
    to nothing is left out.

    Raises
    ------
    BadInput
        A line has two taxes, or a tax has the same rate twice within the period, of which an
        invoice of EN 16931 can state only one.
    """
    _check(rules, lines)
    places: dict[Key, tuple[list[int], list[int]]] = defaultdict(lambda: ([], []))
    for row in range(len(lines)):
        head = lines.heads[lines.head[row]]
        places[_key(lines, head, row)][head.category == "tax"].append(row)
    taxes = {tax.name: tax for tax in rules.taxes}
    members = {member.id for member in rules.members}
    found = []
    for key in sorted(places):
        rows, of_tax = places[key]
        items = tuple(_items(lines, rows, taxes.get(key.tax)))
        if any(item.minor for item in items):
            code = SELF_BILLED if key.seller in members else INVOICE
            totals = tuple(_totals(lines, items, of_tax))
            found.append(_document(run, key, code, items, totals))
    return found


def _document(
    run: Run, key: Key, code: int, items: tuple[Item, ...], totals: tuple[TaxTotal, ...]
) -> Document:
    return Document(
        code=code,
        **key._asdict(),
        period=run.period,
        first_s=run.first_s,
        end_s=run.end_s,
        items=items,
        taxes=totals,
        run=run.number,
    )


def _key(lines: Lines, head: Head, row: int) -> Key:
    owner = lines.owners[lines.owner[row]]
    seller, buyer = (owner if side == MEMBER else side for side in (head.payee, head.payer))
    tax = head.clause if head.category == "tax" else next(iter(head.taxes), "")
    return Key(owner, seller, buyer, head.currency, tax)


def _items(lines: Lines, rows: list[int], tax: Tax | None) -> Iterator[Item]:
    for number, row in enumerate(rows, start=1):
        head = lines.heads[lines.head[row]]
        first_s, end_s = int(lines.first_s[row]), int(lines.end_s[row])
        energy_wh, nano = int(lines.energy_wh[row]), int(lines.nano[row])
        ppm = 0 if tax is None else _ppm(tax, first_s, end_s)
        quantity, unit, price = _priced(energy_wh, nano)
        yield Item(
            id=number,
            name=head.name,
            energy=head.energy,
            first_s=first_s,
            end_s=end_s,
            quantity_milli=quantity,
            unit=unit,
            price_nano=price,
            minor=int(lines.minor[row]),
            category=OUTSIDE if tax is None else STANDARD if ppm else ZERO,
            rate_ppm=ppm,
        )


def _priced(energy_wh: int, nano: int) -> tuple[int, str, int]:
    """Return quantity, unit and mean price of an exact amount; the price is never negative."""
    quantity, unit = (energy_wh, KILOWATT_HOUR) if energy_wh else (_MILLI, ONE)
    sign = -1 if (quantity < 0) != (nano < 0) and nano else 1
    price = round_half_even(abs(nano) * _MILLI, abs(quantity))
    return (sign * abs(quantity) if nano else quantity), unit, price


def _ppm(tax: Tax, first_s: int, end_s: int) -> int:
    """Return the rate of a line, which was divided wherever rates change."""
    return next(
        rate.ppm for rate in tax.rates if rate.span.first_s <= first_s and end_s <= rate.span.end_s
    )


def _totals(lines: Lines, items: tuple[Item, ...], of_tax: list[int]) -> Iterator[TaxTotal]:
    """Yield the tax of each category and rate; amounts are those that were booked."""
    booked = {lines.heads[lines.head[row]].rate_ppm: int(lines.minor[row]) for row in of_tax}
    for category, ppm in sorted({(item.category, item.rate_ppm) for item in items}):
        base = sum(item.minor for item in items if item.rate_ppm == ppm)
        yield TaxTotal(category, ppm, base, booked.get(ppm, 0))


def _check(rules: Rules, lines: Lines) -> None:
    """Refuse what an invoice cannot state."""
    faults = []
    for head in lines.heads:
        if len(head.taxes) > 1:
            problem = f"{head.name} has {len(head.taxes)} taxes, and an invoice line states one"
            fix = "write the other as a contract of category levy"
            faults.append(Fault(rules.name, 0, "taxes", problem, fix))
    for row, head in enumerate(lines.heads):
        if head.category == "tax" and len({*lines.first_s[lines.head == row].tolist()}) > 1:
            problem = f"{head.clause} has the rate of {head.rate_ppm / 10_000:g} % twice"
            fix = "write equal rates that follow each other as one, or settle the days apart"
            faults.append(Fault(rules.name, 0, "taxes", problem, fix))
    if faults:
        raise BadInput(faults)
