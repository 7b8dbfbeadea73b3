"""An invoice line followed down: statement, clause, sharing key, slots, readings, proofs."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from gridpact.app.books.folder import found_at
from gridpact.app.books.journal import Entry as Booking
from gridpact.app.books.kept import Made
from gridpact.app.explaining import checking
from gridpact.app.explaining.opened import Found, Opened, row_of
from gridpact.app.explaining.slots import USUAL, Asked, changed_slots, chosen, told_slots
from gridpact.app.explaining.sources import MemberReadings
from gridpact.app.explaining.told import (
    Booked,
    Change,
    Entry,
    Explanation,
    Key,
    Source,
    Stated,
    Statement,
    Terms,
)
from gridpact.app.invoicing.issuing import Issued
from gridpact.app.invoicing.words import KINDS
from gridpact.app.sharing.rules import read_rules
from gridpact.base.errors import BadInput, GridpactError, StoreError
from gridpact.base.slots import iso
from gridpact.contracts.canonical import terms_hash
from gridpact.contracts.sheet import parts
from gridpact.settlement.invoices.bill import energy_of
from gridpact.settlement.invoices.document import Document
from gridpact.settlement.lines import Lines
from gridpact.settlement.periods.rules import Rules
from gridpact.settlement.periods.tracing import Traced, depends_on_others, trace
from gridpact.settlement.runs.run import Run

KEYS = {
    "default-dynamic": "what is over goes to members in proportion to what they need",
    "static": "each member has a fixed share of what is over, up to its need",
    "simple-dynamic": "the organiser set each member's share of what is over, slot by slot",
    "full-dynamic": "the organiser set each member's share of every producer, slot by slot",
    "spanish-fixed": "each member owns a fixed share of what is produced",
    "spanish-hourly": "each member owns a share of what is produced, set hour by hour",
    "contract": "a contract says what each member may claim of what is over",
}
ROUNDING = {"half-away": "half away from zero", "half-even": "half to even"}


class Line:
    """A line being explained, with all that is read for it once."""

    def __init__(self, opened: Opened, found: Found) -> None:
        self.opened, self.found = opened, found
        self.made = opened.made(found.issued.run, found.stating.owner)
        row = row_of(self.made.lines, found.stating, found.item)
        if row is None:
            problem = f"run {self.made.run.number} has no line for {found.stating.number}"
            raise StoreError(f"{opened.book.folder}: {problem}")
        self.row = row
        self.lacking: list[str] = []

    @property
    def rules(self) -> Rules:
        """Rules of the run that the line states."""
        return self.made.rules

    def member(self) -> int | None:
        """Return the row of the member whose line it is, None for a group or an activation."""
        return 0 if self.made.rules.members else None


def explain(opened: Opened, line: str, asked: Asked = USUAL) -> Explanation:
    """Explain an invoice line by its name, such as ``grid-co-000001/1``.

    Raises BadInput where there is no such line, and StoreError where the book is damaged. What
    cannot be read any more, such as readings that were forgotten, is told among what is lacking.
    """
    found = opened.find(line)
    own = Line(opened, found)
    stating, item = found.stating, found.item
    told = tuple(
        booked(opened, own.made.run, stating.owner, lambda lines: row_of(lines, stating, item))
    )
    traced, readings = _traced(own, own.made, own.row)
    changes = _changes(own, told, traced)
    picked = [] if traced is None else chosen(traced, changes, asked)
    slots = () if traced is None else told_slots(traced, readings, picked, asked)
    statement = _statement(own, told)
    source = _source(own)
    entries = entries_of(opened, own.made.run, found.issued)
    return Explanation(
        line=line,
        minor_nano=own.rules.minor_nano,
        timezone=own.rules.timezone,
        step_s=own.rules.step_s,
        document=stated(found.document, found.stating, found.issued),
        item=found.item,
        statement=statement,
        terms=_terms(own, traced),
        key=_key(own, traced),
        slot_count=(statement.end_s - statement.first_s) // own.rules.step_s,
        slot_energy_wh=None if traced is None else int(traced.energy_wh.sum()),
        slot_nano=None if traced is None else int(traced.nano.sum()),
        slots=slots,
        changes=tuple(changes[: asked.most_changes]),
        change_count=len(changes),
        members=1 if traced is None else len(traced.members),
        kept_wh=_kept(own),
        source=source,
        entries=entries,
        run_hash=own.made.run.hash,
        checks=tuple(checking.checks(own, statement, traced, slots, source)),
        lacking=tuple(dict.fromkeys(own.lacking)),
    )


def booked(
    opened: Opened, run: Run, owner: str, row_in: Callable[[Lines], int | None]
) -> Iterator[Booked]:
    """Yield what each run of a period up to one of them booked for a line of an owner."""
    for each in opened.runs_of(run.period, run.number):
        lines = opened.made(each.number, owner).booked
        row = row_in(lines)
        if row is not None:
            amounts = (int(getattr(lines, name)[row]) for name in ("energy_wh", "nano", "minor"))
            yield Booked(each.number, each.kind, each.as_of_s, *amounts)


def _traced(own: Line, made: Made, row: int) -> tuple[Traced | None, MemberReadings | None]:
    """Trace a line of a run; None where that is no more possible, which is noted as lacking."""
    try:
        readings = None
        if made.rules.members:
            readings = own.opened.readings(made.run.number, made.rules.members[0].id)
        traced = _of_run(own, made, readings, row)
    except (BadInput, StoreError) as error:
        own.lacking.append(f"readings of run {made.run.number}: {_last_line(error)}")
        return None, None
    if traced.gaps:
        count, first = sum(gap.slots for gap in traced.gaps), min(g.first_s for g in traced.gaps)
        told = f"{count:,} values are not in the store any more, the first of {iso(first)}"
        own.lacking.append(f"readings of run {made.run.number}: {told}")
        return None, readings
    return traced, readings


def _of_run(own: Line, made: Made, readings: MemberReadings | None, row: int) -> Traced:
    """Trace a line by its owner's readings alone where these are all that it depends on."""
    head = made.lines.heads[made.lines.head[row]]
    if readings is not None:
        rules, inputs = readings.rules, readings.inputs
        if not depends_on_others(rules, inputs, head, shared=bool(made.sharing)):
            return trace(rules, readings.period, inputs, made.lines, row)
    rules, whole = own.opened.whole(made.run.number)
    return trace(rules, whole.period, whole.whole(), made.lines, row)


