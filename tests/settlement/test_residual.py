import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.base.errors import NumberOverflow
from gridpact.settlement.allocation import Allocation, default_dynamic, static
from gridpact.settlement.residual import network_split, position, residual


def balanced(bought, sold):
    """Cut the larger side from the last row up until trades balance in every slot."""
    total = np.minimum(bought.sum(axis=0), sold.sum(axis=0))
    return tuple(
        np.diff(np.minimum(np.cumsum(side, axis=0), total), axis=0, prepend=0)
        for side in (bought, sold)
    )


@given(data=st.data())
@settings(deadline=None, max_examples=200)
def test_the_supplier_covers_what_crosses_the_boundary(data, columns_of):
    withdrawal, injection, bought, sold = data.draw(columns_of(4))
    bought, sold = balanced(bought, sold)
    surplus, need = position(withdrawal, injection, bought, sold)
    assert not np.any((surplus > 0) & (need > 0))
    members = withdrawal.shape[0]
    key = np.full(members, 1_000_000 // members)
    for shared in (default_dynamic(surplus, need), static(surplus, need, key)):
        rest = residual(surplus, need, shared)
        assert np.all((rest.supplier_in_wh >= 0) & (rest.supplier_out_wh >= 0))
        np.testing.assert_array_equal(
            (rest.supplier_in_wh - rest.supplier_out_wh).sum(axis=0),
            (withdrawal - injection).sum(axis=0),
        )
        # Per member, everything that came in went somewhere.
        np.testing.assert_array_equal(
            withdrawal + sold + shared.out_wh + rest.supplier_out_wh,
            injection + bought + shared.in_wh + rest.supplier_in_wh,
        )
        split = network_split(withdrawal, rest.supplier_in_wh)
        np.testing.assert_array_equal(split.outside_wh + split.local_wh, withdrawal)
        assert np.all((split.outside_wh >= 0) & (split.local_wh >= 0))
        assert np.all(split.outside_wh <= rest.supplier_in_wh)


def test_default_dynamic_leaves_one_sign_to_the_supplier():
    surplus, need = np.array([[900], [0]]), np.array([[0], [400]])
    rest = residual(surplus, need, default_dynamic(surplus, need))
    assert rest.supplier_in_wh.sum() == 0
    assert rest.supplier_out_wh.ravel().tolist() == [500, 0]


@pytest.mark.parametrize(
    ("row", "surplus", "need"),
    [
        ((500, 0, 0, 0), 0, 500),
        ((0, 300, 0, 0), 300, 0),
        ((500, 0, 600, 0), 100, 0),  # bought more than withdrawn
        ((0, 300, 0, 450), 0, 150),  # sold more than injected
        ((200, 200, 0, 0), 0, 0),
    ],
)
def test_position(row, surplus, need):
    found = position(*(np.array([[value]]) for value in row))
    assert [int(part[0, 0]) for part in found] == [surplus, need]


def test_who_oversold_buys_without_withdrawing():
    split = network_split(np.array([[100]]), np.array([[250]]))
    assert (split.outside_wh[0, 0], split.local_wh[0, 0]) == (100, 0)


def test_sharing_more_than_there_is_is_a_bug():
    one, none = np.array([[1]]), np.array([[0]])
    with pytest.raises(ValueError, match="more is shared"):
        residual(none, one, Allocation(one, one))
    with pytest.raises(ValueError, match="more is shared"):
        residual(one, none, Allocation(one, one))


def test_overflow_is_noticed():
    huge = np.array([[2**63 - 1]])
    none = np.array([[0]])
    with pytest.raises(NumberOverflow):
        position(none, huge, huge, none)
