"""Shortest ways and gainful rounds in a graph of whole-number costs (Bellman and Ford)."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gridpact.base.units import Bools, Ints

FAR = 2**62
"""Stands for the distance of what cannot be reached."""


class Arcs(NamedTuple):
    """Arcs of a graph [arcs]: from, to, cost of one Wh, how many Wh, and the caller's number."""

    tail: Ints
    head: Ints
    cost: Ints
    capacity: Ints
    number: Ints

    def open(self) -> Arcs:
        """Return the arcs that can carry something."""
        there = np.flatnonzero(self.capacity > 0)
        return Arcs(*(column[there] for column in self))


def gainful_round(arcs: Arcs, nodes: int) -> Ints:
    """Arcs of a round whose costs sum to less than zero, empty where there is none."""
    distance = np.zeros(nodes, dtype=np.int64)
    reached_by = np.full(nodes, -1, dtype=np.int64)
    better = np.empty(0, dtype=np.int64)
    for _ in range(nodes):
        better = _relax(arcs, distance)
        if not better.size:
            return better
        reached_by[arcs.head[better]] = better
    return _walk_back(arcs, reached_by, int(arcs.head[better[0]]))


def distances(arcs: Arcs, start: int, nodes: int) -> Ints:
    """Least cost from a node to every node [nodes], ``FAR`` where there is no way.

    No round of the graph may be gainful.
    """
    distance = np.full(nodes, FAR, dtype=np.int64)
    distance[start] = 0
    for _ in range(nodes):
        if not _relax(arcs, distance, distance[arcs.tail] < FAR).size:
            break
    return distance


def _relax(arcs: Arcs, distance: Ints, usable: Bools | None = None) -> Ints:
    """Shorten distances by one more arc, in place; return the arcs that set a new distance."""
    through = distance[arcs.tail] + arcs.cost
    shorter = through < distance[arcs.head]
    if usable is not None:
        shorter &= usable
    at = np.flatnonzero(shorter)
    np.minimum.at(distance, arcs.head[at], through[at])
    return np.asarray(at[through[at] == distance[arcs.head[at]]], dtype=np.int64)


def _walk_back(arcs: Arcs, reached_by: Ints, node: int) -> Ints:
    """The round that a walk against the arcs ends in."""
    for _ in range(reached_by.size):
        node = int(arcs.tail[reached_by[node]])
    around, at = [int(reached_by[node])], int(arcs.tail[reached_by[node]])
    while at != node:
        around.append(int(reached_by[at]))
        at = int(arcs.tail[reached_by[at]])
    return np.array(around, dtype=np.int64)
