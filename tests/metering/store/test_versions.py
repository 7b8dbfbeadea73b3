"""Claims are a set: in whatever order they arrive, what was known at an instant is the same."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.metering.store.versions import Claims, Confirmed, decide, in_force

CELLS = 3
INSTANTS = range(6)


def model(arrivals, as_of):
    """Values in force by plain dictionaries, from all arrivals in the order of their instants."""
    found = {}
    for known_s, values in sorted(arrivals, key=lambda each: each[0]):
        if known_s <= as_of:
            found.update(values)
    return found


class Book:
    """Claims and confirmations kept as a store keeps them."""

    def __init__(self):
        self.claims, self.confirmed, self.refused = [], [], 0

    def known(self):
        cell, known, commit, value = np.array(self.claims, dtype=np.int64).reshape(-1, 4).T
        again = np.array(self.confirmed, dtype=np.int64).reshape(-1, 3).T
        return Claims(cell, known, commit, value[None]), Confirmed(*again)

    def tell(self, number, known_s, values):
        told = np.array([cell in values for cell in range(CELLS)])
        column = np.array([[values.get(cell, 0) for cell in range(CELLS)]])
        done = decide(column, told, known_s, *self.known())
        if done.overlapping.any():
            self.refused += 1
            return
        for cell in np.flatnonzero(done.new | done.corrected):
            self.claims.append((cell, known_s, number, values[int(cell)]))
        self.confirmed += [(cell, known_s, number) for cell in np.flatnonzero(done.same)]
        again = done.again
        self.claims += zip(again.cell, again.known_s, again.commit, again.values[0], strict=True)

    def values(self, as_of):
        claims, _ = self.known()
        rows = in_force(claims, CELLS, as_of)
        return {cell: int(claims.values[0, row]) for cell, row in enumerate(rows) if row >= 0}


values = st.dictionaries(st.integers(0, CELLS - 1), st.integers(0, 2), min_size=1)
arrivals = st.lists(
    st.tuples(st.sampled_from(INSTANTS), values), max_size=6, unique_by=lambda e: e[0]
)


@settings(deadline=None, max_examples=150)
@given(arrivals, st.data())
def test_arrivals_in_any_order_and_twice_give_the_same_knowledge(told, data):
    repeated = told + data.draw(st.lists(st.sampled_from(told), max_size=3)) if told else []
    book = Book()
    for number, (known_s, each) in enumerate(data.draw(st.permutations(repeated))):
        book.tell(number, known_s, each)
    assert book.refused == 0
    for as_of in (-1, *INSTANTS, 99):
        assert book.values(as_of) == model(told, as_of)


@settings(deadline=None, max_examples=100)
@given(st.lists(st.tuples(st.sampled_from((1, 2)), values), min_size=1, max_size=5))
def test_two_values_at_one_instant_are_found(told):
    book, taken = Book(), []
    for number, (known_s, each) in enumerate(told):
        clash = any(
            known_s == other and any(each[cell] != some[cell] for cell in each.keys() & some.keys())
            for other, some in taken
        )
        before = book.refused
        book.tell(number, known_s, each)
        assert (book.refused > before) == clash
        if not clash:
            taken.append((known_s, each))
    for as_of in (0, 1, 2):
        assert book.values(as_of) == model(taken, as_of)


def test_an_older_value_does_not_displace_what_was_confirmed_since():
    book = Book()
    for known_s, value in ((1, 5), (3, 5), (2, 7)):
        book.tell(known_s, known_s, {0: value})
    assert [book.values(as_of)[0] for as_of in (1, 2, 3)] == [5, 7, 5]
    assert (0, 3, 3, 5) in [tuple(map(int, claim)) for claim in book.claims]
