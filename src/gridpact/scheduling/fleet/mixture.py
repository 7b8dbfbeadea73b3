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
from gridpact.scheduling.fleet.columns import TABLES, Fleet, narrow
from gridpact.scheduling.fleet.engine import Engine
from gridpact.scheduling.fleet.groups import Groups
from gridpact.scheduling.fleet.homes import HOMES, Seats
from gridpact.scheduling.fleet.meters import Meters
from gridpact.scheduling.fleet.prepare import GroupPrices
from gridpact.scheduling.fleet.separation import separate, states
from gridpact.scheduling.fleet.shares import Shares
from gridpact.scheduling.fleet.solution import Schedules


class Mixture(msgspec.Struct, frozen=True):
    """Everything schedules are made from.

    ``tight`` [cells, slots]: see :mod:`.separation`; ``dealt`` [blocks]: see :mod:`.whole_plans`;
    ``engine`` is what a warm start begins from.
    """

    fleet: Fleet
    meters: Meters
    groups: Groups
    asked_at: dict[int, GroupPrices]
    shares: Shares
    tight: Bools
    dealt: tuple[Ints | None, ...]
    engine: Engine

    def schedules(self, zones: Ints | None) -> Schedules:
        """Schedules of the assets in these zones themselves, or of all; see :class:`Schedules`."""
        wanted = np.ones(len(self.fleet.zones.parent), np.bool_)
        if zones is not None:
            wanted[:] = False
            wanted[zones] = True
        rows = tuple(self.rows(name, wanted) for name in TABLES)
        plans = {name: self.plans(name, own) for name, own in zip(TABLES, rows, strict=True)}
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

    def rows(self, name: str, wanted: Bools) -> Ints:
        """Rows of a table in wanted zones [zones] themselves."""
        table = getattr(self.fleet, name)
        return np.zeros(0, np.int64) if table is None else np.flatnonzero(wanted[table.zone])

    def plans(self, name: str, rows: Ints) -> Floats:
        """Mixed plans of these rows of a table [rows, channels, slots] kWh."""
        mixed = np.zeros((len(rows), 2 if name == "storage" else 1, self.fleet.slots))
        table = getattr(self.fleet, name)
        if not len(rows):
            return mixed
        place = np.full(len(table.zone), -1)
        place[rows] = np.arange(len(rows))
        for number, block in enumerate(self.groups.blocks):
            if block.table == name:
                self._mix_block(number, place, mixed)
            elif block.table == HOMES:
                self._mix_homes(number, self.groups.homes.seats[name], place, mixed)
        return mixed

    def _mix_block(self, number: int, place: Ints, mixed: Floats) -> None:
        """Mix the plans of one oracle's assets; ``place`` is a row's place in ``mixed``, or -1."""
        layout = self.groups.blocks[number].layout
        for own in range(len(layout.first) - 1):
            members = np.arange(layout.first[own], layout.first[own + 1])
            members = members[place[layout.rows[members]] >= 0]
            for asked, share, plans in self.answers(number, own, members):
                mixed[place[layout.rows[asked]]] += share * plans

    def _mix_homes(self, number: int, seats: Seats, place: Ints, mixed: Floats) -> None:
        """Mix the plans of assets of homes."""
        layout, width = self.groups.blocks[number].layout, mixed.shape[1]
        for own in range(len(layout.first) - 1):
            home = layout.rows[layout.first[own]]
            seated = np.flatnonzero((seats.home == home) & (place[seats.row] >= 0))
            if not seated.size:
                continue
            channels = seats.channel[seated, None] + np.arange(width)
            for _, share, plans in self.answers(number, own, layout.first[own : own + 1]):
                mixed[place[seats.row[seated]]] += share * plans[0][channels]

    def answers(self, number: int, own: int, members: Ints) -> Iterator[tuple[Ints, float, Floats]]:
        """Plans that a group of a block mixes: of which sorted rows, their weight, the plans."""
        block, dealt = self.groups.blocks[number], self.dealt[number]
        group = int(block.place[own])
        if not len(members):
            return
        if dealt is None:
            for born, share in self.shares.of(group):
                yield members, share, block.oracle.plans(members, self._prices(born, group))
            return
        for born in np.unique(dealt[members]).tolist():
            whole = members[dealt[members] == born]
            yield whole, 1.0, block.oracle.plans(whole, self._prices(born, group))

    def _prices(self, born: int, group: int) -> Floats:
        """The very prices that a group was asked at."""
        return np.asarray(self.asked_at[born].of(self.groups, np.array([group]))[0])

    def storage_plans(
        self, zones: Ints
    ) -> tuple[Ints, tuple[Floats, Floats], tuple[Floats, Floats]]:
        """Storage of these zones' cells that a mix may let charge and discharge at once.

        Rows; charge and discharge, mixed and separated [Wh].
        """
        rows = self.rows("storage", np.isin(self.meters.place, zones))
        rows = rows[two_way(self.fleet)[rows]]
        plans = self.plans("storage", rows)
        charge, discharge, _ = self._storage(plans, rows)
        return rows, (plans[:, 0] * 1000, plans[:, 1] * 1000), (charge, discharge)

    def storage_group(self) -> Ints:
        """Group of every row of storage [assets]."""
        table = self.fleet.storage
        group = np.zeros(0 if table is None else len(table.zone), np.int64)
        for block in self.groups.blocks:
            of_row = np.repeat(block.place, np.diff(block.layout.first))
            if block.table == "storage":
                group[block.layout.rows] = of_row
            elif block.table == HOMES:
                seats = self.groups.homes.seats["storage"]
                of_home = dict(zip(block.layout.rows.tolist(), of_row.tolist(), strict=True))
                for row, home in zip(seats.row.tolist(), seats.home.tolist(), strict=True):
                    group[row] = of_home.get(home, group[row])
        return group

    def _storage(self, plans: Floats, rows: Ints) -> tuple[Floats, Floats, Floats]:
        """Charge, discharge and state after each slot [rows, slots] Wh, never both ways at once."""
        table = self.fleet.storage
        if table is None or not len(rows):
            return plans[:, 0], plans[:, 0], plans[:, 0]
        cell = np.searchsorted(self.groups.zone, self.meters.place[np.asarray(table.zone)[rows]])
        charge, discharge = plans[:, 0] * 1000, plans[:, 1] * 1000
        separate(table, rows, self.fleet.hours, self.tight[cell], (charge, discharge))
        return charge, discharge, states(table, rows, charge, discharge)


def two_way(fleet: Fleet) -> Bools:
    """Mark storage [assets] that can charge and can discharge."""
    table = fleet.storage
    if table is None:
        return np.zeros(0, np.bool_)
    count, ways = len(table.zone), (table.charge_w, table.discharge_w)
    most = [narrow(values, count, fleet.slots).max(axis=1) for values in ways]
    return np.asarray((most[0] > 0) & (most[1] > 0))
