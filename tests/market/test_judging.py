"""Every reason for refusing a person's order, alone and together, and what is said about it."""

import msgspec
import numpy as np
import pytest

from gridpact.kernel.codec import encode
from gridpact.market.case import Case
from gridpact.market.explanations import explain
from gridpact.market.judging import judge, reasons
from gridpact.market.messages import OrdersRefused
from gridpact.market.orders import LARGEST_ORDER_WH, Refusal, Side
from gridpact.market.ratings import no_history
from gridpact.market.terms import Venue, terms_of
from gridpact.metering.messages import DayMetered
from gridpact.registry.model import MarketRules, TradingRules, free_trading

PREFERENCE = TradingRules("preference", lowest_micro_per_kwh=0, highest_micro_per_kwh=900_000)
DAY_GATES = (46_800, (21_600, 43_200), 1800, -500_000, 4_000_000)


def terms(members=3, **columns):
    values = {name: np.array(column) for name, column in columns.items()}
    return msgspec.structs.replace(free_trading(members), **values)


@pytest.fixture
def house(floor, small_community):
    def made(rules=None, later=None, opens_s=900, **other):
        rules = rules or TradingRules()
        market = MarketRules(*DAY_GATES, opens_s=opens_s, day_ahead=rules, intraday=later or rules)
        zones = ((-1, -1, -1), (0, -1, -1))
        places = {"zone": np.array([0, 1, 1])}
        return floor(small_community(3, zones, market=market, **places, **other)).open()

    return made


def refusal_of(house, **says):
    """What is said of an order that is sound but for what is said otherwise."""
    sound = {"key": "k", "who": "m000", "side": Side.BUY, "wh": 100, "limit": 100_000}
    order = house.order(**(sound | says))
    frozen = encode(house.state)
    found = judge(order, house.first.id, house.state, house.community, house.now)
    assert encode(house.state) == frozen
    return found


def test_a_sound_order_has_nothing_against_it(house):
    assert refusal_of(house()) == ()


@pytest.mark.parametrize(
    ("says", "reason"),
    [
        ({"slot": 96}, Refusal.UNKNOWN_SLOT),
        ({"slot": -1}, Refusal.UNKNOWN_SLOT),
        ({"who": "stranger"}, Refusal.NOT_AUTHORISED),
        ({"who": "dso"}, Refusal.NOT_AUTHORISED),
        ({"wh": 0}, Refusal.QUANTITY),
        ({"wh": -3}, Refusal.QUANTITY),
        ({"wh": LARGEST_ORDER_WH + 1}, Refusal.QUANTITY),
        ({"wh": 2**70}, Refusal.QUANTITY),
        ({"limit": 4_000_001}, Refusal.PRICE_LIMIT),
        ({"limit": -(2**70)}, Refusal.PRICE_LIMIT),
        ({"location": "zone-001"}, Refusal.UNKNOWN_LOCATION),
        ({"location": "nowhere"}, Refusal.UNKNOWN_LOCATION),
        ({"valid_until": 1}, Refusal.VALIDITY),
        ({"valid_until": -1}, Refusal.VALIDITY),
        ({"slots": 2}, Refusal.BLOCK),
        ({"group": "g"}, Refusal.BLOCK),
        ({"green": True}, Refusal.ATTRIBUTE),
        ({"near_micro_per_kwh": 0}, Refusal.ATTRIBUTE),
        ({"partner": "m001"}, Refusal.ATTRIBUTE),
    ],
)
def test_one_reason(house, says, reason):
    home = house()
    assert refusal_of(home, **says) == (reason,)
    order = home.order(**({"key": "k", "who": "m000", "side": Side.BUY, "wh": 100} | says))
    text = explain(reason, order, home.first.id, home.community)
    assert len(text) > 30
    assert ";" in text or ":" in text, "what is wrong, and what to do"


