"""Trades as contracts: they pay what the clearing says, and their hashes are those of the terms."""

import numpy as np
import pytest
from Crypto.Hash import keccak
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.base.errors import NumberOverflow
from gridpact.base.randomness import stream
from gridpact.base.slots import Slots
from gridpact.contracts.canonical import from_bytes, to_bytes
from gridpact.contracts.cashflows import cashflows
from gridpact.contracts.errors import IllFormed
from gridpact.contracts.obligations import obligations
from gridpact.market.clearing.matched import Trades, accounts_nano, to_matched
from gridpact.market.clearing.mechanisms import MECHANISMS, match
from gridpact.market.clearing.preferences.clearing import clear as clear_by_preference
from gridpact.market.clearing.preferences.model import Distances, indifferent
from gridpact.market.orders import Orders
from gridpact.market.trade_contracts import (
    Marketplace,
    terms_of,
    to_contract,
    trade_contracts,
    trade_hashes,
    trades_of,
)

NAMES = ("bakery", "home-07", "solar-park")
PLACE = Marketplace(Slots(1_781_474_400, 900, 4), NAMES, "EUR", "dso")


def three_members(rows, orders_of):
    """Orders of three members with prices that fit any sum."""
    orders = orders_of([(*row[:3], row[3] % 1_000_003 - 500_000) for row in rows])
    columns = (getattr(orders, name) for name in Orders.__struct_fields__)
    sequence, member, *others = columns
    return Orders(sequence, member % 3, *others)


def net_flows(contracts):
    """What each party pays less what it receives, and the sums by kind."""
    net, by_kind = {}, {}
    for contract in contracts:
        for (payer, payee, currency, kind), amount in cashflows(contract, {}, PLACE.window).items():
            assert currency == "EUR"
            total = int(amount.sum())
            net[payer] = net.get(payer, 0) + total
            net[payee] = net.get(payee, 0) - total
            by_kind[kind] = by_kind.get(kind, 0) + total
    return net, by_kind


def check(orders, matched):
    """Contracts against the accounts of the clearing, then bytes and hashes."""
    contracts = trade_contracts(orders, matched, PLACE)
    assert len(contracts) == matched.trades.count
    paid, received, fees = accounts_nano(orders, matched, 3)
    net, by_kind = net_flows(contracts)
    for row, name in enumerate(NAMES):
        assert net.get(name, 0) == int(paid[row]) - int(received[row])
    assert by_kind.get("spot", 0) == int(received.sum())
    assert by_kind.get("grid", 0) == fees == -net.get("dso", 0)
    terms = [to_bytes(contract) for contract in contracts]
    assert terms_of(trades_of(orders, matched, PLACE), PLACE) == terms
    assert [from_bytes(each) for each in terms] == contracts
    hashes = [keccak.new(digest_bits=256, data=each).digest() for each in terms]
    assert trade_hashes(orders, matched, PLACE) == hashes


@pytest.mark.parametrize("name", sorted(MECHANISMS))
@settings(deadline=None, max_examples=15)
@given(data=st.data())
def test_contracts_pay_the_accounts_of_every_mechanism(name, data, book_rows, orders_of):
    orders = three_members(data.draw(book_rows), orders_of)
    check(orders, match(MECHANISMS[name], orders, 4))


@settings(deadline=None, max_examples=30)
@given(data=st.data())
def test_charges_by_distance_go_to_the_network_company(data, book_rows, orders_of):
    orders = three_members(data.draw(book_rows), orders_of)
    place = np.array(data.draw(st.lists(st.integers(0, 1), min_size=24, max_size=24)))
    preferences = indifferent(orders)
    there = [getattr(preferences, name) for name in preferences.__struct_fields__]
    there[2] = place[: orders.count]
    grid = Distances(np.array([[0, 40_000], [40_000, 7]]), np.eye(2, dtype=bool))
    check(orders, clear_by_preference(orders, 4, type(preferences)(*there), grid))


