"""Contracts that speak of other agreements, against figures worked by hand."""

import itertools

import numpy as np
import pytest

from gridpact.base.errors import MissingSeries
from gridpact.base.slots import Slots
from gridpact.contracts import canonical
from gridpact.contracts.cashflows import cashflows
from gridpact.contracts.errors import CircularReference, IllFormed
from gridpact.contracts.evaluate import Known
from gridpact.contracts.formulas import share, total
from gridpact.contracts.observables import Const, Profile, Series
from gridpact.contracts.references import (
    Reference,
    active,
    delivered,
    linked_cashflows,
    paid,
    reference,
)
from gridpact.contracts.terms import deliver, pay, sale, within

SLOTS = Slots(1781481600, 900, 4)
WORLD = {"load": np.array([1000, 2000, 0, 4000]), "spot": np.array([10, 20, 30, 40])}
SUPPLY = sale(
    Series("load", "Wh"), Series("spot", "micro/kWh"), "supplier", "bakery", "energy", "EUR"
)
# the supply pays 10 000, 40 000, 0 and 160 000 nano


def commission(of="supply", kind="energy"):
    """A broker receives a tenth of what another agreement pays."""
    return pay(share(paid(of, kind), 100_000), "supplier", "broker", "fee", "EUR")


def test_a_share_of_what_another_agreement_pays():
    found = linked_cashflows({"broker": commission(), "supply": SUPPLY}, WORLD, SLOTS)
    assert list(found) == ["broker", "supply"]
    (fee,) = found["broker"].values()
    assert fee.tolist() == [1000, 4000, 0, 16_000]
    (energy,) = found["supply"].values()
    assert energy.tolist() == [10_000, 40_000, 0, 160_000]


def test_a_chain_is_evaluated_in_order_whatever_order_it_is_given_in():
    second = pay(share(paid("broker", "fee"), 500_000), "broker", "scout", "fee", "EUR")
    contracts = {"scout": second, "broker": commission(), "supply": SUPPLY}
    for names in (list(contracts), list(reversed(contracts))):
        found = linked_cashflows({each: contracts[each] for each in names}, WORLD, SLOTS)
        (fee,) = found["scout"].values()
        assert fee.tolist() == [500, 2000, 0, 8000]


def test_what_another_agreement_delivered_by_asset_with_its_sign():
    certificates = deliver(Series("load", "Wh"), "park", "bakery", "certificate:GO:2026")
    back = deliver(Const(-500, "Wh"), "supplier", "bakery", "energy")
    price = Const(3, "micro/kWh")
    contracts = {
        "both": SUPPLY + certificates + back,
        "net": pay(delivered("both") * price, "bakery", "dso", "network", "EUR"),
        "proof": pay(
            delivered("both", "certificate:GO:2026") * price, "bakery", "park", "go", "EUR"
        ),
    }
    found = linked_cashflows(contracts, WORLD, SLOTS)
    assert [amount.tolist() for amount in found["net"].values()] == [[1500, 4500, -1500, 10_500]]
    assert [amount.tolist() for amount in found["proof"].values()] == [[3000, 6000, 0, 12_000]]
    assert delivered("x", "capacity").unit == "W"
    assert delivered("x", "carbon:EUA").unit == "mg"


def test_an_agreement_that_is_not_active_pays_nothing_and_needs_no_data():
    instead = within(1 - active("supply"), pay(Const(7, "nano"), "bakery", "dso", "back-up", "EUR"))
    states = {"supply": np.array([True, False, False, True])}
    gap = Known(WORLD["load"], np.array([True, False, True, True]))
    contracts = {"supply": SUPPLY, "instead": instead, "broker": commission()}
    found = linked_cashflows(contracts, WORLD | {"load": gap}, SLOTS, states)
    assert [amount.tolist() for amount in found["supply"].values()] == [[10_000, 0, 0, 160_000]]
    assert [amount.tolist() for amount in found["instead"].values()] == [[0, 7, 7, 0]]
    assert [amount.tolist() for amount in found["broker"].values()] == [[1000, 0, 0, 16_000]]
    throughout = linked_cashflows(contracts, WORLD, SLOTS)
    assert [amount.tolist() for amount in throughout["instead"].values()] == [[0, 0, 0, 0]]


def test_an_unknown_state_stops_by_name():
    states = {"supply": Known(np.ones(4, np.int64), np.array([True, True, False, True]))}
    with pytest.raises(MissingSeries, match="agreement:supply:active") as caught:
        linked_cashflows({"supply": SUPPLY}, WORLD, SLOTS, states)
    assert caught.value.slots == (SLOTS.start + 1800,)


