"""Two homes with storage and an appliance each, and plans written by hand."""

from types import SimpleNamespace

import msgspec
import numpy as np
import pytest

from gridpact.base.slots import Slots
from gridpact.registry.model import Runs, Storage
from gridpact.scheduling.diaries.following import Solved
from gridpact.scheduling.problem import Plan

STEP = 900
MIDNIGHT = 1_781_474_400  # 15 June 2026 in Berlin


@pytest.fixture(scope="session")
def community(small_community):
    made = small_community(
        2,
        storage=[
            ("battery", 0, 4000, 4000, 8000, 1, 1, 1),
            ("car", 1, 8000, 0, 40_000, 1, 1, 1),
        ],
        runs=[(0, 1000, 3600, 0, 86_400), (1, 2000, 1000, 0, 86_400)],
    )
    return msgspec.structs.replace(
        made,
        storage=Storage(("battery-0", "car-1"), *msgspec.structs.astuple(made.storage)[1:]),
        runs=Runs(("washer-0", "dryer-1"), *msgspec.structs.astuple(made.runs)[1:]),
    )


def plan_of(net_wh, starts=(-1, -1)):
    """A plan with only what diaries read: net energy of storage [2, slots] and starts of runs."""
    net = np.asarray(net_wh, np.int64).reshape(2, -1)
    none = np.zeros((2, net.shape[1]), np.int64)
    return Plan(
        net_wh=none,
        curtail_wh=none,
        charge_wh=np.maximum(net, 0),
        discharge_wh=np.maximum(-net, 0),
        state_wh=none,
        run_start=np.array(starts),
        cost_nano=np.zeros(2, np.int64),
        zone_price=np.zeros((0, net.shape[1]), np.int64),
        conflicts=(),
    )


def solved_at(first, net_wh, starts=(-1, -1), now=None):
    """A plan in force from slot ``first`` of the day on, settled ``now`` or when it begins."""
    plan = plan_of(net_wh, starts)
    window = Slots(MIDNIGHT + first * STEP, STEP, plan.charge_wh.shape[1])
    return Solved(window, plan, window.start if now is None else now)


@pytest.fixture(scope="session")
def hand():
    return SimpleNamespace(midnight=MIDNIGHT, step=STEP, plan=plan_of, solved=solved_at)
