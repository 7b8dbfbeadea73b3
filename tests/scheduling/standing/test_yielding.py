"""Needs that clash, one of which gives way: taken, and told; and what else the answer tells."""

import pytest

from gridpact.base.errors import BadInput
from gridpact.scheduling.messages import NeedRefused, NeedStated, StateNeed
from gridpact.scheduling.needs.book import Book, Rules
from gridpact.scheduling.needs.clock import time_faults
from gridpact.scheduling.needs.model import StateOfCharge
from gridpact.scheduling.needs.times import Moment
from gridpact.scheduling.standing import desk


@pytest.fixture
def told(places, say, clock):
    """Put sentences into a book, one after the other; the answer to the last one."""

    def take(*sentences, owner="m000"):
        book = Book()
        for words in sentences:
            stated = StateNeed(by=owner, need=say(words, owner))
            book, answer = desk.take(places, book, stated, clock.at(0))
        return answer

    return take


LOW = "battery <= 20% at 20:00"
WHY = "one asks for more than the other allows at the same time"
BUDGETS = "there is a budget for some of that time already; let hours be the same, or apart"
TO_IT = "need-1, a wish, gives way to it"


@pytest.mark.parametrize(
    ("sentences", "note"),
    [
        (("battery >= 90% at 20:00, wish", LOW), f"{TO_IT}: {WHY}"),
        ((LOW, "battery >= 90% at 20:00, wish"), f"it is a wish and gives way to need-1: {WHY}"),
        (
            ("battery >= 90% at 20:00, worth 0.3", LOW),
            f"need-1, which has a worth, gives way to it: {WHY}",
        ),
        (
            ("battery >= 90% at 20:00, wish", f"{LOW}, wish"),
            f"it cannot be had with need-1, a wish: as little as can be is missed of both: {WHY}",
        ),
        (
            ("washer 1 h within 15:00-16:00, wish", "washer 1 h within 10:00-11:00"),
            f"{TO_IT}: washer-0 runs once a day",
        ),
        (
            ("battery cost <= 0.2 03:00-09:00, wish", "battery cost <= 0.1 00:00-06:00"),
            f"{TO_IT}: {BUDGETS}",
        ),
    ],
)
def test_what_clashes_with_a_wish_is_taken_with_a_note_of_what_gives_way(sentences, note, told):
    answer = told(*sentences)
    assert isinstance(answer, NeedStated)
    assert note in answer.notes


def test_needs_that_must_be_stay_refused_beside_a_wish(told):
    answer = told("battery >= 90% at 20:00, wish", LOW, "battery >= 30% at 20:00")
    assert isinstance(answer, NeedRefused)
    assert ["need-2" in one.problem for one in answer.faults] == [True]


@pytest.mark.parametrize("other", ["", ", wish"])
def test_a_wish_for_a_budget_in_other_hours_of_one_is_refused_with_its_name(other, told):
    answer = told(
        f"battery cost <= 0.10 00:00-06:00{other}", "battery cost <= 0.20 03:00-09:00, wish"
    )
    (fault,) = answer.faults
    name = "the wish need-1" if other else "need-1"
    assert fault.problem.startswith(f"{name} is a budget for some of these hours")
    apart = told("battery cost <= 0.10 00:00-06:00", "battery cost <= 0.20 06:00-09:00, wish")
    assert isinstance(apart, NeedStated)


@pytest.mark.parametrize(
    "words", ["zone street <= 4 kW 18:00-07:00, grid", "battery >= 80% at 06:00, grid"]
)
def test_a_level_that_is_for_operators_is_told_once(words, told):
    levels = [one.problem for one in told(words).faults if one.where.endswith(".level")]
    assert levels == ["only an operator limits the grid"]


def test_a_place_means_the_assets_that_its_owner_has_there(told):
    assert told("zone lane quiet 02:00-03:00", owner="m001").notes == (
        "it is about what m001 has there: battery-1, dryer-1",
    )
    assert told("zone street <= 2 kW 18:00-20:00", owner="dso").notes == ()


@pytest.mark.parametrize(
    ("words", "then"), [("", "it does not run then"), (", wish", "it runs all the same")]
)
def test_quiet_hours_without_room_for_a_run_of_the_day_are_told(words, then, told):
    note = f"it leaves washer-0 no room for its run of 60 minutes on 2026-06-15: {then}"
    assert told(f"washer quiet 00:00-19:15{words}").notes == (note,)
    assert told(f"washer quiet 00:00-19:00{words}").notes == ()


def test_times_beside_a_slot_and_beside_a_gap_of_the_clock_begin_slots(told, clock):
    (fault,) = told("battery >= 80% at 06:20").faults
    assert fault.fix == "give a time at which a slot begins, such as 06:15 or 06:30"
    need = StateOfCharge(owner="m000", subject=None, at=Moment(9000, "2027-03-28"), least_wh=1)
    (fault,) = time_faults(need, clock.at(0), clock.zone, 3600)
    assert fault.fix == "give 2027-03-28 01:00 or 2027-03-28 03:00"


@pytest.mark.parametrize(
    ("window", "fixes"),
    [
        ("02:30-03:00", ["give 2027-03-28 01:45"]),
        ("01:45-02:30", ["give 2027-03-28 03:00"]),
        ("02:00-02:30", ["give 2027-03-28 01:45", "give 2027-03-28 03:00"]),
    ],
)
def test_ends_proposed_beside_a_gap_make_a_window(window, fixes, say):
    with pytest.raises(BadInput) as refused:
        say(f"battery takes >= 1 kWh {window} 28 March 2027")
    assert [fault.fix for fault in refused.value.faults] == fixes


def test_what_is_over_is_refused_with_a_date_that_is_to_come(say):
    with pytest.raises(BadInput) as refused:
        say("battery >= 80% at 06:00 on 2026-06-01")
    (fault,) = refused.value.faults
    assert fault.fix == "give a later date, such as 2026-06-15"


def test_a_worth_is_above_nothing(told, say):
    (fault,) = told("battery >= 80% at 06:00, worth 0").faults
    assert (fault.problem, fault.fix) == (
        "0 asks for nothing",
        "give a worth above 0, such as 0.30",
    )
    with pytest.raises(BadInput, match=r"write one above 0, such as 0\.30"):
        say("battery >= 80% at 06:00, worth -1")


def test_rules_know_how_long_slots_are(places):
    assert isinstance(places.rules, Rules)
    assert places.rules.step_s == places.step_s
