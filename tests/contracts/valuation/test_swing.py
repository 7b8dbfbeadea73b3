"""Swing rights on paths and lattices, against enumeration of every policy."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.base.randomness import stream
from gridpact.contracts.errors import IllFormed
from gridpact.contracts.formulas import decision, running
from gridpact.contracts.observables import Choice, Const, Series
from gridpact.contracts.terms import pay, within
from gridpact.contracts.times import Between
from gridpact.contracts.valuation.choices import Refusal, plans
from gridpact.contracts.valuation.dual import dual_bound, foresight_bound
from gridpact.contracts.valuation.lattice import Lattice, Step, binomial, trinomial
from gridpact.contracts.valuation.onefactor import OneFactor
from gridpact.contracts.valuation.payoffs import payoffs
from gridpact.contracts.valuation.swing import take_swing, worth
from gridpact.contracts.valuation.tree import lattice_payoffs, swing_on_lattice
from gridpact.contracts.valuation.value import value

YEAR, HOUR = 365 * 86_400, 3600
SPOT = Series("spot", "micro/kWh")


def model(slots, volatility=3.0, reversion=0.0, level=80_000, series="spot"):
    shape = 1 + 0.2 * np.sin(np.arange(slots.count) * 1.7)
    return OneFactor(series, slots, level * shape, volatility, reversion)


@settings(deadline=None, max_examples=80)
@given(
    prices=st.lists(st.integers(0, 200), min_size=1, max_size=8),
    limit=st.integers(0, 3),
    take=st.integers(0, 4),
    halved=st.booleans(),
)
def test_with_foresight_every_set_of_slots_is_considered(made, brute, prices, limit, take, halved):
    slots = made.slots(len(prices))
    plan = made.right(limit, 100, take=take, penalty=30)
    factors = 0.5 ** np.arange(len(prices)) if halved else np.ones(len(prices))
    found = foresight_bound(plan, {"spot": np.array(prices)}, slots, factors)
    gains = [(price - 100) * factor for price, factor in zip(prices, factors, strict=True)]

    def settled(count):
        return -30 * max(take - count, 0) * factors[-1]

    assert found.tolist() == [brute.paths(gains, limit, [(0, len(prices))], settled)]


@settings(deadline=None, max_examples=40)
@given(seed=st.integers(0, 10**6), limit=st.integers(1, 2))
def test_rights_begin_again_with_each_period(made, brute, seed, limit):
    slots = made.slots(6, 8 * 3600)  # two days of three slots
    prices = stream(seed, "prices").integers(0, 200, (3, 6))
    plan = made.right(limit, 100, period="day@UTC", take=2, penalty=50)
    found = foresight_bound(plan, {"spot": prices}, slots)
    for row, path in enumerate(prices.tolist()):
        gains = [price - 100 for price in path]
        best = brute.paths(gains, limit, [(0, 3), (3, 6)], lambda n: -50 * max(2 - n, 0))
        assert found[row] == best


@pytest.mark.parametrize(("limit", "take"), [(1, 0), (2, 0), (2, 1), (2, 2)])
@pytest.mark.parametrize("grow", [binomial, trinomial])
def test_the_programme_finds_the_best_of_all_policies(made, brute, grow, limit, take):
    slots = made.slots(4 if grow is binomial else 3, YEAR // 4)
    if limit == 2 and grow is binomial:
        slots = made.slots(3, YEAR // 4)
    lattice = grow(model(slots, volatility=0.5))
    plan = made.right(limit, 85_000, take=take, penalty=9_000)
    found = swing_on_lattice(plan, lattice, {})
    best = brute.tree(
        lattice, lambda price: price - 85_000, limit, lambda n: -9_000 * max(take - n, 0)
    )
    assert found.expectation == pytest.approx(best, rel=1e-12)
    assert found.without == -9_000 * take


def test_what_the_programme_decides_is_worth_what_it_says(made, brute):
    slots = made.slots(5, YEAR // 5)
    lattice = binomial(model(slots, volatility=0.6), substeps=2)
    contract, plan = (made_by(2, 80_000) for made_by in (made.rights, made.right))
    found = swing_on_lattice(plan, lattice, {})
    walks = brute.walks(lattice)
    nodes, chances = np.array([w for w, _ in walks]), np.array([c for _, c in walks])
    world = {"spot": lattice.prices_on(nodes)}
    taken = found.decide(lattice_payoffs(plan, lattice, {}), nodes)
    told = value(contract, "holder", {**world, "choice:exercise": taken}, slots)
    exact = told.weighted(chances).total("EUR").expectation
    assert exact == pytest.approx(found.expectation, rel=1e-9)
    writer = value(contract, "writer", {**world, "choice:exercise": taken}, slots)
    assert writer.weighted(chances).total("EUR").expectation == pytest.approx(-exact)


def cox_ross_rubinstein(start, strike, volatility, years, steps, every, put):
    """A Bermudan option with no interest, by the textbook's recursion on one array."""
    step = years / steps
    up = np.exp(volatility * np.sqrt(step))
    chance = (1 - 1 / up) / (up - 1 / up)
    sign = -1 if put else 1
    held = None
    for level in range(steps, -1, -1):
        price = start * up ** (2.0 * np.arange(level + 1) - level)
        held = np.zeros(level + 1) if held is None else chance * held[1:] + (1 - chance) * held[:-1]
        if level % every == 0:
            held = np.maximum(held, sign * (price - strike))
    return held[0]


