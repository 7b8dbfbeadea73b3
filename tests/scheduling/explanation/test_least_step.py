"""The least step that fits is found whatever the shape of what is missing, in few solves."""

import math

from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.scheduling.explanation.concessions import ENDLESS, Concession, step_of
from gridpact.scheduling.explanation.model import Way
from gridpact.scheduling.explanation.relaxations import least_step


def _tried(way, least, shape):
    """Steps tried, and what is found, where ``least`` is the first that fits."""
    tried = []

    def missing(step):
        tried.append(step)
        return 0.0 if step >= least else shape(least - step)

    return least_step(way, missing, shape(least)), tried


@settings(deadline=None)
@given(
    st.integers(1, 5_000),
    st.integers(1, 5_000),
    st.sampled_from([1.0, 30.0, 0.0]),
    st.sampled_from([0.3, 1.0, 2.0]),
)
def test_the_least_step_that_fits_is_found(least, most, step_wh, power):
    way = Concession(Way.AMOUNT, most, lambda step: (), step_wh)
    found, tried = _tried(way, least, lambda left: left**power)
    assert found == (least if least <= most else None)
    assert all(1 <= step <= most for step in tried)
    assert len(tried) == len(set(tried)) <= 3 * math.ceil(math.log2(most + 1)) + 4


@settings(deadline=None)
@given(st.integers(1, 10**9))
def test_what_has_no_end_is_found_too(least):
    way = Concession(Way.AMOUNT, ENDLESS, lambda step: (), 0.0)
    found, tried = _tried(way, least, lambda left: 1.0)
    assert found == least
    assert len(tried) < 200


@settings(deadline=None)
@given(st.integers(1, 1_000), st.integers(1, 50))
def test_a_straight_line_takes_three_solves(least, slope):
    way = Concession(Way.AMOUNT, 10_000, lambda step: (), float(slope))
    found, tried = _tried(way, least, lambda left: float(slope * left))
    assert found == least
    assert len(tried) <= 2


def test_a_clash_without_an_amount_is_bisected():
    way = Concession(Way.TIME, 40, lambda step: ())
    found, tried = _tried(way, 17, lambda left: math.inf)
    assert found == 17
    assert len(tried) < 20


def test_steps_have_three_digits():
    assert [step_of(value) for value in (1, 999, 1_000, 12_345, 400_000)] == [1, 1, 10, 100, 1_000]
