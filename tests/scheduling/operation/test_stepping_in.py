"""Others step in at once where storage that gives in an activation refuses, is silent or is gone.

What is asked of each is worked out here from the set-points before and after, slot by slot.
"""

import numpy as np
import pytest

from gridpact.scheduling.activation.messages import ActivationIssued, ActivationRequested
from gridpact.scheduling.messages import ScheduleRevised

BATTERY, CAR, OTHER = range(3)
STEP, HOUR = 900, 4


@pytest.fixture
def day(driven, clock):
    """A day on which two batteries are full enough to give in the hour from eleven."""
    made = driven(replan_on=("need", "activation"))
    made.say("battery >= 6 kWh at 10:45")
    made.say("battery >= 4 kWh at 10:45", owner="m001")
    made.say("battery >= 7 kWh at 18:00")
    made.nearing(clock(6, 15))
    return made


@pytest.fixture
def asked(clock):
    def made(day, power_w=1_000, rule="merit-order"):
        before = net_of(day)
        day.heard(clock(10, 30))
        day.tell(
            ActivationRequested(
                by="dso",
                zones=("street",),
                power_w=power_w,
                begin=clock(11),
                lasts_s=3600,
                rule=rule,
            ),
            clock(10, 50),
        )
        assert isinstance(day.issued, ActivationIssued)
        assert not day.issued.missing_wh
        return day.issued, before

    return made


def net_of(day):
    plan = day.state.plans[-1].plan
    return plan.charge_wh - plan.discharge_wh


def hour_of(day, clock, hour=11):
    first = day.state.plans[-1].window.index(clock(hour))
    return slice(first, first + HOUR)


def after(outs):
    """What was issued, as the room sent it."""
    return [out for out in outs if isinstance(out, ActivationIssued)]


@pytest.fixture
def heard(clock):
    """Let telemetry of a slot come in; returns what others give instead."""

    def told(day, slot, **words):
        day.issued = None
        day.heard(slot, **words)
        return day.issued if isinstance(day.issued, ActivationIssued) else None

    return told


@pytest.mark.parametrize("power_w", [1_000, -1_000])
@pytest.mark.parametrize("rule", ["merit-order", "pro-rata"])
def test_others_give_what_is_lost_in_the_slots_left(day, asked, heard, clock, power_w, rule):
    issued, before = asked(day, power_w, rule)
    for slot in range(2):
        assert heard(day, clock(10, 45) + STEP * slot) is None
    at_first = net_of(day)
    giver = int(np.argmax(issued.given_wh))
    found = heard(day, clock(11, 15), refused=[giver])
    gone = int(issued.given_wh[giver])
    assert (found.id, found.by, found.zones) == ("activation-1.1", "dso", ("street",))
    assert found.instead_of == (day.community.storage.ids[giver],)
    assert (found.window.start, found.window.count) == (clock(11, 30), 2)
    assert (found.asked_wh, found.missing_wh) == (gone, 0)
    assert found.given_wh[giver] == 0
    assert found.given_wh.sum() == gone
    # in the slots left all together give what was asked, and who is lost does what it was to do
    hour = hour_of(day, clock)
    left = slice(hour.start + 2, hour.stop)
    sign = 1 if power_w > 0 else -1
    now = net_of(day)
    trusted = np.arange(3) != giver
    given = sign * (before - now)[trusted][:, left].sum(axis=0)
    assert given.tolist() == [250, 250]
    assert (now[giver, left] == before[giver, left]).all()
    begun = slice(0, left.start)
    assert (now[:, begun] == at_first[:, begun]).all()


def test_nobody_steps_in_twice_for_the_same_and_who_stepped_in_may_be_lost_too(
    day, asked, heard, clock
):
    issued, _ = asked(day, 1_000)
    giver = int(np.argmax(issued.given_wh))
    first = heard(day, clock(10, 45), refused=[giver])
    assert (first.window.start, first.window.count) == (clock(11), 4)  # it has not begun yet
    assert heard(day, clock(11), refused=[giver]) is None
    second = int(np.argmax(first.given_wh))
    again = heard(day, clock(11, 15), refused=[giver, second])
    assert again.id == "activation-1.2"
    assert again.instead_of == (day.community.storage.ids[second],)
    assert again.missing_wh == again.asked_wh - again.given_wh.sum() - again.solar_wh.sum()
    assert heard(day, clock(11, 30), refused=[giver, second]) is None


def test_a_giver_that_falls_silent_or_goes_is_lost(day, asked, heard, clock):
    issued, _ = asked(day, 1_000)
    giver = int(np.argmax(issued.given_wh))
    there = [True, True, True]
    there[giver] = False
    found = heard(day, clock(10, 45), there=there)
    assert found.instead_of == (day.community.storage.ids[giver],)


def test_silence_counts_once_it_is_longer_than_is_trusted(day, asked, heard, clock):
    issued, _ = asked(day, 1_000)
    giver = int(np.argmax(issued.given_wh))
    assert heard(day, clock(10, 45), silent=[giver]) is None
    assert heard(day, clock(11), silent=[giver]) is None  # half an hour is trusted
    found = heard(day, clock(11, 15), silent=[giver])
    assert (found.window.start, found.window.count) == (clock(11, 30), 2)


def test_nothing_is_done_when_it_is_over_or_nobody_lost_gives(day, asked, heard, clock):
    issued, _ = asked(day, 1_000)
    giver = int(np.argmax(issued.given_wh))
    idle = [row for row in range(3) if not issued.given_wh[row]]
    assert heard(day, clock(10, 45), refused=idle) is None
    assert heard(day, clock(11, 45), refused=[giver]) is None


def test_the_next_plan_is_made_around_who_stepped_in(day, asked, heard, clock):
    issued, _ = asked(day, 1_000)
    day.nearing(clock(11))
    giver = int(np.argmax(issued.given_wh))
    found = heard(day, clock(11), refused=[giver])
    told = found.charge_wh - found.discharge_wh
    made = day.nearing(clock(11, 30))
    assert isinstance(made, ScheduleRevised), made
    assert {one.kind: one.names for one in made.causes} == {"activation": ("activation-1.1",)}
    first = made.window.index(clock(11, 30))
    held = (made.plan.charge_wh - made.plan.discharge_wh)[:, first : first + 2]
    trusted = np.arange(3) != giver
    assert (held[trusted] == told[trusted][:, 1:]).all()
