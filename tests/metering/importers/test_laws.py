"""Laws of the importers: exact rounding, kept sums, and clocks that agree with zoneinfo."""

from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.base.rounding import largest_remainder
from gridpact.metering.importers import resample, units
from gridpact.metering.importers.clock import instants, zone_of
from gridpact.metering.importers.exact import whole


@settings(deadline=None, max_examples=300)
@given(st.lists(st.integers(-(10**9), 10**9), min_size=1), st.integers(0, 6))
def test_rounding_is_that_of_the_decimal_text(digits, places):
    texts = [str(Decimal(digit).scaleb(-places)) for digit in digits]
    values = np.array([float(text) for text in texts])
    exact = [
        int((Decimal(text) * 1000).quantize(Decimal(1), rounding=ROUND_HALF_EVEN)) for text in texts
    ]
    assert whole(values, Fraction(1000)).tolist() == exact


@settings(deadline=None, max_examples=200)
@given(st.lists(st.integers(-(10**6), 10**6), min_size=1), st.integers(0, 6))
def test_32_bit_floats_stand_for_their_shortest_text(digits, places):
    values = np.array([float(Decimal(digit).scaleb(-places)) for digit in digits], np.float32)
    exact = [
        int((Decimal(str(value)) * 1000).quantize(Decimal(1), rounding=ROUND_HALF_EVEN))
        for value in values
    ]
    assert whole(values.astype(np.float64), Fraction(1000), single=True).tolist() == exact


@settings(deadline=None, max_examples=100)
@given(st.lists(st.integers(0, 10**6), min_size=1), st.sampled_from([300, 900, 1800, 3600]))
def test_power_is_rounded_like_a_fraction(watts, step):
    found = whole(np.array(watts, dtype=np.float64), Fraction(step, 3600))
    assert found.tolist() == [round(Fraction(watt * step, 3600)) for watt in watts]


@settings(deadline=None, max_examples=100)
@given(st.lists(st.integers(0, 10**12), min_size=1, max_size=20), st.integers(1, 12))
def test_division_is_the_largest_remainder_rule(amounts, parts):
    found = resample.divide(np.array([amounts]), parts).reshape(-1, parts)
    weights = np.ones((parts, len(amounts)), dtype=np.int64)
    shares = largest_remainder(np.array(amounts), weights)
    assert (shares == found.T).all()
    assert found.sum(axis=1).tolist() == amounts


@settings(deadline=None, max_examples=200)
@given(
    st.lists(st.integers(0, 10**9), min_size=1, max_size=60),
    st.sampled_from([300, 600, 900, 1200, 1800, 3600]),
    st.sampled_from([300, 600, 900, 1200, 1800, 3600]),
    st.integers(0, 50),
)
def test_resampling_loses_nothing_inside(amounts, step, target, offset):
    start = offset * step
    size = resample.part(step, target, start)
    values = resample.divide(np.array([amounts]), step // size)
    there = np.ones_like(values, dtype=np.bool_)
    into = resample.groups(start, size, values.shape[1], target)
    sums, present = resample.gather(values, there, into)
    flat = np.repeat(present, into.size, axis=1)[:, into.lead : into.lead + values.shape[1]]
    assert sums.sum() == values[flat].sum()
    assert into.first % target == 0
    assert into.first <= start
    if start % target == 0 and len(amounts) * step % target == 0:
        assert present.all()
        assert sums.sum() == sum(amounts)


@settings(deadline=None, max_examples=60)
@given(
    st.sampled_from(
        ["Europe/Berlin", "Australia/Lord_Howe", "America/Havana", "Asia/Beirut", "Asia/Kolkata"]
    ),
    st.integers(1_300_000_000 // 900, 1_800_000_000 // 900),
)
def test_local_clocks_read_back(name, quarter):
    from datetime import UTC, datetime

    zone = ZoneInfo(name)
    begin = quarter * 900
    truth = begin + 900 * np.arange(0, 96 * 200, 7)
    moments = [datetime.fromtimestamp(int(second), UTC).astimezone(zone) for second in truth]
    local = np.array([int(moment.replace(tzinfo=UTC).timestamp()) for moment in moments])
    first, second, state = instants(local, zone)
    assert (state != 2).all()
    assert ((first == truth) | (second == truth)).all()
    plain = state == 0
    assert (first[plain] == truth[plain]).all()
    folds = np.array([moment.fold for moment in moments])
    assert (np.where(folds == 1, second, first) == truth).all()


@pytest.mark.parametrize(
    ("text", "hours"),
    [("UTC", 0), ("Z", 0), ("UTC+10", 10), ("UTC-7", -7), ("+05:30", 5.5), ("GMT-0330", -3.5)],
)
def test_fixed_zones(text, hours):
    first, _, _ = instants(np.array([86400]), zone_of(text))
    assert first.tolist() == [86400 - int(hours * 3600)]


@pytest.mark.parametrize("text", ["Mars", "UTC+15", "", "../etc/passwd", "Europe"])
def test_no_zones(text):
    assert zone_of(text) is None


@pytest.mark.parametrize(
    ("text", "fix"),
    [("kwh", "kWh"), ("KWH", "kWh"), ("mw", "MW"), ("EUR/Mwh", "EUR/MWh"), ("x", "one of")],
)
def test_unknown_units_get_a_suggestion(text, fix):
    assert units.parse(text) is None
    assert fix in units.suggestion(text)
