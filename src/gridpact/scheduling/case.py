"""A problem with what follows from it at once: what can move, and which zones lie in which."""

from __future__ import annotations

from typing import TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from gridpact.base.units import Bools, Floats, Ints
from gridpact.scheduling.problem import Problem

Number = TypeVar("Number", np.int64, np.float64)


class Case(msgspec.Struct, frozen=True):
    """A problem prepared. ``active`` [assets]: any power at all. Starts [runs], both inclusive.

    ``startable`` [runs]: a start exists with which the run ends inside the horizon.
    ``zone_depth`` [zones]: 0 for a zone without parent.
    """

    problem: Problem
    active: Bools
    first_start: Ints
    last_start: Ints
    startable: Bools
    zone_depth: Ints

    @property
    def shape(self) -> tuple[int, int]:
        """Homes and slots."""
        homes, slots = self.problem.load_wh.shape
        return homes, slots


class Draft(msgspec.Struct, frozen=True):
    """A plan in real numbers, filled in home by home (arrays are written in place) [Wh].

    Shapes as in :class:`Plan`; ``zone_price`` is in µ¤/kWh.
    """

    charge: Floats
    discharge: Floats
    curtail: Floats
    run_start: Ints
    zone_price: Floats


def prepare(problem: Problem) -> Case:
    """Derive a case; raises ValueError where zones form a circle."""
    slots, storage, runs = problem.load_wh.shape[1], problem.storage, problem.runs
    active = np.any((storage.charge_max_wh > 0) | (storage.discharge_max_wh > 0), axis=1)
    first = np.maximum(runs.earliest, 0)
    last = np.minimum(runs.latest, slots - runs.length)
    return Case(
        problem=problem,
        active=active,
        first_start=first,
        last_start=last,
        startable=first <= last,
        zone_depth=_depth(problem.zones.parent),
    )


def empty_draft(problem: Problem) -> Draft:
    """Nothing moves, nothing runs."""
    return Draft(
        charge=np.zeros(problem.storage.lo_wh.shape),
        discharge=np.zeros(problem.storage.lo_wh.shape),
        curtail=np.zeros(problem.load_wh.shape),
        run_start=np.full(len(problem.runs.home), -1, np.int64),
        zone_price=np.zeros((len(problem.zones.parent), problem.load_wh.shape[1])),
    )


def _depth(parent: Ints) -> Ints:
    depth = np.zeros(len(parent), np.int64)
    above = parent.copy()
    while np.any(above >= 0):
        depth += above >= 0
        above = np.where(above >= 0, parent[above], -1)
        if depth.max(initial=0) > len(parent):
            raise ValueError("zones form a circle")
    return depth


def run_energy(case: Case, run_start: Ints) -> Ints:
    """Energy of the started runs, Wh [homes, slots]; a start of -1 adds nothing."""
    runs, (homes, slots) = case.problem.runs, case.shape
    edges = np.zeros((homes, slots + 1), np.int64)
    on = run_start >= 0
    home, energy = runs.home[on], runs.energy_wh[on]
    np.add.at(edges, (home, run_start[on]), energy)
    np.add.at(edges, (home, run_start[on] + runs.length[on]), -energy)
    return np.cumsum(edges[:, :-1], axis=1)


def zone_sums(case: Case, net: NDArray[Number]) -> NDArray[Number]:
    """Net energy of every zone with all below it [zones, slots] from that of homes."""
    zones = case.problem.zones
    sums = np.zeros((len(zones.parent), net.shape[1]), net.dtype)
    inside = zones.zone >= 0
    np.add.at(sums, zones.zone[inside], net[inside])
    for depth in range(int(case.zone_depth.max(initial=0)), 0, -1):
        level = np.flatnonzero(case.zone_depth == depth)
        np.add.at(sums, zones.parent[level], sums[level])
    return sums


def subtree(case: Case, zone: int) -> Bools:
    """Mark the zone and all zones below it [zones]."""
    inside = np.arange(len(case.zone_depth)) == zone
    for _ in range(int(case.zone_depth.max(initial=0))):
        parent = case.problem.zones.parent
        inside |= (parent >= 0) & inside[parent]
    return np.asarray(inside)


def homes_in(case: Case, zones: Bools) -> Bools:
    """Mark the homes of marked zones [homes]."""
    zone = case.problem.zones.zone
    return np.asarray((zone >= 0) & zones[zone]) if len(zones) else np.zeros(len(zone), np.bool_)


def net_energy(case: Case, draft: Draft) -> Floats:
    """Net energy of a draft, positive = withdrawal, Wh [homes, slots]."""
    problem = case.problem
    net = (problem.load_wh - problem.pv_wh + run_energy(case, draft.run_start)).astype(float)
    net += draft.curtail
    np.add.at(net, problem.storage.home, draft.charge - draft.discharge)
    return net
