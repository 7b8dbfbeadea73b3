"""What owners need and decide goes before what the grid asks for: nobody is asked beyond it."""

import numpy as np
import pytest

from gridpact.scheduling.activation.ground import planned_from
from gridpact.scheduling.activation.lasting import held_over, lasting
from gridpact.scheduling.activation.messages import ActivationIssued, ActivationRequested
from gridpact.scheduling.diaries.holds import Hold, Holds
from gridpact.scheduling.diaries.messages import PowersHeld
from gridpact.scheduling.messages import ScheduleRevised
from gridpact.scheduling.standing.places import Places

BATTERY, CAR, OTHER = range(3)
HOUR = 4


@pytest.fixture
def asked(clock):
    """Ask a street for an hour from 11:00, for all it has; returns what is activated."""

    def made(day, power_w=50_000):
        day.tell(
            ActivationRequested(
                by="dso", zones=("street",), power_w=power_w, begin=clock(11), lasts_s=3600
            ),
            clock(10, 50),
        )
        assert isinstance(day.issued, ActivationIssued)
        return day.issued

    return made


@pytest.fixture
def day(driven, clock):
    """A day on which two batteries are full enough to give in the hour, and one is planned to."""
    made = driven(replan_on=("need", "activation"))
    made.say("battery >= 2 kWh at 10:45")
    made.say("battery >= 7 kWh at 16:00")
    made.say("battery >= 2 kWh at 10:45", owner="m001")
    made.nearing(clock(6, 15))
    return made


def holding(day, clock, hold, row=BATTERY, power_w=0):
    rows = [(row, clock(10), clock(15), hold, power_w)]
    day.tell(PowersHeld(holds=Holds.of(np.array(rows, np.int64))), clock(10, 40))


def next_plan(day, clock):
    """The schedule that is made next, and the slots of the hour in it."""
    made = day.nearing(clock(11))
    assert isinstance(made, ScheduleRevised), made
    first = made.window.index(clock(11))
    return made.plan, slice(first, first + HOUR)


@pytest.mark.parametrize("power_w", [50_000, -50_000])
@pytest.mark.parametrize(
    "words",
    [
        "battery quiet 10:55-13:00 15 June",
        "battery unavailable 11:00-12:00 15 June",
        "battery off until 12:00",
    ],
)
def test_who_rests_is_neither_asked_nor_held(day, asked, clock, words, power_w):
    day.say(words, now=clock(10, 40))
    found = asked(day, power_w)
    assert found.given_wh[BATTERY] == 0
    assert found.given_wh.sum() > 0
    assert not found.charge_wh[BATTERY].any()
    assert not found.discharge_wh[BATTERY].any()
    plan, hour = next_plan(day, clock)
    assert not plan.charge_wh[BATTERY, hour].any()
    assert not plan.discharge_wh[BATTERY, hour].any()
    others = [CAR, OTHER]
    net = plan.charge_wh - plan.discharge_wh
    told = found.charge_wh - found.discharge_wh
    assert (net[others, hour] == told[others]).all()


@pytest.mark.parametrize("power_w", [3_000, -50_000])
def test_who_stops_draws_nothing_and_may_give(day, asked, clock, power_w):
    day.say("battery stop until 12:00", now=clock(10, 40))
    found = asked(day, power_w)
    assert found.given_wh[BATTERY] > 0  # down: what it was planned to give is not given
    assert not found.charge_wh[BATTERY].any()
    assert found.discharge_wh[BATTERY].any() == (power_w > 0)
    plan, hour = next_plan(day, clock)
    assert not plan.charge_wh[BATTERY, hour].any()
    assert plan.discharge_wh[BATTERY, hour].tolist() == found.discharge_wh[BATTERY].tolist()


@pytest.mark.parametrize("hold", [Hold.OFF, Hold.PLAIN])
def test_what_its_owner_took_out_is_not_promised(day, asked, clock, hold):
    holding(day, clock, hold)
    found = asked(day)
    assert found.given_wh[BATTERY] == 0
    assert found.given_wh[[CAR, OTHER]].sum() > 0
    plan, hour = next_plan(day, clock)
    assert not plan.charge_wh[BATTERY, hour].any()
    assert not plan.discharge_wh[BATTERY, hour].any()  # a battery alone rests
    assert plan.discharge_wh[OTHER, hour].tolist() == found.discharge_wh[OTHER].tolist()


