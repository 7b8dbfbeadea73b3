"""Revisions compared: against a comparison entry by entry, and what can no longer change."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.base.slots import Slots
from gridpact.scheduling.diaries.derivation import Rated, Rule, Timing, derive, power
from gridpact.scheduling.diaries.difference import Change, difference, first_diaries
from gridpact.scheduling.diaries.instructions import Verb, faults_of, standing_at

HOURS = st.integers(0, 8)
ENTRY = st.tuples(
    st.integers(0, 2), HOURS, st.sampled_from(list(Verb)), st.sampled_from([0, 500, 700])
)
ENTRIES = st.lists(ENTRY, max_size=14, unique_by=lambda one: one[:2])


def hours(entries):
    return [(row, hour * 3600, verb, target) for row, hour, verb, target in entries]


def told(instructions, start):
    """Entries by asset and hour."""
    columns = (instructions.row, (instructions.at_s - start) // 3600)
    columns = (*columns, instructions.verb, instructions.target_w)
    rows = zip(*(column.tolist() for column in columns), strict=True)
    return {(row, hour): (verb, target) for row, hour, verb, target in rows}


def expected(old, new, begin, now):
    """What becomes of each entry, and what is in force then; one entry at a time."""
    change, merged = {}, {}
    for key in sorted(old | new):
        hour, earlier, later = key[1], old.get(key), new.get(key)
        if earlier and hour < now:
            change[key], merged[key] = Change.DONE, earlier
        elif earlier and later is None and hour >= begin:
            change[key] = Change.WITHDRAWN
        elif earlier and later in (None, earlier):
            change[key], merged[key] = Change.KEPT, earlier
        else:
            change[key] = Change.CHANGED if earlier else Change.NEW
            merged[key] = later
    return change, merged


@settings(deadline=None, max_examples=400)
@given(ENTRIES, ENTRIES, st.integers(0, 8), st.integers(0, 8), st.integers(9, 10))
def test_entries_are_told_apart_one_by_one(made, before, after, begin, now, end):
    after = [one for one in after if one[1] >= max(begin, now)]
    old, new = made.instructions(hours(before)), made.instructions(hours(after))
    in_force = first_diaries(old, made.rest(3), (made.start, made.start + 9 * 3600))
    window = (made.start + begin * 3600, made.start + end * 3600)
    found = difference(in_force, new, window, made.start + now * 3600)

    slid = min(begin, now)
    was = {key: value for key, value in told(old, made.start).items() if key[1] >= slid}
    change, merged = expected(was, told(new, made.start), begin, now)
    keys = zip(found.row.tolist(), ((found.at_s - made.start) // 3600).tolist(), strict=True)
    assert dict(zip(keys, found.change.tolist(), strict=True)) == change
    assert told(found.diaries.instructions, made.start) == merged
    assert found.diaries.begin_s == made.start + slid * 3600
    touched = {key[0] for key, one in change.items() if one not in (Change.KEPT, Change.DONE)}
    grown = [1 + (row in touched or end != 9) for row in range(3)]
    assert found.diaries.revision.tolist() == grown
    assert found.diaries.end_s == window[1]


@settings(deadline=None, max_examples=100)
@given(ENTRIES, ENTRIES)
def test_positions_name_the_entries(made, before, after):
    old, new = made.instructions(hours(before)), made.instructions(hours(after))
    window = (made.start, made.start + 9 * 3600)
    found = difference(first_diaries(old, made.rest(3), window), new, window, made.start)
    for positions, one in ((found.before, old), (found.after, found.diaries.instructions)):
        known = positions >= 0
        assert sorted(positions[known].tolist()) == list(range(len(one)))
        assert np.array_equal(one.row[positions[known]], found.row[known])
        assert np.array_equal(one.at_s[positions[known]], found.at_s[known])


@settings(deadline=None, max_examples=60)
@given(ENTRIES)
def test_a_revision_equal_to_the_one_in_force_changes_nothing(made, entries):
    old, window = made.instructions(hours(entries)), (made.start, made.start + 9 * 3600)
    in_force = first_diaries(old, made.rest(3), window)
    found = difference(in_force, old, window, made.start)
    assert set(found.change.tolist()) <= {Change.KEPT}
    assert found.diaries.revision.tolist() == [1, 1, 1]


def test_what_slid_out_of_the_window_is_in_the_standing(made):
    old = made.instructions([(0, 0, Verb.START_CHARGE, 900), (0, 7200, Verb.STOP_CHARGE, 0)])
    in_force = first_diaries(old, made.rest(1), (made.start, made.start + 9000))
    window = (made.start + 3600, made.start + 10_800)
    found = difference(in_force, old.of(old.at_s > made.start), window, made.start + 3600)
    assert found.diaries.standing.power_w.tolist() == [900]
    assert found.diaries.standing.changed_s.tolist() == [made.start]
    assert found.change.tolist() == [Change.KEPT]
    assert found.diaries.revision.tolist() == [2]  # its window ends later


def test_what_was_told_stays_even_if_another_thing_is_proposed(made):
    old = made.instructions([(0, 0, Verb.START_CHARGE, 900)])
    new = made.instructions([(0, 0, Verb.START_CHARGE, 400)])
    window = (made.start, made.start + 3600)
    found = difference(first_diaries(old, made.rest(1), window), new, window, made.start + 1)
    assert found.change.tolist() == [Change.DONE]
    assert found.diaries.instructions.target_w.tolist() == [900]
    assert found.diaries.revision.tolist() == [1]


PROFILE = st.lists(st.sampled_from([0, 0, 900, 1000, 2500, -800]), min_size=12, max_size=12)
REVISION = st.tuples(st.lists(PROFILE, min_size=2, max_size=2), st.integers(0, 1500))


@settings(deadline=None, max_examples=150)
@given(st.lists(REVISION, min_size=2, max_size=5), st.sampled_from([0, 900, 2000]))
def test_a_diary_that_is_revised_again_and_again_stays_one_that_can_be_followed(
    made, revisions, dwell
):
    """Each solve begins where the one in force leaves things."""
    rule, rated = Rule(deadband_w=200, dwell_s=dwell), Rated(np.full(2, 3000), np.full(2, 3000))
    in_force, now, told = None, made.start, [[], []]
    for profile, later in revisions:
        power_w = np.array(profile, np.int64)
        slots = Slots(now // 900 * 900, 900, 12)
        window = (slots.start, slots.end)
        standing = made.rest(2)
        if in_force is not None:
            standing = standing_at(in_force.instructions, in_force.standing, now)
        found = derive(power_w, slots, rated, rule, standing, Timing(now)).instructions
        if in_force is None:
            in_force = first_diaries(found, standing, window)
        else:
            in_force = difference(in_force, found, window, now).diaries
        assert faults_of(in_force.instructions, in_force.standing) == ()
        held = power(in_force.instructions, slots, in_force.standing)
        ahead = power(found, slots, standing)
        assert np.array_equal(held[:, 1:], ahead[:, 1:])
        following = now + later
        done = in_force.instructions
        for row in range(2):
            mine = (done.row == row) & (done.at_s >= now) & (done.at_s < following)
            told[row] += done.at_s[mine].tolist()
            assert all(b - a >= dwell for a, b in pairwise(told[row]))
        now = following


@pytest.mark.parametrize(
    ("at", "problem"), [(0, "has passed"), (-3600, "outside"), (7200, "outside")]
)
def test_what_cannot_be_told_any_more_is_refused(made, at, problem):
    window = (made.start, made.start + 7200)
    in_force = first_diaries(made.instructions([]), made.rest(1), window)
    late = made.instructions([(0, at, Verb.START_CHARGE, 900)])
    with pytest.raises(ValueError, match=problem):
        difference(in_force, late, window, made.start + 1800)
