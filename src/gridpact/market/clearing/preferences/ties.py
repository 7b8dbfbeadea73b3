"""One flow out of all that are equally good: the earlier bid and the earlier offer go first."""

from __future__ import annotations

import numpy as np

from gridpact.base.units import Bools, Ints
from gridpact.market.clearing.preferences.transport import Network


def settle(network: Network, equal: Bools) -> Ints:
    """Turn an optimal flow into the lexicographically greatest one, shape [bids, offers].

    The first bid has as much as it can from the first offer, then from the second, and so on; then
    the second bid, given what the first has. The flow so found is unique, whatever optimal flow it
    starts from. ``equal`` [nodes, nodes] are the arcs along which optimal flows differ. A search
    is O((bids + offers)²), and there are a few for each pair whose flow rises.
    """
    free = equal.copy()
    for bid in range(network.bids):
        _favour(network, free, bid)
        free[bid, network.bids : network.rest] = False
        free[network.bids : network.rest, bid] = False
    return network.flow_wh


def _favour(network: Network, free: Bools, bid: int) -> None:
    """Give a bid as much as it can have from the first offer, then from the next, and so on."""
    reaches = _leading_to(network, free, bid)
    for offer in np.flatnonzero(free[bid, : network.rest]).tolist():
        if reaches[offer] and _raise(network, free, bid, offer):
            reaches = _leading_to(network, free, bid)


def _raise(network: Network, free: Bools, bid: int, offer: int) -> bool:
    """Send all that can be sent from a bid to an offer and fix it; tell whether that was any."""
    free[offer, bid] = raised = False
    while network.room[bid, offer] > 0:
        path = _path(network, free, offer, bid)
        if not path:
            break
        network.send(path)
        raised = True
    free[bid, offer] = False
    return raised


def _leading_to(network: Network, free: Bools, end: int) -> Bools:
    """Nodes [nodes] from which ``end`` can be reached along free arcs with room."""
    found = np.zeros(network.rest + 1, dtype=np.bool_)
    front = np.array([end])
    while front.size:
        arcs = free[:, front] & (network.room[:, front] > 0)
        front = np.flatnonzero(arcs.any(axis=1) & ~found)
        found[front] = True
    return found


def _path(network: Network, free: Bools, start: int, end: int) -> list[int]:
    """Fewest nodes from ``start`` to ``end`` along free arcs with room, or nothing."""
    into = free[:, end] & (network.room[:, end] > 0)
    if not into.any() or not (free[start] & (network.room[start] > 0)).any():
        return []
    before = np.full(network.rest + 1, -1, dtype=np.int64)
    before[start] = start
    front = np.array([start])
    while front.size and before[end] < 0:
        open_arcs = free[front] & (network.room[front] > 0) & (before < 0)
        reached = np.flatnonzero(open_arcs.any(axis=0))
        before[reached] = front[open_arcs[:, reached].argmax(axis=0)]
        front = reached
    path = [end] if before[end] >= 0 else []
    while path and path[-1] != start:
        path.append(int(before[path[-1]]))
    return path[::-1]
