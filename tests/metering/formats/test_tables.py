"""Wide and long tables, in every way of writing that a mapping can tell of."""

import io
from fractions import Fraction

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gridpact.base.slots import iso
from gridpact.metering.readings import Quality

START = 1_774_738_800  # 2026-03-28T23:00:00Z
LONG = "time: t\npoint_column: p\nvalue_column: v"


def test_every_other_column_is_a_point_where_none_is_named(readings, rows):
    text = "t,b,a\n2026-06-15T00:00Z,1,2\n2026-06-15T00:15Z,,0.0005\n2026-06-15T00:30Z,nan,3\n"
    assert rows(readings(text, "time: t")) == {
        "a withdrawal": "2000 0 3000",
        "b withdrawal": "1000 . .",
    }


def test_columns_of_one_channel_are_added_up(readings, rows):
    text = "t,day,night,sun\n2026-06-15T00:00Z,1,2,4\n2026-06-15T00:15Z,,2,4\n"
    columns = (
        "[{column: day, point: x}, {column: night, point: x}, "
        "{column: sun, point: x, register: injection, unit: Wh}]"
    )
    found = readings(text, f"time: t\npoints: {{x: home}}\ncolumns: {columns}")
    assert rows(found) == {"home injection": "4 4", "home withdrawal": "3000 ."}


def test_ends_of_intervals_and_power(readings, rows):
    text = "t,a\n2026-06-15T00:15Z,400\n2026-06-15T00:30Z,2\n"
    found = readings(text, "time: t\nstamp: end\nunit: W")
    assert iso(found.intervals.slots.start) == "2026-06-15T00:00:00Z"
    assert rows(found) == {"a withdrawal": "100 0"}


def test_long_tables_with_two_registers_marks_and_names(readings, rows):
    text = (
        "t,p,in,out,q\n2026-06-15T00:00Z,a,1,0,ok\n2026-06-15T00:15Z,a,2,,est\n"
        "2026-06-15T00:30Z,a,9,9,lost\n2026-06-15T00:45Z,a,3,1,ok\n"
    )
    how = (
        "time: t\npoint_column: p\nwithdrawal_column: in\ninjection_column: out\n"
        "quality_column: q\nqualities: {ok: measured, est: estimated, lost: missing}\n"
        "points: {a: home}"
    )
    found = readings(text, how)
    assert rows(found) == {"home injection": "0 . . 1000", "home withdrawal": "1000 2000 . 3000"}
    assert found.intervals.quality[1].tolist() == [1, int(Quality.ESTIMATED), 0, 1]
    by = [found.intervals.rules[each] for each in found.intervals.rule[1].tolist()]
    assert by == ["", "source.v1", "", ""]


def test_registers_by_their_words(readings, rows, faults):
    text = "t,p,r,v\n2026-06-15T00:00Z,a,A+,1\n2026-06-15T00:00Z,a,A-,2\n2026-06-15T00:15Z,a,A+,3\n"
    how = f"{LONG}\nregister_column: r\nregisters: {{A+: withdrawal, A-: injection}}\nstep_s: 900"
    more = text + "2026-06-15T00:15Z,a,A-,4\n"
    assert rows(readings(more, how)) == {"a injection": "2000 4000", "a withdrawal": "1000 3000"}
    assert faults(more.replace(",A-,4", ",R,4"), how)[0][:2] == (5, "r")


@st.composite
def tables(draw):
    """Whole Wh of some points, which cells are known, and a way of writing them."""
    points = draw(st.integers(1, 3))
    count = draw(st.integers(3, 30))
    cells = draw(
        st.lists(
            st.lists(st.none() | st.integers(0, 5000), min_size=count, max_size=count),
            min_size=points,
            max_size=points,
        )
    )
    for row in cells:
        row[0], row[1] = 7, 8  # the length of the intervals can be told
    return cells, draw(st.sampled_from([15, 60, 300, 900, 1800, 3600])), draw(st.booleans())


def written(cells, step, local, long, decimal=","):
    """The table as CSV, with local stamps of Berlin across the beginning of summer time."""
    from datetime import UTC, datetime
    from zoneinfo import ZoneInfo

    zone = ZoneInfo("Europe/Berlin") if local else UTC
    stamps = [
        datetime.fromtimestamp(START + step * slot, zone).strftime("%Y-%m-%dT%H:%M:%S")
        for slot in range(len(cells[0]))
    ]
    texts = [
        ["" if wh is None else f"{wh // 1000}{decimal}{wh % 1000:03d}" for wh in row]
        for row in cells
    ]
    if long:
        lines = [
            f"{stamp};p{point};{row[slot]}"
            for slot, stamp in enumerate(stamps)
            for point, row in enumerate(texts)
        ]
        return "\n".join(["t;p;v", *lines]) + "\n"
    head = ";".join(["t", *(f"p{point}" for point in range(len(cells)))])
    body = [";".join([stamp, *(row[slot] for row in texts)]) for slot, stamp in enumerate(stamps)]
    return "\n".join([head, *body]) + "\n"


