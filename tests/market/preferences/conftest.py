"""Books with preferences, and a second opinion on them, Wh by Wh."""

import numpy as np
import pytest
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment

from gridpact.market.clearing.preferences.model import Distances, Preferences
from gridpact.market.orders import Orders

SLOTS = 2
PLACES = 3
MEMBERS = 4
PRICE = st.integers(-6, 6)
PREMIUM = st.sampled_from([0, 0, 1, 3])


@st.composite
def books(draw, most=9):
    """Orders with preferences and a grid: many ties and negative prices."""
    order = st.tuples(
        st.integers(0, MEMBERS - 1),
        st.integers(0, SLOTS - 1),
        st.sampled_from([1, -1]),
        st.integers(1, 5),
        PRICE,
    )
    wish = st.tuples(
        st.booleans(),
        st.integers(-1, MEMBERS - 1),
        st.integers(0, PLACES - 1),
        PREMIUM,
        PREMIUM,
        PREMIUM,
    )
    rows = draw(st.lists(st.tuples(order, wish), max_size=most))
    orders = np.array([row[0] for row in rows], dtype=np.int64).reshape(-1, 5).T
    wishes = np.array([row[1] for row in rows], dtype=np.int64).reshape(-1, 6).T
    sequence = np.arange(orders.shape[1], dtype=np.int64) * 3
    fees = draw(st.lists(st.integers(0, 3), min_size=PLACES**2, max_size=PLACES**2))
    fee = np.array(fees, dtype=np.int64).reshape(PLACES, PLACES)
    near = np.eye(PLACES, dtype=np.bool_)
    near[0, 1] = draw(st.booleans())
    return (
        Orders(sequence, *orders),
        Preferences(wishes[0].astype(np.bool_), *wishes[1:]),
        Distances(fee, near),
    )


def surplus(book, buy, sell):
    """Surplus and fee of a pair, by the words of the rule."""
    orders, wish, grid = book
    at = int(wish.location[sell]), int(wish.location[buy])
    worth = int(orders.limit_micro_per_kwh[buy] - orders.limit_micro_per_kwh[sell])
    if wish.green[sell]:
        worth += int(wish.green_micro_per_kwh[buy])
    if wish.partner[buy] == orders.member[sell]:
        worth += int(wish.partner_micro_per_kwh[buy])
    if grid.near[at]:
        worth += int(wish.near_micro_per_kwh[buy])
    return worth - int(grid.fee_micro_per_kwh[at]), int(grid.fee_micro_per_kwh[at])


def best(book, slot):
    """Greatest surplus of a slot, and the greatest volume with it: Wh assigned one by one."""
    orders = book[0]
    units = [
        [
            row
            for row in range(orders.count)
            for _ in range(int(orders.quantity_wh[row]))
            if orders.slot[row] == slot and orders.side[row] == side
        ]
        for side in (1, -1)
    ]
    if not all(units):
        return 0, 0
    gain = np.array([[surplus(book, buy, sell)[0] for sell in units[1]] for buy in units[0]])
    # no Wh need trade; a surplus counts far more than all volume together
    weight = np.where(gain >= 0, gain * 1000 + 1, 0)
    total = int(weight[linear_sum_assignment(weight, maximize=True)].sum())
    return divmod(total, 1000)


@pytest.fixture(scope="session")
def preference_books():
    return books()


@pytest.fixture(scope="session")
def pair_surplus():
    return surplus


@pytest.fixture(scope="session")
def assignment():
    return best
