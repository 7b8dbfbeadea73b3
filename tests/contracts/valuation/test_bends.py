"""Amounts under comparisons, maxima and minima, against every whole number that can be named."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.base.randomness import stream
from gridpact.contracts.evaluate import Known
from gridpact.contracts.formulas import decision, maximum, minimum, nominated
from gridpact.contracts.observables import Choice, Const, Series
from gridpact.contracts.products.demand_response import demand_response
from gridpact.contracts.products.reserve import tertiary_reserve
from gridpact.contracts.terms import pay, within
from gridpact.contracts.valuation.bounds import bounds
from gridpact.contracts.valuation.choices import Slotwise, plans
from gridpact.contracts.valuation.report import value_report

WORTH = Series("worth", "micro/kWh")
LOAD, BASELINE = "metered:load", "baseline@flat.v1"


def micro(value):
    return Const(value, "micro/kWh")


def called_down(notice=0):
    return demand_response(
        *("bakery", "aggregator", Series("offered", "Wh"), Series(LOAD, "Wh"), "flat.v1"),
        *(micro(1), micro(20), micro(30), notice, "EUR"),
    )


def paid_when_called(call, baseline, load, worth):
    """What a call brings the aggregator in one slot, worked from the words of the product."""
    if call < 1:
        return 0
    delivered = max(min(baseline - load, call), 0)
    return call * worth - delivered * 20 + (call - delivered) * 30


@settings(deadline=None, max_examples=80)
@given(seed=st.integers(0, 10**6))
def test_a_load_is_called_as_is_best_among_all_whole_numbers(made, seed):
    slots, draw = made.slots(3), stream(seed, "called")
    world = {
        "worth": draw.integers(-60, 60, (4, 3)),
        LOAD: draw.integers(0, 12, (4, 3)),
        BASELINE: draw.integers(0, 12, 3),
        "offered": draw.integers(0, 9, 3),
    }
    found = value_report(called_down(), "aggregator", world, slots, prices={"flexibility": WORTH})
    least, most = bounds_of(called_down(), world, slots)
    for row in range(4):
        best = down = up = 0
        for slot in range(3):
            offered = int(world["offered"][slot])
            seen = int(world[BASELINE][slot]), int(world[LOAD][row, slot])
            worth = int(world["worth"][row, slot])
            best += max(paid_when_called(c, *seen, worth) for c in range(offered + 1)) - offered
            bare = [paid_when_called(c, *seen, 0) - offered for c in range(offered + 1)]
            down, up = down + min(bare), up + max(bare)
        assert found.present["EUR", ""][row] == best
        assert (least[row], most[row]) == (down, up)
    assert found.undecided == ()
    assert found.decided[0].worth == found.decided[0].most


def bounds_of(contract, world, slots):
    found = bounds(contract, "aggregator", world, slots)
    assert found.ways == {("call",): "corners"}
    return found.ends["EUR"]


@settings(deadline=None, max_examples=80)
@given(seed=st.integers(0, 10**6))
def test_a_reserve_is_ordered_as_is_best_among_all_orders(made, seed):
    slots, draw = made.slots(2), stream(seed, "ordered")
    contract = tertiary_reserve(
        *("park", "tso", Const(9, "W"), Const(3, "W"), Series("reserve:delivered", "Wh")),
        *(Const(2, "micro/kW"), micro(20), micro(30), 1, 0, "EUR"),
    )
    delivered = draw.integers(0, 12, (5, 2))
    world = {"worth": draw.integers(-40, 60, (5, 2)), "reserve:delivered": delivered}
    found = value_report(contract, "tso", world, slots, prices={"energy": WORTH})
    for row in range(5):
        best = -2 * 9 * 2
        for slot in range(2):
            had, worth = int(delivered[row, slot]), int(world["worth"][row, slot])
            orders = [
                order * worth - min(had, order) * 20 + (order - min(had, order)) * 30
                for order in range(3, 10)
            ]
            best += max(0, *orders)
        assert found.present["EUR", ""][row] == best
    assert [one.labels for one in found.decided] == [("activate", "order")]


ONE, TWO = (
    nominated(name, "h", Series("top", "Wh"), 0, low=Series("least", "Wh")) for name in "ab"
)
YES = decision("yes", "h", 0)
S, P = Series("s", "Wh"), Series("p", "micro/kWh")
ODD = {
    "jump": (ONE >= S) * (ONE * P),
    "fall": (ONE <= S) * (ONE * P) + ONE * micro(3),
    "tent": minimum(ONE * P, (S - ONE) * micro(7)),
    "nested": maximum(minimum(ONE * 2, S + 1) - 3, S - ONE) * P,
    "steep": ((ONE * 3 >= S) * (ONE * 2 <= S + S)) * maximum(ONE * 2 - S, 0) * P,
    "two": maximum(ONE - S, 0) * P + minimum(TWO * P, S * P) * (ONE >= 2),
    "mask": within(YES, pay(maximum(ONE - S * YES, 0) * P, "w", "h", "k", "EUR")),
    "none": (ONE >= S) * (S >= ONE) * Const(1000, "nano"),
}


@pytest.mark.parametrize("name", ODD)
@settings(deadline=None, max_examples=25)
@given(seed=st.integers(0, 10**6))
def test_bends_miss_no_best_amount(made, name, seed):
    slots, draw = made.slots(1), stream(seed, "bends")
    amount = ODD[name]
    terms = amount if name == "mask" else pay(amount, "w", "h", "k", "EUR")
    low = draw.integers(-4, 4, 1)
    world = {"p": draw.integers(-9, 9, (6, 1)), "s": draw.integers(-9, 9, (6, 1))}
    world |= {"least": low, "top": low + draw.integers(0, 9, 1)}
    found = value_report(terms, "h", world, slots)
    (plan,) = plans(terms)
    assert isinstance(plan, Slotwise)
    keys = [choice.key for choice in plan.choices]
    span = range(int(low[0]), int(world["top"][0]) + 1)
    ways = product(*[(0, 1) if choice.is_mask else span for choice in plan.choices])
    best = np.full(6, -np.inf)
    for way in ways:
        bound = {key: np.array([value]) for key, value in zip(keys, way, strict=True)}
        one = value_report(terms, "h", {**world, **bound}, slots)
        best = np.maximum(best, one.present["EUR", ""])
    assert (found.present["EUR", ""] == best).all()


def test_a_choice_within_another_yes_or_no_is_taken(made):
    high = Choice("second", "h", Const(0, "1"), YES, 0, "1")
    terms = pay(YES * Const(-5, "nano") + high * Const(8, "nano"), "w", "h", "k", "EUR")
    found = value_report(terms, "h", {}, made.slots(2))
    assert found.total("EUR").expectation == 2 * 3


def test_what_is_absent_matters_only_where_it_is_looked_at(made):
    gaps = Known(np.array([[5, 0, 3]] * 2), np.array([[True, False, True]] * 2))
    world = {"worth": np.array([[50, 1, 50]] * 2), LOAD: gaps, BASELINE: np.full(3, 9)}
    world["offered"] = np.array([6, 0, 6])
    found = value_report(
        called_down(), "aggregator", world, made.slots(3), prices={"flexibility": WORTH}
    )
    assert found.total("EUR").expectation == (300 - 80 + 60 - 6) + 0 + (300 - 120 - 6)


def test_an_amount_named_ahead_weighs_what_it_may_miss(made):
    """Short is dear and long is dear: the best order is a quantile of what will be there."""
    slots = made.slots(4)
    there = stream(4, "there").integers(0, 1000, (2000, 4))
    order = nominated("order", "h", Const(1000, "Wh"), slots.step)
    met = minimum(order, S)
    terms = pay(met * micro(10) - (order - met) * micro(30), "w", "h", "k", "EUR")
    found = value_report(terms, "h", {"s": there}, slots)
    best = max(
        4 * np.mean(np.minimum(there, q) * 10 - np.maximum(q - there, 0) * 30)
        for q in range(0, 1000, 10)
    )
    total = found.total("EUR")
    assert best * 0.93 < total.expectation < best + 3 * total.standard_error
    assert found.decided[0].most == pytest.approx(10 * there.sum(axis=1).mean())
    assert "quantiles" in found.decided[0].method or "same in every slot" in found.decided[0].method
