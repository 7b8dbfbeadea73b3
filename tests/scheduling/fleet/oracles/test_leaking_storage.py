"""Storage that leaks so fast that numbers cannot hold what a unit of it was worth a day before."""

import numpy as np
import pytest
from scipy.optimize import linprog
from scipy.sparse import diags, eye, hstack

from gridpact.base.randomness import stream
from gridpact.scheduling.fleet.columns import Storage
from gridpact.scheduling.fleet.oracles import Layout
from gridpact.scheduling.fleet.storage import FARTHEST, StorageOracle

SLOTS, HOURS = 480, 0.25


def least_cost(stores, price):
    """Linear programme of one storage over charge, discharge and states [¤]."""
    kept, outward = float(stores.kept[0]), float(stores.outward[0])
    gain, loss, lo, hi = (
        np.broadcast_to(getattr(stores, name)[0], (SLOTS,)) for name in ("gain", "loss", "lo", "hi")
    )
    inward, draw = np.broadcast_to(stores.inward[0], (SLOTS,)), stores.draw[0] * np.ones(SLOTS)
    leaks = diags([np.ones(SLOTS), np.full(SLOTS - 1, -kept)], [0, -1])
    begin = -draw
    begin[0] += kept * stores.initial[0]
    found = linprog(
        np.concatenate([price / inward, (stores.wear[0] - price) * outward, np.zeros(SLOTS)]),
        A_eq=hstack([-eye(SLOTS), eye(SLOTS), leaks]),
        b_eq=begin,
        bounds=np.stack([np.zeros(3 * SLOTS), np.concatenate([gain, loss, hi])], axis=1)
        + np.concatenate([np.zeros(2 * SLOTS), lo])[:, None] * np.array([1.0, 0.0]),
        method="highs",
    )
    return float(found.fun)


@pytest.mark.parametrize("kept", [1e-6, 0.2, 0.6, 0.97])
@pytest.mark.parametrize("both", [True, False])
def test_plan_costs_the_least_however_fast_the_store_leaks(kept, both):
    draw = stream(1, "leaking", str(kept), str(both))
    price = np.round(draw.uniform(0.01, 0.4, SLOTS), 2)
    charge = draw.uniform(2_000, 6_000, (1, SLOTS)) * (draw.random((1, SLOTS)) < 0.8)
    heat = draw.uniform(0, 150, (1, SLOTS)) * (charge > 0)
    table = Storage(
        zone=np.zeros(1, np.int64),
        initial_wh=4_000.0,
        charge_w=charge,
        discharge_w=draw.uniform(2_000, 6_000, (1, SLOTS)) if both else 0.0,
        hi_wh=8_000.0,
        efficiency_in=0.9,
        efficiency_out=0.9,
        kept=kept,
        draw_wh=heat,
        wear=5_000.0,
    )
    oracle = StorageOracle.build(table, Layout(np.zeros(1, np.int64), np.arange(2)), SLOTS, HOURS)
    answer = oracle.best(price[None])
    assert (-SLOTS * np.log(kept) > np.log(FARTHEST)) == (kept < 0.9)
    assert answer.slack[0] == 0.0
    cost = float(answer.own_cost[0] + price @ answer.energy[0])
    assert cost == pytest.approx(least_cost(oracle.stores, price), rel=1e-7)