def test_each_market_says_how_large_an_order_may_be(house):
    home = house(TradingRules(largest_order_wh=2500), TradingRules())
    assert refusal_of(home, wh=2500) == ()
    assert refusal_of(home, wh=2501) == (Refusal.QUANTITY,)
    order = home.order("k", "m000", Side.BUY, 2501)
    told = explain(Refusal.QUANTITY, order, home.first.id, home.community)
    assert told == ("2,501 Wh is no quantity that can be ordered in a slot; order 1 to 2,500 Wh")
    home.open(1)
    later = home.order("k", "m000", Side.BUY, 2501, at=1)
    assert judge(later, home.sessions[1].id, home.state, home.community, home.now) == ()


def test_agents_orders_are_held_to_the_largest_too(house):
    home = house(TradingRules(largest_order_wh=2500))
    rows = [(0, 0, Side.BUY, 2500, 100_000), (1, 0, Side.SELL, 2501, 100_000)]
    told = home.columns(rows)
    refused = next(each for each in told if isinstance(each, OrdersRefused))
    assert (refused.keys, refused.reasons) == (("1",), ("quantity",))
    assert home.book().orders.quantity_wh.tolist() == [2500]


def test_what_is_left_of_an_order_is_held_to_the_next_market(house):
    """Judged again, an order that goes on is as large as what is left of it."""
    home = house(TradingRules(), TradingRules(largest_order_wh=300)).open(1)
    order = home.order("k", "m000", Side.BUY, 1000, at=1)
    name = home.sessions[1].id
    for left, expected in ((300, ()), (301, (Refusal.QUANTITY,))):
        case = Case(order, name, home.state, Venue(home.community), home.now, left)
        assert reasons(case) == expected


@pytest.mark.parametrize("largest", [0, -1, LARGEST_ORDER_WH + 1])
def test_a_largest_order_that_no_market_can_have(largest):
    rules = MarketRules(*DAY_GATES)
    with pytest.raises(ValueError, match="largest order"):
        terms_of(rules, TradingRules(largest_order_wh=largest))


@pytest.mark.parametrize(
    ("says", "reason"),
    [
        ({"partner": "m000"}, Refusal.UNKNOWN_PARTNER),
        ({"partner": "stranger"}, Refusal.UNKNOWN_PARTNER),
        ({"green_micro_per_kwh": -2}, Refusal.ATTRIBUTE),
        ({"green_micro_per_kwh": 900_001}, Refusal.ATTRIBUTE),
        ({"limit": 900_001}, Refusal.PRICE_LIMIT),
        ({"limit": -1}, Refusal.PRICE_LIMIT),
    ],
)
def test_what_a_market_with_preferences_refuses(house, says, reason):
    home = house(PREFERENCE)
    assert refusal_of(home, **says) == (reason,)
    fine = {"partner": "m001", "green_micro_per_kwh": 900_000, "near_micro_per_kwh": 0}
    assert refusal_of(home, **fine, location="zone-000") == ()


@pytest.mark.parametrize(
    "says",
    [
        {"slots": 2, "minimum_ppm": -1},
        {"slots": 2, "minimum_ppm": 1_000_001},
        {"slots": 0},
        {"slots": 2, "parent": "unknown"},
        {"parent": "hourly"},
        {"parent": "others"},
        {"parent": "gone"},
        {"parent": "k"},
    ],
)
def test_bad_links_of_blocks(house, says):
    home = house(TradingRules("block-orders"))
    home.buy("hourly", "m000", 5)
    home.buy("others", "m001", 5, slots=3)
    home.buy("mine", "m000", 5, slots=3)
    home.buy("gone", "m000", 5, slots=3)
    home.cancel("gone", "m000")
    assert refusal_of(home, parent="mine", slots=2, minimum_ppm=0) == ()
    assert refusal_of(home, **says) == (Refusal.BLOCK,)


def test_a_block_must_lie_in_its_session_with_all_its_slots(house):
    home = house(TradingRules("block-orders"))
    assert refusal_of(home, slot=90, slots=6) == ()
    assert refusal_of(home, slot=90, slots=7) == (Refusal.UNKNOWN_SLOT,)


