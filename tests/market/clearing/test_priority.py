import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.base.units import INT64_MAX
from gridpact.market.clearing.priority import ranked

COST = st.integers(-3, 3) | st.integers(-INT64_MAX, INT64_MAX)


@given(st.lists(st.tuples(st.integers(0, 4), COST), max_size=30), st.data())
@settings(deadline=None, max_examples=300)
def test_by_group_then_cost_then_sequence(rows, data):
    sequence = data.draw(st.permutations(range(len(rows))) | st.just(list(range(len(rows)))))
    group, cost = np.array(rows, dtype=np.int64).reshape(-1, 2).T
    found = ranked(group, cost, np.array(sequence, dtype=np.int64))
    assert found.tolist() == sorted(range(len(rows)), key=lambda at: (*rows[at], sequence[at]))


def test_nothing():
    none = np.empty(0, dtype=np.int64)
    assert ranked(none, none, none).size == 0
