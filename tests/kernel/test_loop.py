"""The loop: order, effects, inputs from outside, and the detection of another past."""

from typing import ClassVar

import msgspec
import pytest

from gridpact.base.errors import JournalDamaged, ReplayDiverged
from gridpact.kernel.journal import Journal, Origin
from gridpact.kernel.loop import Loop
from gridpact.kernel.messages import Later, Message
from gridpact.kernel.phases import Phase
from gridpact.kernel.rooms import Room


class Go(Message, tag="go"):
    name: str = ""


class Read(Message, tag="read"):
    phase: ClassVar[Phase] = Phase.READING
    name: str


class Paid(Message, tag="paid"):
    phase: ClassVar[Phase] = Phase.LEDGER
    name: str


class Ask(Message, tag="ask"):
    answer_phase: ClassVar[Phase] = Phase.CLEARING
    wait: int = 0

    def due(self, now):
        return now + self.wait


class Reply(Message, tag="reply"):
    name: str


KINDS = (Go, Read, Paid, Ask, Reply)


def label(message):
    return getattr(message, "name", type(message).__name__)


def scene(outs, journal=None, effect=None, clock=None):
    """Return a loop of one room that sends ``outs[label]`` and lists what it handled, and when."""

    def handle(state, message, now):
        return (*state, f"{label(message)}@{now}"), outs.get(label(message), [])

    effects = {Ask: effect} if effect else {}
    room = Room("scene", (), dict.fromkeys(KINDS, handle), effects)
    return Loop([room], KINDS, journal or Journal(":memory:"), clock)


def forever(_):
    return False


def test_messages_come_by_time_then_phase_then_order_of_sending():
    outs = {
        "start": [
            Paid(name="paid"),
            Later(20, Read(name="late read")),
            Later(20, Go(name="late go")),
            Read(name="read 1"),
            Go(name="go"),
            Read(name="read 2"),
            Later(5, Go(name="past")),
            Later(15, Paid(name="early")),
        ],
        "read 1": [Go(name="follow-up")],
    }
    loop = scene(outs)
    loop.submit(Go(name="start"), 10)
    loop.run(forever)
    assert loop.states["scene"] == (
        "start@10",
        "go@10",
        "past@10",  # a time that has passed is now
        "read 1@10",
        "follow-up@10",
        "read 2@10",
        "paid@10",
        "early@15",
        "late go@20",
        "late read@20",
    )


def test_every_message_is_journalled_before_it_is_handled():
    journal, heights = Journal(":memory:"), []

    def handle(state, message, now):
        heights.append(journal.height)
        return state, [Go(name="again")] if len(heights) < 3 else []

    loop = Loop([Room("r", 0, {Go: handle})], KINDS, journal)
    loop.submit(Go(name="start"), 4)
    loop.run(forever)
    assert heights == [1, 2, 3]
    rows = [(row.time, row.origin, row.cause, row.kind) for row in journal.rows()]
    assert rows == [
        (4, Origin.INPUT, -1, "go"),
        (4, Origin.DERIVED, 0, "go"),
        (4, Origin.DERIVED, 1, "go"),
    ]


def test_a_message_that_nobody_handles_is_journalled_all_the_same():
    journal = Journal(":memory:")
    loop = Loop([Room("r", 0, {})], KINDS, journal)
    loop.submit(Go(name="start"))
    loop.run(forever)
    assert journal.height == 1


def test_an_effect_is_performed_at_its_due_time_and_after_what_comes_before():
    performed = []

    def effect(state, message):
        performed.append(state)
        return [Reply(name="reply 1"), Reply(name="reply 2")]

    outs = {
        "start": [Ask(wait=50), Later(60, Go(name="same time")), Later(61, Go(name="after"))],
        "reply 1": [Go(name="between")],
    }
    journal = Journal(":memory:")
    loop = scene(outs, journal, effect)
    loop.submit(Go(name="start"), 10)
    loop.run(forever)
    handled = ("start@10", "Ask@10", "same time@60")
    assert performed == [handled]
    assert loop.states["scene"] == (
        *handled,
        "reply 1@60",
        "reply 2@60",
        "between@60",
        "after@61",
    )
    answers = [row for row in journal.rows() if row.origin is Origin.ANSWER]
    assert [(row.seq, row.cause, row.answers) for row in answers] == [(3, 1, 1), (4, 1, 0)]


