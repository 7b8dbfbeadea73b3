"""Displays against what a meter that rolls over and is exchanged has counted."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.metering import registers
from gridpact.metering.readings import Channel, Displays
from gridpact.metering.registers import Step

HOME = Channel("home")


def displays(rows):
    """Displays of one channel from (instant, reading, meter)."""
    at, reading, meter = zip(*rows, strict=True) if rows else ((), (), ())
    channel = np.zeros(len(rows), np.int64)
    return Displays((HOME,), channel, np.array(at), np.array(reading), tuple(meter))


@st.composite
def histories(draw):
    """A meter's life: what it counted per hour, when it was read, when it was exchanged."""
    size = draw(st.sampled_from([10_000, 1_000_000]))
    counted = draw(st.lists(st.integers(0, size // 20), min_size=2, max_size=30))
    read = draw(st.lists(st.booleans(), min_size=len(counted) + 1, max_size=len(counted) + 1))
    exchanged = draw(st.sets(st.integers(1, len(counted) - 1), max_size=2))
    return size, counted, read, exchanged, draw(st.integers(0, size - 1))


def read_out(history):
    """Rows that such a meter shows; at an exchange both devices are read."""
    size, counted, read, exchanged, register = history
    rows, device = [], 0
    for hour in range(len(counted) + 1):
        at = hour * 3600
        if hour in exchanged:
            rows.append((at, register, f"m{device}"))
            device, register = device + 1, 17 * hour
            rows.append((at, register, f"m{device}"))
        elif read[hour]:
            rows.append((at, register, f"m{device}"))
        if hour < len(counted):
            register = (register + counted[hour]) % size
    return rows


@given(histories())
@settings(deadline=None, max_examples=200)
def test_spans_are_what_was_counted_across_roll_over_and_exchange(history):
    size, counted, *_ = history
    found = registers.spans(displays(read_out(history)), 3600, size)
    last = None
    for begin, end, wh in zip(
        found.from_s.tolist(), found.to_s.tolist(), found.wh.tolist(), strict=True
    ):
        steps = counted[begin // 3600 : end // 3600]
        if sum(steps) < size // 2:  # beyond, no display can tell a roll-over from a fault
            assert wh == sum(steps)
        assert last is None or begin >= last
        last = end


@given(histories(), st.randoms(use_true_random=False))
@settings(deadline=None, max_examples=60)
def test_the_order_of_rows_does_not_matter_but_of_one_instant(history, random):
    size, *_ = history
    rows = read_out(history)
    groups = {}
    for row in rows:
        groups.setdefault(row[0], []).append(row)
    keys = list(groups)
    random.shuffle(keys)
    mixed = displays([row for key in keys for row in groups[key]])
    one, two = registers.spans(displays(rows), 3600, size), registers.spans(mixed, 3600, size)
    for name in ("from_s", "to_s", "wh"):
        assert getattr(one, name).tolist() == getattr(two, name).tolist()


def kinds(rows, size=0):
    found = registers.steps(displays(rows), size)
    return [Step(kind).name for kind in found.kind.tolist()], found.wh.tolist()


def test_each_kind_of_step():
    rows = [(0, 99_990, "a"), (10, 15, "a"), (20, 20, "a"), (30, 4, "b"), (40, 2, "b")]
    names, wh = kinds(rows)
    assert names == ["FIRST", "ROLLED", "FORWARD", "EXCHANGED", "BACKWARD"]
    assert wh == [0, 25, 5, 0, 0]


def test_a_register_of_unknown_size_rolls_only_where_little_was_counted():
    assert kinds([(0, 99_990, "a"), (1, 9_000, "a")])[0][1] == "ROLLED"
    assert kinds([(0, 99_990, "a"), (1, 10_500, "a")])[0][1] == "BACKWARD"
    assert kinds([(0, 50_000, "a"), (1, 0, "a")])[0][1] == "BACKWARD"


def test_an_exchange_that_took_time_breaks_the_line():
    rows = [(0, 100, "a"), (3600, 200, "a"), (7200, 5, "b"), (10800, 25, "b")]
    found = registers.spans(displays(rows), 3600)
    assert found.from_s.tolist() == [0, 7200]
    assert found.wh.tolist() == [100, 20]


def test_displays_within_slots_are_passed_over_and_count():
    rows = [(0, 90, "a"), (1000, 95, "a"), (1000, 3, "b"), (3600, 10, "b"), (5000, 11, "b")]
    found = registers.spans(displays(rows), 3600)
    assert (found.from_s.tolist(), found.to_s.tolist(), found.wh.tolist()) == ([0], [3600], [12])


def test_channels_are_renumbered_and_strangers_left_out():
    other = Channel("other")
    both = Displays(
        (HOME, other),
        np.array([0, 1, 1]),
        np.array([0, 0, 9]),
        np.array([1, 2, 3]),
        ("a", "b", "b"),
    )
    found = registers.of_channels(both, (other,))
    assert found.channel.tolist() == [0, 0]
    assert found.reading_wh.tolist() == [2, 3]
    assert registers.of_channels(both, ()).at_s.tolist() == []


def test_no_displays():
    found = registers.spans(displays([]), 900)
    assert found.wh.tolist() == []
    assert registers.steps(displays([])).kind.tolist() == []
