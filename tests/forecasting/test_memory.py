"""What forecasting remembers, slot by slot, against a plain dictionary."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.base.slots import Slots, iso
from gridpact.forecasting.memory import Past, Recent, columns, extended

STEP, START = 900, 1_781_474_400 // 900 * 900
MEMBERS, PLANTS = 2, 1


def recent_of(start, load, known, pv):
    nothing = np.zeros(MEMBERS, np.int64)
    return Recent(start, np.array([pv]), nothing, nothing, np.array(load), np.array(known, bool))


def past_of(first, count, seed=0):
    rng = np.random.default_rng(seed)
    shape = (MEMBERS, count)
    return Past(
        Slots(first, STEP, count),
        rng.integers(0, 500, shape),
        rng.random(shape) < 0.8,
        rng.integers(0, 900, (PLANTS, count)),
        rng.random((PLANTS, count)) < 0.8,
    )


def as_book(past, book=None):
    """(row, start) -> value of what is known, load rows first."""
    book = {} if book is None else book
    for values, known, name in (
        (past.load_wh, past.load_known, "load"),
        (past.pv_wh, past.pv_known, "pv"),
    ):
        for row, place in np.argwhere(known).tolist():
            start = past.slots.start + place * STEP
            book[name, row, start] = int(values[row, place])
    return book


SLOT = st.tuples(
    st.tuples(st.integers(0, 9), st.integers(0, 9)),
    st.tuples(st.booleans(), st.booleans()),
    st.integers(0, 9),
)


@given(
    st.integers(0, 12),
    st.dictionaries(st.integers(-3, 20), SLOT, max_size=12),
    st.integers(0, 24),
    st.integers(1, 30),
)
@settings(deadline=None, max_examples=150)
def test_extending_keeps_the_last_and_leaves_gaps_unknown(had, later, until, keep):
    past = past_of(START, had)
    end = START + had * STEP
    recent = {iso(end + at * STEP): recent_of(end + at * STEP, *row) for at, row in later.items()}
    found = extended(past, recent, end + until * STEP, keep)

    book = as_book(past)
    for at, (load, known, pv) in later.items():
        if 0 <= at < until:
            start = end + at * STEP
            book["pv", 0, start] = pv
            book.update({("load", row, start): load[row] for row in range(MEMBERS) if known[row]})
    first = START + max(had + until - keep, 0) * STEP
    assert found.slots == Slots(first, STEP, min(had + until, keep))
    assert as_book(found) == {key: value for key, value in book.items() if key[2] >= first}


def test_nothing_fresh_keeps_what_was():
    past = past_of(START, 6)
    for until in (START + 6 * STEP, START, 0):
        same = extended(past, {}, until, 10)
        assert same.slots == past.slots
        assert as_book(same) == as_book(past)


def test_columns_of_slots_that_never_came_are_unknown():
    recent = {iso(START): recent_of(START, [3, 4], [True, False], 8)}
    found = columns(recent, Slots(START - STEP, STEP, 3), (MEMBERS, PLANTS))
    assert found.load_known.tolist() == [[False, True, False], [False] * 3]
    assert found.pv_known.tolist() == [[False, True, False]]
    assert found.load_wh[0, 1] == 3
    assert found.pv_wh[0, 1] == 8


def test_an_empty_past_grows_by_no_more_than_is_kept():
    empty = Past.empty(MEMBERS, PLANTS, STEP)
    assert (empty.load_wh.shape, empty.pv_known.shape) == ((2, 0), (1, 0))
    start = START + 40 * STEP
    recent = {iso(start): recent_of(start, [3, 4], [True, True], 8)}
    found = extended(empty, recent, start + 2 * STEP, 5)
    assert found.slots == Slots(start - 3 * STEP, STEP, 5), "not everything since 1970"
    assert as_book(found) == {("load", 0, start): 3, ("load", 1, start): 4, ("pv", 0, start): 8}
