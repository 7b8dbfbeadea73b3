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
        (Car("home", 10, 5, 1_000, 1_000), {"assets[0].leave"}),
        (Car("home", 10, 30, 1_000, 1_000), {"assets[0].leave"}),
        (Car("home", 10, 12, 3_000, 1_000), {"assets[0].energy_wh"}),
        (Car("home", 10, 12, 500, 0), {"assets[0].power_w"}),
        (Car("away", 10, 12, 500, 1_000), {"assets[0].zone"}),
        (V2gCar("home", 10, 5, 1_000, 2_000, 9_000, 5_000), {"assets[0].leave"}),
        (V2gCar("home", 10, 30, 1_000, 2_000, 9_000, 5_000), {"assets[0].leave"}),
        (V2gCar("home", -3, 7, 1_000, 2_000, 9_000, 5_000), {"assets[0].arrive"}),
        (V2gCar("home", 2, 4, 1_000, 8_000, 9_000, 1_000), {"assets[0].due_wh"}),
        (V2gCar("home", 2, 4, 1_000, 9_500, 9_000, 9_000), {"assets[0].due_wh, slot 3"}),
        (Battery("home", 0, 1_000, 0), {"assets[0].capacity_wh"}),
        (Battery("home", np.nan, 1_000, 0), {"assets[0].capacity_wh"}),
        (Battery("home", 1_000, 1_000, 0, efficiency=1.2), {"assets[0].efficiency"}),
        (Tank("home", 1_000, 100, 0, draw_wh=500), {"assets[0].least_wh"}),
        (Tank("home", 1_000, 100, 0, draw_wh=np.ones(7)), {"assets[0].draw_wh"}),
        (Pv("home", np.full(SLOTS, -5.0)), {"assets[0].forecast_wh, slot 0"}),
        (Pv("home", np.ones(SLOTS - 1)), {"assets[0].forecast_wh"}),
        (Appliance("home", 0, 10, []), {"assets[0].power_w"}),
        (Appliance("home", 0, 2, [100.0] * 3), {"assets[0].end"}),
        (Appliance("home", 2, 9, [100.0, 50.0], interruptible=True), {"assets[0].power_w"}),
        (Appliance("home", 0, 10, 0), {"assets[0].power_w"}),
        (Appliance("home", 0, 10, [0.0, 0.0]), {"assets[0].power_w"}),
        (Appliance("home", 0, 10, [100.0] * 3, min_on=2), {"assets[0].min_on"}),
        (Appliance("home", 0, 10, ["warm"]), {"assets[0].power_w"}),
        (Battery("home", 1_000, 1_000, 1_500), {"assets[0].initial_wh"}),
        (Battery("home", 1_000, 1_000, -5), {"assets[0].initial_wh"}),
        (Battery("home", -5, 1_000, 0), {"assets[0].reserve_wh"}),
        (Battery("home", "large", 1_000, 0), {"assets[0].capacity_wh"}),
        (Battery(None, 1_000, 1_000, 0), {"assets[0].zone"}),
        (V2gCar("home", 2, 9, 9_500, 8_000, 9_000, 1_000), {"assets[0].initial_wh"}),
        (Car("home", 2, 9, 500, 1_000, min_w=2_000), {"assets[0].min_w"}),
        (Car("home", 2.7, 8.2, 500, 1_000), {"assets[0].arrive", "assets[0].leave"}),
        (Car("home", "2", 8, 500, 1_000), {"assets[0].arrive"}),
        (Car("home", True, 8, 500, 1_000), {"assets[0].arrive"}),
        (Car("home", 2, 8, [500, 600], 1_000), {"assets[0].energy_wh"}),
        (Generator("home", 100.0, min_up=1.5), {"assets[0].min_up"}),
        (Pv("home", 100.0, curtails="no"), {"assets[0].curtails"}),
        (None, {"assets[0]"}),
        ("car", {"assets[0]"}),
        (GridConnection("other"), {"assets[0]"}),
        (Generator("home", 0.0), {"assets[0].max_w"}),
        (Generator("home", 100.0, 200.0), {"assets[0].min_w, slot 0"}),
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
        ([GridConnection("home", "home")], {"connections[0].parent"}),
        (
            [GridConnection("a", "b"), GridConnection("b", "a")],
            {f"connections[{n}].parent" for n in (0, 1)},
        ),
        ([GridConnection("a", "elsewhere")], {"connections[0].parent"}),
        ([GridConnection("a"), GridConnection("a")], {"connections"}),
        ([GridConnection("a", import_w=-1.0)], {"connections[0].import_w"}),
        ([GridConnection("a", export_w=np.nan)], {"connections[0].export_w"}),
        ([GridConnection("a", import_w=np.ones(7))], {"connections[0].import_w"}),
        ([GridConnection("a", load_wh=np.inf)], {"connections[0].load_wh"}),
        ([GridConnection("a", load_wh="much")], {"connections[0].load_wh"}),
        (
            [GridConnection("a", load_wh=np.where(np.arange(SLOTS) == 7, np.nan, 1.0))],
            {"connections[0].load_wh, slot 7"},
        ),
        ([GridConnection("a", parent=0)], {"connections[0].parent"}),
        ([GridConnection("")], {"connections[0].name"}),
        ([None, "a"], {"connections[0]", "connections[1]"}),
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


