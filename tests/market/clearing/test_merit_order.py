"""Dispatch by hand, unit by unit, and against a cost-minimising linear program."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.optimize import linprog

from gridpact.base.errors import NumberOverflow
from gridpact.base.units import INT64_MAX
from gridpact.market.clearing.merit_order import Basis, Generators, clear, dispatch

CAP = 4_000_000


def fleet(*units, slots=1):
    """Generators from (capacity, variable cost, offer), the same in every slot."""
    columns = np.array(units, dtype=np.int64).reshape(-1, 3).T
    return Generators(*(np.repeat(column[:, None], slots, axis=1) for column in columns))


# wind, nuclear, coal, gas; coal offers below its cost, gas above
PARK = fleet(
    (300, 0, -5_000), (500, 10_000, 10_000), (400, 45_000, 40_000), (200, 90_000, 120_000), slots=6
)


def test_by_hand():
    #                   night  edge  day   peak   short  none
    demand = np.array([250, 800, 1000, 1300, 1500, 0])
    found = dispatch(PARK, demand, CAP, Basis.VARIABLE_COST)
    assert found.price_micro_per_kwh.tolist() == [0, 10_000, 45_000, 90_000, CAP, 0]
    assert found.traded.tolist() == [True] * 5 + [False]
    assert found.dispatched_wh.tolist() == [
        [250, 300, 300, 300, 300, 0],
        [0, 500, 500, 500, 500, 0],
        [0, 0, 200, 400, 400, 0],
        [0, 0, 0, 100, 200, 0],
    ]
    assert found.unserved_wh.tolist() == [0, 0, 0, 0, 100, 0]
    assert found.scarce.tolist() == [False] * 4 + [True, False]
    assert found.rent_nano[:, 2].tolist() == [300 * 45_000, 500 * 35_000, 0, 0]
    assert found.rent_nano[:, 3].tolist() == [300 * 90_000, 500 * 80_000, 400 * 45_000, 0]


def test_by_offers_the_rent_counts_from_the_cost():
    demand = np.array([250, 800, 1000, 1300, 1500, 0])
    found = dispatch(PARK, demand, CAP)
    assert found.price_micro_per_kwh.tolist() == [-5_000, 10_000, 40_000, 120_000, CAP, 0]
    # offered below zero and below cost: the night earns less than nothing
    assert found.rent_nano[:, 0].tolist() == [-1_250_000, 0, 0, 0]
    assert found.rent_nano[2, 2] == 200 * -5_000
    assert found.rent_nano[3, 3] == 100 * 30_000


def test_elastic_bids_give_way(orders_of):
    park = fleet((300, 0, 0), (500, 10_000, 10_000), (400, 45_000, 40_000))
    bids = orders_of([(0, 1, 250, 60_000), (0, 1, 100, 30_000)])
    found = dispatch(park, np.array([600]), CAP, bids=bids)
    assert found.accepted_wh.tolist() == [250, 0]
    assert found.price_micro_per_kwh.tolist() == [40_000]
    # the dearest bid turned away sets the price where a unit ends exactly
    edge = dispatch(park, np.array([550]), CAP, bids=bids)
    assert (edge.accepted_wh.tolist(), edge.price_micro_per_kwh.tolist()) == ([250, 0], [30_000])


def test_shortage_is_shared_with_bids_at_the_cap_and_offers_above_it_stay_out(orders_of):
    park = fleet((300, 0, 0), (900, 0, CAP + 1))
    bids = orders_of([(0, 1, 200, CAP + 7), (0, 1, 50, CAP - 1)])
    found = dispatch(park, np.array([400]), CAP, bids=bids)
    assert found.dispatched_wh.tolist() == [[300], [0]]
    assert found.served_wh.tolist() == [200]
    assert found.accepted_wh.tolist() == [100, 0]
    assert found.price_micro_per_kwh.tolist() == [CAP]


COST = st.integers(-20, 100)


@st.composite
def markets(draw):
    shape = draw(st.integers(0, 5)), draw(st.integers(1, 3))
    capacity = draw(arrays(np.int64, shape, elements=st.integers(0, 30)))
    cost, offer = (draw(arrays(np.int64, shape, elements=COST)) for _ in range(2))
    demand = draw(arrays(np.int64, shape[1], elements=st.integers(0, 90)))
    row = st.tuples(st.integers(0, shape[1] - 1), st.just(1), st.integers(1, 20), COST)
    return Generators(capacity, cost, offer), demand, draw(st.lists(row, max_size=5))


@given(markets(), st.sampled_from(Basis), st.sampled_from([60, 200]))
@settings(deadline=None, max_examples=150)
def test_the_cheapest_way_to_serve(orders_of, market, basis, cap):
    """A linear program per slot that pays the cap for each Wh cut has the same objective."""
    generators, demand, rows = market
    bids = orders_of(rows)
    found = dispatch(generators, demand, cap, basis, bids)
    cost = generators.variable_cost_micro_per_kwh
    asked = cost if basis is Basis.VARIABLE_COST else generators.offer_micro_per_kwh
    limit = np.minimum(bids.limit_micro_per_kwh, cap)
    for slot in range(demand.size):
        here = bids.slot == slot
        objective = np.concatenate([asked[:, slot], -limit[here], [-cap]]).astype(float)
        sizes = [*generators.capacity_wh[:, slot], *bids.quantity_wh[here], demand[slot]]
        bounds = [(0, float(size)) for size in sizes]
        signs = np.concatenate([np.ones(len(cost)), -np.ones(here.sum() + 1)])
        best = linprog(objective, bounds=bounds, A_eq=[signs], b_eq=[0.0], method="highs")
        ours = np.concatenate(
            [found.dispatched_wh[:, slot], found.accepted_wh[here], [found.served_wh[slot]]]
        )
        assert int(ours @ signs) == 0
        assert ours @ objective == round(best.fun)
        assert abs(best.fun - round(best.fun)) < 1e-6
        # what one Wh less of demand saves is the price, by a second program
        if found.served_wh[slot] and not found.scarce[slot]:
            less = [*bounds[:-1], (float(demand[slot] - 1),) * 2]
            full = [*bounds[:-1], (float(demand[slot]),) * 2]
            objective[-1] = 0
            values = [
                linprog(objective, bounds=each, A_eq=[signs], b_eq=[0.0], method="highs").fun
                for each in (full, less)
            ]
            assert round(values[0] - values[1]) == found.price_micro_per_kwh[slot]


@given(markets(), st.sampled_from(Basis))
@settings(deadline=None, max_examples=150)
def test_rents_and_who_runs(orders_of, market, basis):
    generators, demand, rows = market
    found = dispatch(generators, demand, 60, basis, orders_of(rows))
    price, cost = found.price_micro_per_kwh[None, :], generators.variable_cost_micro_per_kwh
    asked = cost if basis is Basis.VARIABLE_COST else generators.offer_micro_per_kwh
    np.testing.assert_array_equal(found.rent_nano, found.dispatched_wh * (price - cost))
    assert np.all(
        asked[found.dispatched_wh > 0]
        <= np.broadcast_to(price, asked.shape)[found.dispatched_wh > 0]
    )
    in_the_money = (asked < price) & found.traded[None, :]
    np.testing.assert_array_equal(
        found.dispatched_wh[in_the_money], generators.capacity_wh[in_the_money]
    )
    if basis is Basis.VARIABLE_COST:
        assert np.all(found.rent_nano >= 0)
    assert np.all(found.price_micro_per_kwh[found.scarce & found.traded] == 60)


def test_the_price_is_the_lower_end_of_the_valid_interval(orders_of):
    found = clear(orders_of([(0, 1, 4, 40), (0, 1, 4, 12), (0, -1, 4, 10), (0, -1, 4, 31)]), 1)
    assert found.price_micro_per_kwh.tolist() == [12]
    assert found.accepted_wh.tolist() == [4, 0, 4, 0]


@pytest.mark.parametrize(
    ("generators", "demand"),
    [(fleet((-1, 0, 0)), [5]), (fleet((1, 0, 0)), [-5]), (fleet((1, 0, 0)), [5, 5])],
)
def test_unsound_input_is_a_bug(generators, demand):
    with pytest.raises(ValueError, match="must"):
        dispatch(generators, np.array(demand), CAP)


def test_offers_among_the_bids_are_a_bug(orders_of):
    with pytest.raises(ValueError, match="buy"):
        dispatch(fleet((1, 0, 0)), np.array([1]), CAP, bids=orders_of([(0, -1, 1, 1)]))


def test_a_rent_too_large_is_refused():
    with pytest.raises(NumberOverflow):
        dispatch(fleet((10, 0, 0)), np.array([11]), INT64_MAX // 5)
