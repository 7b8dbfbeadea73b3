"""A grid: nodes, and the lines, cables and transformers between them.

Power and flows are signed: what is fed into a node is positive, and so is what flows from a
branch's source to its target. Impedances are referred to the voltage of the target, so that a
transformer is written from its high-voltage to its low-voltage side.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import msgspec
import numpy as np

from gridpact.base.errors import BadInput, Fault
from gridpact.base.units import Bools, Floats, Ints

NO_LIMIT = -1
LARGEST_LIMIT_W = 10**15


class Node(msgspec.Struct, frozen=True):
    """A place in the grid, with its rated voltage between phases [V]."""

    id: str
    voltage_v: int


class Branch(msgspec.Struct, frozen=True):
    """A line, cable or transformer as a person writes it.

    ``limit_w`` is the thermal limit [VA, at unity power factor W], None where there is none. The
    series impedance [Ω] and the shunt admittance [S], half of it at each end, are referred to the
    target's voltage; ``ratio`` is what a tap makes of the transformer's rated ratio.
    """

    id: str
    source: str
    target: str
    reactance_ohm: float
    resistance_ohm: float = 0.0
    limit_w: int | None = None
    conductance_s: float = 0.0
    susceptance_s: float = 0.0
    ratio: float = 1.0


class Network(msgspec.Struct, frozen=True):
    """Nodes and branches as columns; ``slack`` is the node through which the rest is supplied.

    ``source`` and ``target`` [branches] are rows of nodes, ``limit_w`` [branches] is -1 for none.
    ``slack_voltage`` is what the slack is held at, in parts of its rated voltage.
    """

    nodes: tuple[str, ...]
    voltage_v: Ints
    slack: int
    branches: tuple[str, ...]
    source: Ints
    target: Ints
    limit_w: Ints
    reactance_ohm: Floats
    resistance_ohm: Floats
    conductance_s: Floats
    susceptance_s: Floats
    ratio: Floats
    slack_voltage: float = 1.0


def network(
    nodes: Sequence[Node],
    branches: Sequence[Branch],
    slack: str,
    file: str = "grid",
    *,
    slack_voltage: float = 1.0,
) -> Network:
    """Put a grid into columns.

    Raises
    ------
    BadInput
        Lists all faults: empty or repeated identifiers, unknown ends, a branch from a node to
        itself, voltages, limits, reactances or ratios that are not above 0, numbers that are not
        finite, nodes that nothing joins to the slack.
    """
    rows = {node.id: row for row, node in reversed(list(enumerate(nodes)))}
    found = [*_node_faults(nodes, slack, file), *_branch_faults(branches, rows, file)]
    if found:
        raise BadInput(found)
    source = np.array([rows[branch.source] for branch in branches], dtype=np.int64)
    target = np.array([rows[branch.target] for branch in branches], dtype=np.int64)
    _check_joined(nodes, _reached(source, target, len(nodes), rows[slack]), slack, file)
    limits = [NO_LIMIT if branch.limit_w is None else branch.limit_w for branch in branches]
    reactance, resistance, conductance, susceptance, ratio = (
        np.array([getattr(branch, name) for branch in branches], np.float64) for name in _NUMBERS
    )
    return Network(
        tuple(node.id for node in nodes),
        np.array([node.voltage_v for node in nodes], dtype=np.int64),
        rows[slack],
        tuple(branch.id for branch in branches),
        source,
        target,
        np.array(limits, dtype=np.int64),
        reactance,
        resistance,
        conductance,
        susceptance,
        ratio,
        slack_voltage,
    )


def is_radial(network: Network) -> bool:
    """Tell whether the branches form a tree, so that flows are the sums of what is below."""
    return len(network.branches) == len(network.nodes) - 1


def steps_from_slack(network: Network) -> Ints:
    """Least number of branches between each node and the slack [nodes]."""
    steps = np.where(np.arange(len(network.nodes)) == network.slack, 0, -1)
    for step in range(1, steps.size):
        known = steps >= 0
        if known.all():
            break
        for near, far in ((network.source, network.target), (network.target, network.source)):
            steps[far[known[near] & ~known[far]]] = step
    return steps


_NUMBERS = ("reactance_ohm", "resistance_ohm", "conductance_s", "susceptance_s", "ratio")


def _node_faults(nodes: Sequence[Node], slack: str, file: str) -> Iterator[Fault]:
    seen: set[str] = set()
    for line, node in enumerate(nodes, 1):
        if not node.id or node.id in seen:
            problem = "is empty or taken by an earlier node"
            yield Fault(file, line, f"node {node.id!r}", problem, "give each its own id")
        if node.voltage_v <= 0:
            yield Fault(file, line, f"node {node.id!r}", "the voltage is not above 0", "give volts")
        seen.add(node.id)
    if slack not in seen:
        yield Fault(file, 0, "slack", f"{slack!r} is not known", "name one of the nodes")


def _branch_faults(branches: Sequence[Branch], rows: dict[str, int], file: str) -> Iterator[Fault]:
    seen: set[str] = set()
    for line, branch in enumerate(branches, 1):
        problems = [*_end_problems(branch, rows), *_number_problems(branch)]
        if not branch.id or branch.id in seen:
            problems.append(("is empty or taken by an earlier branch", "give each its own id"))
        seen.add(branch.id)
        yield from (Fault(file, line, f"branch {branch.id!r}", *each) for each in problems)


def _end_problems(branch: Branch, rows: dict[str, int]) -> Iterator[tuple[str, str]]:
    for name in (branch.source, branch.target):
        if name not in rows:
            yield f"its end {name!r} is not known", "name one of the nodes"
    if branch.source == branch.target:
        yield "it begins and ends at the same node", "name the node at the other end"


def _number_problems(branch: Branch) -> Iterator[tuple[str, str]]:
    if not all(math.isfinite(getattr(branch, name)) for name in _NUMBERS):
        yield "a number is not finite", "give plain numbers"
    if not branch.reactance_ohm > 0:
        yield "its reactance is not above 0", "make the ends one node where nothing is between them"
    if branch.resistance_ohm < 0 or branch.ratio <= 0:
        yield "its resistance is below 0 or its ratio not above 0", "check the signs"
    if branch.limit_w is not None and not 0 < branch.limit_w <= LARGEST_LIMIT_W:
        yield f"its limit is not within 1 and {LARGEST_LIMIT_W} W", "leave out a limit it lacks"


def _check_joined(nodes: Sequence[Node], reached: Bools, slack: str, file: str) -> None:
    fix = "add the branch that joins it, or leave the node out"
    problem = f"nothing joins it to {slack!r}"
    cut_off = np.flatnonzero(~reached).tolist()
    if cut_off:
        raise BadInput([Fault(file, 0, nodes[row].id, problem, fix) for row in cut_off])


def _reached(source: Ints, target: Ints, nodes: int, start: int) -> Bools:
    found: Bools = np.equal(np.arange(nodes), start)
    while True:
        fresh = found[source] != found[target]
        if not fresh.any():
            return found
        found[source[fresh]] = found[target[fresh]] = True
