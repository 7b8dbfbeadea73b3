"""Forwards, swings and subscriptions against plain calculations over random data."""

from decimal import ROUND_HALF_EVEN, Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.base.errors import MissingSeries
from gridpact.base.slots import Slots
from gridpact.contracts.cashflows import cashflows
from gridpact.contracts.errors import IllFormed
from gridpact.contracts.evaluate import Known
from gridpact.contracts.needs import needs
from gridpact.contracts.obligations import obligations
from gridpact.contracts.observables import Const, Series
from gridpact.contracts.products.forward import indexed_forward
from gridpact.contracts.products.option import (
    OptionTerms,
    call,
    call_option,
    put,
    put_option,
)
from gridpact.contracts.products.subscription import subscription
from gridpact.contracts.products.swing import swing, swing_put, swing_with_minimum_take
from gridpact.contracts.times import Between

PRICE, DAY = "micro/kWh", "day@UTC"
HOURS = Slots(1_781_481_600, 3600, 48)  # 2026-06-15 and 16, UTC
MONEY = ("bakery", "solar-park", "EUR")
decisions = st.lists(st.integers(0, 1), min_size=48, max_size=48)
prices = st.integers(-500_000, 4_000_000)


def eur_per_mwh(number):
    return Const(number * 1000, PRICE)


def settle(contract, **world):
    arrays = {name.replace("__", ":"): np.array(row) for name, row in world.items()}
    return {key: row.tolist() for key, row in cashflows(contract, arrays, HOURS).items()}


def rounded(value):
    return int(value.quantize(Decimal(1), ROUND_HALF_EVEN))


@settings(deadline=None, max_examples=60)
@given(
    formula=st.fixed_dictionaries(
        {
            "base": prices,
            "index_share": st.integers(0, 3_000_000),
            "threshold": st.integers(270_000, 300_000),
            "per_kelvin": st.integers(0, 5_000),
            "floor": st.integers(-100_000, 100_000),
            "cap": st.integers(100_000, 300_000),
        }
    ),
    index=st.lists(prices, min_size=48, max_size=48),
    temperature=st.lists(st.integers(250_000, 310_000), min_size=48, max_size=48),
)
def test_an_indexed_price_is_clipped_and_rounds_each_product_once(formula, index, temperature):
    units = {"index_share": "ppm", "threshold": "mK"}
    contract = indexed_forward(
        "solar-park",
        "bakery",
        Const(1500, "Wh"),
        Between(HOURS.start + 3600, HOURS.end),
        index=Series("index", PRICE),
        temperature=Series("temperature", "mK"),
        currency="EUR",
        **{name: Const(value, units.get(name, PRICE)) for name, value in formula.items()},
    )
    paid = settle(contract, index=index, temperature=temperature)[(*MONEY, "forward")]
    expected = [0]
    for level, at in zip(index[1:], temperature[1:], strict=True):
        kelvin = Decimal(max(formula["threshold"] - at, 0)) / 1000
        price = formula["base"] + rounded(Decimal(level) * formula["index_share"] / 10**6)
        price += rounded(kelvin * formula["per_kelvin"])
        clipped = int(np.clip(price, formula["floor"], formula["cap"]))
        expected.append(1500 * clipped)
    assert paid == expected


def test_an_index_is_needed_in_its_window_and_only_there():
    contract = indexed_forward(
        "solar-park",
        "bakery",
        Const(1500, "Wh"),
        Between(HOURS.start, HOURS.start + 7200),
        base=eur_per_mwh(30),
        index=Series("index", PRICE),
        index_share=Const(400_000, "ppm"),
        temperature=Series("temperature", "mK"),
        threshold=Const(288_150, "mK"),
        per_kelvin=Const(500, PRICE),
        floor=eur_per_mwh(0),
        cap=eur_per_mwh(100),
        currency="EUR",
    )
    known = np.arange(48) < 2
    world = {
        "index": Known(np.full(48, 50_000), known),
        "temperature": Known(np.full(48, 290_000), known),
    }
    (paid,) = cashflows(contract, world, HOURS).values()
    assert paid.tolist() == [75_000_000] * 2 + [0] * 46  # 1.5 kWh × (30 + 20) EUR/MWh
    world["index"] = Known(np.full(48, 50_000), np.arange(48) < 1)
    with pytest.raises(MissingSeries) as caught:
        cashflows(contract, world, HOURS)
    assert (caught.value.name, caught.value.slots) == ("index", (HOURS.start + 3600,))


SWING = {
    "holder": "bakery",
    "writer": "solar-park",
    "quantity": Series("volume", "Wh"),
    "strike": Series("strike", PRICE),
    "premium": Const(7, "nano"),
    "period": DAY,
    "notice": 7200,
    "currency": "EUR",
}


def first_decisions(chosen, limit):
    """The decisions that count, walked day by day."""
    counted = []
    for day in (chosen[:24], chosen[24:]):
        left = limit
        for decided in day:
            counted.append(decided and int(left > 0))
            left -= decided
    return counted


