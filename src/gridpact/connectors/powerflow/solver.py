"""Grids and injections in power-grid-model's terms, all cases in one batch."""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING

import numpy as np

from gridpact.base.errors import BadInput, Fault
from gridpact.base.units import Bools, Floats, Ints
from gridpact.market.grid.network import Network
from gridpact.market.grid.verification import Solution

if TYPE_CHECKING:
    from power_grid_model.data_types import BatchDataset, SingleDataset

MISSING = "AC power flow needs the extra grid: .venv/bin/python -m pip install power-grid-model"
SHORT_CIRCUIT_VA = 1e20
"""Behind the slack: so strong that it holds its voltage."""


def installed() -> bool:
    """Tell whether the optional package is there."""
    return importlib.util.find_spec("power_grid_model") is not None


class PowerGridModelFlow:
    """A :class:`~gridpact.market.grid.verification.PowerFlow` by Newton and Raphson's method.

    Loads and plants hold their power at any voltage; the grid is symmetric over its three phases.
    Angles that transformers turn are left out: currents and voltages of a grid whose rings all
    turn by the same do not depend on them.
    """

    def __init__(self) -> None:
        """Raise BadInput that names the extra where the package is missing."""
        if not installed():
            fix = "run that command, then verify again"
            raise BadInput([Fault("grid", 0, "", MISSING, fix)])

    def __call__(self, network: Network, active_w: Ints, reactive_var: Ints) -> Solution:
        """Solve every case; see the protocol. A case that does not converge is not solved."""
        from power_grid_model import CalculationMethod, PowerGridModel

        shapes = {active_w.shape, reactive_var.shape, (len(network.nodes), active_w.shape[-1])}
        if len(shapes) != 1:
            raise ValueError(f"injections must be [{len(network.nodes)}, cases]")
        model = PowerGridModel(_grid(network))
        solved = np.ones(active_w.shape[1], dtype=np.bool_)
        output = model.calculate_power_flow(
            update_data=_cases(network, active_w, reactive_var),
            calculation_method=CalculationMethod.newton_raphson,
            output_component_types=["node", "generic_branch"],
            continue_on_batch_error=True,
        )
        if (failed := model.batch_error) is not None:
            solved[np.asarray(failed.failed_scenarios)] = False
        return _solution(network, output, solved)


def _grid(network: Network) -> SingleDataset:
    """The grid with a load at every node; identifiers are nodes, branches, source, loads."""
    from power_grid_model import ComponentType, DatasetType, LoadGenType, initialize_array

    nodes, branches = len(network.nodes), len(network.branches)
    node = initialize_array(DatasetType.input, ComponentType.node, nodes)
    node["id"], node["u_rated"] = np.arange(nodes), network.voltage_v
    branch = initialize_array(DatasetType.input, ComponentType.generic_branch, branches)
    branch["id"] = nodes + np.arange(branches)
    branch["from_node"], branch["to_node"] = network.source, network.target
    branch["from_status"] = branch["to_status"] = 1
    branch["r1"], branch["x1"] = network.resistance_ohm, network.reactance_ohm
    branch["g1"], branch["b1"] = network.conductance_s, network.susceptance_s
    branch["k"], branch["theta"] = network.ratio, 0.0
    source = initialize_array(DatasetType.input, ComponentType.source, 1)
    source["id"], source["node"], source["status"] = nodes + branches, network.slack, 1
    source["u_ref"], source["sk"] = network.slack_voltage, SHORT_CIRCUIT_VA
    load = initialize_array(DatasetType.input, ComponentType.sym_load, nodes)
    load["id"], load["node"] = nodes + branches + 1 + np.arange(nodes), np.arange(nodes)
    load["status"], load["type"] = 1, LoadGenType.const_power
    load["p_specified"] = load["q_specified"] = 0.0
    return {
        ComponentType.node: node,
        ComponentType.generic_branch: branch,
        ComponentType.source: source,
        ComponentType.sym_load: load,
    }


def _cases(network: Network, active_w: Ints, reactive_var: Ints) -> BatchDataset:
    from power_grid_model import ComponentType, DatasetType, initialize_array

    nodes, cases = active_w.shape
    load = initialize_array(DatasetType.update, ComponentType.sym_load, (cases, nodes))
    load["id"] = nodes + len(network.branches) + 1 + np.arange(nodes)
    load["p_specified"], load["q_specified"] = -active_w.T, -reactive_var.T
    return {ComponentType.sym_load: load}


def _solution(network: Network, output: BatchDataset, solved: Bools) -> Solution:
    from power_grid_model import ComponentType

    node = output[ComponentType.node]
    apparent: Floats = np.zeros((0, solved.size))
    if network.branches:  # of a grid without any the output has no such component
        branch = output[ComponentType.generic_branch]
        ends = []
        for end, side in (("i_from", network.source), ("i_to", network.target)):
            ends.append(np.sqrt(3.0) * network.voltage_v[side] * branch[end])
        apparent = np.maximum(*ends).T
    return Solution(np.where(solved, apparent, 0.0), np.where(solved, node["u_pu"].T, 0.0), solved)
