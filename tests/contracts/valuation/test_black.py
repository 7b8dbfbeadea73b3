"""European strips against Black's formula of 1976, by simulation and on lattices."""

import numpy as np
import pytest
from scipy.stats import norm

from gridpact.base.errors import NumberOverflow
from gridpact.contracts.errors import IllFormed
from gridpact.contracts.observables import Const, Series
from gridpact.contracts.products.option import OptionTerms, call, put
from gridpact.contracts.valuation.choices import plans
from gridpact.contracts.valuation.lattice import Lattice, Step, binomial, trinomial
from gridpact.contracts.valuation.onefactor import OneFactor
from gridpact.contracts.valuation.present import discount_factors, marked
from gridpact.contracts.valuation.slotwise import take_slotwise
from gridpact.contracts.valuation.tree import swing_on_lattice
from gridpact.contracts.valuation.value import value

DAY = 86_400
YEAR_DAYS = 365
STRIKE, QUANTITY = 82_000, 1_000
TERMS = OptionTerms(Const(QUANTITY, "Wh"), Const(STRIKE, "micro/kWh"), Const(0, "nano"), 0, "EUR")
MARKET = {"energy": Series("spot", "micro/kWh")}


def black(forward, strike, volatility, years, sign):
    """F. Black, The pricing of commodity contracts, Journal of Financial Economics 3 (1976)."""
    spread = volatility * np.sqrt(years)
    with np.errstate(divide="ignore"):
        high = np.log(forward / strike) / spread + spread / 2
    low = high - spread
    return sign * (forward * norm.cdf(sign * high) - strike * norm.cdf(sign * low))


def law(made, days=6):
    slots = made.slots(days, 30 * DAY)
    forward = 80_000 * (1 + 0.1 * np.cos(np.arange(days)))
    return OneFactor("spot", slots, forward, 0.7)


@pytest.mark.parametrize(("option", "sign"), [(call, 1), (put, -1)])
def test_a_simulated_strip_is_within_four_standard_errors_of_black(made, option, sign):
    model = law(made)
    world = {"spot": model.paths(40_000, 20)}
    contract = marked(option(TERMS, "writer", "holder"), MARKET, "EUR")
    (plan,) = plans(contract)
    taken = take_slotwise(plan, world, model.slots)
    factors = discount_factors(0.04, model.slots)
    found = value(
        contract, "holder", {**world, **taken.choices}, model.slots, discount=factors
    ).total("EUR")
    years = np.maximum(np.arange(6) * 30 / YEAR_DAYS, 1e-12)
    expected = QUANTITY * factors @ black(model.forward, STRIKE, 0.7, years, sign)
    assert abs(found.expectation - expected) < 4 * found.standard_error
    assert found.standard_error < 0.02 * expected


def test_the_simulated_law_has_the_forward_and_the_variance_it_says(made):
    model = OneFactor("spot", made.slots(5, 30 * DAY), np.full(5, 8e7), 0.9, 4.0)
    paths = model.paths(40_000, 1)
    error = paths.std(axis=0) / np.sqrt(len(paths))
    assert (np.abs(paths.mean(axis=0) - 8e7)[1:] < 4 * error[1:]).all()
    years = np.arange(5) * 30 / YEAR_DAYS
    exact = 0.81 * (1 - np.exp(-8 * years)) / 8
    assert np.log(paths).var(axis=0)[1:] == pytest.approx(exact[1:], rel=0.03)
    assert (paths == model.paths(40_000, 1)).all()
    assert not (paths == model.paths(40_000, 2)).all(axis=0)[1:].any()


def test_a_lattice_approaches_black_as_its_steps_shrink(made):
    slots = made.slots(2, 365 * DAY)
    model = OneFactor("spot", slots, np.array([1.0, 80_000_000.0]), 0.4)

    def error(strike, moves):
        found = swing_on_lattice(made.right(2, strike), binomial(model, moves), {}).expectation
        return found / float(black(80e6, strike, 0.4, 1.0, 1)) - 1

    # at the money the error is of first order, and odd numbers of moves err to the other side
    for parity, sign in ((0, -1), (1, 1)):
        errors = [sign * error(80_000_000, 2**power * 10 + parity) for power in range(6)]
        assert errors[0] == pytest.approx(0.024, abs=0.002)
        assert np.divide(errors[1:], errors[:-1]) == pytest.approx(0.5, abs=0.03)
    assert abs(error(84_000_000, 640)) < 5e-4


