"""Plans held to what owners decided of their diaries."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.forecasting.messages import ForecastIssued
from gridpact.kernel.codec import encode
from gridpact.scheduling.activation.around import solve_around
from gridpact.scheduling.activation.holding import Held
from gridpact.scheduling.check import violations
from gridpact.scheduling.diaries.holds import Hold, Holds
from gridpact.scheduling.diaries.messages import PowersHeld
from gridpact.scheduling.diaries.plain_plan import plain_storage
from gridpact.scheduling.handlers import Scheduling
from gridpact.scheduling.messages import DispatchIssued
from gridpact.scheduling.prepare import Inputs, problem
from gridpact.scheduling.problem import StorageColumns
from gridpact.scheduling.standing.decided import closed, fixed, switched_off

QUARTER = 900


@pytest.fixture(scope="session")
def posed(community):
    """The problem of owners' needs: prices fall and rise again, nothing else moves."""

    def made(stated):
        window = stated.window
        shape = (len(community.members.ids), window.count)
        spot = (150_000 + 100_000 * np.cos(np.arange(window.count) / 8)).astype(np.int64)
        none = np.zeros((0, 0, window.count), np.int64)
        forecast = ForecastIssued(
            session="s",
            window=window,
            load_wh=np.full(shape, 200),
            pv_wh=np.zeros((1, window.count), np.int64),
            levels=(),
            load_quantiles_wh=none,
            pv_quantiles_wh=none,
        )
        initial = np.array([4000, 10_000, 400])
        inputs = Inputs(stated, forecast, spot, np.zeros(shape, np.int64), initial)
        return problem(community, window, inputs)

    return made


def spans(horizon, *rows):
    """Spans from (asset, first slot, end, hold, power)."""
    table = [
        (row, horizon.start + first * QUARTER, horizon.start + end * QUARTER, hold, power)
        for row, first, end, hold, power in rows
    ]
    return Holds.of(np.array(table, np.int64))


def solved(community, posed, stated, holds, activated=None):
    stated = closed(community, stated, holds)
    found, held = fixed(community, posed(stated), holds, activated)
    return found, solve_around(found, held)


def test_what_is_off_has_no_power(community, posed, stated_on, horizon):
    stated = stated_on(horizon)
    holds = spans(horizon, (0, 0, 40, Hold.OFF, 0), (2, 10, 20, Hold.OFF, 0))
    found, plan = solved(community, posed, stated, holds)
    assert violations(found, plan) == []
    moved = plan.charge_wh + plan.discharge_wh
    assert moved[0, :40].sum() == 0
    assert moved[2, 10:20].sum() == 0
    assert moved[0, 40:].sum() > 0


def test_an_appliance_starts_where_decisions_leave_it(community, stated_on, horizon):
    """A run of four slots, usually from 32 to 76."""
    stated = stated_on(horizon)
    washer = 3

    def left(*rows):
        found = closed(community, stated, spans(horizon, *rows))
        return int(found.run_earliest[0]), int(found.run_latest[0])

    assert left((washer, 0, 40, Hold.OFF, 0)) == (40, 76)
    assert left((washer, 40, 60, Hold.OFF, 0)) == (60, 76)
    assert left((washer, 50, 144, Hold.OFF, 0)) == (32, 46)
    assert left((washer, 0, 144, Hold.OFF, 0)) == (32, 31)  # no start is left
    assert left((washer, 60, 144, Hold.PLAIN, 0)) == (32, 32)
    assert left((washer, 0, 40, Hold.OFF, 0), (washer, 60, 64, Hold.PLAIN, 0)) == (40, 40)
    assert left((washer, 50, 54, Hold.PINNED, 1000)) == (50, 50)
    assert left((washer, 90, 94, Hold.PINNED, 1000)) == (32, 76)  # out of its hours
    assert left((washer, 54, 144, Hold.PINNED, 0)) == (32, 50)
    assert left((0, 0, 144, Hold.OFF, 0)) == (32, 76)  # about another


@given(
    st.integers(0, 100),
    st.integers(1, 40),
    st.integers(-500, 1000),
)
@settings(deadline=None, max_examples=15)
def test_what_is_pinned_is_in_the_plan(community, posed, stated_on, horizon, first, count, power):
    watts = power * 4
    stated = stated_on(horizon)
    holds = spans(horizon, (0, first, first + count, Hold.PINNED, watts))
    found, plan = solved(community, posed, stated, holds)
    net = (plan.charge_wh - plan.discharge_wh)[0, first : first + count]
    energy = int(np.clip(power, -500, 1000))
    assert np.all(np.sign(net) * np.sign(energy) >= 0)
    assert np.all(np.abs(net) <= abs(energy))
    assert not [line for line in violations(found, plan) if "asset 0" not in line]
    # it gives way only to what the battery holds
    state = np.concatenate([[4000], plan.state_wh[0]])[first : first + count]
    room = np.where(energy > 0, 8000 - state, state)
    assert np.all((np.abs(net) == abs(energy)) | (room < abs(energy) + 8) | (first > 0))
    if first > 0 and not any(one.row == 0 and one.kind == "need" for one in plan.conflicts):
        assert np.all(net == energy)