def test_who_was_counted_on_before_declining_is_held(day, asked, clock):
    found = asked(day, 3_000)
    assert found.given_wh[BATTERY] > 0
    holding(day, clock, Hold.PLAIN)
    plan, hour = next_plan(day, clock)
    assert plan.discharge_wh[BATTERY, hour].tolist() == found.discharge_wh[BATTERY].tolist()
    assert not plan.discharge_wh[BATTERY, hour.stop : hour.stop + 8].any()


def test_nothing_is_held_of_who_declined_before(day, asked, clock):
    holding(day, clock, Hold.PLAIN)
    found = asked(day)
    active = lasting(day.state, found.window)
    held = held_over(day.community, day.state, active, found.window)
    assert held.storage[:, 0].tolist() == [False, True, True]


def test_what_is_cut_of_a_plan_is_cut_of_its_member_and_moves_no_state(day, clock):
    places = Places(day.community)
    before = planned_from(places, day.state, clock(11))
    day.say("battery quiet 11:00-12:00 15 June", now=clock(10, 40))
    after = planned_from(places, day.state, clock(11))
    net = [each.charge_wh - each.discharge_wh for each in (before, after)]
    assert net[0][BATTERY, :HOUR].any()
    assert not net[1][BATTERY, :HOUR].any()
    assert (net[0][:, HOUR:] == net[1][:, HOUR:]).all()
    member = day.community.storage.member[BATTERY]
    moved = after.net_wh - before.net_wh
    assert (moved[member] == net[1][BATTERY] - net[0][BATTERY]).all()
    assert not np.delete(moved, member, axis=0).any()
    stood = before.state_wh[BATTERY, 0] - net[0][BATTERY, 0]  # this battery loses nothing
    assert (after.state_wh[BATTERY, :HOUR] == stood).all()


def given_in(day, begin, end):
    """What the battery is to discharge in slots of the day [Wh]."""
    slots = range(begin, end, 900)
    return sum(int(day.dispatched(slot).discharge_wh[BATTERY]) for slot in slots)


@pytest.mark.parametrize("planned_with", [True, False])
def test_no_more_is_asked_than_cycles_leave_of_a_day(day, asked, clock, planned_with):
    """Of 8 kWh the battery may discharge 1.6 kWh a day, in all since its owner said so."""
    day.heard(clock(10, 0))
    day.say("battery cycles <= 0.2 per day", now=clock(10, 16))
    day.heard(clock(10, 15))
    if planned_with:
        day.nearing(clock(10, 45))
    day.heard(clock(10, 30))
    before = given_in(day, clock(10, 15), clock(11))
    found = asked(day)
    given = int(found.discharge_wh[BATTERY].sum())
    assert 1200 < before + given <= 1600
    plan, hour = next_plan(day, clock)
    assert plan.conflicts == ()
    assert plan.discharge_wh[BATTERY, hour].tolist() == found.discharge_wh[BATTERY].tolist()
    assert before + given_in(day, clock(11), clock(23, 45)) <= 1600


def test_no_more_is_asked_than_a_budget_leaves(day, asked, clock):
    day.say("battery cost <= 0.10 11:00-13:00", now=clock(10, 40))
    found = asked(day, -50_000)
    planned = planned_from(Places(day.community), day.state, clock(11))
    price = planned.import_price[: 2 * HOUR]
    paid = int(found.charge_wh[BATTERY] @ price[:HOUR])
    assert 100_000_000 - int(price[:HOUR].sum()) < paid <= 100_000_000  # 1 Wh more is too much
    assert (found.charge_wh[[CAR, OTHER]] > 400).all()  # whose power is theirs alone
    plan, hour = next_plan(day, clock)
    assert plan.conflicts == ()
    assert plan.charge_wh[BATTERY, hour.start : hour.start + 2 * HOUR] @ price <= 100_000_000