def test_answers_of_one_effect_are_one_write(monkeypatch):
    journal, batches = Journal(":memory:"), []
    append = journal.append
    monkeypatch.setattr(journal, "append", lambda rows: (batches.append(len(rows)), append(rows)))
    loop = scene({"start": [Ask()]}, journal, lambda s, m: [Reply(name=n) for n in "abc"])
    loop.submit(Go(name="start"))
    loop.run(forever)
    assert batches == [1, 1, 3]


def test_an_effect_without_an_answer_is_a_bug():
    loop = scene({"start": [Ask()]}, effect=lambda state, message: [])
    loop.submit(Go(name="start"))
    with pytest.raises(ValueError, match="the effect of ask gave no answer"):
        loop.run(forever)


def test_two_rooms_with_an_effect_for_one_message_are_refused():
    rooms = [Room(name, 0, {}, {Ask: lambda state, message: []}) for name in "ab"]
    with pytest.raises(ValueError, match="two rooms have an effect for ask"):
        Loop(rooms, KINDS, Journal(":memory:"))


def test_rooms_hear_of_a_message_in_their_order():
    heard = []

    def handler(name):
        def handle(state, message, now):
            heard.append(name)
            return state, []

        return handle

    rooms = [Room(name, 0, {Go: handler(name)}) for name in "bca"]
    loop = Loop(rooms, KINDS, Journal(":memory:"))
    loop.submit(Go())
    loop.run(forever)
    assert heard == ["b", "c", "a"]


def test_a_run_stops_where_it_is_told_and_goes_on_from_there():
    loop = scene({"start": [Later(20, Go(name="b")), Later(30, Go(name="c"))]})
    loop.submit(Go(name="start"), 10)
    loop.run(lambda message: label(message) == "b")
    assert loop.states["scene"] == ("start@10", "b@20")
    loop.submit(Go(name="input"))
    loop.run(forever)
    assert loop.states["scene"] == ("start@10", "b@20", "input@20", "c@30")


def test_a_watch_sees_every_turn_and_changes_nothing():
    turns = []

    class Watch:
        def turn(self, kind, time, *, effect):
            turns.append((kind, time, effect))

    journal = Journal(":memory:")
    handle = {Go: lambda state, message, now: (state, [Ask(wait=5)] if message.name else [])}
    rooms = [Room("r", 0, handle, {Ask: lambda state, message: [Go()]})]
    loop = Loop(rooms, KINDS, journal, watch=Watch())
    loop.submit(Go(name="start"), 10)
    loop.run(forever)
    assert turns == [("go", 10, False), ("ask", 10, False), ("ask", 15, True)]
    turns.clear()
    Loop(rooms, KINDS, journal, watch=Watch()).recover()
    assert turns == [("go", 10, False), ("ask", 10, False), ("go", 15, False)]


OUTS = {"start": [Later(20, Go(name="b")), Ask(wait=30)], "b": [Go(name="c")]}


@pytest.fixture
def past():
    """A finished run with a timer, an effect with two answers, and a second input at 70."""
    journal = Journal(":memory:")
    loop = scene(OUTS, journal, lambda state, message: [Reply(name="x"), Reply(name="y")])
    loop.submit(Go(name="start"), 10)
    loop.submit(Go(name="input"), 70)
    loop.run(forever)
    yield journal
    journal.close()


def refuse(state, message):
    raise AssertionError("a replay performs no effect")


def test_a_replay_performs_nothing_and_ends_in_the_same_state(past):
    loop = scene(OUTS, past, refuse)
    loop.recover()
    assert loop.states["scene"] == (
        "start@10",
        "Ask@10",
        "b@20",
        "c@20",
        "x@40",
        "y@40",
        "input@70",
    )


