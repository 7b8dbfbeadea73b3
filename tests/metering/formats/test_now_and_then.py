"""Registers that somebody reads now and then: displays, and no intervals."""

import pytest

WIDE = "t,a\n2025-03-01T00:00Z,800.0\n2025-03-11T00:00Z,10.641\n2025-03-21T00:00Z,226.6\n"
WIDE += "2025-04-01T00:00Z,468.3\n"
LONG = "t,p,v\n" + "".join(
    f"{at},a,{value}\n" for at, value in (line.split(",") for line in WIDE.splitlines()[1:])
)
TABLE = "time: t\nvalues: cumulative\nrolls_over_wh: 1000000"
LONG_TABLE = f"{TABLE}\npoint_column: p\nvalue_column: v"


@pytest.mark.parametrize("step", ["", "\nstep_s: 900"])
@pytest.mark.parametrize(("text", "mapping"), [(WIDE, TABLE), (LONG, LONG_TABLE)])
def test_days_apart_nothing_was_measured_of_slots(readings, text, mapping, step):
    found = readings(text, mapping + step)
    assert found.intervals.slots.count == 0
    assert found.displays.reading_wh.tolist() == [800_000, 10_641, 226_600, 468_300]
    assert found.displays.at_s.tolist() == [
        1_740_787_200,
        1_741_651_200,
        1_742_515_200,
        1_743_465_600,
    ]


@pytest.mark.parametrize(("text", "mapping"), [(WIDE, TABLE), (LONG, LONG_TABLE)])
def test_one_display_is_one(readings, text, mapping):
    first = "\n".join(text.splitlines()[:2]) + "\n"
    assert readings(first, mapping).displays.reading_wh.tolist() == [800_000]


def test_repeated_displays_are_faults(faults):
    again = WIDE + "2025-04-01T00:00Z,468.3\n2025-03-15T00:00Z,300\n"
    told = faults(again, TABLE)
    assert [(line, where) for line, where, _ in told] == [(6, "t"), (7, "t")]


def test_telegrams_of_every_night(readings):
    text = "".join(
        f"/KFM5\n0-0:96.1.1(6D)\n1-0:1.8.0(0000{each:02}.000*kWh)\n!\n" for each in (1, 9)
    )
    mapping = "first_at: 2025-03-01T00:00:00+01:00\nevery_s: 86400"
    found = readings(text, mapping, "p1.txt")
    assert found.intervals.slots.count == 0
    assert found.displays.reading_wh.tolist() == [1000, 9000]


def test_more_than_half_of_a_register_is_a_roll_over_where_that_is_said(readings, faults, rows):
    text = "t,a\n2025-03-01T00:00Z,40\n2025-03-01T00:15Z,30\n"
    small = "time: t\nvalues: cumulative\nrolls_over_wh: 100000"
    ((line, where, problem),) = faults(text, small)
    assert (line, where) == (3, "a")
    assert "by less than half of rolls_over_wh" in problem
    assert rows(readings(text, f"{small}\nbackwards: roll-over")) == {"a withdrawal": "90000"}


def test_what_rounds_to_the_size_of_the_register_is_its_beginning(readings, rows):
    text = "t,a\n2025-03-01T00:00Z,99.9\n2025-03-01T00:15Z,99.9996\n2025-03-01T00:30Z,0.1\n"
    small = "time: t\nvalues: cumulative\nrolls_over_wh: 100000"
    assert rows(readings(text, small)) == {"a withdrawal": "100 100"}


def test_more_than_the_register_can_show_is_a_fault(faults):
    text = "t,a\n2025-03-01T00:00Z,99.9\n2025-03-01T00:15Z,100.2\n"
    told = faults(text, "time: t\nvalues: cumulative\nrolls_over_wh: 100000")
    assert told[0][:2] == (3, "a")
    assert "shows more than rolls_over_wh" in told[0][2]


def test_registers_that_run_back_are_named_each_by_its_column(faults):
    text = "t,x,y\n2025-03-01T00:00Z,10,10\n2025-03-01T00:15Z,9,9\n2025-03-01T00:30Z,11,8\n"
    assert faults(text, "time: t\nvalues: cumulative") == [
        (3, "x", "the withdrawal register of x runs backwards"),
        (3, "y", "the withdrawal register of y runs backwards (also the row after it)"),
    ]
