"""What an activation leaves to be made up: energy debts, and the fleet that the next solve sees."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np

from gridpact.base.units import Floats, Ints
from gridpact.scheduling.activation.columns import NOTHING_DUE, Assets
from gridpact.scheduling.activation.reserve import Answer
from gridpact.scheduling.activation.standing import Standing
from gridpact.scheduling.fleet.columns import (
    TABLES,
    Fleet,
    OneWay,
    Storage,
    per_asset,
)


class Debts(msgspec.Struct, frozen=True):
    """Energy to be made up, asset by asset.

    ``energy_wh`` [debts] of asset ``row`` [debts] is to be drawn beside the schedule (positive) or
    left undrawn (negative) until ``due_s`` [debts], s since the epoch.
    """

    row: Ints
    energy_wh: Ints
    due_s: Ints


def rebound(answer: Answer, assets: Assets, lasted_s: int) -> Debts:
    """Debts that an answer leaves once it lasted so long, rounded up to whole Wh.

    Assets without anything to make up (:data:`~.columns.NOTHING_DUE`) owe nothing. An answer that
    lasted no longer than its headroom was made for owes no more than could be moved.
    """
    owes = (answer.given_w > 0) & (assets.due_s != NOTHING_DUE)
    row = np.flatnonzero(owes)
    energy = -(-answer.given_w[row] * lasted_s // 3600) * int(answer.direction)
    return Debts(row, energy, assets.due_s[row])


def together(debts: Sequence[Debts]) -> Debts:
    """Add debts asset by asset; each is due when the first of its parts is."""
    rows = np.concatenate([debt.row for debt in debts])
    kept, place = np.unique(rows, return_inverse=True)
    energy, due = np.zeros(len(kept), np.int64), np.full(len(kept), np.iinfo(np.int64).max)
    np.add.at(energy, place, np.concatenate([debt.energy_wh for debt in debts]))
    np.minimum.at(due, place, np.concatenate([debt.due_s for debt in debts]))
    left = energy != 0
    return Debts(kept[left], energy[left], due[left])


def with_rebound(fleet: Fleet, standing: Standing, answer: Answer, lasted_s: int) -> Fleet:
    """Give the fleet as the next solve must see it, so that it places what the answer moved.

    ``fleet`` is what would be solved next had nothing happened: cars need what the schedule leaves
    to be charged, storage begins with the state planned. Cars that gave up charging need more,
    storage begins with the state it was brought to, at the efficiency of the fleet's first slot.
    Where states are measured, use those.
    """
    moved: Floats = np.asarray(answer.given_w * (lasted_s / 3600) * int(answer.direction))
    tables: dict[str, OneWay | Storage] = {}
    if fleet.one_way is not None:
        row, own = _rows(standing, "one_way")
        energy = per_asset(fleet.one_way.energy_wh, len(fleet.one_way.zone)).copy()
        energy[row] = np.maximum(energy[row] + moved[own], 0.0)
        tables["one_way"] = msgspec.structs.replace(fleet.one_way, energy_wh=energy)
    if fleet.storage is not None:
        row, own = _rows(standing, "storage")
        state = per_asset(fleet.storage.initial_wh, len(fleet.storage.zone)).copy()
        planned = np.asarray(standing.assets.power_w[own] * (lasted_s / 3600))
        state[row] += _stored(fleet.storage, row, planned - moved[own])
        state[row] -= _stored(fleet.storage, row, planned)
        tables["storage"] = msgspec.structs.replace(fleet.storage, initial_wh=state)
    return msgspec.structs.replace(fleet, **tables)


def _rows(standing: Standing, name: str) -> tuple[Ints, Ints]:
    """Rows of a table, and the assets they are."""
    own = np.flatnonzero(standing.table == TABLES.index(name))
    return standing.row[own], own


def _stored(table: Storage, row: Ints, net_wh: Floats) -> Floats:
    """Change of the state for net energy drawn [rows], Wh; charging where it is positive."""
    count, inward = len(table.zone), np.asarray(table.efficiency_in, np.float64)
    gained = per_asset(inward[:, 0] if inward.ndim == 2 else inward, count)[row]
    spent = per_asset(table.efficiency_out, count)[row]
    return np.asarray(np.where(net_wh > 0, net_wh * gained, net_wh / spent))
