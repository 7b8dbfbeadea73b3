"""Late, stopped or worse schedules are kept out; what is dispatched is what is in force."""

import msgspec
import numpy as np
import pytest

from gridpact.base.errors import BadInput, Fault
from gridpact.scheduling.messages import Misses, ScheduleKept, ScheduleRevised
from gridpact.scheduling.operation import replanning
from gridpact.scheduling.operation.judging import worse

NEED = "battery >= 7.5 kWh at 12:00"


class Clock:
    """Shows another second each time it is read."""

    def __init__(self, pace):
        self.pace, self.now, self.reads = pace, 0.0, 0

    def __call__(self):
        self.now += self.pace
        self.reads += 1
        return self.now


def setpoints(day, first, slots=40):
    starts = range(first, first + slots * 900, 900)
    return [[each.tolist() for each in columns(day.dispatched(slot))] for slot in starts]


def columns(issued):
    return issued.charge_wh, issued.discharge_wh, issued.curtail_wh, issued.run_start


def test_a_late_solve_keeps_the_schedule_and_is_tried_again(driven, clock):
    late = Clock(pace=1000)
    day = driven(seconds=late)
    before = setpoints(day, clock(6, 15))
    day.say(NEED)
    kept = day.nearing(clock(6, 15))
    assert isinstance(kept, ScheduleKept)
    assert kept.reason == "the solve took longer than 30 s"
    assert setpoints(day, clock(6, 15)) == before
    late.pace = 0
    again = day.nearing(clock(6, 30))
    assert isinstance(again, ScheduleRevised)
    assert again.causes == kept.causes
    place = again.window.index(clock(11, 45))
    assert again.plan.state_wh[0, place] >= 7498
    assert day.nearing(clock(6, 45)) is None


def test_what_is_tried_again_goes_together_with_what_is_new(driven, clock):
    late = Clock(pace=1000)
    day = driven(seconds=late)
    day.say(NEED)
    day.nearing(clock(6, 15))
    day.heard(clock(6, 15), refused=[2])
    late.pace = 0
    kinds = [each.kind for each in day.nearing(clock(6, 45)).causes]
    assert kinds == ["need", "refusal"]


def test_a_solve_is_asked_to_end_before_its_time_is_up(driven, clock):
    """With four fifths of the time gone at the first look, a valid schedule may still be used."""
    day = driven(seconds=Clock(pace=0))
    limit = replanning.Limit(Clock(pace=25), 30)
    assert limit.nearly_up()
    assert not replanning.Limit(Clock(pace=25), 30).up()
    assert not replanning.Limit(None, 30).nearly_up()
    assert day.nearing(clock(6)) is None


def test_a_stopped_schedule_says_its_gap_or_is_kept_out(driven, clock):
    """However early it is stopped, it keeps all limits or is not put in force."""
    for pace in (2.0, 12.5, 24.5):
        day = driven(seconds=Clock(pace=pace), limit_w=9000, solve_s=25)
        before = setpoints(day, clock(6, 15))
        day.say(NEED)
        plan = day.nearing(clock(6, 15))
        if isinstance(plan, ScheduleRevised):
            assert not worse(plan.missed, plan.instead)
            cost = abs(int(plan.plan.cost_nano.sum()))
            assert plan.plan.unproved_nano <= replanning.WIDE * cost or plan.missed != plan.instead
        else:
            assert setpoints(day, clock(6, 15)) == before


def test_a_schedule_that_cannot_be_made_keeps_the_last(driven, clock, monkeypatch):
    def none(*_):
        raise BadInput([Fault("fleet", 0, "zone", "a circle", "break it")])

    day = driven()
    before = setpoints(day, clock(6, 15))
    monkeypatch.setattr(replanning, "solve_around", none)
    day.say(NEED)
    kept = day.nearing(clock(6, 15))
    assert isinstance(kept, ScheduleKept)
    assert "no schedule could be made" in kept.reason
    assert "a circle" in kept.reason
    assert not kept.again
    assert setpoints(day, clock(6, 15)) == before
    assert day.nearing(clock(6, 30)) is None


def test_without_prices_the_schedule_is_kept(driven, clock):
    day = driven()
    day.state = msgspec.structs.replace(day.state, spot={})
    day.say(NEED)
    kept = day.nearing(clock(6, 15))
    assert (kept.reason, kept.again) == ("there were no main-market prices", False)
    assert not day.state.needs
    assert not day.state.forecasts


def test_without_a_schedule_nothing_is_made_anew(bare, community_of, rules_of, clock):
    day = bare.day(community_of(rules_of(replan_s=900)))
    day.prices = False
    day.open()
    assert not day.state.plans
    assert day.nearing(clock(6)) is None


