"""Terms of trades with prices of their own and fees: what is signed, and what its hash tells."""

import numpy as np
import pytest
from Crypto.Hash import keccak

from gridpact.base.slots import Slots
from gridpact.contracts.canonical import from_bytes, to_bytes
from gridpact.contracts.cashflows import cashflows
from gridpact.contracts.needs import needs
from gridpact.contracts.obligations import obligations
from gridpact.contracts.terms import All
from gridpact.market.trades import terms_hashes, trade_contract
from gridpact.registry.model import MarketRules, TradingRules

WINDOW = Slots(1_781_474_400, 900, 3)
ROWS = (  # seller, buyer, slot, Wh, seller's and buyer's price
    (0, 1, 0, 400, 100_000, 100_000),
    (0, 1, 0, 100, 100_000, 100_000),
    (2, 1, 0, 300, 110_000, 115_000),
    (0, 2, 1, 250, 120_000, 121_000),
    (1, 0, 2, 50, 90_000, 88_000),
)


@pytest.fixture
def cleared_of(matched_session):
    return lambda rows: matched_session(rows, 4, WINDOW)


@pytest.fixture
def community_with(small_community):
    def made(buyer=0, seller=0):
        rules = TradingRules(buyer_fee_micro_per_kwh=buyer, seller_fee_micro_per_kwh=seller)
        market = MarketRules(46_800, (), 1800, -500_000, 4_000_000, day_ahead=rules)
        return small_community(4, market=market)

    return made


def flows_of(community, cleared, member):
    contract = trade_contract(community, cleared, member)
    assert needs(contract).series == ()
    return {
        (payer, payee, kind): amount.tolist()
        for (payer, payee, _, kind), amount in cashflows(contract, {}, WINDOW).items()
    }


def test_a_buyer_at_two_prices_in_one_slot_who_also_sells(community_with, cleared_of):
    found = flows_of(community_with(2_000, 1_000), cleared_of(ROWS), 1)
    assert found == {
        ("m001", "operator", "spot"): [500 * 100_000 + 300 * 110_000, 0, 0],
        ("operator", "m001", "spot"): [0, 0, 50 * 90_000],
        ("m001", "dso", "grid"): [300 * 5_000, 0, 0],
        ("m001", "operator", "buyer-fee"): [800 * 2_000, 0, 0],
        ("m001", "operator", "seller-fee"): [0, 0, 50 * 1_000],
    }


def test_a_subsidy_goes_from_the_network_company_to_the_buyer(community_with, cleared_of):
    found = flows_of(community_with(), cleared_of(ROWS), 0)
    assert found["m000", "dso", "grid"] == [0, 0, -50 * 2_000]
    assert set(found) == {
        ("m000", "dso", "grid"),
        ("m000", "operator", "spot"),
        ("operator", "m000", "spot"),
    }


def test_terms_oblige_to_what_was_traded(community_with, cleared_of):
    community, cleared = community_with(2_000, 1_000), cleared_of(ROWS)
    for row, name in enumerate(community.members.ids):
        position = np.zeros(WINDOW.count, np.int64)
        for leg in obligations(trade_contract(community, cleared, row), {}, WINDOW):
            position += leg.low if leg.taker == name else -leg.low
        expected = cleared.bought_wh[row] - cleared.sold_wh[row]
        assert position.tolist() == expected.tolist()
    assert trade_contract(community, cleared, 3) == All(())


def test_hashes_are_keccak_of_the_canonical_terms(community_with, cleared_of):
    community, cleared = community_with(2_000), cleared_of(ROWS)
    expected = []
    for row in range(3):
        contract = trade_contract(community, cleared, row)
        assert from_bytes(to_bytes(contract)) == contract
        expected.append(keccak.new(digest_bits=256, data=to_bytes(contract)).digest())
    assert terms_hashes(community, cleared) == expected


def test_hashes_stay_what_they_are(community_with, cleared_of):
    """They are on ledgers: a change of terms for the same trades would break their proofs."""
    found = [each.hex() for each in terms_hashes(community_with(2_000, 1_000), cleared_of(ROWS))]
    assert found == [
        "df4878a056a1658c4325ee0ff1791e63813ec744299fca48b8b1944ef4a88979",
        "8b86153630bc19c19ac99c30454c1a5a3846dfb1b06e7f0789865359cd3bae1d",
        "0ce9425f83ed9ac041321ac1d072b46b945927101452257e6a4d41df4ff0afa7",
    ]


@pytest.mark.parametrize("place", range(len(ROWS)))
@pytest.mark.parametrize("column", range(6))
def test_every_number_of_a_trade_is_a_term_of_both_sides(community_with, cleared_of, place, column):
    community, changed = community_with(), [list(row) for row in ROWS]
    changed[place][column] = 3 if column < 2 else (changed[place][column] + 1) % 130_000
    if column == 2:
        changed[place][column] %= WINDOW.count
    before, after = (
        [to_bytes(trade_contract(community, cleared_of(rows), row)) for row in range(4)]
        for rows in (ROWS, changed)
    )
    seller, buyer = ROWS[place][:2]
    own = {0: {seller, 3}, 1: {buyer, 3}, 5: {buyer}}.get(column, {seller, buyer})
    # a price that the buyer pays beyond the seller's changes with either
    assert {row for row in range(4) if before[row] != after[row]} == own


def test_fees_are_terms_of_those_who_pay_them(community_with, cleared_of):
    only_sale = cleared_of(ROWS[3:4])
    plain, buyers, sellers = (
        [to_bytes(trade_contract(community_with(*fees), only_sale, row)) for row in range(4)]
        for fees in ((), (2_000, 0), (0, 1_000))
    )
    assert [row for row in range(4) if plain[row] != buyers[row]] == [2]
    assert [row for row in range(4) if plain[row] != sellers[row]] == [0]


def test_the_order_of_trades_is_no_term(community_with, cleared_of):
    community = community_with(2_000, 1_000)
    again = terms_hashes(community, cleared_of(ROWS[::-1]))
    assert again == terms_hashes(community, cleared_of(ROWS))
