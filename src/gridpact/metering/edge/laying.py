"""Signed readings on slots, each with a mark that says what its verification came to."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import numpy as np

from gridpact.base.slots import Slots
from gridpact.base.units import Bools, Ints
from gridpact.metering.edge.contents import no_slot
from gridpact.metering.edge.findings import DOUBTED, Placed
from gridpact.metering.edge.records import Records
from gridpact.metering.readings import Channel, Intervals, Quality, Register

MARKS = tuple(f"{kind}.v1" for kind in DOUBTED)
"""Rules by which readings are SUSPECT that the device contradicts itself in."""
REGISTERS: tuple[Register, ...] = ("withdrawal", "injection")
MOST_CELLS = 1 << 27
_CLOCK_BACK = 1 + DOUBTED.index("clock-back")


class LaidReadings(msgspec.Struct, frozen=True):
    """Signed readings on slots, and which of the slots [channels, slots] have a fresh one."""

    intervals: Intervals
    fresh: Bools


def problems(placed: Placed) -> Iterator[tuple[int, str]]:
    """Yield rows of readings of the stream that fit on no slots, and why."""
    kept = placed.fresh
    start, step = _times(placed.records)
    odd = no_slot(step)
    for row in np.flatnonzero(kept & odd).tolist():
        yield row - placed.begin, f"{step[row]} s is no length of a slot"
    lengths = np.unique(step[kept & ~odd]).tolist()
    if len(lengths) > 1:
        row = int(np.flatnonzero(kept & (step == lengths[1]))[0]) - placed.begin
        yield row, f"readings have slots of {lengths[0]} s and of {lengths[1]} s"
        return
    for row in np.flatnonzero(kept & ~odd & (start % np.maximum(step, 1) != 0)).tolist():
        yield row - placed.begin, f"no slot of {step[row]} s begins then"
    if _cells(placed.records, placed.touched & ~odd) > MOST_CELLS:
        row = int(np.flatnonzero(placed.touched)[-1]) - placed.begin
        yield max(row, 0), "readings lie too many slots apart to be one file"


def laid(placed: Placed) -> LaidReadings:
    """Lay signed readings on slots: both registers of every point that was read.

    Only slots that the stream touches are told, and what holds no sequence is left out. What
    verification doubts is SUSPECT, and so is a slot that two readings tell differently; of these
    the one of the lowest sequence counts. All else is MEASURED, also after a gap. :func:`problems`
    must have none.
    """
    rows = _rows_of(placed)
    records = placed.records[rows]
    names, place = np.unique(records["body"]["point"], return_inverse=True)
    points = [name.decode() for name in names.tolist()]
    slots, column = _columns(records)
    channels = tuple(Channel(p, r) for p in points for r in REGISTERS)
    shape = (len(points), slots.count)
    first = np.full(shape, len(rows), np.int64)
    np.minimum.at(first, (place, column), np.arange(len(rows)))
    told = first < len(rows)
    first = np.where(told, first, 0)
    energies = [records["body"][f"{register}_wh"].astype(np.int64) for register in REGISTERS]
    wh = np.zeros((len(channels), slots.count), np.int64)
    for register, energy in enumerate(energies):
        wh[register::2] = np.where(told, energy[first], 0) if len(rows) else 0
    doubt, earliest = placed.doubt[rows], first[place, column]
    differs = np.logical_or.reduce([energy != energy[earliest] for energy in energies])
    doubt = np.where((doubt == 0) & differs, _CLOCK_BACK, doubt)
    quality = np.where(told, np.int8(Quality.MEASURED), np.int8(Quality.MISSING))
    rule = np.zeros(shape, np.int16)
    np.maximum.at(rule, (place, column), doubt.astype(np.int16))
    quality[rule > 0] = Quality.SUSPECT
    fresh = np.zeros(shape, np.bool_)
    np.logical_or.at(fresh, (place, column), placed.fresh[rows])
    both = [np.repeat(each, 2, axis=0) for each in (quality, rule, fresh)]
    intervals = Intervals(channels, slots, wh, both[0], both[1], ("", *MARKS))
    return LaidReadings(intervals, both[2].astype(np.bool_))


def _rows_of(placed: Placed) -> Ints:
    """Rows of slots that the stream touches, by sequence; of one length, as slots of files are."""
    start, step = _times(placed.records)
    new = placed.fresh if placed.fresh.any() else placed.touched
    length = int(step[new][0]) if new.any() else 0
    alike = np.flatnonzero(placed.kept & (step == length) & (start % max(length, 1) == 0))
    if placed.begin == 0:
        return _by_sequence(placed, alike)
    point = placed.records["body"]["point"]
    at = np.empty(len(start), [("point", point.dtype), ("start", np.int64)])
    at["point"], at["start"] = point, start
    wanted = alike[np.isin(at[alike], at[alike[placed.touched[alike]]])]
    return _by_sequence(placed, wanted)


def _by_sequence(placed: Placed, rows: Ints) -> Ints:
    sequence = placed.records["body"]["sequence"][rows].astype(np.int64)
    return np.asarray(rows[np.argsort(sequence, kind="stable")], dtype=np.int64)


def _times(records: Records) -> tuple[Ints, Ints]:
    body = records["body"]
    return body["slot_start"].astype(np.int64), body["step"].astype(np.int64)


def _cells(records: Records, kept: Bools) -> int:
    start, step = _times(records)
    if not kept.any():
        return 0
    points = len(np.unique(records["body"]["point"][kept]))
    span = int(start[kept].max()) - int(start[kept].min())
    return points * (span // max(int(step[kept].min()), 1) + 1)


def _columns(records: Records) -> tuple[Slots, Ints]:
    """Slots that reach over the readings, and the place of each."""
    start, step = _times(records)
    if not len(records):
        return Slots(0, 900, 0), start
    begin, length = int(start.min()), int(step[0])
    column = (start - begin) // length
    return Slots(begin, length, int(column.max()) + 1), column
