"""Deliveries as rows: what a part of the fleet gives in a slot covers all that is agreed of it."""

from __future__ import annotations

import msgspec
import numpy as np

from gridpact.base.units import Floats, Ints
from gridpact.scheduling.fleet.additions import Row
from gridpact.scheduling.obligations.draft import ContractRow, Draft
from gridpact.scheduling.obligations.model import Agreed, Backing, Column
from gridpact.scheduling.priorities.levels import Level


class Served(msgspec.Struct):
    """All that one backing gives: ``fixed`` [slots] Wh, and the choices beside it."""

    backing: Backing
    fixed: Floats
    columns: list[Column]
    contracts: list[str]

    def add(self, given: Ints, agreed: Agreed) -> None:
        """Serve a delivery that is fixed."""
        self.fixed = self.fixed + given
        self.contracts.append(agreed.id)

    def add_choice(self, column: Column) -> None:
        """Serve a choice, as far as it is one."""
        if column.zone < 0:
            self.fixed = self.fixed + column.choice.given[0]
        else:
            self.columns.append(column)
        self.contracts.append(column.agreed)


def add_rows(draft: Draft, served: Served) -> None:
    """Bound the part's net energy slot by slot, with what choices give counted in.

    What is given is to be given at least, what is taken to be taken at least: energy sold is made
    by the part itself, energy bought is used by it.
    """
    backing, slots = served.backing, draft.fleet.slots
    low, high = served.fixed.copy(), served.fixed.copy()
    for column in served.columns:
        low += column.choice.given.min(axis=0)
        high += column.choice.given.max(axis=0)
    baseline = np.broadcast_to(np.asarray(backing.baseline_wh, np.float64), (slots,))
    room = baseline - served.fixed
    zones = tuple(backing.zones.tolist()) + tuple(column.zone for column in served.columns)
    names = tuple(dict.fromkeys(served.contracts))
    for slot in np.flatnonzero((low != 0) | (high != 0)).tolist():
        gives, exactly = high[slot] > 0, backing.exactly
        lower = room[slot] if exactly or not gives else -np.inf
        upper = room[slot] if exactly or gives else np.inf
        row = Row(zones, backing.assets, slot, slot + 1, lower, upper)
        draft.rows.append(ContractRow(row, Level.CONTRACTS, names))


def mixed_slots(served: Served) -> Ints:
    """Slots in which the same part would both give and take: no one row says so."""
    low, high = served.fixed.copy(), served.fixed.copy()
    for column in served.columns:
        low += column.choice.given.min(axis=0)
        high += column.choice.given.max(axis=0)
    return np.flatnonzero((low < 0) & (high > 0))
