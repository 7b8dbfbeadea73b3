"""Products against calculations by hand in exact fractions of a currency unit."""

from fractions import Fraction

import numpy as np
import pytest

from gridpact.base.slots import Slots
from gridpact.contracts.cashflows import cashflows
from gridpact.contracts.needs import needs
from gridpact.contracts.obligations import obligations
from gridpact.contracts.observables import Const, Profile, Series
from gridpact.contracts.products.imbalance import imbalance_settlement
from gridpact.contracts.products.network import NetworkFees, network_tariff
from gridpact.contracts.products.option import OptionTerms, call, put
from gridpact.contracts.products.ppa import virtual_ppa
from gridpact.contracts.products.sharing import sharing_key
from gridpact.contracts.products.spot import (
    buyer_fee,
    cleared_trades,
    grid_charge,
    matched_trades,
    seller_fee,
    spot_trade,
)
from gridpact.contracts.products.supplier import supplier_tariff
from gridpact.contracts.terms import give

SLOTS = Slots(0, 900, 3)
PRICE = "micro/kWh"


def settle(contract, **world):
    arrays = {name.replace("__", ":"): np.array(v, dtype=np.int64) for name, v in world.items()}
    return cashflows(contract, arrays, SLOTS)


def euros(kwh, per_kwh):
    """Amounts in nano-euros of kWh at euros per kWh, exactly."""
    found = [
        [Fraction(str(e)) * Fraction(str(p)) * 10**9 for e, p in zip(row, per_kwh, strict=True)]
        for row in kwh
    ]
    assert all(amount.denominator == 1 for row in found for amount in row)
    return [[int(amount) for amount in row] for row in found]


def test_spot_trade_settles_profiles_within_their_window():
    contract = spot_trade(
        Profile(900, 900, (1250, 333), "Wh"),
        Profile(0, 900, (99_000, 81_230, -5_000), PRICE),
        "m-2",
        "m-1",
        "EUR",
    )
    assert needs(contract).series == ()
    flows = settle(contract)
    assert {k: v.tolist() for k, v in flows.items()} == {
        ("m-1", "m-2", "EUR", "spot"): euros([[0, 1.25, 0.333]], [0.099, 0.08123, -0.005])[0]
    }
    (delivery,) = obligations(contract, {}, SLOTS)
    assert (delivery.giver, delivery.taker) == ("m-2", "m-1")
    assert delivery.low.tolist() == [0, 1250, 333]


def test_cleared_trades_of_many_members():
    flows = settle(
        cleared_trades("member", "operator", "EUR"),
        trade__bought=[[1000, 0, 5], [0, 0, 0]],
        trade__sold=[[0, 0, 0], [700, 0, 5]],
        trade__price=[120_000, 90_000, 60_001],
    )
    price = [0.12, 0.09, 0.060001]
    paid = flows[("member", "operator", "EUR", "spot")]
    received = flows[("operator", "member", "EUR", "spot")]
    assert paid.tolist() == euros([[1, 0, 0.005], [0, 0, 0]], price)
    assert received.tolist() == euros([[0, 0, 0], [0.7, 0, 0.005]], price)


def test_matched_trades_have_a_price_on_each_side_and_rows_add_up():
    """Two rows of one member: it buys at two prices in the first slot, and sells in it too."""
    flows = settle(
        matched_trades("member", "operator", "EUR"),
        trade__bought=[[1000, 0, 5], [200, 0, 0]],
        **{"trade__bought-price": [[120_000, 0, 60_001], [130_000, 0, 0]]},
        trade__sold=[[300, 0, 0], [0, 0, 0]],
        **{"trade__sold-price": [[-90_000, 0, 0], [0, 0, 0]]},
    )
    paid = flows[("member", "operator", "EUR", "spot")]
    received = flows[("operator", "member", "EUR", "spot")]
    first, second = euros([[1, 0, 0.005]], [0.12, 0, 0.060001]), euros([[0.2, 0, 0]], [0.13, 0, 0])
    assert paid.tolist() == [*first, *second]
    assert received.tolist() == euros([[0.3, 0, 0], [0, 0, 0]], [-0.09, 0, 0])


def test_what_market_and_network_charge_on_trades():
    quantity = Profile(0, 900, (1000, 0, 250), "Wh")
    contract = (
        grid_charge(quantity, Profile(0, 900, (5_000, 0, -3_000), PRICE), "m-1", "dso", "EUR")
        + buyer_fee(quantity, Const(2_000, PRICE), "m-1", "operator", "EUR")
        + seller_fee(quantity, Const(1_000, PRICE), "m-2", "operator", "EUR")
    )
    assert {key: amount.tolist() for key, amount in settle(contract).items()} == {
        ("m-1", "dso", "EUR", "grid"): euros([[1, 0, 0.25]], [0.005, 0, -0.003])[0],
        ("m-1", "operator", "EUR", "buyer-fee"): euros([[1, 0, 0.25]], [0.002] * 3)[0],
        ("m-2", "operator", "EUR", "seller-fee"): euros([[1, 0, 0.25]], [0.001] * 3)[0],
    }
    assert obligations(contract, {}, SLOTS) == ()


