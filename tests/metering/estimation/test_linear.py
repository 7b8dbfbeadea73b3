"""Filling of gaps against numpy's interpolation and exact fractions."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from gridpact.base.errors import NumberOverflow
from gridpact.metering.estimation.linear import METHOD, filled

WH = st.integers(0, 20) | st.integers(0, 100_000)


def cell(values, known, at):
    """One value on a straight line between its neighbours, in fractions."""
    seen = [place for place, there in enumerate(known) if there]
    if not seen:
        return 0
    left = max((place for place in seen if place <= at), default=seen[0])
    right = min((place for place in seen if place >= at), default=seen[-1])
    if left >= right:
        return values[left]
    rise = Fraction(values[right] - values[left], right - left)
    return round(values[left] + rise * (at - left))


@st.composite
def registers(draw):
    shape = draw(st.tuples(st.integers(0, 4), st.integers(1, 12)))
    return draw(arrays(np.int64, shape, elements=WH)), draw(arrays(bool, shape))


@given(registers())
@settings(deadline=None, max_examples=200)
def test_against_fractions_and_numpy(case):
    values, known = case
    found = filled(values, known)
    for row in range(len(values)):
        own, there = values[row].tolist(), known[row].tolist()
        assert found[row].tolist() == [cell(own, there, at) for at in range(len(own))]
        if known[row].any():
            line = np.interp(
                np.arange(len(own)), np.flatnonzero(known[row]), values[row][known[row]]
            )
            np.testing.assert_allclose(found[row], line, atol=0.5 + 1e-6)
    np.testing.assert_array_equal(found[known], values[known])


@given(registers())
@settings(deadline=None, max_examples=60)
def test_what_is_under_a_gap_does_not_matter_and_inputs_stay(case):
    values, known = case
    before = values.copy()
    other = np.where(known, values, -987)
    np.testing.assert_array_equal(filled(values, known), filled(other, known))
    np.testing.assert_array_equal(values, before)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ("10 . . 40", [10, 20, 30, 40]),
        ("0 . 1", [0, 0, 1]),  # a half goes to the even number
        ("1 . 2", [1, 2, 2]),
        ("2 . 1", [2, 2, 1]),
        (". . 7 . .", [7, 7, 7, 7, 7]),
        ("3 . . . 3", [3] * 5),
        (". .", [0, 0]),
        ("5 6", [5, 6]),
    ],
)
def test_by_hand(values, expected):
    cells = values.split()
    numbers = np.array([[0 if each == "." else int(each) for each in cells]])
    known = np.array([[each != "." for each in cells]])
    assert filled(numbers, known).tolist() == [expected]


def test_exact_where_floats_are_not_and_loud_where_64_bits_end():
    big = 2**53 + 1
    known = np.array([[True, False, True]])
    assert filled(np.array([[big, 0, big + 2]]), known).tolist() == [[big, big + 1, big + 2]]
    with pytest.raises(NumberOverflow):
        filled(np.array([[2**62, 0, 2**62]]), known)


def test_the_method_has_a_name_and_a_version():
    assert METHOD == "linear.v1"
