"""A plan made around set-points that are held has them, and keeps all else that plans keep."""

import msgspec
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.base.randomness import stream
from gridpact.base.slots import Slots
from gridpact.scheduling.activation.holding import (
    Held,
    hold,
    hold_runs,
    no_longer,
    release,
)
from gridpact.scheduling.activation.model import Active
from gridpact.scheduling.community.solve import solve

SLOTS = 12


def problem(problem_of, seed):
    """Four homes with a battery or a car each, and prices that differ by slot."""
    draw = stream(seed, "activation", "holding")
    load, pv = draw.integers(0, 600, (4, SLOTS)), draw.integers(0, 1_500, (4, SLOTS))
    buy = draw.integers(100_000, 400_000, SLOTS)
    rows = [
        {
            "home": home,
            "start": int(draw.integers(1_000, 4_000)),
            "charge": 1_000,
            "discharge": int(draw.choice([0, 1_000])),
            "hi": 5_000,
            "lo": [0] * (SLOTS - 1) + [2_000],
            "draw": int(draw.integers(0, 50)),
            "into": float(draw.choice([1.0, 0.95])),
            "out": float(draw.choice([1.0, 0.9])),
            "kept": float(draw.choice([1.0, 0.99])),
        }
        for home in range(4)
    ]
    return problem_of(load, pv=pv, buy=buy, sell=buy // 4, storage=rows)


def held_from(plan, first, end, assets):
    """Hold the set-points of a plan for some assets and slots."""
    on = np.zeros(plan.charge_wh.shape, np.bool_)
    on[assets, first:end] = True
    none = np.zeros_like(plan.curtail_wh)
    return Held(on, plan.charge_wh * on, plan.discharge_wh * on, none)


def walked(table, plan, row):
    """State after each slot, in real numbers."""
    state, found = float(table.initial_wh[row]), []
    for slot in range(SLOTS):
        state = table.kept[row] * state + table.efficiency_in[row] * plan.charge_wh[row, slot]
        state -= plan.discharge_wh[row, slot] / table.efficiency_out[row]
        state -= table.draw_wh[row, slot]
        found.append(state)
    return np.array(found)


def dearer(found, seed):
    """The same problem at other prices, which would move everything."""
    buy = stream(seed, "activation", "other").integers(100_000, 400_000, SLOTS)
    shape = found.import_price.shape
    return msgspec.structs.replace(
        found,
        import_price=np.broadcast_to(buy, shape),
        export_price=np.broadcast_to(buy // 4, shape),
    )


def lean(problem):
    """Room below the bounds, so that rounding of states breaks none."""
    table = problem.storage
    bounds = msgspec.structs.replace(
        table, lo_wh=np.maximum(table.lo_wh - 20, 0), hi_wh=table.hi_wh + 20
    )
    return msgspec.structs.replace(problem, storage=bounds)


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 2**32), st.integers(0, 6), st.integers(1, 5), st.sets(st.integers(0, 3)))
def test_a_plan_around_held_set_points(problem_of, seed, first, count, assets):
    posed = problem(problem_of, seed)
    before = solve(posed)
    held = held_from(before, first, first + count, sorted(assets))
    posed = lean(dearer(posed, seed))
    reduced, around = hold(posed, held)
    plan = release(solve(reduced), around)
    on = held.storage
    assert (plan.charge_wh[on] == before.charge_wh[on]).all()
    # storage that is emptied keeps a few Wh for the rounding of states
    cut = before.discharge_wh[on] - plan.discharge_wh[on]
    assert ((cut >= 0) & (cut <= 2 * count)).all()
    net = posed.load_wh - posed.pv_wh + plan.curtail_wh
    np.add.at(net, posed.storage.home, plan.charge_wh - plan.discharge_wh)
    assert (net == plan.net_wh).all()
    price = np.where(net > 0, posed.import_price, posed.export_price)
    assert ((net * price).sum(axis=1) == plan.cost_nano).all()
    assert (np.minimum(plan.charge_wh, plan.discharge_wh) == 0).all()
    for row in range(4):
        states = walked(posed.storage, plan, row)
        assert np.abs(states - plan.state_wh[row]).max() <= 0.5 + 1e-6
        assert (states >= posed.storage.lo_wh[row] - 4).all()
        assert (states <= posed.storage.hi_wh[row] + 4).all()


def test_no_more_is_held_than_the_stored_energy_bears(problem_of):
    """1,000 Wh are stored, 600 are to be given in each of three slots; the owner allows 500."""
    posed = problem_of(
        np.zeros((1, 4)), storage=[{"home": 0, "start": 1000, "discharge": 500, "hi": 2000}]
    )
    on = np.array([[True, True, True, False]])
    none = np.zeros((1, 4), np.int64)
    reduced, around = hold(posed, Held(on, none, 600 * on, none))
    assert around.held.discharge_wh.tolist() == [[500, 499, 0, 0]]
    plan = release(solve(reduced), around)
    assert plan.discharge_wh[0, :3].tolist() == [500, 499, 0]
    assert plan.state_wh[0].tolist()[2] == 1


def test_curtailment_is_held(problem_of):
    posed = problem_of([[100, 100]], pv=1000, sell=50_000)
    held = Held(
        np.zeros((0, 2), np.bool_),
        *np.zeros((2, 0, 2), np.int64),
        np.array([[700, 0]]),
    )
    reduced, around = hold(posed, held)
    plan = release(solve(reduced), around)
    assert plan.curtail_wh.tolist() == [[700, 0]]
    assert plan.net_wh.tolist() == [[-200, -900]]


def test_appliances_stay_out_of_an_activation():
    """Planned before, within and after slots 2 to 5; the last is another zone's, or not wanted."""
    earliest, latest = np.array([0, 0, 0, 0, -1]), np.array([9, 9, 9, 9, -1])
    planned, within = np.array([1, 3, 7, 3, -1]), np.array([True, True, True, False, True])
    first, last = hold_runs((earliest, latest), planned, within, 5)
    assert first.tolist() == [1, 3, 5, 0, -1]
    assert last.tolist() == [1, 3, 9, 9, -1]


def test_a_start_that_is_no_longer_allowed_is_not_held():
    first, last = hold_runs((np.array([4]), np.array([9])), np.array([3]), np.array([True]), 5)
    assert (first.tolist(), last.tolist()) == ([4], [9])


def test_an_activation_is_kept_until_it_is_over():
    one = Active("activation-1", Slots(900, 900, 2), (0,), np.zeros(1, np.int64))
    assert no_longer((one,), 2699) == (one,)
    assert no_longer((one,), 2700) == ()
