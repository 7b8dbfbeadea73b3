import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.base.errors import NumberOverflow
from gridpact.base.randomness import stream
from gridpact.market.clearing import uniform_price
from gridpact.market.clearing.matched import from_accepted, welfare_nano
from gridpact.market.coalitions import sharing_game
from gridpact.market.coalitions.core import least_core, stability
from gridpact.market.coalitions.models import orders_of
from gridpact.market.coalitions.shapley import exact
from gridpact.market.coalitions.sharing_game import SharingGame, subset_sums


def inside_of(members):
    return (np.arange(1 << members)[:, None] >> np.arange(members)) & 1 > 0


@given(data=st.data())
@settings(deadline=None, max_examples=60)
def test_a_coalition_is_worth_the_welfare_of_its_own_auction(data, data_of_communities):
    net, buy, sell = data.draw(data_of_communities(), label="community")
    members, slots = net.shape
    worths = SharingGame(net, buy, sell).worths()
    for coalition, inside in enumerate(inside_of(members)):
        book = orders_of(net * inside[:, None], buy, sell)
        trades = from_accepted(book, uniform_price.clear(book, slots))
        assert worths[coalition] == welfare_nano(book, trades)


@given(data=st.data())
@settings(deadline=None, max_examples=80)
def test_one_tariff_for_all_is_the_difference_of_bills(data, data_of_communities):
    net, buy, sell = data.draw(data_of_communities(), label="community")
    dear, cheap = np.maximum(buy[0], sell[0]), np.minimum(buy[0], sell[0])

    def bill(energy):
        return np.sum(np.maximum(energy, 0) * dear - np.maximum(-energy, 0) * cheap)

    worths = SharingGame(net, dear, cheap).worths()
    for coalition, inside in enumerate(inside_of(net.shape[0])):
        alone = sum(bill(row) for row in net[inside])
        assert worths[coalition] == alone - bill(net[inside].sum(axis=0))


@given(data=st.data())
@settings(deadline=None, max_examples=60)
def test_masks_and_enumeration_agree_and_joining_never_hurts(data, data_of_communities):
    net, buy, sell = data.draw(data_of_communities(), label="community")
    game, members = SharingGame(net, buy, sell), net.shape[0]
    worths = game.worths()
    np.testing.assert_array_equal(game.worth(inside_of(members)), worths)
    one, other = data.draw(st.tuples(*[st.integers(0, worths.size - 1)] * 2), label="two")
    assert worths[one | other] >= worths[one] + worths[other & ~one]
    assert worths.min() >= 0


@given(data=st.data())
@settings(deadline=None, max_examples=40)
def test_sharing_always_has_a_core(data, data_of_communities):
    """Paying each member what it gains at the auction's price keeps every coalition content."""
    net, buy, sell = data.draw(data_of_communities(), label="community")
    worths = SharingGame(net, buy, sell).worths()
    assert not least_core(worths).core_is_empty
    book = orders_of(net, buy, sell)
    cleared = uniform_price.clear(book, net.shape[1])
    price = cleared.price_micro_per_kwh[book.slot]
    gain = book.side * cleared.accepted_wh * (book.limit_micro_per_kwh - price)
    by_member = np.bincount(book.member, gain, minlength=net.shape[0]).astype(np.int64)
    assert stability(worths, by_member).in_core


def test_a_day_worked_by_hand():
    """A roof with 1 kWh left, two homes that lack 1 kWh each: gloves of 0.24 ¤ a pair."""
    net = np.array([[-1_000], [1_000], [1_000]])
    game = SharingGame(net, np.array([300_000]), np.array([60_000]))
    pair = 240_000_000
    assert game.worths().tolist() == [0, 0, 0, pair, 0, pair, 0, pair]
    assert exact(game.worths()).nano.tolist() == [160_000_000, 40_000_000, 40_000_000]


def test_where_export_pays_more_than_import_costs_nobody_shares():
    game = SharingGame(np.array([[-500], [700]]), np.array([50_000]), np.array([60_000]))
    assert not game.worths().any()


def test_a_year_goes_through_in_parts(monkeypatch):
    random = stream(2, "year")
    net = random.integers(-900, 900, (5, 500))
    buy, sell = random.integers(200_000, 300_000, (5, 500)), random.integers(0, 99_000, (5, 500))
    whole = SharingGame(net, buy, sell).worths()
    monkeypatch.setattr(sharing_game, "_BLOCK", 1_000)
    np.testing.assert_array_equal(SharingGame(net, buy, sell).worths(), whole)


def test_the_edges():
    nobody = SharingGame(np.empty((0, 4), np.int64), np.zeros(4, np.int64), np.zeros(4, np.int64))
    assert nobody.worths().tolist() == [0]
    with pytest.raises(ValueError, match="too many"):
        SharingGame(
            np.zeros((21, 1), np.int64), np.ones(1, np.int64), np.ones(1, np.int64)
        ).worths()
    with pytest.raises(NumberOverflow):
        SharingGame(np.array([[2**40], [-(2**40)]]), np.array([2**40]), np.array([0]))


@given(values=st.lists(st.integers(-9, 9), max_size=6))
@settings(deadline=None)
def test_subset_sums(values):
    sums = subset_sums(np.array(values, dtype=np.int64))
    inside = inside_of(len(values))
    np.testing.assert_array_equal(sums, inside @ np.array(values, dtype=np.int64))
