"""A chart of a small community, and its lines."""

import numpy as np
import pytest

from gridpact.settlement.accounts.chart import Chart
from gridpact.settlement.lines import MEMBER, Head, Lines

ROLES = {
    "bakery": "member",
    "school": "member",
    "lane": "operator",
    "power": "supplier",
    "grid": "dso",
}
HEADS = (
    Head("supply", "supply", "energy", MEMBER, "power", "EUR", taxes=("vat",)),
    Head("supply", "feed-in", "feed-in", "power", MEMBER, "EUR"),
    Head("grid", "network", "network", MEMBER, "grid", "EUR"),
    Head("balance", "imbalance", "imbalance", "power", "grid", "CHF"),
    Head("vat", "tax", "tax", MEMBER, "power", "EUR", rate_ppm=190_000),
    Head("vat", "tax", "tax", "power", MEMBER, "EUR", rate_ppm=55_000),
)


@pytest.fixture(scope="session")
def chart():
    return Chart(ROLES)


@pytest.fixture(scope="session")
def lines_of():
    """Make lines of (head, owner, amount) rows."""

    def make(rows):
        columns = np.array(rows, np.int64).reshape(-1, 3).T
        same = np.ones(len(rows), np.int64)
        owners = ("bakery", "group-of-all", "school")
        return Lines(
            HEADS, owners, columns[0], columns[1], 0 * same, same, same, columns[2], columns[2]
        )

    return make
