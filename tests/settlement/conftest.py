"""Arrays of Wh per member and slot, drawn at random with many zeros and ties."""

import numpy as np
import pytest
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

AMOUNT = st.integers(0, 3) | st.integers(0, 5000) | st.just(0)


@pytest.fixture(scope="session")
def columns_of():
    """Strategy of several equal-shaped arrays [members, slots]."""

    def build(count):
        shape = st.tuples(st.integers(1, 7), st.integers(1, 4))
        return shape.flatmap(
            lambda size: st.tuples(*(arrays(np.int64, size, elements=AMOUNT) for _ in range(count)))
        )

    return build
