"""Each continuous oracle against a linear programme of one asset, on hundreds of random assets."""

import numpy as np
import pytest
from scipy.optimize import linprog

from gridpact.base.randomness import stream
from gridpact.scheduling.fleet.columns import Curtailable, OneWay, Storage
from gridpact.scheduling.fleet.curtailable import CurtailableOracle
from gridpact.scheduling.fleet.one_way import OneWayOracle
from gridpact.scheduling.fleet.oracles import Layout
from gridpact.scheduling.fleet.steady_storage import SteadyStorageOracle, steady
from gridpact.scheduling.fleet.storage import StorageOracle

ASSETS, SLOTS = 400, 16


def prices(draw, kind):
    any_price = draw.uniform(0.05, 0.4, SLOTS)
    return {
        "any": any_price,
        "flat": np.full(SLOTS, 0.25),
        "two": np.where(np.arange(SLOTS) % 8 < 4, 0.18, 0.32),
    }[kind]


def single(assets):
    """Every asset a group of its own."""
    return Layout(np.arange(assets), np.arange(assets + 1))


def storage(draw, general):
    """Storage that can idle, or charge against its draw; Wh."""
    size = draw.uniform(3_000, 15_000, ASSETS)
    start = size * draw.uniform(0.3, 0.7, ASSETS)
    shape = (ASSETS, SLOTS) if general else (ASSETS,)
    power = draw.uniform(2_000, 6_000, shape)
    sink = draw.random(ASSETS) < 0.5
    discharge = np.where(sink[:, None], 0.0, power) if general else power
    hold = sink if general else np.zeros(ASSETS, np.bool_)
    return Storage(
        zone=np.zeros(ASSETS, np.int64),
        initial_wh=start,
        charge_w=power,
        discharge_w=discharge,
        hi_wh=np.tile(size[:, None], (1, SLOTS)) if general else size,
        terminal_wh=np.where(hold, 0.0, start),
        efficiency_in=draw.uniform(0.85, 1.0, shape),
        efficiency_out=draw.uniform(0.85, 1.0, ASSETS),
        kept=np.where(hold, 0.99, 1.0),
        draw_wh=np.where(hold[:, None], draw.uniform(0, 150, (ASSETS, SLOTS)), 0.0)
        if general
        else 0.0,
        wear=draw.uniform(0, 30_000, ASSETS),
    )


def by_slot(values, row):
    array = np.asarray(values, float)
    return np.broadcast_to(array[row] if array.ndim else array, (SLOTS,))


def least_cost(table, row, price):
    """Linear programme of one storage over charge and discharge [¤]."""
    gain, kept = by_slot(table.efficiency_in, row), table.kept[row]
    decay = np.tril(kept ** (np.arange(SLOTS)[:, None] - np.arange(SLOTS)[None].astype(float)))
    inward, outward = decay * gain, decay / table.efficiency_out[row]
    idle = kept ** np.arange(1, SLOTS + 1) * table.initial_wh[row]
    idle = idle - decay @ by_slot(table.draw_wh, row)
    least = np.zeros(SLOTS)
    least[-1] = table.terminal_wh[row]
    effect = np.hstack([inward, -outward])
    limits = [(0, most * 0.25) for name in ("charge_w", "discharge_w")
              for most in by_slot(getattr(table, name), row)]  # fmt: skip
    result = linprog(
        np.concatenate([price, table.wear[row] * 1e-6 - price]),  # ¤ per MWh: well scaled
        A_ub=np.vstack([effect, -effect]),
        b_ub=np.concatenate([by_slot(table.hi_wh, row) - idle, idle - least]),
        bounds=limits,
    )
    assert result.status == 0, result.message
    return result.fun / 1000


@pytest.mark.parametrize("kind", ["any", "flat", "two"])
@pytest.mark.parametrize("general", [False, True])
def test_storage_costs_what_a_linear_programme_costs(kind, general):
    draw = stream(11, "oracles", "storage", kind, int(general))
    table, price = storage(draw, general), prices(draw, kind)
    assert steady(table, SLOTS).all() != general
    make = StorageOracle if general else SteadyStorageOracle
    oracle = make.build(table, single(ASSETS), SLOTS, 0.25)
    tiled = np.tile(price, (ASSETS, 1))
    exact = oracle.exact().best(tiled)
    found = exact.own_cost + exact.energy @ price
    wanted = [least_cost(table, row, price) for row in range(ASSETS)]
    np.testing.assert_allclose(found, wanted, atol=1e-9)
    assert not exact.slack.any()
    quick = oracle.best(tiled)
    np.testing.assert_allclose(quick.own_cost + quick.energy @ price, wanted, atol=2e-6)
    plans = oracle.plans(np.arange(ASSETS), price)
    np.testing.assert_allclose(plans[:, 0] - plans[:, 1], quick.energy, atol=1e-12)
    assert np.minimum(plans[:, 0], plans[:, 1]).max() == 0


def test_cars_cost_what_a_linear_programme_costs():
    draw = stream(11, "oracles", "cars")
    arrive = draw.integers(0, SLOTS - 2, ASSETS)
    leave = np.minimum(arrive + draw.integers(1, SLOTS, ASSETS), SLOTS)
    power = draw.uniform(2_000, 11_000, (ASSETS, SLOTS)) * (draw.random((ASSETS, SLOTS)) < 0.8)
    there = (np.arange(SLOTS) >= arrive[:, None]) & (np.arange(SLOTS) < leave[:, None])
    energy = 0.25 * np.sum(power * there, axis=1) * draw.uniform(0.1, 1.0, ASSETS)
    table = OneWay(np.zeros(ASSETS, np.int64), arrive, leave, energy, power)
    price = draw.uniform(-0.1, 0.4, SLOTS)
    oracle = OneWayOracle.build(table, single(ASSETS), SLOTS, 0.25)
    found = oracle.best(np.tile(price, (ASSETS, 1)))
    for row in range(ASSETS):
        most = power[row] * there[row] * 0.25
        wanted = (
            linprog(
                price,
                A_eq=np.ones((1, SLOTS)),
                b_eq=[energy[row]],
                bounds=[(0, each) for each in most],
            ).fun
            / 1000
        )
        assert found.energy[row] @ price == pytest.approx(wanted, abs=1e-9)
        assert np.all(found.energy[row] * 1000 <= most + 1e-9)


def test_solar_is_cut_exactly_where_that_is_cheaper():
    draw = stream(11, "oracles", "solar")
    forecast, cost = draw.uniform(0, 2_000, (ASSETS, SLOTS)), draw.uniform(0, 50_000, ASSETS)
    least = draw.uniform(0, 1, ASSETS)
    table = Curtailable(np.zeros(ASSETS, np.int64), forecast, cost, least)
    price = draw.uniform(-0.1, 0.1, SLOTS)
    found = CurtailableOracle.build(table, single(ASSETS), SLOTS, 0.25).best(
        np.tile(price, (ASSETS, 1))
    )
    full, cut = forecast / 1000, forecast * least[:, None] / 1000
    paid = cost[:, None] * 1e-6 * (full - cut) - price * cut
    wanted = np.minimum(-price * full, paid).sum(axis=1)
    np.testing.assert_allclose(found.own_cost + found.energy @ price, wanted, atol=1e-12)
