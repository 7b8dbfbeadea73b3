"""Every real file of readings goes through reading and validation, its real faults flagged."""

from datetime import date, timedelta
from itertools import chain

import polars as pl
import pytest

from gridpact.base.slots import iso
from gridpact.metering.estimation.estimate import estimate
from gridpact.metering.formats.files import read
from gridpact.metering.formats.mapping import MappedColumn, ReadingsMap
from gridpact.metering.readings import Quality
from gridpact.metering.validation.rules import DEFAULT_RULES, Range
from gridpact.metering.validation.validate import validate

pytestmark = pytest.mark.data

# a campus or a substation has connections larger than a home's
LARGE = tuple(
    Range(largest_w=1_000_000_000) if isinstance(rule, Range) else rule for rule in DEFAULT_RULES
)
FILES = {
    "homes_sgsc_30min": {"time": "timestamp_aest", "timezone": "UTC+10"},
    "homes_pv_fontana_1h": {"time": "timestamp_local_std", "timezone": "UTC-8"},
    "home_konstanz_residential4_1h_cumulative_kwh": {
        "time": "timestamp_utc",
        "values": "cumulative",
    },
    "pv_pvdaq_system50_15min": {"time": "timestamp_mst", "unit": "W"},
    "buildings_cambridge_1h": {"time": "timestamp_utc"},
    "heat_aalborg_meter660_1h_cumulative": {"time": "timestamp_utc", "values": "cumulative"},
    "substation_nl_pid287_15min": {"time": "timestamp_utc", "unit": "MW", "wanted": ["load"]},
    "substation_nl_pid307_15min": {"time": "timestamp_utc", "unit": "MW", "wanted": ["load"]},
}


@pytest.fixture(scope="module")
def validated(data_root):
    known = {}

    def found(name):
        if name not in known:
            how = dict(FILES[name])
            path = data_root / f"{name}.parquet"
            schema = pl.read_parquet_schema(path)
            kinds = [column for column, kind in schema.items() if kind.is_float()]
            wanted = tuple(MappedColumn(column, column) for column in how.pop("wanted", kinds))
            readings = read(path, ReadingsMap(columns=wanted, **how))
            known[name] = readings, validate(readings.intervals, readings.displays, LARGE)
        return known[name]

    return found


def stretches(findings, rule, point):
    return [
        (iso(each.from_s)[:10], iso(each.to_s)[:10])
        for each in findings.found
        if each.rule == rule and each.channel.point == point
    ]


@pytest.mark.parametrize("name", FILES)
def test_values_are_kept_and_every_gap_is_told(validated, name):
    readings, findings = validated(name)
    assert (findings.intervals.wh == readings.intervals.wh).all()
    missing = int((readings.intervals.quality == int(Quality.MISSING)).sum())
    assert findings.count("missing.v1") == missing
    assert readings.intervals.wh.shape[1] > 8000
    assert findings.count("display-sum.v1") == 0


def test_the_plant_whose_clock_keeps_summer_time(validated):
    _, findings = validated("pv_pvdaq_system50_15min")
    found = stretches(findings, "clock-drift.v2", "ac_power_2")
    # what the United States' clocks did, and the envelope's second-largest value is a day coarse
    expected = [("2011-11-06", "2012-03-11"), ("2012-11-04", "2013-03-10")]
    assert len(found) == len(expected)
    for told, changed in zip(chain(*found), chain(*expected), strict=True):
        assert abs(date.fromisoformat(told) - date.fromisoformat(changed)) <= timedelta(days=1)


def test_homes_said_to_be_in_standard_time_whose_plants_are_not(validated):
    _, findings = validated("homes_pv_fontana_1h")
    shifted = [f"home{home:02d}_pv_kwh" for home in (1, 5, 6, 8, 13)]
    for point in shifted:
        (begin, _) = stretches(findings, "clock-drift.v2", point)[0]
        assert begin == "2016-11-06"
    assert not any(
        each.rule == "clock-drift.v2" and "load" in each.channel.point for each in findings.found
    )


def test_plants_that_were_extended_are_back_on_their_first_clock(validated):
    _, findings = validated("homes_pv_fontana_1h")
    # one was extended on the day its clock was put right, the other had another fault in between
    ends = {"home16_pv_kwh": "2017-02-19", "home11_pv_kwh": "2017-03-20"}
    for point, end in ends.items():
        assert stretches(findings, "clock-drift.v2", point) == [("2016-11-05", end)]


def test_a_cloudy_plant_and_what_a_home_has_left_over(validated):
    _, findings = validated("home_konstanz_residential4_1h_cumulative_kwh")
    # summer time ended on 2015-10-25 and 2016-10-30 and began on 2016-03-27; snow in January 2017
    begins = [("2015-10-31", "2016-03-28"), ("2016-10-28", "2017-02-09")]
    assert stretches(findings, "clock-drift.v2", "DE_KN_residential4_pv") == begins
    assert stretches(findings, "clock-drift.v2", "DE_KN_residential4_grid_export") == []


def test_zeros_of_buildings_that_are_never_dark(validated):
    _, findings = validated("buildings_cambridge_1h")
    assert ("2018-12-25", "2018-12-26") in stretches(findings, "zero-run.v2", "b101_elec_kwh")


def test_late_joiners_are_missing_and_not_zero(validated, data_root):
    _, findings = validated("homes_sgsc_30min")
    frame = pl.read_parquet(data_root / "homes_sgsc_30min.parquet")
    for channel, marks in zip(findings.intervals.channels, findings.intervals.quality, strict=True):
        values = frame[channel.point].cast(pl.Float64).fill_nan(None)
        assert (marks == int(Quality.MISSING)).sum() >= values.null_count()
        leading = int(values.is_not_null().arg_max() or 0)
        assert (marks[:leading] == int(Quality.MISSING)).all()


@pytest.mark.parametrize(
    "name",
    ["home_konstanz_residential4_1h_cumulative_kwh", "heat_aalborg_meter660_1h_cumulative"],
)
def test_registers_reconcile_after_estimation(validated, data_root, name):
    readings, findings = validated(name)
    filled = estimate(findings.intervals, readings.displays)
    frame = pl.read_parquet(data_root / f"{name}.parquet")
    for row, channel in enumerate(filled.channels):
        register = (frame[channel.point].drop_nulls() * 1000).round(0).cast(pl.Int64)
        here = frame[channel.point].is_not_null().arg_true()
        inside = slice(int(here[0]), int(here[-1]))
        assert filled.wh[row][inside].sum() == register[-1] - register[0]
        assert (filled.quality[row][inside] != int(Quality.MISSING)).all()
