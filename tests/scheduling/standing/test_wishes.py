"""Every kind of need that a run takes as a wish, or with a worth: what the plan then does."""

import msgspec
import numpy as np
import pytest

from gridpact.scheduling.messages import NeedRefused, StateNeed
from gridpact.scheduling.standing.places import Places
from gridpact.supervision.caps import cap_of

BATTERY, CAR = 0, 1


def slot(hour, minute=0, day=0):
    return (day * 24 + hour) * 4 + minute // 15


def net(plan, row, span):
    return (plan.charge_wh[row] - plan.discharge_wh[row])[span]


@pytest.fixture
def found(day, say):
    """Plan a day with sentences of a home and of the network company."""

    def made(*sentences, dso=()):
        for words in sentences:
            day.state_need(say(words))
        for words in dso:
            day.state_need(say(words, "dso"))
        return day.plan()

    return made


KEPT = [
    ("battery >= 80% at 12:00 on 15 June", lambda p: p.state_wh[BATTERY, slot(11, 45)] >= 6398),
    ("battery <= 10% at 06:00 on 15 June", lambda p: p.state_wh[BATTERY, slot(5, 45)] <= 802),
    ("battery <= 1 kW 00:00-06:00", lambda p: p.charge_wh[BATTERY, : slot(6)].max() <= 250),
    ("battery quiet 00:00-06:00", lambda p: not net(p, BATTERY, slice(slot(6))).any()),
    (
        "battery gives >= 1 kW 03:00-04:00 15 June",
        lambda p: net(p, BATTERY, slice(slot(3), slot(4))).max() <= -250,
    ),
    (
        "car takes >= 6 kWh within 06:00-12:00 15 June",
        lambda p: net(p, CAR, slice(slot(6), slot(12))).sum() >= 5999,
    ),
    ("battery cycles <= 0.5 per day", lambda p: p.discharge_wh[BATTERY, :96].sum() <= 4000),
    (
        "battery keeps up 1 kW and down 1 kW for 30 min 06:00-18:00",
        lambda p: (
            p.discharge_wh[BATTERY, slot(6) : slot(18)].max() <= 250
            and p.state_wh[BATTERY, slot(6) : slot(18)].min() >= 498
        ),
    ),
    ("washer 1 h within 09:00-10:00", lambda p: p.run_start[0] == slot(9)),
    ("washer quiet 08:00-19:00", lambda p: p.run_start[0] >= slot(19)),
]


@pytest.mark.parametrize(("words", "kept"), KEPT, ids=[words for words, _ in KEPT])
def test_a_wish_is_kept_where_nothing_needs_otherwise(day, found, words, kept):
    assert not kept(day.plan())
    plan = found(words + ", wish")
    assert kept(plan)
    assert plan.conflicts == ()


@pytest.mark.parametrize(
    ("wish", "need", "kind"),
    [
        ("battery >= 80% at 12:00 on 15 June", "battery takes <= 1 kWh 00:00-12:00", "state"),
        ("battery quiet 11:00-12:00", "battery charge at 2 kW from 11:30 until 12:00", "power"),
        ("washer 1 h within 15:00-16:00", "washer off from 14:00 until 17:00", "run"),
        ("car takes <= 1 kWh within 00:00-06:00", "car >= 95% at 06:00 on 15 June", "sum"),
    ],
)
def test_a_wish_gives_before_a_need_and_is_named(day, found, wish, need, kind):
    kept = found(need)
    plan = found(wish + ", wish")
    (missed,) = plan.conflicts
    assert (missed.kind, missed.needs) == (f"wished-{kind}", ("need-2",))
    assert kept.conflicts == ()


def test_a_wish_of_the_network_company_is_no_limit(day, found, say):
    """What all draw is held to half in the night, until a car needs more than that lets through."""
    plan = found(dso=("zone street <= 4 kW 00:00-06:00 15 June, wish",))
    assert plan.net_wh.sum(axis=0)[: slot(6)].max() <= 1000
    assert cap_of(Places(day.community), day.state.book.needs[0], 0) is None
    assert plan.conflicts == ()
    assert day.state.book.needs[0].level == 3
    day.state_need(say("car takes >= 7.9 kWh within 00:00-01:00 15 June"))
    plan = day.plan()
    assert net(plan, CAR, slice(slot(1))).sum() >= 7_899
    assert {(one.kind, one.needs) for one in plan.conflicts} == {("wished-sum", ("need-1",))}


@pytest.mark.parametrize(
    ("words", "had"),
    [
        ("battery >= 80% at 12:00 on 15 June", lambda p: p.state_wh[BATTERY, slot(11, 45)] >= 6398),
        ("battery quiet 00:00-06:00", lambda p: not net(p, BATTERY, slice(slot(6))).any()),
        ("washer 1 h within 06:00-13:00", lambda p: p.run_start[0] < slot(13)),
        ("battery cycles <= 0.5 per day", lambda p: p.discharge_wh[BATTERY, :96].sum() <= 4000),
    ],
)
def test_what_has_a_worth_is_had_where_it_costs_less(day, say, words, had):
    """It is missed at a hundredth of the lowest price, and had at a hundred times the highest."""
    name = day.state_need(say(words + ", worth 0.001"))
    low = day.plan()
    if not had(low):
        assert {(one.kind, one.needs) for one in low.conflicts} == {("soft", (name,))}
    book = day.state.book
    dear = msgspec.structs.replace(book.needs[0], worth_micro=40_000_000)
    held = msgspec.structs.replace(book, needs=(dear,))
    day.state = msgspec.structs.replace(day.state, book=held)
    high = day.plan()
    assert had(high)
    assert high.conflicts == ()


def test_what_a_wish_cannot_do_by_itself_is_refused(day, say):
    answer = day.tell(
        StateNeed(by="m000", need=say("car takes >= 90 kWh within 08:00-09:00, wish"))
    )
    assert isinstance(answer[0], NeedRefused)


def test_without_wishes_the_problem_is_as_it_was(day, say):
    from gridpact.scheduling.messages import PlanDue

    day.state_need(say("battery >= 80% at 12:00 on 15 June"))
    day.plan()
    due = PlanDue(session="s", window=day.horizon, horizon=day.horizon)
    problem = day.scheduling.posed(day.state, due).problem
    assert problem.wished is None
    assert problem.soft == ()
    assert np.all([one.level != 3 for one in problem.sums])