@given(tables(), st.booleans(), st.sampled_from([",", "."]))
@settings(
    deadline=None, max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_what_was_written_is_read_long_or_wide(readings, table, long, decimal):
    cells, step, local = table
    how = f"separator: ';'\ndecimal: '{decimal}'\n" + ("timezone: Europe/Berlin\n" if local else "")
    found = readings(
        written(cells, step, local, long, decimal), how + (LONG if long else "time: t")
    )
    intervals = found.intervals
    assert (intervals.slots.start, intervals.slots.step) == (START, step)
    read = [
        [int(wh) if mark else None for wh, mark in zip(*row, strict=True)]
        for row in zip(intervals.wh, intervals.quality, strict=True)
    ]
    # an end that no point has a value of is not in a long table's window
    last = max(slot for row in cells for slot, wh in enumerate(row) if wh is not None) + 1
    assert [row[:last] for row in read] == [row[:last] for row in cells]


@given(tables(), st.sampled_from([15, 300, 900, 1800, 3600]))
@settings(
    deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_another_step_keeps_the_energy(readings, table, target):
    cells, step, _ = table
    whole = [[wh or 0 for wh in row] for row in cells]
    text = written(whole, step, False, False, ".")
    found = readings(text, f"time: t\nseparator: ';'\nstep_s: {target}").intervals
    assert found.slots.step == target
    for row, values in zip(found.wh, whole, strict=True):
        known = target * len(row)
        assert row.sum() <= sum(values)
        if step * len(values) % target == 0 and START % target == 0:
            assert row.sum() == sum(values)
            assert known >= step * len(values)


def test_parquet_is_read_as_csv_is(readings, rows, tmp_path):
    stamps = [f"2026-06-15T0{hour}:00:00" for hour in range(4)]
    frame = pl.DataFrame({"t": stamps, "a": [0.125, None, float("nan"), 1.0], "b": [1, 2, 3, 4]})
    frame = frame.with_columns(pl.col("t").str.to_datetime().dt.replace_time_zone("UTC"))
    buffer = io.BytesIO()
    frame.write_parquet(buffer)
    found = readings(buffer.getvalue(), "time: t", "readings.parquet")
    assert rows(found) == {"a withdrawal": "125 . . 1000", "b withdrawal": "1000 2000 3000 4000"}
    long = io.BytesIO()
    frame.select("t", p=pl.lit(7), v="b").write_parquet(long)
    assert rows(readings(long.getvalue(), LONG, "x.pq")) == {"7 withdrawal": "1000 2000 3000 4000"}


def test_rounding_is_half_to_even_of_the_decimal_text(readings):
    texts = ["0.0005", "0.0015", "2.0035", "1.0005", "0.0125"]
    text = "t,a\n" + "".join(f"2026-06-15T0{hour}:00Z,{each}\n" for hour, each in enumerate(texts))
    expected = [round(Fraction(each) * 1000) for each in texts]
    assert readings(text, "time: t").intervals.wh[0].tolist() == expected


@pytest.mark.parametrize("long", [False, True])
def test_the_quick_way_and_the_careful_way_agree(readings, long):
    random = np.random.default_rng(2)
    cells = random.integers(0, 3000, (4, 200)).tolist()
    text = written(cells, 900, False, long, ".")
    how = "separator: ';'\n" + (LONG if long else "time: t")
    quick = readings(text, how).intervals
    careful = readings(text.replace("\np0", "\np0") + "\n", how).intervals  # a blank last line
    quoted = readings(text.replace("t;p", '"t";p', 1), how).intervals
    for other in (careful, quoted):
        assert (quick.wh == other.wh).all()
        assert (quick.quality == other.quality).all()


def test_a_table_of_stamps_alone(faults):
    text = "t\n2026-06-15T00:00Z\n2026-06-15T00:15Z\n"
    assert faults(text, "time: t") == [(1, "", "the table has no column of values")]


def test_the_digest_is_of_the_bytes(readings):
    text = "t,a\n2026-06-15T00:00Z,1\n2026-06-15T00:15Z,2\n"
    one, two = readings(text, "time: t"), readings(text.replace("\n", "\r\n"), "time: t")
    assert one.digest != two.digest
    assert (one.intervals.wh == two.intervals.wh).all()
    assert one.source == "readings.csv"
