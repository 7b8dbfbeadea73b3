"""A settled period of a book, opened for a report: its runs, its lines, its readings."""

from __future__ import annotations

from datetime import timedelta

import msgspec

from gridpact.app.books.folder import Book
from gridpact.app.books.kept import Made
from gridpact.app.invoicing.issuing import last_run
from gridpact.app.report.rendering import period as days_named
from gridpact.app.report.text import Money
from gridpact.app.sharing.periods import slots_of
from gridpact.base.errors import BadInput, Fault, StoreError
from gridpact.base.slots import Calendar, Slots, iso
from gridpact.settlement.lines import digest
from gridpact.settlement.periods.rules import Rules
from gridpact.settlement.runs.run import Run, difference


class Settled(msgspec.Struct, frozen=True):
    """A period as its last run left it; ``runs`` are all runs of it, in order."""

    book: Book
    runs: tuple[Run, ...]
    made: Made

    @property
    def rules(self) -> Rules:
        """Rules of the last run."""
        return self.made.rules

    @property
    def run(self) -> Run:
        """The last run."""
        return self.made.run

    @property
    def money(self) -> Money:
        """How amounts of the book are written."""
        return Money(self.rules.currency, self.rules.minor_nano)

    @property
    def calendar(self) -> Calendar:
        """The clock of the rules."""
        return Calendar(self.rules.timezone, self.rules.step_s)

    @property
    def slots(self) -> Slots:
        """Slots of the period."""
        step = self.rules.step_s
        return Slots(self.run.first_s, step, (self.run.end_s - self.run.first_s) // step)

    @property
    def members(self) -> tuple[str, ...]:
        """Members, in the order of the rules."""
        return tuple(member.id for member in self.rules.members)

    @property
    def days(self) -> tuple[str, ...]:
        """Local days of the period (ISO)."""
        first, last = (self.calendar.date_of(at) for at in (self.slots.start, self.slots.end - 1))
        count = (last - first).days + 1
        return tuple((first + timedelta(days=each)).isoformat() for each in range(count))

    @property
    def named(self) -> str:
        """The period in words."""
        return days_named(self.days)


def settled_period(book: Book, period: str, now_s: int) -> Settled:
    """Open a settled period.

    Raises BadInput for a period that is still open at ``now_s`` [s] or was never settled, and
    StoreError where runs are not as they were booked or do not add up to the last one.
    """
    rules = book.rules().rules
    slots = slots_of(period, Calendar(rules.timezone, rules.step_s))
    if slots.end > now_s:
        problem = f"{period} is open until {iso(slots.end)}"
        raise BadInput([Fault(rules.name, 0, "--period", problem, "report on it once settled")])
    last = last_run(book, period)
    made = book.made(last)
    runs = tuple(book.runs(last.period))
    booked = [book.posted(run)[1] for run in runs]
    kept = {"lines": (digest(made.lines), last.lines)}
    kept |= {
        f"run {run.number}": (digest(lines), run.booked)
        for run, lines in zip(runs, booked, strict=True)
    }
    wrong = [name for name, (found, told) in kept.items() if found != told]
    if wrong or len(difference(made.lines, booked)):
        what = f"{', '.join(wrong)} of {last.period}" if wrong else f"runs of {last.period}"
        told = f"{what}: not as they were booked; look into it: gridpact books verify"
        raise StoreError(f"{book.folder}: {told}")
    return Settled(book, runs, made)
