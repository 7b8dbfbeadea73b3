"""What the commands on reports share: how a report is written and told."""

from __future__ import annotations

import time
from pathlib import Path

from gridpact.app.books.folder import Book
from gridpact.app.cli.output import harmless, say, say_json
from gridpact.app.reporting.report import Report, write_report
from gridpact.app.reporting.settled import Settled, settled_period


def opened(folder: Path, period: str) -> Settled:
    """Open a settled period of a book, as it is now."""
    return settled_period(Book.open(folder), period, int(time.time()))


def written(report: Report, out: Path, *, as_json: bool, quiet: bool) -> None:
    """Write a report and tell its files."""
    files = write_report(report, out)
    if as_json:
        say_json({"files": [str(path) for path in files]})
    elif not quiet:
        for path in files:
            say(harmless(f"wrote {path}"))
