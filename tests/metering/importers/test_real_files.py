"""The importers against sums of the real files by other means, where the data folder is."""

from decimal import ROUND_HALF_EVEN, Decimal

import numpy as np
import polars as pl
import pytest

from gridpact.base.slots import iso
from gridpact.metering.importers.mapping import Column, Mapping, SessionMapping
from gridpact.metering.importers.sessions import read_sessions
from gridpact.metering.importers.table import read

pytestmark = pytest.mark.data


@pytest.fixture
def folder(data_root):
    return data_root


@pytest.fixture
def mapped(folder):
    def mapping(file, time, unit, columns=None, **more):
        schema = pl.read_parquet_schema(folder / file)
        names = columns or [name for name, kind in schema.items() if kind.is_float()]
        wanted = tuple(Column(name, name, unit) for name in names)
        return Mapping(path=str(folder / file), time_column=time, columns=wanted, **more)

    return mapping


def rounded(path, names, factor):
    """Sum of each column after rounding every value to whole units, by polars."""
    frame = pl.read_parquet(path, columns=names).select(
        pl.col(name).cast(pl.Float64).fill_nan(None).mul(factor).round(0).cast(pl.Int64).sum()
        for name in names
    )
    return np.array(frame.row(0))


def on_paper(column):
    """Sum in Wh of the decimal texts, each rounded half to even: the file has many exact ties."""
    texts = column.cast(pl.String).to_list()
    return sum(
        int((Decimal(text) * 1000).quantize(Decimal(1), rounding=ROUND_HALF_EVEN)) for text in texts
    )


def test_australian_homes(mapped):
    mapping = mapped("homes_sgsc_30min.parquet", "timestamp_aest", "kWh", timezone="UTC+10")
    names = [column.column for column in mapping.columns]
    want = rounded(mapping.path, names, 1000)
    for step in (900, 1800):
        found = read(mapping, step)
        assert (found.values.sum(axis=1) == want).all()
    frame = pl.read_parquet(mapping.path, columns=names)
    there = [frame.height - frame[name].fill_nan(None).null_count() for name in names]
    assert read(mapping, 1800).present.sum(axis=1).tolist() == there
    assert iso(found.slots.start) == "2012-02-09T22:00:00Z"


def test_californian_homes(mapped):
    file, time = "homes_pv_fontana_1h.parquet", "timestamp_local_std"
    mapping = mapped(file, time, "kWh", timezone="UTC-8")
    frame = pl.read_parquet(mapping.path)
    want = [on_paper(frame[column.column]) for column in mapping.columns]
    assert read(mapping, 3600).values.sum(axis=1).tolist() == want
    assert read(mapping, 900).values.sum(axis=1).tolist() == want
    assert read(mapping, 3600).present.all()


def test_a_plant_in_watts(mapped):
    mapping = mapped("pv_pvdaq_system50_15min.parquet", "timestamp_mst", "W")
    found = read(mapping, 900)
    power = pl.read_parquet(mapping.path)["ac_power_2"].cast(pl.Float64).fill_nan(None)
    assert found.present.sum() == len(power) - power.null_count()
    assert abs(found.values.sum() - power.sum() / 4) < 0.5 * found.present.sum()


def test_cumulative_registers_telescope(mapped):
    file = "home_konstanz_residential4_1h_cumulative_kwh.parquet"
    mapping = mapped(file, "timestamp_utc", "kWh", values="cumulative")
    found = read(mapping, 3600)
    for row, column in enumerate(mapping.columns):
        register = pl.read_parquet(mapping.path)[column.column]
        both = (register.is_not_null() & register.shift(1).is_not_null()).sum()
        assert found.present[row].sum() == both
        steps = (register * 1000).round(0).cast(pl.Int64).diff()
        assert found.values[row].sum() == steps.sum()


def test_prices_of_a_clock_with_24_hours_every_day(mapped):
    mapping = mapped(
        "price_dayahead_DE_1h.parquet",
        "timestamp_local_23_25h_filled",
        "EUR/MWh",
        ["price"],
        timezone="Europe/Berlin",
        clock_changes="filled",
    )
    found = read(mapping, 3600)
    assert found.present.all()
    assert found.slots.count == 52_416  # six springs lose an hour, six autumns gain one
    frame = pl.read_parquet(mapping.path)
    assert found.values[0, 0] == round(frame["price"][0] * 1000)


def test_five_minute_prices_are_averaged(mapped):
    mapping = mapped(
        "price_realtime_aemo_5min.parquet",
        "interval_end_nem_time_utc+10",
        "AUD/MWh",
        ["nsw1_rrp_aud_per_mwh"],
        timezone="UTC+10",
        stamp="end",
    )
    found = read(mapping, 1800)
    raw = pl.read_parquet(mapping.path)["nsw1_rrp_aud_per_mwh"].to_numpy()
    means = raw.reshape(-1, 6).mean(axis=1) * 1000
    assert np.abs(found.values[0] - means).max() <= 0.51
    assert iso(found.slots.start) == "2024-12-31T14:00:00Z"


def test_sessions_of_a_garage(folder):
    mapping = SessionMapping(
        path=str(folder / "ev_sessions_trondheim_residential.parquet"),
        user="User_ID",
        arrive="plugin_local",
        leave="plugout_local",
        energy="energy_kwh",
        timezone="Europe/Oslo",
        bad_rows="skip",
    )
    found = read_sessions(mapping)
    frame = pl.read_parquet(mapping.path)
    backwards = (frame["plugout_local"] <= frame["plugin_local"]).sum()
    assert frame.height - backwards - 5 <= len(found.user) <= frame.height - backwards
    assert found.skipped
    assert (found.leave_s > found.arrive_s).all()
