"""Choices slot by slot: the best corner, what a notice costs, and bounds of open contracts."""

import json
from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.base.randomness import stream
from gridpact.contracts.formulas import decision, nominated, running, share
from gridpact.contracts.observables import Const, Series
from gridpact.contracts.terms import either, pay, sale, within
from gridpact.contracts.valuation.bounds import bounds
from gridpact.contracts.valuation.choices import Refusal, plans
from gridpact.contracts.valuation.onefactor import OneFactor
from gridpact.contracts.valuation.report import value_report
from gridpact.contracts.valuation.slotwise import take_slotwise
from gridpact.contracts.valuation.value import value

DAY = 86_400
SPOT, LOAD = Series("spot", "micro/kWh"), Series("load", "Wh")
YES = decision("yes", "holder", 0)


def terms(notice_s=0):
    """A yes/no on a fixed price beside an amount of energy that is paid back at spot."""
    amount = nominated("amount", "holder", LOAD, notice_s, low=Const(2, "Wh"))
    chosen = decision("yes", "holder", notice_s)
    return (
        pay(chosen * amount * SPOT, "writer", "holder", "sold", "EUR")
        + pay(amount * Const(100, "micro/kWh"), "holder", "writer", "bought", "EUR")
        + pay(chosen * Const(90, "nano"), "holder", "writer", "fee", "EUR")
    )


@settings(deadline=None, max_examples=60)
@given(seed=st.integers(0, 10**6))
def test_no_decision_does_better_than_the_one_taken(made, seed):
    slots = made.slots(2)
    draw = stream(seed, "slotwise")
    world = {"spot": draw.integers(0, 250, (3, 2)), "load": draw.integers(2, 6, 2)}
    (plan,) = plans(terms())
    taken = take_slotwise(plan, world, slots)
    found = value(terms(), "holder", {**world, **taken.choices}, slots).present["EUR", ""]
    for row in range(3):
        best = 0
        for slot in range(2):
            spot, load = int(world["spot"][row, slot]), int(world["load"][slot])
            ways = product((0, 1), range(2, load + 1))  # every whole amount, not only the ends
            best += max(yes * (a * spot - 90) - a * 100 for yes, a in ways)
        assert found[row] == best


def test_a_notice_is_decided_on_what_is_known_then(made):
    slots = made.slots(4, 30 * DAY)
    law = OneFactor("spot", slots, np.full(4, 80_000.0), 0.9)
    world = {"spot": law.paths(4000, 6)}
    means, gain = [], (SPOT - 80_000) * Const(1, "Wh")
    for steps in range(5):
        chosen = decision("yes", "holder", steps * slots.step)
        contract = pay(chosen * gain, "writer", "holder", "gain", "EUR")
        (plan,) = plans(contract)
        taken = take_slotwise(plan, world, slots)
        chosen_on = taken.choices["choice:yes"]
        for slot in range(slots.count):
            known = world["spot"][:, max(slot - steps, 0)]
            agree = np.mean(chosen_on[:, slot] == (known > 80_000))
            # a martingale: exercise where the last known price is above the strike
            assert slot - steps <= 0 or agree > 0.97
        found = value(contract, "holder", {**world, **taken.choices}, slots).total("EUR")
        means.append((found.expectation, found.standard_error))
    for (sooner, error), (later, _) in pairwise(means):
        assert later <= sooner + 3 * error
    none, error = means[-1]
    assert abs(none) <= 4 * error  # with nothing known the price is worth the strike


def test_no_decision_sees_its_own_future(made):
    """On noise without memory no policy has an edge, and ours does not find a false one."""
    slots = made.slots(8)
    world = {"spot": stream(3, "noise").integers(-1000, 1001, (400, 8))}
    chosen = decision("yes", "holder", 2 * slots.step)
    contract = pay(chosen * SPOT * Const(1, "Wh"), "writer", "holder", "gain", "EUR")
    (plan,) = plans(contract)
    taken = take_slotwise(plan, world, slots)
    found = value(contract, "holder", {**world, **taken.choices}, slots).total("EUR")
    assert not taken.choices["choice:yes"].any()
    assert found.expectation == 0
    knowing = take_slotwise(plan, world, slots, foresight=True)
    best = value(contract, "holder", {**world, **knowing.choices}, slots).total("EUR")
    assert best.expectation == pytest.approx(np.maximum(world["spot"], 0).sum(axis=1).mean())


def test_bounds_of_an_amount_must_be_known_when_it_is_named(made):
    slots = made.slots(2)
    world = {"spot": np.arange(1000).reshape(500, 2), "load": np.arange(1000).reshape(500, 2) + 2}
    (plan,) = plans(terms(notice_s=60))
    assert take_slotwise(plan, world, slots) == Refusal(
        ("amount", "yes"), "its bounds differ by path and are not known at its notice"
    )


