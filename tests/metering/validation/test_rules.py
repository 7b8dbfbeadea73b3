"""Each rule against slots whose faults were put there, and against plain loops."""

from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.base.slots import Slots, iso
from gridpact.metering.readings import Channel, Displays, Intervals, Quality, no_displays
from gridpact.metering.validation import screens, sunlight
from gridpact.metering.validation import validate as validating
from gridpact.metering.validation.rules import (
    DEFAULT_RULES,
    ClockDrift,
    DisplaySum,
    Exchange,
    Missing,
    Negative,
    Range,
    RollOver,
    Spike,
    Stuck,
    ZeroRun,
    name_of,
)
from gridpact.metering.validation.runs import long_runs
from gridpact.metering.validation.validate import validate

HOME = (Channel("home"),)
START = 1_780_272_000  # 2026-06-01T00:00:00Z


def read(wh, marks=None, step=900, channels=HOME):
    wh = np.atleast_2d(np.asarray(wh, dtype=np.int64))
    quality = np.ones(wh.shape, np.int8) if marks is None else np.atleast_2d(marks).astype(np.int8)
    slots = Slots(START, step, wh.shape[1])
    return Intervals(channels, slots, wh, quality, np.zeros(wh.shape, np.int16))


def marked(intervals, rule, displays=None, history=None):
    """Slots of the first channel that a rule marks, and its findings."""
    shown = displays or no_displays(intervals.channels)
    findings = validate(intervals, shown, [rule], history)
    after = findings.intervals
    number = after.rules.index(name_of(rule))
    assert all(each.rule == name_of(rule) for each in findings.found)
    assert (after.wh == intervals.wh).all()
    return np.flatnonzero(after.rule[0] == number).tolist(), findings.found


