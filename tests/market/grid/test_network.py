"""Grids as columns, their linearised flows, and what these leave of the limits."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.base.errors import BadInput
from gridpact.market.grid.flows import headroom, rooted, sensitivities
from gridpact.market.grid.network import Branch, Node, is_radial, network


def ring(reactances):
    nodes = [Node(name, 400) for name in "abc"]
    ends = ("ab", "bc", "ac")
    branches = [Branch(way, *way, x, limit_w=100) for way, x in zip(ends, reactances, strict=True)]
    return network(nodes, branches, "a")


def test_all_faults_are_listed():
    nodes = [Node("a", 400), Node("a", 400), Node("", 0)]
    branches = [
        Branch("1", "a", "x", 0.1),
        Branch("1", "a", "a", 0.1),
        Branch("2", "", "a", 0.0, limit_w=0),
        Branch("3", "", "a", float("nan")),
        Branch("4", "", "a", 0.1, -0.1),
    ]
    with pytest.raises(BadInput) as raised:
        network(nodes, branches, "z", "grid.yaml")
    shown = [str(fault).split(". Fix: ") for fault in raised.value.faults]
    assert all(fix for _, fix in shown)
    assert [problem for problem, _ in shown] == [
        "grid.yaml: slack: 'z' is not known",
        "grid.yaml:1: branch '1': its end 'x' is not known",
        "grid.yaml:2: branch '1': is empty or taken by an earlier branch",
        "grid.yaml:2: branch '1': it begins and ends at the same node",
        "grid.yaml:2: node 'a': is empty or taken by an earlier node",
        "grid.yaml:3: branch '2': its limit is not within 1 and 1000000000000000 W",
        "grid.yaml:3: branch '2': its reactance is not above 0",
        "grid.yaml:3: node '': is empty or taken by an earlier node",
        "grid.yaml:3: node '': the voltage is not above 0",
        "grid.yaml:4: branch '3': a number is not finite",
        "grid.yaml:4: branch '3': its reactance is not above 0",
        "grid.yaml:5: branch '4': its resistance is below 0 or its ratio not above 0",
    ]


def test_a_node_that_nothing_joins_is_named():
    nodes = [Node(name, 400) for name in "abcd"]
    with pytest.raises(BadInput, match="grid: d: nothing joins it to 'a'"):
        network(nodes, [Branch("1", "a", "b", 0.1), Branch("2", "c", "b", 0.1)], "a")


def test_a_ring_divides_by_reactance():
    """From b to a: 1 Ω over b-a, 2 + 3 Ω over b-c-a; so 5/6 and 1/6 (Kirchhoff's voltage law)."""
    found = sensitivities(ring((1.0, 2.0, 3.0)))
    a_to_b, b_to_c, a_to_c = found
    assert a_to_b == pytest.approx([0, -5 / 6, -3 / 6], abs=1e-9)
    assert b_to_c == pytest.approx([0, 1 / 6, -3 / 6], abs=1e-9)
    assert a_to_c == pytest.approx([0, -1 / 6, -3 / 6], abs=1e-9)
    assert not is_radial(ring((1, 2, 3)))


@given(st.data())
@settings(deadline=None, max_examples=100)
def test_flows_obey_kirchhoff(random_grids, data):
    grid, _, _ = data.draw(random_grids(ring=data.draw(st.booleans())))
    factors = sensitivities(grid)
    fed = np.array(data.draw(st.lists(st.integers(-50, 50), min_size=6, max_size=6)))
    fed = fed[: len(grid.nodes)].astype(float)
    fed[grid.slack] -= fed.sum()
    flow = factors @ fed
    out = np.zeros(len(grid.nodes))
    np.add.at(out, grid.source, flow)
    np.add.at(out, grid.target, -flow)
    assert out == pytest.approx(fed, abs=1e-6)  # current law at every node
    # voltage law: angles that explain each flow exist
    ends = np.zeros((len(grid.branches), len(grid.nodes)))
    ends[np.arange(len(grid.branches)), grid.source] = 1
    ends[np.arange(len(grid.branches)), grid.target] -= 1
    drop = flow * grid.reactance_ohm
    angles = np.linalg.lstsq(ends, drop, rcond=None)[0]
    assert ends @ angles == pytest.approx(drop, abs=1e-6)


@given(st.data())
@settings(deadline=None, max_examples=100)
def test_a_radial_grid_hangs_at_its_slack(random_grids, data):
    grid, _, baseline = data.draw(random_grids())
    room = headroom(grid, 2, 3600, baseline)
    hung = rooted(grid, room)
    factors = sensitivities(grid)
    assert np.isin(factors, (-1, 0, 1)).all()
    for node, parent in enumerate(hung.tree.parent.tolist()):
        if node == grid.slack:
            assert parent == hung.branch[node] == -1
            continue
        branch = hung.branch[node]
        assert {node, parent} == {grid.source[branch], grid.target[branch]}
        assert factors[branch, node] == hung.sign[node]
        sides = room.forward_wh[branch], room.backward_wh[branch]
        export, imported = sides if hung.sign[node] > 0 else sides[::-1]
        assert np.array_equal(hung.tree.export_limit_wh[node], export)
        assert np.array_equal(hung.tree.import_limit_wh[node], imported)


def test_a_baseline_uses_up_limits_and_may_overrun_them():
    nodes = [Node("top", 400), Node("street", 400), Node("end", 400)]
    branches = [Branch("1", "top", "street", 0.1, limit_w=90), Branch("2", "end", "street", 0.1)]
    grid = network(nodes, branches, "top")
    baseline = np.array([[0, 0, 0], [-10, 10, 0], [-5, 5, 30]])
    room = headroom(grid, 3, 900, baseline)
    assert room.forward_wh.tolist() == [[7, 37, 52], [-1, -1, -1]]  # 22 Wh, rounded down
    assert room.backward_wh.tolist() == [[37, 7, 0], [-1, -1, -1]]
    assert room.overrun_wh.tolist() == [[0, 0, 8], [0, 0, 0]]
    with pytest.raises(ValueError, match="no tree"):
        rooted(ring((1, 1, 1)), headroom(ring((1, 1, 1)), 1, 900))


def test_a_mesh_s_headroom_is_rounded_down():
    room = headroom(ring((1.0, 1.0, 1.0)), 1, 3600, np.array([[0], [10], [0]]))
    # 10 Wh from b to a: 20/3 straight, 10/3 around
    assert room.forward_wh[:, 0].tolist() == [106, 96, 103]
    assert room.backward_wh[:, 0].tolist() == [93, 103, 96]
