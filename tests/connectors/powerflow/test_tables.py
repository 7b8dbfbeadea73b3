"""SimBench's tables as a network, by the circuits' formulas; no extra needed."""

import math

import pandas as pd
import pytest

from gridpact.connectors.simbench.network import network_of


def tables(**changed):
    """Three buses and the medium voltage; a double cable, an open cable, a bus tie, a tap."""
    frame = pd.DataFrame
    wire = {"max_i_ka": 0.27, "parallel": 1, "df": 1.0, "max_loading_percent": 100.0}
    cable = {**wire, "r_ohm_per_km": 0.2, "x_ohm_per_km": 0.08, "c_nf_per_km": 830.0}
    cable |= {"g_us_per_km": 0.0, "length_km": 0.5, "in_service": True}
    transformer = {**wire, "hv_bus": 4, "lv_bus": 0, "vn_hv_kv": 20.0, "vn_lv_kv": 0.4}
    transformer |= {"sn_mva": 0.16, "vk_percent": 5.0, "vkr_percent": 3.0, "pfe_kw": 0.3}
    transformer |= {"i0_percent": 0.3125, "tap_side": "hv", "tap_pos": 2, "tap_neutral": 0}
    transformer |= {"tap_step_percent": 2.5, "in_service": True, "name": "MV1-LV1-Trafo 1"}
    names = [*(f"LV1 Bus {row}" for row in range(4)), "MV1 Bus 1"]
    return {
        "bus": frame({"name": names, "vn_kv": [0.4] * 4 + [20.0]}),
        "line": frame(
            [
                {**cable, "name": "LV1 Line 1", "from_bus": 0, "to_bus": 1, "parallel": 2},
                {**cable, "name": "LV1 Line 2", "from_bus": 1, "to_bus": 2},
                {**cable, "name": "LV1 Line 3", "from_bus": 0, "to_bus": 3},
            ]
        ),
        "trafo": frame([{**transformer, **changed}]),
        "switch": frame(
            {"bus": [0, 3, 0], "element": [2, 2, 0], "et": ["l", "b", "t"]}
            | {"closed": [False, True, True]}
        ),
        "ext_grid": frame({"bus": [4], "vm_pu": [1.025]}),
    }


def test_tables_become_a_network():
    """Bus 3 is one node with bus 2, line 3 is open, the medium voltage has a name of its own."""
    found = network_of("made-up", tables())
    assert found.nodes == ("bus-0", "bus-1", "bus-2", "mv-bus-1")
    assert found.voltage_v.tolist() == [400, 400, 400, 20_000]
    assert found.branches == ("line-1", "line-2", "lv1-trafo-1")
    ends = zip(found.source.tolist(), found.target.tolist(), strict=True)
    assert list(ends) == [(0, 1), (1, 2), (3, 0)]
    assert found.slack == 3


def test_circuits():
    found = network_of("made-up", tables())
    double, single, transformer = range(3)
    assert found.resistance_ohm[[double, single]].tolist() == pytest.approx([0.05, 0.1])
    assert found.reactance_ohm[[double, single]].tolist() == pytest.approx([0.02, 0.04])
    charging = 2 * math.pi * 50 * 830e-9 * 0.5
    assert found.susceptance_s[[double, single]].tolist() == pytest.approx([2 * charging, charging])
    # √3 · 400 V · 270 A = 187 061.5 VA, the first cable twice
    assert found.limit_w.tolist() == [374_122, 187_061, 160_000]
    # 400² V² ÷ 160 kVA = 1 Ω; of 5 % and 3 % of it the reactance is 4 %
    assert found.resistance_ohm[transformer] == pytest.approx(0.03)
    assert found.reactance_ohm[transformer] == pytest.approx(0.04)
    # 300 W ÷ 400² V², and of 0.3125 % of 1 S what is left: √(0.3125² - 0.1875²) = 0.25 %
    assert found.conductance_s[transformer] == pytest.approx(0.001875)
    assert found.susceptance_s[transformer] == pytest.approx(-0.0025)
    assert found.ratio.tolist() == pytest.approx([1, 1, 1.05])
    assert found.slack_voltage == 1.025


def test_a_tap_at_the_low_side_and_rated_voltages_that_differ():
    found = network_of("made-up", tables(tap_side="lv", vn_hv_kv=21.0, parallel=2))
    assert found.ratio[2] == pytest.approx(1.05 / 1.05)
    assert found.reactance_ohm[2] == pytest.approx(0.02)
    assert found.limit_w[2] == 320_000
    assert found.conductance_s[2] == pytest.approx(0.00375)
