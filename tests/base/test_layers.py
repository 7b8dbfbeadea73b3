"""Items laid in layers: nothing is lost, alike ones are one, in whatever order they come."""

from collections import Counter, defaultdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.base.errors import NumberOverflow
from gridpact.base.layers import Items, lay, total_by_owner

SLOTS = 3
ITEM = st.tuples(
    st.integers(0, 4),
    st.integers(0, 1),
    st.integers(0, SLOTS - 1),
    st.integers(1, 5),
    st.integers(-2, 2),
    st.integers(-1, 1),
)


def items_of(rows):
    columns = np.array(rows, np.int64).reshape(-1, 6).T
    return Items(*columns[:4], tuple(columns[4:]))


@given(rows=st.lists(ITEM, max_size=40), shuffle=st.randoms())
@settings(deadline=None, max_examples=200)
def test_every_item_is_found_again_in_as_few_rows_as_can_be(rows, shuffle):
    expected = Counter()
    for owner, side, slot, quantity, one, other in rows:
        expected[owner, side, slot, one, other] += quantity
    found = lay(items_of(rows), SLOTS)
    seen = Counter()
    for side, row, slot in zip(*np.nonzero(found.quantity), strict=True):
        one, other = (int(table[side, row, slot]) for table in found.values)
        seen[int(found.owner[row]), side, slot, one, other] += int(found.quantity[side, row, slot])
    assert seen == expected

    cells = Counter((owner, side, slot) for owner, side, slot, _, _ in expected)
    depth = defaultdict(int)
    for (owner, _, _), count in cells.items():
        depth[owner] = max(depth[owner], count)
    assert Counter(found.owner.tolist()) == depth
    assert found.owner.tolist() == sorted(found.owner.tolist())

    shuffle.shuffle(rows)
    again = lay(items_of(rows), SLOTS)
    for one, other in zip(
        (found.owner, found.quantity, *found.values),
        (again.owner, again.quantity, *again.values),
        strict=True,
    ):
        np.testing.assert_array_equal(one, other)


def test_layers_ascend_by_what_goes_with_the_quantities():
    found = lay(items_of([(7, 0, 1, 30, 9, 0), (7, 0, 1, 10, -4, 0), (7, 0, 1, 5, 9, 0)]), 2)
    assert found.owner.tolist() == [7, 7]
    assert found.quantity[0].tolist() == [[0, 10], [0, 35]]
    assert found.values[0][0].tolist() == [[0, -4], [0, 9]]


def test_totals_are_by_owner_and_exact_or_refused():
    owner = np.array([0, 2, 2])
    assert total_by_owner(np.array([5, -7, 2**60]), owner, 4).tolist() == [5, 0, 2**60 - 7, 0]
    with pytest.raises(NumberOverflow):
        total_by_owner(np.array([0, 2**62, 2**62]), owner, 4)
