"""What decisions leave to plans, slot by slot, against the rules read out one by one."""

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gridpact.base.slots import Slots
from gridpact.kernel.codec import decode, encode
from gridpact.scheduling.diaries.difference import first_diaries
from gridpact.scheduling.diaries.holds import Hold, Holds, decided, off
from gridpact.scheduling.diaries.instructions import Standing, Verb
from gridpact.scheduling.diaries.modes import Modes, Status

spans = st.lists(
    st.tuples(
        st.integers(0, 2),
        st.integers(-1000, 9000),
        st.integers(-1000, 9000),
        st.sampled_from([Hold.PINNED, Hold.PLAIN, Hold.OFF]),
        st.integers(-500, 500),
    ),
    max_size=6,
)


@given(spans)
@example([(0, -901, -900, Hold.PINNED, 0)])
@settings(deadline=None, max_examples=200)
def test_the_first_of_off_alone_and_pinned_counts(table):
    slots = Slots(0, 900, 8)
    hold, power = Holds.of(np.array(table, np.int64)).over(slots, 3)
    for row in range(3):
        for slot in range(8):
            begin, end = slot * 900, slot * 900 + 900
            here = [
                (kind, watts)
                for asset, first, last, kind, watts in table
                if asset == row and first < last and first < end and last > begin
            ]
            kinds = [kind for kind, _ in here]
            wanted = max(kinds, default=Hold.FREE)
            assert hold[row, slot] == wanted
            if wanted == Hold.PINNED:
                assert power[row, slot] in [watts for kind, watts in here if kind == Hold.PINNED]
            else:
                assert power[row, slot] == 0


@given(spans)
@settings(deadline=None, max_examples=50)
def test_spans_are_sorted_once_each_and_survive_a_snapshot(table):
    holds = Holds.of(np.array(table * 2, np.int64))
    rows = [tuple(row) for row in holds.table.tolist()]
    assert rows == sorted({tuple(map(int, row)) for row in table if row[1] < row[2]})
    again = decode(encode(holds), Holds)
    assert again.table.tolist() == holds.table.tolist()
    assert holds.and_also(holds).table.tolist() == holds.table.tolist()
    assert len(Holds.none()) == 0


def test_answers_hold_until_the_next_entry_or_the_end(made):
    told = made.instructions(
        [
            (0, 0, Verb.START_CHARGE, 3000),
            (0, 1800, Verb.REDUCE_RATE, 1000),
            (0, 3600, Verb.STOP_CHARGE, 0),
            (1, 900, Verb.SUPPLY, 2000),
        ]
    )
    diaries = first_diaries(told, Standing.at_rest(2), (made.start, made.start + 7200))

    def holds(*status):
        return [
            (row, begin - made.start, end - made.start, Hold(kind).name, power)
            for row, begin, end, kind, power in decided(diaries, np.array(status)).table.tolist()
        ]

    free = Status.AUTOMATIC
    assert holds(free, Status.TACITLY_ACCEPTED, Status.ASKED, Status.OFF) == []
    assert holds(free, Status.ACCEPTED, free, Status.ACCEPTED) == [
        (0, 1800, 3600, "PINNED", 1000),
        (1, 900, 7200, "PINNED", -2000),
    ]
    assert holds(Status.DECLINED, free, free, Status.TACITLY_DECLINED) == [
        (0, 0, 7200, "PLAIN", 0),
        (1, 900, 7200, "PLAIN", 0),
    ]
    assert holds(free, free, Status.ACCEPTED, free) == [(0, 3600, 7200, "PINNED", 0)]


def test_off_lasts_until_its_end():
    modes = Modes.automatic(3)
    modes.off_until_s[1] = 500
    assert off(modes, 499).table.tolist() == [[1, 0, 500, Hold.OFF, 0]]
    assert len(off(modes, 500)) == 0
