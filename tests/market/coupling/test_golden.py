"""Cases worked by hand; the working is in each folder's note."""

import json
from pathlib import Path

import numpy as np
import pytest

from gridpact.market.coupling.accounts import link_money, payments_nano
from gridpact.market.coupling.clearing import clear_tree
from gridpact.market.coupling.tree import Market, locate, tree

CASES = sorted((Path(__file__).parents[2] / "cases" / "coupling").iterdir())
SIDES = {"buy": 1, "sell": -1}


def market_of(row):
    amounts = {
        name: tuple(value) if isinstance(value, list) else value for name, value in row.items()
    }
    return Market(**amounts)


@pytest.mark.parametrize("folder", CASES, ids=lambda folder: folder.name)
def test_golden(folder, orders_of):
    case = json.loads((folder / "case.json").read_text())
    joined = tree([market_of(row) for row in case["markets"]], case["slots"])
    orders = orders_of(
        [(at["slot"], SIDES[at["side"]], at["quantity_wh"], at["limit"]) for at in case["orders"]]
    )
    market = locate(joined, [at["market"] for at in case["orders"]])
    found = clear_tree(orders, market, joined, case["slots"])
    money = link_money(joined, found)
    assert found.priced.all()

    def by_market(values):
        return {name: values[row].tolist() for row, name in enumerate(joined.ids)}

    names = [at["id"] for at in case["orders"]]
    assert {
        "price_micro_per_kwh": by_market(found.price_micro_per_kwh),
        "export_wh": by_market(found.export_wh),
        "accepted_wh": dict(zip(names, found.accepted_wh.tolist(), strict=True)),
        "fee_nano": by_market(money.fee_nano),
        "rent_nano": by_market(money.rent_nano),
    } == json.loads((folder / "expected.json").read_text())
    kept = np.sum(money.fee_nano) + np.sum(money.rent_nano)
    assert payments_nano(orders, market, found).sum() == kept
    assert (folder / "note.md").read_text().strip()
