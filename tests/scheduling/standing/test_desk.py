"""Stating and withdrawing: who may, what is one need, and what no plan can be held to."""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.kernel.codec import decode, encode
from gridpact.scheduling.messages import (
    NeedRefused,
    NeedStated,
    NeedWithdrawn,
    StateNeed,
    WithdrawNeed,
)
from gridpact.scheduling.needs.book import Book
from gridpact.scheduling.needs.grammar.examples import EXAMPLES
from gridpact.scheduling.needs.grammar.parse import LEVELS
from gridpact.scheduling.needs.model import KINDS, Assets
from gridpact.scheduling.standing import desk
from gridpact.scheduling.standing.acceptance import findings
from gridpact.scheduling.standing.places import Places

OWN = (
    "car >= 80% by 07:30",
    "battery >= 5 kWh at 18:00",
    "battery gives <= 1 kW 18:00-20:00",
    "washer quiet 22:00-06:00",
    "washer 1 h within 09:00-17:00 uninterrupted",
    "kind car away 08:00-17:00 on weekdays",
    "car stop until 20:00",
)


@pytest.fixture
def refused(places, say, clock):
    """State a sentence into an empty book and return why it is refused."""

    def why(words, owner="m000", before=()):
        book = clock.empty
        for earlier in before:
            book, _ = desk.take(places, book, StateNeed(by=owner, need=say(earlier, owner)), 0)
        message = StateNeed(by=owner, need=say(words, owner))
        after, answer = desk.take(places, book, message, clock.at(0))
        assert after == book
        assert isinstance(answer, NeedRefused), answer
        assert answer.id == ""
        assert all(fault.problem and fault.fix for fault in answer.faults)
        told = {}
        for fault in answer.faults:
            told[fault.where] = f"{told.get(fault.where, '')} {fault.problem}; {fault.fix}"
        return told

    return why


@given(steps=st.lists(st.tuples(st.booleans(), st.integers(0, len(OWN) - 1)), max_size=14))
@settings(deadline=None, max_examples=60)
def test_stated_and_withdrawn_in_any_order_the_book_has_what_stands(steps, community, say, clock):
    """Against a plain dictionary of sentences to identifiers."""
    places, book, stands, issued = Places(community), Book(), {}, 0
    for states, place in steps:
        words = OWN[place]
        if states:
            message = StateNeed(by="m000", need=say(words))
            book, answer = desk.take(places, book, message, clock.at(0))
            assert isinstance(answer, NeedStated)
            if words not in stands:
                issued += 1
                stands[words] = f"need-{issued}"
            assert (answer.id, answer.revision) == (stands[words], 1)
        else:
            name = stands.pop(words, "need-99")
            book, answer = desk.take_back(places, book, WithdrawNeed(by="m000", id=name), 0)
            assert isinstance(answer, NeedRefused if name == "need-99" else NeedWithdrawn)
        assert [need.id for need in book.needs] == list(stands.values())
        assert [msgspec.structs.replace(need, id="") for need in book.needs] == [
            say(words) for words in stands
        ]
    assert decode(encode(book), Book) == book


def test_withdrawn_again_the_answer_is_the_same(places, say, clock):
    book, stated = desk.take(
        places, clock.empty, StateNeed(by="m000", need=say(OWN[0])), clock.at(0)
    )
    message = WithdrawNeed(by="m000", id=stated.id)
    book, first = desk.take_back(places, book, message, 5)
    again, second = desk.take_back(places, book, message, 9)
    assert first == second == NeedWithdrawn(by="m000", id="need-1", revision=2)
    assert again == book
    assert book.needs == ()


def test_another_note_is_another_need(places, say, clock):
    need = say("battery >= 5 kWh at 18:00")
    book, _ = desk.take(places, clock.empty, StateNeed(by="m000", need=need), clock.at(0))
    noted = msgspec.structs.replace(need, note="guests")
    _, answer = desk.take(places, book, StateNeed(by="m000", need=noted), clock.at(0))
    assert answer.id == "need-2"


