"""Rounding rules against the decimal module, ratios and shares against exact fractions."""

from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Context, Decimal
from fractions import Fraction
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.base import rounding
from gridpact.base.errors import NumberOverflow
from gridpact.base.randomness import stream
from gridpact.base.rounding import (
    RULES,
    half_even_by,
    largest_remainder,
    muldiv,
    round_half_even,
)
from gridpact.base.units import INT64_MAX

EXACT = Context(prec=60)
amounts = st.one_of(
    st.integers(-(2**63), INT64_MAX),
    st.integers(-50, 50),
    st.sampled_from([-(2**63), -INT64_MAX, INT64_MAX, 2**62, -(2**62)]),
)
units = st.one_of(
    st.integers(1, 12),
    st.sampled_from([10**7, 10**9, 2**62, 2**62 + 1, INT64_MAX - 1, INT64_MAX]),
    st.integers(1, INT64_MAX),
)


def by_decimal(amount, unit, rule):
    """Round by the decimal module; 60 digits hold the quotient of two 64-bit numbers apart."""
    whole, rest = divmod(amount, unit)  # exact; the module then rounds only the fraction
    fraction = EXACT.divide(Decimal(rest), Decimal(unit))
    if rest and 2 * rest != unit:
        return whole + int(fraction.quantize(Decimal(1), rounding=rule))
    return int((EXACT.add(Decimal(whole), fraction)).quantize(Decimal(1), rule, EXACT))


@given(amounts, units)
@settings(deadline=None, max_examples=800)
def test_rules_agree_with_the_decimal_module(amount, unit):
    array = np.array([amount, -amount if amount > -(2**63) else 0], dtype=np.int64)
    modes = {"half-even": ROUND_HALF_EVEN, "half-away": ROUND_HALF_UP}  # "up" is away from zero
    assert set(modes) == set(RULES)
    for name, mode in modes.items():
        rounded = RULES[name](array, unit)
        assert rounded.dtype == np.int64
        assert rounded.tolist() == [by_decimal(int(value), unit, mode) for value in array]


def test_ties():
    ties = np.array([-25, -15, -5, 5, 15, 25])
    assert RULES["half-even"](ties, 10).tolist() == [-2, -2, 0, 0, 2, 2]
    assert RULES["half-away"](ties, 10).tolist() == [-3, -2, -1, 1, 2, 3]


@given(
    st.lists(st.tuples(amounts, amounts, units), max_size=4),
    st.booleans(),
)
@settings(deadline=None, max_examples=800)
def test_muldiv_is_the_exact_fraction_rounded_once(rows, small):
    if small:
        rows = [(v % 10**6, n % 10**6, d % 10**6 + 1) for v, n, d in rows]
    value, numerator, denominator = np.array(rows, dtype=np.int64).reshape(-1, 3).T
    exact = [round(Fraction(v * n, d)) for v, n, d in rows]  # round() ties to even
    if any(abs(result) > INT64_MAX for result in exact):
        with pytest.raises(NumberOverflow):
            muldiv(value, numerator, denominator)
    else:
        result = muldiv(value, numerator, denominator)
        assert result.dtype == np.int64
        assert result.tolist() == exact


@given(
    st.integers(1, 2**53),
    st.integers(-(2**52), 2**52),
    st.sampled_from([-1, 0, 1]),
    st.sampled_from([2**51 - 1, 2**51, 2**51 + 1]),
)
@settings(deadline=None, max_examples=800)
def test_quotients_beside_a_tie_are_exact_where_floats_divide_and_where_they_do_not(
    divisor, quotient, beside, edge
):
    near_tie = (2 * quotient + 1) * divisor // 2 + beside
    amounts = np.array([near_tie % edge, -(near_tie % edge), edge, -edge], dtype=np.int64)
    exact = [round(Fraction(amount, divisor)) for amount in amounts.tolist()]
    assert half_even_by(amounts, np.int64(divisor)).tolist() == exact
    assert muldiv(amounts, np.int64(1), np.int64(divisor), peak=edge).tolist() == exact


@given(st.integers(1, 2**20), st.integers(0, 2**30), st.sampled_from([-1, 0, 1]))
@settings(deadline=None, max_examples=800)
def test_ties_below_the_float_bound(half, quotient, beside):
    amount = (2 * quotient + 1) * half + beside  # a tie of the divisor 2 * half, or beside one
    found = half_even_by(np.array([amount, -amount]), np.int64(2 * half))
    assert found.tolist() == [round(Fraction(amount, 2 * half)), round(Fraction(-amount, 2 * half))]


def test_muldiv_broadcasts_and_refuses_a_denominator_that_is_not_positive():
    result = muldiv(np.array([[1], [3]]), np.array([5, 15]), np.array(10))
    assert result.tolist() == [[0, 2], [2, 4]]
    for denominator in (0, -1):
        with pytest.raises(ValueError, match="positive"):
            muldiv(np.array([1]), np.array([1]), np.array([denominator]))


