"""The room of diaries: asleep until a decision, then modes, answers and what they hold."""

from types import SimpleNamespace

import numpy as np
import pytest
from msgspec import structs

from gridpact.kernel.codec import decode, encode
from gridpact.scheduling.diaries.following import entries_of, first, revised
from gridpact.scheduling.diaries.handlers import Diarist, State
from gridpact.scheduling.diaries.holds import Hold
from gridpact.scheduling.diaries.messages import (
    AnswerEntries,
    BeginDiaries,
    DiariesRevised,
    DiaryRefused,
    EntriesAnswered,
    ModeSet,
    PowersHeld,
    SetMode,
)
from gridpact.scheduling.messages import PlanDue, ScheduleSolved

HOUR = 3600
FREE, PINNED, PLAIN, OFF = Hold.FREE, Hold.PINNED, Hold.PLAIN, Hold.OFF


class Run:
    """A room with its state, told one message after the other."""

    def __init__(self, community, hand, solved):
        self.room, self.hand = Diarist(community).room(), hand
        self.state, self.first = self.room.state, first(community, solved)
        self.heard = []

    def tell(self, message, at):
        now = self.hand.midnight + at
        self.state, outs = self.room.handlers[type(message)](self.state, message, now)
        self.state = decode(encode(self.state), State)
        self.heard += outs
        return outs

    def wake(self, at=0, **changes):
        told, standing = self.first.instructions, self.first.standing
        columns = {
            "begin_s": self.first.begin_s,
            "end_s": self.first.end_s,
            "row": told.row,
            "at_s": told.at_s,
            "verb": told.verb.astype(np.int64),
            "target_w": told.target_w,
            "power_w": standing.power_w,
            "changed_s": standing.changed_s,
            "revision": self.first.revision,
        }
        return self.tell(BeginDiaries(**{**columns, **changes}), at)

    def mode(self, at, asset="battery-0", by="m000", mode="automatic", **more):
        return self.tell(SetMode(by=by, asset=asset, mode=mode, **more), at)

    def answer(self, at, hours, answer, asset="battery-0", by="m000", revision=1):
        due = np.array([self.hand.midnight + int(hour * HOUR) for hour in hours], np.int64)
        message = AnswerEntries(by=by, asset=asset, revision=revision, at_s=due, answer=answer)
        return self.tell(message, at)

    def plan(self, at):
        """What is told to a plan that is made now; the last that was said where it is the same."""
        window = SimpleNamespace(start=0, step=900, count=1)
        self.tell(PlanDue(session="s", window=window, horizon=window), at)
        held = [each for each in self.heard if isinstance(each, PowersHeld)]
        return self.spans(held[-1]) if held else []

    def spans(self, message):
        zero = self.hand.midnight
        return [
            (row, max(begin - zero, 0), end - zero, Hold(kind).name, power)
            for row, begin, end, kind, power in message.holds.table.tolist()
        ]

    def solve(self, solved):
        message = ScheduleSolved(
            session="s", window=solved.window, horizon=solved.window, plan=solved.plan
        )
        return self.tell(message, solved.at - self.hand.midnight)


@pytest.fixture
def run(community, hand):
    """The battery charges 2 kW from 1 to 2, supplies 1 kW from 3 to 4; the washer runs at 2."""
    battery = [0] * 4 + [500] * 4 + [0] * 4 + [-250] * 4 + [0] * 8
    return Run(community, hand, hand.solved(0, [battery, [0] * 24], (8, -1)))


def refused(outs):
    (answer,) = outs
    assert isinstance(answer, DiaryRefused)
    return [(fault.where, fault.problem) for fault in answer.faults]


def test_it_sleeps_until_somebody_decides(run, hand):
    asleep = encode(run.state)
    assert run.solve(hand.solved(0, [[100] * 8, [0] * 8])) == []
    assert run.plan(60) == []
    ((where, problem),) = refused(run.mode(60))
    assert (where, problem) == ("asset", "nothing has been told to any asset yet")
    assert refused(run.answer(60, [1], "accept"))
    assert encode(run.state) == asleep


