"""Bad input of every kind is refused by its place, before anything is solved on a guess."""

import msgspec
import numpy as np
import pytest

from gridpact.base.errors import BadInput
from gridpact.scheduling.fleet.assets import (
    Appliance,
    Battery,
    Car,
    Generator,
    GridConnection,
    Pv,
    Tank,
    V2gCar,
    build,
)
from gridpact.scheduling.fleet.columns import (
    Curtailable,
    Generators,
    OneWay,
    Portfolio,
    Prices,
    Runs,
    Storage,
)
from gridpact.scheduling.fleet.options import Options
from gridpact.scheduling.fleet.solve import solve

SLOTS = 24
HOME = (GridConnection("home"),)
FLAT = Prices(np.full(SLOTS, 1e5))
BATTERY = Battery("home", 9_000, 1_000, 500)


def places(assets=(), connections=HOME, prices=FLAT, options=None, **columns):
    """Where faults are found."""
    fleet = build(SLOTS, 3600, connections, assets)
    with pytest.raises(BadInput) as caught:
        solve(msgspec.structs.replace(fleet, **columns), prices, options)
    return {fault.where for fault in caught.value.faults}


@pytest.mark.parametrize(
    ("asset", "where"),
    [
        (Car("home", 10, 5, 1_000, 1_000), {"one_way[0].leave"}),
        (Car("home", 10, 30, 1_000, 1_000), {"one_way[0].leave"}),
        (Car("home", 10, 12, 3_000, 1_000), {"one_way[0].energy_wh"}),
        (Car("home", 10, 12, 500, 0), {"one_way[0].power_w"}),
        (Car("away", 10, 12, 500, 1_000), {"one_way[0].zone"}),
        (V2gCar("home", 10, 5, 1_000, 2_000, 9_000, 5_000), {"assets[0].leave"}),
        (V2gCar("home", 10, 30, 1_000, 2_000, 9_000, 5_000), {"assets[0].leave"}),
        (V2gCar("home", -3, 7, 1_000, 2_000, 9_000, 5_000), {"assets[0].arrive"}),
        (V2gCar("home", 2, 4, 1_000, 8_000, 9_000, 1_000), {"storage[0].lo_wh"}),
        (V2gCar("home", 2, 4, 1_000, 9_500, 9_000, 9_000), {"storage[0].lo_wh, slot 3"}),
        (Battery("home", 0, 1_000, 0), {"storage[0].hi_wh"}),
        (Battery("home", np.nan, 1_000, 0), {"storage[0].hi_wh"}),
        (Battery("home", 1_000, 1_000, 0, efficiency=1.2), {"storage[0].efficiency_out"}),
        (Tank("home", 1_000, 100, 0, draw_wh=500), {"storage[0].lo_wh"}),
        (Tank("home", 1_000, 100, 0, draw_wh=np.ones(7)), {"assets[0].draw_wh"}),
        (Pv("home", np.full(SLOTS, -5.0)), {"curtailable[0].forecast_wh, slot 0"}),
        (Pv("home", np.ones(SLOTS - 1)), {"assets[0].forecast_wh"}),
        (Appliance("home", 0, 10, []), {"runs[0].length"}),
        (Appliance("home", 0, 2, [100.0] * 3), {"runs[0].end"}),
        (Appliance("home", 2, 9, [100.0, 50.0], interruptible=True), {"assets[0].power_w"}),
        (Generator("home", 0.0), {"generators[0].max_w"}),
        (Generator("home", 100.0, 200.0), {"generators[0].min_w, slot 0"}),
    ],
)
def test_assets_are_named(asset, where):
    assert places([asset]) == where


def test_a_car_with_a_least_power_keeps_to_its_stay_too():
    backwards = Car("home", 10, 5, 1_000, 1_000, min_w=500)
    assert "assets[0].leave" in places([backwards])
    assert places([Car("home", 10, 40, 1_000, 1_000, min_w=500)]) == {"assets[0].leave"}
    due = solve(build(SLOTS, 3600, HOME, [Car("home", 1, 5, 0, 1_000, min_w=500)]), FLAT)
    assert not due.schedules().one_way_wh.any()


@pytest.mark.parametrize(
    ("connections", "where"),
    [
        ([], {"zones"}),
        ([GridConnection("home", "home")], {"zones[0].parent"}),
        (
            [GridConnection("a", "b"), GridConnection("b", "a")],
            {f"zones[{n}].parent" for n in (0, 1)},
        ),
        ([GridConnection("a", "elsewhere")], {"zones[0].parent"}),
        ([GridConnection("a"), GridConnection("a")], {"connections"}),
        ([GridConnection("a", import_w=-1.0)], {"zones[0].import_limit_w, slot 0"}),
        ([GridConnection("a", export_w=np.nan)], {"zones[0].export_limit_w, slot 0"}),
        ([GridConnection("a", import_w=np.ones(7))], {"connections[0].import_w"}),
        ([GridConnection("a", load_wh=np.inf)], {"zones[0].load_wh, slot 0"}),
    ],
)
def test_connections_are_named(connections, where):
    assert places(connections=connections) == where


