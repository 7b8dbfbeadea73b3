import numpy as np
import pytest

from gridpact.base.errors import NumberOverflow
from gridpact.base.units import INT64_MAX
from gridpact.market.analytics.shares import Share, share_ppm


def test_a_share_of_nothing_is_not_known():
    share = Share(np.array([0, 1, 2, 0]), np.array([0, 3, 2, 5]))
    assert share.known.tolist() == [False, True, True, True]
    assert share.ppm[share.known].tolist() == [333_333, 1_000_000, 0]
    assert share.total_ppm == 300_000
    assert Share(np.zeros(2, np.int64), np.zeros(2, np.int64)).total_ppm is None
    assert share_ppm(0, 0) is None
    assert share_ppm(0, 1) == 0


def test_shares_round_half_to_even_once():
    assert share_ppm(1, 2_000_000) == 0
    assert share_ppm(3, 2_000_000) == 2
    assert Share(np.array([1, 3]), np.array([2_000_000] * 2)).ppm.tolist() == [0, 2]


def test_great_parts_are_exact_and_greater_sums_refused():
    share = Share(np.array([INT64_MAX - 1] * 2), np.array([INT64_MAX] * 2))
    assert share.ppm.tolist() == [1_000_000] * 2
    with pytest.raises(NumberOverflow):
        _ = share.total_ppm
