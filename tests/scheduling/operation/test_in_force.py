"""Schedules joined for a day dispatch as the latest of them; changes without a solve add up."""

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.base.slots import Slots
from gridpact.scheduling.appliances import begun
from gridpact.scheduling.operation.in_force import Setpoints, at, cut, joined, override
from gridpact.scheduling.problem import Plan
from gridpact.scheduling.state import InForce

DAY = Slots(0, 900, 12)


def plan_of(slots, mark=0, run_start=(-1, -1), rows=2):
    values = np.arange(slots)[None, :] + mark + np.zeros((rows, 1), np.int64)
    return Plan(
        net_wh=values,
        curtail_wh=values + 1,
        charge_wh=values + 2,
        discharge_wh=values * 0,
        state_wh=values + 3,
        run_start=np.array(run_start),
        cost_nano=np.zeros(rows, np.int64),
        zone_price=values[:1],
        conflicts=(),
    )


def from_slot(first, mark, run_start=(-1, -1)):
    window = Slots(900 * first, 900, DAY.count - first)
    return InForce(window, plan_of(window.count, mark, run_start))


@settings(deadline=None, max_examples=80)
@given(st.lists(st.integers(0, 11), max_size=6), st.data())
def test_what_is_joined_dispatches_as_the_latest(firsts, data):
    """Layer by layer is what the room does without rolling operation."""
    layers = [from_slot(0, 1000)]
    starts = st.tuples(*[st.integers(-1, 11)] * 2)
    for place, first in enumerate(firsts, 2):
        runs = tuple(min(start, 11 - first) for start in data.draw(starts))
        layers.append(from_slot(first, 1000 * place, runs))
    day = (layers[0],)
    for layer in layers[1:]:
        day = joined(day, layer)
    assert len(day) == 1
    for slot in DAY.starts().tolist():
        one, other = at(day, slot), at(tuple(layers), slot)
        for name in ("net_wh", "curtail_wh", "charge_wh", "state_wh", "zone_price"):
            told, expected = (
                getattr(each.plan, name)[:, each.window.index(slot)] for each in (one, other)
            )
            assert told.tolist() == expected.tolist()


def test_appliances_that_have_begun_are_not_begun_again():
    day = joined((from_slot(0, 0, (2, 8)),), from_slot(4, 100, (-1, 1)))
    horizon = Slots(900 * 6, 900, 6)
    assert day[0].plan.run_start.tolist() == [2, 5]
    windows = [(each.window, each.plan.run_start) for each in day]
    assert begun(windows, horizon, 2).tolist() == [1800, 4500]


def test_schedules_of_other_days_stay_as_they_are():
    tomorrow = InForce(Slots(DAY.end, 900, 4), plan_of(4, 50))
    day = joined((from_slot(0, 0), tomorrow), from_slot(3, 9))
    assert tomorrow in day
    assert len(day) == 2
    assert at(day, DAY.end) is tomorrow
    assert at(day, DAY.end + 3600) is None


def test_conflicts_are_counted_from_the_days_first_slot(driven, clock):
    day = driven()
    day.say("zone street <= 0 kW 18:00-20:00, grid", "dso")
    day.load_wh = 2000
    plan = day.nearing(clock(12)).plan
    in_force = day.state.plans[-1].plan
    assert plan.conflicts
    places = [each.first_slot for each in plan.conflicts]
    assert [each.first_slot - 48 for each in in_force.conflicts] == places


def test_cutting_keeps_the_first_slots():
    short = cut(plan_of(12), 5)
    assert (short.net_wh.shape, short.zone_price.shape) == ((2, 5), (1, 5))
    assert short.charge_wh[0].tolist() == [2, 3, 4, 5, 6]


@pytest.fixture
def planned(driven, clock):
    return driven(), clock(10)


def followed(community, before, item, start):
    """Stored energy when set-points are followed from a state on, slot by slot."""
    storage, states = community.storage, []
    kept = storage.kept_per_hour**0.25
    state = before.astype(float)
    for place in range(item.window.index(start), item.window.count):
        state = kept * state + storage.efficiency_in * item.plan.charge_wh[:, place]
        state -= item.plan.discharge_wh[:, place] / storage.efficiency_out
        states.append(state)
    return np.array(states).T


def test_a_change_moves_stored_and_net_energy_with_its_losses(planned):
    day, start = planned
    community, before = day.community, day.state.plans[-1]
    place = before.window.index(start)
    charge, discharge = before.plan.charge_wh.copy(), before.plan.discharge_wh.copy()
    changed = Setpoints(
        charge[:, place : place + 2] + np.array([[0], [0], [40]]),
        discharge[:, place : place + 2] + np.array([[60], [0], [0]]),
        before.plan.curtail_wh[:, place : place + 2],
    )
    (after,) = override(day.state.plans, community, start, changed)
    assert after.plan.charge_wh[2, place : place + 3].tolist() == [
        *changed.charge_wh[2].tolist(),
        int(charge[2, place + 2]),
    ]
    net = after.plan.net_wh - before.plan.net_wh
    assert net[:, place : place + 2].tolist() == [[-60, -60], [40, 40], [0, 0]]
    assert not net[:, place + 2 :].any()
    assert not net[:, :place].any()
    held = before.plan.state_wh[:, place - 1]
    expected = followed(community, held, after, start) - followed(community, held, before, start)
    moved = after.plan.state_wh[:, place:] - before.plan.state_wh[:, place:]
    free = (after.plan.state_wh[:, place:] > 0).all(axis=1)
    assert free[1:].all()
    assert np.abs(moved - expected)[free].max() <= 1


def test_what_is_changed_is_dispatched(planned):
    day, start = planned
    nothing = np.zeros((3, 1), np.int64)
    plans = override(day.state.plans, day.community, start, Setpoints(nothing, nothing, nothing))
    day.state = msgspec.structs.replace(day.state, plans=plans)
    issued = day.dispatched(start)
    assert not issued.charge_wh.any()
    assert not issued.discharge_wh.any()


def test_slots_without_a_schedule_cannot_be_changed(planned):
    day, start = planned
    nothing = np.zeros((3, 60), np.int64)
    with pytest.raises(ValueError, match="ends before"):
        override(day.state.plans, day.community, start, Setpoints(nothing, nothing, nothing))
    with pytest.raises(ValueError, match="no schedule"):
        override((), day.community, start, Setpoints(nothing, nothing, nothing))
