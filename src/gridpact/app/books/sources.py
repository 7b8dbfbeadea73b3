"""Readings of a book's members, from a store or a table, window by window."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Literal, Protocol, TypeAlias

import msgspec
import numpy as np

from gridpact.app.books.day_files import DayFiles
from gridpact.app.readings.tables import table_of
from gridpact.base.errors import BadInput, Fault
from gridpact.base.slots import Slots, covers, iso, overlap
from gridpact.base.units import Bools, Ints
from gridpact.metering.readings import Channel, Quality, Register
from gridpact.metering.store.store import Store
from gridpact.settlement.periods.energy import Metered
from gridpact.settlement.periods.rules import Rules

Kind: TypeAlias = Literal["store", "table", "day files"]
_CELLS = 1 << 24
_REGISTERS: tuple[Register, Register] = ("withdrawal", "injection")


class Source(Protocol):
    """Where readings come from."""

    @property
    def digest(self) -> str:
        """What the readings are told apart by, as hexadecimal digits."""

    @property
    def commit(self) -> int:
        """Last commit of the store that they are in, 0 for what is no store."""

    def read(self, slots: Slots, rows: slice) -> Metered:
        """Return what the registers of some members counted."""


def source_of(
    where: str, rules: Rules, period: Slots, as_of_s: int, commit: int | None = None
) -> Source:
    """Return the readings of a period as known at an instant [s], as after a commit of the store.

    ``where`` is the folder or address of a store, a CSV or Parquet table, or a folder of
    :class:`DayFiles`; what is not a store is taken to have been known always. Raises BadInput
    where a member has no register there.
    """
    match kind_of(where):
        case "table":
            return _Table(where, rules, period)
        case "day files":
            return DayFiles(Path(where), rules, period)
    return _Stored(where, rules, period, as_of_s, commit)


def kind_of(where: str) -> Kind:
    """Tell what readings are at a path or address."""
    if "://" not in where and Path(where).is_file():
        return "table"
    if "://" not in where and any(Path(where).glob("????-??-??.parquet")):
        return "day files"
    return "store"


def _channels(rules: Rules) -> tuple[tuple[Channel, ...], Ints]:
    """Return the channels of all members, and their rows [2, members], -1 for no register."""
    channels: list[Channel] = []
    rows = np.full((2, len(rules.members)), -1, np.int64)
    for place, member in enumerate(rules.members):
        for which, register in enumerate(_REGISTERS):
            if register in member.registers:
                rows[which, place] = len(channels)
                channels.append(Channel(member.point, register))
    return tuple(channels), rows


class _Laid(msgspec.Struct):
    """Values of all channels on a window: Wh and where they are known [channels, slots]."""

    slots: Slots
    wh: Ints
    present: Bools

    def metered(self, rows: Ints, slots: Slots) -> Metered:
        """Return two registers, ``rows`` [2, members] of channels; a row of -1 counts nothing."""
        here, _ = overlap(self.slots, slots)
        parts = [
            (np.where(each[:, None] < 0, 0, self.wh[each, here]),
             (each[:, None] < 0) | self.present[each, here])
            for each in rows
        ]  # fmt: skip
        known = (parts[0][1], parts[1][1])
        return Metered(parts[0][0], parts[1][0], None if all(k.all() for k in known) else known)


class _Table:
    """A table, read whole."""

    commit = 0

    def __init__(self, path: str, rules: Rules, period: Slots) -> None:
        channels, self._rows = _channels(rules)
        slots, wh, present, _ = table_of(path, channels, None)
        if slots.step != period.step or not covers(slots, period):
            have = f"from {iso(slots.start)} to {iso(slots.end)} in slots of {slots.step} s"
            fix = f"the period is from {iso(period.start)} to {iso(period.end)}"
            raise BadInput([Fault(path, 0, "slot_start", f"the table is {have}", fix)])
        self._laid = _Laid(slots, wh, present)
        self._digest = hashlib.sha256(Path(path).read_bytes()).hexdigest()

    @property
    def digest(self) -> str:
        return self._digest

    def read(self, slots: Slots, rows: slice) -> Metered:
        return self._laid.metered(self._rows[:, rows], slots)


class _Stored:
    """A store, read some days at a time."""

    def __init__(
        self, url: str, rules: Rules, period: Slots, as_of_s: int, commit: int | None
    ) -> None:
        store = Store.open(url)
        self.commit = store.log.last_import if commit is None else commit
        self._store, self._period, self._as_of_s = store.until(self.commit), period, as_of_s
        self._refused = [Quality.MISSING, *([Quality.SUSPECT] if rules.suspect == "refuse" else [])]
        self._channels, self._rows = _channels(rules)
        self._laid: _Laid | None = None
        self._check(url)

    def _check(self, url: str) -> None:
        known = {point.id for point in self._store.points}
        missing = sorted({each.point for each in self._channels} - known)
        if missing:
            fix = "add it with gridpact readings points, or correct the member's point"
            problem = "the store has no such metering point"
            raise BadInput([Fault(url, 0, name, problem, fix) for name in missing])

    @property
    def digest(self) -> str:
        """SHA-256 of what was imported until then: files, how they were read, and when known."""
        told = [
            (one.number, one.digest, one.recipe, one.known_s)
            for one in self._store.log.imports
            if one.known_s <= self._as_of_s
        ]
        return hashlib.sha256(msgspec.json.encode((self._as_of_s, told))).hexdigest()

    def read(self, slots: Slots, rows: slice) -> Metered:
        if self._laid is None or not covers(self._laid.slots, slots):
            self._laid = self._read(slots)
        return self._laid.metered(self._rows[:, rows], slots)

    def _read(self, slots: Slots) -> _Laid:
        """Read from some slots on, as many as fit."""
        room = max(_CELLS // max(len(self._channels), 1), slots.count)
        count = min(room, (self._period.end - slots.start) // slots.step)
        window = Slots(slots.start, slots.step, max(count, slots.count))
        found = self._store.intervals(self._channels, window, self._as_of_s)
        return _Laid(window, found.wh, ~np.isin(found.quality, self._refused))