def faults(connections, assets):
    """Faults as a person reads them."""
    with pytest.raises(BadInput) as caught:
        solve(build(SLOTS, 3600, connections, assets), FLAT)
    return [str(fault) for fault in caught.value.faults]


def test_objects_are_told_of_by_position_kind_and_connection():
    assets = [
        Pv("home", np.ones(SLOTS)),
        None,
        Car("home", 2, 8, 500, 1_000),
        Car("home", 2, 8, 500, 1_000, min_w=2_000),
        Battery("home", 5_000, 1_000, 9_000),
        Car("home", 8, 2, 500, 1_000),
        Car("away", 2, 8, 500, 1_000),
    ]
    found = faults(HOME, assets)
    assert [one.removeprefix("fleet: ").split(". Fix")[0] for one in found] == [
        "assets[1]: None is none of them",
        "assets[3].min_w: Car at 'home': 2000 W at least, 1000 W at most",
        "assets[4].initial_wh: Battery at 'home': begins with 9000 Wh, its capacity is 5000 Wh",
        "assets[5].leave: Car at 'home': leaves at slot 2, arrives at 8",
        "assets[6].zone: Car at 'away': there is no such connection",
    ]
    assert "give min_w ≤ power_w" in found[1]


def test_no_connections_are_named_once():
    assert len(faults([], [Car("home", 2, 8, 500, 1_000)])) == 1


def test_a_connection_at_fault_does_not_put_its_assets_at_fault():
    assert len(faults([GridConnection("home", load_wh="much")], [BATTERY])) == 1


@pytest.mark.parametrize(
    ("slots", "step_s", "where"),
    [(24.0, 3600, {"slots"}), ("24", 0.5, {"slots", "step_s"}), (True, 900, {"slots"})],
)
def test_lengths_that_are_no_whole_numbers_are_named(slots, step_s, where):
    with pytest.raises(BadInput) as caught:
        build(slots, step_s, HOME, [])
    assert {fault.where for fault in caught.value.faults} == where


def test_a_programme_may_be_one_number():
    one, other = (Appliance("home", 3, 9, power) for power in (1_000, [1_000.0]))
    plans = [
        solve(build(SLOTS, 3600, HOME, [each]), FLAT).schedules().runs_wh for each in (one, other)
    ]
    assert plans[0].sum() == 1_000
    assert np.array_equal(*plans)


