"""Books with one right answer under each mechanism, worked out by hand."""

import json
from pathlib import Path

import pytest

from gridpact.market.clearing.matched import accounts_nano
from gridpact.market.clearing.mechanisms import MECHANISMS, Capability, match

CASES = sorted((Path(__file__).parents[2] / "cases" / "market").glob("*/mechanisms.json"))
BESIDES = {Capability.CONTINUOUS, Capability.PREFERENCES, Capability.BLOCKS}


def read(case, name):
    return json.loads((case.parent / name).read_text())


def book(case, orders_of):
    given = read(case, "orders.json")
    sides = {"buy": 1, "sell": -1}
    rows = [
        (at["slot"], sides[at["side"]], at["quantity_wh"], at["limit"]) for at in given["orders"]
    ]
    return [at["id"] for at in given["orders"]], orders_of(rows), given["slots"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.parent.name)
def test_trades(case, orders_of):
    ids, orders, slots = book(case, orders_of)
    answers = read(case, "mechanisms.json")
    assert answers.keys() >= {
        name for name, one in MECHANISMS.items() if not one.capabilities & BESIDES
    }
    for name, expected in answers.items():
        trades = match(MECHANISMS[name], orders, slots).trades
        found = [
            [ids[buy], ids[sell], wh, pays]
            for buy, sell, wh, pays in zip(
                trades.buy.tolist(),
                trades.sell.tolist(),
                trades.quantity_wh.tolist(),
                trades.buyer_micro_per_kwh.tolist(),
                strict=True,
            )
        ]
        assert found == expected, name
        assert trades.seller_micro_per_kwh.tolist() == trades.buyer_micro_per_kwh.tolist()
    assert (case.parent / "note.md").read_text().strip()


ACCOUNTS = [case for case in CASES if (case.parent / "accounts.json").exists()]


@pytest.mark.parametrize("case", ACCOUNTS, ids=lambda case: case.parent.name)
def test_accounts(case, orders_of):
    """What each order's owner pays, negative where it receives."""
    ids, orders, slots = book(case, orders_of)
    for name, expected in read(case, "accounts.json").items():
        found = match(MECHANISMS[name], orders, slots)
        paid, received, fees = accounts_nano(orders, found, orders.count)
        net = dict(zip(ids, (paid - received).tolist(), strict=True))
        assert {who: money for who, money in net.items() if money} == expected, name
        assert fees == 0


def test_there_are_cases():
    assert {"book_a", "book_b", "ties", "microgrid"} <= {case.parent.name for case in CASES}
    assert ACCOUNTS