def test_a_parent_that_is_none_is_named_once():
    fleet = build(SLOTS, 3600, [GridConnection("a", "elsewhere")], [])
    with pytest.raises(BadInput) as caught:
        solve(fleet, FLAT)
    assert len(caught.value.faults) == 1


@pytest.mark.parametrize(
    ("prices", "where"),
    [
        (Prices(np.where(np.arange(SLOTS) == 3, np.nan, 1.0)), {"prices.buy[3]"}),
        (Prices(np.where(np.arange(SLOTS) == 4, np.inf, 1.0)), {"prices.buy[4]"}),
        (Prices(np.ones(SLOTS), np.full(SLOTS, -np.inf)), {f"prices.sell[{n}]" for n in range(24)}),
        (Prices(np.ones(SLOTS - 1)), {"prices.buy"}),
        (Prices(np.array(["dear"] * SLOTS)), {"prices.buy"}),
        (Prices(None), {"prices.buy"}),
        (np.ones(SLOTS), {"prices"}),
        (None, {"prices"}),
    ],
)
def test_prices_are_named(prices, where):
    assert places([BATTERY], prices=prices) == where


def row(**changed):
    """One row of a portfolio on the first zone, with something changed."""
    one, none = np.zeros(1, np.int64), np.zeros(0, np.int64)
    plain = Portfolio(one, one, one + 1, one - 5.0, one + 5.0, one, one, none, none, none)
    return msgspec.structs.replace(plain, **{n: np.array(v) for n, v in changed.items()})


@pytest.mark.parametrize(
    ("portfolio", "where"),
    [
        (row(end=[SLOTS + 1]), {"portfolio[0].end"}),
        (row(first=[-1]), {"portfolio[0].first"}),
        (row(first=[5]), {"portfolio[0].end"}),
        (row(lower_wh=[6.0]), {"portfolio[0].lower_wh"}),
        (row(lower_wh=[np.nan]), {"portfolio[0].lower_wh"}),
        (row(upper_wh=[-np.inf], lower_wh=[-np.inf]), {"portfolio[0].lower_wh"}),
        (row(set_of_row=[3]), {"portfolio[0].set_of_row"}),
        (row(zone=[7]), {"portfolio.zone[0]"}),
        (row(zone_set=[0, 0]), {"portfolio.zone"}),
        (row(asset_set=[0], asset_table=[1], asset=[4]), {"portfolio.asset[0]"}),
        (row(asset_set=[0], asset_table=[9], asset=[0]), {"portfolio.asset_table[0]"}),
    ],
)
def test_portfolio_rows_are_named(portfolio, where):
    assert places([BATTERY], portfolio=portfolio) == where


@pytest.mark.parametrize(
    ("options", "where"),
    [
        (Options(gap=-1e-3), "gap"),
        (Options(gap=float("nan")), "gap"),
        (Options(rounds=0), "rounds"),
        (Options(parts=0), "parts"),
        (Options(tasks=0), "tasks"),
        (Options(penalty=float("nan")), "penalty"),
        (Options(penalty=0.0), "penalty"),
        (Options(method="guess"), "method"),
        (Options(gap="1%"), "gap"),
        (Options(rounds="many"), "rounds"),
        (Options(rounds=2.5), "rounds"),
        (Options(tasks=True), "tasks"),
        (Options(penalty="dear"), "penalty"),
        (Options(executor=3), "executor"),
        (Options(progress=3), "progress"),
        (Options(cancelled=None), "cancelled"),
    ],
)
def test_options_are_named(options, where):
    assert places([BATTERY], options=options) == {f"options.{where}"}


def test_objects_columns_prices_and_options_are_named_together():
    found = places(
        [V2gCar("home", 9, 2, 0, 0, 9_000, 5_000), Battery("home", 0, 1_000, 0)],
        [GridConnection("home", "home", import_w=-3.0)],
        Prices(np.full(SLOTS, np.inf)),
        Options(gap=-1.0),
    )
    kinds = {place.split("[")[0].split(".")[0] for place in found}
    assert kinds == {"assets", "storage", "zones", "prices", "options"}


def two_of_each():
    """A fleet of two assets in every table, all columns of full length."""
    two = np.zeros(2, np.int64)
    return {
        "one_way": OneWay(two, two, two + 9, two + 1e3, two + 5e3),
        "storage": Storage(two, two + 0.0, two + 1e3, two + 1e3, two + 5e3),
        "curtailable": Curtailable(two, np.ones((2, SLOTS))),
        "runs": Runs(two, two, two + 9, two + 1, np.full((2, 1), 500.0)),
        "generators": Generators(two, two + 1e3),
    }


@pytest.mark.parametrize(
    ("table", "column"),
    [
        (name, column)
        for name, table in two_of_each().items()
        for column in table.__struct_fields__
        if column != "zone"
    ],
)
def test_columns_of_another_length_are_named(table, column):
    tables = two_of_each()
    solve(msgspec.structs.replace(build(SLOTS, 3600, HOME, []), **tables), FLAT)
    kind = np.bool_ if column == "interruptible" else np.int64
    for shape in ((1,), (3,), (1, SLOTS)):
        short = msgspec.structs.replace(tables[table], **{column: np.ones(shape, kind)})
        assert f"{table}.{column}" in places(**{**tables, table: short})
