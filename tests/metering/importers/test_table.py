"""Series files worked by hand: units, resampling, registers, faults with their lines."""

from datetime import UTC, datetime
from fractions import Fraction
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gridpact.base.slots import Slots, iso
from gridpact.metering.importers.levels import read_levels
from gridpact.metering.importers.mapping import Column, Mapping, TextStyle
from gridpact.metering.importers.table import read


def test_kwh_per_half_hour_to_quarters_keeps_every_wh(csv):
    text = "t,a,b\n2026-06-15T00:00Z,0.501,0\n2026-06-15T00:30Z,,1e-3\n"
    found = read(csv(text, columns=("a", "b")), 900)
    assert iso(found.slots.start) == "2026-06-15T00:00:00Z"
    assert found.values.tolist() == [[251, 250, 0, 0], [0, 0, 1, 0]]
    assert found.present.tolist() == [[True, True, False, False], [True] * 4]


def test_quarters_to_hours_are_summed_and_a_partial_hour_is_absent(csv):
    rows = [f"2026-06-15T00:{minute},0.0{minute}" for minute in (15, 30, 45)]
    rows += [f"2026-06-15T01:{minute:02d},0.1" for minute in (0, 15, 30, 45)]
    found = read(csv("t,a\n" + "\n".join(rows) + "\n"), 3600)
    assert found.present.tolist() == [[False, True]]
    assert found.values.tolist() == [[0, 400]]


def test_twenty_minutes_to_quarters_go_through_five(csv):
    text = "t,a\n2026-06-15T00:00Z,0.007\n2026-06-15T00:20Z,0.001\n2026-06-15T00:40Z,0.010\n"
    found = read(csv(text), 900)
    # 7 → 2 2 2 1, 1 → 1 0 0 0, 10 → 3 3 2 2; by threes
    assert found.values.tolist() == [[6, 2, 3, 7]]


@pytest.mark.parametrize(
    ("unit", "value", "wh"),
    [
        ("Wh", "3", 3),
        ("kWh", "0.0125", 12),  # 12.5 to the even neighbour
        ("kWh", "0.0135", 14),
        ("kWh", "1.0005", 1000),
        ("kWh", "2.0035", 2004),
        ("MWh", "0.0000015", 2),
        ("W", "2", 0),  # 0.5 Wh in a quarter-hour
        ("W", "6", 2),  # 1.5 Wh
        ("kW", "1.5", 375),
        ("MW", "0.002", 500),
        ("MJ", "3.6", 1000),
        ("GJ", "0.00018", 50),
    ],
)
def test_units_are_rounded_once_half_to_even(csv, unit, value, wh):
    text = f"t,a\n2026-06-15T00:00Z,{value}\n2026-06-15T00:15Z,0\n"
    assert read(csv(text, unit), 900).values[0].tolist() == [wh, 0]


def test_prices_are_repeated_averaged_and_may_be_negative(csv):
    text = "t,a\n2026-06-15T00:00Z,-12.345\n2026-06-15T01:00Z,80\n"
    mapping = csv(text, "EUR/MWh")
    assert read(mapping, 1800).values.tolist() == [[-12_345, -12_345, 80_000, 80_000]]
    two = read(mapping, 7200)
    assert two.quantity == "price"
    assert two.values.tolist() == [[33_828]]  # 33 827.5 to the even neighbour
    assert read(csv(text, "ct/kWh"), 3600).values[0, 1] == 800_000


def test_interval_end_stamps(csv):
    text = "t,a\n2026-06-15T00:15Z,1\n2026-06-15T00:30Z,2\n"
    found = read(csv(text, stamp="end"), 900)
    assert iso(found.slots.start) == "2026-06-15T00:00:00Z"
    assert found.values.tolist() == [[1000, 2000]]


def test_registers_are_rounded_before_they_are_differenced(csv):
    rows = [(0, "10.0004"), (1, "10.0008"), (2, "10.0012"), (3, ""), (4, "10.0027"), (5, "10.0031")]
    text = "t,a\n" + "".join(f"2026-06-15T0{hour}:00Z,{value}\n" for hour, value in rows)
    found = read(csv(text, values="cumulative"), 3600)
    assert found.slots.count == 5
    assert found.present.tolist() == [[True, True, False, False, True]]
    assert found.values.tolist() == [[1, 0, 0, 0, 0]]


