"""Sharing by weight and memory, against giving Wh by Wh, and its promises over many events."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.scheduling.priorities.sharing import Memory, blank, remember, share_out

SIZES = st.integers(1, 8)


@st.composite
def events(draw):
    count, pools = draw(SIZES), draw(st.integers(1, 3))
    numbers = st.lists(st.integers(0, 400), min_size=count, max_size=count)
    balance = st.lists(st.integers(-200, 200), min_size=count, max_size=count)
    weight = st.lists(st.sampled_from([1.0, 2.0, 3.0, 0.5]), min_size=count, max_size=count)
    pool = st.lists(st.integers(0, pools - 1), min_size=count, max_size=count)
    memory = Memory(
        np.array(draw(st.permutations(range(count)))),
        np.array(draw(weight)),
        np.array(draw(balance), np.int64) * 1000,
    )
    loss = np.array(draw(st.lists(st.integers(0, 900), min_size=pools, max_size=pools)))
    return loss, np.array(draw(pool)), np.array(draw(numbers), np.int64), memory


def wh_by_wh(loss, able, memory):
    """Give each Wh to whoever, counting what was given before, is lowest for its weight."""
    given_wh = np.zeros(len(able), np.int64)
    for _ in range(min(loss, able.sum())):
        height = (memory.balance_wh + given_wh) / memory.weight
        height[given_wh >= able] = np.inf
        given_wh[np.argmin(height)] += 1
    return given_wh


@settings(deadline=None, max_examples=150)
@given(events())
def test_shares_are_those_of_giving_wh_by_wh(event):
    loss, pool, able, memory = event
    shares = share_out(loss, pool, able, memory)
    assert np.all((shares >= 0) & (shares <= able))
    for number in range(len(loss)):
        own = pool == number
        part = Memory(memory.member[own], memory.weight[own], memory.balance_milli_wh[own])
        expected = wh_by_wh(int(loss[number]), able[own], part)
        assert shares[own].sum() == expected.sum()
        assert np.abs(shares[own] - expected).max(initial=0) <= 3


@settings(deadline=None, max_examples=60)
@given(events(), st.randoms(use_true_random=False))
def test_permuting_members_permutes_shares_and_memory(event, random):
    loss, pool, able, memory = event
    order = np.array(random.sample(range(len(able)), len(able)))
    moved = Memory(memory.member[order], memory.weight[order], memory.balance_milli_wh[order])
    shares = share_out(loss, pool, able, memory)
    np.testing.assert_array_equal(share_out(loss, pool[order], able[order], moved), shares[order])
    after = remember(shares, pool, able, memory)
    again = remember(shares[order], pool[order], able[order], moved)
    np.testing.assert_array_equal(again.balance_milli_wh, after.balance_milli_wh[order])


@settings(deadline=None, max_examples=40)
@given(st.lists(st.sampled_from([1.0, 2.0, 5.0]), min_size=2, max_size=6), st.integers(1, 50))
def test_over_repeated_events_shares_come_to_the_weights(weight, loss):
    """However small an event is, and though it is dealt in whole Wh."""
    weight = np.array(weight)
    memory, pool = blank(np.arange(len(weight)), weight), np.zeros(len(weight), np.int64)
    able, total = np.full(len(weight), 1000), np.zeros(len(weight))
    for _ in range(60):
        shares = share_out(np.array([loss]), pool, able, memory)
        memory = remember(shares, pool, able, memory)
        total += shares
        assert np.abs(memory.balance_wh).max() <= len(weight)
    part = 60 * loss * weight / weight.sum()
    assert np.abs(total - part).max() <= len(weight) + 1


def test_who_gave_least_gives_first():
    memory = Memory(np.arange(3), np.ones(3), np.array([600_000, 0, -600_000]))
    shares = share_out(np.array([900]), np.zeros(3, np.int64), np.full(3, 5_000), memory)
    np.testing.assert_array_equal(shares, [0, 150, 750])


def test_memory_is_bounded_though_one_can_never_give_its_part():
    memory = Memory(np.arange(2), np.ones(2), np.zeros(2, np.int64), most_wh=5_000)
    able = np.array([10, 10_000])
    for _ in range(40):
        shares = share_out(np.array([1_000]), np.zeros(2, np.int64), able, memory)
        memory = remember(shares, np.zeros(2, np.int64), able, memory)
    np.testing.assert_array_equal(memory.balance_wh, [-5_000, 5_000])


def test_a_hundred_thousand_members_share_at_once():
    count = 100_000
    rows = np.arange(count)
    memory = Memory(rows, 1.0 + rows % 7, (rows * 7919) % 2_000_000 - 1_000_000)
    able, pool = 500 + rows % 3_000, rows % 400
    loss = np.full(400, 60_000)
    shares = share_out(loss, pool, able, memory)
    np.testing.assert_array_equal(np.bincount(pool, weights=shares), loss)
    height = (memory.balance_wh + shares) / memory.weight
    giving = (shares > 0) & (shares < able)
    low = np.full(400, -np.inf)
    np.maximum.at(low, pool[giving], height[giving])
    idle = shares == 0
    assert np.all((memory.balance_wh / memory.weight)[idle] >= low[pool[idle]] - 2)