@settings(deadline=None, max_examples=60)
@given(
    rows=st.lists(
        st.tuples(
            *[st.integers(0, 2)] * 2,
            st.integers(0, 3),
            st.integers(1, 10**9),
            *[st.integers(-(10**6), 10**6)] * 2,
        ),
        max_size=6,
    )
)
def test_any_prices_and_subsidies_even_with_oneself(rows, orders_of):
    book = [(slot, side, 10**12, 0) for slot in range(4) for side in (1, -1) for _ in range(3)]
    orders = orders_of(book)
    columns = (getattr(orders, name) for name in Orders.__struct_fields__)
    sequence, member, *others = columns
    orders = Orders(sequence, member % 3, *others)
    made = [
        (6 * slot + buyer, 6 * slot + 3 + seller, *terms) for buyer, seller, slot, *terms in rows
    ]
    trades = Trades(*np.array(made, dtype=np.int64).reshape(-1, 5).T)
    check(orders, to_matched(orders, trades))


def one_trade(quantity, pays, gets, orders_of):
    orders = orders_of([(1, 1, quantity, pays), (1, -1, quantity, gets)])
    rows = np.zeros(1, np.int64), np.ones(1, np.int64)
    columns = (np.array([each]) for each in (quantity, pays, gets))
    return orders, to_matched(orders, Trades(*rows, *columns))


def test_a_trade_delivers_its_energy_in_its_slot_from_seller_to_buyer(orders_of):
    (contract,) = trade_contracts(*one_trade(1250, 200_000, 180_000, orders_of), PLACE)
    (leg,) = [
        leg for leg in obligations(contract, {}, PLACE.window) if not leg.asset.startswith("money")
    ]
    assert (leg.giver, leg.taker, leg.asset) == ("home-07", "bakery", "energy")
    assert leg.low.tolist() == leg.high.tolist() == [0, 1250, 0, 0]
    flows = {key: row.tolist() for key, row in cashflows(contract, {}, PLACE.window).items()}
    assert flows == {
        ("bakery", "home-07", "EUR", "spot"): [0, 225_000_000, 0, 0],
        ("bakery", "dso", "EUR", "grid"): [0, 25_000_000, 0, 0],
    }


@pytest.mark.parametrize("step", [1, 60, 900, 3600, 86_400])
def test_many_at_once_are_written_as_each_alone_at_any_step(step, orders_of):
    place = Marketplace(Slots(86_400 * 20_000, step, 4), NAMES, "CHF", "percent.a-b")
    for pays in (7, 9):
        trades = trades_of(*one_trade(3, pays, 7, orders_of), place)
        assert terms_of(trades, place) == [to_bytes(to_contract(each, place)) for each in trades]


def test_every_number_and_name_is_in_the_hash(orders_of):
    seen = {
        trade_hashes(*one_trade(*terms, orders_of), place)[0]
        for terms in ((5, 9, 9), (6, 9, 9), (5, 8, 8), (5, 9, 8))
        for place in (
            PLACE,
            Marketplace(Slots(1_781_475_300, 900, 4), NAMES, "EUR", "dso"),
            Marketplace(PLACE.window, NAMES[::-1], "EUR", "dso"),
            Marketplace(PLACE.window, NAMES, "CHF", "dso"),
        )
    }
    assert len(seen) == 16


def test_what_no_contract_can_say_is_refused(orders_of):
    with pytest.raises(NumberOverflow):
        trade_hashes(*one_trade(10**10, 10**10, 10**10, orders_of), PLACE)
    with pytest.raises(NumberOverflow):
        trade_hashes(*one_trade(4, 2**60, -(2**60), orders_of), PLACE)
    unnamed = Marketplace(PLACE.window, ('"', "home", "park"), "EUR", "dso")
    for hashed in (trade_hashes, trade_contracts):
        with pytest.raises(IllFormed, match="is not a name"):
            hashed(*one_trade(5, 9, 9, orders_of), unnamed)


def test_a_days_trades_of_many_members(orders_of):
    draw = stream(3, "test", "trade-contracts")
    count = 3000
    side = draw.choice([1, -1], count)
    rows = [draw.integers(0, 4, count), side, draw.integers(1, 900, count)]
    orders = orders_of(np.stack([*rows, draw.integers(0, 300, count) + 60 * side], axis=1))
    place = Marketplace(PLACE.window, tuple(f"home-{row}" for row in range(count)), "EUR", "dso")
    matched = match(MECHANISMS["pay-as-offer"], orders, 4)
    expected = [to_bytes(each) for each in trade_contracts(orders, matched, place)]
    assert len(expected) > 1000
    assert terms_of(trades_of(orders, matched, place), place) == expected
