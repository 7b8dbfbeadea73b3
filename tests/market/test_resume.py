"""A market that was stopped anywhere and resumed is the market that never stopped, byte for byte.

Under every mechanism, with orders of persons and agents, cancelled, expired, carried and withdrawn
ones, collateral and ratings, and snapshots in the midst of open sessions.
"""

import hashlib
from datetime import date, datetime
from zoneinfo import ZoneInfo

import msgspec
import numpy as np
import pytest

from gridpact.app.vocabulary import VOCABULARY
from gridpact.kernel.codec import Codec, encode
from gridpact.kernel.journal import Journal, Origin
from gridpact.kernel.loop import Loop
from gridpact.kernel.rooms import Room
from gridpact.market.clearing.mechanisms import MECHANISMS
from gridpact.market.gates import day_ahead
from gridpact.market.handlers import Market
from gridpact.market.listing import book_of
from gridpact.market.messages import (
    BlocksDue,
    CancelOrder,
    OrderAccepted,
    OrderCancelled,
    OrdersClosed,
    OrdersPlaced,
    OrdersRefused,
    PlaceOrder,
    PricesPublished,
    PricesRequested,
    SessionCleared,
)
from gridpact.market.orders import Orders, PlacedOrder, Side
from gridpact.metering.messages import DayMetered
from gridpact.registry.messages import CommunityOpened, StandingChanged
from gridpact.registry.model import MarketRules, TradingRules, free_trading

NAMES = [*sorted(MECHANISMS), "uniform-price within limits"]
EVERY = pytest.mark.parametrize("name", NAMES)
DAY = date(2026, 6, 15)


def at(hour, minute=0, day=14):
    return int(datetime(2026, 6, day, hour, minute, tzinfo=ZoneInfo("Europe/Berlin")).timestamp())


@pytest.fixture(scope="module")
def town(small_community):
    def made(name):
        rules = TradingRules(
            name.partition(" ")[0],
            buyer_fee_micro_per_kwh=1_000,
            distance_fee_micro_per_kwh=2_000 if name == "preference" else 0,
            grid_limits=" " in name,
            lowest_rating_ppm=100_000,
        )
        trading = msgspec.structs.replace(
            free_trading(4),
            collateral_nano=np.array([200_000_000, -1, 10**12, -1]),
            near_micro_per_kwh=np.array([0, 3_000, 0, 0]),
        )
        market = MarketRules(
            *(46_800, (21_600, 43_200), 1800, -500_000, 4_000_000),
            opens_s=3 * 3600,
            day_ahead=rules,
            intraday=rules,
        )
        zones = ((-1, -1, -1), (0, 400, 400))
        zone = np.array([0, 0, 1, 1])
        return small_community(4, zones, market=market, trading=trading, zone=zone)

    return made


def inputs(community, name, settled_day):
    """What happens from outside, with its instants."""
    rng = np.random.default_rng(int.from_bytes(hashlib.sha256(name.encode()).digest()[:4]))
    first, noon = f"{DAY}.day-ahead", f"{DAY}.intraday-1200"
    window, forever = community.calendar.day(DAY), at(23, day=15)

    def order(session, key, who, side, wh, limit, slot, **says):
        start = window.start + slot * window.step
        placed = PlacedOrder(key, f"m{who:03}", side, start, wh, limit, **says)
        return PlaceOrder(session=session, order=placed)

    def agents(session, count):
        table = [
            rng.integers(0, 4, count),
            rng.integers(0, 8, count),
            rng.choice([1, -1], count),
            rng.integers(1, 200, count),
            rng.integers(50, 150, count) * 1000,
        ]
        orders = Orders(np.arange(count, dtype=np.int64), *table)
        return OrdersPlaced(session=session, orders=orders)

    def cancel(session, key, who):
        return CancelOrder(session=session, participant=f"m{who:03}", key=key)

    buy, sell = Side.BUY, Side.SELL
    block = {"slots": 3, "minimum_ppm": 300_000} if name == "block-orders" else {}
    none = np.zeros((4, window.count), np.int64)
    metered = DayMetered(
        day=str(DAY), slots=window, withdrawal_wh=none, injection_wh=none + 40,
        estimated=none > 0, method="none",
    )  # fmt: skip
    opening = CommunityOpened(community=community, seed=1, first_day=str(DAY), gridpact="test")
    return [
        (opening, day_ahead(community.market, community.calendar, DAY).gate - 3 * 3600),
        (order(first, "a", 0, buy, 900, 120_000, 60, valid_until=forever), at(10, 5)),
        (agents(first, 30), at(10, 6)),
        (order(first, "b", 1, sell, 300, 149_000, 60), at(10, 7)),
        (order(first, "c", 2, sell, 250, 80_000, 60, valid_until=at(10, 30)), at(10, 8)),
        (settled_day("2026-06-01"), at(10, 15)),
        (order(first, "d", 3, buy, 40, 150_000, 2, **block), at(10, 20)),
        (
            order(first, "e", 3, buy, 50, 150_000, 3, **block, group="g" if block else ""),
            at(10, 21),
        ),
        (agents(first, 12), at(10, 40)),
        (order(first, "a", 0, buy, 900, 120_000, 60, valid_until=forever), at(11)),
        (order(first, "a", 0, buy, 901, 120_000, 60), at(11, 1)),
        (cancel(first, "b", 1), at(11, 2)),
        (cancel(first, "b", 1), at(11, 3)),
        (cancel(first, "zz", 1), at(11, 4)),
        (order(first, "f", 1, sell, 100, 70_000, 3, valid_until=forever), at(11, 5)),
        (settled_day("2026-06-02"), at(11, 30)),
        (StandingChanged(participant="m003", suspended=True, reason="late"), at(12)),
        (order(first, "g", 3, buy, 40, 150_000, 2), at(12, 1)),
        (StandingChanged(participant="m003", suspended=False, reason="paid"), at(12, 2)),
        (order(first, "g", 3, buy, 40, 150_000, 2, **block), at(12, 3)),
        (order(first, "late", 3, buy, 40, 150_000, 2), at(14)),
        (settled_day("2026-06-03"), at(15)),
        (agents(noon, 20), at(10, day=15)),
        (order(noon, "h", 2, sell, 700, 60_000, 60, valid_until=forever), at(10, 1, day=15)),
        (cancel(noon, "a", 0), at(10, 2, day=15)),
        (metered, at(2, day=16)),
        (settled_day(str(DAY)), at(2, 1, day=16)),
        (order(f"{DAY}.day-ahead", "z", 0, buy, 1, 1, 1), at(3, day=16)),
    ]