def test_volume_counts_what_is_on_order_in_all_open_sessions(house):
    trading = terms(buy_limit_wh=[1000, -1, -1], sell_limit_wh=[0, -1, -1])
    home = house(TradingRules("block-orders"), trading=trading).open(1)
    slot = home.sessions[1].window.start - home.first.window.start
    slot //= home.first.window.step
    home.buy("a", "m000", 300, slot=slot)
    home.buy("b", "m000", 300, slot=slot - 1, slots=2)
    home.buy("c", "m000", 300, at=1)
    assert refusal_of(home, slot=slot, wh=100) == ()
    assert refusal_of(home, slot=slot, wh=101) == (Refusal.VOLUME_LIMIT,)
    assert refusal_of(home, slot=slot - 1, wh=700) == ()
    assert refusal_of(home, slot=slot - 2, slots=3, wh=101) == (Refusal.VOLUME_LIMIT,)
    assert refusal_of(home, side=Side.SELL, wh=1) == (Refusal.VOLUME_LIMIT,)
    assert refusal_of(home, who="m001", slot=slot, wh=10**6) == ()
    home.cancel("c", "m000", at=1)
    assert refusal_of(home, slot=slot, wh=400) == ()


def test_who_may_not_trade(house):
    home = house(trading=terms(authorised=[False, True, True]))
    assert refusal_of(home) == (Refusal.NOT_AUTHORISED,)
    home.suspend("m000")
    home.suspend("m001")
    assert refusal_of(home) == (Refusal.NOT_AUTHORISED, Refusal.SUSPENDED)
    assert refusal_of(home, who="m001") == (Refusal.SUSPENDED,)
    home.suspend("m001", suspended=False)
    assert refusal_of(home, who="m001") == ()


def test_a_market_may_ask_for_a_rating(house):
    home = house(TradingRules(lowest_rating_ppm=500_000), TradingRules(lowest_rating_ppm=400_000))
    assert refusal_of(home) == (), "a newcomer is rated one half"
    column = np.array([4, 4, 0])
    history = msgspec.structs.replace(
        no_history(3), commitments=column, agreed_wh=column * 10, kept=np.array([0, 4, 0])
    )
    home.state = msgspec.structs.replace(home.state, history=history)
    assert refusal_of(home) == (Refusal.RATING,)
    assert refusal_of(home, who="m001") == ()
    assert home.state.history is not None


def test_without_a_lowest_rating_no_history_is_kept(house):
    assert house().state.history is None


def test_a_key_names_one_order_among_all_open_sessions(house):
    home = house().open(1)
    home.buy("k", "m000", 100)
    assert refusal_of(home) == (), "the same order again"
    assert refusal_of(home, wh=101) == (Refusal.DUPLICATE,)
    assert refusal_of(home, valid_until=home.now + 5) == (Refusal.DUPLICATE,)
    assert refusal_of(home, who="m001") == ()
    told = home.buy("k", "m000", 100, at=1)
    assert told[0].reasons == ("duplicate",)
    home.cancel("k", "m000")
    assert refusal_of(home) == (Refusal.DUPLICATE,), "a cancelled key is not used again"


def test_a_book_that_is_full_for_its_mechanism(house):
    home = house(PREFERENCE)
    home.columns([(row % 3, 0, 1, 5, 100) for row in range(1000)])
    assert refusal_of(home) == (Refusal.BOOK_FULL,)
    assert refusal_of(home, slot=1) == ()
    (refused,) = home.columns([(0, 0, 1, 5, 100), (0, 1, 1, 5, 100)])
    assert refused.keys == ("0",)
    assert refused.reasons == ("book_full",)


