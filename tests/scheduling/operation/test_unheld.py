"""Needs that come too late for any plan: told when stated, by what the plan in force does."""

import numpy as np
import pytest

from gridpact.registry.model import CAUSES

SLOW = tuple(one for one in CAUSES if one not in ("need", "limit"))
"""Only sessions plan: the next is in force from half past twelve, for what is said after six."""


@pytest.fixture
def late(driven, clock):
    """State a sentence at six; what it comes too late for, and its notes."""

    def said(words, owner="m000", now=None, **rules):
        day = driven(replan_on=SLOW, **rules)
        answer = day.say(words, owner, clock(6) if now is None else now)
        return day, answer.unheld, answer.notes

    return said


def test_a_state_due_before_the_next_plan_is_missed_by_what_is_planned(late, clock):
    day, found, notes = late("battery >= 95% by 08:00")
    (one,) = found
    place = (clock(8) - clock(0)) // 900 - 1
    planned = int(day.state.plans[-1].plan.state_wh[0, place])
    assert (one.begin, one.until, one.planned) == (clock(6), clock(12, 30), True)
    assert one.missing_wh == 7600 - planned > 0
    missed = f"misses it by {one.missing_wh / 1000:.3f} kWh"
    assert notes == (f"no plan before 12:30: the one in force until then {missed}",)


def test_what_the_plan_in_force_keeps_anyway_is_no_matter(late):
    assert late("battery >= 0.001 kWh at 13:00")[1:] == ((), ())
    assert late("battery >= 95% by 18:00")[1] == ()  # a plan knows it by then


def test_a_moment_at_which_the_next_plan_begins_is_too_late_for_it(late):
    assert late("battery >= 95% by 12:30")[1]
    assert not late("battery >= 95% by 12:45")[1]


def test_power_that_flows_while_an_asset_is_to_rest_is_counted(late, clock):
    day, found, _ = late("battery quiet 06:00-12:00")
    plan, span = day.state.plans[-1].plan, slice(24, 48)
    flows = int((plan.charge_wh + plan.discharge_wh)[0, span].sum())
    assert sum(one.missing_wh for one in found) == (flows if flows > 3 else 0)


def test_energy_that_does_not_flow_in_a_window_is_counted(late):
    day, found, _ = late("battery takes >= 7 kWh 07:00-09:00")
    plan = day.state.plans[-1].plan
    taken = int((plan.charge_wh - plan.discharge_wh)[0, 28:36].sum())
    assert [one.missing_wh for one in found] == [7000 - taken]


def test_a_cap_on_a_zone_counts_what_flows_above_it(late):
    day, found, _ = late("zone street <= 0.4 kW 06:00-12:00, grid", owner="dso")
    net = day.state.plans[-1].plan.net_wh.sum(axis=0)[24:48]
    over = int(np.maximum(net - 100, 0).sum())
    assert over > 3
    assert [one.missing_wh for one in found] == [over]


def test_an_appliance_that_runs_while_it_is_to_rest_is_counted(late, clock):
    day, found, _ = late("washer quiet 08:00-12:00", owner="m002")
    start = int(day.state.plans[-1].plan.run_start[0])
    inside = sum(32 <= slot < 48 for slot in range(start, start + 4))
    assert sum(one.missing_wh for one in found) == inside * 500


def test_rolling_operation_leaves_one_slot_and_after_the_last_session_no_plan_comes(driven, clock):
    rolling = driven()
    answer = rolling.say("battery >= 95% by 06:30")
    assert answer.unheld == ()  # the next plan is in force from a quarter past, and knows it
    assert rolling.say("battery >= 95% by 06:15").unheld[0].until == clock(6, 15)
    day = driven(replan_on=SLOW)
    answer = day.say("battery >= 95% by 22:00", now=clock(20))
    assert [one.planned for one in answer.unheld] == [False]
    assert answer.notes[0].startswith("no other plan on 2026-06-15: the one in force misses it by ")


def test_stated_again_it_is_as_late_as_it_was(late, clock):
    """Said once more at a quarter to twelve, when the noon session's plan has been made."""
    day, found, _ = late("battery >= 95% by 12:00")
    again = day.say("battery >= 95% by 12:00", now=clock(11, 50))
    assert again.id == "need-1"
    assert [one.until for one in again.unheld] == [one.until for one in found]


def test_without_any_plan_in_force_nothing_is_counted(bare, community_of, rules_of):
    day = bare.day(community_of(rules_of()))
    answer = day.say("battery >= 95% by 06:15")
    assert (answer.id, answer.unheld, answer.notes) == ("need-1", (), ())
