"""Energy that members injected and withdrew in a period, from a store of readings or a table."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np

from gridpact.app.readings.named_points import NamedPoint, check_points
from gridpact.app.readings.tables import table_of
from gridpact.app.sharing.rules import SharingFile
from gridpact.base.errors import BadInput, Fault
from gridpact.base.slots import Slots, covers, iso, overlap
from gridpact.base.units import Bools, Ints
from gridpact.metering.readings import Channel, Marks, Quality


class Energy(msgspec.Struct, frozen=True):
    """What is to be shared and what is needed, int64 [points, slots] in Wh.

    ``points`` are in ascending order. ``estimated`` [points, slots] says where a reading was not
    measured but estimated or edited, ``suspect`` where validation doubts it.
    """

    points: tuple[str, ...]
    slots: Slots
    surplus_wh: Ints
    need_wh: Ints
    estimated: Bools
    suspect: Bools


def read_energy(source: str, rules: SharingFile, slots: Slots, as_of: int | None) -> Energy:
    """Read the energy of all members.

    Parameters
    ----------
    source : str
        Folder or address of a store of readings; or a CSV or Parquet table with ``slot_start`` and
        a column ``POINT:withdrawal`` or ``POINT:injection`` [Wh] for each register.
    rules : SharingFile
        Who takes part, and as what.
    slots : Slots
        The period.
    as_of : int, optional
        Readings as they were known at an instant [s]; a table knows no such thing.

    Raises
    ------
    BadInput
        Names every register without a value, with its slots: what is missing is never zero. So for
        values that are suspect, unless the rules take them.
    """
    channels = tuple(
        channel for member in rules.members for channel in _channels(member.point, member.role)
    )
    if "://" not in source and Path(source).is_file():
        values, quality, lines = _of_table(source, channels, slots, as_of)
    else:
        from gridpact.metering.store.store import Store

        store = Store.open(source)
        named = (NamedPoint(each.point, "point", each.line) for each in rules.members)
        check_points(store, rules.file, named)
        found = store.intervals(channels, slots, as_of)
        values, quality, lines = found.wh, found.quality, np.zeros(slots.count, np.int64)
    _refuse((source, lines), channels, slots, quality, rules.suspect)
    return _laid(rules, channels, slots, values, quality)


def _channels(point: str, role: str) -> list[Channel]:
    both = [Channel(point, "withdrawal"), Channel(point, "injection")]
    return both[:1] if role == "consumer" else both[1:] if role == "producer" else both


def _of_table(
    source: str, channels: tuple[Channel, ...], slots: Slots, as_of: int | None
) -> tuple[Ints, Marks, Ints]:
    """Return Wh and marks [channels, slots], and the line of each slot."""
    given, values, known, lines = table_of(source, channels, as_of)
    if given.step != slots.step or not covers(given, slots):
        have = f"from {iso(given.start)} to {iso(given.end)} in slots of {given.step} s"
        due = f"from {iso(slots.start)} to {iso(slots.end)} in slots of {slots.step} s"
        problem, fix = f"the table is {have}", f"the period is {due}"
        raise BadInput([Fault(source, int(lines.min()), "slot_start", problem, fix)])
    _, here = overlap(slots, given)
    return values[:, here], known[:, here].astype(np.int8), lines[here]


def _refuse(
    told: tuple[str, Ints],
    channels: tuple[Channel, ...],
    slots: Slots,
    quality: Marks,
    suspect: str,
) -> None:
    """Raise BadInput where there is nothing to share, or by the rule what is doubted.

    ``told`` is the source and the line of each slot [slots] in it, 0 where it has none.
    """
    kinds = [(Quality.MISSING, "no reading", "import the readings, or estimate them by a method")]
    if suspect == "refuse":
        fix = "correct or estimate them, or write suspect: take in the rules"
        kinds.append((Quality.SUSPECT, "a suspect reading", fix))
    faults = []
    for channel, marks in zip(channels, quality, strict=True):
        for mark, what, fix in kinds:
            there = np.flatnonzero(marks == int(mark))
            if there.size:
                many = f"{there.size:,} slots have" if there.size > 1 else "a slot has"
                problem = f"{many} {what}, the first {iso(int(slots.starts()[there[0]]))}"
                where = f"{channel.point} {channel.register}"
                faults.append(Fault(told[0], int(told[1][there[0]]), where, problem, fix))
    if faults:
        raise BadInput(faults)


def _laid(
    rules: SharingFile, channels: tuple[Channel, ...], slots: Slots, values: Ints, quality: Marks
) -> Energy:
    """Lay registers over points in ascending order, net or as they are."""
    points = tuple(sorted(member.point for member in rules.members))
    place = {point: row for row, point in enumerate(points)}
    withdrawn, injected = np.zeros((2, len(points), slots.count), np.int64)
    estimated, suspect = np.zeros((2, len(points), slots.count), np.bool_)
    for channel, row, marks in zip(channels, values, quality, strict=True):
        target = withdrawn if channel.register == "withdrawal" else injected
        target[place[channel.point]] = row
        estimated[place[channel.point]] |= marks >= int(Quality.ESTIMATED)
        suspect[place[channel.point]] |= marks == int(Quality.SUSPECT)
    if rules.registers == "net":
        both = np.minimum(withdrawn, injected)
        withdrawn, injected = withdrawn - both, injected - both
    return Energy(points, slots, injected, withdrawn, estimated, suspect)
