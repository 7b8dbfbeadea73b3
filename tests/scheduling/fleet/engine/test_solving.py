"""What a caller may rely on: order, executors, progress, cancelling, limits that are missed."""

from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

import msgspec
import numpy as np
import pytest

from gridpact.base.errors import BadInput
from gridpact.scheduling.fleet.assets import (
    Appliance,
    Battery,
    Car,
    GridConnection,
    Pv,
    Tank,
    build,
)
from gridpact.scheduling.fleet.columns import Prices
from gridpact.scheduling.fleet.options import Options
from gridpact.scheduling.fleet.solution import Status
from gridpact.scheduling.fleet.solve import solve

ENGINE = Options(gap=1e-5, method="engine")


def permuted(table, order):
    columns = {name: getattr(table, name) for name in table.__struct_fields__}
    return type(table)(**{n: v[order] if np.ndim(v) else v for n, v in columns.items()})


@pytest.mark.parametrize("seed", range(4))
def test_permuting_assets_permutes_the_answer_and_changes_nothing(small, seed):
    fleet, prices = small.fleet(seed, prices="any")
    fleet = msgspec.structs.replace(fleet, portfolio=None)
    one, two = np.arange(len(fleet.one_way.zone))[::-1], np.arange(len(fleet.storage.zone))[::-1]
    turned = msgspec.structs.replace(
        fleet, one_way=permuted(fleet.one_way, one), storage=permuted(fleet.storage, two)
    )
    straight, turned = solve(fleet, prices, ENGINE), solve(turned, prices, ENGINE)
    assert straight.upper_nano == turned.upper_nano
    assert straight.lower_nano == turned.lower_nano
    np.testing.assert_array_equal(
        straight.schedules().one_way_wh[one], turned.schedules().one_way_wh
    )
    np.testing.assert_array_equal(straight.schedules().state_wh[two], turned.schedules().state_wh)


@pytest.mark.parametrize("pool", [ThreadPoolExecutor, ProcessPoolExecutor])
def test_an_executor_gives_the_same_answer_bit_for_bit(small, pool, monkeypatch):
    fleet, prices = small.fleet(3, prices="any")
    alone = solve(fleet, prices, ENGINE)
    with pool(2) as executor:
        options = msgspec.structs.replace(ENGINE, executor=executor, tasks=3)
        spread = solve(fleet, prices, options)
    assert (spread.lower_nano, spread.upper_nano) == (alone.lower_nano, alone.upper_nano)
    np.testing.assert_array_equal(spread.net_wh, alone.net_wh)


def test_progress_tells_bounds_that_close_and_cancelling_leaves_a_valid_answer(small):
    fleet, prices = small.fleet(2, prices="any")
    seen = []
    full = solve(fleet, prices, msgspec.structs.replace(ENGINE, progress=seen.append))
    assert [one.number for one in seen] == list(range(1, len(seen) + 1))
    lower = [one.lower_nano for one in seen]
    assert lower == sorted(lower)
    assert full.rounds == tuple(seen)
    heard = []
    early = solve(
        fleet,
        prices,
        msgspec.structs.replace(
            ENGINE, gap=1e-12, progress=heard.append, cancelled=lambda: len(heard) >= 3
        ),
    )
    assert len(early.rounds) == 3
    assert early.missed == ()
    assert early.lower_nano <= full.upper_nano <= early.upper_nano + 1e-5 * abs(full.upper_nano)
    assert early.schedules().one_way_wh.sum() == pytest.approx(fleet.one_way.energy_wh.sum())


def home(**limits):
    return build(
        96,
        900,
        [GridConnection("home", **limits)],
        [
            Car("home", 30, 90, 20_000, 11_000),
            Battery("home", 10_000, 5_000, 5_000, terminal_wh=5_000, wear=10_000),
            Pv("home", np.maximum(0, 1200 * np.sin(np.arange(96) / 96 * 6))),
        ],
    )


def test_a_limit_that_cannot_be_kept_is_named_with_what_it_misses():
    fleet = home(import_w=np.where(np.arange(96) < 60, 100.0, 150.0), load_wh=100.0)
    solution = solve(fleet, Prices(np.full(96, 200_000.0)), ENGINE)
    assert solution.status is Status.LIMITS_MISSED
    assert {one.kind for one in solution.missed} == {"import"}
    over = solution.net_wh[0] - np.where(np.arange(96) < 60, 25.0, 37.5)
    missing = {one.slot: one.missing_wh for one in solution.missed}
    assert sum(missing.values()) == pytest.approx(np.maximum(over, 0).sum(), abs=1)


