"""One flow out of all that are equally good: the earlier bid and the earlier offer go first."""

from __future__ import annotations

import numpy as np

from gridpact.base.units import Bools, Ints
from gridpact.market.clearing.preferences.transport import Network


def settle(network: Network, equal: Bools) -> Ints:
    """Turn an optimal flow into the lexicographically greatest one, shape [bids, offers].

    The first bid has as much as it can from the first offer, then from the second, and so on; then
    the second bid, given what the first has. The flow so found is unique, whatever optimal flow it
    starts from. ``equal`` [nodes, nodes] are the arcs along which optimal flows differ. Each pair
    takes a few searches, O((bids + offers)²) each.
    """
    free = equal.copy()
    for bid in range(network.bids):
        for offer in np.flatnonzero(free[bid]):
            if offer != network.rest:
                _raise(network, free, bid, int(offer))
        free[bid, network.bids : network.rest] = False
        free[network.bids : network.rest, bid] = False
    return network.flow_wh


def _raise(network: Network, free: Bools, bid: int, offer: int) -> None:
    """Send all that can be sent from a bid to an offer, and fix what flows between them."""
    free[offer, bid] = False
    while network.room[bid, offer] > 0:
        path = _path(network, free, offer, bid)
        if not path:
            break
        network.send(path)
    free[bid, offer] = False


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
