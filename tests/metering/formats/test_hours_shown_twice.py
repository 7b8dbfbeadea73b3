"""Hours that the clock showed twice, in files that do not go through both."""

import pytest

START = "2025-10-26T01:30,1\n2025-10-26T01:45,2\n"
ONCE = "2025-10-26T02:00,3\n2025-10-26T02:15,4\n2025-10-26T02:30,5\n2025-10-26T02:45,6\n"
PART = "2025-10-26T02:30,7\n2025-10-26T02:45,8\n"
END = "2025-10-26T03:00,9\n"
MAP = "timezone: Europe/Berlin\nclock_changes: in-order\nunit: Wh"


def wide(rows):
    return "t,a\n" + rows, f"time: t\n{MAP}"


def long(rows):
    lines = "".join(f"{line.replace(',', ',a,')}\n" for line in rows.splitlines())
    return "t,p,v\n" + lines, f"time: t\npoint_column: p\nvalue_column: v\n{MAP}"


@pytest.mark.parametrize("layout", [wide, long])
def test_an_hour_that_is_there_once_may_be_either(faults, readings, rows, layout):
    text, mapping = layout(START + ONCE + END)
    ((line, where, problem),) = faults(text, mapping)
    assert (line, where) == (4, "t")
    assert "do not tell which of the two it is" in problem
    first = readings(text, mapping.replace("in-order", "first"))
    assert rows(first) == {"a withdrawal": "1 2 3 4 5 6 . . . . 9"}
    second = readings(text, mapping.replace("in-order", "second"))
    assert rows(second) == {"a withdrawal": "1 2 . . . . 3 4 5 6 9"}


@pytest.mark.parametrize("layout", [wide, long])
def test_where_the_clock_goes_back_both_are_told_apart(readings, rows, layout):
    late = readings(*layout(START + ONCE + PART + END))
    assert rows(late) == {"a withdrawal": "1 2 3 4 5 6 . . 7 8 9"}
    early = readings(*layout(START + PART + ONCE + END))
    assert rows(early) == {"a withdrawal": "1 2 . . 7 8 3 4 5 6 9"}


def test_points_are_looked_at_apart(faults):
    whole = START + ONCE + ONCE + END
    other = (START + ONCE + END).replace(",", ",b,")
    text, mapping = long(whole)
    told = faults(text + other, mapping)
    assert [(line, where) for line, where, _ in told] == [(15, "t")]


def test_the_end_of_a_day_may_be_called_24_00(readings, rows):
    text = "t,a\n2025-03-01 23:00,1\n2025-03-01 24:00,2\n2025-03-02 01:00:00,3\n"
    found = readings(text, "time: t\nstamp: end\nunit: Wh")
    assert rows(found) == {"a withdrawal": "1 2 3"}
    german = text.replace("2025-03-01", "01.03.2025").replace("2025-03-02", "02.03.2025")
    german = german.replace("01:00:00", "01:00")
    found = readings(german, "time: t\nstamp: end\nunit: Wh\ntime_format: '%d.%m.%Y %H:%M'")
    assert rows(found) == {"a withdrawal": "1 2 3"}
    aware = text.replace("0,", "0+01:00,").replace("01:00:00,", "01:00:00+01:00,")
    assert rows(readings(aware, "time: t\nunit: Wh")) == {"a withdrawal": "1 2 3"}


def test_24_30_is_no_time(faults):
    text = "t,a\n2025-03-01 23:00,1\n2025-03-01 24:30,2\n"
    assert faults(text, "time: t")[0] == (3, "t", "'2025-03-01 24:30' is not a time stamp")