def load(days=30, seed=1, step=900):
    """A home's load, never quite zero."""
    return np.random.default_rng(seed).integers(20, 400, days * 86400 // step)


def test_missing_slots_are_told_as_runs():
    slots, found = marked(read([1, 0, 0, 4, 0], [1, 0, 0, 1, 0]), Missing())
    assert slots == [1, 2, 4]
    assert [(each.from_s - START, each.to_s - START, each.slots) for each in found] == [
        (900, 2700, 2),
        (3600, 4500, 1),
    ]
    assert str(found[0]).startswith("home withdrawal 2026-06-01T00:15:00Z to")


def test_negative_energy():
    assert marked(read([3, -1, 0]), Negative())[0] == [1]


def test_range_by_point():
    rule = Range(largest_w=4000, points={"home": 8000}, tolerance_percent=0)
    assert marked(read([2000, 2001, 1]), rule)[0] == [1]
    assert marked(read([1000, 1001], channels=(Channel("barn"),)), rule)[0] == [1]
    assert marked(read([1100, 1101], channels=(Channel("barn"),)), Range(4000))[0] == [1]


def test_a_spike_is_what_a_channel_is_not_used_to():
    wh = load()
    wh[700] = 5 * int(np.percentile(wh, 99)) + 2500
    assert marked(read(wh), Spike())[0] == [700]
    wh[700] = 1200  # below 5 kW
    assert marked(read(wh), Spike())[0] == []
    assert marked(read([9000] * 10), Spike())[0] == []  # too few to be used to anything


def test_history_tells_what_is_usual():
    wh = np.concatenate((load(2), [1800] * 40))
    assert marked(read(wh), Spike(times=2))[0] == []  # a fifth of them: that is its level
    earlier = read(load(30, seed=2))
    assert marked(read(wh), Spike(times=2), history=earlier)[0] == list(range(192, 232))


@given(
    st.lists(
        st.tuples(st.sampled_from([0, 5, 20, 21]), st.integers(1, 25)), min_size=1, max_size=12
    ),
    st.integers(1, 20),
    st.sets(st.integers(0, 100), max_size=4),
)
@settings(deadline=None, max_examples=200)
def test_stuck_values_against_a_loop(pieces, hours, lost):
    wh = [value for value, count in pieces for _ in range(count)]
    known = [slot not in lost for slot in range(len(wh))]
    wh = [value if there else 0 for value, there in zip(wh, known, strict=True)]
    expected, begin = [], 0
    for slot in range(1, len(wh) + 1):
        same = slot < len(wh) and wh[slot] == wh[begin] and known[slot] and known[begin]
        if not same:
            if slot - begin > hours and wh[begin] >= 10:
                expected += range(begin, slot)
            begin = slot
    found, _ = marked(read(wh, known, step=3600), Stuck(hours=hours))
    assert found == expected


def test_a_long_zero_in_a_load_that_is_never_zero():
    wh = load()
    wh[1000:1040] = 0
    assert marked(read(wh), ZeroRun())[0] == list(range(1000, 1040))
    assert marked(read(np.where(np.arange(len(wh)) % 96 < 40, 0, wh)), ZeroRun())[0] == []
    assert marked(read(np.where(np.arange(len(wh)) % 7 < 2, 0, wh)), ZeroRun())[0] == []


@given(st.lists(st.integers(1, 60), min_size=2, max_size=5), st.integers(1, 30))
@settings(deadline=None, max_examples=100)
def test_long_zeros_against_a_loop(lengths, hours):
    wh, begin, expected = np.full(4000, 3), 7, []
    for length in lengths:
        wh[begin : begin + length] = 0
        expected += range(begin, begin + length) if length > hours else []
        begin += length + 500
    found, _ = marked(read(wh, step=3600), ZeroRun(hours=hours, share_percent=100))
    assert found == expected


def plant(days, shifted=None, step=900, noon=12.0, seed=5, longer=0.0):
    """A plant under changing clouds; ``shifted`` days show their hours one hour early."""
    random = np.random.default_rng(seed)
    hours = (np.arange(days * 86400 // step) * step / 3600) % 24
    day = np.arange(days * 86400 // step) * step // 86400
    off = np.isin(day, list(shifted or ()))
    sun = np.maximum(np.cos((hours + off - noon) / 24 * 2 * np.pi) + longer, 0)
    cloudy = random.random(days)[day] * random.random(len(hours)) > 0.3
    clouds = np.where(cloudy, random.uniform(0.2, 1, len(hours)), 1)
    return np.rint(1200 * sun * clouds).astype(np.int64)


@pytest.mark.parametrize("longer", [0.0, 0.5, -0.4])
@pytest.mark.parametrize("noon", [12.0, 19.0, 0.5])
def test_a_clock_that_was_shifted_and_put_right(noon, longer):
    wh = plant(120, range(40, 80), noon=noon, longer=longer)
    slots, found = marked(read(wh), ClockDrift())
    days = [slot * 900 // 86400 for slot in slots]
    assert abs(len(slots) - 40 * 96) <= 2 * 96
    assert 39 <= min(days) <= 40
    assert 79 <= max(days) <= 80
    assert "60 min earlier" in found[0].words


def test_no_drift_of_a_plant_a_load_or_a_short_file():
    assert marked(read(plant(150)), ClockDrift())[0] == []
    assert marked(read(load(60)), ClockDrift())[0] == []
    assert marked(read(plant(20, range(10, 20))), ClockDrift())[0] == []
    shaded = plant(120)
    hours = np.arange(len(shaded)) % 96 / 4
    shaded[(hours > 13) & (np.arange(len(shaded)) > 60 * 96)] //= 4  # a tree in leaf
    assert marked(read(shaded), ClockDrift())[0] == []


def test_a_plant_that_was_extended_when_its_clock_was_put_right():
    wh = plant(150, range(40, 80))
    hours = np.arange(len(wh)) % 96 / 4
    later = np.arange(len(wh)) >= 80 * 96
    wh[later & (hours > 12)] += wh[later & (hours > 12)] // 2  # panels to the west
    slots, _ = marked(read(wh), ClockDrift())
    days = [slot * 900 // 86400 for slot in slots]
    assert (min(days), max(days)) in {(39, 79), (40, 79), (39, 80), (40, 80)}


def test_snow_and_a_surplus_are_no_clocks():
    snowed = plant(120)
    hours, day = np.arange(len(snowed)) % 96 / 4, np.arange(len(snowed)) // 96
    snow = (day >= 60) & (day < 76)
    snowed[snow] = snowed[snow] * (hours[snow] < 11) // 12
    assert marked(read(snowed), ClockDrift())[0] == []
    surplus = plant(120, range(40, 80))
    surplus[day % 10 == 3] = 0
    assert marked(read(surplus), ClockDrift())[0] == []


@pytest.mark.parametrize(
    ("month", "day", "minutes"),
    [(2, 11, -14.2), (4, 15, 0), (5, 14, 3.7), (6, 13, 0), (7, 26, -6.5), (9, 1, 0), (11, 3, 16.4)],
)
def test_the_equation_of_time(month, day, minutes):
    since = (date(2026, month, day) - date(1970, 1, 1)).days
    assert sunlight.sun_ahead(np.array([since]))[0] / 60 == pytest.approx(minutes, abs=1)


def displays(rows):
    at, reading, meter = zip(*rows, strict=True)
    channel = np.zeros(len(rows), np.int64)
    return Displays(HOME, channel, START + np.array(at), np.array(reading), tuple(meter))


def test_roll_over_and_exchange_are_told_and_mark_nothing():
    shown = displays([(0, 99_999_900, "a"), (900, 50, "a"), (1800, 90, "a"), (1800, 7, "b")])
    slots, found = marked(read([150, 40]), RollOver(), shown)
    assert slots == []
    assert [each.words for each in found] == [
        "the register went from 99999.900 to 0.050 kWh, having begun at 0 again"
    ]
    slots, found = marked(read([150, 40]), Exchange(), shown)
    assert slots == []
    assert found[0].words == "meter a showed 0.090 kWh at last, meter b 0.007 kWh at first"


def test_sums_against_displays():
    shown = displays([(0, 1000, "a"), (1800, 1100, "a"), (3600, 1150, "a"), (5400, 1200, "a")])
    wh, marks = [60, 41, 20, 30, 60, 0], [1, 1, 1, 1, 1, 0]
    slots, found = marked(read(wh, marks), DisplaySum(), shown)
    assert slots == [0, 1, 4]  # 101 of 100, 50 of 50, and 60 known of 50
    assert "add up to 0.101 kWh, the display rose by 0.100 kWh" in found[0].words
    assert marked(read(wh, marks), DisplaySum(tolerance_wh=10), shown)[0] == []
    slots, found = marked(read([1, 1], None), DisplaySum(), displays([(0, 9, "a"), (900, 5, "a")]))
    assert slots == [0]
    assert "runs back" in found[0].words


def test_what_another_rule_doubts_is_not_held_against_the_display():
    shown = displays([(0, 0, "a"), (3600, 100, "a")])
    intervals = read([20, 90_000, 30, 10])
    after = validate(intervals, shown).intervals
    assert after.quality[0].tolist() == [1, 2, 1, 1]
    assert after.rules[after.rule[0, 1]] == "range.v1"


def test_the_first_rule_names_a_slot_and_later_marks_do_not_move_it():
    intervals = read([50_000, -4, 10], [1, int(Quality.EDITED), 1])
    findings = validate(intervals, no_displays(HOME), (Range(), Negative(), Spike(least_w=1)))
    names = [findings.intervals.rules[each] for each in findings.intervals.rule[0].tolist()]
    assert names == ["range.v1", "", ""]
    assert findings.intervals.quality[0].tolist() == [2, 4, 1]
    assert {each.rule for each in findings.found} == {"range.v1", "negative.v1"}
    again = validate(findings.intervals, no_displays(HOME), (Negative(),))
    assert again.intervals.quality[0].tolist() == [2, 4, 1]


def test_every_rule_has_a_version_and_a_reason():
    names = [name_of(rule) for rule in DEFAULT_RULES]
    assert len(set(names)) == len(names)
    assert all(
        name.endswith((".v1", ".v2")) and (type(rule).__doc__ or "").strip()
        for name, rule in zip(names, DEFAULT_RULES, strict=True)
    )


def test_nothing_to_look_at():
    empty = read(np.zeros((1, 0)))
    assert validate(empty, no_displays(HOME)).found == ()
    none = Intervals(
        (),
        Slots(START, 900, 4),
        *(np.zeros((0, 4), kind) for kind in (np.int64, np.int8, np.int16)),
    )
    assert validate(none, no_displays(())).found == ()


@given(st.lists(st.booleans(), max_size=40), st.integers(1, 6))
@settings(deadline=None)
def test_long_runs_against_text(cells, least):
    text = "".join("x" if cell else "." for cell in cells)
    kept = "".join(run if len(run) >= least else "." * len(run) for run in _pieces(text))
    assert "".join("x" if cell else "." for cell in long_runs(np.array(cells, bool), least)) == kept


def _pieces(text):
    pieces, last = [], ""
    for sign in text:
        if pieces and sign == last:
            pieces[-1] += sign
        else:
            pieces.append(sign)
        last = sign
    return pieces


def test_findings_are_in_order_of_channel_and_time():
    wh = np.array([[-1, 2, -3], [4, -5, 6]])
    channels = (Channel("a"), Channel("b"))
    findings = validate(read(wh, channels=channels), no_displays(channels), (Negative(),))
    assert [(each.channel.point, iso(each.from_s)[11:16]) for each in findings.found] == [
        ("a", "00:00"),
        ("a", "00:30"),
        ("b", "00:15"),
    ]
    assert findings.count("negative.v1") == 3


@given(
    st.integers(0, 2**32),
    st.sampled_from((900, 3600, 14_400)),
    st.booleans(),
    st.integers(1, 40),
)
@settings(deadline=None, max_examples=60)
def test_screens_leave_out_nothing_that_a_rule_marks(seed, step, with_history, days):
    random = np.random.default_rng(seed)
    channels = tuple(
        Channel(point, each) for point in "abc" for each in ("injection", "withdrawal")
    )
    count = days * 86400 // step
    wh = random.integers(0, 40 * step // 60, (len(channels), count))
    wh[random.random(wh.shape) < 0.001] *= 30
    for row, begin in enumerate(random.integers(0, count, len(channels)).tolist()):
        wh[row, begin : begin + int(random.integers(1, 120))] = random.choice((0, 0, 40, -1))
    hours = np.arange(count) * step // 3600 % 24
    wh[0] *= (hours > 6) & (hours < 18)
    marks = np.where(random.random(wh.shape) < random.choice((0, 0.01)), 0, 1)
    intervals = read(np.where(marks, wh, 0), marks, step, channels)
    history = read(wh[::2, ::-1] // 2, None, step, channels[::2]) if with_history else None
    rules = (*DEFAULT_RULES, Stuck(hours=2), ZeroRun(hours=2, share_percent=50))
    screened = validate(intervals, no_displays(channels), rules, history)
    with pytest.MonkeyPatch.context() as patched:
        every = dict.fromkeys(screens.SCREENS, lambda _, block: np.ones(len(block.wh), np.bool_))
        every[ClockDrift] = screens.drift  # which also says whether there are days to look at
        patched.setattr(validating, "SCREENS", every)
        whole = validate(intervals, no_displays(channels), rules, history)
    assert screened.found == whole.found
    assert (screened.intervals.rule == whole.intervals.rule).all()


def test_a_zero_is_none_to_look_at_while_the_other_register_counts():
    channels = (Channel("home", "withdrawal"), Channel("home", "injection"))
    wh = np.stack((load(), np.zeros(30 * 96, np.int64)))
    wh[0, 1000:1040], wh[1, 1000:1040] = 0, 300  # a sunny day
    assert marked(read(wh, channels=channels), ZeroRun())[0] == []
    wh[:, 1500:1540] = 0  # nothing at all
    assert marked(read(wh, channels=channels), ZeroRun())[0] == list(range(1500, 1540))
