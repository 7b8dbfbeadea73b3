"""Linearised (DC) flows, and what they leave of the limits for trade.

Angles are small, voltages are rated and losses nothing: then a branch carries its susceptance
``U² ÷ X`` times the difference of its ends' angles, and flows are linear in what nodes feed in
(A. Wood, B. Wollenberg, Power Generation, Operation, and Control, 1984, chapter 11). In a radial
grid a branch simply carries the sum of what is below it, whatever the reactances.
"""

from __future__ import annotations

import msgspec
import numpy as np

from gridpact.base.units import Floats, Ints, checked_multiply
from gridpact.market.coupling.tree import Tree
from gridpact.market.grid.network import NO_LIMIT, Network, is_radial

DECIMALS = 12
"""Sensitivities are rounded to so many decimals, so that whole ones are whole."""
FLOW_DECIMALS = 6
"""Flows in Wh are rounded to so many."""


class Headroom(msgspec.Struct, frozen=True):
    """What trade may add to the flow of each branch, int64 [branches, slots], in Wh per slot.

    ``forward_wh`` counts from source to target, ``backward_wh`` the other way; -1 for no limit.
    ``overrun_wh`` is by how much the baseline alone is beyond the limit: there trade cannot add
    anything, and only redispatch helps.
    """

    forward_wh: Ints
    backward_wh: Ints
    overrun_wh: Ints


def sensitivities(network: Network) -> Floats:
    """Flow on each branch per unit fed in at a node and taken out at the slack [branches, nodes].

    Power transfer distribution factors: zero for the slack, 0 or ±1 in a radial grid.
    """
    branches, nodes = len(network.branches), len(network.nodes)
    ends = np.zeros((branches, nodes))
    ends[np.arange(branches), network.source] = 1.0
    ends[np.arange(branches), network.target] = -1.0
    voltage = network.voltage_v[network.target].astype(np.float64)
    weighted = ends * (voltage**2 / network.reactance_ohm)[:, None]
    others = np.arange(nodes) != network.slack
    found = np.zeros((branches, nodes))
    if branches:
        square = (ends.T @ weighted)[np.ix_(others, others)]
        found[:, others] = np.linalg.solve(square, weighted[:, others].T).T
    return np.round(found, DECIMALS)


def headroom(
    network: Network, slots: int, step_s: int, baseline_wh: Ints | None = None
) -> Headroom:
    """Return what limits leave for trade beside a baseline.

    Parameters
    ----------
    network : Network
        Its limits hold in every slot; as energy they are rounded down.
    slots, step_s : int
        Number of slots and length of each [s].
    baseline_wh : int64 [nodes, slots]
        What is fed in without trade, negative where it is drawn; nothing where it is left out.
    """
    limit = np.where(
        network.limit_w < 0,
        NO_LIMIT,
        checked_multiply(network.limit_w, np.array(step_s)) // 3600,
    )[:, None]
    flow = np.zeros((len(network.branches), slots))
    if baseline_wh is not None:
        flow = np.round(sensitivities(network) @ baseline_wh.astype(np.float64), FLOW_DECIMALS)
    forward = np.floor(limit - flow).astype(np.int64)
    backward = np.floor(limit + flow).astype(np.int64)
    free = np.broadcast_to(limit < 0, flow.shape)
    return Headroom(
        np.where(free, NO_LIMIT, np.maximum(forward, 0)),
        np.where(free, NO_LIMIT, np.maximum(backward, 0)),
        np.where(free, 0, np.maximum(-np.minimum(forward, backward), 0)),
    )


class Rooted(msgspec.Struct, frozen=True):
    """A radial grid hung up at its slack: the tree, and the branch above each node.

    ``branch`` [nodes] is -1 for the slack; ``sign`` [nodes] is +1 where that branch points up, to
    the slack, and -1 where it points down.
    """

    tree: Tree
    branch: Ints
    sign: Ints


def rooted(network: Network, room: Headroom) -> Rooted:
    """Hang a radial grid up at its slack, with what is left of its limits as those of the links.

    Raises ValueError where the grid is meshed.
    """
    if not is_radial(network):
        raise ValueError("the grid is meshed: it is no tree")
    nodes = len(network.nodes)
    parent, branch = np.full(nodes, -1, np.int64), np.full(nodes, -1, np.int64)
    sign = np.ones(nodes, np.int64)
    reached = np.arange(nodes) == network.slack
    while not reached.all():
        at_source, at_target = reached[network.source], reached[network.target]
        for far, near, fresh, way in (
            (network.source, network.target, at_target & ~at_source, 1),
            (network.target, network.source, at_source & ~at_target, -1),
        ):
            at = np.flatnonzero(fresh)
            parent[far[at]], branch[far[at]], sign[far[at]] = near[at], at, way
            reached[far[at]] = True
    below, shape = branch >= 0, (nodes, room.forward_wh.shape[1])
    imported, export = np.full(shape, NO_LIMIT, np.int64), np.full(shape, NO_LIMIT, np.int64)
    up, sides = (sign[below] > 0)[:, None], (room.forward_wh, room.backward_wh)
    forward, backward = (side[branch[below]] for side in sides)
    export[below] = np.where(up, forward, backward)
    imported[below] = np.where(up, backward, forward)
    free = np.zeros((nodes, 1), np.int64)
    return Rooted(Tree(network.nodes, parent, imported, export, free, free), branch, sign)
