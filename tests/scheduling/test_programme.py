"""A programme put together from blocks, against one kept as a dense matrix."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.scheduling.programme import Programme

few = st.integers(0, 4)
small = st.integers(-3, 3)


def dense(arrays):
    """The matrix of a programme, spread out [rows, columns]."""
    table = np.zeros((len(arrays.row_lower), len(arrays.cost)))
    column = np.repeat(np.arange(len(arrays.cost)), np.diff(arrays.start))
    np.add.at(table, (arrays.index, column), arrays.value)
    return table, column


@settings(deadline=None)
@given(st.data(), st.lists(few, min_size=1, max_size=4), st.lists(few, min_size=1, max_size=4))
def test_blocks_come_to_what_a_dense_matrix_would(data, column_blocks, row_blocks):
    programme, numbers, rows = Programme(), [], []
    for size in column_blocks:
        numbers.extend(programme.columns(np.zeros(size), 1.0, 0.5).tolist())
    for size in row_blocks:
        rows.extend(programme.rows(np.zeros(size), 2.0).tolist())
    assert numbers == list(range(sum(column_blocks)))
    assert rows == list(range(sum(row_blocks)))
    table, cost = np.zeros((len(rows), len(numbers))), np.full(len(numbers), 0.5)
    places = st.tuples(st.sampled_from(rows or [0]), st.sampled_from(numbers or [0]), small)
    for row, column, value in data.draw(st.lists(places, max_size=12)) if table.size else []:
        programme.entries(np.array([row]), np.array([column]), float(value))
        programme.charge(np.array([column]), float(value))
        table[row, column] += value
        cost[column] += value
    arrays = programme.arrays()
    made, column = dense(arrays)
    assert np.array_equal(made, table)
    assert np.array_equal(arrays.cost, cost)
    assert len(arrays.value) == np.count_nonzero(table)
    within = np.diff(column * (len(rows) + 1) + arrays.index)
    assert np.all(within > 0), "entries are by column, and by row within a column"


def test_columns_have_bounds_and_kinds():
    programme = Programme()
    free = programme.columns(np.array([[-1.0], [0.0]]), np.array([2.0, 3.0]), 4.0)
    count = programme.columns(0.0, np.full(2, 5.0), whole=True)
    assert free.tolist() == [[0, 1], [2, 3]]
    assert count.tolist() == [4, 5]
    low, high = programme.bounds()
    assert low.tolist() == [-1, -1, 0, 0, 0, 0]
    assert high.tolist() == [2, 3, 2, 3, 5, 5]
    arrays = programme.arrays()
    assert np.array_equal(arrays.lower, low)
    assert np.array_equal(arrays.upper, high)
    assert arrays.cost.tolist() == [4] * 4 + [0] * 2
    assert arrays.whole.tolist() == [False] * 4 + [True] * 2


def test_a_programme_without_blocks_is_empty():
    arrays = Programme().arrays()
    assert [len(part) for part in (arrays.cost, arrays.row_lower, arrays.value)] == [0, 0, 0]
    assert arrays.start.tolist() == [0]


def test_what_was_put_together_does_not_change_with_what_it_was_made_of():
    programme, bound = Programme(), np.ones(2)
    programme.columns(0.0, bound)
    bound[:] = 9.0
    assert programme.arrays().upper.tolist() == [1, 1]


def test_blocks_that_do_not_fit_together_raise():
    with pytest.raises(ValueError, match="broadcast"):
        Programme().columns(np.zeros(2), np.ones(3))
