"""SimBench's own grids, converted: needs ``pip install 'gridpact[simbench]'``, or
``requirements/simbench.lock`` in an environment of its own.
"""

import warnings

import numpy as np
import polars as pl
import pytest

from gridpact.connectors.simbench import convert, package
from gridpact.connectors.simbench.codes import CODES
from gridpact.simulation.scenarios import load

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not package.installed(),
        reason="needs the extra: pip install 'gridpact[simbench]', see docs/simbench.md",
    ),
]

CHOSEN = {
    # code: members, loads, plants, batteries, feeders
    "1-LV-rural1--2-sw": (13, 28, 8, 5, 4),
    "1-LV-semiurb4--1-no_sw": (39, 44, 1, 1, 3),
    "1-LV-urban6--2-sw": (53, 135, 12, 7, 7),
}


@pytest.fixture(scope="module", params=CHOSEN)
def grid(request, tmp_path_factory):
    """A converted grid's folder, what was said of it, and the package's network and profiles."""
    folder = tmp_path_factory.mktemp("grid")
    done = convert(request.param, folder)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import simbench

        net = simbench.get_simbench_net(request.param)
        series = simbench.get_absolute_values(net, True)
    return folder, done, net, series


@pytest.fixture(scope="module")
def scenario(grid):
    return load(grid[0] / "scenario.yaml")


def test_the_list_of_codes_is_the_package_s():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from simbench import collect_all_simbench_codes
    low = [code for code in collect_all_simbench_codes() if code.startswith("1-LV-")]
    assert set(CODES) == {code for code in low if code.split("--")[0].count("-") == 2}


def test_nothing_is_left_out(grid):
    _, done, net, _ = grid
    counts = done.members, done.loads, done.plants, done.batteries, done.zones - 1
    assert counts == CHOSEN[done.code]
    assert counts[1:4] == (len(net.load), len(net.sgen), len(net.storage))
    assert counts[0] == len(set(net.load.bus) | set(net.sgen.bus) | set(net.storage.bus))


def test_profiles_are_the_package_s_own_to_rounding(grid, scenario):
    folder, done, _, series = grid
    frame = pl.read_parquet(folder / "profiles.parquet")
    columns = [member.load.data.column for member in scenario.members]
    plants = [
        asset.id for member in scenario.members for asset in member.assets if asset.id in frame
    ]
    for table, names, total in (("load", columns, done.load_wh), ("sgen", plants, done.pv_wh)):
        exact = series[table, "p_mw"].to_numpy() * 1e6 / 4
        whole = frame.select(names).to_numpy()
        assert whole.shape[0] == 366 * 96 == len(exact)
        assert np.all(whole >= 0)
        assert np.abs(whole.sum(axis=1) - exact.sum(axis=1)).max() <= exact.shape[1]
        # the few slots of −0.04 W are all that a year's sums may differ by beside half a Wh each
        noise = -exact[exact < 0].sum()
        assert noise < 1
        assert abs(whole.sum() - exact.sum()) <= noise + exact.shape[1] / 2
        assert whole.sum() == total


def test_each_load_has_its_own_column(grid):
    folder, _, net, series = grid
    frame = pl.read_parquet(folder / "profiles.parquet")
    width = len(str(len(net.load)))
    for row, name in net.load.name.items():
        column = f"load-{name.split()[-1].zfill(width)}"
        exact = series["load", "p_mw"][row].to_numpy() * 1e6 / 4
        assert np.abs(frame[column].to_numpy() - exact).max() <= 1 + 1e-6


def test_zones_are_the_feeders_that_pandapower_finds(grid, scenario):
    _, _, net, _ = grid
    from pandapower import topology

    busbar = int(net.trafo.lv_bus.iloc[0])
    graph = topology.create_nxgraph(net, include_trafos=False)
    graph.remove_node(busbar)
    width = max(len(name.split()[-1]) for name in net.bus.name if name.startswith("LV"))
    bus_id = {row: f"bus-{name.split()[-1].zfill(width)}" for row, name in net.bus.name.items()}
    zone = {member.id: member.zone for member in scenario.members}
    parts = [
        {bus_id[row] for row in part} & set(zone) for part in topology.connected_components(graph)
    ]
    ours = {}
    for name, place in zone.items():
        ours.setdefault(place, set()).add(name)
    assert ours.pop("transformer", set()) <= {bus_id[busbar]}
    assert sorted(map(sorted, ours.values())) == sorted(sorted(part) for part in parts if part)
    limits = {each.id: each.import_limit_w for each in scenario.zones}
    assert limits.pop("transformer") == round(net.trafo.sn_mva.sum() * 1e6)
    amps = 1000 * net.line.max_i_ka.iloc[0]
    assert set(limits.values()) == {int(3**0.5 * 400 * amps)}


def test_batteries_are_the_package_s(grid, scenario):
    _, _, net, _ = grid
    owned = [asset for member in scenario.members for asset in member.assets]
    batteries = [asset for asset in owned if asset.id.startswith("storage")]
    found = sorted((asset.capacity_wh, asset.power_w) for asset in batteries)
    due = (net.storage[["max_e_mwh", "sn_mva"]] * 1e6).round().astype(int).to_numpy()
    assert found == sorted(map(tuple, due.tolist()))


def test_a_day_conserves_energy(grid, balances):
    made, could = balances(grid[0] / "scenario.yaml")
    assert made.sum() > 0.5 * could.sum()
