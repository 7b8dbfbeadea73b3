"""Histories and ratings: a case worked by hand, and what must hold for any history."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from gridpact.base.errors import NumberOverflow
from gridpact.base.units import INT64_MAX
from gridpact.market.clearing.matched import Trades, to_matched
from gridpact.market.clearing.mechanisms import MECHANISMS, match
from gridpact.market.orders import Orders
from gridpact.market.ratings import (
    History,
    Newcomer,
    admitted,
    after_day,
    after_session,
    best_rated_partner,
    delivered_wh,
    joined,
    no_history,
    rating_ppm,
)

MEMBERS, SLOTS = 3, 4
WH = st.integers(-50, 50) | st.just(0)
DAY = st.tuples(
    arrays(np.int64, (MEMBERS, SLOTS), elements=WH),
    arrays(np.int64, (MEMBERS, SLOTS), elements=WH),
    arrays(bool, (MEMBERS, SLOTS)),
)


def columns(history):
    return {name: getattr(history, name).tolist() for name in History.__struct_fields__}


def owned(orders, members):
    """The same orders, their owners taken in turn from a few members."""
    return Orders(orders.sequence, orders.sequence % members, *list(_columns(orders))[2:])


def _columns(orders):
    return (getattr(orders, name) for name in Orders.__struct_fields__)


def test_a_session_and_a_day_by_hand(orders_of):
    """A solar park (0) sells to a bakery (1) and a home (2); the home's second order fails."""
    orders = orders_of([(0, -1, 100, 10), (0, 1, 60, 30), (0, 1, 40, 20), (0, 1, 5, 5)])
    orders = Orders(orders.sequence, np.array([0, 1, 2, 2]), *list(_columns(orders))[2:])
    history = after_session(
        no_history(3), orders, match(MECHANISMS["uniform-price"], orders, SLOTS)
    )
    assert history.orders_placed.tolist() == [1, 1, 2]
    assert history.orders_traded.tolist() == [1, 1, 1]
    assert history.transactions.tolist() == [2, 1, 1]
    # The park also sold 50 in slot 1 and delivers 80 of its 150; the bakery takes all and more;
    # of the home's two slots one was not measured, and in slot 1 it gave where it had bought.
    position = np.array([[-100, -50, 0, 0], [60, 0, 0, 0], [0, 50, 40, 0]])
    net = np.array([[-80, 30, -9, 9], [75, 0, 0, 0], [0, -10, 0, 0]])
    measured = np.ones((3, 4), bool)
    measured[2, 2] = False
    history = after_day(history, position, net, measured)
    assert history.commitments.tolist() == [2, 1, 1]
    assert history.kept.tolist() == [0, 1, 0]
    assert history.agreed_wh.tolist() == [150, 60, 50]
    assert history.delivered_wh.tolist() == [80, 60, 0]
    assert history.traded_rate.ppm.tolist() == [1_000_000, 1_000_000, 500_000]
    # ((0 + 2·80/150) ÷ 2 + 1) ÷ 4;  ((1 + 1) ÷ 2 + 1) ÷ 3;  ((0 + 0) ÷ 2 + 1) ÷ 3
    assert rating_ppm(history).tolist() == [383_333, 666_667, 333_333]
    assert admitted(rating_ppm(history), 383_333).tolist() == [True, True, False]


def test_a_newcomer_is_neither_bad_nor_perfect():
    nobody = no_history(2)
    assert rating_ppm(nobody).tolist() == [500_000, 500_000]
    assert rating_ppm(nobody, Newcomer(700_000, 9)).tolist() == [700_000, 700_000]
    for rate in (nobody.traded_rate, nobody.success_rate, nobody.delivery_rate):
        assert not rate.known.any()
        assert rate.total_ppm is None


@pytest.mark.parametrize(("rating", "commitments"), [(-1, 2), (1_000_001, 2), (0, 0)])
def test_a_newcomers_rule_must_make_sense(rating, commitments):
    with pytest.raises(ValueError, match="newcomer"):
        Newcomer(rating, commitments)


@given(days=st.lists(DAY, max_size=5), data=st.data())
@settings(deadline=None, max_examples=80)
def test_the_order_of_days_does_not_matter(days, data):
    one, other = no_history(MEMBERS), no_history(MEMBERS)
    for day in days:
        one = after_day(one, *day)
    for day in data.draw(st.permutations(days)):
        other = after_day(other, *day)
    assert columns(one) == columns(other)
    cut = data.draw(st.integers(0, len(days)))
    halves = [no_history(MEMBERS), no_history(MEMBERS)]
    for at, day in enumerate(days):
        halves[at >= cut] = after_day(halves[at >= cut], *day)
    assert columns(joined(*halves)) == columns(one)


