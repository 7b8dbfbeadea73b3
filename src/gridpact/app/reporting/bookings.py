"""What a period's runs booked: each run, each kind of line, and what everybody receives."""

from __future__ import annotations

from gridpact.app.report.parts import Facts
from gridpact.app.report.text import counted
from gridpact.app.reporting.report import Chapter
from gridpact.app.reporting.settled import Settled
from gridpact.app.reporting.sheets import Column, Sheet
from gridpact.base.slots import iso
from gridpact.settlement.line_sums import by_head
from gridpact.settlement.lines import Lines, received

_LINES = (
    Column("line", "line"),
    Column("payer", "from"),
    Column("payee", "to"),
    Column("rate", "rate", "share"),
    Column("lines", "lines", "count"),
    Column("energy", "energy", "energy"),
    Column("amount", "amount", "money"),
)
_PARTIES = (
    Column("party", "party"),
    Column("role", "is"),
    Column("received", "receives", "money"),
)
_RUNS = (
    Column("run", "run"),
    Column("kind", "kind"),
    Column("known", "readings as known"),
    Column("hash", "hash"),
    Column("lines", "lines booked", "count"),
)


def lines_sheet(lines: Lines, name: str = "lines", caption: str = "Lines by kind") -> Sheet:
    """Lines summed over members by what they are about and who pays whom, taxes by their rate."""
    rows = tuple(
        (each.line, each.payer, each.payee, each.rate_ppm, each.lines,
         _energy(each.energy, each.energy_wh), each.minor)
        for each in by_head(lines)
        if each.lines
    )  # fmt: skip
    return Sheet(name, caption, _LINES, rows)


def _energy(name: str, energy_wh: int) -> int | None:
    return energy_wh if name else None


def parties_sheet(settled: Settled) -> Sheet:
    """What members together and every party receive; it sums to zero."""
    table = received(settled.made.lines).get(settled.rules.currency, {})
    members = {*settled.members}
    groups = [name for name in table if name not in members and name not in settled.rules.parties]
    rows: list[tuple[str | int | None, ...]] = [
        (counted(len(members), "member", "members"), "member",
         sum(minor for name, minor in table.items() if name in members)),
    ]  # fmt: skip
    rows += [
        (name, role, table[name])
        for name, role in sorted(settled.rules.parties.items())
        if name in table
    ]
    rows += [(name, "group", table[name]) for name in sorted(groups)]
    total = sum(table.values())
    note = "Positive is received, negative is paid; the sum is zero."
    return Sheet("parties", "Who pays and who receives", _PARTIES, tuple(rows), ("sum", "", total),
                 note)  # fmt: skip


def runs_sheet(settled: Settled) -> Sheet:
    """The runs of the period."""
    booked = [len(settled.book.posted(run)[1]) for run in settled.runs]
    rows = tuple(
        (str(run.number), run.kind, iso(run.as_of_s), run.hash, count)
        for run, count in zip(settled.runs, booked, strict=True)
    )
    return Sheet("runs", "Settlement runs", _RUNS, rows)


def chapter(settled: Settled) -> Chapter:
    """Where the numbers come from."""
    facts = Facts(
        (
            ("rules", settled.run.rules),
            ("readings", settled.run.readings),
            ("lines", settled.run.lines),
        ),
        code=True,
    )
    lead = (
        "Every number here is from the runs below. What they booked adds up to the last of them, "
        "line by line; gridpact books verify computes all of them again."
    )
    return Chapter("runs", "Where the numbers come from", lead, (runs_sheet(settled), facts))
