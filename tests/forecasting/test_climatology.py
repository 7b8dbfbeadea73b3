"""The seasonal forecast against datetime, numpy's quantiles and plain loops."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from gridpact.base.slots import Calendar, Slots
from gridpact.forecasting.climatology import LEVELS, climatology, same_time

SHARES = np.array(LEVELS) / 1000


def local(zone, instant):
    return datetime.fromtimestamp(instant, ZoneInfo(zone))


def by_hand(zone, past, window):
    """For each past day, latest first, the first slot with the window slot's wall-clock time."""
    seen = {}
    for place, start in enumerate(past.starts().tolist()):
        moment = local(zone, start)
        seen.setdefault((moment.date(), moment.time()), place)
    first, last = (local(zone, at).date() for at in (past.start, past.end - past.step))
    days = [last - timedelta(days=ago) for ago in range((last - first).days + 1)]
    clocks = [local(zone, start).time() for start in window.starts().tolist()]
    return [[seen.get((day, clock), -1) for clock in clocks] for day in days]


CASES = [
    ("Europe/Berlin", "2026-03-29"),
    ("Europe/Berlin", "2026-10-25"),
    ("Europe/Berlin", "2026-06-15"),
    ("Australia/Lord_Howe", "2026-04-05"),  # half an hour back
    ("America/St_Johns", "2026-03-08"),
]


@pytest.mark.parametrize(("zone", "day"), CASES)
@pytest.mark.parametrize("ahead", [0, 1, 3])
@pytest.mark.parametrize("step", [900, 1800])
def test_same_time_around_a_clock_change(zone, day, ahead, step):
    calendar, changing = Calendar(zone, step), date.fromisoformat(day)
    start = calendar.midnight(changing - timedelta(days=2))
    end = calendar.midnight(changing + timedelta(days=max(ahead, 1))) - (not ahead) * 13 * step
    past = Slots(start, step, (end - start) // step)
    window = calendar.day(changing + timedelta(days=ahead))
    found = same_time(calendar, past, window)
    assert found.tolist() == by_hand(zone, past, window)


def test_the_hour_that_is_skipped_is_absent_and_the_doubled_one_counts_once():
    berlin = Calendar("Europe/Berlin", 900)
    spring = same_time(berlin, berlin.day(date(2026, 3, 29)), berlin.day(date(2026, 3, 30)))
    assert spring[0, :8].tolist() == list(range(8))
    assert spring[0, 8:12].tolist() == [-1] * 4, "02:00 to 03:00 did not exist"
    assert spring[0, 12:].tolist() == list(range(8, 92))
    autumn = same_time(berlin, berlin.day(date(2026, 10, 25)), berlin.day(date(2026, 10, 26)))
    assert autumn[0, :12].tolist() == list(range(12)), "the first 02:00, in summer time"
    assert autumn[0, 12:].tolist() == list(range(16, 100))
    both = same_time(berlin, berlin.day(date(2026, 10, 24)), berlin.day(date(2026, 10, 25)))
    assert both[0, 8:16].tolist() == [*range(8, 12), *range(8, 12)]


def test_an_empty_past_has_no_days():
    berlin = Calendar("Europe/Berlin", 900)
    window = berlin.day(date(2026, 6, 15))
    positions = same_time(berlin, Slots(0, 900, 0), window)
    assert positions.shape == (0, 96)
    nobody = np.zeros((2, 0), np.int64)
    mean, levels = climatology(nobody, nobody.astype(bool), positions)
    assert mean.shape == (2, 96)
    assert levels.shape == (5, 2, 96)
    assert not mean.any()
    assert not levels.any()


WH = st.integers(0, 40) | st.integers(0, 50_000)


@st.composite
def pasts(draw, gaps):
    rows, days, slots = (draw(st.integers(1, most)) for most in (3, 9, 4))
    shape = (rows, days * slots)
    values = draw(arrays(np.int64, shape, elements=WH))
    known = draw(arrays(bool, shape)) if gaps else np.ones(shape, bool)
    positions = np.arange(days * slots).reshape(days, slots)[::-1].copy()
    if gaps:
        positions[draw(arrays(bool, positions.shape))] = -1
    return values, known, positions


def samples_of(values, known, positions, row, slot):
    places = [at for at in positions[:, slot].tolist() if at >= 0 and known[row, at]]
    return [int(values[row, at]) for at in places]


def assert_rounded(found, exact):
    """Whole Wh, to the nearest; a tie that floats cannot see may fall either way."""
    np.testing.assert_allclose(found, exact, rtol=0, atol=0.5 + 1e-6)
    clear = np.abs(np.abs(exact - np.floor(exact)) - 0.5) > 1e-6
    np.testing.assert_array_equal(np.asarray(found)[clear], np.rint(exact)[clear])


@pytest.mark.parametrize("gaps", [False, True])
@given(data=st.data())
@settings(deadline=None, max_examples=120)
def test_mean_and_quantiles_are_numpys(data, gaps):
    values, known, positions = data.draw(pasts(gaps))
    mean, levels = climatology(values, known, positions)
    for row in range(len(values)):
        for slot in range(positions.shape[1]):
            seen = samples_of(values, known, positions, row, slot)
            if not seen:  # all it has, or nothing
                whole = values[row][known[row]]
                seen = [whole.mean()] if whole.size else [0]
            assert_rounded(mean[row, slot], np.array(np.mean(seen)))
            assert_rounded(levels[:, row, slot], np.quantile(seen, SHARES))


@given(data=st.data())
@settings(deadline=None, max_examples=60)
def test_quantiles_rise_and_rows_do_not_touch_each_other(data):
    values, known, positions = data.draw(pasts(gaps=True))
    mean, levels = climatology(values, known, positions)
    assert (np.diff(levels, axis=0) >= 0).all()
    for row in range(len(values)):
        alone, own = climatology(values[row : row + 1], known[row : row + 1], positions)
        np.testing.assert_array_equal(alone[0], mean[row])
        np.testing.assert_array_equal(own[:, 0], levels[:, row])


def test_what_is_unknown_has_no_influence():
    rng = np.random.default_rng(1)
    values, known = rng.integers(0, 900, (4, 40)), rng.random((4, 40)) < 0.6
    positions = np.arange(40).reshape(5, 8)
    other = np.where(known, values, 123_456_789)
    for one, two in zip(
        climatology(values, known, positions), climatology(other, known, positions), strict=True
    ):
        np.testing.assert_array_equal(one, two)


def test_a_newcomer_uses_its_own_mean_and_one_without_any_past_nothing():
    values = np.array([[100, 0, 0, 301], [7, 7, 7, 7]])
    known = np.array([[True, False, False, True], [False] * 4])
    positions = np.array([[2, 3], [0, 1]])  # two slots of the day, two days
    mean, levels = climatology(values, known, positions)
    assert mean.tolist() == [[100, 301], [0, 0]]
    late = climatology(values, known, np.array([[2, 1]]))[0]
    assert late.tolist() == [[200, 200], [0, 0]], "200.5 rounds to the even number"
    assert (levels[:, 1] == 0).all()