@pytest.mark.parametrize(
    ("outs", "row"),
    [
        ({**OUTS, "b": [Go(name="d")]}, "row 3 .go. now has another content"),
        ({**OUTS, "b": []}, "row 3 .go.: ask came instead"),
        ({**OUTS, "b": [Paid(name="c")]}, "row 3 .go. now has another content"),
        ({**OUTS, "b": [Go(name="c"), Go(name="more")]}, "row 4 .reply.: go came instead"),
        (
            {**OUTS, "start": [Later(21, Go(name="b")), Ask(wait=30)]},
            "row 2 .go. at 20 now comes at 21",
        ),
        ({**OUTS, "start": [Later(20, Go(name="b")), Ask(wait=31)]}, "row 1 .ask. now has another"),
        ({**OUTS, "start": [Ask(wait=30)]}, "row 2 .go.: ask came instead"),
        ({**OUTS, "start": []}, "row 1 .ask. has nothing that leads to it"),
        ({**OUTS, "y": [Later(60, Go(name="more"))]}, "row 6 .go.: go came before it"),
    ],
)
def test_a_replay_by_other_handlers_is_found_at_its_row(past, outs, row):
    with pytest.raises(ReplayDiverged, match=row):
        scene(outs, past, refuse).recover()


def test_a_replay_with_an_effect_taken_away_is_found(past):
    with pytest.raises(ReplayDiverged, match=r"row 4 .reply."):
        scene(OUTS, past).recover()


def test_a_journal_that_ends_between_answers_is_damaged(past):
    rows = list(past.rows())[:5]
    cut = Journal(":memory:")
    cut.append(rows)
    with pytest.raises(JournalDamaged, match="row 5 is missing"):
        scene(OUTS, cut, refuse).recover()
    cut.close()


def test_a_message_of_an_unknown_type_is_named(past):
    loop = Loop([Room("r", 0, {})], (Ask, Reply), past)
    with pytest.raises(ReplayDiverged, match=r"row 0 .go. cannot be read"):
        loop.recover()


def test_a_field_added_with_a_default_still_replays_old_journals(past):
    class Newer(Message, tag="go"):
        name: str = ""
        colour: str = "green"

    def handle(state, message, now):
        outs = OUTS.get(label(message), [])
        renewed = []
        for out in outs:
            inner = out.message if isinstance(out, Later) else out
            fresh = Newer(name=inner.name) if isinstance(inner, Go) else inner
            renewed.append(Later(out.at, fresh) if isinstance(out, Later) else fresh)
        return (*state, f"{label(message)}@{now}"), renewed

    kinds = (Newer, Read, Paid, Ask, Reply)
    loop = Loop([Room("scene", (), dict.fromkeys(kinds, handle), {Ask: refuse})], kinds, past)
    loop.recover()
    assert loop.states["scene"][-1] == "input@70"


def test_an_unknown_answer_is_not_journalled():
    class Alien(Message, tag="alien"):
        pass

    journal = Journal(":memory:")
    loop = scene({"start": [Ask()]}, journal, lambda state, message: [Reply(name="a"), Alien()])
    loop.submit(Go(name="start"))
    with pytest.raises(msgspec.ValidationError):
        loop.run(forever)
    assert [row.kind for row in journal.rows()] == ["go", "ask"]


def test_what_is_due_later_waits_for_a_later_call():
    loop = scene({"first": [Later(20, Go(name="second")), Later(21, Go(name="third"))]})
    loop.submit(Go(name="first"), 10)
    loop.run(forever, until=20)
    assert loop.states["scene"] == ("first@10", "second@20")
    loop.submit(Go(name="between"), 20)
    loop.run(forever, until=20)
    assert loop.states["scene"][2:] == ("between@20",)
    loop.run(forever)
    assert loop.states["scene"][3:] == ("third@21",)