def test_corners_bound_exactly_where_intervals_lose_what_hangs_together(made):
    slots = made.slots(3)
    world = {"spot": np.array([[10, 20, 30], [40, 50, 60]])}
    fixed = pay(Const(25, "nano"), "writer", "holder", "a", "EUR")
    floating = pay(SPOT * Const(1, "Wh"), "writer", "holder", "b", "EUR")
    contract = either("side", "holder", fixed, floating, 0)
    found = bounds(contract, "holder", world, slots)
    low, high = found.ends["EUR"]
    assert (low.tolist(), high.tolist()) == ([10 + 20 + 25, 75], [25 + 25 + 30, 150])
    assert found.ways == {("side",): "corners"}
    mirrored = bounds(contract, "writer", world, slots)
    assert (mirrored.ends["EUR"][0] == -high).all()
    limited = within(YES * (running(YES) <= 1), either("side", "holder", fixed, floating, 0))
    outer = bounds(limited, "holder", world, slots)
    assert outer.ways == {("side", "yes"): "intervals"}
    assert outer.ends["EUR"][1].tolist() == [75 + 60, 75 + 150]  # both sides at once
    assert json.loads(json.dumps(outer.as_dict()))["currencies"]["EUR"]["low"] == 0


@settings(deadline=None, max_examples=60)
@given(data=st.data(), seed=st.integers(0, 10**6))
def test_every_decision_falls_between_the_bounds(gen, data, seed):
    contract = data.draw(gen.contracts()) + pay(Const(1, "nano"), "a", "b", "energy", "EUR")
    full = gen.world(seed)
    opened = {name: entry for name, entry in full.items() if not name.startswith("choice:")}
    found = bounds(contract, "a", opened, gen.slots)
    exact = value(contract, "a", full, gen.slots)
    for code in exact.currencies:
        low, high = found.ends[code]
        assert (low <= exact.present[code, ""]).all()
        assert (exact.present[code, ""] <= high).all()


def test_a_report_takes_what_it_can_and_names_what_it_leaves_out(made):
    slots = made.slots(6)
    world = {"spot": stream(1, "spot").integers(0, 200, (400, 6)), "load": np.full(6, 5)}
    gain = (SPOT - 100) * Const(1, "Wh")
    swung = decision("swing", "holder", 0)
    odd = nominated("odd", "writer", Const(4, "Wh"), 0)
    contract = (
        pay(YES * gain, "writer", "holder", "strip", "EUR")
        + pay(swung * (running(swung) <= 2) * gain, "writer", "holder", "swing", "EUR")
        + pay(share(odd, 500_000) * Const(21, "micro/kWh"), "holder", "writer", "odd", "EUR")
    )
    found = value_report(contract, "holder", world, slots)
    strip = np.maximum(world["spot"] - 100, 0).sum(axis=1)
    assert (found.present["EUR", "strip"] == strip).all()
    best = np.sort(np.maximum(world["spot"] - 100, 0), axis=1)[:, -2:].sum(axis=1)
    assert (found.present["EUR", "swing"] <= best).all()
    told = {one.labels: one for one in found.decided}
    assert told["yes",].worth == told["yes",].most == pytest.approx(strip.mean())
    assert told["swing",].most == pytest.approx(best.mean())
    assert told["swing",].worth == pytest.approx(found.kinds("EUR")["swing"].expectation)
    again = found.weighted(np.ones(400), 0.9)
    assert (again.decided, again.undecided) == (found.decided, found.undecided)
    assert again.total("EUR").expectation == pytest.approx(found.total("EUR").expectation)
    (left,) = found.undecided
    assert (left.labels, left.ends) == (("odd",), (("EUR", -252.0, 0.0),))
    assert "odd" not in found.kinds("EUR")
    text = "\n".join(found.lines())
    assert "choice odd was not taken: payments are not affine in 'odd'" in text
    at = found.lines().index("EUR  without choice odd: its payments lie between -2.52e-07 and 0.00")
    assert found.lines()[at + 1].startswith("     all else expected ")
    assert "choice swing, taken by holder: by least squares on paths" in text
    assert json.loads(json.dumps(found.as_dict()))["undecided"][0]["labels"] == ["odd"]


def test_a_report_prices_delivery_and_says_when_a_price_lacks(made):
    slots = made.slots(3)
    world = {"spot": np.array([120, 90, 150])}
    contract = within(YES, sale(Const(2, "Wh"), Const(100, "micro/kWh"), "w", "holder", "k", "EUR"))
    found = value_report(contract, "holder", world, slots, prices={"energy": SPOT})
    assert found.total("EUR").expectation == 2 * (20 + 50)
    bare = value_report(contract, "w", world, slots)
    assert bare.currencies == ()
    assert "energy moves with it" in bare.undecided[0].reason
    assert bare.undecided[0].ends == (("EUR", 0.0, 600.0),)
    headline = "EUR  without choice yes: its payments lie between 0.00 and 6e-07"
    assert bare.lines()[3:5] == [headline, "     nothing else is paid"]
