"""Real files with their real faults go from the file into a store, and come out as they were."""

from fractions import Fraction

import numpy as np
import polars as pl
import pytest

from gridpact.app.readings.importing import import_files, known_since
from gridpact.base.slots import Slots
from gridpact.metering.formats.mapping import MappedColumn, ReadingsMap
from gridpact.metering.readings import Channel, Quality
from gridpact.metering.store.points import MeteringPoint
from gridpact.metering.store.store import Store

pytestmark = pytest.mark.data


@pytest.fixture
def imported(data_root, tmp_path):
    """Import one month of columns of a real file; gives the store, the frame and the channels."""

    def done(name, time, month, step, **how):
        frame = pl.read_parquet(data_root / f"{name}.parquet")
        frame = frame.filter(pl.col(time).dt.strftime("%Y-%m") == month)
        names = [column for column, kind in frame.schema.items() if kind.is_float()]
        path = tmp_path / f"{name}.parquet"
        frame.write_parquet(path)
        points = [MeteringPoint(id=each, step_s=step) for each in names]
        store = Store.create(str(tmp_path / "store"), points)
        columns = tuple(MappedColumn(each, each) for each in names)
        mapping = ReadingsMap(time=time, columns=columns, **how)
        (found,) = import_files(store, [path], mapping, known_since(store, None), commit=True)
        return Store.open(store.url), frame, found

    return done


def test_homes_keep_every_watt_hour_and_every_gap(imported):
    store, frame, found = imported(
        "homes_sgsc_30min", "timestamp_aest", "2012-09", 1800, timezone="UTC+10"
    )
    slots = found.readings.intervals.slots
    for row, channel in enumerate(found.plan.channels[:12]):
        column = frame[channel.point].fill_nan(None).drop_nulls()
        expected = [round(Fraction(str(np.float32(v))) * 1000) for v in column]
        read = store.intervals([channel], slots)
        assert read.wh[0][read.quality[0] > 0].tolist() == expected
        assert int(found.plan.new[row]) == len(expected)
    gaps = frame["sgsc_10006414"].fill_nan(None).null_count()
    assert gaps == 40
    read = store.intervals([Channel("sgsc_10006414")], slots)
    assert (read.quality == Quality.MISSING).sum() == gaps + slots.count - frame.height


def test_hours_of_a_home_reconcile_with_its_displays(imported):
    store, _, found = imported(
        "home_konstanz_residential4_1h_cumulative_kwh", "timestamp_utc", "2016-03", 3600,
        values="cumulative",
    )  # fmt: skip
    slots = found.readings.intervals.slots
    for channel in found.plan.channels:
        shown = store.displays([channel], Slots(slots.start, slots.step, slots.count + 1))
        read = store.intervals([channel], slots)
        assert len(shown.at_s) > 30
        if (read.quality != Quality.MISSING).all():
            assert read.wh.sum() == shown.reading_wh[-1] - shown.reading_wh[0]


def test_a_plant_whose_clock_was_shifted_stays_suspect_in_the_store(imported):
    store, _, found = imported("pv_pvdaq_system50_15min", "timestamp_mst", "2011-11", 900, unit="W")
    before = found.readings.intervals
    read = store.intervals(before.channels, before.slots)
    assert np.array_equal(read.quality, before.quality)
    names = np.array(read.rules)[read.rule]
    assert set(names[read.quality == Quality.SUSPECT]) == {
        each.rule for each in found.found if each.slots and each.rule != "missing.v1"
    }
