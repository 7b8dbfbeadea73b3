"""Estimation: nothing is filled in silence, and intervals add up to displays to the Wh."""

from fractions import Fraction

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.base.slots import Calendar, Slots
from gridpact.metering import registers
from gridpact.metering.estimation.display_profile import shared
from gridpact.metering.estimation.estimate import estimate
from gridpact.metering.estimation.methods import (
    DEFAULT_METHODS,
    DisplayProfile,
    Linear,
    SimilarDay,
    name_of,
)
from gridpact.metering.readings import Channel, Displays, Intervals, Quality, no_displays
from gridpact.metering.validation.rules import DEFAULT_RULES, RollOver
from gridpact.metering.validation.validate import validate

HOME = (Channel("home"),)
SIZE = 100_000
START = 1_774_738_800  # 2026-03-28T23:00:00Z, midnight before the day of 23 hours in Berlin


def intervals(wh, marks, start=START, step=3600):
    shape = (1, len(wh))
    quality = np.array([marks], np.int8).reshape(shape)
    return Intervals(
        HOME, Slots(start, step, len(wh)), np.array([wh], np.int64).reshape(shape), quality,
        np.zeros(shape, np.int16),
    )  # fmt: skip


@st.composite
def meters(draw):
    """True energy per hour, which hours were read out, displays, one possible exchange."""
    count = draw(st.integers(3, 72))
    true = draw(st.lists(st.integers(0, 900), min_size=count, max_size=count))
    known = draw(st.lists(st.booleans(), min_size=count, max_size=count))
    shown = draw(st.lists(st.booleans(), min_size=count + 1, max_size=count + 1))
    exchange = draw(st.none() | st.integers(1, count - 1))
    wrong = draw(st.dictionaries(st.integers(0, count - 1), st.integers(0, 3000), max_size=3))
    return true, known, shown, exchange, draw(st.integers(0, SIZE - 1)), wrong


def shown_by(meter):
    true, _, shown, exchange, register, _ = meter
    rows, device = [], "old"
    for slot in range(len(true) + 1):
        at = START + 3600 * slot
        if slot == exchange:
            rows += [(at, register, "old"), (at, 3, "new")]
            register, device = 3, "new"
        elif shown[slot]:
            rows.append((at, register, device))
        if slot < len(true):
            register = (register + true[slot]) % SIZE
    at, reading, names = zip(*rows, strict=True) if rows else ((), (), ())
    channel = np.zeros(len(rows), np.int64)
    return Displays(HOME, channel, np.array(at, np.int64), np.array(reading, np.int64), names)


