"""A period held against what a supplier or network operator has: differences, listed.

Whoever has the registers of meters and the shares that were allocated comes to the same energy,

withdrawn − injected − bought + sold − received + given = residual in − residual out,

for each member, to the Wh; and what is billed is that energy.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from gridpact.app.report.parts import Tile
from gridpact.app.report.text import counted
from gridpact.app.reporting import bookings
from gridpact.app.reporting.followed import OF_SUPPLIERS, Followed
from gridpact.app.reporting.report import Chapter, Report
from gridpact.app.reporting.settled import Settled
from gridpact.app.reporting.sheets import Cell, Column, Sheet, shown
from gridpact.base.errors import BadInput, Fault
from gridpact.base.slots import iso
from gridpact.base.units import Ints
from gridpact.settlement.line_sums import energy_by_owner
from gridpact.settlement.lines import MEMBER, Lines
from gridpact.settlement.periods.energy import SOURCES, of_all

GLOSSARY = (
    ("withdrawn, injected", "the two registers of a meter: energy from and to the grid"),
    ("received, given", "what the sharing key allocated to a member, and took of its surplus"),
    ("residual in, out", "what is left for the supplier to give and to take"),
    ("billed", "the energy of booked lines"),
    ("difference", "the number before less the one that it is held against"),
    ("–", "not known or not applicable; never zero"),
)
_CHECKS = (
    Column("check", "what is held against what"),
    Column("one", "is", "energy"),
    Column("other", "held against", "energy"),
    Column("difference", "difference", "energy"),
)
_SLOTS = (
    Column("slot_start", "slot"),
    Column("withdrawn", "withdrawn", "energy"),
    Column("injected", "injected", "energy"),
    Column("traded", "bought less sold", "energy"),
    Column("shared", "shared", "energy"),
    Column("residual_in", "residual in", "energy"),
    Column("residual_out", "residual out", "energy"),
    Column("difference", "difference", "energy"),
)


class Other(NamedTuple):
    """Whom a period is reconciled with: the kind of report, what the party is called, its name.

    ``scope`` says of how many members or points the report is.
    """

    kind: str
    called: str
    party: str
    scope: str


def party_of(settled: Settled, role: str, named: str) -> str:
    """Return the party of a role; BadInput where it is not one, or not the only one."""
    known = sorted(name for name, each in settled.rules.parties.items() if each == role)
    if named in known:
        return named
    if not named and len(known) == 1:
        return known[0]
    problem = f"{named[:40]!r} is no {role}" if named else f"there are {len(known)} of role {role}"
    fix = f"name one of {', '.join(known)}" if known else "report on a book that has one"
    raise BadInput([Fault(settled.rules.name, 0, "--party", problem, fix)])


def of_party(lines: Lines, party: str) -> Lines:
    """Return the lines that a party pays or receives, its taxes among them."""
    heads = [party in (head.payer, head.payee) for head in lines.heads]
    return lines.where(np.isin(lines.head, np.flatnonzero(heads)))


def billed(settled: Settled, party: str, series: str, barred: Sequence[str]) -> Ints:
    """Return the energy [members] of a party's lines that count a series, but of some categories.

    Where a contract counts the same energy in several lines, it counts as often.
    """
    lines = settled.made.lines
    heads = [
        row
        for row, head in enumerate(lines.heads)
        if {head.payer, head.payee} == {party, MEMBER}
        and of_all(head.energy) == series
        and head.category not in barred
    ]
    return energy_by_owner(lines, heads, settled.members)


def registers_residual(found: Ints) -> Ints:
    """Return residual in less out [members] by registers, trades and shares [OF_SUPPLIERS, …]."""
    of = dict(zip(OF_SUPPLIERS, found, strict=True))
    metered = of["metered:withdrawal"] - of["metered:injection"]
    traded = of["trade:bought"] - of["trade:sold"]
    return np.asarray(metered - traded - of["shared:in"] + of["shared:out"])


def reconciliation(
    settled: Settled,
    followed: Followed,
    other: Other,
    energy: Sequence[tuple[str, int]],
    own: Sequence[Chapter],
) -> Report:
    """Make the report: the other side's own chapters, then money, sums and what was booked.

    ``energy`` [Wh] by name stands on the first page, beside how many numbers differ.
    """
    checks = _checks_chapter(settled, followed)
    held = [part for chapter in (*own, checks) for part in chapter.parts if isinstance(part, Sheet)]
    return Report(
        name=f"{other.kind}-{other.party}-{settled.run.period}",
        kind=f"gridpact reconciliation with a {other.called}",
        title=f"{settled.rules.name}, {other.party}",
        period=settled.named,
        place=f"{settled.rules.timezone}, {other.scope}",
        money=settled.money,
        tiles=_tiles(settled, energy, differing(held)),
        chapters=(*own, _lines_chapter(settled, other.party), checks, bookings.chapter(settled)),
        glossary=GLOSSARY,
    )


def _checks_chapter(settled: Settled, followed: Followed) -> Chapter:
    """Sums of the community that have to be the same, and every slot of it in a file."""
    lead = (
        "The energy is followed again, slot by slot, from the readings that the run was made of. "
        "Every difference has to be zero."
    )
    return Chapter(
        "checks",
        "Sums of the community",
        lead,
        (_checks_sheet(settled, followed),),
        (slots_sheet(settled, followed),),
    )


def _checks_sheet(settled: Settled, followed: Followed) -> Sheet:
    kept = settled.made.energy_wh.sum(axis=1).tolist()
    again = followed.members_wh.sum(axis=1).tolist()
    rows: list[tuple[Cell, ...]] = [
        (f"{name}: readings, and what the run kept", one, other, one - other)
        for name, one, other in zip(SOURCES, again, kept, strict=True)
    ]
    of = dict(zip(SOURCES, again, strict=True))
    pairs = (
        ("received and given by the key", of["shared:in"], of["shared:out"]),
        ("withdrawn, and from outside and within", of["metered:withdrawal"],
         of["network:outside"] + of["network:local"]),
        ("residual in less out, and through the community’s boundary",
         of["supplier:in"] - of["supplier:out"],
         of["metered:withdrawal"] - of["metered:injection"] - _traded(of)),
    )  # fmt: skip
    rows += [(name, one, other, one - other) for name, one, other in pairs]
    off = int(np.count_nonzero(_boundary(followed)))
    note = f"The last differs in {off} of {counted(followed.slots_wh.shape[1], 'slot', 'slots')}."
    return Sheet("checks", "Sums held against each other", _CHECKS, tuple(rows), note=note)


def _traded(of: dict[str, int]) -> int:
    return of["trade:bought"] - of["trade:sold"]


def _boundary(followed: Followed) -> Ints:
    """Return residual in less out, less what flowed through the boundary, in every slot."""
    net = followed.of("metered:withdrawal") - followed.of("metered:injection")
    traded = followed.of("trade:bought") - followed.of("trade:sold")
    return np.asarray(followed.of("supplier:in") - followed.of("supplier:out") - net + traded)


def slots_sheet(settled: Settled, followed: Followed) -> Sheet:
    """The community in every slot."""
    of, off = followed.of, _boundary(followed)
    columns = (
        *(of("metered:withdrawal"), of("metered:injection")),
        of("trade:bought") - of("trade:sold"),
        *(of("shared:in"), of("supplier:in"), of("supplier:out"), off),
    )
    rows = zip(*(column.tolist() for column in columns), strict=True)
    starts = settled.slots.starts().tolist()
    return Sheet("slots", "Slot by slot", _SLOTS,
                 tuple((iso(at), *row) for at, row in zip(starts, rows, strict=True)))  # fmt: skip


def _lines_chapter(settled: Settled, party: str) -> Chapter:
    """What a party bills and is billed, by line."""
    lead = f"All lines of {party}, its taxes among them, summed over members."
    mine = of_party(settled.made.lines, party)
    sheet = bookings.lines_sheet(mine, caption=f"Lines of {party}")
    return Chapter("lines", "Money", lead, (sheet,))


def _tiles(settled: Settled, found: Sequence[tuple[str, int]], wrong: int) -> tuple[Tile, ...]:
    """Return energy by name as tiles, and how many numbers differ."""
    energy = tuple(
        Tile(name, shown("energy", value, settled.money), "kWh") for name, value in found
    )
    told = "all that is held against each other agrees" if not wrong else "see the tables"
    return (*energy, Tile("Differences", str(wrong), "", told))


def differing(sheets: Sequence[Sheet]) -> int:
    """Count the cells of columns of differences that are not zero."""
    return sum(1 for sheet in sheets for cell in _differences(sheet) if cell)


def _differences(sheet: Sheet) -> Iterator[Cell]:
    for at, column in enumerate(sheet.columns):
        if column.name.startswith("difference"):
            yield from (row[at] for row in sheet.rows)
