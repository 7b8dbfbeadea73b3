import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from gridpact.base.randomness import stream
from gridpact.market.coalitions.core import least_core, sampled_stability, stability
from gridpact.market.coalitions.shapley import exact
from gridpact.market.coalitions.sharing_game import SharingGame

GLOVES = np.array([0, 0, 0, 600, 0, 600, 0, 600])
MAJORITY = np.array([0, 0, 0, 300, 0, 300, 300, 300])
"""Any two of three get all: the core is empty."""


def test_gloves_by_hand():
    """The only content outcome gives the left glove everything."""
    fair = stability(GLOVES, exact(GLOVES).nano)
    assert fair.excess_nano == 100
    assert fair.coalition.tolist() in ([True, True, False], [True, False, True])
    assert fair.in_core is False
    found = least_core(GLOVES)
    assert found.nano.tolist() == [600, 0, 0]
    assert found.excess_nano == 0
    assert not found.core_is_empty
    assert stability(GLOVES, found.nano).in_core


def test_a_majority_of_three_by_hand():
    found = least_core(MAJORITY)
    assert found.nano.tolist() == [100, 100, 100]
    assert found.excess_nano == 100
    assert found.core_is_empty


@given(data=st.data())
@settings(deadline=None, max_examples=80)
def test_the_shapley_value_of_a_convex_game_is_in_its_core(data, convex_games):
    worths = data.draw(convex_games(), label="worths")
    shares = exact(worths).nano
    # Shapley (1971); rounding moves a share by less than a unit
    assert stability(worths, shares).excess_nano <= shares.size
    assert not least_core(worths).core_is_empty


@given(data=st.data())
@settings(deadline=None, max_examples=80)
def test_the_largest_excess(data, games, worth_of):
    worths = data.draw(games(2, 5), label="worths")
    members = worths.size.bit_length() - 1
    shares = np.array(
        data.draw(st.lists(st.integers(-999, 999), min_size=members, max_size=members))
    )
    found = stability(worths, shares)
    each = {
        coalition: int(worths[coalition])
        - sum(int(shares[m]) for m in range(members) if coalition >> m & 1)
        for coalition in range(1, worths.size - 1)
    }
    assert found.excess_nano == max(each.values())
    assert each[int(found.coalition @ (1 << np.arange(members)))] == found.excess_nano
    assert found.examined == len(each)
    near = sampled_stability(worth_of(worths), shares, seed=3, starts=8)
    assert near.excess_nano <= found.excess_nano
    assert each[int(near.coalition @ (1 << np.arange(members)))] == near.excess_nano
    assert near.in_core is (False if near.excess_nano > 0 else None)


@given(data=st.data())
@settings(deadline=None, max_examples=50)
def test_no_shares_have_a_lower_largest_excess(data, games):
    worths = data.draw(games(2, 5), label="worths")
    members = worths.size.bit_length() - 1
    found = least_core(worths)
    assert found.nano.sum() == worths[-1]
    assert stability(worths, found.nano).excess_nano == found.excess_nano
    inside = (np.arange(1, worths.size - 1)[:, None] >> np.arange(members)) & 1
    best = linprog(
        np.append(np.zeros(members), 1.0),
        A_ub=-np.hstack([inside, np.ones((inside.shape[0], 1))]),
        b_ub=-worths[1:-1].astype(float),
        A_eq=[[1.0] * members + [0.0]],
        b_eq=[float(worths[-1])],
        bounds=[(None, None)] * (members + 1),
    )
    assert best.fun - 1e-3 <= found.excess_nano <= best.fun + members


def test_the_search_finds_who_would_leave_a_large_community():
    random = stream(6, "community")
    net = random.integers(-3_000, 3_000, (16, 8))
    game = SharingGame(net, np.full(8, 300_000), np.full(8, 80_000))
    worths = game.worths()
    equal = np.full(16, int(worths[-1]) // 16)
    true = stability(worths, equal)
    near = sampled_stability(game.worth, equal, seed=1)
    assert near.excess_nano == true.excess_nano > 0
    assert near.in_core is False
    assert near.examined < true.examined


def test_few_members():
    for members in (0, 1):
        worths = np.array([0, 7])[: members + 1]
        shares = worths[1:]
        assert stability(worths, shares).in_core
        assert least_core(worths).nano.tolist() == shares.tolist()
        assert sampled_stability(lambda _: np.zeros(0, np.int64), shares, seed=1).in_core
    with pytest.raises(ValueError, match="members"):
        stability(GLOVES, np.array([1, 2]))