def test_it_takes_up_what_was_told_once(run):
    (told,) = run.wake()
    assert isinstance(told, DiariesRevised)
    assert (told.entries, told.revision.tolist()) == (6, [1, 1, 1, 1])
    awake = encode(run.state)
    assert run.wake(60) == []
    assert encode(run.state) == awake
    assert run.plan(60) == []  # all are free, and nothing is to be said


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"power_w": np.zeros(3, np.int64)}, "begin-diaries"),
        ({"target_w": np.zeros(5, np.int64)}, "begin-diaries"),
        ({"target_w": np.zeros(6, np.int64)}, "asset 0, 2026-06-14T23:00:00Z"),
        ({"row": np.array([0, 0, 0, 0, 4, 4])}, "asset 4, 2026-06-15T00:00:00Z"),
        ({"end_s": 1_781_474_400}, "at_s"),
        ({"revision": np.zeros(4, np.int64)}, "revision"),
    ],
)
def test_what_was_not_told_so_is_refused(run, changes, where):
    found = refused(run.wake(**changes))
    assert found[0][0] == where
    assert run.state.kept is None


def test_modes_are_the_owners_to_set(run, hand):
    run.wake()
    (answer,) = run.mode(0, mode="ask", notice_s=HOUR, silence="accept")
    assert answer == ModeSet(
        by="m000", asset="battery-0", mode="ask", notice_s=HOUR, silence="accept", until_s=0
    )
    before = encode(run.state)
    assert refused(run.mode(0, by="m001"))[0][0] == "by"
    assert refused(run.mode(0, asset="solar-0"))[0][0] == "asset"
    assert refused(run.mode(0, mode="ask", notice_s=-1))[0][0] == "notice_s"
    past = refused(run.mode(60, mode="off", until_s=hand.midnight + 60))
    assert past[0][0] == "until_s"
    assert refused(run.mode(0, mode="off", until_s=hand.midnight + 400 * 86_400))
    assert encode(run.state) == before


def test_off_holds_at_once_and_until_another_mode(run, hand):
    run.wake()
    answer, held = run.mode(0, mode="off", until_s=hand.midnight + 2 * HOUR)
    assert answer.until_s == hand.midnight + 2 * HOUR
    assert run.spans(held) == [(0, 0, 2 * HOUR, "OFF", 0)]
    assert run.plan(60) == run.spans(held)  # nothing new is said
    assert len([each for each in run.heard if isinstance(each, PowersHeld)]) == 1
    _, held = run.mode(120)
    assert run.spans(held) == []


def test_silence_decides_when_the_time_is_over(run):
    """Asked an hour before each entry: nothing is held while there is time to answer."""
    run.wake()
    run.mode(-2 * HOUR, mode="ask", notice_s=HOUR, silence="decline")
    assert run.plan(-60) == []
    assert run.plan(0) == []  # the answer may still come at this second
    assert run.plan(1) == [(0, HOUR, 6 * HOUR, "PLAIN", 0)]


def test_silence_that_accepts_leaves_all_free(run):
    run.wake()
    run.mode(-2 * HOUR, mode="ask", notice_s=HOUR, silence="accept")
    assert run.plan(3 * HOUR) == []


def test_answers_bind_and_later_ones_count(run):
    run.wake()
    run.mode(-2 * HOUR, mode="ask", notice_s=HOUR)
    answered, held = run.answer(-HOUR, [1, 3], "accept")
    assert isinstance(answered, EntriesAnswered)
    assert run.spans(held) == [
        (0, HOUR, 2 * HOUR, "PINNED", 2000),
        (0, 3 * HOUR, 4 * HOUR, "PINNED", -1000),
    ]
    _, held = run.answer(-1, [3], "decline")
    assert run.spans(held) == [
        (0, HOUR, 2 * HOUR, "PINNED", 2000),
        (0, 3 * HOUR, 6 * HOUR, "PLAIN", 0),
    ]


