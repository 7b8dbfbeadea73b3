"""Checked arithmetic against Python's unbounded integers, near the edge of int64 above all."""

from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from gridpact.base.errors import NumberOverflow
from gridpact.base.units import (
    INT64_MAX,
    checked_add,
    checked_multiply,
    checked_sum,
    magnitude,
    micro_per_kwh,
    wh,
)

EDGES = (-(2**63), -INT64_MAX, -(2**62), -(2**32), -3, -1, 0, 1, 2, 2**31, 2**32, 2**62, INT64_MAX)
numbers = st.one_of(st.sampled_from(EDGES), st.integers(-(2**63), INT64_MAX), st.integers(-9, 9))


def columns(count):
    return st.lists(numbers, min_size=count, max_size=count).map(
        lambda values: np.array(values, dtype=np.int64)
    )


pairs = st.integers(0, 5).flatmap(lambda count: st.tuples(columns(count), columns(count)))


def fits(values):
    return all(abs(int(value)) <= INT64_MAX for value in values)


@given(pairs)
@settings(deadline=None, max_examples=500)
def test_add_and_multiply_are_exact_or_refuse(pair):
    left, right = pair
    for checked, exact in (
        (checked_add, [int(a) + int(b) for a, b in zip(left, right, strict=True)]),
        (checked_multiply, [int(a) * int(b) for a, b in zip(left, right, strict=True)]),
    ):
        if fits(exact):
            result = checked(left, right)
            assert result.dtype == np.int64
            assert result.tolist() == exact
        else:
            with pytest.raises(NumberOverflow):
                checked(left, right)


@given(
    hnp.arrays(np.int64, hnp.array_shapes(max_dims=2, min_side=0, max_side=5), elements=numbers),
    st.sampled_from([None, 0]),
)
@settings(deadline=None, max_examples=500)
def test_sum_is_exact_or_refuses(values, axis):
    exact = np.sum(values.astype(object), axis=axis)
    flat = np.asarray(exact, dtype=object).ravel().tolist()
    if fits(flat):
        result = checked_sum(values, axis)
        assert result.dtype == np.int64
        assert result.ravel().tolist() == flat
        assert result.shape == np.asarray(exact, dtype=object).shape
    else:
        with pytest.raises(NumberOverflow):
            checked_sum(values, axis)


def test_partial_sums_may_pass_the_edge_when_the_whole_does_not():
    assert checked_sum(np.array([INT64_MAX, 1, -1])) == INT64_MAX
    assert checked_sum(np.array([2**62] * 2 + [-(2**62)] * 2)) == 0


def test_the_most_negative_number_is_refused_as_a_result():
    lowest = np.array([-(2**63)])
    assert magnitude(lowest) == 2**63
    for wrong in (
        lambda: checked_sum(lowest),
        lambda: checked_add(lowest, np.array([0])),
        lambda: checked_multiply(lowest, np.array([1])),
        lambda: checked_multiply(lowest, np.array([-1])),
        lambda: checked_add(np.int64(-(2**62)) + np.zeros((), np.int64), np.array(-(2**62))),
    ):
        with pytest.raises(NumberOverflow):
            wrong()
    assert checked_add(lowest, np.array([1])).tolist() == [-INT64_MAX]


def test_shapes_broadcast_as_in_numpy():
    rows, column = np.arange(6).reshape(2, 3), np.array([[10], [20]])
    assert checked_add(rows, column).tolist() == [[10, 11, 12], [23, 24, 25]]
    assert checked_multiply(rows, column).tolist() == [[0, 10, 20], [60, 80, 100]]
    assert checked_sum(rows, axis=1).tolist() == [3, 12]


@given(st.decimals(-5000, 5000, places=6))
def test_prices_and_energy_convert_by_half_even(amount):
    exact = int((amount * 1000).quantize(Decimal(1), rounding=ROUND_HALF_EVEN))
    assert micro_per_kwh(Fraction(amount)) == exact
    assert wh(Fraction(amount)) == exact


def test_conversions_at_known_values():
    assert micro_per_kwh(84.32) == 84_320  # ¤/MWh → µ¤/kWh
    assert micro_per_kwh(Fraction("-0.0005")) == 0
    assert wh(Fraction("0.0015")) == 2
    assert wh(3) == 3000
