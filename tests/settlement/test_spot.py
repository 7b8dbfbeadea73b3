"""Trades with prices of their own, and fees: against a day by hand and an account in plain Python.

The hand's working is in tests/cases/settlement/own_prices/WORKING.md.
"""

import csv
import json
from collections import defaultdict
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.base.slots import Slots
from gridpact.kernel.codec import decode, encode
from gridpact.metering.messages import DayMetered
from gridpact.registry.model import MarketRules, SettlementRules, TradingRules
from gridpact.settlement.billing import MEMBERS, bills, received
from gridpact.settlement.clause import MEMBER
from gridpact.settlement.day import Facts, Trades, laid_over
from gridpact.settlement.statements import net_positions, settle

CASE = Path(__file__).parents[1] / "cases" / "settlement" / "own_prices"
SLOTS = Slots(1_781_474_400, 900, 2)


@pytest.fixture(scope="module")
def session_of(matched_session):
    """Make a session of trades (seller, buyer, slot, Wh, seller's price, buyer's price)."""
    return lambda rows, members, slots=SLOTS: matched_session(rows, members, slots)


def facts_of(community, cleared):
    """A day on which nobody used or made energy, so that trades alone are settled."""
    slots = cleared.session.window
    zero = np.zeros_like(cleared.bought_wh)
    metered = DayMetered(
        day=cleared.session.day,
        slots=slots,
        withdrawal_wh=zero,
        injection_wh=zero,
        estimated=zero.astype(bool),
        method="linear.v1",
    )
    laid = laid_over(slots, cleared, community.market.trading(cleared.session.kind))
    return Facts(metered, zero[0], zero[0], (laid,), zero, zero[0].astype(bool))


def spot_lines(day):
    """Lines of trades by name: (payer, payee, nano, minor, Wh)."""
    return {
        kind.kind: (kind.payer, kind.payee, nano.tolist(), minor.tolist(), energy.tolist())
        for kind, nano, minor, energy in zip(
            day.kinds, day.nano, day.minor, day.energy_wh, strict=True
        )
        if kind.contract.startswith("spot")
    }


@pytest.fixture
def by_hand(small_community, session_of):
    expected = json.loads((CASE / "expected.json").read_text())
    names = tuple(expected["members"])
    with (CASE / "trades.csv").open(newline="") as stream:
        rows = [
            (
                names.index(row["seller"]),
                names.index(row["buyer"]),
                int(row["slot"]),
                int(row["quantity_wh"]),
                int(row["seller_micro_per_kwh"]),
                int(row["buyer_micro_per_kwh"]),
            )
            for row in csv.DictReader(stream)
        ]
    rules = TradingRules(
        "preference",
        buyer_fee_micro_per_kwh=expected["buyer_fee_micro_per_kwh"],
        seller_fee_micro_per_kwh=expected["seller_fee_micro_per_kwh"],
    )
    community = small_community(
        len(names),
        ids=names,
        market=MarketRules(46_800, (), 1800, -500_000, 4_000_000, day_ahead=rules),
        settlement=SettlementRules(0, "half-even", expected["minor_nano"]),
    )
    return community, session_of(rows, len(names)), expected


def test_a_session_by_hand(by_hand):
    community, cleared, expected = by_hand
    day = settle(community, facts_of(community, cleared))
    wanted = {
        name: tuple(line[field] for field in ("payer", "payee", "nano", "minor", "energy_wh"))
        for name, line in expected["lines"].items()
    }
    assert spot_lines(day) == wanted
    only = [at for at, kind in enumerate(day.kinds) if kind.contract.startswith("spot")]
    trades_alone = msgspec.structs.replace(
        day,
        kinds=tuple(day.kinds[at] for at in only),
        **{name: getattr(day, name)[only] for name in ("nano", "minor", "energy_wh")},
    )
    assert net_positions(community, trades_alone) == {**expected["net_minor"], "supplier": 0}


WHO = {
    "bought": (MEMBER, "operator"),
    "sold": ("operator", MEMBER),
    "grid": (MEMBER, "dso"),
    "buyer-fee": (MEMBER, "operator"),
    "seller-fee": (MEMBER, "operator"),
}


@given(data=st.data())
@settings(deadline=None, max_examples=150)
def test_every_line_of_trades_is_what_an_account_in_plain_python_says(
    data, settled_day, trade_account
):
    community, facts, cleared = settled_day(data)
    day = settle(community, facts)
    found = {
        (kind.contract, kind.kind): (kind.payer, kind.payee, nano.tolist(), energy.tolist())
        for kind, nano, energy in zip(day.kinds, day.nano, day.energy_wh, strict=True)
        if kind.contract.startswith("spot")
    }
    for session in cleared:
        name = "spot." + session.session.id.split(".", 1)[1]
        lines = defaultdict(lambda: defaultdict(lambda: [0, 0]))
        for line, row, energy, price in trade_account(community, session):
            lines[line][row][0] += energy * price
            lines[line][row][1] += energy
        for line, by_member in lines.items():
            own = [by_member[row] for row in range(len(community.members.ids))]
            nano, energy = ([pair[at] for pair in own] for at in (0, 1))
            told = found.pop((name, line), (*WHO[line], nano, energy) if not any(energy) else None)
            assert told == (*WHO[line], nano, energy)
    assert found == {}


