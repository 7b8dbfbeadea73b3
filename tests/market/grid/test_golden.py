"""Cases worked by hand; the working is in each folder's note."""

import json
from pathlib import Path

import numpy as np
import pytest

from gridpact.market.grid import nodal
from gridpact.market.grid.flows import headroom
from gridpact.market.grid.network import Branch, Node, network

CASES = sorted((Path(__file__).parents[2] / "cases" / "grid").iterdir())
SIDES = {"buy": 1, "sell": -1}


def listed(values, names, slots):
    """By name, as one number where there is one slot."""
    rows = np.round(values, 6).tolist()
    return {name: row if slots > 1 else row[0] for name, row in zip(names, rows, strict=True)}


@pytest.mark.parametrize("clear", [nodal.clear, nodal.clear_meshed])
@pytest.mark.parametrize("folder", CASES, ids=lambda folder: folder.name)
def test_golden(folder, clear, orders_of):
    case = json.loads((folder / "case.json").read_text())
    nodes = [Node(name, case["voltage_v"]) for name in case["nodes"]]
    branches = [Branch(reactance_ohm=0.1, **row) for row in case["branches"]]
    grid, slots = network(nodes, branches, case["slack"]), case["slots"]
    baseline = np.zeros((len(nodes), slots), np.int64)
    for name, energy in case.get("baseline_wh", {}).items():
        baseline[grid.nodes.index(name)] = energy
    room = headroom(grid, slots, case["step_s"], baseline)
    rows = case["orders"]
    orders = orders_of(
        [(at.get("slot", 0), SIDES[at["side"]], at["quantity_wh"], at["limit"]) for at in rows]
    )
    location = np.array([grid.nodes.index(at["node"]) for at in rows])
    found = clear(orders, slots, location, grid, room)
    assert found.priced.all()
    full = listed(found.full, grid.branches, slots)
    told = {
        "price_micro_per_kwh": listed(found.price_micro_per_kwh, grid.nodes, slots),
        "accepted_wh": listed(found.matched.accepted_wh[:, None], [at["id"] for at in rows], 1),
        "flow_wh": listed(found.flow_wh, grid.branches, slots),
        "full": {name: sign for name, sign in full.items() if np.any(sign)},
        "rent_nano": found.rent_nano.tolist(),
    }
    if room.overrun_wh.any():
        told["overrun_wh"] = listed(room.overrun_wh, grid.branches, slots)
    assert told == json.loads((folder / "expected.json").read_text())
    assert (folder / "note.md").read_text().strip()