def test_storage_of_columns_that_begins_outside_its_bounds_is_named():
    zone = np.zeros(3, np.int64)
    begins = np.array([9e3, -1.0, 10.0])
    storage = Storage(zone, begins, 1e4, 1e4, 5e3, lo_wh=100.0)
    assert places(storage=storage) == {"storage[0].initial_wh", "storage[1].initial_wh"}


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
        (Options(nodes=0), "nodes"),
        (Options(parts=0), "parts"),
        (Options(tasks=0), "tasks"),
        (Options(penalty=float("nan")), "penalty"),
        (Options(penalty=0.0), "penalty"),
        (Options(method="guess"), "method"),
        (Options(gap="1%"), "gap"),
        (Options(rounds="many"), "rounds"),
        (Options(rounds=2.5), "rounds"),
        (Options(tasks=True), "tasks"),
        (Options(raises=-1), "raises"),
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
    assert kinds == {"assets", "connections", "prices", "options"}


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


def test_an_answer_to_begin_from_and_slots_passed_are_named():
    fleet = build(SLOTS, 3600, HOME, [BATTERY])
    before = solve(fleet, FLAT)
    for warm, passed, where in (
        ("x", 0, "warm"),
        (before, -1, "passed"),
        (before, 1.5, "passed"),
        (before, SLOTS + 1, "passed"),
        (None, 3, "passed"),
    ):
        with pytest.raises(BadInput) as caught:
            solve(fleet, FLAT, warm=warm, passed=passed)
        assert {fault.where for fault in caught.value.faults} == {where}


def test_a_budget_without_a_price_is_refused():
    one = np.array([0])
    cars = OneWay(one, one, one + 9, np.array([500.0]), np.array([900.0]), budget=np.array([5e6]))
    assert places(one_way=cars) == {"one_way[0].budget"}
    store = Storage(one, 500.0, 900.0, 0.0, 9_000.0, budget=np.array([5e6]))
    assert places(storage=store) == {"storage[0].budget"}


def test_connections_are_told_of_by_name():
    found = faults(
        [GridConnection("a", "b"), GridConnection("b", "a"), GridConnection("c", "d")], ()
    )
    assert [one.split(": ", 2)[2].split(". Fix")[0] for one in found] == [
        "GridConnection 'a': lies below itself, through 'b'",
        "GridConnection 'b': lies below itself, through 'a'",
        "GridConnection 'c': there is no connection 'd'",
    ]


def test_rows_are_named_in_their_order():
    found = faults(HOME, [Battery("home", 9_000, -1, 500) for _ in range(12)])
    assert [one.split(".power_w")[0] for one in found] == [
        f"fleet: assets[{number}]" for number in range(12)
    ]


def test_faults_of_rows_hide_none_of_other_rows():
    """A row beyond its bounds, one that ends above its capacity, one that is out of reach."""
    rows = Storage(
        zone=np.array([0, 0, 0, 0, 7]),
        initial_wh=np.array([500.0, 9_000.0, 500.0, 500.0, 9_000.0]),
        charge_w=np.array([-1.0, 100.0, 100.0, 100.0, 100.0]),
        discharge_w=0.0,
        hi_wh=np.array([5_000.0, 5_000.0, 5_000.0, 5_000.0, 5_000.0]),
        terminal_wh=np.array([0.0, 0.0, 4_900.0, 600.0, 0.0]),
    )
    assert places(storage=rows) == {
        "storage[0].charge_w",
        "storage[1].initial_wh",
        "storage[2].lo_wh",
        "storage[4].zone",
        "storage[4].initial_wh",
    }


def test_programmes_that_are_none_hide_no_other_column_of_runs():
    one = np.array([0])
    runs = Runs(one, one, one + 99, one + 1, np.array(["warm"]))
    assert places(runs=runs) == {"runs.power_w", "runs[0].end"}
    runs = Runs(one, one, one + 99, one + 1, np.array([500.0]))
    assert places(runs=runs) == {"runs.power_w", "runs[0].end"}