def test_supplier_tariff():
    world = {
        "supplier__in": [[100, 200, 0]],
        "supplier__out": [[0, 0, 450]],
        "tariff__import": [300_000, 310_000, 320_000],
        "tariff__export": [80_000] * 3,
    }
    flows = settle(supplier_tariff("member", "supplier", "EUR"), **world)
    assert flows[("member", "supplier", "EUR", "supply")].tolist() == euros(
        [[0.1, 0.2, 0]], [0.30, 0.31, 0.32]
    )
    assert flows[("supplier", "member", "EUR", "feed-in")].tolist() == euros(
        [[0, 0, 0.45]], [0.08] * 3
    )
    fixed = supplier_tariff("m", "s", "EUR", Const(300_000, PRICE), Const(0, PRICE))
    assert [need.name for need in needs(fixed).series] == ["supplier:in", "supplier:out"]


def test_sharing_names_its_key():
    contract = sharing_key("member", "community", "EUR", "default-dynamic.v1")
    assert [need.name for need in needs(contract).series] == [
        "shared:in@default-dynamic.v1",
        "shared:out@default-dynamic.v1",
        "shared:price",
    ]
    flows = settle(
        sharing_key("member", "community", "EUR"),
        shared__in=[[10, 20, 30], [0, 0, 0]],
        shared__out=[[0, 0, 0], [10, 20, 30]],
        shared__price=[150_000, 150_000, 140_000],
    )
    amounts = euros([[0.01, 0.02, 0.03]], [0.15, 0.15, 0.14])[0]
    assert flows[("member", "community", "EUR", "sharing")].tolist() == [amounts, [0] * 3]
    assert flows[("community", "member", "EUR", "sharing")].tolist() == [[0] * 3, amounts]


def test_network_charges_local_energy_less():
    fees = NetworkFees(Const(80_000, PRICE), Const(32_000, PRICE), Const(20_500, PRICE))
    flows = settle(
        network_tariff("member", "dso", "state", fees, "EUR"),
        metered__withdrawal=[[500, 400, 7]],
        network__outside=[[300, 0, 7]],
        network__local=[[200, 400, 0]],
    )
    assert flows[("member", "dso", "EUR", "network")].tolist() == euros(
        [[0.3, 0, 0.007]], [0.08] * 3
    )
    assert flows[("member", "dso", "EUR", "network-local")].tolist() == euros(
        [[0.2, 0.4, 0]], [0.032] * 3
    )
    assert flows[("member", "state", "EUR", "levy")].tolist() == euros(
        [[0.5, 0.4, 0.007]], [0.0205] * 3
    )


def test_imbalance_pays_help_and_charges_harm_in_one_flow():
    flows = settle(
        imbalance_settlement("member", "operator", "EUR"),
        imbalance__deviation=[[100, -100, 50], [-20, 0, 10]],
        imbalance__spread=[30_000, 30_000, -40_000],
    )
    assert {k: v.tolist() for k, v in flows.items()} == {
        ("operator", "member", "EUR", "imbalance"): euros(
            [[0.1, -0.1, 0.05], [-0.02, 0, 0.01]], [0.03, 0.03, -0.04]
        )
    }


def test_a_contract_for_difference_fixes_the_sellers_income():
    generation, spot = Series("gen", "Wh"), Series("spot", PRICE)
    strike = Const(70_000, PRICE)
    difference = virtual_ppa(generation, spot, strike, "seller", "buyer", "EUR")
    world = {"gen": [1000, 2000, 500], "spot": [50_000, 90_000, 70_000]}
    flows = settle(difference, **world)
    assert (
        flows[("seller", "buyer", "EUR", "difference")].tolist()
        == euros([[1, 2, 0.5]], [-0.02, 0.02, 0])[0]
    )
    assert obligations(difference, {}, SLOTS) == ()
    market = spot_trade(generation, spot, "seller", "market", "EUR")
    income = settle(market, **world)[("market", "seller", "EUR", "spot")]
    fixed = euros([[1, 2, 0.5]], [0.07] * 3)[0]
    assert (income - flows[("seller", "buyer", "EUR", "difference")]).tolist() == fixed


TERMS = OptionTerms(Const(1000, "Wh"), Const(100_000, PRICE), Const(2_000_000, "nano"), 3600, "EUR")


@pytest.mark.parametrize(("option", "seller", "buyer"), [(call, "w", "h"), (put, "h", "w")])
def test_the_holder_decides_and_pays_the_premium(option, seller, buyer):
    contract = option(TERMS, "w", "h")
    assert [(need.by, need.notice_s) for need in needs(contract).choices] == [("h", 3600)]
    (delivery,) = obligations(contract, {}, SLOTS)
    assert (delivery.giver, delivery.taker) == (seller, buyer)
    assert (delivery.low.tolist(), delivery.high.tolist()) == ([0] * 3, [1000] * 3)
    flows = settle(contract, choice__exercise=[0, 1, 0])
    assert {k: v.tolist() for k, v in flows.items()} == {
        (buyer, seller, "EUR", "exercise"): [0, euros([[1]], [0.1])[0][0], 0],
        ("h", "w", "EUR", "premium"): [2_000_000] * 3,
    }


def test_giving_a_call_away_does_not_make_a_put():
    """The pitfall: swapped flows leave the call's holder deciding over the new buyer."""
    swapped = give(call(TERMS, "w", "h"))
    assert needs(swapped).choices[0].by == "h"
    assert swapped != put(TERMS, "w", "h")
    (sold,) = obligations(swapped, {}, SLOTS)
    (put_sold,) = obligations(put(TERMS, "w", "h"), {}, SLOTS)
    assert (sold.giver, sold.taker) == (put_sold.giver, put_sold.taker) == ("h", "w")
    premium = settle(swapped, choice__exercise=[0, 0, 0])
    assert ("w", "h", "EUR", "premium") in premium  # and the writer would pay the premium