@pytest.mark.parametrize("reversion", [0.0, 4.0, 300.0])
def test_a_trinomial_lattice_has_the_forward_and_the_variance_of_its_law(made, reversion):
    model = OneFactor("spot", made.slots(6, 30 * DAY), np.full(6, 8e7), 0.3, reversion)
    lattice = trinomial(model)
    for slot, (chance, price) in enumerate(zip(lattice.chances(), lattice.prices, strict=True)):
        assert chance @ price == pytest.approx(8e7, rel=1e-7)
        logs = np.log(price)
        variance = chance @ logs**2 - (chance @ logs) ** 2
        years = slot * 30 / YEAR_DAYS
        rate = 2 * reversion
        exact = 0.09 * years if rate == 0 else 0.09 / rate * (1 - np.exp(-rate * years))
        assert variance == pytest.approx(exact, rel=1e-5, abs=1e-12)
    assert len(lattice.prices[-1]) <= 11


def test_put_call_parity_is_exact_on_every_path(made):
    model = law(made)
    world = {"spot": model.paths(500, 8)}
    worths = []
    for option in (call, put):
        contract = marked(option(TERMS, "writer", "holder"), MARKET, "EUR")
        (plan,) = plans(contract)
        taken = take_slotwise(plan, world, model.slots)
        found = value(contract, "holder", {**world, **taken.choices}, model.slots)
        worths.append(found.present["EUR", ""])
    forward = ((world["spot"] - STRIKE) * QUANTITY).sum(axis=1)
    assert (worths[0] - worths[1] == forward).all()


def test_lattices_hit_the_forward_curve_and_walk_with_their_chances(made):
    lattice = binomial(law(made), 3)
    for chance, price, forward in zip(
        lattice.chances(), lattice.prices, law(made).forward, strict=True
    ):
        assert chance.sum() == pytest.approx(1)
        assert chance @ price == pytest.approx(forward, abs=0.5)
    walks = lattice.walks(20_000, 5)
    last = np.bincount(walks[:, -1], minlength=16) / 20_000
    spread = np.sqrt(lattice.chances()[-1] / 20_000)
    assert (np.abs(last - lattice.chances()[-1]) < 4 * spread + 1e-3).all()


@pytest.mark.parametrize(
    ("forward", "volatility", "reversion"),
    [
        ([1.0, 1.0], 0.5, 0.0),
        ([1.0, np.nan, 1.0], 0.5, 0.0),
        ([1.0, 0.5, 1.0], 0.5, 0.0),
        ([1.0, 1.0, 1.0], 0.0, 0.0),
        ([1.0, 1.0, 1.0], np.nan, 0.0),
        ([1.0, 1.0, 1.0], 0.5, -1.0),
        ([1.0, 1.0, 1.0], 0.5, np.inf),
    ],
)
def test_a_law_out_of_range_is_refused(made, forward, volatility, reversion):
    with pytest.raises(IllFormed):
        OneFactor("spot", made.slots(3), np.array(forward), volatility, reversion)


def test_prices_beyond_64_bits_are_refused_rather_than_wrapped(made):
    model = OneFactor("spot", made.slots(3, 365 * DAY), np.full(3, 9e18), 2.0)
    for grow in (lambda: model.paths(100, 1), lambda: binomial(model, 9), lambda: trinomial(model)):
        with pytest.raises(NumberOverflow):
            grow()


@pytest.mark.parametrize(
    ("prices", "to", "chance"),
    [
        ([[1]], [[0]], [[1.0]]),
        ([[1, 2], [1, 2]], [[0, 1]], [[0.5, 0.5]]),
        ([[1], [1, 2]], [[0, 2]], [[0.5, 0.5]]),
        ([[1], [1, 2]], [[0, 1]], [[0.5, 0.6]]),
        ([[1], [1, 2]], [[0, 1]], [[1.5, -0.5]]),
        ([[1], [1, 2]], [[0, 1]], [[np.nan, 0.5]]),
    ],
)
def test_a_lattice_that_is_none_is_refused(made, prices, to, chance):
    nodes = tuple(np.array(price) for price in prices)
    with pytest.raises(IllFormed):
        Lattice("spot", made.slots(2), nodes, (Step(np.array(to), np.array(chance)),))
