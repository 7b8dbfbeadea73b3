"""The page that lays mechanisms side by side, on the same orders or in whole runs, or ledgers."""

from __future__ import annotations

from gridpact.app.compare.books import BooksCompared
from gridpact.app.compare.orders import OrdersCompared
from gridpact.app.compare.whole import RunsCompared
from gridpact.app.ledgers.comparing.found import LedgersCompared
from gridpact.app.report.comparison import books, ledgers, orders, runs
from gridpact.app.report.rendering import render


def build_comparison(
    found: BooksCompared | OrdersCompared | RunsCompared | LedgersCompared,
) -> str:
    """Write a comparison as one self-contained HTML page; the same one gives the same bytes."""
    match found:
        case BooksCompared():
            page = books.page(found)
        case OrdersCompared():
            page = orders.page(found)
        case RunsCompared():
            page = runs.page(found)
        case LedgersCompared():
            page = ledgers.page(found)
    return render(page)