def test_what_does_not_count_is_refused_by_entry(run, hand):
    run.wake()
    run.mode(-2 * HOUR, mode="ask", notice_s=HOUR)
    before = encode(run.state)
    assert refused(run.answer(0, [1], "accept", revision=2))[0][0] == "revision"
    assert refused(run.answer(0, [1], "accept", by="m001"))[0][0] == "by"
    assert "names no entry" in refused(run.answer(0, [], "accept"))[0][1]
    late = refused(run.answer(1, [1, 1.5, 3], "accept"))
    assert [problem.partition(":")[0] for _, problem in late] == [
        "2026-06-15 01",
        "no entry is due at 2026-06-15 01",
    ]
    assert "an answer counted until 2026-06-15 00:00" in late[0][1]
    assert encode(run.state) == before
    run.mode(0, mode="off", until_s=hand.midnight + 4 * HOUR)
    assert "the asset is off until" in refused(run.answer(0, [3], "accept"))[0][1]


def test_a_decision_outlives_the_revision_that_it_made(run, hand):
    """Declined at 1, left to itself, and so until the diary ends, whatever is planned then."""
    run.wake()
    run.answer(0, [1], "decline")
    assert run.plan(60) == [(0, HOUR, 6 * HOUR, "PLAIN", 0)]
    run.solve(hand.solved(1, [[0] * 23, [0] * 23], (7, -1), now=hand.midnight + 120))
    assert len(entries_of(run.state.kept.diaries, 0)) == 0
    assert run.plan(180) == [(0, HOUR, 6 * HOUR, "PLAIN", 0)]
    run.solve(hand.solved(2, [[300] * 22, [0] * 22], (6, -1), now=hand.midnight + 240))
    assert run.plan(300) == [(0, HOUR, 6 * HOUR, "PLAIN", 0)]
    run.mode(360)  # a mode set anew starts afresh
    assert run.plan(420) == []


def test_a_revision_that_changes_nothing_for_an_asset_keeps_its_answers(run, hand):
    run.wake()
    run.answer(0, [1], "accept")
    battery = [0] * 3 + [500] * 4 + [0] * 4 + [-250] * 4 + [0] * 8
    outs = run.solve(hand.solved(1, [battery, [250] * 23], (7, -1), now=hand.midnight + 60))
    (told,) = outs
    assert (told.assets.tolist(), told.revision.tolist()) == ([1], [2])
    answered = run.state.kept.answers.answer[run.state.kept.diaries.instructions.row == 0]
    assert answered.tolist() == [1, 0, 0, 0]
    assert run.plan(120) == [(0, HOUR, 2 * HOUR, "PINNED", 2000)]


def test_what_is_over_is_held_no_more(run, hand):
    run.wake()
    run.answer(0, [1], "accept")
    assert run.plan(60)
    run.plan(2 * HOUR)
    assert len(run.state.kept.held(hand.midnight + 2 * HOUR)) == 0


def test_the_room_goes_on_as_diaries_that_were_followed(run, hand, community):
    """Awake, it derives what anybody derives from the plans alone."""
    run.wake()
    plans = [
        hand.solved(4, [[200] * 20, [100] * 20], (4, 2), now=hand.midnight + 3000),
        hand.solved(10, [[-200] * 14, [100] * 14], (-1, -1), now=hand.midnight + 9000),
    ]
    for plan in plans:
        run.solve(plan)
    alone = run.first
    for plan in plans:
        alone = revised(community, alone, plan).diaries
    kept = run.state.kept.diaries
    for name in ("row", "at_s", "verb", "target_w"):
        found, wanted = (getattr(one.instructions, name) for one in (kept, alone))
        assert found.tolist() == wanted.tolist()
    assert structs.astuple(kept)[:2] == structs.astuple(alone)[:2]
    assert kept.revision.tolist() == alone.revision.tolist()