@pytest.mark.parametrize("put", [False, True])
def test_one_right_is_a_bermudan_option(made, put):
    slots = made.slots(13, YEAR // 365 * 30)
    flat = OneFactor("spot", slots, np.full(13, 80_000_000.0), 0.4)
    found = swing_on_lattice(made.right(1, 82_000_000, put=put), binomial(flat, 5), {})
    years = 12 * flat.step_years
    expected = cox_ross_rubinstein(80_000_000, 82_000_000, 0.4, years, 60, 5, put)
    assert found.expectation == pytest.approx(expected, rel=1e-6)


def test_more_rights_are_worth_more_each_less_and_all_are_the_strip(made):
    slots = made.slots(8, YEAR // 8)
    lattice = trinomial(model(slots, volatility=0.5, reversion=2.0))
    worths = [
        swing_on_lattice(made.right(limit, 79_000), lattice, {}).expectation for limit in range(9)
    ]
    steps = np.diff(worths)
    assert worths[0] == 0
    assert (steps > 0).all()
    assert (np.diff(steps) <= 1e-6).all()
    strip = sum(
        float(chance @ np.maximum(price - 79_000, 0))
        for chance, price in zip(lattice.chances(), lattice.prices, strict=True)
    )
    assert worths[8] == pytest.approx(strip, rel=1e-12)


def test_rights_of_different_periods_do_not_touch_each_other(made):
    slots = made.slots(6, 8 * HOUR)
    law = model(slots, volatility=4.0, reversion=50.0)
    lattice = trinomial(law)
    plan = made.right(2, 80_000, period="day@UTC", take=1, penalty=9_000)
    found = swing_on_lattice(plan, lattice, {})
    apart = 0.0
    for day in (0, 1):  # the rights of a day alone, by a window in place of a period
        begin = slots.start + day * 24 * HOUR
        window = Between(begin, begin + 24 * HOUR)
        alone = made.right(2, 80_000, take=1, penalty=9_000)
        plan_of_day = replace(alone, choice=replace(alone.choice, high=window))
        apart += swing_on_lattice(plan_of_day, lattice, {}).expectation
    assert found.expectation == pytest.approx(apart, rel=1e-12)
    nodes = lattice.walks(10_000, 3)
    world = {"spot": lattice.prices_on(nodes)}
    upper = dual_bound(plan, "spot", lattice.successors(nodes), world, slots)
    error = upper.std(ddof=1) / np.sqrt(upper.size)
    assert -4 * error <= upper.mean() - found.expectation <= 0.01 * found.expectation
    taken = take_swing(plan, world, slots)
    had = worth(payoffs(plan, world, slots), taken.choices["choice:exercise"])
    error = had.std() / np.sqrt(had.size)
    assert abs(had.mean() - found.expectation) < 3 * error < 0.04 * found.expectation


def test_a_longer_notice_is_worth_no_more(made):
    slots = made.slots(6, YEAR // 6)
    lattice = binomial(model(slots, volatility=0.5), substeps=3)
    worths = [
        swing_on_lattice(made.right(2, 80_000, notice_s=n * slots.step), lattice, {}).expectation
        for n in range(8)
    ]
    assert (np.diff(worths) <= 1e-6).all()
    # who must say everything before the first price knows the forward curve alone
    forwards = np.array(
        [float(c @ p) for c, p in zip(lattice.chances(), lattice.prices, strict=True)]
    )
    assert worths[7] == pytest.approx(np.sort(np.maximum(forwards - 80_000, 0))[-2:].sum())


@pytest.mark.parametrize("reversion", [0.0, 3.0])
@pytest.mark.parametrize("notice", [0, 1])
def test_bounds_on_paths_hold_the_exact_value_between_them(made, reversion, notice):
    slots = made.slots(10, YEAR // 10)
    law = model(slots, volatility=0.6, reversion=reversion)
    lattice = trinomial(law)
    contract, plan = (
        made_by(3, 80_000, notice_s=notice * slots.step, take=2, penalty=5_000)
        for made_by in (made.rights, made.right)
    )
    exact = swing_on_lattice(plan, lattice, {}).expectation
    nodes = lattice.walks(4000, 11)
    world = {"spot": lattice.prices_on(nodes)}
    taken = take_swing(plan, world, slots)
    lower = value(contract, "holder", {**world, **taken.choices}, slots).total("EUR")
    upper = dual_bound(plan, "spot", lattice.successors(nodes), world, slots)
    error = upper.std(ddof=1) / np.sqrt(upper.size)
    foresight = foresight_bound(plan, world, slots).mean()
    assert lower.expectation <= exact + 3 * lower.standard_error
    assert lower.expectation >= 0.93 * exact
    assert exact - 4 * error <= upper.mean() <= foresight
    if not notice:
        assert upper.mean() - exact <= 0.05 * exact
        assert error < lower.standard_error / 4  # the charges take the luck out of the paths


def test_with_a_long_notice_paths_come_close_to_the_lattice(made):
    slots = made.slots(10, YEAR // 10)
    lattice = trinomial(model(slots, volatility=1.0, reversion=6.0))
    plan = made.right(3, 80_000, notice_s=3 * slots.step)
    exact = swing_on_lattice(plan, lattice, {}).expectation
    world = {"spot": lattice.prices_on(lattice.walks(10_000, 11))}
    taken = take_swing(plan, world, slots).choices["choice:exercise"]
    had = worth(payoffs(plan, world, slots), taken)
    error = had.std() / np.sqrt(had.size)
    assert error < 0.015 * exact
    assert -0.03 * exact < had.mean() - exact < 3 * error


def test_draws_of_a_simulator_bound_as_a_lattice_does(made):
    slots = made.slots(6, YEAR // 6)
    law = model(slots, volatility=0.5, reversion=1.0)
    plan = made.right(2, 80_000)
    world = {"spot": law.paths(2000, 3)}
    upper = dual_bound(plan, "spot", law.successors(world["spot"], 40, 4), world, slots)
    taken = take_swing(plan, world, slots)
    lower = worth(payoffs(plan, world, slots), taken.choices["choice:exercise"])
    apart = (upper - lower).mean() / lower.mean()
    assert 0 < apart < 0.12
    exact = swing_on_lattice(plan, trinomial(law), {}).expectation
    assert lower.mean() <= exact * 1.05 + 3 * lower.std() / np.sqrt(lower.size)
    assert upper.mean() >= exact * 0.98


def test_a_small_tree_worked_by_hand(made):
    slots = made.slots(3)
    lattice = Lattice(
        "spot",
        slots,
        (np.array([100]), np.array([150, 90]), np.array([120])),
        (
            Step(np.array([[0, 1]]), np.array([[0.5, 0.5]])),
            Step(np.array([[0], [0]]), np.ones((2, 1))),
        ),
    )
    # at 150 take 50 rather than wait for 20; at 90 wait
    assert swing_on_lattice(made.right(1, 100), lattice, {}).expectation == 35
    half = swing_on_lattice(made.right(1, 100), lattice, {}, np.array([1.0, 0.5, 0.5]))
    assert half.expectation == 17.5


def test_a_right_is_not_used_where_it_is_closed(made):
    slots = made.slots(4)
    hours = Between(slots.start + HOUR, slots.start + 3 * HOUR)
    chosen = Choice("exercise", "holder", Const(0, "1"), hours, 0, "1")
    gain = (SPOT - 100) * Const(1, "Wh")
    counted = chosen * (running(chosen) <= 1)
    (plan,) = plans(within(counted, pay(gain, "writer", "holder", "gain", "EUR")))
    spot = np.array([[190, 120, 150, 180], [110, 90, 95, 190]])
    assert foresight_bound(plan, {"spot": spot}, slots).tolist() == [50, 0]
    learnt = np.repeat(spot, 200, axis=0)
    taken = take_swing(plan, {"spot": learnt}, slots).choices["choice:exercise"]
    assert not taken[:, [0, 3]].any()
    assert (worth(payoffs(plan, {"spot": learnt}, slots), taken) == np.repeat([50, 0], 200)).all()


def test_a_lattice_must_tell_all_that_payments_look_at(made):
    slots = made.slots(3, YEAR)
    lattice = binomial(model(slots, volatility=0.5))
    chosen = decision("exercise", "holder", 0)
    average = pay(running(SPOT) * Const(1, "Wh"), "writer", "holder", "gain", "EUR")
    (plan,) = plans(within(chosen * (running(chosen) <= 1), average))
    with pytest.raises(IllFormed, match="a fold looks at 'spot'"):
        swing_on_lattice(plan, lattice, {})
    other = pay(Series("other", "nano"), "writer", "holder", "gain", "EUR")
    (plan,) = plans(within(chosen * (running(chosen) <= 1), other))
    with pytest.raises(IllFormed, match="'other' has paths"):
        swing_on_lattice(plan, lattice, {"other": np.ones((2, 3), dtype=np.int64)})


def test_too_few_paths_are_refused_with_their_number(made):
    slots = made.slots(3)
    spot = np.array([[1, 2, 3], [3, 2, 1]]) * 100
    found = take_swing(made.right(1, 100), {"spot": spot}, slots)
    assert found == Refusal(
        ("exercise",), "2 paths are too few to learn from, at least 160 are needed"
    )
