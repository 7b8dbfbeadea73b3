"""Block orders: the best selection that prices support, against trying everything."""

import json
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.base.randomness import stream
from gridpact.market.clearing import uniform_price
from gridpact.market.clearing.blocks.clearing import clear, clear_blocks
from gridpact.market.clearing.blocks.model import PriceRange
from gridpact.market.clearing.matched import accounts_nano, from_accepted

SLOTS = 2
ALL = 1_000_000
CASES = sorted((Path(__file__).parents[2] / "cases" / "market").glob("blocks_*/case.json"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.parent.name)
def test_worked_by_hand(case, orders_of, blocks_of):
    text = json.loads(case.read_text())
    sides, slots = {"buy": 1, "sell": -1}, text["slots"]
    orders = orders_of(
        [(o["slot"], sides[o["side"]], o["quantity_wh"], o["limit"]) for o in text["orders"]]
    )
    names = [block["id"] for block in text["blocks"]]
    blocks = blocks_of(
        [
            (
                sides[block["side"]],
                block["profile_wh"],
                block["limit"],
                ALL,
                names.index(block["parent"]) if "parent" in block else -1,
                block.get("group", -1),
            )
            for block in text["blocks"]
        ],
        slots,
    )
    found = clear_blocks(orders, slots, blocks, PriceRange(*text["prices"]))
    accepted = dict(
        zip([o["id"] for o in text["orders"]], found.clearing.accepted_wh.tolist(), strict=False)
    )
    profile = found.accepted_steps[:, None] * blocks.step_wh
    accepted |= dict(zip(names, profile.tolist(), strict=True))
    in_money = [name for name, is_so in zip(names, found.rejected_in_money, strict=True) if is_so]
    assert text["expected"] == {
        "price": found.clearing.price_micro_per_kwh.tolist(),
        "accepted": accepted,
        "rejected_in_money": in_money,
        "welfare_nano": found.welfare_nano,
        "set_aside": found.set_aside,
    }
    assert (case.parent / "note.md").read_text().strip()


@settings(deadline=None, max_examples=200)
@given(data=st.data())
def test_welfare_is_the_greatest_that_prices_support(
    data, whole_blocks, every_selection, price_range
):
    orders, blocks = data.draw(whole_blocks)
    found = clear_blocks(orders, SLOTS, blocks, price_range)
    every = every_selection(orders, blocks)
    supported = max(welfare for welfare, _, some in every if some)
    assert found.welfare_nano == supported
    assert found.proven
    assert found.set_aside >= sum(welfare > supported for welfare, _, _ in every)


@settings(deadline=None, max_examples=150)
@given(data=st.data())
def test_cut_short_it_is_supported_and_says_whether_it_is_the_best(
    data, whole_blocks, every_selection, price_range
):
    orders, blocks = data.draw(whole_blocks)
    found = clear_blocks(orders, SLOTS, blocks, price_range, patience=0)
    supported = {welfare for welfare, _, some in every_selection(orders, blocks) if some}
    assert found.welfare_nano in supported
    assert found.proven == (found.set_aside == 0)
    if found.proven:
        assert found.welfare_nano == max(supported)


@settings(deadline=None, max_examples=100)
@given(data=st.data())
def test_welfare_with_partly_accepted_blocks(data, partial_blocks, every_selection, price_range):
    """Where several steps of a selection are equally good, prices may exist for some of them."""
    orders, blocks = data.draw(partial_blocks)
    found = clear_blocks(orders, SLOTS, blocks, price_range)
    every = every_selection(orders, blocks)
    least = max(welfare for welfare, all_, _ in every if all_)
    most = max(welfare for welfare, _, some in every if some)
    assert least <= found.welfare_nano <= most


@settings(deadline=None, max_examples=150)
@given(data=st.data())
def test_nobody_accepted_loses_and_all_adds_up(data, partial_blocks, price_range):
    orders, blocks = data.draw(partial_blocks)
    found = clear_blocks(orders, SLOTS, blocks, price_range)
    every, clearing = found.orders, found.clearing
    accepted, price = clearing.accepted_wh, clearing.price_micro_per_kwh
    balance = np.zeros(SLOTS, dtype=np.int64)
    np.add.at(balance, every.slot, every.side * accepted)
    assert not balance.any()
    assert np.all((accepted >= 0) & (accepted <= every.quantity_wh))
    assert np.all((price >= price_range.lowest) & (price <= price_range.highest))
    hourly = np.arange(every.count) < orders.count
    gain = every.side * (every.limit_micro_per_kwh - price[every.slot])
    trades = clearing.traded[every.slot]
    assert np.all(
        accepted[hourly & trades & (gain > 0)] == every.quantity_wh[hourly & trades & (gain > 0)]
    )
    assert not accepted[hourly & (gain < 0)].any()
    for at in range(blocks.count):
        rows = every.sequence == blocks.sequence[at]
        assert int((accepted * gain)[rows].sum()) >= 0
        check_ratio(blocks, at, found.accepted_steps, accepted[rows], every.quantity_wh[rows])
    paid, received, fees = accounts_nano(every, from_accepted(every, clearing), 6)
    assert int(paid.sum()) == int(received.sum())
    assert fees == 0
    assert found.welfare_nano == int(every.side * accepted @ every.limit_micro_per_kwh)


def check_ratio(blocks, at, steps, accepted, size):
    """One ratio in all slots, none or at least the least; parents and groups kept."""
    assert np.all(accepted * int(size[0]) == size * int(accepted[0]))
    if not accepted[0]:
        return
    assert int(accepted[0]) * ALL >= int(size[0]) * int(blocks.minimum_ppm[at])
    if blocks.parent[at] >= 0:
        assert steps[blocks.sequence == blocks.parent[at]].all()
    if blocks.group[at] >= 0:
        assert np.count_nonzero(steps[blocks.group == blocks.group[at]]) == 1


@settings(deadline=None, max_examples=60)
@given(data=st.data())
def test_row_order_does_not_matter(data, partial_blocks, price_range):
    orders, blocks = data.draw(partial_blocks)
    rows, places = (
        np.array(data.draw(st.permutations(range(book.count))), dtype=np.int64)
        for book in (orders, blocks)
    )
    one = clear_blocks(orders, SLOTS, blocks, price_range)
    other = clear_blocks(orders.take(rows), SLOTS, blocks.take(places), price_range)
    one_price, other_price = (f.clearing.price_micro_per_kwh for f in (one, other))
    np.testing.assert_array_equal(one_price, other_price)
    np.testing.assert_array_equal(one.accepted_steps[places], other.accepted_steps)
    np.testing.assert_array_equal(one.rejected_in_money[places], other.rejected_in_money)
    hourly, again = (f.clearing.accepted_wh[: orders.count] for f in (one, other))
    np.testing.assert_array_equal(hourly[rows], again)


def test_without_blocks_it_is_the_uniform_price_auction(orders_of, blocks_of):
    orders = orders_of([(0, 1, 10, 30), (0, 1, 10, 20), (0, -1, 15, 10), (1, -1, 4, 0)])
    expected = uniform_price.clear(orders, SLOTS)
    through = clear_blocks(orders, SLOTS, blocks_of([], SLOTS), PriceRange(0, 100)).clearing
    for found in (clear(orders, SLOTS), through):
        for name in ("price_micro_per_kwh", "traded", "volume_wh", "accepted_wh"):
            np.testing.assert_array_equal(getattr(found, name), getattr(expected, name))


def test_a_block_meets_a_block_without_hourly_orders(orders_of, blocks_of):
    """The prices of the slots may differ as long as the mean suits both."""
    blocks = blocks_of([(1, [5, 5], 40, ALL, -1, -1), (-1, [5, 5], 30, ALL, -1, -1)], SLOTS)
    found = clear_blocks(orders_of([]), SLOTS, blocks, PriceRange(0, 100))
    assert found.welfare_nano == 10 * 10
    assert 60 <= found.clearing.price_micro_per_kwh.sum() <= 80
    assert found.clearing.volume_wh.tolist() == [5, 5]


def test_a_market_day_with_blocks(orders_of, blocks_of):
    draw, slots = stream(3, "block-orders"), 24
    rows = [
        (slot, side, int(draw.integers(10_000, 90_000)), int(draw.integers(*reach)))
        for slot in range(slots)
        for side, reach in ((1, (60_000, 250_000)), (-1, (20_000, 180_000)))
        for _ in range(10)
    ]
    blocks = []
    for _ in range(20):
        start, length = int(draw.integers(0, 18)), int(draw.integers(2, 7))
        profile = np.zeros(slots, dtype=np.int64)
        profile[start : start + length] = draw.integers(10_000, 60_000)
        blocks.append((-1, profile, int(draw.integers(60_000, 150_000)), ALL, -1, -1))
    orders, some = orders_of(rows), blocks_of(blocks, slots)
    found = clear_blocks(orders, slots, some)
    price = found.clearing.price_micro_per_kwh
    gain = ((price - some.limit_micro_per_kwh[:, None]) * some.quantity_wh).sum(axis=1)
    assert np.all(gain[found.accepted_steps > 0] >= 0)
    assert 0 < np.count_nonzero(found.accepted_steps) < some.count
    alone = uniform_price.clear(orders, slots)
    assert found.welfare_nano > int(orders.side * alone.accepted_wh @ orders.limit_micro_per_kwh)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"quantity_wh": np.array([[0, 0]])}, "not empty"),
        ({"quantity_wh": np.array([[1, -1]])}, "not be negative"),
        ({"quantity_wh": np.array([[1]])}, "must have 2 slots"),
        ({"side": np.array([0])}, "side must be"),
        ({"side": np.array([1, 1])}, "equally long"),
        ({"minimum_ppm": np.array([ALL + 1])}, "minimum ratio"),
        ({"parent": np.array([99])}, "unknown parent"),
        ({"parent": np.array([1])}, "its own forebear"),
        ({"sequence": np.array([0])}, "unique"),
        ({"limit_micro_per_kwh": np.array([5_000_000])}, "limits must lie within"),
        ({"quantity_wh": np.array([[2**50, 0]])}, "worth more than the solver"),
    ],
)
def test_unsound_blocks_are_refused(changes, message, orders_of, blocks_of):
    orders = orders_of([(0, 1, 10, 30)])
    blocks = msgspec.structs.replace(blocks_of([(-1, [5, 5], 3, ALL, -1, -1)], SLOTS), **changes)
    with pytest.raises(ValueError, match=message):
        clear_blocks(orders, SLOTS, blocks)
