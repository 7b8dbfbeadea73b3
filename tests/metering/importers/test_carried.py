"""What rounding leaves over is carried on, against plain fractions."""

from fractions import Fraction

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.metering.importers.carried import Place, carried, carried_fractions

DAY = 86400
FACTORS = st.sampled_from(
    [Fraction(1000), Fraction(1), Fraction(15, 3600), Fraction(1, 60), Fraction(25, 6)]
)
SCALED = st.tuples(st.integers(-(10**6), 10**7), st.integers(0, 9))


def decimals_of(text):
    """Count the decimals of a number that a text writes, as 3 for 1.5e-2."""
    return next(count for count in range(60) if (Fraction(text) * 10**count).denominator == 1)


def by_hand(texts, factor, channel, start):
    """Round sums of fractions, one row after the other, each channel's day by itself."""
    result, totals = [0] * len(texts), {}
    order = sorted(range(len(texts)), key=lambda row: (channel[row], start[row], row))
    for row in order:
        key = (channel[row], start[row] // DAY)
        before = totals.get(key, Fraction(0))
        totals[key] = before + Fraction(texts[row]) * factor
        result[row] = round(totals[key]) - round(before)
    return result


@given(st.data(), st.lists(SCALED, min_size=1, max_size=40), FACTORS, st.booleans())
@settings(deadline=None)
def test_rows_in_any_order_are_what_fractions_say(data, amounts, factor, single):
    texts = [f"{number}e-{decimals}" for number, decimals in amounts]
    if single:
        texts = [str(np.float32(text)) for text in texts]
    size = len(texts)
    channel = data.draw(st.lists(st.integers(0, 2), min_size=size, max_size=size))
    start = data.draw(st.lists(st.integers(0, 3 * DAY), min_size=size, max_size=size))
    kind = np.float32 if single else np.float64
    values = np.array([kind(text) for text in texts], dtype=np.float64)
    place = Place(np.array(channel), np.array(start))
    expected = by_hand(texts, factor, channel, start)
    exact = [Fraction(text) * factor for text in texts]
    assert carried_fractions(exact, place).tolist() == expected
    most = max(abs(Fraction(text)) for text in texts)
    if max(map(decimals_of, texts)) <= 12 and most * 10 ** max(map(decimals_of, texts)) < 2**53:
        assert carried(values, factor, place, single).tolist() == expected


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=200), FACTORS)
@settings(deadline=None)
def test_numbers_of_any_length_add_up_to_a_unit(values, factor):
    start = np.arange(len(values)) * 60
    found = carried(np.array(values), factor, Place(start * 0, start))
    exact = sum((Fraction(value) for value in values), Fraction(0)) * factor
    assert abs(int(found.sum()) - exact) <= Fraction(1, 2) + len(values) * factor / 10**9
    assert (found >= 0).all()


def test_a_day_does_not_depend_on_the_one_before():
    start = np.arange(4 * 1440) * 60
    values = np.random.default_rng(7).integers(0, 300, len(start)) / 1.0
    whole = carried(values, Fraction(1, 60), Place(start * 0, start))
    later = carried(values[1440:], Fraction(1, 60), Place(start[1440:] * 0, start[1440:]))
    assert (whole[1440:] == later).all()
    sums = whole.reshape(4, 1440).sum(axis=1)
    assert sums.tolist() == [round(Fraction(int(v.sum()), 60)) for v in values.reshape(4, 1440)]


def test_no_values_are_no_amounts():
    nothing = np.zeros(0)
    none = np.zeros(0, np.int64)
    assert not len(carried(nothing, Fraction(1), Place(none, none)))
    assert not len(carried(nothing, Fraction(1), Place(none, none), single=True))