def publish(state, message):
    spot = np.full(message.slots.count, 100_000)
    return [PricesPublished(day=message.day, slots=message.slots, spot_micro_per_kwh=spot)]


class Killed(BaseException):
    """Stands for the end of the process."""


class Mortal(Journal):
    """A journal whose process ends before a given write."""

    left = 10**9

    def _write(self, statement, values):
        if self.left == 0:
            raise Killed
        self.left -= 1
        super()._write(statement, values)


def go(community, journal, wanted, *, from_snapshot=True):
    """Build, recover and run to the last input, which is refused."""
    outside = Room("outside", {}, {}, {PricesRequested: publish})
    loop = Loop((Market(community).room(), outside), VOCABULARY, journal)
    loop.recover(from_snapshot=from_snapshot)
    known = {row.body for row in journal.rows() if row.origin is Origin.INPUT}
    met = {}
    for message, instant in wanted:
        body = encode(message)
        met[body] = met.get(body, 0) + 1
        told = sum(row.body == body for row in journal.rows() if row.origin is Origin.INPUT)
        if body not in known or met[body] > told:
            loop.submit(message, instant)
    end = wanted[-1][0]
    if encode(end) not in known:
        loop.run(lambda message: message == end if isinstance(message, PlaceOrder) else False)
    return list(journal.rows()), journal.head, loop.state_hash()


@EVERY
def test_resumed_after_an_end_at_any_write(name, town, settled_day, tmp_path):
    community = town(name)
    wanted = inputs(community, name, settled_day)
    whole = go(community, Journal(":memory:"), wanted)
    end, stride = len(whole[0]), 1 + len(whole[0]) // 7
    for number, writes in enumerate(range(1, end, stride)):
        path = tmp_path / f"{writes}.db"
        journal = Mortal(path)
        journal.left = writes
        with pytest.raises(Killed):
            go(community, journal, wanted)
        journal.close()
        again = Journal(path)
        assert go(community, again, wanted, from_snapshot=number % 2 == 0) == whole
        again.close()


@EVERY
def test_a_record_is_replayed_from_its_beginning_and_its_books_are_found(name, town, settled_day):
    community, codec = town(name), Codec(VOCABULARY)
    journal = Journal(":memory:")
    rows, _, state = go(community, journal, inputs(community, name, settled_day))
    outside = Room("outside", {}, {}, {PricesRequested: publish})
    loop = Loop((Market(community).room(), outside), VOCABULARY, journal)
    loop.recover(from_snapshot=False)
    assert loop.state_hash() == state
    messages = [(codec.decode(row.body), row.time) for row in rows]
    for message, _ in messages:
        if isinstance(message, SessionCleared):
            book = book_of(community, messages, message.session.id)
            assert book.slots == message.session.window
            offered = book.orders.quantity_wh[book.orders.side < 0].sum()
            assert offered == message.offered_wh.sum() or name == "block-orders"
    assert book_of(community, messages, "2026-06-19.day-ahead") is None
    journal.close()


@EVERY
def test_the_days_above_have_something_of_everything(name, town, settled_day):
    community, codec = town(name), Codec(VOCABULARY)
    journal = Journal(":memory:")
    rows, _, _ = go(community, journal, inputs(community, name, settled_day))
    journal.close()
    messages = [codec.decode(row.body) for row in rows]

    def all_of(kind):
        return [message for message in messages if isinstance(message, kind)]

    accepted = all_of(OrderAccepted)
    assert len({each.session for each in accepted if each.key == "a"}) > 1, "carried"
    assert all_of(OrderCancelled)
    assert all_of(OrdersClosed)
    told = ", ".join(reason for each in all_of(OrdersRefused) for reason in each.reasons)
    reasons = set(told.split(", "))
    assert {"duplicate", "suspended", "unknown_order", "gate_closed"} <= reasons
    assert any(each.traded.any() for each in all_of(SessionCleared))
    assert bool(all_of(BlocksDue)) == (name == "block-orders")
