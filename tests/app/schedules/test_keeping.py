"""A solved fleet of every class is read back as it was, and shown as its schedules say."""

import msgspec
import numpy as np
import polars as pl
import pytest

from gridpact.app.schedules import keeping
from gridpact.app.schedules.limits import tight_limits
from gridpact.app.schedules.outcome import outcome
from gridpact.app.schedules.tables import prices_table, schedules_table
from gridpact.app.schedules.view import of_solved
from gridpact.base.errors import BadInput
from gridpact.scheduling.audit.audit import audit
from gridpact.scheduling.fleet.columns import TABLES


@pytest.fixture
def back(solved, tmp_path):
    keeping.write(tmp_path / "out", solved)
    return keeping.read(tmp_path / "out")


def same(one, other):
    """Compare values, structs and arrays, whatever is in them."""
    if isinstance(one, msgspec.Struct):
        return type(one) is type(other) and all(
            same(getattr(one, name), getattr(other, name))
            for name in one.__struct_fields__
            if name != "source"
        )
    if isinstance(one, tuple):
        return len(one) == len(other) and all(map(same, one, other))
    return np.array_equal(one, other)


def test_everything_is_read_back_as_it_was(solved, back):
    assert same(solved, back)
    was, now = solved.solution.schedules(), back.solution.schedules()
    for name in was.__struct_fields__:
        assert same(getattr(was, name), getattr(now, name)), name
    north = np.array([1])
    was, now = solved.solution.schedules(north), back.solution.schedules(north)
    for name in was.__struct_fields__:
        assert same(getattr(was, name), getattr(now, name)), name


def test_what_is_read_back_passes_the_audit(back):
    report = audit(back.fleet, back.solution, back.prices)
    assert report.clean, report.breaches
    assert report.assets == 5


def test_the_table_of_schedules_balances_with_that_of_zones(solved):
    schedules, prices = schedules_table(solved), prices_table(solved)
    assert schedules["asset"].unique(maintain_order=True).to_list() == [
        getattr(solved.names, table)[0] for table in TABLES
    ]
    moved = {
        zone: sum(part["net_wh"].to_numpy() for part in own.partition_by("asset"))
        for (zone,), own in schedules.partition_by("zone", as_dict=True).items()
    }
    net = {
        zone: own["net_wh"].to_numpy()
        for (zone,), own in prices.partition_by("zone", as_dict=True).items()
    }
    assert net["north"] == pytest.approx(moved["north"] + 500)
    assert net["south"] == pytest.approx(moved["south"] + 400)
    assert net["region"] == pytest.approx(net["north"] + net["south"])
    assert prices.filter(pl.col("zone") == "south")["import_limit_w"].null_count() == 6


def test_tight_limits_are_those_with_a_price_at_their_bound(solved):
    found = tight_limits(solved)
    assert found
    net, prices = solved.solution.net_wh, solved.solution.prices
    for each in found:
        if each.name.startswith("portfolio"):
            assert net[0, 2:4].sum() == pytest.approx(4_000)
            continue
        row = solved.names.zones.index(each.name)
        on = prices.imports[row] > 1
        limit = np.asarray(solved.fleet.zones.import_limit_w)[row]
        assert net[row, on] == pytest.approx(limit)
        assert each.slots == on.sum()
        assert each.first == np.flatnonzero(on)[0]
        assert each.worth_nano == pytest.approx(prices.imports[row].sum() * limit)
        assert each.highest_micro_per_kwh >= each.mean_micro_per_kwh > 0
    summed = outcome(solved, found)
    assert (summed.assets, summed.zones, summed.slots) == (5, 3, 6)
    assert summed.cost_nano == solved.solution.upper_nano


def test_a_view_signs_energy_by_what_an_asset_does(solved):
    view = of_solved(solved)
    by_name = {each.name: each for each in view.assets}
    assert by_name["car"].takes_wh == pytest.approx(8_000)
    assert by_name["car"].gives_wh == 0
    assert by_name["washer"].takes_wh == pytest.approx(700)
    assert by_name["washer"].busy == 2
    assert by_name["plant"].takes_wh == 0
    assert by_name["plant"].gives_wh <= 2_400 + 1e-6
    assert by_name["battery"].state_wh is not None
    assert by_name["engine"].state_wh is None
    region = view.zones[0]
    assert region.takes_wh - region.gives_wh == pytest.approx(solved.solution.net_wh[0].sum())
    assert region.peak_w == pytest.approx(np.abs(solved.solution.net_wh[0]).max())


def test_missing_rows_of_schedules_are_refused(solved, tmp_path):
    keeping.write(tmp_path, solved)
    path = tmp_path / keeping.SCHEDULES
    pl.read_parquet(path).head(20).write_parquet(path)
    with pytest.raises(BadInput, match="not 6 numbers"):
        keeping.read(tmp_path)


def test_only_empty_folders_and_earlier_schedules_may_be_written_to(solved, tmp_path):
    assert keeping.may_hold(tmp_path)
    keeping.write(tmp_path / "out", solved)
    assert keeping.may_hold(tmp_path / "out")
    assert not keeping.may_hold(tmp_path)
    assert not keeping.may_hold(tmp_path / "out" / keeping.FLEET)