def test_a_register_adds_up_to_the_difference_of_its_ends(csv):
    values = np.cumsum(np.random.default_rng(1).uniform(0, 0.01, 500)).round(5)
    text = "t,a\n" + "".join(
        f"{iso(1_800_000_000 + 3600 * row)},{value}\n" for row, value in enumerate(values)
    )
    found = read(csv(text, values="cumulative"), 900)
    assert found.values.sum() == round(values[-1] * 1000) - round(values[0] * 1000)


def test_decimal_comma_semicolon_local_format_and_byte_order_mark(csv):
    text = "\ufefft;a\r\n15.06.2026 00:00;1,25\r\n15.06.2026 00:15;0,5\r\n"
    style = TextStyle(separator=";", decimal=",", time_format="%d.%m.%Y %H:%M")
    found = read(csv(text, timezone="Europe/Berlin", text=style), 900)
    assert iso(found.slots.start) == "2026-06-14T22:00:00Z"
    assert found.values.tolist() == [[1250, 500]]


def test_quoted_fields_may_hold_separators_and_line_ends(csv):
    text = 't,a,note\n2026-06-15T00:00Z,1,"x, y"\n2026-06-15T00:15Z,2,"two\nlines"\n'
    text += "2026-06-15T00:30Z,3,z\n"
    assert read(csv(text), 900).values.tolist() == [[1000, 2000, 3000]]


def test_lines_after_a_quoted_line_end_are_counted_right(csv, faults):
    text = (
        't,a,note\n2026-06-15T00:00Z,1,"two\nlines"\n2026-06-15T00:15Z,x,n\n2026-06-15T00:30Z,1\n'
    )
    assert [fault[0] for fault in faults(csv(text))] == [4, 5]


def test_fixed_offsets_and_written_offsets(csv):
    text = "t,a\n2026-06-15T10:00,1\n2026-06-15T10:15,2\n"
    assert iso(read(csv(text, timezone="UTC+10"), 900).slots.start) == "2026-06-15T00:00:00Z"
    assert iso(read(csv(text, timezone="+05:30"), 900).slots.start) == "2026-06-15T04:30:00Z"
    text = "t,a\n2026-06-15T10:00+02:00,1\n2026-06-15T08:15Z,2\n"
    assert iso(read(csv(text, timezone="UTC+10"), 900).slots.start) == "2026-06-15T08:00:00Z"


def test_hours_of_a_half_hour_zone_fall_on_half_hours(csv):
    text = "t,a\n2026-06-15T10:00,0.4\n2026-06-15T11:00,0.8\n"
    mapping = csv(text, timezone="Asia/Kolkata")
    assert read(mapping, 1800).values.tolist() == [[200, 200, 400, 400]]
    found = read(mapping, 3600)
    assert found.present.tolist() == [[False, True, False]]
    assert found.values.tolist() == [[0, 600, 0]]


def _berlin(day, count, step):
    zone = ZoneInfo("Europe/Berlin")
    start = int(datetime(*day, tzinfo=zone).timestamp())
    return [
        datetime.fromtimestamp(start + step * row, UTC).astimezone(zone).strftime("%Y-%m-%dT%H:%M")
        for row in range(count)
    ]


def _day(stamps, values=None):
    values = values or range(len(stamps))
    return "t,a\n" + "".join(f"{s},{v}\n" for s, v in zip(stamps, values, strict=True))


def test_the_short_day_has_92_quarters(csv):
    stamps = _berlin((2026, 3, 29), 92, 900)
    found = read(csv(_day(stamps), "Wh", timezone="Europe/Berlin"), 900)
    assert (found.slots.count, found.slots.end - found.slots.start) == (92, 23 * 3600)
    assert found.values[0].tolist() == list(range(92))
    assert found.present.all()


def test_the_long_day_has_100_quarters_in_order(csv):
    stamps = _berlin((2026, 10, 25), 100, 900)
    mapping = csv(_day(stamps), "Wh", timezone="Europe/Berlin", clock_changes="in-order")
    found = read(mapping, 900)
    assert found.slots.count == 100
    assert found.values[0].tolist() == list(range(100))


def test_the_long_day_without_a_policy_names_the_repeated_hour(csv, faults):
    found = faults(csv(_day(_berlin((2026, 10, 25), 100, 900)), timezone="Europe/Berlin"))
    assert [(line, where) for line, where, _ in found] == [(10, "t")]
    assert "also the 7 rows after it" in found[0][2]


