"""What a market with a lowest rating remembers of sessions: orders, orders that traded, trades."""

from collections import Counter

import msgspec
import numpy as np
import pytest

from gridpact.base.randomness import stream
from gridpact.market.clearing.mechanisms import MECHANISMS
from gridpact.market.messages import SessionCleared, SessionCounted
from gridpact.registry.model import MarketRules, TradingRules

DAY_GATES = (46_800, (43_200,), 1800, 0, 900_000)
MEMBERS = 4


@pytest.fixture
def house(floor, small_community):
    def made(mechanism, lowest_rating_ppm=1, **other):
        rules = TradingRules(mechanism, lowest_rating_ppm=lowest_rating_ppm, **other)
        market = MarketRules(*DAY_GATES, opens_s=900, day_ahead=rules, intraday=rules)
        place = {"zone": np.zeros(MEMBERS, np.int64)}
        return floor(small_community(MEMBERS, ((-1, -1, -1),), market=market, **place)).open()

    return made


def counted(home):
    """Close the gate; return the columns of the history and what was cleared."""
    told = home.gate()
    (cleared,) = (each for each in told if isinstance(each, SessionCleared))
    history = home.state.history
    names = ("orders_placed", "orders_traded", "transactions")
    return {name: getattr(history, name).tolist() for name in names}, cleared


def test_a_session_by_hand(house):
    """At one price: a bid meets the cheaper offer first, then the dearer; the last finds nobody."""
    home = house("uniform-price")
    home.columns([(0, 3, 1, 100, 300_000), (1, 3, -1, 60, 100_000), (2, 3, -1, 90, 200_000)])
    home.columns([(3, 3, -1, 50, 800_000), (3, 5, 1, 50, 800_000)])
    found, _ = counted(home)
    assert found == {
        "orders_placed": [1, 1, 1, 2],
        "orders_traded": [1, 1, 1, 0],
        "transactions": [2, 1, 1, 0],
    }


@pytest.mark.parametrize("traded", [True, False])
def test_a_block_is_one_order_and_trades_in_each_of_its_slots(house, traded):
    home = house("block-orders")
    limit = 300_000 if traded else 100_000
    home.buy("b", "m000", 10, limit, slot=4, slots=3)
    for at in range(3):
        home.sell(f"s{at}", "m001", 10, 200_000, slot=4 + at)
    found, _ = counted(home)
    assert found["orders_placed"] == [1, 3, 0, 0]
    assert found["orders_traded"] == ([1, 3, 0, 0] if traded else [0] * 4)
    assert found["transactions"] == ([3, 3, 0, 0] if traded else [0] * 4)


def test_trades_with_oneself_count_for_nothing(house):
    home = house("uniform-price")
    home.columns([(0, 1, 1, 20, 300_000), (0, 1, -1, 20, 100_000)])
    found, cleared = counted(home)
    assert cleared.bought_wh.sum() == 20
    assert found == {
        "orders_placed": [2, 0, 0, 0],
        "orders_traded": [0] * 4,
        "transactions": [0] * 4,
    }


def drawn(seed):
    """Orders as (member, slot, side, Wh, limit), with ties."""
    draw = stream(seed, "market", "histories")
    parts = (draw.integers(0, MEMBERS, 60), draw.integers(0, 4, 60), draw.choice([-1, 1], 60))
    amounts = (draw.integers(1, 9, 60) * 10, draw.integers(1, 6, 60) * 100_000)
    return [tuple(map(int, row)) for row in zip(*parts, *amounts, strict=True)]


@pytest.mark.parametrize("mechanism", sorted(MECHANISMS))
@pytest.mark.parametrize("seed", range(3))
def test_counts_are_those_of_the_trades_told(house, mechanism, seed):
    home, rows = house(mechanism), drawn(seed)
    home.columns(rows)
    placed = Counter(row[0] for row in rows)
    if mechanism == "continuous":  # there an order goes that would meet its own member's
        stand = Counter(home.book().orders.member.tolist())
        assert 50 < stand.total() < placed.total()
        placed = stand
    found, cleared = counted(home)
    assert found["orders_placed"] == [placed[member] for member in range(MEMBERS)]
    assert np.all(np.array(found["orders_traded"]) <= found["orders_placed"])
    if cleared.trades is None:
        moved = (cleared.bought_wh + cleared.sold_wh).sum(axis=1) > 0
        assert np.all(moved[np.array(found["transactions"]) > 0])
        assert sum(found["transactions"]) > 0
        return
    trades = cleared.trades
    pairs = list(zip(trades.buyer.tolist(), trades.seller.tolist(), strict=True))
    others = [pair for pair in pairs if pair[0] != pair[1]]
    times = Counter(member for pair in others for member in pair)
    assert found["transactions"] == [times[member] for member in range(MEMBERS)]
    orders = {
        (member, order)
        for columns in (
            (trades.buyer, trades.seller, trades.buy_order),
            (trades.seller, trades.buyer, trades.sell_order),
        )
        for member, other, order in zip(*(part.tolist() for part in columns), strict=True)
        if member != other
    }
    times = Counter(member for member, _ in orders)
    assert found["orders_traded"] == [times[member] for member in range(MEMBERS)]


def test_sessions_add_up_and_a_market_that_rates_nobody_counts_nothing(house):
    home = house("uniform-price")
    home.columns([(0, 3, 1, 100, 300_000), (1, 3, -1, 60, 100_000)])
    home.gate()
    before = msgspec.structs.asdict(home.state.history)
    counts = SessionCounted(
        session="another",
        orders_placed=np.array([1, 2, 3, 4]),
        orders_traded=np.array([1, 0, 1, 0]),
        transactions=np.array([5, 0, 4, 0]),
    )
    home.tell(counts)
    for name, column in before.items():
        added = getattr(counts, name, np.zeros(MEMBERS, np.int64))
        assert np.array_equal(getattr(home.state.history, name), column + added)
    other = house("uniform-price", lowest_rating_ppm=0)
    other.columns([(0, 3, 1, 100, 300_000), (1, 3, -1, 60, 100_000)])
    told = other.gate()
    assert not any(isinstance(each, SessionCounted) for each in told)
    other.tell(counts)
    assert other.state.history is None