@given(data=st.data())
@settings(deadline=None, max_examples=60)
def test_what_all_parties_receive_adds_up_to_nothing(data, settled_day):
    community, facts, _ = settled_day(data)
    day = settle(community, facts)
    assert sum(net_positions(community, day).values()) == 0
    for exact in (True, False):
        table = received(bills(community, [day]), exact=exact)
        for line in {name for lines in table.values() for name in lines}:
            assert sum(lines.get(line, 0) for lines in table.values()) == 0
        assert table[MEMBERS].keys() <= {name for lines in table.values() for name in lines}
    # the operator keeps its fees and nothing else of the trades, exactly
    table = received(bills(community, [day]), exact=True)
    kept = {n: a for n, a in table.get("operator", {}).items() if n.startswith("spot")}
    fees = sum(amount for name, amount in kept.items() if name.endswith("-fee"))
    assert sum(kept.values()) == fees


@given(data=st.data())
@settings(deadline=None, max_examples=60)
def test_neither_order_nor_splitting_of_trades_changes_a_statement(
    data, small_community, session_of
):
    members, price = 3, st.sampled_from([-1000, 0, 90_000, 90_001])
    row = st.tuples(
        st.integers(0, members - 1),
        st.integers(0, members - 1),
        st.integers(0, 1),
        st.integers(1, 900),
        price,
        price,
    )
    rows = data.draw(st.lists(row, min_size=1, max_size=15))
    community = small_community(members)
    whole = settle(community, facts_of(community, session_of(rows, members)))
    parts = [
        (*each[:3], energy, *each[4:])
        for each in rows
        for energy in (each[3] // 3, each[3] - each[3] // 3)
        if energy
    ]
    moved = data.draw(st.permutations(parts))
    again = settle(community, facts_of(community, session_of(moved, members)))
    assert again.kinds == whole.kinds
    for name in ("nano", "minor", "energy_wh"):
        np.testing.assert_array_equal(getattr(again, name), getattr(whole, name))


def test_lines_are_only_those_that_a_session_calls_for(small_community, session_of):
    community = small_community(2)
    plain = session_of([(0, 1, 0, 100, 90_000, 90_000)], 2)
    assert set(spot_lines(settle(community, facts_of(community, plain)))) == {"bought", "sold"}
    charged = session_of([(0, 1, 0, 100, 90_000, 90_000), (0, 1, 1, 100, 90_000, 90_001)], 2)
    assert "grid" in spot_lines(settle(community, facts_of(community, charged)))


def test_a_trade_outside_the_day_is_not_settled_in_it(small_community, session_of):
    """A session may reach beyond a day; its trades there belong to the next one's statements."""
    community = small_community(2)
    wide = Slots(SLOTS.start - 900, 900, 4)
    cleared = session_of([(0, 1, slot, 10 + slot, 90_000, 91_000) for slot in range(4)], 2, wide)
    facts = facts_of(community, cleared)
    metered = msgspec.structs.replace(
        facts.metered,
        slots=SLOTS,
        withdrawal_wh=facts.metered.withdrawal_wh[:, 1:3],
        injection_wh=facts.metered.injection_wh[:, 1:3],
    )
    zero = np.zeros(2, np.int64)
    laid = laid_over(SLOTS, cleared)
    day = settle(
        community,
        Facts(metered, zero, zero, (laid,), np.zeros((2, 2), np.int64), zero.astype(bool)),
    )
    assert spot_lines(day)["bought"][2] == [0, (11 + 12) * 90_000]
    assert spot_lines(day)["grid"][2] == [0, (11 + 12) * 1_000]


def test_a_days_trades_survive_a_snapshot_and_plain_ones_look_as_they_always_did(by_hand):
    community, cleared, _ = by_hand
    (laid,) = facts_of(community, cleared).trades
    again = decode(encode(laid), Trades)
    assert encode(again) == encode(laid)
    np.testing.assert_array_equal(again.matched.buyer, cleared.trades.buyer)
    assert again.buyer_fee_micro_per_kwh == 2_000
    plain = laid_over(SLOTS, msgspec.structs.replace(cleared, trades=None))
    fields = set(msgspec.msgpack.decode(encode(plain), ext_hook=lambda *_: None))
    assert fields == {"session", "bought_wh", "sold_wh", "price_micro_per_kwh"}
