"""What a schedule made anew misses is explained beside set-points that activations hold."""

import pytest
from msgspec.structs import replace

from gridpact.app.schedules.explaining import told
from gridpact.app.schedules.posing import Gathered
from gridpact.scheduling.activation.lasting import lasting
from gridpact.scheduling.activation.messages import ActivationRequested
from gridpact.scheduling.messages import ReplanDue, ScheduleRevised
from gridpact.scheduling.posing import Posing
from gridpact.scheduling.standing.places import Places


@pytest.fixture
def explained(driven, clock):
    """The schedule of eleven, made with an activation or without, as parties are told of it."""

    def made(power_w):
        day, seen = driven(replan_on=("need", "activation")), []
        day.say("battery >= 2 kWh at 10:45")
        day.nearing(clock(6, 15))
        if power_w:
            asked = ActivationRequested(
                by="dso", zones=("street",), power_w=power_w, begin=clock(11), lasts_s=3600
            )
            day.tell(asked, clock(10, 40))
        day.say("battery >= 5 kWh at 12:00", now=clock(10, 50))
        effect = day.room.effects[ReplanDue]
        day.room.effects[ReplanDue] = lambda state, due: seen.append(state) or effect(state, due)
        plan = day.nearing(clock(11))
        assert isinstance(plan, ScheduleRevised)
        (state,) = seen
        posing = Posing(day.community, Places(day.community))
        whole, bare = (
            posing.posed(each, plan.name, plan.window, plan.horizon)
            for each in (state, replace(state, book=None))
        )
        active = lasting(state, plan.horizon)
        was = Gathered(day.community, plan, whole, bare, state.book, clock(11), active)
        return plan, {party: told(was, (), party) for party in ("operator", "m000", "m001")}

    return made


def test_what_an_activation_holds_is_told_with_what_it_leaves_no_room_for(explained):
    plan, parties = explained(1600)
    (missed,) = plan.plan.conflicts
    assert missed.needs == ("need-2",)
    when = "held by activation-1 from 2026-06-15T11:00 to 2026-06-15T12:00."
    for party, names in (
        ("operator", "storage-000, storage-001, storage-002 are"),
        ("m000", "storage-000, storage-001 are"),
    ):
        said = parties[party]
        assert [one.need.id for one in said.explanation.unbound] == ["need-2"]
        assert said.sentences[-1] == f"{names} {when}"
        assert not said.holds
    other = parties["m001"]  # whose battery is held, and who is told nothing of the neighbour's
    assert other.holds
    assert other.sentences[-1] == f"storage-002 is {when}"
    assert not any("storage-000" in one or "need-2" in one for one in other.sentences)


def test_without_an_activation_there_is_no_conflict(explained):
    plan, parties = explained(0)
    assert plan.plan.conflicts == ()
    for said in parties.values():
        assert said.holds
        assert not any("activation" in one for one in said.sentences)