def test_muldiv_takes_the_most_negative_number():
    # its absolute value does not fit 64 bits, so it must not be taken with numpy
    assert muldiv(np.array([-(2**63)]), np.array([6]), np.array([12])).tolist() == [-(2**62)]


@given(amounts, units)
@settings(deadline=None, max_examples=300)
def test_the_array_form_of_half_even_equals_the_integer_form(amount, divisor):
    array = half_even_by(np.array([amount]), np.array([divisor]))
    assert (
        array.tolist() == [round_half_even(amount, divisor)] == [round(Fraction(amount, divisor))]
    )


def hamilton(total, weights):
    """Divide by largest remainder with exact fractions, ties to the lower row."""
    whole = sum(weights)
    if whole == 0:
        return [0] * len(weights)
    quotas = [Fraction(total * weight, whole) for weight in weights]
    shares = [int(quota) for quota in quotas]
    order = sorted(range(len(weights)), key=lambda row: (shares[row] - quotas[row], row))
    for row in order[: total - sum(shares)]:
        shares[row] += 1
    return shares


@given(
    st.integers(0, 7).flatmap(
        lambda rows: st.lists(
            st.tuples(
                st.one_of(st.integers(0, 12), st.integers(0, 3 * 10**9)),
                st.lists(
                    st.one_of(st.integers(0, 4), st.integers(0, 3 * 10**9)),
                    min_size=rows,
                    max_size=rows,
                ),
            ),
            max_size=5,
        ).map(lambda columns: (rows, columns))
    )
)
@settings(deadline=None, max_examples=600)
def test_shares_are_those_of_hamilton_and_keep_the_whole(case):
    rows, columns = case
    total = np.array([total for total, _ in columns], dtype=np.int64)
    weights = np.array([w for _, w in columns], dtype=np.int64).reshape(len(columns), rows).T
    shares = largest_remainder(total, weights)
    assert shares.dtype == np.int64
    assert shares.shape == weights.shape
    assert shares.T.tolist() == [hamilton(total, list(row)) for total, row in columns]
    for (amount, row), got in zip(columns, shares.T.tolist(), strict=True):
        if sum(row):
            assert sum(got) == amount
            for weight, share in zip(row, got, strict=True):
                assert abs(share - Fraction(amount * weight, sum(row))) < 1
                assert share <= weight or sum(row) < amount
                assert weight or not share


def test_equal_remainders_go_to_the_lower_rows():
    assert largest_remainder(np.array([2]), np.ones((4, 1), np.int64)).ravel().tolist() == [
        1,
        1,
        0,
        0,
    ]
    assert largest_remainder(np.array([5]), np.array([[1], [0], [1], [1]])).ravel().tolist() == [
        2,
        0,
        2,
        1,
    ]


def test_shares_too_big_for_64_bits_are_refused():
    with pytest.raises(NumberOverflow):
        largest_remainder(np.array([2**40]), np.array([[2**40], [1]]))
    with pytest.raises(NumberOverflow):  # the weights' sum would wrap round to zero
        largest_remainder(np.array([1]), np.full((4, 1), 2**62))


@pytest.mark.parametrize(("total", "weight"), [(-1, 1), (1, -1)])
def test_negative_shares_are_refused(total, weight):
    with pytest.raises(ValueError, match="non-negative"):
        largest_remainder(np.array([total]), np.array([[weight]]))


def test_many_rows_divide_as_few_do():
    """Beyond some thousand rows the largest are found another way, with the same result."""
    draw = stream(9, "test")
    weights = draw.integers(0, 6, (5_000, 4))
    total = np.minimum(draw.integers(0, 9_000, 4), weights.sum(axis=0))
    found = largest_remainder(total, weights)
    for column in range(4):
        each = [int(weight) for weight in weights[:, column]]
        ideal = [Fraction(int(total[column]) * weight, sum(each)) for weight in each]
        parts = [int(share) for share in ideal]
        order = sorted(range(len(each)), key=lambda row: (parts[row] - ideal[row], row))
        for row in order[: int(total[column]) - sum(parts)]:
            parts[row] += 1
        assert found[:, column].tolist() == parts


@given(
    st.lists(st.integers(0, 3) | st.integers(0, 10**9), min_size=1, max_size=200),
    st.integers(1, 40),
    st.floats(0, 1, exclude_max=True),
)
@settings(deadline=None, max_examples=400)
def test_a_place_of_the_order_is_found_whatever_the_sample_tells(values, each, share):
    """Also where the sample is of one value, or of the last in every row of ``each``."""
    place = int(share * len(values))
    with patch.object(rounding, "_EACH", each):
        assert rounding._at_place_of_many(np.array(values), place) == sorted(values)[place]


def test_a_sample_that_misleads_does_no_harm():
    values = np.where(np.arange(64_000) % rounding._EACH, np.arange(64_000), 7)
    for place in (0, 1_999, 2_000, 31_999, 63_999):
        assert rounding._at_place_of_many(values, place) == np.sort(values)[place]
