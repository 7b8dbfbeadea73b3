from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.base.randomness import stream
from gridpact.settlement.allocation import default_dynamic, static

THIRDS = np.array([333_333, 333_333, 333_333])


def column(*values):
    return np.array(values, dtype=np.int64)[:, None]


def holds(surplus, need, shared):
    np.testing.assert_array_equal(shared.in_wh.sum(axis=0), shared.out_wh.sum(axis=0))
    assert np.all((shared.in_wh >= 0) & (shared.in_wh <= need))
    assert np.all((shared.out_wh >= 0) & (shared.out_wh <= surplus))


def hamilton(total, weights):
    """Largest remainder with fractions, one slot."""
    whole = sum(weights)
    if not whole:
        return [0] * len(weights)
    ideal = [Fraction(total * weight, whole) for weight in weights]
    parts = [int(share) for share in ideal]
    order = sorted(range(len(weights)), key=lambda row: (parts[row] - ideal[row], row))
    for row in order[: total - sum(parts)]:
        parts[row] += 1
    return parts


@given(data=st.data())
@settings(deadline=None, max_examples=200)
def test_default_dynamic(data, columns_of):
    surplus, need = data.draw(columns_of(2))
    shared = default_dynamic(surplus, need)
    holds(surplus, need, shared)
    for slot in range(need.shape[1]):
        total = min(int(surplus[:, slot].sum()), int(need[:, slot].sum()))
        assert shared.in_wh[:, slot].sum() == total
        assert shared.in_wh[:, slot].tolist() == hamilton(total, need[:, slot].tolist())
        assert shared.out_wh[:, slot].tolist() == hamilton(total, surplus[:, slot].tolist())


@given(data=st.data())
@settings(deadline=None, max_examples=200)
def test_static(data, columns_of):
    surplus, need, raw = data.draw(columns_of(3))
    # Shares that use up the whole, half of it, or nothing.
    part = data.draw(st.sampled_from([1, 2]))
    share = raw * (1_000_000 // part) // np.maximum(raw.sum(axis=0), 1)
    shared = static(surplus, need, share)
    holds(surplus, need, shared)
    for slot in range(need.shape[1]):
        total, keys = int(surplus[:, slot].sum()), share[:, slot].tolist()
        entitled = hamilton(total, [*keys, 1_000_000 - sum(keys)])[:-1]
        assert shared.in_wh[:, slot].tolist() == np.minimum(entitled, need[:, slot]).tolist()
        given_ = hamilton(int(shared.in_wh[:, slot].sum()), surplus[:, slot].tolist())
        assert shared.out_wh[:, slot].tolist() == given_
        # Nobody's entitlement is more than a Wh from its share.
        assert all(
            abs(Fraction(total * key, 1_000_000) - size) < 1
            for key, size in zip(keys, entitled, strict=True)
        )
    constant = static(surplus, need, share[:, 0])
    np.testing.assert_array_equal(constant.in_wh[:, 0], shared.in_wh[:, 0])


def test_worked_example_default_dynamic():
    surplus, need = column(0, 0, 2000), column(3000, 1000, 0)
    shared = default_dynamic(surplus, need)
    assert shared.in_wh.ravel().tolist() == [1500, 500, 0]
    assert (surplus - shared.out_wh).sum() == 0


@pytest.mark.parametrize("thirds", [THIRDS, np.array([333_334, 333_333, 333_333])])
def test_worked_example_static(thirds):
    surplus, need = column(0, 0, 2000), column(3000, 1000, 0)
    shared = static(surplus, need, thirds)
    assert shared.in_wh.ravel().tolist() == [667, 667, 0]
    assert (surplus - shared.out_wh).sum() == 666


def test_static_excess_is_not_redistributed():
    shared = static(column(1000, 0, 0), column(0, 100, 900), np.array([0, 500_000, 500_000]))
    assert shared.in_wh.ravel().tolist() == [0, 100, 500]
    assert shared.out_wh.ravel().tolist() == [600, 0, 0]


def test_givers_are_reduced_pro_rata():
    shared = default_dynamic(column(300, 100, 0), column(0, 0, 200))
    assert shared.out_wh.ravel().tolist() == [150, 50, 0]


@pytest.mark.parametrize("share", [[-1, 0], [500_001, 500_000]])
def test_unsound_shares(share):
    with pytest.raises(ValueError, match="shares"):
        static(column(1, 1), column(1, 1), np.array(share))


def test_unsound_amounts():
    with pytest.raises(ValueError, match="negative"):
        default_dynamic(column(-1), column(1))
    with pytest.raises(ValueError, match="negative"):
        static(column(1), column(-1), np.array([0]))
    with pytest.raises(ValueError, match="shape"):
        default_dynamic(column(1), column(1, 2))


def test_ten_thousand_members_share_a_day():
    draw = stream(5, "test")
    net = draw.integers(-800, 500, (10_000, 96))
    surplus, need = np.maximum(net, 0), np.maximum(-net, 0)
    share = np.full(10_000, 100)
    for shared in (default_dynamic(surplus, need), static(surplus, need, share)):
        holds(surplus, need, shared)
