"""The transportation problem in whole numbers: who supplies whom, for the greatest surplus.

HiGHS proposes a solution in floating point, by the interior-point method with crossover; a
transportation problem's vertices are whole, so rounding it changes nothing but noise. Exactness
does not rest on that: the flow is then improved along cycles of positive gain, in integers, until
none is left, which is the proof that it is optimal (Klein 1967). The gain of a pair is
``2·surplus + 1``: a cycle changes the volume by at most one unit per unit sent, so this puts
surplus first and volume second.
"""

from __future__ import annotations

import numpy as np

from gridpact.base.units import Bools, Ints
from gridpact.market.clearing.preferences.model import Whole

_FAR = 2**62


class Network:
    """A flow from bids to offers and what may still change in it.

    Nodes are the bids, the offers and one node for all that does not trade. ``room`` [nodes,
    nodes] is how much more can be sent along an arc [Wh] and ``cost`` what a unit costs there;
    sending back undoes. Matrices are dense: memory (bids + offers)².
    """

    def __init__(self, surplus: Whole, bid_wh: Ints, offer_wh: Ints, flow_wh: Ints) -> None:
        self.bids, self.offers = surplus.shape
        rest = self.rest = self.bids + self.offers
        self.room: Ints = np.zeros((rest + 1, rest + 1), dtype=np.int64)
        self.cost: Whole = np.asarray(self.room.astype(surplus.dtype))
        forth = np.s_[: self.bids, self.bids : rest]
        back = np.s_[self.bids : rest, : self.bids]
        most = np.where(surplus >= 0, np.minimum(bid_wh[:, None], offer_wh[None]), 0)
        self.room[forth], self.room[back] = most - flow_wh, flow_wh.T
        gain = np.where(surplus >= 0, 2 * surplus + 1, 0)
        self.cost[forth], self.cost[back] = -gain, gain.T
        out, into = flow_wh.sum(axis=1), flow_wh.sum(axis=0)
        self.room[rest, : self.bids], self.room[: self.bids, rest] = bid_wh - out, out
        self.room[self.bids : rest, rest], self.room[rest, self.bids : rest] = offer_wh - into, into

    @property
    def flow_wh(self) -> Ints:
        """What flows, shape [bids, offers]."""
        return self.room[self.bids : self.rest, : self.bids].T

    def send(self, nodes: list[int]) -> None:
        """Send as much as fits around a cycle, given as its nodes in order."""
        start, end = np.array(nodes), np.roll(nodes, -1)
        amount = self.room[start, end].min()
        self.room[start, end] -= amount
        self.room[end, start] += amount


def optimise(surplus: Whole, bid_wh: Ints, offer_wh: Ints) -> tuple[Network, Bools]:
    """Find a flow of the greatest surplus and, with that, the greatest volume.

    Parameters
    ----------
    surplus : int64 or Python integers [bids, offers]
        Gain of a unit from pair to pair; a negative one keeps the pair apart.
    bid_wh, offer_wh : int64 [bids], [offers]
        Most that each takes part with.

    Returns
    -------
    Network, Bools
        An optimal flow, and the arcs [nodes, nodes] along which another flow of the same gain may
        differ from it.
    """
    network = Network(surplus, bid_wh, offer_wh, _proposal(surplus, bid_wh, offer_wh))
    cycle, distance = _improvement(network)
    while cycle:
        network.send(cycle)
        cycle, distance = _improvement(network)
    equal = network.cost + distance[:, None] == distance[None]
    return network, equal.astype(np.bool_)


def _proposal(surplus: Whole, bid_wh: Ints, offer_wh: Ints) -> Ints:
    """A flow within the sizes, as good as floating point tells; HiGHS."""
    from scipy import optimize, sparse

    flow = np.zeros(surplus.shape, dtype=np.int64)
    bid, offer = np.nonzero(surplus >= 0)
    if not bid.size:
        return flow
    gain = 2.0 * surplus[bid, offer].astype(np.float64) + 1.0
    row, pair = np.concatenate([bid, bid_wh.size + offer]), np.tile(np.arange(bid.size), 2)
    table = sparse.csr_matrix((np.ones(row.size), (row, pair)))
    size = np.concatenate([bid_wh, offer_wh])[: table.shape[0]]
    found = optimize.linprog(-gain / gain.max(), A_ub=table, b_ub=size, method="highs-ipm")
    if found.x is None:
        return flow
    flow[bid, offer] = np.rint(found.x).astype(np.int64)
    within = (flow >= 0).all() and (flow.sum(1) <= bid_wh).all() and (flow.sum(0) <= offer_wh).all()
    return flow if within else np.zeros_like(flow)


def _improvement(network: Network) -> tuple[list[int], Whole]:
    """A cycle of negative cost, or none and the distances that prove it (Bellman 1958, Ford)."""
    nodes = network.rest + 1
    wide = int(np.abs(network.cost).max()) * (nodes + 1) >= _FAR
    far = 2**80 if wide else _FAR
    cost = network.cost.astype(object) if wide else network.cost
    cost = np.where(network.room > 0, cost, far)
    distance = np.zeros(nodes, dtype=cost.dtype)
    before = np.full(nodes, -1, dtype=np.int64)
    while True:
        reach = distance[:, None] + cost
        nearest = np.asarray(reach.argmin(axis=0), dtype=np.int64)
        least = reach[nearest, np.arange(nodes)]
        closer = np.flatnonzero((least < distance).astype(np.bool_))
        if not closer.size:
            return [], distance
        distance[closer], before[closer] = least[closer], nearest[closer]
        if cycle := _cycle(before):
            return cycle, distance


def _cycle(before: Ints) -> list[int]:
    """A cycle among predecessors (-1 for none) in the direction of the arcs, or nothing."""
    seen = [0] * before.size
    previous = before.tolist()
    for start in range(before.size):
        node = start
        while node >= 0 and not seen[node]:
            seen[node] = start + 1
            node = previous[node]
        if node >= 0 and seen[node] == start + 1:
            cycle = [node]
            while previous[cycle[-1]] != node:
                cycle.append(previous[cycle[-1]])
            return cycle[::-1]
    return []
