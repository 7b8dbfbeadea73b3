"""Trades as contracts: each member's terms price to what the clearing says."""

import numpy as np
import pytest
from Crypto.Hash import keccak
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from gridpact.base.slots import Slots
from gridpact.contracts.canonical import from_bytes, to_bytes
from gridpact.contracts.cashflows import cashflows
from gridpact.contracts.needs import needs
from gridpact.contracts.obligations import obligations
from gridpact.contracts.terms import All
from gridpact.market.messages import Session, SessionCleared
from gridpact.market.trades import terms_hashes, trade_contract, traders

WINDOW = Slots(1_781_474_400, 900, 3)
WH = st.integers(0, 5000) | st.just(0)


def cleared_of(bought, sold, price, traded):
    session = Session("2026-06-15.day-ahead", "day-ahead", "2026-06-15", 0, WINDOW, WINDOW)
    return SessionCleared(
        session=session,
        price_micro_per_kwh=np.array(price),
        traded=np.array(traded, bool),
        bought_wh=np.array(bought),
        sold_wh=np.array(sold),
        offered_wh=np.zeros(3, np.int64),
        asked_wh=np.zeros(3, np.int64),
        orders=0,
    )


@st.composite
def clearings(draw):
    """Any outcome: nothing flows where nothing was traded, and prices may be negative."""
    members = draw(st.integers(1, 4))
    traded = draw(arrays(bool, 3))
    bought, sold = (draw(arrays(np.int64, (members, 3), elements=WH)) for _ in range(2))
    price = draw(arrays(np.int64, 3, elements=st.integers(-400_000, 900_000)))
    return cleared_of(bought * traded, sold * traded, price, traded)


@given(cleared=clearings())
@settings(deadline=None, max_examples=150)
def test_terms_price_to_the_clearing(cleared, small_community):
    members = len(cleared.bought_wh)
    community = small_community(members)
    wide = Slots(WINDOW.start - 1800, 900, 8)  # a window twice as wide: nothing outside
    for member in range(members):
        contract = trade_contract(community, cleared, member)
        assert needs(contract).series == ()
        name, operator = community.members.ids[member], "operator"
        flows = cashflows(contract, {}, wide)
        for row, (payer, payee, energy) in enumerate(
            [
                (name, operator, cleared.bought_wh[member]),
                (operator, name, cleared.sold_wh[member]),
            ]
        ):
            amount = flows.pop((payer, payee, "EUR", "spot"), np.zeros(8, np.int64))
            by_hand = [
                int(wh) * int(price)
                for wh, price in zip(energy, cleared.price_micro_per_kwh, strict=True)
            ]
            assert amount.tolist() == [0, 0, *by_hand, 0, 0, 0], row
        assert flows == {}


@given(cleared=clearings())
@settings(deadline=None, max_examples=80)
def test_terms_oblige_to_the_position_that_the_scheduler_plans_around(cleared, small_community):
    community = small_community(len(cleared.bought_wh))
    for member, name in enumerate(community.members.ids):
        contract = trade_contract(community, cleared, member)
        position = np.zeros(WINDOW.count, np.int64)
        for leg in obligations(contract, {}, WINDOW):
            assert leg.asset == "energy"
            assert leg.is_fixed
            position += leg.low if leg.taker == name else -leg.low
        expected = cleared.bought_wh[member] - cleared.sold_wh[member]
        assert position.tolist() == expected.tolist()


@given(cleared=clearings())
@settings(deadline=None, max_examples=80)
def test_hashes_are_keccak_of_the_canonical_terms_of_those_who_traded(cleared, small_community):
    community = small_community(len(cleared.bought_wh))
    who = [
        row
        for row in range(len(cleared.bought_wh))
        if sum(cleared.bought_wh[row].tolist()) + sum(cleared.sold_wh[row].tolist())
    ]
    assert traders(cleared).tolist() == who
    expected = []
    for row in who:
        contract = trade_contract(community, cleared, row)
        assert from_bytes(to_bytes(contract)) == contract
        expected.append(keccak.new(digest_bits=256, data=to_bytes(contract)).digest())
    assert terms_hashes(community, cleared) == expected


def test_one_who_traded_nothing_has_the_empty_contract(small_community):
    community = small_community(2)
    cleared = cleared_of([[0, 0, 0], [5, 0, 0]], [[0] * 3] * 2, [1, 2, 3], [True, False, False])
    assert trade_contract(community, cleared, 0) == All(())
    assert len(terms_hashes(community, cleared)) == 1


@pytest.mark.parametrize("change", ["bought", "sold", "price", "member"])
def test_a_changed_number_changes_the_hash(small_community, change):
    community = small_community(2)
    bought, sold, price = [[5, 0, 1], [0, 2, 0]], [[0, 2, 0], [5, 0, 1]], [7, 8, 9]
    before = terms_hashes(community, cleared_of(bought, sold, price, [True] * 3))
    if change == "bought":
        bought[0][2] += 1
    elif change == "sold":
        sold[0][1] += 1
    elif change == "price":
        price[2] += 1
    else:
        bought, sold = bought[::-1], sold[::-1]
    after = terms_hashes(community, cleared_of(bought, sold, price, [True] * 3))
    assert before[0] != after[0]
    assert (before[1] == after[1]) == (change in ("bought", "sold"))


def test_a_price_of_a_slot_without_trade_is_no_term(small_community):
    """Filler where nothing was traded must not tell two equal contracts apart."""
    community = small_community(1)
    one, two = (
        cleared_of([[5, 0, 0]], [[0, 0, 0]], [7, filler, 0], [True, False, False])
        for filler in (0, 123)
    )
    assert terms_hashes(community, one) == terms_hashes(community, two)
