"""Rows of readings in any order, each of a channel and an interval, laid on slots."""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import msgspec
import numpy as np

from gridpact.base.slots import iso
from gridpact.base.units import Bools, Ints
from gridpact.metering.formats.lengths import uneven
from gridpact.metering.importers.grid import usual_step
from gridpact.metering.importers.resample import part
from gridpact.metering.importers.rows import Report
from gridpact.metering.readings import Channel, Intervals, Marks, Quality
from gridpact.metering.slotting import Laid, merged, on_slots

SOURCE = "source.v1"
"""Rule of slots that the file itself marks as suspect, estimated or edited."""
MOST_YEARS = 50
MOST_CELLS = 1_000_000_000
MOST_PARTS = 240
_DAY = 86400
_YEAR = 366 * _DAY


class Rows(msgspec.Struct, frozen=True):
    """Energy of one interval a row, shape [rows].

    ``channel`` is a row of ``channels``, ``start_s`` an instant, ``step_s`` the interval's length
    (0 where the file does not say), ``lines`` where the row stands in the file and ``where`` the
    column of its stamps.
    """

    channels: tuple[Channel, ...]
    channel: Ints
    start_s: Ints
    step_s: Ints
    wh: Ints
    quality: Marks
    lines: Ints
    where: str

    def only(self, chosen: Bools) -> Rows:
        """Return the rows that are chosen, bool [rows]; the channels stay."""
        names = ("channel", "start_s", "step_s", "wh", "quality", "lines")
        return msgspec.structs.replace(
            self, **{name: getattr(self, name)[chosen] for name in names}
        )


def laid_on_slots(rows: Rows, step_s: int, report: Report) -> Intervals | None:
    """Lay rows on slots of ``step_s`` seconds, of their own length where it is 0.

    None with faults in ``report`` for rows that repeat, overlap, or lie off their grid, and for
    rows of several lengths where no step was asked for.
    """
    if len(rows.lines) == 0:
        report.add(0, rows.where, "the file has no readings", "export the data again")
        return None
    steps = rows.step_s if np.all(rows.step_s > 0) else _completed(rows)
    lengths = steps[:1] if steps.min() == steps.max() else np.unique(steps)
    if lengths[0] <= 0:
        _without_length(rows, steps, report)
        return None
    if len(lengths) > 1 and not step_s:
        mixed_lengths(steps, lengths, rows.lines, rows.where, report)
        return None
    if too_long(rows.start_s, len(rows.channels), int(lengths[0]), rows.where, report):
        return None
    if repeated(rows, report):
        return None
    target = step_s or int(lengths[0])
    laid = [
        _of_one_length(_of_length(rows, steps, length), length, report)
        for length in lengths.tolist()
    ]
    whole = [each for each in laid if each is not None]
    if len(whole) < len(laid) or any(
        phase_fault(each.start, each.step, target, rows.where, report) for each in whole
    ):
        return None
    try:
        return merged([on_slots(each, target) for each in whole])
    except ValueError:
        fix = "export the data with one length of intervals"
        report.add(0, rows.where, "intervals of different lengths overlap", fix)
        return None


def _completed(rows: Rows) -> Ints:
    """Length of each row's interval: what the file says, else its channel's usual distance."""
    return np.where(rows.step_s > 0, rows.step_s, own_steps(rows))


def _without_length(rows: Rows, steps: Ints, report: Report) -> None:
    """Note each channel that has one reading only, so that its length cannot be told."""
    fix = "give at least two readings of each point, or a format that tells the length"
    for row in np.flatnonzero(steps <= 0).tolist():
        channel = rows.channels[rows.channel[row]]
        problem = f"{channel.point} has one {channel.register} reading, whose length is not told"
        report.add(int(rows.lines[row]), rows.where, problem, fix)


def own_steps(rows: Rows) -> Ints:
    """Usual distance [s] between neighbouring intervals of each row's channel, 0 without any."""
    found = np.zeros(len(rows.channels), dtype=np.int64)
    if len(rows.start_s):
        number, unit, width = keyed = _keys(rows)
        there = keyed.dense(len(rows.channels))
        keys = np.sort(number) if there is None else np.flatnonzero(there)
        bounds = np.searchsorted(keys, np.arange(len(rows.channels) + 1) * width)
        next_to = np.concatenate(([0], np.cumsum(np.diff(keys) == 1)))
        for row, (begin, end) in enumerate(pairwise(bounds.tolist())):
            # most are one unit apart, or all distances are counted
            most = end > begin and 2 * int(next_to[end - 1] - next_to[begin]) > end - begin
            found[row] = unit if most else usual_step(keys[begin:end]) * unit
        _correct_guesses(found)
        if found.min() == found.max():
            return np.broadcast_to(found[0], rows.start_s.shape)
    return found[rows.channel]


def evenly(rows: Rows, steps: Ints) -> bool:
    """Tell without sorting that rows lie evenly, but for a gap here and there; False in doubt.

    ``steps`` [rows] are the lengths of their intervals [s].
    """
    if not len(steps):
        return True
    keyed = _keys(rows)
    there = keyed.dense(len(rows.channels))
    if there is None or steps.min() != steps.max() or steps[0] != keyed.unit:
        return False
    table = there.reshape(len(rows.channels), keyed.width)
    beside = int(np.count_nonzero(table[:, 1:] & table[:, :-1]))
    most = 2 * beside >= len(rows.lines) - len(rows.channels)
    return most and not uneven(table, claimed=False)


