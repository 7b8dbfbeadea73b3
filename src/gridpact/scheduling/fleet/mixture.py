"""From the masters' weights to schedules of single assets.

Every asset mixes its own answers to the prices of a few rounds, with the public weights of its
group. Its own limits hold because they are convex, and sums are exactly those of the masters. Only
prices and weights go down; what an asset needs stays with it.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import numpy as np

from gridpact.base.units import Bools, Floats, Ints
from gridpact.scheduling.fleet.columns import TABLES, Fleet
from gridpact.scheduling.fleet.groups import Block, Groups
from gridpact.scheduling.fleet.portfolio_master import Usage
from gridpact.scheduling.fleet.prepare import GroupPrices
from gridpact.scheduling.fleet.separation import separate, states
from gridpact.scheduling.fleet.solution import Schedules

ROUNDING = 1e-12
"""Weights below this are left out."""


class Shares(msgspec.Struct, frozen=True):
    """Weights of groups: group ``g`` mixes its answers to ``born[at]`` for ``first[g] ≤ at``.

    ``share`` [entries] sums to 1 within ``first[g] : first[g + 1]``.
    """

    first: Ints
    born: Ints
    share: Floats

    def of(self, group: int) -> Iterator[tuple[int, float]]:
        """Rounds and weights of one group."""
        for at in range(int(self.first[group]), int(self.first[group + 1])):
            yield int(self.born[at]), float(self.share[at])


def shares_of(groups: Groups, proposals: list[Usage], weight: Floats) -> Shares:
    """Weights of groups from those of proposals [proposals, cells] and of answers in them."""
    group, born, share = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)], [np.zeros(0)]
    for number, usage in enumerate(proposals):
        for cell in np.flatnonzero(weight[number] > ROUNDING).tolist():
            mixed = usage.weights[cell]
            asked_at, own, part = mixed.used()
            group.append(own + groups.first[cell])
            born.append(asked_at)
            share.append(part * weight[number, cell])
    of_group, rounds = np.concatenate(group), np.concatenate(born)
    return _summed(len(groups.cell), of_group, rounds, np.concatenate(share))


def _summed(count: int, group: Ints, born: Ints, share: Floats) -> Shares:
    """Add up equal pairs of group and round, and scale every group to a sum of 1."""
    rounds = int(born.max(initial=0)) + 1
    key, inverse = np.unique(group * rounds + born, return_inverse=True)
    total = np.bincount(inverse, weights=share, minlength=len(key)).astype(np.float64)
    of_group = key // rounds
    total = total / np.bincount(of_group, weights=total, minlength=count)[of_group]
    kept = total > ROUNDING
    first = np.searchsorted(of_group[kept], np.arange(count + 1)).astype(np.int64)
    return Shares(first, (key % rounds)[kept], total[kept])


class Mixture(msgspec.Struct, frozen=True):
    """Everything schedules are made from. ``tight`` [cells, slots]: see :mod:`.separation`."""

    fleet: Fleet
    groups: Groups
    asked_at: tuple[GroupPrices, ...]
    shares: Shares
    tight: Bools

    def schedules(self, zones: Ints | None) -> Schedules:
        """Schedules of the assets in these zones themselves, or of all; see :class:`Schedules`."""
        wanted = np.ones(len(self.fleet.zones.parent), np.bool_)
        if zones is not None:
            wanted[:] = False
            wanted[zones] = True
        rows = tuple(self._rows(name, wanted) for name in TABLES)
        plans = {name: self._plans(name, own) for name, own in zip(TABLES, rows, strict=True)}
        charge, discharge, state = self._storage(plans["storage"], rows[1])
        return Schedules(
            rows=rows,
            one_way_wh=plans["one_way"][:, 0] * 1000,
            charge_wh=charge,
            discharge_wh=discharge,
            state_wh=state,
            output_wh=-plans["curtailable"][:, 0] * 1000,
            runs_wh=plans["runs"][:, 0] * 1000,
            generators_wh=-plans["generators"][:, 0] * 1000,
        )

    def _rows(self, name: str, wanted: Bools) -> Ints:
        table = getattr(self.fleet, name)
        return np.zeros(0, np.int64) if table is None else np.flatnonzero(wanted[table.zone])

    def _plans(self, name: str, rows: Ints) -> Floats:
        """Mixed plans of these rows of a table [rows, channels, slots] kWh."""
        mixed = np.zeros((len(rows), 2 if name == "storage" else 1, self.fleet.slots))
        table = getattr(self.fleet, name)
        if not len(rows):
            return mixed
        place = np.full(len(table.zone), -1)
        place[rows] = np.arange(len(rows))
        for block in self.groups.blocks:
            if block.table == name:
                self._mix_block(block, place, mixed)
        return mixed

    def _mix_block(self, block: Block, place: Ints, mixed: Floats) -> None:
        """Mix the plans of one oracle's assets; ``place`` is a row's place in ``mixed``, or -1."""
        layout = block.layout
        for own, group in enumerate(block.place.tolist()):
            members = np.arange(layout.first[own], layout.first[own + 1])
            into = place[layout.rows[members]]
            if into[0] < 0:  # a group lies in one zone: all of it is wanted, or nothing
                continue
            for born, share in self.shares.of(group):
                prices = self._prices(born, group)
                mixed[into] += share * block.oracle.plans(members, prices)

    def _prices(self, born: int, group: int) -> Floats:
        """The very prices that a group was asked at."""
        asked, groups = self.asked_at[born], self.groups
        cell, signature = groups.cell[group], groups.signature[group]
        return np.asarray(asked.cell[cell] + asked.signature[signature])

    def storage_plans(
        self, zones: Ints
    ) -> tuple[Ints, tuple[Floats, Floats], tuple[Floats, Floats]]:
        """Rows of storage in these zones; charge and discharge, mixed and then separated [Wh]."""
        wanted = np.zeros(len(self.fleet.zones.parent), np.bool_)
        wanted[zones] = True
        rows = self._rows("storage", wanted)
        plans = self._plans("storage", rows)
        charge, discharge, _ = self._storage(plans, rows)
        return rows, (plans[:, 0] * 1000, plans[:, 1] * 1000), (charge, discharge)

    def storage_signature(self) -> Ints:
        """Signature of every row of storage [assets]."""
        table = self.fleet.storage
        signature = np.zeros(0 if table is None else len(table.zone), np.int64)
        for block in self.groups.blocks:
            if block.table == "storage":
                own = self.groups.signature[block.place]
                signature[block.layout.rows] = np.repeat(own, np.diff(block.layout.first))
        return signature

    def _storage(self, plans: Floats, rows: Ints) -> tuple[Floats, Floats, Floats]:
        """Charge, discharge and state after each slot [rows, slots] Wh, never both ways at once."""
        table = self.fleet.storage
        if table is None or not len(rows):
            return plans[:, 0], plans[:, 0], plans[:, 0]
        cell = np.searchsorted(self.groups.zone, np.asarray(table.zone)[rows])
        charge, discharge = plans[:, 0] * 1000, plans[:, 1] * 1000
        separate(table, rows, self.fleet.hours, self.tight[cell], (charge, discharge))
        return charge, discharge, states(table, rows, charge, discharge)
