"""Resampling and merging against sums of fine shares."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from gridpact.base.slots import Slots
from gridpact.metering.readings import Channel, Intervals, Quality
from gridpact.metering.slotting import DIVIDED, as_measured, merged, on_slots, resampled

STEPS = (15, 30, 60, 300, 900, 1800, 3600)
ONE = (Channel("home"),)


def table(wh, known, start=0, step=900):
    return as_measured(ONE, start, step, np.array([wh]), np.array([known]))


@given(
    st.sampled_from(STEPS),
    st.sampled_from(STEPS),
    arrays(np.int64, st.integers(1, 24), elements=st.integers(-5, 5000)),
    st.data(),
)
@settings(deadline=None, max_examples=120)
def test_sums_stay_and_gaps_stay(step, target, wh, data):
    known = data.draw(arrays(bool, len(wh)))
    start = 86400 * 3 + step * data.draw(st.integers(0, 3))
    found = on_slots(table(wh, known, start, step), target)
    assert found.slots.start <= start
    assert found.slots.end >= start + step * len(wh)
    if target <= step:
        assert found.wh.sum() == wh[known].sum()
        parts = step // target
        kept = (start - found.slots.start) // target
        marks = found.quality[0, kept : kept + parts * len(wh)].reshape(-1, parts)
        assert (marks[known] == (Quality.MEASURED if parts == 1 else Quality.ESTIMATED)).all()
        assert (marks[~known] == Quality.MISSING).all()
        return
    for slot, (value, mark) in enumerate(zip(found.wh[0], found.quality[0], strict=True)):
        begin = found.slots.start + slot * target
        own = [
            row
            for row in range(len(wh))
            if begin <= start + row * step and start + (row + 1) * step <= begin + target
        ]
        whole = len(own) * step == target and known[own].all()
        assert bool(mark) == whole
        assert value == (wh[own].sum() if whole else 0)


def test_divided_energy_is_an_estimate_that_keeps_its_sum():
    found = on_slots(table([10, -10], [True, True], step=3600), 900)
    assert found.wh[0].tolist() == [3, 3, 2, 2, -3, -3, -2, -2]
    assert set(found.quality[0].tolist()) == {Quality.ESTIMATED}
    assert {found.rules[rule] for rule in found.rule[0].tolist()} == {DIVIDED}


def test_the_least_certain_part_marks_the_whole():
    quality = np.array([[1, 1, 1, 2, 1, 3, 4, 1, 0, 1]], dtype=np.int8)
    rule = np.array([[0, 0, 0, 1, 0, 2, 0, 0, 0, 0]], dtype=np.int16)
    slots = Slots(0, 900, 10)
    read = Intervals(ONE, slots, np.ones((1, 10), np.int64), quality, rule, ("", "s", "e"))
    found = resampled(read, 1800)
    assert found.quality[0].tolist() == [1, 2, 3, 4, 0]
    assert [found.rules[each] for each in found.rule[0].tolist()] == ["", "s", "e", "", ""]
    assert found.wh[0].tolist() == [2, 2, 2, 2, 0]


def test_hours_off_whole_hours_go_to_half_hours():
    found = on_slots(table([7, 8], [True, True], start=1800, step=3600), 1800)
    assert (found.slots.start, found.wh[0].tolist()) == (1800, [4, 3, 4, 4])


def test_windows_are_put_together():
    first = on_slots(table([1, 2], [True, False]), 900)
    second = on_slots(table([3], [True], start=900), 900)
    other = Intervals(
        (Channel("barn"),),
        Slots(2700, 900, 1),
        *(np.full((1, 1), 1, kind) for kind in (int, np.int8, np.int16)),
        ("", "edited.v1"),
    )
    found = merged([first, second, other])
    assert found.slots == Slots(0, 900, 4)
    assert [channel.point for channel in found.channels] == ["barn", "home"]
    assert found.wh.tolist() == [[0, 0, 0, 1], [1, 3, 0, 0]]
    assert found.quality.tolist() == [[0, 0, 0, 1], [1, 1, 0, 0]]
    assert found.rules[found.rule[0, 3]] == "edited.v1"
    with pytest.raises(ValueError, match="same channel and slot"):
        merged([first, first])
