"""Trading in a scenario: rules per market, terms per member, and nothing new where none is said."""

import msgspec
import numpy as np
import pytest

from gridpact.base.errors import BadInput
from gridpact.kernel.codec import decode, encode
from gridpact.market.clearing.mechanisms import MECHANISMS
from gridpact.market.orders import LARGEST_ORDER_WH
from gridpact.registry.model import MarketRules, TradingRules, TradingTerms, free_trading
from gridpact.simulation.scenarios import default_path, load
from gridpact.simulation.scenarios.build import community
from gridpact.simulation.scenarios.schema import schema

CHOSEN = """gridpact: 1
market:
  mechanism: pay-as-offer
  buyer_fee_ct_per_kwh: 0.2
  seller_fee_ct_per_kwh: 0.1
  lowest_price_ct_per_kwh: -10
  opens_minutes: 60
  day_ahead: {mechanism: uniform-price, grid_limits: true, highest_price_ct_per_kwh: 60}
  intraday: {mechanism: preference, k_percent: 40, distance_fee_ct_per_kwh: 0.5,
    buyer_fee_ct_per_kwh: 0, lowest_rating_percent: "12.5 %", lowest_price_ct_per_kwh: 0}
"""
TERMS = """gridpact: 1
members:
  - id: z
    market: {buy_limit_kwh: 5, collateral: 50.25}
  - id: a
    market: {authorised: false, sell_limit_kwh: 0}
  - id: m
    market:
      prefers: {green_ct_per_kwh: 2, partner: home-01, partner_ct_per_kwh: 1, near_ct_per_kwh: 0.5}
generate: {homes: 1}
"""


@pytest.fixture
def read(tmp_path):
    def reading(text, **overrides):
        path = tmp_path / "scenario.yaml"
        path.write_text(text, encoding="utf-8")
        return community(load(path, overrides=overrides))

    return reading


def problems(read, text):
    with pytest.raises(BadInput) as caught:
        read(text)
    return [(fault.where, fault.problem) for fault in caught.value.faults]


def test_the_schema_offers_every_mechanism_and_both_say_the_same_keys():
    definitions = schema()["$defs"]
    assert definitions["mechanism"]["enum"] == list(MECHANISMS)
    both, one = (definitions[name]["properties"] for name in ("market", "trading"))
    for key, part in one.items():
        stated = {name: both[key][name] for name in ("default",) if name in both[key]}
        assert {**part, **stated} == both[key], key


def test_each_market_has_its_own_rules_and_what_both_share(read):
    rules = read(CHOSEN).market
    assert rules.opens_s == 3600
    assert (rules.lowest_micro_per_kwh, rules.highest_micro_per_kwh) == (-100_000, 4_000_000)
    assert rules.day_ahead == TradingRules(
        mechanism="uniform-price",
        buyer_fee_micro_per_kwh=2000,
        seller_fee_micro_per_kwh=1000,
        grid_limits=True,
        highest_micro_per_kwh=600_000,
    )
    assert rules.intraday == TradingRules(
        mechanism="preference",
        k_ppm=400_000,
        seller_fee_micro_per_kwh=1000,
        distance_fee_micro_per_kwh=5000,
        lowest_rating_ppm=125_000,
        lowest_micro_per_kwh=0,
    )


def test_the_largest_order_is_that_of_each_market_or_of_both(read):
    text = "market: {largest_order_kwh: 2.5, intraday: {largest_order_kwh: 0.75}}\n"
    rules = read(f"gridpact: 1\n{text}").market
    assert rules.day_ahead == TradingRules(largest_order_wh=2500)
    assert rules.intraday == TradingRules(largest_order_wh=750)
    one = read("gridpact: 1\nmarket: {day_ahead: {largest_order_kwh: 1000000}}\n").market
    assert one.day_ahead == TradingRules(largest_order_wh=LARGEST_ORDER_WH)
    assert one.intraday == TradingRules()


def test_a_largest_order_that_is_not_said_leaves_no_trace(read):
    silent = encode(read("gridpact: 1\n").market)
    assert b"largest_order" not in silent
    assert decode(silent, MarketRules).intraday == TradingRules()
    said = read("gridpact: 1\nmarket: {largest_order_kwh: 2}\n").market
    assert encode(said).count(b"largest_order_wh") == 2
    assert decode(encode(said), MarketRules) == said


@pytest.mark.parametrize(
    ("text", "where", "problem"),
    [
        ("{largest_order_kwh: 0}", "market.", "0 is less than 0.001 kWh"),
        ("{largest_order_kwh: 1000001}", "market.", "1000001 is more than 1000000 kWh"),
        ("{intraday: {largest_order_kwh: -2}}", "market.intraday.", "-2 is negative"),
        (
            "{largest_order_kwh: 2 kWh}",
            "market.",
            "wrong unit: '2 kWh' is text; largest_order_kwh is a plain number of kWh",
        ),
    ],
)
def test_a_largest_order_that_no_market_can_have(read, text, where, problem):
    found = problems(read, f"gridpact: 1\nmarket: {text}\n")
    assert found == [(f"{where}largest_order_kwh", problem)]


