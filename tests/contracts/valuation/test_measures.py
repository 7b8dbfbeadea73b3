"""Risk measures of finite samples against sorting, minimisation and figures worked by hand."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar

from gridpact.contracts.errors import IllFormed
from gridpact.contracts.valuation.measures import describe

SAMPLES = st.lists(st.tuples(st.integers(-1000, 1000), st.integers(1, 20)), min_size=1, max_size=30)
LEVELS = st.sampled_from([Fraction(1, 10), Fraction(1, 2), Fraction(4, 5), Fraction(19, 20)])
quick = settings(deadline=None, max_examples=200)


def sorted_tail(pairs, level):
    """Mean of the worst ``1 - level``, worst first, the last atom cut; and the loss at the cut."""
    whole = sum(weight for _, weight in pairs)
    left = tail = (1 - level) * whole
    summed = Fraction(0)
    for worth, weight in sorted(pairs):
        taken = min(left, weight)
        summed += taken * -worth
        left -= taken
        if not left:
            return summed / tail, -worth
    raise AssertionError


@quick
@given(SAMPLES, LEVELS)
def test_expected_shortfall_is_the_mean_of_the_sorted_tail(pairs, level):
    values, weights = (np.array(column, dtype=float) for column in zip(*pairs, strict=True))
    found = describe(values, weights, float(level))
    exact, cut = sorted_tail(pairs, level)
    assert found.expected_shortfall == pytest.approx(float(exact), abs=1e-8)
    # VaR is the smallest loss not exceeded with probability ``level``: at or below the cut
    assert found.value_at_risk <= cut
    assert found.expected_shortfall >= found.value_at_risk - 1e-9


@quick
@given(SAMPLES, LEVELS)
def test_quantiles_are_the_smallest_value_that_reaches_the_level(pairs, level):
    values, weights = (np.array(column, dtype=float) for column in zip(*pairs, strict=True))
    whole = sum(weight for _, weight in pairs)
    found = describe(values, weights, float(level))
    reached = [
        -worth
        for worth, _ in pairs
        if sum(w for other, w in pairs if -other <= -worth) >= level * whole
    ]
    assert found.value_at_risk == min(reached)
    for name, at in found.quantiles:
        share = Fraction(int(name[1:]), 100)
        enough = [v for v, _ in pairs if sum(w for o, w in pairs if o <= v) >= share * whole]
        assert at == min(enough)


@pytest.mark.parametrize("level", [0.5, 0.9, 0.95, 0.99])
def test_expected_shortfall_is_the_minimum_of_rockafellar_and_uryasev(level):
    values = np.random.Generator(np.random.PCG64(5)).standard_t(3, 400) * 100
    found = describe(values, None, level)

    def objective(threshold):
        return threshold + np.maximum(-values - threshold, 0).mean() / (1 - level)

    least = minimize_scalar(
        objective, bounds=(-values.max(), -values.min()), method="bounded", options={"xatol": 1e-9}
    )
    assert found.expected_shortfall == pytest.approx(least.fun, rel=1e-6)
    assert objective(found.value_at_risk) == pytest.approx(least.fun, rel=1e-6)


def test_a_fractional_atom_counts_with_the_part_in_the_tail():
    # ten equal paths; the worst 15 % are one path of -100 and half a path of -40
    found = describe(np.array([-100.0, -40, 0, 0, 0, 0, 0, 0, 0, 10]), None, 0.85)
    assert found.expected_shortfall == pytest.approx((100 + 0.5 * 40) / 1.5)
    assert found.value_at_risk == 40
    assert (found.worst, found.best) == (-100, 10)
    assert found.expectation == pytest.approx(-13)


def test_a_level_that_paths_reach_exactly_is_reached():
    # ten times 0.1 adds up to a little less than 0.8 on the eighth
    found = describe(-np.arange(1.0, 11.0), None, 0.8)
    assert found.value_at_risk == 8
    assert found.expected_shortfall == pytest.approx(9.5)


def test_the_standard_error_is_the_samples_deviation_over_the_root_of_its_size():
    values = np.array([1.0, 4, 4, 9])
    plain = describe(values)
    assert plain.standard_error == pytest.approx(np.std(values, ddof=1) / 2)
    assert describe(values, np.full(4, 7.0)) == plain
    assert describe(values[:1]).standard_error is None


def test_a_weight_is_as_good_as_repeating_a_path():
    repeated = describe(np.array([5.0, 5, 5, -2]))
    weighted = describe(np.array([5.0, -2]), np.array([3.0, 1]))
    assert weighted.quantiles == repeated.quantiles
    for name in ("expectation", "value_at_risk", "expected_shortfall"):
        assert getattr(weighted, name) == pytest.approx(getattr(repeated, name))


@pytest.mark.parametrize(
    ("values", "weights", "level"),
    [
        ([], None, 0.95),
        ([1.0, np.nan], None, 0.95),
        ([1.0, 2.0], [1.0], 0.95),
        ([1.0, 2.0], [1.0, -1.0], 0.95),
        ([1.0, 2.0], [0.0, 0.0], 0.95),
        ([1.0, 2.0], [np.inf, 0.0], 0.95),
        ([1.0, 2.0], None, 1.0),
        ([1.0, 2.0], None, 0.0),
    ],
)
def test_nonsense_is_refused(values, weights, level):
    with pytest.raises(IllFormed):
        describe(np.array(values), None if weights is None else np.array(weights), level)