def _correct_guesses(steps: Ints) -> None:
    """Give channels whose usual distance divides no day the others' most frequent one, in place.

    Such a distance is that of a few rows off their grid, or of rows with gaps between all of them.
    """
    whole = (steps > 0) & (_DAY % np.maximum(steps, 1) == 0)
    if whole.any() and not whole.all():
        lengths, counts = np.unique(steps[whole], return_counts=True)
        steps[(steps > 0) & ~whole] = lengths[np.argmax(counts)]


class _Keys(NamedTuple):
    """Rows [rows] as numbers by channel, then by time: ``width`` a channel, ``unit`` seconds."""

    number: Ints
    unit: int
    width: int

    def dense(self, channels: int) -> Bools | None:
        """Which numbers there are; None where those of all channels would take much memory."""
        if self.width * channels > 8 * len(self.number) + 1000:
            return None
        there = np.zeros(self.width * channels, dtype=np.bool_)
        there[self.number] = True
        return there


def _keys(rows: Rows) -> _Keys:
    since = rows.start_s - rows.start_s.min()
    unit = int(np.gcd.reduce(since[:1000])) or 1
    # seconds of centuries over seconds: a quotient that is whole is so as a float, and no other
    count = since / unit
    if np.any(count != np.rint(count)):
        unit = int(np.gcd.reduce(since))
        count = since / unit
    number = count.astype(np.int64)
    width = int(number.max()) + 1
    number += rows.channel * width
    return _Keys(number, unit, width)


def phase_fault(start: int, own: int, target: int, where: str, report: Report) -> bool:
    """Note intervals of ``own`` seconds that cannot be laid on slots of ``target``.

    They begin on whole steps, or are divided because ``target`` is another length; but not into
    more parts than an hour has quarters of a minute.
    """
    size = part(own, target, start)
    if own == target and start % own:
        problem = f"intervals of {own} s begin at {iso(start)}, which is no whole step of UTC"
        report.add(0, where, problem, f"set step_s to {size}, or correct timezone or stamp")
        return True
    if own // size > MOST_PARTS:
        problem = f"intervals of {own} s from {iso(start)} do not fit slots of {target} s"
        report.add(0, where, problem, "set step_s to a length that fits, or correct the stamps")
        return True
    return False


def too_long(at_s: Ints, channels: int, step: int, where: str, report: Report) -> bool:
    """Note stamps so far apart that one of them must be wrong, or a table beyond memory."""
    first, last = (int(at_s.min()), int(at_s.max())) if len(at_s) else (0, 0)
    cells = channels * ((last - first) // max(step, 1) + 1)
    if last - first <= MOST_YEARS * _YEAR and cells <= MOST_CELLS:
        return False
    problem = f"the stamps reach from {iso(first)} to {iso(last)}, {cells} values of {step} s"
    fix = "correct the stamp that is far off, or split the file"
    report.add(0, where, problem, fix)
    return True


def mixed_lengths(steps: Ints, lengths: Ints, lines: Ints, where: str, report: Report) -> None:
    """Note rows [rows] of several lengths [s] where no step was asked for."""
    first = [int(lines[np.argmax(steps == length)]) for length in lengths]
    named = ", ".join(f"{length} s" for length in lengths.tolist())
    fix = "set step_s, and all are brought to that length exactly"
    report.add(max(first), where, f"the intervals have several lengths: {named}", fix)


def repeated(rows: Rows, report: Report, device: Ints | None = None) -> bool:
    """Note rows of a channel and time (and device) that there is a row of; tell if there are any.

    Two devices of a channel may be read at one instant: one taken away, one put in its place.
    """
    if device is None and _all_apart(rows):
        return False
    device = np.zeros(len(rows.lines), dtype=np.int64) if device is None else device
    order = np.lexsort((rows.lines, device, rows.start_s, rows.channel))
    again = np.ones(len(order), dtype=np.bool_)
    again[:1] = False
    for key in (rows.channel, rows.start_s, device):
        again[1:] &= key[order][1:] == key[order][:-1]
    if not again.any():
        return False
    by_line = np.argsort(rows.lines[order], kind="stable")
    fix = "remove one of the rows; if the clock was set back, set clock_changes"
    words = ("this point and time came before", fix)
    return report.rows(again[by_line], rows.lines[order][by_line], rows.where, words)


def _all_apart(rows: Rows) -> bool:
    """Tell without sorting that no channel has a time twice; False where it would take a sort."""
    there = _keys(rows).dense(len(rows.channels))
    return there is not None and int(np.count_nonzero(there)) == len(rows.start_s)


def _of_length(rows: Rows, steps: Ints, length: int) -> Rows:
    """Rows whose interval has a length; all where there is no other."""
    chosen = steps == length
    return rows if chosen.all() else rows.only(np.asarray(chosen))


def _of_one_length(rows: Rows, step: int, report: Report) -> Laid | None:
    at = rows.start_s
    start = int(at.min())
    since = (at - start) / step  # whole where all lie on one grid, as with _keys
    place = np.rint(since)
    off = since != place
    if off.any():
        phases, counts = np.unique(at % step, return_counts=True)
        off = at % step != int(phases[np.argmax(counts)])
    words = (f"the interval is not on the file's {step} s grid", "correct the stamp")
    if report.rows(np.asarray(off), rows.lines, rows.where, words):
        return None
    shape = (len(rows.channels), int(place.max()) + 1)
    cell = place.astype(np.int64)
    cell += rows.channel * shape[1]
    wh, quality = np.zeros(shape, np.int64), np.zeros(shape, np.int8)
    wh.ravel()[cell], quality.ravel()[cell] = rows.wh, rows.quality
    marked = quality > np.int8(Quality.MEASURED)
    rules = ("", SOURCE) if marked.any() else ("",)
    return Laid(rows.channels, start, step, wh, quality, marked.astype(np.int16), rules)
