"""Small books with blocks, and the best outcome found by trying everything."""

from itertools import product

import numpy as np
import pytest
from hypothesis import strategies as st

from gridpact.market.clearing.blocks.model import Blocks, PriceRange
from gridpact.market.orders import Orders

SLOTS = 2
RANGE = PriceRange(-6, 6)
LIMIT = st.integers(-6, 6)


def build_orders(rows):
    """Orders from tuples (slot, side, quantity, limit); even sequences."""
    columns = np.array(rows, dtype=np.int64).reshape(-1, 4).T
    count = np.arange(columns.shape[1], dtype=np.int64)
    return Orders(2 * count, count, *columns)


def build_blocks(rows, slots):
    """Blocks from tuples (side, profile, limit, minimum, parent row, group); odd sequences."""
    count = np.arange(len(rows), dtype=np.int64)
    side, profile, limit, minimum, parent, group = zip(*rows, strict=True) if rows else [()] * 6
    above = np.array(parent, dtype=np.int64)
    return Blocks(
        2 * count + 1,
        count,
        np.array(side, dtype=np.int64),
        np.array(profile, dtype=np.int64).reshape(-1, slots),
        np.array(limit, dtype=np.int64),
        np.array(minimum, dtype=np.int64),
        np.where(above < 0, -1, 2 * above + 1),
        np.array(group, dtype=np.int64),
    )


@st.composite
def books(draw, minima=(1_000_000,), most_blocks=4):
    """Orders and blocks: ties, links, groups, negative prices, one-sided slots."""
    row = st.tuples(st.integers(0, SLOTS - 1), st.sampled_from([1, -1]), st.integers(1, 4), LIMIT)
    orders = build_orders(draw(st.lists(row, max_size=6)))
    blocks = []
    for at in range(draw(st.integers(1, most_blocks))):
        profile = draw(st.lists(st.integers(0, 4), min_size=SLOTS, max_size=SLOTS).filter(any))
        parent = draw(st.integers(-1, at - 1)) if draw(st.booleans()) else -1
        side, limit = draw(st.sampled_from([1, -1])), draw(LIMIT)
        group = draw(st.sampled_from([-1, -1, 7]))
        blocks.append((side, profile, limit, draw(st.sampled_from(minima)), parent, group))
    return orders, build_blocks(blocks, SLOTS)


def merit(orders, slot, side):
    limits = [
        int(orders.limit_micro_per_kwh[row])
        for row in range(orders.count)
        for _ in range(int(orders.quantity_wh[row]))
        if orders.slot[row] == slot and orders.side[row] == side
    ]
    return sorted(limits, reverse=side > 0)


def slot_welfare(orders, slot, net):
    """Most welfare of hourly orders when blocks want ``net`` Wh more; None if impossible."""
    bids, offers = merit(orders, slot, 1), merit(orders, slot, -1)
    every = [
        sum(bids[:bought]) - sum(offers[: bought + net])
        for bought in range(len(bids) + 1)
        if 0 <= bought + net <= len(offers)
    ]
    return max(every, default=None)


def clears(orders, slot, net, price):
    """Whether some demand at a price meets some supply at it."""
    bids, offers = merit(orders, slot, 1), merit(orders, slot, -1)
    least_bought, most_bought = sum(b > price for b in bids), sum(b >= price for b in bids)
    least_sold, most_sold = sum(o < price for o in offers), sum(o <= price for o in offers)
    return least_bought + net <= most_sold and least_sold <= most_bought + net


def allowed(blocks, ratios):
    place = {int(sequence): at for at, sequence in enumerate(blocks.sequence)}
    for at, ratio in enumerate(ratios):
        parent = int(blocks.parent[at])
        if ratio and parent >= 0 and not ratios[place[parent]]:
            return False
    groups = [int(group) for group, ratio in zip(blocks.group, ratios, strict=True) if ratio]
    return groups.count(7) <= 1


def levels(blocks, at):
    """Every energy profile a block may have."""
    profile = blocks.quantity_wh[at].tolist()
    whole = np.gcd.reduce(profile)
    shares = [k for k in range(1, whole + 1) if k * 1_000_000 >= whole * blocks.minimum_ppm[at]]
    return [None, *([energy // whole * share for energy in profile] for share in shares)]


def try_everything(orders, blocks):
    """For each set of blocks: its greatest welfare, and whether prices exist for all and for any
    of the steps that reach it."""
    best = {}
    for choice in product(*(levels(blocks, at) for at in range(blocks.count))):
        taken = tuple(one is not None for one in choice)
        if not allowed(blocks, taken):
            continue
        energy = np.array([one or [0] * SLOTS for one in choice]).reshape(-1, SLOTS)
        net = (blocks.side[:, None] * energy).sum(axis=0).tolist()
        hourly = [slot_welfare(orders, slot, net[slot]) for slot in range(SLOTS)]
        if None in hourly:
            continue
        worth = blocks.side * blocks.limit_micro_per_kwh * energy.sum(axis=1)
        entry = sum(hourly) + int(worth.sum()), has_prices(orders, blocks, energy, net)
        best.setdefault(taken, []).append(entry)
    found = []
    for entries in best.values():
        top = max(entry[0] for entry in entries)
        prices = [entry[1] for entry in entries if entry[0] == top]
        found.append((top, all(prices), any(prices)))
    return found


def has_prices(orders, blocks, energy, net):
    possible = [
        [p for p in range(RANGE.lowest, RANGE.highest + 1) if clears(orders, slot, net[slot], p)]
        for slot in range(SLOTS)
    ]
    for prices in product(*possible):
        gain = blocks.side[:, None] * energy * (blocks.limit_micro_per_kwh[:, None] - prices)
        if (gain.sum(axis=1) >= 0).all():
            return True
    return False


@pytest.fixture(scope="session")
def price_range():
    return RANGE


@pytest.fixture(scope="session")
def whole_blocks():
    return books()


@pytest.fixture(scope="session")
def partial_blocks():
    return books(minima=(0, 400_000, 1_000_000), most_blocks=3)


@pytest.fixture(scope="session")
def every_selection():
    return try_everything


@pytest.fixture(scope="session")
def orders_of():
    return build_orders


@pytest.fixture(scope="session")
def blocks_of():
    return build_blocks
