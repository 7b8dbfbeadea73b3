"""What a solve has to respect: slot by slot against a plain version, and as interventions."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.scheduling.diaries.derivation import power
from gridpact.scheduling.diaries.difference import first_diaries
from gridpact.scheduling.diaries.instructions import NEVER, Verb
from gridpact.scheduling.diaries.modes import Modes, Status
from gridpact.scheduling.diaries.respect import Hold, interventions_of, respected
from gridpact.scheduling.needs.model import Action

STEP, SLOTS = 900, 8
ENTRY = st.tuples(
    st.integers(0, 1),
    st.integers(-2, 9),
    st.sampled_from([Verb.START_CHARGE, Verb.SUPPLY, Verb.STOP_CHARGE]),
    st.sampled_from([300, 500]),
    st.sampled_from(Status),
)
ENTRIES = st.lists(ENTRY, max_size=8, unique_by=lambda one: one[:2]).map(sorted)


def diaries_of(made, entries, end):
    told = [
        (row, place * STEP, verb, 0 if verb is Verb.STOP_CHARGE else target)
        for row, place, verb, target, _ in entries
    ]
    window = (made.start - 2 * STEP, made.start + end * STEP)
    return first_diaries(made.instructions(told), made.rest(2), window)


def modes_of(off_until):
    modes = Modes.automatic(2)
    modes.off_until_s[:] = off_until
    return modes


@settings(deadline=None, max_examples=300)
@given(ENTRIES, st.integers(4, 9), st.integers(-1, 5))
def test_each_slot_is_held_as_the_rule_says(made, entries, end, off):
    diaries = diaries_of(made, entries, end)
    status = np.array([one[4] for one in entries], np.int8)
    until = made.start + off * STEP - 1
    plain = np.arange(2 * SLOTS).reshape(2, SLOTS)
    slots = made.slots(SLOTS)
    found = respected(diaries, status, modes_of([until, NEVER]), slots, plain)
    held = power(diaries.instructions, slots, diaries.standing)
    for row in range(2):
        own = [one for one in entries if one[0] == row]
        for slot in range(SLOTS):
            before = [one for one in own if one[1] <= slot]
            refused = any(one[4] in (Status.DECLINED, Status.TACITLY_DECLINED) for one in before)
            expected = (Hold.FREE, 0)
            if before and before[-1][4] is Status.ACCEPTED and slot < end:
                expected = (Hold.PINNED, held[row, slot])
            if refused and slot < end:
                expected = (Hold.PLAIN, plain[row, slot])
            if row == 0 and slot < off:
                expected = (Hold.OFF, 0)
            assert (found.hold[row, slot], found.power_w[row, slot]) == expected


def test_a_slot_in_which_something_is_declined_counts_whole(made):
    told = made.instructions([(0, 1000, Verb.START_CHARGE, 500)])
    diaries = first_diaries(told, made.rest(1), (made.start, made.start + 3 * STEP))
    status, plain = np.array([Status.DECLINED], np.int8), np.full((1, 4), 70)
    found = respected(diaries, status, Modes.automatic(1), made.slots(4), plain)
    assert found.power_w.tolist() == [[0, 70, 70, 0]]


def test_what_is_held_binds_as_interventions(made):
    entries = [
        (0, 1, Verb.START_CHARGE, 500, Status.ACCEPTED),
        (0, 3, Verb.STOP_CHARGE, 0, Status.AUTOMATIC),
        (1, 2, Verb.SUPPLY, 300, Status.DECLINED),
    ]
    diaries = diaries_of(made, entries, SLOTS)
    status = np.array([one[4] for one in entries], np.int8)
    plain = np.array([[9] * SLOTS, [0, 0, 0, 0, 0, -40, -40, 50]])
    slots = made.slots(SLOTS)
    found = respected(diaries, status, Modes.automatic(2), slots, plain)
    bound = interventions_of(found, slots, ("car", "battery"), ("home-1", "home-2"))
    told = [
        (one.owner, one.subject.ids, one.action, (one.begin - made.start) // STEP,
         (one.end - made.start) // STEP, one.target_w)
        for one in bound
    ]  # fmt: skip
    assert told == [
        ("home-1", ("car",), Action.CHARGE, 1, 3, 500),
        ("home-2", ("battery",), Action.OFF, 2, 5, None),
        ("home-2", ("battery",), Action.SUPPLY, 5, 7, 40),
        ("home-2", ("battery",), Action.CHARGE, 7, 8, 50),
    ]


def test_nothing_held_binds_nothing(made):
    diaries = diaries_of(made, [], SLOTS)
    none = np.zeros(0, np.int8)
    found = respected(
        diaries, none, Modes.automatic(2), made.slots(SLOTS), np.ones((2, SLOTS), np.int64)
    )
    assert not found.hold.any()
    assert interventions_of(found, made.slots(SLOTS), ("a", "b"), ("x", "y")) == ()
