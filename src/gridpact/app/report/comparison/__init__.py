"""The page that lays mechanisms side by side: on the same orders, or in whole runs."""

from __future__ import annotations

from gridpact.app.compare.books import BooksCompared
from gridpact.app.compare.orders import OrdersCompared
from gridpact.app.compare.whole import RunsCompared
from gridpact.app.report.comparison import books, orders, runs
from gridpact.app.report.rendering import render


def build_comparison(found: BooksCompared | OrdersCompared | RunsCompared) -> str:
    """Write a comparison as one self-contained HTML page; the same one gives the same bytes."""
    match found:
        case BooksCompared():
            page = books.page(found)
        case OrdersCompared():
            page = orders.page(found)
        case RunsCompared():
            page = runs.page(found)
    return render(page)