def test_an_operator_says_again_what_an_owner_said(places, say, clock):
    book, _ = desk.take(places, clock.empty, StateNeed(by="m000", need=say(OWN[0])), clock.at(0))
    same, answer = desk.take(places, book, StateNeed(by="dso", need=say(OWN[0])), clock.at(0))
    assert same is book
    assert answer == NeedStated(by="dso", id="need-1", revision=1, need=book.get("need-1"))
    _, answer = desk.take(places, book, StateNeed(by="m001", need=say(OWN[0])), clock.at(0))
    assert isinstance(answer, NeedRefused)


def test_only_an_owner_or_an_operator_withdraws(places, say, clock):
    book, _ = desk.take(places, clock.empty, StateNeed(by="m000", need=say(OWN[0])), clock.at(0))
    same, answer = desk.take_back(places, book, WithdrawNeed(by="m001", id="need-1"), 0)
    assert same is book
    assert [fault.problem for fault in answer.faults] == ["you have no such need"]
    after, answer = desk.take_back(places, book, WithdrawNeed(by="dso", id="need-1"), 0)
    assert isinstance(answer, NeedWithdrawn)
    assert after.needs == ()


def test_nobody_states_for_another(places, say, clock):
    message = StateNeed(by="m001", need=say(OWN[0]))
    _, answer = desk.take(places, clock.empty, message, clock.at(0))
    assert "owner" in "".join(fault.where for fault in answer.faults)
    stranger = msgspec.structs.replace(say(OWN[0]), owner="m0000")
    _, answer = desk.take(places, clock.empty, StateNeed(by="m0000", need=stranger), clock.at(0))
    faults = {fault.where: (fault.problem, fault.fix) for fault in answer.faults}
    assert faults["owner"] == ("there is no party 'm0000'", "write m000")


def test_an_asset_of_another_is_told_as_one_that_is_not_there(places, say, clock):
    need = msgspec.structs.replace(say(OWN[0]), owner="m001")
    _, answer = desk.take(places, clock.empty, StateNeed(by="m001", need=need), clock.at(0))
    assert any("you have no asset 'car-0'" in fault.problem for fault in answer.faults)


def test_operators_cap_zones_and_do_not_speak_for_owners(places, say, refused, clock):
    need = say("zone street <= 6 kW 18:00-20:00, grid", "dso")
    _, answer = desk.take(places, clock.empty, StateNeed(by="dso", need=need), clock.at(0))
    assert isinstance(answer, NeedStated)
    told = refused("zone street quiet 18:00-20:00", "dso")
    assert "for the owner to say" in told["quiet.subject"]
    words = "zone street <= 6 kW 18:00-20:00, need"
    assert "say grid" in refused(words, "dso")["power-cap.level"]
    need = say("zone street,lane <= 6 kW 18:00-20:00, grid", "dso")
    _, answer = desk.take(places, clock.empty, StateNeed(by="dso", need=need), clock.at(0))
    assert isinstance(answer, NeedStated)


