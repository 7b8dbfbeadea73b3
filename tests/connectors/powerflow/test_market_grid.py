"""``gridpact market grid`` with the packages themselves: the page, and a SimBench grid."""

import json
import re
from pathlib import Path

import numpy as np
import pytest

from gridpact.app.cli.commands import run_command
from gridpact.app.grids.reading import read_grid
from gridpact.app.grids.sources import open_grid
from gridpact.connectors.powerflow import PowerGridModelFlow, installed
from gridpact.connectors.simbench import package

if not installed():
    pytest.skip(
        "needs the extra: pip install 'gridpact[grid]', see docs/grid.md", allow_module_level=True
    )

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs" / "grid.md"
CODE = "simbench:1-LV-rural1--0-sw"
SHOWN = re.compile(r"^```plaintext\n(?P<body>.*?)^```$", re.DOTALL | re.MULTILINE)
COMMAND = re.compile(r"^\$ gridpact (market grid .*--offers.*)$", re.MULTILINE)


@pytest.fixture
def run(capsys):
    """Run a command; return its exit code and output."""

    def call(*words):
        code = run_command([str(word) for word in words])
        told = capsys.readouterr()
        assert told.err == ""
        return code, told.out

    return call


def test_the_page_shows_what_the_command_gives(run, monkeypatch):
    text = PAGE.read_text("utf-8")
    (command,), (shown,) = COMMAND.findall(text), SHOWN.findall(text)
    monkeypatch.chdir(ROOT)
    code, out = run(*command.split())
    assert code == 0
    assert out.endswith(shown)
    assert shown.startswith("AC power flow of")


def test_a_transformer_is_that_of_power_grid_model(tmp_path):
    """Its own component takes the same data sheet; voltages agree in no load and under load."""
    from power_grid_model import (
        ComponentType,
        DatasetType,
        LoadGenType,
        PowerGridModel,
        initialize_array,
    )

    path = tmp_path / "grid.yaml"
    data_sheet = "rating: 160 kVA, short_circuit: 4 %, load_loss: 2.35 kW, no_load_loss: 0.46 kW"
    path.write_text(
        "slack: high\nnodes: {high: 20 kV, low: 400 V}\n"
        f"transformers:\n  t: {{from: high, to: low, {data_sheet}}}\n",
        encoding="utf-8",
    )
    load_w = np.array([0, 100_000, 155_000])
    fed = np.stack([np.zeros_like(load_w), -load_w])
    ours = PowerGridModelFlow()(read_grid(path).network, fed, np.zeros_like(fed))

    node = initialize_array(DatasetType.input, ComponentType.node, 2)
    node["id"], node["u_rated"] = [0, 1], [20_000, 400]
    transformer = initialize_array(DatasetType.input, ComponentType.transformer, 1)
    for name, value in {
        "id": 2, "from_node": 0, "to_node": 1, "from_status": 1, "to_status": 1,
        "u1": 20_000, "u2": 400, "sn": 160_000, "uk": 0.04, "pk": 2_350, "i0": 460 / 160_000,
        "p0": 460, "winding_from": 2, "winding_to": 1, "clock": 5, "tap_side": 0, "tap_pos": 0,
        "tap_min": 0, "tap_max": 0, "tap_size": 0,
    }.items():  # fmt: skip
        transformer[name] = value
    source = initialize_array(DatasetType.input, ComponentType.source, 1)
    source["id"], source["node"], source["status"] = 3, 0, 1
    source["u_ref"], source["sk"] = 1.0, 1e20
    load = initialize_array(DatasetType.input, ComponentType.sym_load, 1)
    load["id"], load["node"], load["status"], load["type"] = 4, 1, 1, LoadGenType.const_power
    load["q_specified"] = 0.0
    for case, power in enumerate(load_w):
        load["p_specified"] = power
        model = PowerGridModel(
            {
                ComponentType.node: node,
                ComponentType.transformer: transformer,
                ComponentType.source: source,
                ComponentType.sym_load: load,
            }
        )
        theirs = model.calculate_power_flow()
        assert ours.voltage[1, case] == pytest.approx(theirs["node"]["u_pu"][1], abs=1e-9)
        flow = max(theirs["transformer"]["s_from"][0], theirs["transformer"]["i_from"][0])
        assert flow > 0 or not power


@pytest.mark.slow
@pytest.mark.skipif(not package.installed(), reason="pip install 'gridpact[simbench]'")
def test_a_simbench_grid_is_cleared_verified_and_relieved(run, tmp_path, feeder):
    """Everybody on a rural feeder charges a car at once; what the cables cannot carry is called."""
    words = (
        "market",
        "grid",
        CODE,
        _orders(tmp_path, *feeder),
        "--baseline",
        _baseline(tmp_path, feeder[1]),
        "--json",
    )
    code, out = run(*words)
    alone = json.loads(out)
    assert (code, alone["kept"]) == (1, False)
    assert alone["full"]
    assert all(each["why"] == "no offer reaches it" for each in alone["limits"])

    code, out = run(*words, "--offers", _offers(tmp_path, feeder[1]))
    found = json.loads(out)
    assert found["slots"] == alone["slots"]
    assert (code, found["kept"]) == (0, True)
    assert {each["fate"] for each in found["limits"]} == {"relieved"}
    assert len(found["limits"]) == len(alone["limits"])
    assert sum(each["receives_nano"] for each in found["accounts"]) == 0
    assert found["called"]
    paid = sum(each["receives_nano"] for each in found["accounts"] if each["party"] == "cars")
    energy = sum(round(each["power_w"] / 4) for each in found["called"])
    assert paid == energy * 300_000


@pytest.fixture(scope="module")
def feeder():
    """The node of the outside grid, and the low-voltage nodes."""
    network = open_grid(CODE).network
    low = network.voltage_v == network.voltage_v.min()
    nodes = [name for name, here in zip(network.nodes, low, strict=True) if here]
    return network.nodes[network.slack], nodes


def _orders(folder, outside, nodes):
    rows = ["member,node,side,slot,quantity [Wh],limit [ct/kWh]"]
    rows.append(f"main-market,{outside},sell,2026-01-15T18:00,1000000,12")
    rows += [f"{name},,buy,2026-01-15T18:00,5500,{25 + row}" for row, name in enumerate(nodes)]
    path = folder / "orders.csv"
    path.write_text("\n".join([*rows, ""]), encoding="utf-8")
    return path


def _baseline(folder, nodes):
    """Motors that draw reactive power, which linear flow does not see."""
    rows = ["node,slot,fed_in [kWh],power_factor"]
    rows += [f"{name},2026-01-15T18:00,-1.2,80 %" for name in nodes]
    path = folder / "baseline.csv"
    path.write_text("\n".join([*rows, ""]), encoding="utf-8")
    return path


def _offers(folder, nodes):
    rows = ["provider,node,direction,slot,power [kW],price [ct/kWh]"]
    rows += [f"cars,{name},up,2026-01-15T18:00,22,30" for name in nodes]
    path = folder / "offers.csv"
    path.write_text("\n".join([*rows, ""]), encoding="utf-8")
    return path
