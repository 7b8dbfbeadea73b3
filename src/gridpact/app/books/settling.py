"""A period of a book settled and booked, and what a run would book."""

from __future__ import annotations

import msgspec

from gridpact.app.books.folder import RUNS, Book, found_at
from gridpact.app.books.inputs import Gathered, gather
from gridpact.app.books.kept import Made, write_run
from gridpact.app.books.rules_file import RulesFile
from gridpact.app.books.sharing import files_of
from gridpact.app.sharing.periods import slots_of
from gridpact.base.errors import BadInput, Fault
from gridpact.base.slots import Calendar, Slots
from gridpact.settlement.lines import digest
from gridpact.settlement.periods.settling import Settled, settle
from gridpact.settlement.runs.policy import kind_of, refusal
from gridpact.settlement.runs.run import KINDS, Kind, Run, difference


class Asked(msgspec.Struct, frozen=True):
    """What is to be run: a period by name, as known at an instant [s], and which run of it.

    ``kind`` None is the run that is due; ``now_s`` is when it is asked, and booked.
    """

    period: str
    as_of_s: int
    now_s: int
    kind: Kind | None = None


def run_period(book: Book, asked: Asked, *, dry: bool = False) -> Made:
    """Settle a period and book what the run adds to the runs before it.

    With ``dry`` nothing is written. Raises BadInput listing everything that keeps the period from
    being settled, StoreError where the book cannot be written; it is then as before.
    """
    if dry:
        return _made(book, asked)
    with book.journal.writing(asked.now_s) as writing:
        made = _made(book, asked)
        write_run(book.folder / RUNS, made)
        writing.book("run", made.run)
    return made


def _made(book: Book, asked: Asked) -> Made:
    file = book.rules()
    period = slots_of(asked.period, Calendar(file.rules.timezone, file.rules.step_s))
    kind = _kind(book, file, period, asked)
    gathered = gather(file, found_at(file.folder, file.readings), period, asked.as_of_s)
    settled = settle(file.rules, period, gathered.inputs)
    return _run(book, file, asked, (kind, period), gathered, settled)


def _kind(book: Book, file: RulesFile, period: Slots, asked: Asked) -> Kind:
    """Return which run is made; BadInput where it may not be."""
    runs = book.runs()
    for run in runs:
        overlaps = run.first_s < period.end and period.start < run.end_s
        if overlaps and (run.first_s, run.end_s) != (period.start, period.end):
            problem = f"run {run.number} settled {run.period}, of which this is a part or more"
            fix = f"settle {run.period}, or days that no run has settled"
            raise BadInput([Fault(file.rules.name, 0, "--period", problem, fix)])
    earlier = [run for run in runs if (run.first_s, run.end_s) == (period.start, period.end)]
    kind = asked.kind or kind_of(period, asked.as_of_s, earlier, file.rules.billing)
    found = refusal(kind, period, asked.as_of_s, earlier, file.rules.billing)
    if found is not None:
        raise BadInput([Fault(file.rules.name, 0, asked.period, *found)])
    return kind


def _run(
    book: Book,
    file: RulesFile,
    asked: Asked,
    what: tuple[Kind, Slots],
    gathered: Gathered,
    settled: Settled,
) -> Made:
    kind, period = what
    runs = book.runs()
    name = next((run.period for run in runs if run.first_s == period.start), asked.period)
    booked = difference(settled.lines, book.booked(name))
    run = Run(
        number=len(runs) + 1,
        period=name,
        first_s=period.start,
        end_s=period.end,
        kind=kind,
        as_of_s=asked.as_of_s,
        rules=file.rules.digest,
        readings=gathered.source.digest,
        commit=gathered.source.commit,
        series=gathered.series,
        sharing=gathered.sharing,
        lines=digest(settled.lines),
        booked=digest(booked),
    )
    sharing = tuple(files_of(file.folder / file.sharing)) if file.sharing else ()
    return Made(
        run, file.rules, file.readings, gathered.prices, gathered.own, sharing,
        settled.lines, booked, settled.energy_wh,
    )  # fmt: skip


__all__ = ["KINDS", "Asked", "run_period"]