@settings(deadline=None, max_examples=60)
@given(
    chosen=decisions,
    limit=st.integers(0, 26),
    volume=st.lists(st.integers(0, 10**6), min_size=48, max_size=48),
    strike=st.lists(prices, min_size=48, max_size=48),
    least=st.integers(0, 10**7),
)
def test_a_swing_counts_the_first_decisions_of_each_day(chosen, limit, volume, strike, least):
    world = {"choice__exercise": chosen, "volume": volume, "strike": strike}
    counted = first_decisions(chosen, limit)
    taken = [on * wh for on, wh in zip(counted, volume, strict=True)]
    paid = settle(swing(limit=limit, **SWING), **world)
    assert paid[(*MONEY, "exercise")] == [
        wh * price for wh, price in zip(taken, strike, strict=True)
    ]
    assert paid[(*MONEY, "premium")] == [7] * 48
    contract = swing_with_minimum_take(
        limit=limit,
        minimum_take=Const(least, "Wh"),
        shortfall_price=eur_per_mwh(50),
        **SWING,
    )
    more = settle(contract, **world)
    owed = [0] * 48
    for day in (0, 1):
        missing = max(least - sum(taken[24 * day : 24 * day + 24]), 0)
        owed[24 * day + 23] = missing * 50_000
    assert more.pop((*MONEY, "shortfall")) == owed
    assert more == paid


def test_an_open_swing_right_is_bounded_by_its_volume_and_belongs_to_the_holder():
    contract = swing(limit=2, **SWING)
    (choice,) = needs(contract).choices
    assert (choice.by, choice.notice_s) == ("bakery", 7200)
    (delivery,) = obligations(contract, {"volume": np.full(48, 900)}, HOURS)
    assert (delivery.giver, delivery.taker) == ("solar-park", "bakery")
    assert (delivery.low.tolist(), delivery.high.tolist()) == ([0] * 48, [900] * 48)


@settings(deadline=None, max_examples=30)
@given(
    chosen=decisions,
    limit=st.integers(0, 26),
    volume=st.lists(st.integers(0, 10**6), min_size=48, max_size=48),
)
def test_a_swing_put_sells_in_the_first_decisions_of_each_day(chosen, limit, volume):
    contract = swing_put(limit=limit, **(SWING | {"strike": eur_per_mwh(60)}))
    flows = settle(contract, choice__exercise=chosen, volume=volume)
    counted = first_decisions(chosen, limit)
    assert flows == {
        ("solar-park", "bakery", "EUR", "exercise"): [
            60_000 * on * wh for on, wh in zip(counted, volume, strict=True)
        ],
        (*MONEY, "premium"): [7] * 48,
    }


@pytest.mark.parametrize("right", [swing, swing_put])
def test_a_negative_limit_is_refused(right):
    with pytest.raises(IllFormed, match="negative"):
        right(limit=-1, **SWING)


@settings(deadline=None, max_examples=30)
@given(chosen=decisions, strike=st.lists(prices, min_size=48, max_size=48))
def test_a_swing_without_a_binding_limit_is_a_call(chosen, strike):
    world = {"choice__exercise": chosen, "volume": [500] * 48, "strike": strike}
    plain = {name: term for name, term in SWING.items() if name != "period"}
    assert settle(swing(limit=24, **SWING), **world) == settle(call_option(**plain), **world)


@pytest.mark.parametrize(("by_name", "whole"), [(call_option, call), (put_option, put)])
def test_options_by_name_are_the_options(by_name, whole):
    terms = OptionTerms(Const(5, "Wh"), eur_per_mwh(1), Const(2, "nano"), 60, "CHF", "summer")
    assert whole(terms, "w", "h") == by_name(
        holder="h",
        writer="w",
        quantity=Const(5, "Wh"),
        strike=eur_per_mwh(1),
        premium=Const(2, "nano"),
        notice=60,
        currency="CHF",
        label="summer",
    )


@settings(deadline=None, max_examples=30)
@given(
    load=st.lists(st.integers(0, 10**5), min_size=48, max_size=48),
    spot=st.lists(prices, min_size=48, max_size=48),
    fee=st.integers(0, 10**11),
)
def test_a_subscriber_pays_spot_for_the_load_and_a_difference_for_the_profile(load, spot, fee):
    """Another decomposition of the same bill: load at spot plus profile at (price − spot)."""
    contract = subscription(
        "bakery",
        "supplier",
        Const(4000, "Wh"),
        eur_per_mwh(90),
        Series("load", "Wh"),
        Series("spot", PRICE),
        Const(fee, "nano"),
        DAY,
        "EUR",
    )
    flows = settle(contract, load=load, spot=spot)
    assert {key[:3] for key in flows} == {("bakery", "supplier", "EUR")}
    bill = [sum(cells) for cells in zip(*flows.values(), strict=True)]
    assert bill == [
        wh * price + 4000 * (90_000 - price) + (fee if slot in (23, 47) else 0)
        for slot, (wh, price) in enumerate(zip(load, spot, strict=True))
    ]
