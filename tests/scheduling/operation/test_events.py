"""Each event calls for one other schedule from the next slot on, and names itself as its cause."""

from datetime import date

import numpy as np
import pytest

from gridpact.forecasting.messages import ForecastIssued
from gridpact.market.gates import day_ahead, intraday
from gridpact.registry.model import CAUSES
from gridpact.scheduling.messages import (
    Cause,
    NeedStated,
    ScheduleRevised,
    SlotNearing,
    WithdrawNeed,
)

DAY = date(2026, 6, 15)


def causes(plan):
    return None if plan is None else {each.kind: each.names for each in plan.causes}


def test_nothing_happens_without_a_cause(driven, clock):
    day = driven()
    assert [day.nearing(clock(hour)) for hour in range(1, 8)] == [None] * 7
    assert len(day.state.plans) == 1


def test_the_timer_rings_on_its_own_slots(driven, clock):
    day = driven(replan_s=7200)
    made = [day.nearing(clock(hour)) for hour in range(1, 7)]
    assert [causes(plan) for plan in made] == [None, {"timer": ()}] * 3


def test_each_slot_sets_the_timer_of_the_next(driven, clock):
    day = driven(solve_s=40)
    day.timers.clear()
    day.nearing(clock(6))
    (timer,) = day.timers
    assert timer.at == clock(6, 14, 20)
    assert timer.message == SlotNearing(slot=clock(6, 15), step=900)


def stating(day, clock):
    day.say("battery >= 5 kWh at 12:00")
    return {"need": ("need-1",)}


def withdrawing(day, clock):
    day.say("battery >= 5 kWh at 12:00")
    day.nearing(clock(6))
    day.tell(WithdrawNeed(by="m000", id="need-1"), clock(6, 5))
    return {"need": ("need-1",)}


def limiting(day, clock):
    day.say("zone street <= 9 kW 18:00-20:00, grid", "dso")
    assert isinstance(day.issued, NeedStated), day.issued
    return {"limit": ("need-1",)}


def refusing(day, clock):
    day.heard(clock(6), refused=[2])
    return {"refusal": (day.community.storage.ids[2],)}


def arriving(day, clock):
    day.heard(clock(5, 45))
    day.heard(clock(6), there=[True, True, True])
    return {"arrival": (day.community.storage.ids[1],)}


def leaving_off(day, clock):
    """The battery is silent for three slots, which is longer than is trusted."""
    for minute in (0, 15, 30):
        day.heard(clock(5, minute), silent=[0])
    return {"silence": (day.community.storage.ids[0],)}


def forecasting(day, clock):
    session = intraday(day.community.market, day.community.calendar, DAY)[0]
    message = day.forecast(session.id, session.horizon)
    assert isinstance(message, ForecastIssued)
    day.tell(message, clock(6))
    return {"forecast": (session.id,)}


def pricing(day, clock):
    session = day_ahead(day.community.market, day.community.calendar, DAY.replace(day=16))
    day.publish(session, clock(6))
    return {"prices": ("2026-06-16",)}


EVENTS = [
    stating,
    withdrawing,
    limiting,
    refusing,
    arriving,
    leaving_off,
    forecasting,
    pricing,
]


@pytest.mark.parametrize("event", EVENTS)
def test_an_event_calls_for_one_schedule(driven, clock, event):
    day = driven()
    day.nearing(clock(5))
    expected = event(day, clock)
    plan = day.nearing(clock(6, 30))
    assert isinstance(plan, ScheduleRevised)
    assert causes(plan) == expected
    assert plan.window.start == clock(6, 30)
    assert plan.window.end == clock(23, 45) + 900
    assert day.nearing(clock(6, 30)) is None


@pytest.mark.parametrize("event", EVENTS)
def test_events_that_are_not_asked_for_are_let_be(driven, clock, event):
    kind = next(iter(event(driven(), clock)))
    day = driven(replan_on=[each for each in CAUSES if each != kind])
    event(day, clock)
    assert day.nearing(clock(6, 30)) is None


def test_several_events_are_one_cause_each_of_one_schedule(driven, clock):
    day = driven(replan_s=3600)
    ids = day.community.storage.ids
    day.heard(clock(5, 45))
    day.say("battery >= 5 kWh at 12:00")
    day.say("battery >= 6 kWh at 15:00")
    day.heard(clock(6), refused=[2], there=[True, True, True])
    plan = day.nearing(clock(7))
    assert plan.causes == (
        Cause("timer"),
        Cause("need", ("need-1", "need-2")),
        Cause("refusal", (ids[2],)),
        Cause("arrival", (ids[1],)),
    )
    assert len(day.plans) == 1


def test_the_same_need_again_is_no_event(driven, clock):
    day = driven()
    day.say("battery >= 5 kWh at 12:00")
    assert day.nearing(clock(6, 15)) is not None
    day.say("battery >= 5 kWh at 12:00")
    assert day.nearing(clock(6, 30)) is None


def test_a_refused_need_is_no_event(driven, clock):
    day = driven()
    day.say("battery >= 500 kWh at 12:00")
    assert not isinstance(day.issued, NeedStated)
    assert day.nearing(clock(6, 15)) is None


def test_a_car_that_comes_on_time_is_no_event(driven, clock):
    day = driven()
    for slot in (clock(9, 45), clock(10), clock(10, 15)):
        day.heard(slot)
    assert day.nearing(clock(10, 45)) is None


def test_a_car_that_does_not_come_is_an_event_once(driven, clock):
    day = driven()
    away = [True, False, True]
    day.heard(clock(9, 45))
    for slot in (clock(10), clock(10, 15)):
        day.heard(slot, there=away)
    assert set(causes(day.nearing(clock(10, 45)))) == {"arrival"}
    day.heard(clock(10, 30), there=away)
    assert day.nearing(clock(11)) is None
    assert not day.plans[-1].plan.charge_wh[1, :4].any()


def test_what_is_heard_again_is_an_event(driven, clock):
    day = driven()
    for minute in (0, 15, 30, 45):
        day.heard(clock(5, minute), silent=[0])
    assert set(causes(day.nearing(clock(6)))) == {"silence"}
    day.heard(clock(6))
    plan = day.nearing(clock(6, 30))
    assert causes(plan) == {"silence": (day.community.storage.ids[0],)}
    assert not day.state.operation.stale.any()


def test_a_silent_device_keeps_what_its_plan_makes_of_its_last_report(driven, clock):
    day = driven()
    day.heard(clock(5), state=[3000, 32_000, 2000])
    before = day.state.plans[-1].plan.state_wh
    places = [day.state.plans[-1].window.index(clock(5, minute)) for minute in (0, 15)]
    day.heard(clock(5, 15), silent=[0], state=[0, 32_000, 2000])
    planned = int(before[0, places[1]] - before[0, places[0]])
    assert day.state.state_wh.tolist() == [np.clip(3000 + planned, 0, 8000), 32_000, 2000]