def test_a_car_left_to_itself_charges_at_once_and_a_battery_rests(
    community, posed, stated_on, horizon
):
    stated = stated_on(horizon)
    stated.lo_wh[1, 60:] = 30_001
    whole = (0, horizon.count)
    holds = spans(horizon, (0, *whole, Hold.PLAIN, 0), (1, *whole, Hold.PLAIN, 0))
    found, plan = solved(community, posed, stated, holds)
    assert violations(found, plan) == []
    assert plan.charge_wh[0].sum() + plan.discharge_wh[0].sum() == 0
    assert plan.charge_wh[1].tolist() == [2000] * 10 + [1] + [0] * (horizon.count - 11)
    assert plan.charge_wh[2].sum() > 0  # others are free


def test_an_activation_comes_before_what_is_fixed(community, posed, stated_on, horizon):
    stated = stated_on(horizon)
    on = np.zeros((3, horizon.count), np.bool_)
    on[0, :4] = True
    none, curtail = np.zeros(on.shape, np.int64), np.zeros((3, horizon.count), np.int64)
    activated = Held(on, none, np.where(on, 300, 0), curtail)
    holds = spans(horizon, (0, 0, 8, Hold.PINNED, 2000))
    _, plan = solved(community, posed, stated, holds, activated)
    assert plan.discharge_wh[0, :4].tolist() == [300] * 4
    assert plan.charge_wh[0, 4:8].tolist() == [500] * 4


def test_nothing_fixed_changes_nothing(community, posed, stated_on, horizon):
    given_ = posed(stated_on(horizon))
    found, held = fixed(community, given_, spans(horizon, (3, 0, 9, Hold.PLAIN, 0)), None)
    assert found is given_
    assert held is None


def test_what_is_off_is_not_dispatched(horizon):
    holds = spans(horizon, (0, 2, 5, Hold.OFF, 0), (3, 2, 5, Hold.OFF, 0))

    def dispatch(slot, autonomous=False):
        return DispatchIssued(
            slot=horizon.start + slot * QUARTER,
            step=QUARTER,
            charge_wh=np.array([100, 200, 0]),
            discharge_wh=np.array([0, 0, 50]),
            curtail_wh=np.zeros(3, np.int64),
            run_start=np.array([True, True]),
            autonomous=autonomous,
        )

    found = switched_off(dispatch(2), holds)
    assert found.charge_wh.tolist() == [0, 200, 0]
    assert found.discharge_wh.tolist() == [0, 0, 50]
    assert found.run_start.tolist() == [False, True]
    assert switched_off(dispatch(5), holds).charge_wh.tolist() == [100, 200, 0]
    for same in (dispatch(1), dispatch(3, autonomous=True)):
        assert switched_off(same, None) is same


def test_the_room_keeps_what_is_held(community, horizon):
    room = Scheduling(community).room()
    asleep = encode(room.state)
    holds = spans(horizon, (0, 0, 4, Hold.OFF, 0))
    state, outs = room.handlers[PowersHeld](room.state, PowersHeld(holds=holds), 0)
    assert (state.decided, list(outs)) == (holds, [])
    state, _ = room.handlers[PowersHeld](state, PowersHeld(holds=Holds.none()), 0)
    assert encode(state) == asleep


@st.composite
def stores(draw):
    """One lossy store with draws and least states, and whether it charges at once."""
    slots = 10
    series = st.lists(st.integers(0, 400), min_size=slots, max_size=slots)
    wide = [np.array([draw(series)], np.int64) for _ in range(3)]
    power, low, drawn = wide[0] * 3, wide[1], wide[2] // 4
    return StorageColumns(
        home=np.zeros(1, np.int64),
        initial_wh=np.array([draw(st.integers(0, 2000))]),
        charge_max_wh=power,
        discharge_max_wh=power,
        lo_wh=low,
        hi_wh=np.full((1, slots), 2000),
        draw_wh=drawn,
        efficiency_in=np.array([draw(st.sampled_from([1.0, 0.9]))]),
        efficiency_out=np.array([0.9]),
        kept=np.array([draw(st.sampled_from([1.0, 0.99]))]),
    ), draw(st.booleans())


@given(stores())
@settings(deadline=None, max_examples=150)
def test_left_to_itself_storage_only_charges_and_keeps_needs_where_it_can(given_):
    table, at_once = given_
    taken = plain_storage(table, np.array([at_once]))[0]
    assert np.all((taken >= 0) & (taken <= table.charge_max_wh[0]))
    state = best = float(table.initial_wh[0])
    reachable = True
    for slot in range(len(taken)):
        gain = table.efficiency_in[0]
        state = table.kept[0] * state - table.draw_wh[0, slot] + gain * taken[slot]
        most = table.kept[0] * best - table.draw_wh[0, slot] + gain * table.charge_max_wh[0, slot]
        best = min(most, 2000.0)
        reachable &= best >= table.lo_wh[0, slot]
        if reachable:
            assert state >= table.lo_wh[0, slot] - 1e-6