@pytest.mark.parametrize(("policy", "absent"), [("first", 12), ("second", 8)])
def test_one_of_two_hours_leaves_the_other_absent(csv, policy, absent):
    stamps = list(dict.fromkeys(_berlin((2026, 10, 25), 100, 900)))
    more = {"timezone": "Europe/Berlin", "clock_changes": policy, "gaps": "allow"}
    found = read(csv(_day(stamps), "Wh", **more), 900)
    assert np.flatnonzero(~found.present[0]).tolist() == list(range(absent, absent + 4))


def test_a_stamp_that_never_occurred_is_a_fault(csv, faults):
    text = "t,a\n2026-03-29T01:30,1\n2026-03-29T02:30,1\n2026-03-29T03:00,1\n"
    found = faults(csv(text, timezone="Europe/Berlin", step_s=1800))
    assert [(line, where) for line, where, _ in found] == [(3, "t")]


def test_filled_prices_have_24_hours_every_day(csv):
    for day, hours, values in (
        ((2026, 3, 29), 23, [0, 1, 3, 4]),
        ((2026, 10, 25), 25, [0, 1, 2, 2, 3]),
    ):
        year, month, number = day
        stamps = [f"{year}-{month:02d}-{number:02d}T{hour:02d}:00" for hour in range(24)]
        mapping = csv(_day(stamps), "EUR/MWh", timezone="Europe/Berlin", clock_changes="filled")
        found = read(mapping, 3600)
        assert found.slots.count == hours
        assert (found.values[0, : len(values)] // 1000).tolist() == values


def test_filled_is_not_for_energy(csv, faults):
    stamps = [f"2026-06-15T{hour:02d}:00" for hour in range(24)]
    found = faults(csv(_day(stamps), clock_changes="filled"))
    assert found == [(0, "clock_changes", "filled is for prices and levels")]


def test_gaps_are_ranges_or_absent(csv, faults):
    text = (
        "t,a\n2026-06-15T00:00Z,1\n2026-06-15T00:15Z,1\n2026-06-15T01:00Z,1\n2026-06-15T01:15Z,1\n"
    )
    span = "2026-06-15T00:30:00Z to 2026-06-15T01:00:00Z"
    assert faults(csv(text)) == [(4, "t", f"2 rows are missing, {span}")]
    found = read(csv(text, gaps="allow"), 900)
    assert found.present[0].tolist() == [True, True, False, False, True, True]


def test_every_fault_of_a_file_is_listed_with_its_line(csv, faults):
    text = (
        "t,a,b\n"
        "2026-06-15T00:00Z,1,1\n"
        "2026-06-15T00:15Z,-1,1\n"
        "2026-06-15T00:15Z,1,1\n"
        "2026-06-15T00:37Z,1,1\n"
        "2026-06-15T00:30Z,1.2.3,inf\n"
        "2026-06-15T00:45Z,1\n"
        "15.6.2026,1,1\n"
        "2026-06-15T01:00Z,1e300,1\n"
        "2026-06-15T01:15Z,1,"
    )
    found = faults(csv(text, columns=("a", "b"), gaps="allow", step_s=900))
    assert [(line, where) for line, where, _ in found] == [
        (3, "a"),
        (4, "t"),
        (5, "t"),
        (6, "a"),
        (6, "b"),
        (6, "t"),
        (7, ""),
        (8, "t"),
        (9, "a"),
        (10, ""),
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "0 bytes"),
        ("t,a\n", "no rows"),
        ("t,b\n2026-06-15T00:00Z,1\n", "no such column"),
        ("t,a,a\n2026-06-15T00:00Z,1,1\n", "this name"),
        ("t,a\n2026-06-15T00:00Z,1\n", "cannot be told"),
        (b"t,a\n2026-06-15T00:00Z,\xff\n", "UTF-8"),
        (b"t,a\n\0\n", "binary"),
        ("t,a\n2026-06-15T00:00Z,1\n2026-06-15T00:15Z,2", "cut short"),
        ("t,a\nx,1\ny,2\n", "not a time stamp"),
        ("t,a\n0000-06-15T00:00,1\n9999-06-15T00:00,2\n", "not a time stamp"),
        ("\nt,a\n2026-06-15T00:00Z,1\n", "not a table"),
    ],
)
def test_broken_files(csv, faults, text, words):
    assert any(words in problem for _, _, problem in faults(csv(text)))