def test_two_may_watch_each_other_but_not_pay_by_each_other():
    one = within(active("other"), pay(Const(1, "nano"), "a", "b", "x", "EUR"))
    other = within(1 - active("one"), pay(Const(1, "nano"), "a", "b", "x", "EUR"))
    found = linked_cashflows({"one": one, "other": other}, {}, SLOTS, {"one": np.zeros(4, bool)})
    assert [amount.tolist() for amount in found["other"].values()] == [[1, 1, 1, 1]]


def test_a_circle_is_named():
    contracts = {
        "a": commission("b", "fee"),
        "b": commission("c", "fee"),
        "c": pay(delivered("a") * Const(1, "micro/kWh"), "x", "y", "fee", "EUR"),
        "d": SUPPLY,
    }
    with pytest.raises(CircularReference) as caught:
        linked_cashflows(contracts, WORLD, SLOTS)
    circle = caught.value.circle
    assert circle[0] == circle[-1]
    assert set(circle) == {"a", "b", "c"}
    assert {("a", "b"), ("b", "c"), ("c", "a")} == set(itertools.pairwise(circle))
    with pytest.raises(CircularReference, match="self needs self"):
        linked_cashflows({"self": commission("self", "fee")}, WORLD, SLOTS)


@pytest.mark.parametrize(
    ("contract", "name"),
    [
        (commission("absent"), "agreement:absent:paid:energy"),
        (commission("supply", "network"), "agreement:supply:paid:network"),
        (within(active("absent"), SUPPLY), "agreement:absent:active"),
        (
            deliver(delivered("supply", "flexibility:up"), "a", "b", "energy"),
            "agreement:supply:delivered:flexibility:up",
        ),
    ],
)
def test_a_reference_to_nothing_is_missing_by_name(contract, name):
    with pytest.raises(MissingSeries, match=name):
        linked_cashflows({"supply": SUPPLY, "other": contract}, WORLD, SLOTS)


def test_a_reference_outside_the_set_is_read_from_the_world():
    world = WORLD | {"agreement:absent:paid:energy": np.array([10, 20, 30, 50])}
    found = linked_cashflows({"other": commission("absent")}, world, SLOTS)
    assert [amount.tolist() for amount in found["other"].values()] == [[1, 2, 3, 5]]


def test_two_currencies_do_not_add():
    francs = pay(Const(1, "nano"), "a", "b", "energy", "CHF")
    with pytest.raises(IllFormed, match="CHF and EUR"):
        linked_cashflows({"supply": SUPPLY + francs, "other": commission()}, WORLD, SLOTS)


def test_scenario_paths_broadcast_through_references():
    world = WORLD | {"spot": np.array([[10, 20, 30, 40], [1, 2, 3, 4]])}
    found = linked_cashflows({"broker": commission(), "supply": SUPPLY}, world, SLOTS)
    (fee,) = found["broker"].values()
    assert fee.tolist() == [[1000, 4000, 0, 16_000], [100, 400, 0, 1600]]


def test_cut_periods_reach_every_contract():
    month = total(paid("supply", "energy"), "month@UTC")
    contracts = {"supply": SUPPLY, "rebate": pay(month, "supplier", "bakery", "rebate", "EUR")}
    found = linked_cashflows(contracts, WORLD, SLOTS, cut_periods=True)
    assert [amount.tolist() for amount in found["rebate"].values()] == [[0, 0, 0, 210_000]]


def test_alone_it_is_plain_cashflows():
    alone = linked_cashflows({"supply": SUPPLY}, WORLD, SLOTS)["supply"]
    plain = cashflows(SUPPLY, WORLD, SLOTS)
    assert {key: value.tolist() for key, value in alone.items()} == {
        key: value.tolist() for key, value in plain.items()
    }


def test_names_of_references_and_their_bytes():
    assert reference("agreement:x.1:paid:energy") == Reference("x.1", "paid", "energy")
    assert reference("agreement:x:active") == Reference("x", "active", "")
    assert reference(delivered("x", "certificate:GO:2026").name) == Reference(
        "x", "delivered", "certificate:GO:2026"
    )
    for other in (
        "spot",
        "agreement:x",
        "agreement:x:paid",
        "agreement:x:active:y",
        "agreement::active",
    ):
        assert reference(other) is None
    for bad in ("", "Upper", "a:b", "a b"):
        with pytest.raises(IllFormed):
            active(bad)
    contract = within(active("x"), commission())
    assert canonical.from_bytes(canonical.to_bytes(contract)) == contract
    assert active("x").is_mask
    assert Profile(SLOTS.start, 900, (1,), "1").is_mask