@given(meters())
@settings(deadline=None, max_examples=150)
def test_displays_reconcile_after_validation_and_estimation(meter):
    true, known, _, _, _, wrong = meter
    values = [
        wrong.get(slot, wh) if there else 0
        for slot, (wh, there) in enumerate(zip(true, known, strict=True))
    ]
    displays = shown_by(meter)
    read = intervals(values, [int(there) for there in known])
    rules = [RollOver(SIZE) if isinstance(rule, RollOver) else rule for rule in DEFAULT_RULES]
    findings = validate(read, displays, rules)
    filled = estimate(findings.intervals, displays, (DisplayProfile("Europe/Berlin", SIZE),))
    spans = registers.spans(displays, 3600, SIZE)
    covered = np.zeros(len(true), dtype=bool)
    for begin, end, wh in zip(spans.from_s, spans.to_s, spans.wh, strict=True):
        here = slice((begin - START) // 3600, (end - START) // 3600)
        covered[here] = True
        assert filled.wh[0, here].sum() == wh == sum(true[here])
        assert (filled.quality[0, here] != Quality.MISSING).all()
    changed = filled.wh[0] != read.wh[0]
    assert (filled.quality[0][changed] == Quality.ESTIMATED).all()
    assert not changed[~covered].any()
    assert (filled.wh[0] >= 0).all()


@given(meters())
@settings(deadline=None, max_examples=60)
def test_inputs_stay_and_every_estimate_names_its_method(meter):
    true, known, *_ = meter
    values = [wh if there else 0 for wh, there in zip(true, known, strict=True)]
    read, displays = intervals(values, [int(there) for there in known]), shown_by(meter)
    before = read.wh.copy(), read.quality.copy(), read.rule.copy()
    methods = (DisplayProfile(register_wh=SIZE), Linear(), SimilarDay())
    filled = estimate(read, displays, methods)
    names = {name_of(method) for method in methods}
    estimated = filled.quality == Quality.ESTIMATED
    assert {filled.rules[rule] for rule in filled.rule[estimated].tolist()} <= names
    assert (filled.rule[~estimated] == 0).all()
    measured = read.quality == Quality.MEASURED
    assert (filled.wh[measured] == read.wh[measured]).all()
    for old, new in zip(before, (read.wh, read.quality, read.rule), strict=True):
        np.testing.assert_array_equal(old, new)


def by_hand(total, weights):
    """Largest remainder in fractions, the first of equal remainders first."""
    weights = weights if any(weights) else [1] * len(weights)
    quotas = [Fraction(total * weight, sum(weights)) for weight in weights]
    shares = [int(quota) for quota in quotas]
    order = sorted(range(len(weights)), key=lambda row: (shares[row] - quotas[row], row))
    for row in order[: total - sum(shares)]:
        shares[row] += 1
    return shares


@given(st.integers(0, 10**7), st.lists(st.integers(0, 10**6), min_size=1, max_size=20))
@settings(deadline=None)
def test_shares_against_fractions(total, weights):
    assert shared(total, np.array(weights)).tolist() == by_hand(total, weights)


def test_shares_of_very_large_weights_still_add_up():
    weights = np.array([2**62, 2**61, 0])
    shares = shared(10**9, weights)
    assert shares.sum() == 10**9
    assert shares[2] == 0
    assert abs(shares[0] - 2 * shares[1]) <= 2


def profile_by_hand(wh, measured, zone):
    """Mean per clock time in thousandths of a Wh, in fractions, half to even."""
    slots = Slots(START, 3600, len(wh))
    clock = Calendar(zone, 3600).seconds_of_day(slots).tolist()
    found = []
    for time in clock:
        own = [wh[row] for row in range(len(wh)) if clock[row] == time and measured[row]]
        found.append(round(Fraction(sum(own) * 1000, len(own))) if own else 0)
    return found


@given(st.integers(25, 80), st.integers(0, 2**32 - 1))
@settings(deadline=None, max_examples=40)
def test_the_profile_against_fractions_across_a_change_of_clocks(count, seed):
    random = np.random.default_rng(seed)
    true = random.integers(0, 500, count)
    known = random.random(count) < 0.6
    at = np.array([START, START + 3600 * count])
    displays = Displays(
        HOME, np.zeros(2, np.int64), at, np.array([50, 50 + true.sum()]), ("m", "m")
    )
    read = intervals(np.where(known, true, 0), known.astype(int))
    filled = estimate(read, displays, (DisplayProfile("Europe/Berlin"),))
    weights = profile_by_hand(true.tolist(), known.tolist(), "Europe/Berlin")
    gaps = [row for row in range(count) if not known[row]]
    rest = int(true[~known].sum())
    assert filled.wh[0][gaps].tolist() == (
        by_hand(rest, [weights[row] for row in gaps]) if gaps else []
    )


def test_short_gaps_by_a_line_and_no_further():
    marks = [1, 0, 1, 0, 0, 0, 1, 0]
    read = intervals([10, 0, 30, 0, 0, 0, 90, 0], marks)
    filled = estimate(read, no_displays(HOME), (Linear(hours=2),))
    assert filled.wh[0].tolist() == [10, 20, 30, 0, 0, 0, 90, 0]
    assert filled.quality[0].tolist() == [1, 3, 1, 0, 0, 0, 1, 0]


def similar_by_hand(read, slot, zone, method):
    """Mean of the nearest days alike in plain Python."""
    calendar = Calendar(zone, read.slots.step)
    local = calendar.local_seconds(read.slots).tolist()
    day, time = divmod(local[slot], 86400)

    def kind(number):
        return max((number + 3) % 7 - 4, 0)

    values = []
    for away in range(1, method.within_days + 1):
        for other in (day - away, day + away):
            for row, moment in enumerate(local):
                if moment == other * 86400 + time and read.quality[0, row] == Quality.MEASURED:
                    if kind(other) == kind(day):
                        values.append(int(read.wh[0, row]))
                    break
    used = values[: method.days]
    return round(Fraction(sum(used), len(used))) if used else None


def test_similar_days_against_plain_python():
    step = 3600
    random = np.random.default_rng(3)
    count = 20 * 86400 // step
    wh = random.integers(0, 300, count)
    marks = (random.random(count) < 0.7).astype(int)
    read = intervals(np.where(marks, wh, 0), marks, step=step)
    method = SimilarDay("Europe/Berlin", days=3, within_days=9)
    filled = estimate(read, no_displays(HOME), (method,))
    for slot in np.flatnonzero(marks == 0).tolist():
        expected = similar_by_hand(read, slot, "Europe/Berlin", method)
        if expected is None:
            assert filled.quality[0, slot] == Quality.MISSING
        else:
            assert (filled.wh[0, slot], filled.quality[0, slot]) == (expected, Quality.ESTIMATED)


def test_what_was_edited_stays_and_doubt_is_replaced():
    read = intervals([5, 7, 9], [int(Quality.EDITED), int(Quality.SUSPECT), 1])
    filled = estimate(read, no_displays(HOME), (Linear(),))
    assert filled.wh[0].tolist() == [5, 7, 9]
    assert filled.quality[0].tolist() == [4, 3, 1]


def test_known_slots_above_the_displays_are_left_for_validation():
    at = np.array([START, START + 3 * 3600])
    displays = Displays(HOME, np.zeros(2, np.int64), at, np.array([0, 10]), ("m", "m"))
    read = intervals([50, 0, 50], [1, 0, 1])
    assert estimate(read, displays, (DisplayProfile(),)).quality[0].tolist() == [1, 0, 1]
    marked = validate(read, displays).intervals
    filled = estimate(marked, displays, DEFAULT_METHODS)
    assert filled.wh[0].sum() == 10
    assert filled.quality[0].tolist() == [3, 3, 3]