def test_a_limit_is_kept_although_a_need_gives_way_to_it(driven, clock):
    """The car wants 8 kWh by 20:00 and would take them in the last hour, which is cheapest.

    Two slots are left before the cap holds, in which it can take half of that, and the battery does
    not hold all of the rest.
    """
    day = driven(need_wh=40_000)
    day.say("zone street <= 1 kW 19:00-20:00, grid", "dso", clock(18, 20))
    plan = day.nearing(clock(18, 30))
    assert isinstance(plan, ScheduleRevised)
    assert plan.instead.needs_wh == plan.missed.limits_wh == 0
    assert plan.instead.limits_wh > plan.missed.needs_wh > 0
    assert [(each.kind, each.row) for each in plan.plan.conflicts] == [("need", 1)]
    assert plan.plan.charge_wh[1, :2].tolist() == [2000, 2000]


def test_what_is_missed_is_counted_without_margins(driven, clock):
    """The last report is older than it may be: 200 Wh more is planned for than is asked."""
    day = driven(need_wh=36_000, stale_s=600)
    day.say("zone street <= 1 kW 18:30-20:00, grid", "dso", clock(18, 20))
    revised = day.nearing(clock(18, 30))
    due = revised.window.index(clock(20))
    (told,) = (one for one in revised.plan.conflicts if one.kind == "need")
    assert told.missing_wh == 36_000 - revised.plan.state_wh[1, due] > 0
    assert revised.missed.needs_wh == told.missing_wh


def test_a_schedule_that_misses_more_is_kept_out(driven, clock, monkeypatch):
    """Were the solver to return idleness, the schedule before would stay in force."""
    made = replanning.solve_around

    def idle(*asked):
        plan = made(*asked)
        return msgspec.structs.replace(
            plan,
            charge_wh=plan.charge_wh * 0,
            discharge_wh=plan.discharge_wh * 0,
        )

    day = driven(need_wh=35_000)
    monkeypatch.setattr(replanning, "solve_around", idle)
    before = setpoints(day, clock(6, 15))
    day.heard(clock(6), state=[4000, 5000, 2000], refused=[2])
    kept = day.nearing(clock(6, 30))
    assert isinstance(kept, ScheduleKept)
    assert kept.reason == "another schedule would miss more than the one in force"
    assert setpoints(day, clock(6, 15)) == before


@pytest.mark.parametrize(
    ("new", "old", "expected"),
    [
        ((0, 0, 0, 0), (0, 0, 0, 0), False),
        ((0, 0, 9, 0), (99, 99, 0, 99), True),
        ((99, 99, 0, 99), (0, 0, 9, 0), False),
        ((0, 0, 4, 0), (0, 0, 0, 5), False),  # limits alike, and less of contracts
        ((0, 0, 0, 9), (99, 99, 0, 0), True),
        ((9, 0, 0, 0), (0, 9, 0, 0), False),  # a run that is left out is a need that is missed
        ((0, 9, 0, 0), (9, 0, 0, 0), True),  # and counts where all else is alike
        ((5, 0, 0, 0), (0, 0, 0, 0), True),
        ((4, 0, 0, 0), (0, 0, 0, 0), False),
    ],
)
def test_limits_come_before_contracts_and_these_before_needs(new, old, expected):
    assert worse(Misses(*new), Misses(*old), 4) is expected


def test_runs_that_have_begun_stay_begun(driven, clock):
    day = driven(replan_s=900)
    begins = day.state.plans[-1].window.starts()[day.state.plans[-1].plan.run_start[0]]
    seen = []
    for slot in range(clock(0, 15), int(begins) + 9000, 900):
        plan = day.nearing(slot)
        assert isinstance(plan, ScheduleRevised)
        seen.append(bool(day.dispatched(slot).run_start[0]))
    assert sum(seen) == 1
    starts = day.state.plans[-1]
    started = int(starts.window.starts()[starts.plan.run_start[0]])
    assert started == clock(0, 15) + 900 * seen.index(True)


def test_a_new_schedule_begins_with_what_is_stored(driven, clock):
    """What a battery holds beyond its plan is expected in the slot that nears."""
    day = driven(replan_s=3600)
    place = day.state.plans[-1].window.index(clock(5, 30))
    planned = day.state.plans[-1].plan.state_wh
    more = planned[:, place] + np.array([500, 0, 0])
    day.heard(clock(5, 30), state=more)
    plan = day.nearing(clock(6))
    before = planned[0, place + 1] + 500
    first = plan.plan.charge_wh[0, 0] - plan.plan.discharge_wh[0, 0]
    assert plan.plan.state_wh[0, 0] == before + first
