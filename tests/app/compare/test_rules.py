"""One market under several mechanisms: fees stay, and what is not read goes."""

import msgspec
import pytest

from gridpact.app.compare.rules import both_under, under, variants
from gridpact.market.clearing.mechanisms import MECHANISMS
from gridpact.market.terms import terms_of
from gridpact.registry.model import MarketRules, TradingRules

SAID = TradingRules(
    mechanism="preference",
    k_ppm=300_000,
    ties="time",
    buyer_fee_micro_per_kwh=2000,
    seller_fee_micro_per_kwh=1000,
    distance_fee_micro_per_kwh=500,
    grid_limits=True,
    lowest_rating_ppm=10,
    lowest_micro_per_kwh=-5,
    highest_micro_per_kwh=7,
)
RULES = MarketRules(46_800, (), 1800, -10, 10)


@pytest.mark.parametrize("name", MECHANISMS)
def test_what_a_mechanism_does_not_read_is_as_if_never_said(name):
    found = under(SAID, name)
    options = MECHANISMS[name].options
    assert found.mechanism == name
    assert found.k_ppm == (300_000 if "k_ppm" in options else 500_000)
    assert found.ties == ("time" if "ties" in options else "pro-rata")
    assert found.distance_fee_micro_per_kwh == (500 if name == "preference" else 0)
    assert found.grid_limits == (name == "uniform-price")
    for kept in ("buyer_fee", "seller_fee", "lowest", "highest"):
        assert getattr(found, f"{kept}_micro_per_kwh") == getattr(SAID, f"{kept}_micro_per_kwh")
    terms_of(RULES, found)  # which refuses rules that no market can have


def test_rules_in_force_are_named_once():
    found = variants(both_under(RULES, "continuous"), ["uniform-price", "continuous"])
    assert [(each.name, each.recorded) for each in found] == [
        ("uniform-price", False),
        ("continuous", True),
    ]


def test_rules_of_two_mechanisms_stand_first():
    mixed = msgspec.structs.replace(RULES, intraday=TradingRules(mechanism="pay-as-bid"))
    found = variants(mixed, ["uniform-price"])
    assert [(each.name, each.recorded) for each in found] == [
        ("uniform-price / pay-as-bid", True),
        ("uniform-price", False),
    ]
    assert found[0].rules == mixed
