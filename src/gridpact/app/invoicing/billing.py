"""Bills of members from the documents of a period and the figures that were kept with them."""

from __future__ import annotations

from itertools import pairwise

from gridpact.app.invoicing.issuing import Invoiced, check_members
from gridpact.settlement.invoices.bill import (
    REGISTERS,
    Bill,
    Compared,
    Display,
    Part,
    energy_of,
    registers_of,
)
from gridpact.settlement.invoices.document import Document
from gridpact.settlement.invoices.figures import EDGES, UNREAD_S, Figures
from gridpact.settlement.runs.run import Run


def bills(invoiced: Invoiced, members: tuple[str, ...]) -> list[Bill]:
    """Return the bills of members.

    Raises BadInput for members that the rules of the run do not know.
    """
    check_members(invoiced.made.rules, members)
    rows = {member.id: row for row, member in enumerate(invoiced.made.rules.members)}
    return [_bill(invoiced, rows[member], invoiced.documents.of(member)) for member in members]


def _bill(invoiced: Invoiced, row: int, documents: tuple[Document, ...]) -> Bill:
    made, figures = invoiced.made, invoiced.figures
    who, energy = made.rules.members[row], energy_of(made.energy_wh, row)
    only = None if figures is None else figures.supplier_only_minor
    return Bill(
        member=who.id,
        period=made.run.period,
        first_s=made.run.first_s,
        end_s=made.run.end_s,
        currency=made.rules.currency,
        documents=documents,
        registers=registers_of(who, energy, _displays(figures, row, made.run)),
        energy=energy,
        prepaid_minor=0 if figures is None else int(figures.prepaid_minor[row]),
        billed_minor=0 if figures is None else int(figures.billed_minor[row]),
        deposit_minor=0 if figures is None else int(figures.deposit_minor[row]),
        parts=() if figures is None else _parts(figures, row),
        last=None if figures is None else _last(figures, row),
        supplier_only_minor=None if only is None else int(only[row]),
    )


def _displays(figures: Figures | None, row: int, run: Run) -> dict[tuple[str, str], Display]:
    """Return what the registers of a member displayed at the edges of its period."""
    found = {}
    for name in REGISTERS if figures is not None else ():
        for edge, at_s in zip(EDGES, (run.first_s, run.end_s), strict=True):
            shown = figures.displays[f"{name} {edge}"] if figures is not None else None
            if shown is not None and shown.at_s[row] != UNREAD_S:
                read_s = int(shown.at_s[row])
                found[name, edge] = Display(
                    int(shown.wh[row]), read_s, shown.meter[row], read_s != at_s
                )
    return found


def _parts(figures: Figures, row: int) -> tuple[Part, ...]:
    energy = figures.by_part_wh[:, :, row].T.tolist()
    return tuple(
        Part(first, end, *wh)
        for (first, end), wh in zip(pairwise(figures.edges_s), energy, strict=True)
    )


def _last(figures: Figures, row: int) -> Compared | None:
    last = figures.last
    if last is None or not last.there[row]:
        return None
    columns = (last.withdrawn_wh, last.injected_wh, last.owed_minor)
    return Compared(last.period, *(int(column[row]) for column in columns))
