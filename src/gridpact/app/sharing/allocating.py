"""A community's readings under its rules: the allocation of a period."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np

from gridpact.app.sharing import tables
from gridpact.app.sharing.energy import Energy
from gridpact.app.sharing.rules import SharingFile
from gridpact.base.errors import BadInput, Fault
from gridpact.base.units import Bools, Ints
from gridpact.contracts.files import read_contract
from gridpact.contracts.terms import Contract
from gridpact.settlement.allocation import Allocation
from gridpact.settlement.sharing import contracts, keys, split
from gridpact.settlement.sharing.coefficients import POOL, Coefficients, realised
from gridpact.settlement.sharing.keys import (
    DefaultDynamic,
    FullDynamic,
    Key,
    Owned,
    Static,
    share,
)
from gridpact.settlement.sharing.storage import giving_for_charging


class Allocated(msgspec.Struct, frozen=True):
    """The energy of a period and what became of it, by the rules' key and split."""

    rules: SharingFile
    energy: Energy
    key: Key
    shared: Allocation

    @property
    def left_wh(self) -> Ints:
        """Energy [points, slots] that was produced and given to nobody: the surplus."""
        return self.energy.surplus_wh - self.shared.out_wh


def allocate(rules: SharingFile, energy: Energy) -> Allocated:
    """Allocate the energy of a period.

    Raises BadInput for files of coefficients or a contract that cannot serve.
    """
    key, storage = key_of(rules, energy), _storage(rules, energy.points)
    shared = share(key, energy.surplus_wh, energy.need_wh, storage=storage)
    if rules.split != "pro-rata" and not isinstance(key, FullDynamic | Owned):
        shared = _split(shared, rules, energy, storage)
    return Allocated(rules, energy, key, shared)


def _split(
    shared: Allocation, rules: SharingFile, energy: Energy, storage: Bools | None
) -> Allocation:
    """Let producers give by the rules' split what is shared."""
    order = _order(rules, energy.points)

    def by_rule(total: Ints, surplus: Ints, rows: Bools) -> Ints:
        own = np.cumsum(rows) - 1
        return split.given_by(rules.split, total, surplus, own[order[rows[order]]])

    everybody = np.ones(len(energy.points), dtype=np.bool_)
    given = by_rule(shared.in_wh.sum(axis=0), energy.surplus_wh, everybody)
    found = Allocation(shared.in_wh, given, shared.kept_wh)
    if storage is None:
        return found
    return giving_for_charging(found, energy.surplus_wh, storage, by_rule)


def key_of(rules: SharingFile, energy: Energy) -> Key:
    """Return the key that rules name, for the points and slots of energy."""
    if rules.key == "default-dynamic":
        return DefaultDynamic()
    if rules.key == "contract":
        return _claims(rules, energy)
    found = tables.declared(rules, energy.slots)
    assert found is not None  # noqa: S101 - all other keys declare coefficients
    ppm = tables.rows_of(rules, energy.points, found)
    if rules.key == "full-dynamic":
        rows = [energy.points.index(name) for name in found.producers]
        return FullDynamic(np.array(rows, dtype=np.int64), ppm)
    return Owned(ppm[0]) if rules.key.startswith("spanish") else Static(ppm[0])


def by_producer(done: Allocated) -> tuple[tuple[str, ...], Ints]:
    """Return producers, and what each gives to each point: int64 [producers, points, slots]."""
    energy, shared = done.energy, done.shared
    storage = _storage(done.rules, energy.points)
    if isinstance(done.key, FullDynamic):
        names = tuple(energy.points[row] for row in done.key.producers.tolist())
        gifts = keys.by_producer(done.key, energy.surplus_wh, shared.in_wh, storage=storage)
        return names, gifts
    names = done.rules.producers
    rows = [energy.points.index(name) for name in names]
    if storage is None:
        return names, split.by_producer(shared.out_wh[rows], shared.in_wh)
    charging = np.where(storage[:, None], shared.used_wh, 0)
    gifts = split.by_producer(
        shared.out_wh[rows], shared.in_wh, charging_wh=charging, stores=storage[rows]
    )
    return names, gifts


def in_effect(rules: SharingFile, energy: Energy) -> Coefficients:
    """Return the coefficients that the allocation of some energy came to, of consumers."""
    done = allocate(rules, energy)
    rows = [energy.points.index(name) for name in rules.consumers]
    produced = energy.surplus_wh.sum(axis=0)
    ppm = realised(done.shared.in_wh[rows], produced)
    return Coefficients((POOL,), rules.consumers, energy.slots, ppm[None])


def read_key_contract(path: Path) -> Contract:
    """Read a contract that is to be a key; BadInput lists why it cannot be."""
    contract = read_contract(path).contract
    found = contracts.problems(contract)
    if found:
        raise BadInput([Fault(str(path), 0, "terms", *each) for each in found])
    return contract


def _claims(rules: SharingFile, energy: Energy) -> Key:
    contract = read_key_contract(rules.folder / rules.contract)
    share_of = {member.point: member.share_ppm for member in rules.members}
    shares = np.array([share_of[point] for point in energy.points], dtype=np.int64)
    produced = contracts.produced(energy.surplus_wh)
    return contracts.claims(contract, energy.slots, energy.need_wh, produced, shares)


def _storage(rules: SharingFile, points: tuple[str, ...]) -> Bools | None:
    stores = {member.point for member in rules.members if member.role == "storage"}
    if not stores:
        return None
    return np.array([point in stores for point in points], dtype=np.bool_)


def _order(rules: SharingFile, points: tuple[str, ...]) -> Ints:
    """Rows of points in the order in which the rules name them."""
    return np.array([points.index(member.point) for member in rules.members], dtype=np.int64)
