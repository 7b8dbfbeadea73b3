"""Storage at prices at which burning energy would pay: the slack reported bounds what is missed."""

import numpy as np
import pytest
from scipy.optimize import Bounds, LinearConstraint, milp

from gridpact.scheduling.fleet.columns import Storage
from gridpact.scheduling.fleet.steady_storage import SteadyStorageOracle
from gridpact.scheduling.fleet.storage import StorageOracle

HOURS = 0.25


def least_cost(one, price):
    """Whole-number programme of one storage that never charges and discharges in a slot [¤]."""
    slots = len(price)
    decay = np.tril(one["kept"] ** (np.arange(slots)[:, None] - np.arange(slots)).astype(float))
    idle = one["kept"] ** np.arange(1, slots + 1) * one["initial_wh"] - decay @ one["draw_wh"]
    lo = np.zeros(slots)
    lo[-1] = one["terminal_wh"]
    state = np.hstack([decay * one["inward"], -decay / one["outward"], np.zeros((slots, slots))])
    most = np.diag([one["power_w"] * HOURS] * slots)
    none = np.zeros((slots, slots))
    rules = [
        LinearConstraint(state, lo - idle, one["hi_wh"] - idle),
        LinearConstraint(np.hstack([np.eye(slots), none, -most]), -np.inf, 0),
        LinearConstraint(np.hstack([none, np.eye(slots), most]), -np.inf, np.diag(most)),
    ]
    found = milp(
        np.concatenate([price, one["wear"] - price, np.zeros(slots)]),
        constraints=rules,
        bounds=Bounds(0, np.concatenate([np.full(2 * slots, np.inf), np.ones(slots)])),
        integrality=np.repeat([0, 0, 1], slots),
        options={"mip_rel_gap": 1e-10},
    )
    assert found.status == 0, found.message
    return found.fun / 1000


@pytest.mark.parametrize("general", [False, True])
def test_the_least_cost_lies_between_the_answer_and_its_slack(cases, one_group, general):
    hulls = 0
    for case, draw, price in cases(f"below-zero-{general}", (3, 7), 200):
        slots, size = len(price), draw.uniform(1_500, 6_000)
        one = {
            "initial_wh": size * draw.uniform(0.2, 0.8),
            "terminal_wh": size * draw.uniform(0.0, 0.3),
            "hi_wh": size,
            "power_w": draw.uniform(2_000, 5_000),
            "inward": draw.uniform(0.6, 0.95),
            "outward": draw.uniform(0.6, 0.95),
            "wear": draw.uniform(0, 0.02),
            "kept": 0.98 if general else 1.0,
            "draw_wh": draw.uniform(-20, 20, slots) if general else np.zeros(slots),
        }
        table = Storage(
            zone=np.zeros(1, np.int64),
            initial_wh=np.array([one["initial_wh"]]),
            charge_w=np.array([one["power_w"]]),
            discharge_w=np.array([one["power_w"]]),
            hi_wh=np.array([size]),
            terminal_wh=np.array([one["terminal_wh"]]),
            efficiency_in=np.array([one["inward"]]),
            efficiency_out=np.array([one["outward"]]),
            kept=np.array([one["kept"]]),
            draw_wh=one["draw_wh"][None] if general else 0.0,
            wear=np.array([one["wear"] * 1e6]),
        )
        make = StorageOracle if general else SteadyStorageOracle
        oracle = make.build(table, one_group(1), slots, HOURS).exact()
        answer, least = oracle.best(price[None]), least_cost(one, price)
        paid = float(answer.own_cost[0] + answer.energy[0] @ price)
        assert paid >= least - 1e-7, case
        assert paid - answer.slack[0] <= least + 1e-7, case
        if price.min() >= 0:
            assert answer.slack[0] == 0.0
        hulls += answer.slack[0] > 1e-9
    assert hulls > 25