def test_terms_stand_in_the_rows_of_the_members(read):
    members = read(TERMS).members
    assert members.ids == ("a", "home-01", "m", "z")
    terms = members.trading
    assert terms is not None
    found = {name: getattr(terms, name).tolist() for name in TradingTerms.__struct_fields__}
    assert found == {
        "authorised": [False, True, True, True],
        "buy_limit_wh": [-1, -1, -1, 5000],
        "sell_limit_wh": [0, -1, -1, -1],
        "collateral_nano": [-1, -1, -1, 50_250_000_000],
        "green_micro_per_kwh": [0, 0, 20_000, 0],
        "partner": [-1, -1, 1, -1],
        "partner_micro_per_kwh": [0, 0, 10_000, 0],
        "near_micro_per_kwh": [0, 0, 5000, 0],
    }
    for name in TradingTerms.__struct_fields__:
        assert getattr(terms, name).dtype == getattr(free_trading(1), name).dtype


def test_saying_what_holds_anyway_changes_no_byte(read):
    text = "gridpact: 1\nmembers: [{id: a}, {id: b}]\n"
    said = """gridpact: 1
market: {mechanism: uniform-price, opens_minutes: 15, grid_limits: false, day_ahead: {}}
members: [{id: a, market: {}}, {id: b, market: {authorised: true, prefers: {}}}]
"""
    assert encode(read(text)) == encode(read(said))


def test_a_community_without_these_keys_trades_as_it_always_did():
    built = community(load(default_path()))
    assert built.members.trading is None
    assert built.market.opens_s == 900
    assert built.market.day_ahead == built.market.intraday == TradingRules()


@pytest.mark.parametrize(
    "key", ["k_percent: 40", "distance_fee_ct_per_kwh: 1", "grid_limits: true"]
)
def test_a_rule_for_both_markets_is_read_by_one_of_them(read, key):
    text = f"gridpact: 1\nmarket: {{mechanism: continuous, {key}, intraday: {{mechanism: %s}}}}\n"
    reader = "uniform-price" if "grid" in key else "preference"
    read(text % reader)
    name = key.partition(":")[0]
    unread = f"{name} means nothing to continuous and pay-as-bid"
    assert problems(read, text % "pay-as-bid") == [(f"market.{name}", unread)]


def test_a_rule_that_both_markets_replace_is_not_read(read):
    own = "{mechanism: k-pricing, k_percent: 10}"
    text = f"market: {{k_percent: 40, day_ahead: {own}, intraday: {{mechanism: continuous}}}}\n"
    assert problems(read, f"gridpact: 1\n{text}")[0][0] == "market.k_percent"


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("{ties: time, grid_limits: true}", "market.ties"),
        ("{ties: time, intraday: {ties: pro-rata, grid_limits: true}}", ""),
        ("{grid_limits: true, day_ahead: {ties: time}}", "market.day_ahead.ties"),
    ],
)
def test_grid_limits_leave_no_choice_of_ties(read, text, where):
    text = f"gridpact: 1\nmarket: {text}\n"
    if where:
        assert where in [place for place, _ in problems(read, text)]
    else:
        assert read(text).market.day_ahead.ties == "time"


def test_price_limits_are_checked_together_with_what_they_inherit(read):
    text = "market: {lowest_price_ct_per_kwh: 20, intraday: {highest_price_ct_per_kwh: 20}}\n"
    where, problem = problems(read, f"gridpact: 1\n{text}")[0]
    assert where == "market.intraday.highest_price_ct_per_kwh"
    assert problem == "the lowest price 20 is not below the highest 20"


@pytest.mark.parametrize(("homes", "sound"), [(1000, True), (1001, False)])
def test_preference_matching_is_for_so_many_members(read, homes, sound):
    text = f"gridpact: 1\nmarket: {{mechanism: preference}}\ngenerate: {{homes: {homes}}}\n"
    if sound:
        assert len(read(text).members.ids) == homes
    else:
        assert [where for where, _ in problems(read, text)] == ["market.mechanism"]


def test_terms_survive_the_journal(read):
    built = read(TERMS)
    again = msgspec.msgpack.decode(msgspec.msgpack.encode(built.market), type=type(built.market))
    assert again == built.market
    assert built.members.trading is not None
    np.testing.assert_array_equal(built.members.trading.partner >= 0, [0, 0, 1, 0])