@given(day=DAY)
@settings(deadline=None, max_examples=150)
def test_a_day_slot_by_slot(day):
    position, net, measured = day
    history = after_day(no_history(MEMBERS), position, net, measured)
    for member in range(MEMBERS):
        agreed = delivered = commitments = kept = 0
        for p, n, seen in zip(position[member], net[member], measured[member], strict=True):
            if not seen or p == 0:
                continue
            got = min(p, max(n, 0)) if p > 0 else min(-p, max(-n, 0))
            commitments += 1
            agreed, delivered, kept = agreed + abs(p), delivered + got, kept + (got == abs(p))
        found = {name: row[member] for name, row in columns(history).items()}
        assert (found["commitments"], found["kept"]) == (commitments, kept)
        assert (found["agreed_wh"], found["delivered_wh"]) == (agreed, delivered)
        if agreed:
            mean = Fraction(kept + commitments * Fraction(delivered, agreed), 2) + 1
            exact = mean / (commitments + 2) * 1_000_000
            assert abs(rating_ppm(history)[member] - exact) <= 1
        else:
            assert rating_ppm(history)[member] == 500_000


@given(
    days=st.lists(DAY, max_size=4),
    rating=st.integers(0, 1_000_000),
    commitments=st.integers(1, 10**6),
)
@settings(deadline=None, max_examples=80)
def test_ratings_stay_within_bounds(days, rating, commitments):
    history = no_history(MEMBERS)
    for day in days:
        history = after_day(history, *day)
    rated = rating_ppm(history, Newcomer(rating, commitments))
    assert np.all((rated >= 0) & (rated <= 1_000_000))


@given(day=DAY, data=st.data())
@settings(deadline=None, max_examples=150)
def test_delivering_more_of_what_was_agreed_never_rates_lower(day, data):
    position, net, measured = day
    more = data.draw(arrays(np.int64, position.shape, elements=st.integers(0, 30)))
    better = net + np.sign(position) * more
    before, after = (
        rating_ppm(after_day(no_history(MEMBERS), position, each, measured))
        for each in (net, better)
    )
    assert np.all(after >= before)


def test_what_goes_the_other_way_or_beyond_delivers_nothing():
    position = np.array([10, 10, 10, -10, -10, -10, 0])
    net = np.array([-5, 7, 15, 5, -7, -15, 3])
    assert delivered_wh(position, net).tolist() == [0, 7, 10, 0, 7, 10, 0]


@pytest.mark.parametrize("name", sorted(MECHANISMS))
@settings(deadline=None, max_examples=40)
@given(data=st.data())
def test_orders_and_transactions_are_counted_trade_by_trade(name, data, book_rows, orders_of):
    orders = owned(orders_of(data.draw(book_rows)), MEMBERS)
    found = match(MECHANISMS[name], orders, SLOTS)
    history = after_session(no_history(MEMBERS), orders, found)
    owner = orders.member.tolist()
    pairs = list(zip(found.trades.buy.tolist(), found.trades.sell.tolist(), strict=True))
    others = [pair for pair in pairs if owner[pair[0]] != owner[pair[1]]]
    rows = {row for pair in others for row in pair}
    for member in range(MEMBERS):
        assert history.orders_placed[member] == owner.count(member)
        assert history.orders_traded[member] == sum(owner[row] == member for row in rows)
        assert history.transactions[member] == sum(
            owner[row] == member for pair in others for row in pair
        )
    assert int(history.transactions.sum()) == 2 * len(others)


def test_a_rating_is_not_bought_from_oneself(orders_of):
    orders = owned(orders_of([(0, 1, 5, 9), (0, -1, 5, 1)]), 1)
    one = np.array([1])
    trades = Trades(np.array([0]), one, np.array([5]), one, one)
    history = after_session(no_history(1), orders, to_matched(orders, trades))
    assert history.orders_placed.tolist() == [2]
    assert history.orders_traded.tolist() == history.transactions.tolist() == [0]


@given(data=st.data())
@settings(deadline=None, max_examples=100)
def test_the_best_rated_other_seller_of_the_slot_is_the_partner(data, book_rows, orders_of):
    orders = owned(orders_of(data.draw(book_rows)), MEMBERS)
    rating = data.draw(arrays(np.int64, MEMBERS, elements=st.sampled_from([1, 5, 9])))
    expected = []
    for row in range(orders.count):
        sellers = {
            int(orders.member[other])
            for other in range(orders.count)
            if orders.side[other] < 0
            and orders.slot[other] == orders.slot[row]
            and orders.member[other] != orders.member[row]
        }
        best = min(sellers, key=lambda member: (-rating[member], member), default=-1)
        expected.append(best if orders.side[row] > 0 else -1)
    assert best_rated_partner(orders, rating).tolist() == expected


def test_shapes_and_sizes_that_do_not_fit_are_refused():
    three = np.zeros((MEMBERS, SLOTS), np.int64)
    with pytest.raises(ValueError, match="shape"):
        after_day(no_history(MEMBERS), three, three[:, 1:], three == 0)
    huge = np.full((1, 2), INT64_MAX // 2 + 1)
    with pytest.raises(NumberOverflow):
        after_day(no_history(1), huge, huge, huge > 0)