def test_a_book_of_blocks_keeps_within_what_its_solver_can_tell_apart(house):
    home = house(TradingRules("block-orders"))
    most = 2**53 // 4_500_000
    home.buy("a", "m000", 10**9 // 2, slots=2)
    home.buy("b", "m001", 10**9)
    home.buy("c", "m001", most - 2 * 10**9 - 100)
    assert refusal_of(home, wh=100) == ()
    assert refusal_of(home, wh=51, slots=2) == (Refusal.BOOK_FULL,)
    home.sell("d", "m002", 100)
    (refused,) = home.columns([(0, 0, 1, 5, 100)])
    assert refused.reasons == ("book_full",)
    cleared = home.cleared()
    assert cleared.proven
    assert cleared.bought_wh.sum() == 100


def test_all_reasons_are_told_by_rising_code(house, reasons_of):
    home = house()
    everything = {
        "location": "nowhere",
        "partner": "stranger",
        "valid_until": 5,
        "slots": 7,
        "slot": 95,
        "limit": 10**9,
    }
    told = home.buy("k", "stranger", 0, **everything)
    assert reasons_of(told) == (
        "unknown_slot, not_authorised, quantity, price_limit, unknown_location, unknown_partner, "
        "validity, block, attribute"
    )
    assert not home.book().keys


def test_a_session_that_is_over_is_judged_by_its_rules_all_the_same(house, reasons_of):
    home = house(PREFERENCE, TradingRules())
    home.gate()
    assert reasons_of(home.buy("k", "m000", 0, limit=10**6)) == (
        "gate_closed, quantity, price_limit"
    )
    order = home.order("k", "m000", Side.BUY, 1)
    for name in ("nonsense", "9999-99-99.day-ahead", "2026-06-15.intraday-0700"):
        found = judge(order, name, home.state, home.community, home.now)
        assert found == (Refusal.GATE_CLOSED,)
        assert name in explain(Refusal.GATE_CLOSED, order, name, home.community)


def test_a_closed_gate_is_explained_with_the_time_by_the_communitys_clock(house):
    home = house()
    order = home.order("k", "m000", Side.BUY, 1)
    text = explain(Refusal.GATE_CLOSED, order, home.first.id, home.community)
    assert text == (
        "2026-06-15.day-ahead takes orders from 2026-06-14T12:45 until its gate closes at"
        " 2026-06-14T13:00"
    )


def test_every_refusal_of_an_order_has_a_text(house):
    home = house(PREFERENCE, trading=terms(collateral_nano=[5, -1, -1]))
    later = (Refusal.NONE, Refusal.UNKNOWN_ORDER, Refusal.ALREADY_TRADED)
    order = home.order("k", "m000", Side.BUY, 100, slots=-1, valid_until=2**80, parent="p")
    texts = [
        explain(each, order, home.first.id, home.community) for each in Refusal if each not in later
    ]
    assert len(set(texts)) == len(texts) == 16
    assert all(text and not text.endswith(".") for text in texts)


def test_who_does_not_deliver_loses_its_place_until_it_delivers_again(house):
    rules = TradingRules(lowest_rating_ppm=450_000)
    home = house(rules, opens_s=86_400)
    home.columns([(0, 0, 1, 100, 100_000), (1, 0, -1, 100, 100_000)])
    home.gate()
    window, days = home.first.window, [str(home.first.day)]
    took = np.zeros((3, window.count), np.int64)
    took[0, 0] = 100  # the buyer takes its energy, the seller delivers nothing
    home.tell(metered(days[0], window, took))
    assert home.state.history.kept.tolist() == [1, 0, 0]
    home.open(1)
    order = home.order("k", "m001", Side.SELL, 5, at=1)
    found = judge(order, home.sessions[1].id, home.state, home.community, home.now)
    assert found == (Refusal.RATING,)
    (refused,) = home.columns([(1, 0, -1, 5, 0), (0, 0, 1, 5, 0)], at=1)
    assert (refused.keys, refused.reasons) == (("0",), ("rating",))
    for _ in range(2):
        home.tell(metered(days[0], window, took * [[1], [0], [0]] - took[[1, 0, 2]]))
    assert judge(order, home.sessions[1].id, home.state, home.community, home.now) == ()


def metered(day, window, net):
    return DayMetered(
        day=day,
        slots=window,
        withdrawal_wh=np.maximum(net, 0),
        injection_wh=np.maximum(-net, 0),
        estimated=np.zeros(net.shape, bool),
        method="none",
    )
