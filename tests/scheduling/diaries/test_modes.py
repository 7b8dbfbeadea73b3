"""Owners' modes: every case against a table, and what never happens as time goes on."""

from itertools import pairwise, product

import numpy as np
import pytest

from gridpact.scheduling.diaries.difference import difference, first_diaries
from gridpact.scheduling.diaries.instructions import NEVER, Verb
from gridpact.scheduling.diaries.modes import (
    OPEN,
    UNASKED,
    Answer,
    Answers,
    Mode,
    Modes,
    Status,
    binding,
    carried,
    deadlines,
    declined,
    refusal_of,
    status_of,
)

DUE, NOTICE = 100, 40
INSTANTS = (0, 59, 60, 61, 99, 100, 101)
"""Around the deadline of who is asked, 60, and the entry itself, 100."""
OFF_UNTIL = (NEVER, 100, 101)


def modes_of(mode, silence, off_until=NEVER, notice=NOTICE, since=NEVER):
    return Modes(
        mode=np.array([mode], np.int8),
        notice_s=np.array([notice]),
        silence=np.array([silence], np.int8),
        off_until_s=np.array([off_until]),
        since_s=np.array([since]),
    )


def answers_of(answer, given=NEVER, told=NEVER, settled=OPEN):
    return Answers(
        answer=np.array([answer], np.int8),
        given_s=np.array([given]),
        told_s=np.array([told]),
        settled=np.array([settled], np.int8),
    )


@pytest.fixture
def entry(made):
    return made.instructions([(0, DUE - made.start, Verb.START_CHARGE, 500)])


def table(mode, silence, off_until, answer, given, now):
    """The state of one entry, case by case, in words of the page."""
    if off_until > DUE:
        return Status.OFF
    counts_until = {Mode.ASK: 60, Mode.ACCEPT_AUTOMATICALLY: 100}[mode]
    if answer is not Answer.NONE and given <= now and given <= counts_until:
        return {Answer.ACCEPT: Status.ACCEPTED, Answer.DECLINE: Status.DECLINED}[answer]
    if mode is Mode.ACCEPT_AUTOMATICALLY:
        return Status.AUTOMATIC
    if now <= 60:
        return Status.ASKED
    by_silence = {
        Answer.ACCEPT: Status.TACITLY_ACCEPTED,
        Answer.DECLINE: Status.TACITLY_DECLINED,
    }
    return by_silence[silence]


SILENCES = (Answer.ACCEPT, Answer.DECLINE)
CASES = tuple(product(Mode, SILENCES, OFF_UNTIL, Answer, INSTANTS))


def status_at(entry, case, now):
    mode, silence, off_until, answer, given = case
    modes = modes_of(mode, silence, off_until)
    return Status(status_of(entry, modes, answers_of(answer, given), now)[0])


def test_every_case_is_that_of_the_table(entry):
    for case in CASES:
        for now in INSTANTS:
            assert status_at(entry, case, now) is table(*case, now), (case, now)


def test_what_is_decided_stays_decided(entry):
    decided = set(Status) - {Status.ASKED, Status.AUTOMATIC}
    for case in CASES:
        course = [status_at(entry, case, now) for now in INSTANTS]
        for earlier, later in pairwise(course):
            assert earlier not in decided or later is earlier, (case, course)
        assert course[-1] is not Status.ASKED


def test_every_state_is_reached_and_is_binding_or_not(entry):
    found = {status_at(entry, case, now) for case in CASES for now in INSTANTS}
    assert found == set(Status)
    every = np.array(list(Status), np.int8)
    yes, no = binding(every), declined(every)
    assert not np.any(yes & no)
    neither = {Status(one) for one in every[~yes & ~no]}
    assert neither == {Status.ASKED, Status.OFF}


@pytest.mark.parametrize("silence", SILENCES)
@pytest.mark.parametrize(
    ("since", "told", "asked"),
    [(NEVER, NEVER, True), (60, 60, True), (61, NEVER, False), (NEVER, 61, False),
     (0, UNASKED, False)],
)  # fmt: skip
def test_silence_says_nothing_of_who_could_not_have_answered(entry, silence, since, told, asked):
    """The deadline is at 60: whoever is told later, or asks to be asked later, is not asked."""
    modes = modes_of(Mode.ASK, silence, since=since)
    for now in INSTANTS:
        found = status_of(entry, modes, answers_of(Answer.NONE, told=told), now)[0]
        wanted = table(Mode.ASK, silence, NEVER, Answer.NONE, NEVER, now)
        assert found == (wanted if asked else Status.AUTOMATIC)


def test_what_is_settled_stays_whatever_the_mode_is(entry):
    for mode, silence, status in product(Mode, SILENCES, Status):
        modes = modes_of(mode, silence, off_until=DUE + 1)
        assert status_of(entry, modes, answers_of(Answer.NONE, settled=status), 99)[0] == status


@pytest.mark.parametrize("mode", list(Mode))
def test_late_answers_are_refused_with_a_reason(entry, mode):
    modes = modes_of(mode, Answer.ACCEPT)
    last = int(deadlines(entry, modes)[0])
    assert refusal_of(entry, 0, modes, last) is None
    assert "1970-01-01 00:0" in refusal_of(entry, 0, modes, last + 1)


def test_answers_are_carried_to_entries_that_a_revision_leaves_alone(made):
    old = made.instructions(
        [
            (0, 0, Verb.START_CHARGE, 500),
            (0, 900, Verb.STOP_CHARGE, 0),
            (1, 900, Verb.SUPPLY, 700),
            (1, 1800, Verb.STOP_SUPPLY, 0),
        ]
    )
    new = made.instructions([(0, 900, Verb.STOP_CHARGE, 0), (1, 900, Verb.SUPPLY, 800)])
    window = (made.start, made.start + 3600)
    found = difference(first_diaries(old, made.rest(2), window), new, window, made.start + 1)
    answers = Answers(
        answer=np.array([1, 2, 1, 2], np.int8),
        given_s=np.array([3, 4, 5, 6]),
        told_s=np.array([7, 8, 9, 10]),
        settled=np.array([2, -1, 2, -1], np.int8),
    )
    stands = carried(answers, found, 11)
    # done, kept, and changed: the last one is asked anew; the fourth entry was withdrawn
    assert stands.answer.tolist() == [Answer.ACCEPT, Answer.DECLINE, Answer.NONE]
    assert stands.given_s.tolist() == [3, 4, NEVER]
    assert stands.told_s.tolist() == [7, 8, 11]
    assert stands.settled.tolist() == [Status.ACCEPTED, OPEN, OPEN]


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        ({"notice": -1}, "notice"),
        ({"silence": Answer.NONE}, "silence"),
        ({"mode": 7}, "mode"),
    ],
)
def test_faulty_modes_are_refused(words, problem):
    with pytest.raises(ValueError, match=problem):
        modes_of(**({"mode": Mode.ASK, "silence": Answer.ACCEPT} | words))


def test_owners_accept_automatically_unless_they_say_otherwise(entry):
    status = status_of(entry, Modes.automatic(1), Answers.none(1), 0)
    assert status.tolist() == [Status.AUTOMATIC]
