"""Reasons: the rule written out entry by entry, and what others may read of it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.scheduling.diaries.derivation import changes
from gridpact.scheduling.diaries.pulls import Signals, signals_of
from gridpact.scheduling.diaries.reasons import (
    Cause,
    InForce,
    Kind,
    Shared,
    readable,
    reasons_of,
)
from gridpact.scheduling.diaries.tight_needs import stretches
from gridpact.scheduling.fleet.assets import Battery, Car, GridConnection, build
from gridpact.scheduling.fleet.columns import Portfolio, Prices
from gridpact.scheduling.fleet.solution import LimitPrices

SLOTS, ASSETS, ZONES, ROWS, STEP = 5, 4, 3, 2, 900
PARENT, ZONE = [-1, 0, 1], [0, 1, 2, 2]
CAUSES = (
    Cause(Kind.NEED, "n1", "home-1"),
    Cause(Kind.INTERVENTION, "i1", "home-2"),
    Cause(Kind.NEED, "n2", "home-2"),
    Cause(Kind.ACTIVATION, "a1"),
    *(Cause(Kind.LIMIT, f"zone {zone}") for zone in range(ZONES)),
    *(Cause(Kind.CONTRACT, f"c{row}") for row in range(ROWS)),
)
SHARED = Shared(np.arange(4, 7), np.arange(7, 9))


def numbers(rows, low, high, columns=SLOTS):
    row = st.lists(st.integers(low, high), min_size=columns, max_size=columns)
    return st.lists(row, min_size=rows, max_size=rows).map(np.array)


@st.composite
def cases(draw):
    first = draw(st.lists(st.integers(0, SLOTS - 1), min_size=ROWS, max_size=ROWS))
    length = draw(st.lists(st.integers(1, 3), min_size=ROWS, max_size=ROWS))
    signals = Signals(
        bought=draw(numbers(ZONES, 0, 3)).astype(float),
        sold=draw(numbers(ZONES, 0, 3)).astype(float),
        limits=draw(numbers(ZONES, -1, 2)).astype(float),
        parent=np.array(PARENT),
        zone=np.array(ZONE),
        rows=draw(numbers(1, -2, 2, ROWS))[0].astype(float),
        row_first=np.array(first),
        row_end=np.minimum(np.array(first) + np.array(length), SLOTS),
        members=tuple(draw(numbers(ROWS, 0, 1, ASSETS)).astype(bool)),
    )
    held = draw(st.lists(st.tuples(
        st.integers(0, 3), st.integers(0, ASSETS - 1), st.integers(0, SLOTS - 1),
        st.integers(1, SLOTS), st.integers(-1, 1),
    ), max_size=4))  # fmt: skip
    return draw(numbers(ASSETS, -2, 2)) * 1000, signals, held


def steps(prices, slot):
    before = sum(prices) / len(prices) if slot == 0 else prices[slot - 1]
    return before - prices[slot]


def expected(signals, held, asset, slot, powers):
    """Kinds and names that the rule allows for one entry, worked out by hand."""
    before, after = powers
    way = 1 if after > before else -1
    own = [
        (CAUSES[cause].kind, CAUSES[cause].id)
        for cause, row, first, end, asked in held
        if row == asset and first <= slot < end and asked in (0, way)
    ]
    if own:
        return {min(own)}
    zone = ZONE[asset]
    prices = signals.sold if after < 0 or (after == 0 and before < 0) else signals.bought
    if way * steps(prices[zone].tolist(), slot) > 1e-3:
        return {(Kind.PRICE, None)}
    pulls = {}
    while zone >= 0:
        pulls[f"zone {zone}"] = way * steps(signals.limits[zone].tolist(), slot)
        zone = PARENT[zone]
    strongest = max(pulls.values())
    if strongest > 1e-3:
        return {(Kind.LIMIT, name) for name, one in pulls.items() if one > strongest - 1e-9}
    pulls = {}
    for row in range(ROWS):
        inside = [signals.row_first[row] <= s < signals.row_end[row] for s in range(SLOTS)]
        prices = [signals.rows[row] * one for one in inside]
        if signals.members[row][asset]:
            pulls[f"c{row}"] = way * steps(prices, slot)
    strongest = max(pulls.values(), default=0)
    if strongest > 1e-3:
        return {(Kind.CONTRACT, name) for name, one in pulls.items() if one > strongest - 1e-9}
    return {(Kind.PRICE, None)}


@settings(deadline=None, max_examples=300)
@given(cases())
def test_every_entry_has_the_reason_of_the_rule(made, case):
    power, signals, held = case
    slots = made.slots(SLOTS)
    told = changes(power, slots, made.rest(ASSETS))
    found = reasons_of(told, made.rest(ASSETS), slots, CAUSES, InForce.of(held), (signals, SHARED))
    for place, (asset, at) in enumerate(zip(told.row.tolist(), told.at_s.tolist(), strict=True)):
        slot = (at - made.start) // STEP
        before = power[asset, slot - 1] if slot else 0
        cause = found.cause[place]
        told_as = (Kind(found.kind[place]), CAUSES[cause].id if cause >= 0 else None)
        assert told_as in expected(signals, held, asset, slot, (before, power[asset, slot]))
    assert np.array_equal(found.cause >= 0, found.kind != Kind.PRICE)


def test_entries_outside_the_horizon_are_there_for_the_price(made):
    power = np.array([[500, 0, 500]])
    told = changes(power, made.slots(3), made.rest(1))
    signals = Signals(
        bought=np.zeros((1, 1)), sold=np.zeros((1, 1)), limits=np.zeros((1, 1)),
        parent=np.array([-1]),
        zone=np.zeros(1, np.int64), rows=np.zeros(0), row_first=np.zeros(0, np.int64),
        row_end=np.zeros(0, np.int64), members=(),
    )  # fmt: skip
    held = InForce.of([(0, 0, 0, 9, 0)])
    shared = Shared(np.array([-1]), np.zeros(0, np.int64))
    found = reasons_of(told, made.rest(1), made.slots(1), CAUSES, held, (signals, shared))
    assert found.kind.tolist() == [Kind.NEED, Kind.PRICE, Kind.PRICE]
    assert found.cause.tolist() == [0, -1, -1]


def test_anothers_need_is_told_as_a_limit_without_a_name():
    need = Cause(Kind.NEED, "n1", "home-1")
    assert readable(need, "home-1") == need
    assert readable(need, "home-2") == Cause(Kind.LIMIT, "")
    assert readable(Cause(Kind.LIMIT, "feeder-3"), "home-2").id == "feeder-3"


def test_signals_of_a_solve_name_the_members_of_every_row():
    homes = [GridConnection("top"), GridConnection("a", "top"), GridConnection("b", "top")]
    fleet = build(2, 3600, homes, [
        Car("a", 0, 2, 10, 10), Car("b", 0, 2, 10, 10), Battery("b", 10, 10, 5),
    ])  # fmt: skip
    rows = Portfolio(
        set_of_row=np.array([3, 7, 3]), first=np.array([0, 0, 1]), end=np.array([1, 2, 2]),
        lower_wh=np.zeros(3), upper_wh=np.ones(3), zone_set=np.array([3]), zone=np.array([1]),
        asset_set=np.array([3, 7]), asset_table=np.array([1, 0]), asset=np.array([0, 1]),
    )  # fmt: skip
    fleet = type(fleet)(**{
        name: getattr(fleet, name) for name in fleet.__struct_fields__ if name != "portfolio"
    }, portfolio=rows)  # fmt: skip
    limits = LimitPrices(np.eye(3)[:, :2], np.ones((3, 2)), np.arange(3.0), np.full(3, 5.0))
    prices = Prices(np.array([4, 9]), np.array([3, 8]))
    found = signals_of(fleet, prices, limits, np.array([1, 2, 2]))
    assert [one.tolist() for one in found.members] == [
        [True, False, True], [False, True, False], [True, False, True],
    ]  # fmt: skip
    assert found.rows.tolist() == [5, 4, 3]
    assert found.bought.tolist() == [[4, 9]] * 3
    assert found.sold.tolist() == [[3, 8]] * 3
    assert found.limits.tolist() == [[0, -1], [-1, 0], [-1, -1]]


@pytest.mark.parametrize(
    ("marked", "found"),
    [([], []), ([1], [(0, 1)]), ([0, 1, 1, 0, 1], [(1, 3), (4, 5)]), ([0, 0], [])],
)
def test_stretches(marked, found):
    assert stretches(np.array(marked, np.bool_)) == found


def test_an_activation_is_in_force_for_those_who_give(made):
    given_w = np.array([0, 400, 0, 90])
    power = np.array([[500, 0], [500, 0], [500, 0], [500, 900]])
    told = changes(power, made.slots(2), made.rest(4))
    flat = np.zeros((1, 2))
    signals = Signals(
        bought=flat, sold=flat, limits=flat, parent=np.array([-1]), zone=np.zeros(4, np.int64),
        rows=np.zeros(0), row_first=np.zeros(0, np.int64), row_end=np.zeros(0, np.int64),
        members=(),
    )  # fmt: skip
    called = InForce.activated(3, given_w, -1, (1, 2)).and_also(InForce.of([(0, 1, 0, 2, 1)]))
    shared = Shared(np.array([-1]), np.zeros(0, np.int64))
    found = reasons_of(told, made.rest(4), made.slots(2), CAUSES, called, (signals, shared))
    by_entry = dict(
        zip(
            zip(told.row.tolist(), ((told.at_s - made.start) // STEP).tolist(), strict=True),
            found.kind.tolist(),
            strict=True,
        )
    )
    expected_kinds = dict.fromkeys(by_entry, Kind.PRICE)
    expected_kinds |= {(1, 0): Kind.NEED, (1, 1): Kind.ACTIVATION}
    assert by_entry == expected_kinds  # the last one is told to take more: not what was called
