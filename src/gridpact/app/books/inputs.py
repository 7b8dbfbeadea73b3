"""Everything that a period of a book is settled on, gathered from its files, with digests."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

import msgspec
import numpy as np

from gridpact.app.books.rules_file import RulesFile
from gridpact.app.books.sharing import share_of, sharing_digest
from gridpact.app.books.sources import Source, source_of
from gridpact.base.errors import BadInput, Fault
from gridpact.base.slots import Slots, iso, overlap
from gridpact.base.units import Bools, Ints
from gridpact.contracts.evaluate import Known
from gridpact.contracts.needs import Needs, SeriesNeed
from gridpact.contracts.tables import read_world
from gridpact.settlement.periods.energy import Inputs, Own


class Gathered(msgspec.Struct, frozen=True):
    """Inputs of a period, and what they are told apart by.

    ``prices`` and ``own`` are series of files on the slots of the period, int64 [slots] and
    [members, slots], with where they are known.
    """

    source: Source
    prices: dict[str, Known]
    own: dict[str, Known]
    inputs: Inputs
    series: dict[str, str]
    sharing: str


def gather(file: RulesFile, readings: str, period: Slots, as_of_s: int) -> Gathered:
    """Gather the inputs of a period; BadInput lists every fault of every file."""
    faults: list[Fault] = []
    prices, own = _prices(file, period, faults), _own(file, period, faults)
    digest = share = None
    try:
        share = share_of(file.folder / file.sharing, file.rules) if file.sharing else None
        digest = sharing_digest(file.folder / file.sharing) if file.sharing else ""
    except BadInput as error:
        faults += error.faults
    try:
        source = source_of(readings, file.rules, period, as_of_s)
    except BadInput as error:
        faults += error.faults
        raise BadInput(faults) from error
    if faults:
        raise BadInput(faults)
    inputs = Inputs(source.read, prices, owned(own, period), share)
    series = {name: digest_of(known) for name, known in {**prices, **own}.items()}
    return Gathered(source, prices, own, inputs, series, digest or "")


def owned(own: Mapping[str, Known], period: Slots) -> dict[str, Own]:
    """Return series of members as a period is settled on them."""
    return {name: _reader(known, period) for name, known in own.items()}


def _reader(known: Known, period: Slots) -> Own:
    def read(slots: Slots, rows: slice) -> Known:
        here, _ = overlap(period, slots)
        return Known(known.values[rows, here], known.present[rows, here])

    return read


def _prices(file: RulesFile, period: Slots, faults: list[Fault]) -> dict[str, Known]:
    """Read series that are the same for all, those that a contract uses."""
    found: dict[str, Known] = {}
    tables: dict[str, list[str]] = {}
    for name, table in file.series.items():
        if name in file.units:
            tables.setdefault(table, []).append(name)
    for table, names in tables.items():
        needs = Needs(tuple(SeriesNeed(name, file.units[name]) for name in sorted(names)), ())
        world = _table(file.folder / table, needs, period, faults)
        found.update(world)
    return found


def _own(file: RulesFile, period: Slots, faults: list[Fault]) -> dict[str, Known]:
    """Read series that members have of their own, a column for each."""
    names = [member.id for member in file.rules.members]
    needs = Needs(tuple(SeriesNeed(name, "Wh") for name in sorted(names)), ())
    found = {}
    for series, table in file.own.items():
        world = _table(file.folder / table, needs, period, faults)
        if len(world) == len(names):
            values = np.stack([world[name].values for name in names])
            found[series] = Known(values, np.stack([world[name].present for name in names]))
    return found


def _table(path: Path, needs: Needs, period: Slots, faults: list[Fault]) -> dict[str, Known]:
    """Read columns of a table on the slots of a period; a slot without a row is not known."""
    try:
        world, slots = read_world(path, needs)
    except BadInput as error:
        faults += error.faults
        return {}
    except OSError as error:
        problem = f"the table cannot be read: {error.strerror or error}"
        faults.append(Fault(str(path), 0, "", problem, "name a readable CSV or Parquet file"))
        return {}
    if slots.step != period.step:
        problem = f"the table, from {iso(slots.start)}, is in slots of {slots.step} s"
        fix = f"give a row for each {period.step} s"
        faults.append(Fault(str(path), 0, "slot_start", problem, fix))
        return {}
    return {name: _on(series, slots, period) for name, series in world.items()}


def _on(series: Ints | Known, slots: Slots, period: Slots) -> Known:
    here, there = overlap(period, slots)
    values, present = np.zeros(period.count, np.int64), np.zeros(period.count, np.bool_)
    known = series if isinstance(series, Known) else Known(series, np.ones(slots.count, np.bool_))
    values[here] = known.values[there]
    present[here] = np.broadcast_to(known.present, slots.count)[there]
    return Known(np.where(present, values, 0), present)


def digest_of(known: Known) -> str:
    """Return the SHA-256 of a series and of where it is known, as hexadecimal digits."""
    found = hashlib.sha256(np.ascontiguousarray(known.values, dtype="<i8").data)
    present: Bools = np.ascontiguousarray(known.present, dtype=np.bool_)
    found.update(present.data)
    return found.hexdigest()
