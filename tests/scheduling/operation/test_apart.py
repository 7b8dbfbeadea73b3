"""Whatever storage that is set apart does, the others keep every limit."""

import msgspec
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.base.slots import Slots
from gridpact.scheduling.community.solve import solve
from gridpact.scheduling.messages import NeedsStated
from gridpact.scheduling.operation.apart import put_back, set_apart
from gridpact.scheduling.problem import Firm, Problem, RunColumns, StorageColumns, ZoneColumns

SLOTS = 4


def problem_of(draw):
    """Two homes in a street within a town; three storages."""

    def table(rows, low, high):
        row = st.lists(st.integers(low, high), min_size=SLOTS, max_size=SLOTS)
        return np.array([draw(row) for _ in range(rows)], np.int64)

    power, out = table(3, 0, 500), table(3, 0, 500)
    size = 2000
    none = np.zeros(0, np.int64)
    return Problem(
        slots=Slots(0, 900, SLOTS),
        load_wh=table(2, 0, 300),
        pv_wh=table(2, 0, 300) * 0,
        position_wh=np.zeros((2, SLOTS), np.int64),
        import_price=table(2, 100_000, 300_000),
        export_price=table(2, 10_000, 90_000),
        storage=StorageColumns(
            home=np.array([0, 0, 1]),
            initial_wh=np.full(3, 1000),
            charge_max_wh=power,
            discharge_max_wh=out,
            lo_wh=np.zeros((3, SLOTS), np.int64),
            hi_wh=np.full((3, SLOTS), size),
            draw_wh=np.zeros((3, SLOTS), np.int64),
            efficiency_in=np.ones(3),
            efficiency_out=np.ones(3),
            kept=np.ones(3),
        ),
        runs=RunColumns(none, none, none, none, none),
        zones=ZoneColumns(
            np.array([1, 1]),
            np.array([-1, 0]),
            np.array([[-1] * SLOTS, [1500] * SLOTS]),
            table(2, 400, 900),
        ),
    )


def needs_of(problem):
    none = np.zeros(0, np.int64)
    storage = problem.storage
    return NeedsStated(
        session="s",
        window=problem.slots,
        charge_max_wh=storage.charge_max_wh,
        discharge_max_wh=storage.discharge_max_wh,
        lo_wh=storage.lo_wh,
        hi_wh=storage.hi_wh,
        draw_wh=storage.draw_wh,
        run_earliest=none,
        run_latest=none,
    )


@settings(deadline=None, max_examples=25)
@given(st.data())
def test_the_others_keep_limits_whatever_it_does(data):
    problem = problem_of(data.draw)
    row = data.draw(st.integers(0, 2))
    rows, needs = np.array([row]), needs_of(problem)
    apart = set_apart(problem, rows, needs)
    plan = put_back(solve(apart), problem, rows)
    others = plan.net_wh.sum(axis=0) - plan.charge_wh[row] + plan.discharge_wh[row]
    for flow, own, limit, lowered in (
        (others, needs.charge_max_wh, problem.zones.import_limit_wh, apart.zones.import_limit_wh),
        (
            -others,
            needs.discharge_max_wh,
            problem.zones.export_limit_wh,
            apart.zones.export_limit_wh,
        ),
    ):
        if ((limit >= 0) & (np.maximum(own[row], flow + limit - lowered) > limit)).any():
            return  # there is no room for it: then as little as can be is missed
    does = [
        data.draw(st.integers(-int(out), int(power)))
        for power, out in zip(needs.charge_max_wh[row], needs.discharge_max_wh[row], strict=True)
    ]
    total = others + does
    for zone in range(2):
        limit = problem.zones.import_limit_wh[zone]
        assert (total <= np.where(limit < 0, 10**9, limit)).all()
        assert (-total <= problem.zones.export_limit_wh[zone]).all()


@settings(deadline=None, max_examples=25)
@given(st.data())
def test_put_back_balances_every_home(data):
    problem = problem_of(data.draw)
    rows = np.array(sorted(data.draw(st.sets(st.integers(0, 2), min_size=1))))
    plan = put_back(solve(set_apart(problem, rows, needs_of(problem))), problem, rows)
    net = problem.load_wh - problem.pv_wh + plan.curtail_wh
    np.add.at(net, problem.storage.home, plan.charge_wh - plan.discharge_wh)
    assert plan.net_wh.tolist() == net.tolist()
    assert plan.cost_nano.shape == (2,)


def test_with_nothing_apart_the_problem_is_the_same():
    rows = np.zeros(0, np.int64)
    problem = _some()
    assert set_apart(problem, rows, needs_of(problem)) is problem


def test_limits_are_lowered_in_every_zone_above_and_not_below_nothing():
    problem = _some()
    power = np.full((3, SLOTS), 1200)
    needs = msgspec.structs.replace(needs_of(problem), charge_max_wh=power, discharge_max_wh=power)
    zones = set_apart(problem, np.array([0, 2]), needs).zones
    assert zones.import_limit_wh.tolist() == [[-1] * SLOTS, [0] * SLOTS]
    assert zones.export_limit_wh.tolist() == [[0] * SLOTS] * 2
    assert zones.zone.tolist() == [1, 1, -1, -1]


def _some():
    return problem_of(lambda _: [450] * SLOTS)


def test_what_is_kept_free_costs_nobody_a_need():
    """Room for one asset gives way to what another needs, and the limit itself does not."""
    problem = _some()
    storage, lo = problem.storage, problem.storage.lo_wh.copy()
    lo[2, -1] = 1400
    most = np.full((2, SLOTS), 600)
    power = np.array([[0], [550], [500]]) * np.ones(SLOTS, np.int64)
    storage = msgspec.structs.replace(
        storage, lo_wh=lo, charge_max_wh=power, discharge_max_wh=power * 0
    )
    firm = Firm(problem.storage.lo_wh, np.zeros(0, np.bool_))
    zones = msgspec.structs.replace(problem.zones, import_limit_wh=most)
    problem = msgspec.structs.replace(
        problem, storage=storage, zones=zones, load_wh=problem.load_wh // 3, firm=firm
    )
    plan = solve(set_apart(problem, np.array([1]), needs_of(problem)))
    assert plan.conflicts == ()
    assert plan.charge_wh[2].sum() == 400
    assert (plan.net_wh[:2].sum(axis=0) <= 600).all()