@pytest.mark.parametrize(
    ("words", "where", "told"),
    [
        ("car off until 07:30, wish", "intervention.level", "is done: it cannot be a wish"),
        ("car away 08:00-09:00, wish", "unavailable.level", "what is away is away"),
        ("car >= 80% by 07:30, wish, worth 0.30", "state-of-charge.level", "say wish, or worth"),
        ("car cost <= 2 08:00-09:00, worth 0.30", "budget.worth_micro", "is money itself"),
        ("washer starts <= 1 08:00-20:00, worth 1", "starts.worth_micro", "moves no energy"),
        ("car takes >= 90 kWh within 08:00-09:00, wish", "energy-within", "cannot do that"),
        ("car >= 80% by 07:33", "state-of-charge.at", "within a slot of 15 minutes"),
        ("battery >= 9 kWh at 07:30", "state-of-charge.least_wh", "battery-0 holds 8000 Wh"),
        ("solar quiet 08:00-09:00", "quiet.subject", "pv-000 is not switched"),
        ("washer >= 50% at 08:00", "state-of-charge.subject", "stores nothing"),
        ("washer <= 1 kW all day", "power-cap.subject", "does not set"),
        ("community <= 1 kW all day", "power-cap.subject", "is for an operator to limit"),
        ("community gives >= 1 kW all day", "power-floor.subject", "name storage of your own"),
        ("battery <= 1 kW 08:10-09:00", "power-cap.window.begin_s", "within a slot"),
        ("car supply at 1 kW until 09:00", "intervention", "has 0 W, not 1000 W"),
        ("battery supply at 9 kW until 09:00", "intervention", "a target that it can reach"),
        ("solar gives >= 1 kW 18:00-19:00", "power-floor.subject", "does not set"),
        ("battery keeps up 9 kW for 15 min 06:00-22:00", "headroom", "can give 2000 W"),
        ("battery keeps up 1 kW for 15 min 06:10-22:00", "headroom.window.begin_s", "within"),
        ("washer keeps up 1 kW for 15 min 06:00-22:00", "headroom.subject", "does not set"),
        ("battery,car cost <= 1.00 all day", "budget", "for one asset that charges"),
        ("battery runs >= 20 min", "run-rest.subject", "name an appliance"),
        ("washer runs >= 2 h", "run-rest.least_run_s", "ask for 60 min at most"),
        ("washer rests >= 13 h", "run-rest.least_rest_s", "may be 720 min apart"),
        ("washer starts <= 1 22:00-06:00", "starts.most", "say 2 starts or more"),
        ("battery 20..22 C 06:00-22:00", "comfort", "give its empty_c and full_c in the scenario"),
        ("battery 120 l at 40 C by 06:30", "hot-water", "give its litres, empty_c and full_c"),
        ("washer 2 h 09:00-17:00", "run.duration_s", "lasts 60 min, not 120 min"),
        ("washer 1 h 2 times 09:00-17:00", "run.times", "ask for one run"),
        ("washer 1 h 09:00-17:00 interruptible", "run.times", "uninterrupted"),
        ("washer 1 h 22:00-06:00", "run.window", "ends by midnight"),
        ("washer 1 h 05:00-08:45", "run.window", "no room in its usual hours, 08:00-20:00"),
        ("battery 1 h 09:00-17:00", "run.subject", "name an appliance"),
    ],
)
def test_what_no_plan_holds_to_is_refused_with_what_to_ask_for(refused, words, where, told):
    assert told in refused(words)[where]


def test_a_second_run_of_one_day_is_refused(refused, places, say, clock):
    told = refused("washer 1 h 12:00-17:00", before=["washer 1 h 09:00-12:00 on weekdays"])
    assert "need-1 asks for the one run that washer-0 has a day" in told["run.window"]
    book = clock.empty
    for words in ("washer 1 h 09:00-12:00 on weekdays", "washer 1 h 12:00-17:00 on weekends"):
        book, answer = desk.take(places, book, StateNeed(by="m000", need=say(words)), clock.at(0))
        assert isinstance(answer, NeedStated)


def test_contradictions_and_times_that_are_over_are_refused(refused):
    told = refused("car <= 40% at 07:30", before=["car >= 80% by 07:30"])
    assert "cannot both hold" in "".join(told.values())


def test_every_fault_is_told_at_once(places, say, clock):
    need = say("battery >= 9 kWh at 07:33, contract")
    _, answer = desk.take(places, clock.empty, StateNeed(by="m000", need=need), clock.at(0))
    told = {fault.where.partition(".")[2] for fault in answer.faults}
    assert told == {"level", "least_wh", "at"}


@pytest.mark.parametrize("kind", list(EXAMPLES), ids=lambda kind: kind.__name__)
def test_examples_read_as_their_kind_and_no_need_is_taken_in_silence(kind, places, clock):
    """Of a community that has none of the assets named, none is taken."""
    from gridpact.scheduling.needs.context import Context
    from gridpact.scheduling.needs.grammar.parse import parse

    need = parse(EXAMPLES[kind], Context("m000", clock.at(0), clock.zone))
    assert type(need) is kind
    assert findings(msgspec.structs.replace(need, subject=Assets(("x",))), (), places, 0)


def test_kinds_are_told_apart():
    assert tuple(EXAMPLES) == KINDS
    assert set(LEVELS) == {"grid", "contract", "need", "wish"}
