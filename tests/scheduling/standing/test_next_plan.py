"""From when on plans know what is said, against the sessions that the market really holds."""

from datetime import timedelta

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.base.slots import Slots
from gridpact.market.gates import day_ahead, intraday
from gridpact.registry.model import OperationRules
from gridpact.scheduling.standing.next_plan import next_plan
from gridpact.scheduling.state import InForce


def in_force(window):
    return (InForce(window, plan=None),)


@given(minutes=st.integers(-1_440, 1_439), gates=st.sets(st.integers(0, 1_439), max_size=3))
@settings(deadline=None, max_examples=80)
def test_sessions_are_those_of_the_market(community, clock, minutes, gates):
    rules = msgspec.structs.replace(
        community.market, intraday_gates_s=tuple(60 * one for one in sorted(gates))
    )
    made = msgspec.structs.replace(community, market=rules)
    day, since = clock.day, clock.at(0) + 60 * minutes
    sessions = [day_ahead(rules, made.calendar, day), *intraday(rules, made.calendar, day)]
    later = [one.window.start for one in sessions if one.gate - rules.opens_s > since]
    assert next_plan(made, (), day, since) == min(later, default=None)


@pytest.mark.parametrize(
    ("replan_s", "causes", "expected"),
    [
        (0, ("need",), (7, 15)),
        (0, ("limit",), (13, 0)),  # the next session's, whose gate is at noon
        (7_200, (), (8, 0)),
        (7_200, ("need",), (7, 15)),
    ],
)
def test_rolling_operation_plans_after_events_and_by_its_timer(
    community, clock, replan_s, causes, expected
):
    rules = OperationRules(replan_s, causes, 30, 1800)
    market = msgspec.structs.replace(community.market, lead_s=3600)
    made = msgspec.structs.replace(community, operation=rules, market=market)
    plans = in_force(made.calendar.day(clock.day))
    assert next_plan(made, plans, clock.day, clock.at(7)) == clock.at(*expected)


def test_what_is_said_while_a_plan_is_made_waits_for_the_next(community, clock):
    """A slot nears 30 s before it begins: from then on it is too late for it."""
    made = msgspec.structs.replace(community, operation=OperationRules(0, ("need",), 30, 1800))
    plans = in_force(made.calendar.day(clock.day))
    for second, quarter in ((-31, 0), (-30, 15), (-1, 15), (0, 15)):
        since = clock.at(7) + second
        assert next_plan(made, plans, clock.day, since) == clock.at(7, quarter)


def test_without_a_plan_in_force_rolling_operation_makes_none(community, clock):
    made = msgspec.structs.replace(community, operation=OperationRules(900, ("need",), 30, 1800))
    evening = Slots(clock.at(20), 900, 4)
    assert next_plan(made, in_force(evening), clock.day, clock.at(22)) is None
    tomorrow = clock.day + timedelta(days=1)
    midnight = made.calendar.midnight(tomorrow)
    assert next_plan(made, (), tomorrow, clock.at(6)) == midnight
    assert np.diff([clock.at(0), midnight]) == [86_400]