def _last_line(error: GridpactError) -> str:
    return str(error).splitlines()[-1].strip()


def _changes(own: Line, booked: tuple[Booked, ...], traced: Traced | None) -> list[Change]:
    """Return the slots in which the last run to correct the line differs from the one before."""
    if len(booked) < 2 or traced is None:
        return []
    before = _before(own, booked[-1].run)
    made = own.opened.made(before.number, own.found.stating.owner)
    row = row_of(made.lines, own.found.stating, own.found.item)
    if row is None:
        return []
    old, _ = _traced(own, made, row)
    return [] if old is None else changed_slots(before.number, old, traced)


def _before(own: Line, number: int) -> Run:
    runs = own.opened.runs_of(own.made.run.period, number - 1)
    return runs[-1]


def stated(document: Document, stating: Document, issued: Issued) -> Stated:
    """Tell of a document, and of the one that states its lines."""
    return Stated(
        number=document.number,
        what=KINDS[document.code],
        owner=document.owner,
        seller=document.seller,
        buyer=document.buyer,
        currency=document.currency,
        period=document.period,
        issued_s=document.issued_s,
        due_s=document.due_s,
        refers=document.refers,
        explains=stating.number,
        run=issued.run,
        items=document.items,
        taxes=document.taxes,
        net_minor=document.net_minor,
        tax_minor=document.tax_minor,
        total_minor=document.total_minor,
    )


def _statement(own: Line, booked: tuple[Booked, ...]) -> Statement:
    lines, row = own.made.lines, own.row
    head = lines.heads[lines.head[row]]
    return Statement(
        name=head.name,
        category=head.category,
        payer=lines.payer(row),
        payee=lines.payee(row),
        first_s=int(lines.first_s[row]),
        end_s=int(lines.end_s[row]),
        energy=head.energy,
        energy_wh=int(lines.energy_wh[row]),
        nano=int(lines.nano[row]),
        minor=int(lines.minor[row]),
        rounding=ROUNDING[own.rules.rounding],
        booked=booked,
    )


def _terms(own: Line, traced: Traced | None) -> Terms:
    """Return the clause in words: of the cash flow alone, or all where that is not known."""
    head = own.made.lines.heads[own.made.lines.head[own.row]]
    clause = next(each for each in own.rules.clauses if each.name == head.clause)
    contract = clause.contract if traced is None else traced.flow.contract
    sheet = parts(contract)
    words = [each.text for each in sheet.clauses if not each.text.endswith(":")]
    return Terms(
        clause.name, (*words, *sheet.definitions, *sheet.decisions),
        terms_hash(clause.contract).hex(),
    )  # fmt: skip


def _key(own: Line, traced: Traced | None) -> Key | None:
    """Return the sharing key where the line depends on it."""
    if not own.made.sharing or traced is None or traced.shared is None:
        return None
    file = read_rules(own.made.sharing[0])
    row = own.member()
    point = "" if row is None else own.rules.members[row].point
    mine = next((each for each in file.members if each.point == point), None)
    fixed = file.key in ("static", "spanish-fixed")
    return Key(
        file.key, KEYS[file.key], own.made.run.sharing, "" if mine is None else mine.role,
        mine.share_ppm if mine is not None and fixed else None,
    )  # fmt: skip


def _kept(own: Line) -> dict[str, int]:
    row = own.member()
    return {} if row is None else energy_of(own.made.energy_wh, row)


def _source(own: Line) -> Source:
    try:
        return own.opened.where(own.made.run.number).told
    except (BadInput, StoreError):  # which is told among what is lacking
        where = found_at(own.opened.book.folder, own.made.readings)
        return Source("", where, own.made.run.readings, "")


def entries_of(opened: Opened, run: Run, issued: Issued) -> tuple[Entry, ...]:
    """Return the journal's entries behind a document: its runs, its issue, and the last of all."""
    found = [opened.entry_of_run[each.number] for each in opened.runs_of(run.period, run.number)]
    found += [opened.issue_entry(issued), opened.entries[max(opened.entries)]]
    return tuple(_entry(each) for each in dict.fromkeys(found))


def _entry(entry: Booking) -> Entry:
    return Entry(entry.number, entry.kind, entry.at_s, entry.hash, entry.previous)
