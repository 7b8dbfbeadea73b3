"""The page that lays mechanisms side by side: on the same books, or in whole runs."""

from __future__ import annotations

from gridpact.app.compare.books import BooksCompared
from gridpact.app.compare.whole import RunsCompared
from gridpact.app.report.comparison import books, runs
from gridpact.app.report.rendering import render


def build_comparison(found: BooksCompared | RunsCompared) -> str:
    """Write a comparison as one self-contained HTML page; the same one gives the same bytes."""
    return render(books.page(found) if isinstance(found, BooksCompared) else runs.page(found))
