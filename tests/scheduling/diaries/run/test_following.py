"""Diaries that follow plans, against devices that are told one entry after the other."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.base.slots import Slots
from gridpact.scheduling.diaries.following import (
    RULE,
    Activated,
    entries_of,
    first,
    followed,
    revised,
    switched,
)
from gridpact.scheduling.diaries.instructions import Verb, faults_of

BANDS = (100, 160)
"""Dead-bands of both storages [W]: 100 W, or 2 % of their power."""
DAY = 24
"""Slots in the days that are drawn: six hours of them."""


@st.composite
def days(draw):
    """Plans of one day, each from its own slot to the end, with runs that start once a day."""
    found, begun = [], {0: None, 1: None}
    firsts = sorted({0, *draw(st.lists(st.integers(1, DAY - 1), max_size=3))})
    for slot in firsts:
        count = DAY - slot
        battery = draw(st.lists(st.integers(-1000, 1000), min_size=count, max_size=count))
        car = draw(st.lists(st.integers(0, 2000), min_size=count, max_size=count))
        starts = []
        for run in (0, 1):
            if begun[run] is not None and begun[run] < slot:
                starts.append(-1)  # it has begun: no plan starts it again
                continue
            start = draw(st.integers(-1, count - 1))
            begun[run] = None if start < 0 else slot + start
            starts.append(start)
        found.append((slot, [battery, car], tuple(starts)))
    return found


def in_force(plans):
    """Power planned in each slot of the day, W, by the latest plan; runs minute by minute."""
    power = np.zeros((4, DAY), np.int64)
    for slot, net, starts in plans:
        power[:2, slot:] = np.array(net) * 4
        for run, (watts, lasts) in enumerate(((1000, 4), (2000, 2))):
            going = [at for at in range(slot) if power[2 + run, at]]
            power[2 + run, slot:] = 0
            if going and going[-1] == slot - 1:
                left = lasts - len(going)
                power[2 + run, slot : slot + left] = watts
            if starts[run] >= 0:
                begin = slot + starts[run]
                power[2 + run, begin : begin + lasts] = watts
    return power


@given(days())
@settings(deadline=None, max_examples=120)
def test_a_device_does_what_the_plan_in_force_says_within_the_dead_band(
    community, hand, made, plans
):
    diaries = followed(community, [hand.solved(*plan) for plan in plans])
    assert faults_of(diaries.instructions, diaries.standing) == ()
    wanted = in_force(plans)
    begin = (diaries.begin_s - hand.midnight) // hand.step
    instants = [hand.midnight + slot * hand.step for slot in range(begin, DAY)]
    for row in range(4):
        told = entries_of(diaries, row)
        does = made.followed(told, int(diaries.standing.power_w[row]), instants)
        band = BANDS[row] if row < 2 else 0
        apart = np.abs(np.array(does) - wanted[row, begin:])
        assert apart.max(initial=0) <= band
        assert not np.any(np.array(does)[wanted[row, begin:] == 0])


@given(days(), st.data())
@settings(deadline=None, max_examples=60)
def test_a_revision_changes_only_what_is_ahead(community, hand, plans, data):
    diaries = followed(community, [hand.solved(*plan) for plan in plans])
    slot = data.draw(st.integers(plans[-1][0], DAY - 1))
    ahead = DAY - slot
    net = [[0] * ahead, [500] * ahead]
    now = hand.midnight + slot * hand.step - 60  # settled a minute before it is in force
    after = revised(community, diaries, hand.solved(slot, net, now=now)).diaries
    assert np.all(after.revision >= diaries.revision)
    for row in range(4):
        old, new = entries_of(diaries, row), entries_of(after, row)
        past = old.at_s < hand.midnight + slot * hand.step
        kept = new.at_s < hand.midnight + slot * hand.step
        shown = old.at_s[past] >= after.begin_s
        assert old.at_s[past][shown].tolist() == new.at_s[kept].tolist()
        assert old.target_w[past][shown].tolist() == new.target_w[kept].tolist()
        same = old.at_s.tolist() == new.at_s.tolist() and after.begin_s == diaries.begin_s
        if same and old.target_w.tolist() == new.target_w.tolist():
            assert after.revision[row] == diaries.revision[row]


def test_the_next_day_is_added_and_the_present_one_stays(community, hand):
    today = hand.solved(0, [[400] * 96, [0] * 96])
    tomorrow = hand.solved(96, [[400] * 96, [0] * 96], now=hand.midnight + 12 * 3600)
    diaries = followed(community, [today, tomorrow])
    assert diaries.begin_s == tomorrow.at
    assert diaries.end_s == tomorrow.window.end
    assert diaries.standing.power_w.tolist() == [1600, 0, 0, 0]
    assert len(diaries.instructions) == 0  # the battery goes on over midnight: nothing to tell


def test_a_plan_of_today_leaves_tomorrow_as_it_was_told(community, hand):
    today = hand.solved(0, [[400] * 96, [0] * 96])
    tomorrow = hand.solved(96, [[400] * 96, [700] * 96], now=hand.midnight + 12 * 3600)
    again = hand.solved(60, [[0] * 36, [0] * 36], now=hand.midnight + 14 * 3600)
    diaries = followed(community, [today, tomorrow, again])
    assert diaries.end_s == tomorrow.window.end
    midnight = tomorrow.window.start
    battery, car = entries_of(diaries, 0), entries_of(diaries, 1)
    assert battery.at_s.tolist() == [again.window.start, midnight]
    assert battery.target_w.tolist() == [0, 1600]
    assert car.at_s.tolist() == [midnight]
    assert car.target_w.tolist() == [2800]


def test_an_appliance_that_runs_goes_on_when_a_plan_leaves_it_out(community, hand):
    diaries = first(community, hand.solved(0, [[0] * 8, [0] * 8], (1, -1)))
    after = revised(community, diaries, hand.solved(3, [[0] * 5, [0] * 5])).diaries
    assert entries_of(after, 2).at_s.tolist() == [hand.midnight + 5 * hand.step]
    assert after.revision.tolist() == [1, 1, 1, 1]


def test_an_activation_moves_storage_and_leaves_the_rest_as_it_was_told(community, hand):
    plan = hand.solved(0, [[0] * 8, [500] * 8], (1, -1))
    window = Slots(hand.midnight + 2 * hand.step, hand.step, 2)
    given_ = Activated(window, np.array([[-400, -400], [0, 0]]), hand.midnight + 1000)
    diaries = followed(community, [plan, given_])

    def told(row):
        entries = entries_of(diaries, row)
        slots = ((entries.at_s - hand.midnight) // hand.step).tolist()
        return list(zip(slots, entries.verb.tolist(), entries.target_w.tolist(), strict=True))

    assert told(0) == [(2, Verb.SUPPLY, 1600), (4, Verb.STOP_SUPPLY, 0)]
    assert told(1) == [(2, Verb.STOP_CHARGE, 0), (4, Verb.START_CHARGE, 2000)]
    assert told(2) == [(5, Verb.STOP_CHARGE, 0)]  # it began before the window of the diaries
    assert diaries.standing.power_w.tolist() == [0, 2000, 1000, 0]
    assert diaries.end_s == plan.window.end
    beyond = Activated(Slots(plan.window.end, hand.step, 2), given_.net_wh, given_.at)
    after = followed(community, [plan, given_, beyond])
    assert after.instructions.at_s.tolist() == diaries.instructions.at_s.tolist()
    assert followed(community, [given_]) is None


def test_who_is_switched(community):
    assets = switched(community)
    assert assets.ids == ("battery-0", "car-1", "washer-0", "dryer-1")
    assert assets.owners == ("m000", "m001", "m000", "m001")
    assert assets.storage == 2


def test_nothing_is_told_before_a_plan(community):
    assert followed(community, []) is None


def test_plans_may_begin_in_the_past(community, hand):
    """What began before a plan was settled stays; only later slots follow it."""
    diaries = first(community, hand.solved(0, [[0] * 8, [0] * 8]))
    late = hand.solved(0, [[500] * 8, [0] * 8], (1, -1), now=hand.midnight + 3 * hand.step)
    after = revised(community, diaries, late).diaries
    battery = entries_of(after, 0)
    # the energy owed since midnight is made up for within the dead-band
    assert battery.at_s.min() == hand.midnight + 3 * hand.step
    assert 2000 <= battery.target_w[0] <= 2100
    assert entries_of(after, 2).at_s.tolist() == [
        hand.midnight + slot * hand.step for slot in (3, 5)
    ]  # what is left of the run
    assert RULE.deadband_w == BANDS[0]


@pytest.mark.parametrize("count", [1, 96])
def test_windows_are_whole(community, hand, count):
    diaries = first(community, hand.solved(0, [[10] * count, [0] * count]))
    assert (diaries.begin_s, diaries.end_s) == (
        hand.midnight,
        Slots(hand.midnight, hand.step, count).end,
    )