def test_a_limit_costs_what_it_adds_to_the_bill():
    prices = Prices(200_000 + 50_000 * np.sin(np.arange(96) / 5))
    free, bound = solve(home(), prices, ENGINE), solve(home(import_w=2_000.0), prices, ENGINE)
    assert bound.upper_nano > free.upper_nano
    assert bound.limit_cost_nano[0] > 0
    # the first watt more is worth its price: the cost falls by no more than the price says
    wider = solve(home(import_w=2_040.0), prices, ENGINE)
    worth = float(bound.prices.imports.sum() * 10)
    assert bound.upper_nano - wider.lower_nano <= worth * (1 + 1e-3) + 2e-5 * abs(bound.upper_nano)
    assert np.all(bound.prices.imports >= 0)


def test_appliances_run_whole_beside_assets_that_mix():
    feeder = GridConnection("feeder", import_w=9_000.0, load_wh=720.0)
    assets = [Battery("feeder", 8_000, 3_000, 3_000, efficiency=0.93) for n in range(12)]
    assets += [Appliance("feeder", 8 + n, 90, [2_000, 1_500, 500, 500]) for n in range(12)]
    assets += [Tank("feeder", 6_000, 2_000, 3_000, draw_wh=40, kept=0.998) for n in range(12)]
    fleet = build(96, 900, [feeder], assets)
    price = 200_000 + 80_000 * np.cos(np.arange(96) / 96 * 12)
    solution = solve(fleet, Prices(price, None), Options(gap=2e-3, method="engine"))
    runs = solution.schedules().runs_wh
    assert solution.status is Status.OPTIMAL
    for row in runs:
        at = int(np.flatnonzero(row)[0])
        np.testing.assert_array_equal(row[at : at + 4], [500, 375, 125, 125])
        assert np.count_nonzero(row) == 4
    assert solution.net_wh[0].max() <= 9_000 * 0.25 + 0.25


def test_everything_wrong_is_named_together():
    wrong = build(
        24,
        900,
        [GridConnection("a", "b", import_w=-1.0), GridConnection("b", "a")],
        [
            Car("nowhere", 10, 5, 1_000, 1_000),
            Car("a", 0, 4, 20_000, 11_000),
            Battery("a", 0.0, 1_000, 0.0),
            Appliance("a", 20, 22, [100, 100, 100]),
        ],
    )
    price = np.full(24, 1e5)
    price[3], price[4] = np.nan, np.inf
    with pytest.raises(BadInput) as caught:
        solve(wrong, Prices(price))
    places = {fault.where for fault in caught.value.faults}
    assert places == {
        "assets[0].zone",
        "assets[0].leave",
        "assets[1].energy_wh",
        "assets[2].capacity_wh",
        "assets[3].end",
        "connections[0].import_w",
        "connections[0].parent",
        "connections[1].parent",
        "prices.buy[3]",
        "prices.buy[4]",
    }


@pytest.mark.parametrize("seed", [2, 7])
def test_a_warm_start_changes_the_time_and_not_the_claim(small, seed):
    fleet, prices = small.fleet(seed, prices="any")
    before = solve(fleet, prices, ENGINE)
    dearer = Prices(
        np.asarray(prices.buy) + 5_000, None if prices.sell is None else prices.sell + 5_000
    )
    energy = np.array(fleet.one_way.energy_wh)
    energy[0] *= 0.5
    other = msgspec.structs.replace(
        fleet, one_way=msgspec.structs.replace(fleet.one_way, energy_wh=energy)
    )
    for changed, at in ((fleet, dearer), (other, prices)):
        cold, warm = solve(changed, at, ENGINE), solve(changed, at, ENGINE, warm=before)
        assert warm.status is cold.status
        slack = 2e-5 * abs(cold.upper_nano)
        assert cold.lower_nano - slack <= warm.upper_nano <= cold.upper_nano + slack
        assert warm.lower_nano <= cold.upper_nano + slack
        plan = warm.schedules().one_way_wh.sum(axis=1)
        np.testing.assert_allclose(plan, changed.one_way.energy_wh, atol=1e-6)
