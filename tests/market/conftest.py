"""Books drawn at random, and the auction's rules written down a second time, slowly."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import strategies as st

from gridpact.market.orders import Orders


def build(rows):
    """Orders from tuples (slot, side, quantity, limit); sequence and member count the rows."""
    columns = np.array(rows, dtype=np.int64).reshape(-1, 4).T
    count = np.arange(columns.shape[1], dtype=np.int64)
    return Orders(count, count, *columns)


@pytest.fixture(scope="session")
def orders_of():
    return build


@pytest.fixture(scope="session")
def slow_clear():
    return reference


def reference(rows):
    """One slot, Wh by Wh: (volume, price or None, accepted per row).

    Every Wh is its own order; the dearest wish meets the cheapest offer as long as they can agree.
    """
    bids = sorted((limit for _, side, size, limit in rows if side > 0 for _ in range(size)))[::-1]
    offers = sorted(limit for _, side, size, limit in rows if side < 0 for _ in range(size))
    volume = 0
    while volume < min(len(bids), len(offers)) and bids[volume] >= offers[volume]:
        volume += 1
    if not volume:
        return 0, None, [0] * len(rows)
    accepted = fill(rows, 1, volume, reverse=True), fill(rows, -1, volume, reverse=False)
    low = [offers[volume - 1], *bids[volume : volume + 1]]
    high = [bids[volume - 1], *offers[volume : volume + 1]]
    price = round(Fraction(max(low) + min(high), 2))
    return volume, price, [a + b for a, b in zip(*accepted, strict=True)]


def fill(rows, side, volume, reverse):
    """Fill price groups in merit order; the last one pro rata, largest remainder first."""
    accepted = [0] * len(rows)
    for price in sorted({row[3] for row in rows if row[1] == side}, reverse=reverse):
        group = [at for at, row in enumerate(rows) if row[1] == side and row[3] == price]
        whole = sum(rows[at][2] for at in group)
        got = min(volume, whole)
        ideal = {at: Fraction(got * rows[at][2], whole) for at in group}
        for at in group:
            accepted[at] = int(ideal[at])
        left = got - sum(accepted[at] for at in group)
        for at in sorted(group, key=lambda at: (accepted[at] - ideal[at], at))[:left]:
            accepted[at] += 1
        volume -= got
    return accepted


SLOTS = 4
QUANTITY = st.integers(1, 12) | st.sampled_from([1, 5, 10])
TIED = st.integers(-3, 3)
WIDE = st.integers(-400_000, 400_000) | st.sampled_from([0, -1, 1])


@st.composite
def books(draw, slots=SLOTS, most=24):
    """Rows (slot, side, quantity, limit): many ties, negative and zero prices, one-sided slots."""
    price = draw(st.sampled_from([TIED, WIDE, st.just(7), TIED.map(lambda at: at * 10**17)]))
    row = st.tuples(st.integers(0, slots - 1), st.sampled_from([1, -1]), QUANTITY, price)
    return draw(st.lists(row, max_size=most))


@pytest.fixture(scope="session")
def book_rows():
    return books()
