"""Stores of readings as sources of a scenario: what was measured, as it was known at an instant.

A column of a store is a register of a metering point, ``POINT:withdrawal`` or ``POINT:injection``;
a point alone stands for its withdrawal.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from gridpact.base.errors import BadInput, Fault
from gridpact.base.slots import Slots, iso
from gridpact.base.units import Bools
from gridpact.metering.importers.rows import Report
from gridpact.metering.importers.table import Table
from gridpact.metering.readings import Channel, Quality
from gridpact.simulation.scenarios.model import ColumnRef, StoreSource

if TYPE_CHECKING:
    from gridpact.metering.store.store import Store

DAY_S = 86400
BEFORE_DAYS, AFTER_DAYS = 60, 3
"""Days around a run that are read with it: what forecasts learn from, and what plans look at."""


def is_store(path: Path) -> bool:
    """Tell whether a folder is a store of readings."""
    return (path / "store.json").is_file()


def channel_of(column: str) -> Channel:
    """Return the channel that a column of a store names."""
    point, colon, register = column.rpartition(":")
    if colon and register == "withdrawal":
        return Channel(point, "withdrawal")
    if colon and register == "injection":
        return Channel(point, "injection")
    return Channel(column)


def spelt(column: str) -> str:
    """Write a column of a store in full: ``bakery`` is ``bakery:withdrawal``."""
    channel = channel_of(column)
    return f"{channel.point}:{channel.register}"


def opened(source: StoreSource) -> Store:
    """Open a store; BadInput where there is none, StoreError where it is damaged."""
    from gridpact.metering.store.store import Store

    return Store.open(source.url)


def pinned(source: StoreSource) -> StoreSource:
    """Return a source as it is known now: what is imported later does not change it."""
    if source.as_of is not None:
        return source
    return msgspec.structs.replace(source, as_of=opened(source).log.known_last())


def fingerprint(source: StoreSource) -> str:
    """SHA-256 (hex) of all imports known at ``as_of``, on which every answer of then rests.

    It does not depend on the order of imports, and compacting does not change it.
    """
    known = [
        (each.known_s, each.digest, each.recipe)
        for each in opened(source).log.imports
        if source.as_of is None or each.known_s <= source.as_of
    ]
    return hashlib.sha256(msgspec.json.encode(sorted(set(known)))).hexdigest()


def read_store(
    source: StoreSource, refs: Sequence[ColumnRef], step_s: int, run: Slots | None
) -> tuple[dict[ColumnRef, Table], list[Fault]]:
    """Read columns of a store on slots of ``step_s`` seconds around a run.

    Only sound values count: what is suspect is absent, as what is missing is; what was estimated
    or edited counts. Returns a table by column, none where ``run`` is not known, and every fault.
    """
    report = Report(source.label)
    try:
        store = opened(source)
    except BadInput as error:
        return {}, list(error.faults)
    known = {point.id for point in store.points}
    names = sorted(ref.column for ref in refs)
    for name in names:
        if channel_of(name).point not in known:
            some = ", ".join(sorted(known)[:8]) or "none yet"
            report.add(0, name, "the store has no such metering point", f"name one of: {some}")
    if report.faults or run is None or not names:
        return {}, report.faults
    table = _table(store, source, names, _around(run, step_s))
    for row, name in enumerate(names):
        _check_cover(source, table.present[row], (table.slots, run), name, report)
    return dict.fromkeys(refs, table), report.faults


def _around(run: Slots, step_s: int) -> Slots:
    start = run.start - BEFORE_DAYS * DAY_S
    return Slots(start, step_s, (run.end + AFTER_DAYS * DAY_S - start) // step_s)


def _table(store: Store, source: StoreSource, names: list[str], slots: Slots) -> Table:
    """Values of channels on slots, moved by the source's shift [channels, slots]."""
    own = Slots(slots.start - source.shift_s, slots.step, slots.count)
    found = store.intervals([channel_of(name) for name in names], own, source.as_of)
    sound = (found.quality != Quality.MISSING) & (found.quality != Quality.SUSPECT)
    return Table(slots, tuple(names), "energy", np.where(sound, found.wh, 0), np.asarray(sound))


def _check_cover(
    source: StoreSource, present: Bools, where: tuple[Slots, Slots], name: str, report: Report
) -> None:
    """A column has a sound value in every slot of the run, or in some where gaps are allowed."""
    slots, run = where
    begin = (run.start - slots.start) // slots.step
    absent = np.flatnonzero(~present[begin : begin + run.count])
    if not absent.size or (source.gaps == "allow" and absent.size < run.count):
        return
    fix = "import or estimate them, or write gaps: allow"
    if absent.size == run.count:
        fix = "choose other days, a later as_of, or a shift_days"
    first = iso(int(run.starts()[absent[0]]) - source.shift_s)
    many = f"{absent.size:,} of the run's {run.count:,} slots have no sound value"
    report.add(0, name, f"{many}, the first {first}", fix)
