"""A run settled again, from the rules and series that it kept and readings as they are read now."""

from __future__ import annotations

from typing import NamedTuple

from gridpact.app.books.folder import Book, found_at
from gridpact.app.books.inputs import owned
from gridpact.app.books.kept import Made
from gridpact.app.books.sharing import share_of
from gridpact.app.books.sources import Source, source_of
from gridpact.base.slots import Slots
from gridpact.settlement.lines import Lines
from gridpact.settlement.periods.energy import Inputs
from gridpact.settlement.periods.settling import settle
from gridpact.settlement.runs.run import difference


class Remade(NamedTuple):
    """A run as it was ``made``, with all its lines and those it adds to earlier runs made again."""

    made: Made
    period: Slots
    source: Source
    lines: Lines
    booked: Lines


def remade(book: Book, made: Made) -> Remade:
    """Settle a run again; BadInput where its readings cannot be read any more."""
    run, rules = made.run, made.rules
    period = Slots(run.first_s, rules.step_s, (run.end_s - run.first_s) // rules.step_s)
    where = found_at(book.folder, made.readings)
    source = source_of(where, rules, period, run.as_of_s, run.commit or None)
    share = share_of(made.sharing[0], rules) if made.sharing else None
    inputs = Inputs(source.read, made.prices, owned(made.own, period), share)
    lines = settle(rules, period, inputs).lines
    return Remade(made, period, source, lines, difference(lines, earlier(book, made)))


def earlier(book: Book, made: Made) -> list[Lines]:
    """Return what the runs of a period before this one booked."""
    before = [run for run in book.runs(made.run.period) if run.number < made.run.number]
    return [book.posted(run)[1] for run in before]
