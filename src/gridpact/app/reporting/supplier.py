"""The report for a supplier: what is left of members' energy for it, against what it is billed."""

from __future__ import annotations

import numpy as np

from gridpact.app.report.text import counted
from gridpact.app.reporting.followed import OF_SUPPLIERS, follow
from gridpact.app.reporting.reconciled import (
    Other,
    billed,
    party_of,
    reconciliation,
    registers_residual,
)
from gridpact.app.reporting.report import Chapter, Report
from gridpact.app.reporting.settled import Settled
from gridpact.app.reporting.sheets import Column, Sheet, laid
from gridpact.base.units import Ints
from gridpact.settlement.periods.segments import Memberships

_BARRED = ("levy", "fee", "tax", "network")
_RESIDUAL = (
    Column("member", "member"),
    Column("point", "metering point"),
    Column("withdrawn", "withdrawn", "energy"),
    Column("injected", "injected", "energy"),
    Column("traded", "bought less sold", "energy"),
    Column("received", "received", "energy"),
    Column("given", "given", "energy"),
    Column("residual_in", "residual in", "energy"),
    Column("residual_out", "residual out", "energy"),
    Column("by_registers", "in less out by registers", "energy"),
    Column("difference", "difference", "energy"),
)
_BILLED = (
    Column("member", "member"),
    Column("residual_in", "residual in", "energy"),
    Column("billed_in", "billed in", "energy"),
    Column("difference_in", "difference", "energy"),
    Column("residual_out", "residual out", "energy"),
    Column("billed_out", "billed out", "energy"),
    Column("difference_out", "difference", "energy"),
)


def supplier_report(settled: Settled, party: str = "") -> Report:
    """Reconcile a period with a supplier, the only one where none is named.

    Raises BadInput where there is no such supplier, or the readings of the run are gone.
    """
    name = party_of(settled, "supplier", party)
    followed = follow(settled)
    nothing = np.zeros((len(OF_SUPPLIERS), len(settled.members)), np.int64)
    found = followed.supplied_wh.get(name, nothing)
    rows = _rows(settled, name)
    sums = dict(zip(OF_SUPPLIERS, found[:, rows].sum(axis=1).tolist(), strict=True))
    energy = [("Residual in", sums["supplier:in"]), ("Residual out", sums["supplier:out"])]
    supplied = f"{counted(len(rows), 'member', 'members')} supplied"
    own = (
        Chapter("residual", "From registers to the residual", LEAD,
                (_residual(settled, found, rows),)),
        Chapter("billed", "From the residual to the bill", BILLED,
                (_billed(settled, found, name, rows),)),
    )  # fmt: skip
    return reconciliation(
        settled, followed, Other("supplier", "supplier", name, supplied), energy, own
    )


LEAD = (
    "Sums over the slots in which the supplier supplied the member. Whoever has the registers and "
    "the shares allocated comes to the same residual."
)
BILLED = (
    "Billed is the energy of lines between the member and the supplier that count the residual, "
    "levies, fees and taxes left out."
)


def _rows(settled: Settled, name: str) -> Ints:
    """Return the rows of members whom a supplier supplied in the period."""
    who, slots = Memberships(settled.rules), settled.slots
    if name not in who.suppliers:
        return np.zeros(0, np.int64)
    mine = who.supply_of == who.suppliers.index(name)
    mine &= (who.supply_first_s < slots.end) & (who.supply_end_s > slots.start)
    mine &= (who.first_s < slots.end)[who.supply_row] & (who.end_s > slots.start)[who.supply_row]
    return np.unique(who.supply_row[mine])


def _residual(settled: Settled, found: Ints, rows: Ints) -> Sheet:
    of = dict(zip(OF_SUPPLIERS, found, strict=True))
    registers = registers_residual(found)
    columns = (
        *(of["metered:withdrawal"], of["metered:injection"]),
        of["trade:bought"] - of["trade:sold"],
        *(of["shared:in"], of["shared:out"], of["supplier:in"], of["supplier:out"]),
        registers,
        registers - (of["supplier:in"] - of["supplier:out"]),
    )
    members = [settled.rules.members[row] for row in rows.tolist()]
    names = [(member.id, member.point) for member in members]
    table, foot = laid(names, [column[rows] for column in columns])
    return Sheet("residual", "Energy by member", _RESIDUAL, table, foot)


def _billed(settled: Settled, found: Ints, name: str, rows: Ints) -> Sheet:
    columns = []
    for series in ("supplier:in", "supplier:out"):
        energy = found[OF_SUPPLIERS.index(series)]
        lines = billed(settled, name, series, _BARRED)
        columns += [energy, lines, energy - lines]
    names = [(settled.members[row],) for row in rows.tolist()]
    table, foot = laid(names, [column[rows] for column in columns])
    return Sheet("billed", "Residual and bill by member", _BILLED, table, foot)
