"""``gridpact books status``: periods of a book."""

from __future__ import annotations

from pathlib import Path

import click

from gridpact.app.books.folder import Book
from gridpact.app.cli.booking_words import BOOK, short
from gridpact.app.cli.layout import aligned
from gridpact.app.cli.output import harmless, output_options, say, say_json
from gridpact.base.slots import iso
from gridpact.settlement.periods.rules import Rules
from gridpact.settlement.runs.policy import due
from gridpact.settlement.runs.run import Run


@click.command(
    short_help="List the periods of a book and what is due.",
    epilog="""\b
Examples:
  gridpact books status lane
  gridpact books status lane --json""",
)
@BOOK
@output_options
def status(folder: Path, as_json: bool, quiet: bool) -> None:
    """List the settlement runs of a book, and from when the next run of each period is due."""
    book = Book.open(folder)
    rules, runs = book.rules().rules, book.runs()
    if as_json:
        say_json([{**_as_dict(run), "next": _next(run, runs, rules)} for run in runs])
    elif not quiet:
        for line in _lines(rules, runs):
            say(harmless(line))


def _lines(rules: Rules, runs: list[Run]) -> list[str]:
    if not runs:
        return [f"{rules.name}: nothing was settled yet"]
    rows = [("run", "period", "kind", "readings as known", "hash", "next")]
    for run in runs:
        told = (str(run.number), run.period, run.kind, iso(run.as_of_s), short(run.hash))
        rows.append((*told, _next(run, runs, rules)))
    return aligned(rows, right=(0,))


def _next(run: Run, runs: list[Run], rules: Rules) -> str:
    """Tell what is due after a run; nothing where another run followed it."""
    if any(each.period == run.period and each.number > run.number for each in runs):
        return ""
    found = due(run, rules.billing)
    return "none" if found is None else f"{found[0]} from {iso(found[1])[:10]}"


def _as_dict(run: Run) -> dict[str, object]:
    return {
        "run": run.number,
        "period": run.period,
        "kind": run.kind,
        "as_of": iso(run.as_of_s),
        "hash": run.hash,
        "lines": run.lines,
    }
