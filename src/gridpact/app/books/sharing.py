"""The sharing rules of a book: who of its members receives how much of what is over."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np

from gridpact.app.sharing.allocating import allocate, read_key_contract
from gridpact.app.sharing.energy import Energy
from gridpact.app.sharing.rules import SharingFile, read_rules
from gridpact.base.errors import BadInput, Fault
from gridpact.base.slots import Slots
from gridpact.base.units import Ints
from gridpact.contracts.needs import factors, nodes
from gridpact.contracts.observables import Fold
from gridpact.settlement.allocation import Allocation
from gridpact.settlement.periods.energy import Share
from gridpact.settlement.periods.rules import Rules


def share_of(path: Path, rules: Rules) -> Share:
    """Return the allocation by a file of sharing rules; as :func:`share_by`."""
    return share_by(read_rules(path), rules)


def share_by(file: SharingFile, rules: Rules) -> Share:
    """Return the allocation by sharing rules, for the members of a book.

    Members whom the file does not name neither give nor receive. Raises BadInput for a file that
    does not fit the book.
    """
    _check(file, rules)
    place = {member.point: row for row, member in enumerate(rules.members)}
    points = tuple(sorted(member.point for member in file.members))
    rows = np.array([place[point] for point in points], dtype=np.int64)
    role = {member.point: member for member in file.members}
    gives = np.array([[role[point].produces] for point in points], dtype=np.int64)
    takes = np.array([[role[point].consumes] for point in points], dtype=np.int64)

    def share(slots: Slots, surplus_wh: Ints, need_wh: Ints) -> Allocation:
        nothing = np.zeros((len(rows), slots.count), np.bool_)
        energy = Energy(
            points, slots, surplus_wh[rows] * gives, need_wh[rows] * takes, nothing, nothing
        )
        return _laid(allocate(file, energy).shared, rows, surplus_wh.shape)

    return share


def _laid(shared: Allocation, rows: Ints, shape: tuple[int, ...]) -> Allocation:
    """Lay an allocation of some members over all of a book."""
    received, given = np.zeros((2, *shape), np.int64)
    received[rows], given[rows] = shared.in_wh, shared.out_wh
    if shared.kept_wh is None:
        return Allocation(received, given)
    kept = np.zeros(shape, np.int64)
    kept[rows] = shared.kept_wh
    return Allocation(received, given, kept)


def _check(file: SharingFile, rules: Rules) -> None:
    known = {member.point for member in rules.members}
    found = [
        (point.point, "no member of the book has this metering point", "name a member's point")
        for point in file.members
        if point.point not in known
    ]
    if file.step_s != rules.step_s:
        problem = f"slots of {file.step_s} s, and the book's are of {rules.step_s} s"
        found.append(("slot_minutes", problem, "let both be the same"))
    if file.registers != "net":
        found.append(("registers", "a book nets the registers of a point", "write registers: net"))
    if file.key == "contract" and _folded(file):
        problem = "a book's key is read slot by slot, and this one counts over many"
        found.append(("contract", problem, "take a contract without totals"))
    if found:
        raise BadInput([Fault(file.file, 0, *each) for each in found])


def _folded(file: SharingFile) -> bool:
    contract = read_key_contract(file.folder / file.contract)
    return any(isinstance(node, Fold) for node in nodes(factors(contract)))


def files_of(path: Path) -> list[Path]:
    """Return a file of sharing rules and the files that it names, in order."""
    file = read_rules(path)
    found = [path]
    if file.contract:
        found.append(file.folder / file.contract)
    if file.coefficients:
        pattern = file.coefficients.replace("{month}", "*").replace("{year}", "*")
        found += sorted(file.folder.glob(pattern))
    return found


def sharing_digest(path: Path) -> str:
    """Return the SHA-256 of sharing rules and of the files that they name."""
    found = hashlib.sha256()
    for each in files_of(path):
        found.update(hashlib.sha256(each.read_bytes()).digest())
    return found.hexdigest()