def test_missing_files_units_and_zones(csv, faults, tmp_path):
    text = "t,a\n2026-06-15T00:00Z,1\n2026-06-15T00:15Z,1\n"
    assert "not known" in faults(csv(text, "kwh"))[0][2]
    assert "no energy and no price" in faults(csv(text, "degC"))[0][2]
    assert "no time zone" in faults(csv(text, timezone="Mars"))[0][2]
    assert "cumulative" in faults(csv(text, "kW", values="cumulative"))[0][2]
    mapping = csv(text)
    (tmp_path / "data.csv").unlink()
    assert "no such file" in faults(mapping)[0][2]


def test_registers_that_run_backwards(csv, faults):
    text = "t,a\n2026-06-15T00:00Z,5\n2026-06-15T01:00Z,\n2026-06-15T02:00Z,4.9\n"
    found = faults(csv(text, values="cumulative"))
    assert found == [(4, "a", "the register runs backwards")]


def test_levels_are_repeated_and_averaged(csv):
    text = "t,a\n2026-06-15T00:00Z,-3.5\n2026-06-15T00:30Z,4\n2026-06-15T01:00Z,nan\n"
    mapping = csv(text, "degC")
    assert read_levels(mapping, 900).values[0, :4].tolist() == [-3.5, -3.5, 4.0, 4.0]
    hours = read_levels(mapping, 3600)
    assert hours.values.tolist() == [[0.25, 0.0]]
    assert hours.present.tolist() == [[True, False]]


def test_parquet_rows_types_and_32_bit_floats(tmp_path, faults):
    path = tmp_path / "p.parquet"
    stamps = [datetime(2026, 6, 15, 0, 15 * row, tzinfo=UTC) for row in range(4)]
    frame = pl.DataFrame(
        {
            "t": stamps,
            "a": [0.1125, None, float("nan"), 1.0],
            "s": ["1", "x", "", "2"],
            "w": [1, 2, 3, 4],
        }
    ).with_columns(pl.col("a").cast(pl.Float32))
    frame.write_parquet(path)

    def mapping(*names):
        columns = tuple(Column(name, name, "kWh") for name in names)
        return Mapping(path=str(path), time_column="t", columns=columns)

    found = read(mapping("a", "w"), 900)
    assert found.values.tolist() == [[112, 0, 0, 1000], [1000, 2000, 3000, 4000]]
    assert found.present[0].tolist() == [True, False, False, True]
    assert faults(mapping("s")) == [(2, "s", "'x' is not a number")]
    assert "not numbers" in faults(mapping("t"))[0][2]
    path.write_bytes(path.read_bytes()[:-20])
    assert "Parquet" in faults(mapping("a"))[0][2]


def test_shifted_years(csv):
    text = "t,a\n2025-01-06T00:00Z,1\n2025-01-06T00:15Z,1\n"
    found = read(csv(text, shift_s=-4382 * 86400), 900)
    assert found.slots == Slots(found.slots.start, 900, 2)
    assert iso(found.slots.start) == "2013-01-07T00:00:00Z"


@settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.lists(st.integers(0, 5000) | st.just(0), min_size=1, max_size=120),
    st.sampled_from((15, 60, 300)),
    st.sampled_from(("start", "end")),
)
def test_power_of_short_intervals_adds_up_to_the_wh(csv, watts, step, stamp):
    """Any stretch of a day from its beginning is right to half a Wh."""
    begin = int(datetime(2026, 3, 1, tzinfo=UTC).timestamp())
    late = step if stamp == "end" else 0
    rows = [
        f"{datetime.fromtimestamp(begin + late + at * step, UTC):%Y-%m-%dT%H:%M:%SZ},{each}\n"
        for at, each in enumerate(watts)
    ]
    found = (
        read(csv("t,a\n" + "".join(rows), unit="W", stamp=stamp, step_s=step), step)
        .values[0]
        .tolist()
    )
    total, told = Fraction(0), 0
    for each, wh in zip(watts, found, strict=True):
        total, told = total + Fraction(each * step, 3600), told + wh
        assert abs(told - total) <= Fraction(1, 2)


def test_an_hour_of_100_watts_every_15_seconds_is_100_wh(csv):
    rows = [f"2026-03-01T00:{at // 4:02}:{at % 4 * 15:02}Z,100\n" for at in range(240)]
    table = read(csv("t,a\n" + "".join(rows), unit="W", step_s=15), 900)
    assert table.values.tolist() == [[25, 25, 25, 25]]


def test_quarter_hours_are_rounded_each_alone(csv):
    table = read(csv("t,a\n2026-03-01T00:00Z,1\n2026-03-01T00:15Z,1\n", unit="W"), 900)
    assert table.values.tolist() == [[0, 0]]
