"""Signed readings on slots, each with a mark that says what its verification came to."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gridpact.base.slots import Slots
from gridpact.base.units import Bools, Ints
from gridpact.metering.edge.contents import no_slot
from gridpact.metering.edge.records import Records, Stream
from gridpact.metering.edge.verification import Kind, Verified
from gridpact.metering.readings import Channel, Intervals, Quality, Register

REFUSED: frozenset[Kind] = frozenset(("bad-signature", "wrong-device", "replay"))
"""What is nobody's reading, or was told before: it is left out."""
DOUBTED: tuple[Kind, ...] = ("fork", "broken-chain", "clock-back", "impossible")
"""What the device signed but contradicts itself in: it is kept, as SUSPECT by ``KIND.v1``."""
REGISTERS: tuple[Register, ...] = ("withdrawal", "injection")
MOST_CELLS = 1 << 27


def problems(stream: Stream, verified: Verified) -> Iterator[tuple[int, str]]:
    """Yield rows of kept readings that fit on no slots, and why."""
    kept = _kept(len(stream.records), verified)
    start, step = _times(stream.records)
    odd = no_slot(step)
    for row in np.flatnonzero(kept & odd).tolist():
        yield row, f"{step[row]} s is no length of a slot"
    lengths = np.unique(step[kept & ~odd]).tolist()
    if len(lengths) > 1:
        row = int(np.flatnonzero(kept & (step == lengths[1]))[0])
        yield row, f"readings have slots of {lengths[0]} s and of {lengths[1]} s"
        return
    for row in np.flatnonzero(kept & ~odd & (start % np.maximum(step, 1) != 0)).tolist():
        yield row, f"no slot of {step[row]} s begins then"
    if _cells(stream.records, kept) > MOST_CELLS:
        yield int(np.flatnonzero(kept)[-1]), "readings lie too many slots apart to be one file"


def laid(stream: Stream, verified: Verified) -> Intervals:
    """Lay signed readings on slots: both registers of every point that was read.

    What was refused is left out, and its slots are MISSING unless another reading tells them. What
    verification doubts is SUSPECT, and so is a slot that two readings tell differently; of these
    the first counts. All else is MEASURED, also after a gap. :func:`problems` must have none.
    """
    records = stream.records
    kept = _kept(len(records), verified)
    rows = np.flatnonzero(kept)
    names, place = np.unique(records["body"]["point"][rows], return_inverse=True)
    points = [name.decode() for name in names.tolist()]
    slots, column = _columns(records, rows)
    channels = tuple(Channel(p, r) for p in points for r in REGISTERS)
    wh = np.zeros((len(channels), slots.count), np.int64)
    first = np.full((len(points), slots.count), len(records), np.int64)
    np.minimum.at(first, (place, column), rows)
    told = first < len(records)
    first = np.where(told, first, 0)
    body = records["body"]
    energies = [body[f"{register}_wh"].astype(np.int64) for register in REGISTERS]
    for register, energy in enumerate(energies):
        wh[register::2] = np.where(told, energy[first], 0) if len(records) else 0
    doubt = _doubts(records, rows, verified, first[place, column], energies)
    quality = np.where(told, np.int8(Quality.MEASURED), np.int8(Quality.MISSING))
    rule = np.zeros(first.shape, np.int16)
    np.maximum.at(rule, (place, column), doubt.astype(np.int16))
    quality[rule > 0] = Quality.SUSPECT
    rules = ("", *(f"{kind}.v1" for kind in DOUBTED))
    both = (np.repeat(quality, 2, axis=0), np.repeat(rule, 2, axis=0))
    return Intervals(channels, slots, wh, *both, rules)


def _kept(count: int, verified: Verified) -> Bools:
    kept = np.ones(count, np.bool_)
    kept[[each.row for each in verified.found if each.kind in REFUSED]] = False
    return kept


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


def _columns(records: Records, rows: Ints) -> tuple[Slots, Ints]:
    """Slots that reach over the kept readings, and the place of each."""
    start, step = _times(records)
    if not rows.size:
        return Slots(0, 900, 0), rows
    begin, length = int(start[rows].min()), int(step[rows[0]])
    column = (start[rows] - begin) // length
    return Slots(begin, length, int(column.max()) + 1), column


def _doubts(
    records: Records, rows: Ints, verified: Verified, first: Ints, energies: list[Ints]
) -> Ints:
    """Number of each kept reading's doubt, from 1 in the order of DOUBTED, 0 for none [rows].

    ``first`` [rows] is the reading that counts in its slot.
    """
    doubt = np.zeros(len(records), np.int64)
    for each in verified.found:
        if each.kind in DOUBTED and each.row < len(records):
            doubt[each.row] = max(doubt[each.row], 1 + DOUBTED.index(each.kind))
    forked = {_link(records, each.row) for each in verified.found
              if each.kind == "fork" and each.row < len(records)}  # fmt: skip
    if forked:
        for row in rows.tolist():
            if _link(records, row) in forked:
                doubt[row] = 1 + DOUBTED.index("fork")
    found = doubt[rows]
    differs = np.logical_or.reduce([energy[rows] != energy[first] for energy in energies])
    return np.where((found == 0) & differs, 1 + DOUBTED.index("clock-back"), found)


def _link(records: Records, row: int) -> tuple[bytes, bytes, int]:
    """Which link of which chain a reading is: point, device, sequence."""
    body = records["body"][row]
    return bytes(body["point"]), bytes(body["device"]), int(body["sequence"])
