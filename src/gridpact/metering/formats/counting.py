"""Registers that were read at instants become energy between them, and displays worth keeping."""

from __future__ import annotations

from datetime import UTC, date, datetime, time

import msgspec
import numpy as np

from gridpact.base.units import Bools, Ints
from gridpact.metering import registers
from gridpact.metering.formats.laying import phase_fault, too_long
from gridpact.metering.formats.mapping import ReadingsMap
from gridpact.metering.importers.clock import zone_of
from gridpact.metering.importers.rows import Report
from gridpact.metering.readings import Channel, Displays, Intervals
from gridpact.metering.registers import Step, Steps
from gridpact.metering.slotting import Laid, as_measured, on_slots
from gridpact.metering.store.points import LARGEST_STEP_S


class Counted(msgspec.Struct, frozen=True):
    """Displays read from a file, the line of each [displays], and the file's column and step.

    ``step`` is their usual distance [s], 0 where it cannot be told. ``columns`` name the column of
    each channel's registers, none where that is ``where``, the column of the stamps.
    """

    displays: Displays
    lines: Ints
    where: str
    step: int
    columns: tuple[str, ...] = ()


def counted(
    read: Counted, mapping: ReadingsMap, report: Report
) -> tuple[Intervals, Displays] | None:
    """Turn displays into intervals between neighbouring ones; None with faults in ``report``.

    Intervals have the file's step, or ``step_s`` of the mapping where that is longer: a slot is
    known where the register was read at both of its edges. Kept are displays at the beginning and
    end of each unbroken stretch and at local midnights, which bills go by. Registers read only now
    and then, most of them more than an hour apart, are displays and no intervals: how their
    difference spread over slots is to be estimated, and nothing was measured of it.
    """
    if not len(read.lines):
        report.add(0, read.where, "no register was read", "export the data again")
        return None
    if not 0 < read.step <= LARGEST_STEP_S:
        return _occasional(read, mapping, report)
    target = mapping.step_s or read.step
    step = target if target % read.step == 0 else read.step
    phase = int(read.displays.at_s[0]) % step if step != target else 0
    if phase_fault(phase, step, target, read.where, report):
        return None
    if too_long(read.displays.at_s, len(read.displays.channels), step, read.where, report):
        return None
    compared = _compared(read, mapping, report)
    if compared is None:
        return None
    laid = _between(*compared, step, phase)
    return on_slots(laid, target), _kept(*compared, (step, phase), mapping.zone)


def _occasional(
    read: Counted, mapping: ReadingsMap, report: Report
) -> tuple[Intervals, Displays] | None:
    """All displays, and intervals of no slots."""
    at, channels = read.displays.at_s, read.displays.channels
    step = mapping.step_s or LARGEST_STEP_S
    if too_long(at, len(channels), LARGEST_STEP_S, read.where, report):
        return None
    compared = _compared(read, mapping, report)
    if compared is None:
        return None
    none = np.zeros((len(channels), 0), dtype=np.int64)
    laid = as_measured(channels, int(at.min()) // step * step, step, none, none > 0)
    return on_slots(laid, step), compared[0]


def _compared(read: Counted, mapping: ReadingsMap, report: Report) -> tuple[Displays, Steps] | None:
    """Displays, each against the one before it; None with registers that run back reported."""
    size = _sizes(read.displays.channels, mapping, report)
    if not report.faults:
        read = _within(read, size, report)
    if report.faults:
        return None
    always = mapping.backwards == "roll-over"
    found = registers.steps(read.displays, size, any_step=always)
    back = np.asarray(found.kind == int(Step.BACKWARD))
    if not back.any():
        return read.displays, found
    if mapping.backwards != "exchange":
        _tell_backwards(read, found, back, size, report)
        return None
    displays = _exchanged(read.displays, found, back)
    return displays, registers.steps(displays, size)


def _sizes(channels: tuple[Channel, ...], mapping: ReadingsMap, report: Report) -> Ints:
    """What the registers of each channel count to [channels], as the mapping or the point says."""
    for point in sorted({channel.point for channel in channels}):
        size = report.sizes.get(point, 0)
        if mapping.rolls_over_wh and size not in (0, mapping.rolls_over_wh):
            known = f"registers of {point} count to {size:,} Wh in the store"
            change = "gridpact readings points STORE --add POINTS.yaml"
            fix = f"leave it out of the mapping, or change the point: {change}"
            report.add(0, "rolls_over_wh", f"{mapping.rolls_over_wh:,}, but {known}", fix)
    said = [mapping.rolls_over_wh or report.sizes.get(each.point, 0) for each in channels]
    unsaid = sorted({each.point for each, size in zip(channels, said, strict=True) if not size})
    if mapping.backwards == "roll-over" and unsaid:
        problem = f"roll-over needs the size of the registers of {', '.join(unsaid[:8])}"
        report.add(0, "backwards", problem, "add rolls_over_wh to the mapping, or to the points")
    return np.array([size or registers.NEVER_ROLLS for size in said], dtype=np.int64)


def _within(read: Counted, sizes: Ints, report: Report) -> Counted:
    """Readings of registers of ``sizes`` [channels]: what rounds to one is its next beginning."""
    reading, size = read.displays.reading_wh, sizes[read.displays.channel]
    fix = "correct it, or rolls_over_wh"
    for each in np.unique(size[reading > size]).tolist():
        beyond = np.asarray((reading > size) & (size == each))
        _tell(read, beyond, (f"shows more than rolls_over_wh, {each}", fix), report)
    if not np.any(reading == size):
        return read
    begun = np.where(reading == size, 0, reading)
    return msgspec.structs.replace(
        read, displays=msgspec.structs.replace(read.displays, reading_wh=begun)
    )


def _tell_backwards(read: Counted, found: Steps, back: Bools, sizes: Ints, report: Report) -> None:
    """Note where registers run backwards, those without a size and those with one."""
    bad = np.zeros(len(read.lines), dtype=np.bool_)
    bad[found.row[back]] = True
    said = (sizes != registers.NEVER_ROLLS)[read.displays.channel]
    fix = "correct it, set rolls_over_wh to the register's size, or backwards: exchange"
    _tell(read, bad & ~said, ("runs backwards", fix), report)
    fix = "correct it, or set backwards to roll-over, or to exchange"
    words = ("runs backwards, and by less than half of rolls_over_wh", fix)
    _tell(read, bad & said, words, report)


def _tell(read: Counted, bad: Bools, words: tuple[str, str], report: Report) -> None:
    """Note displays [displays] that are bad, register by register, each by its column."""
    displays = read.displays
    for row in np.unique(displays.channel[bad]).tolist():
        own = np.flatnonzero(displays.channel == row)
        own = own[np.argsort(read.lines[own], kind="stable")]
        channel = displays.channels[row]
        problem = f"the {channel.register} register of {channel.point} {words[0]}"
        where = read.columns[row] if read.columns else read.where
        report.rows(bad[own], read.lines[own], where, (problem, words[1]))


def _exchanged(displays: Displays, found: Steps, back: Bools) -> Displays:
    """Name another device from each display on that shows less than the one before."""
    begun = np.cumsum(back)
    first = np.asarray(found.kind == int(Step.FIRST))
    # counted within the channel, so that each device has a name of its own
    before = np.asarray(np.maximum.accumulate(np.where(first, begun, 0)), dtype=np.int64)
    devices = begun - before + 1
    meter = list(displays.meter)
    for row, device in zip(found.row.tolist(), devices.tolist(), strict=True):
        meter[row] += f"/{device}" if device > 1 else ""
    return msgspec.structs.replace(displays, meter=tuple(meter))


def _between(displays: Displays, found: Steps, step: int, phase: int) -> Laid:
    """Energy of each interval at whose both edges the register was read."""
    at = displays.at_s[displays.at_s % step == phase]
    start = int(at.min()) if len(at) else int(displays.at_s.min()) // step * step + phase
    count = (int(at.max()) - start) // step if len(at) else 0
    wh = np.zeros((len(displays.channels), count), dtype=np.int64)
    known = np.zeros(wh.shape, dtype=np.bool_)
    spans = registers.spans_of(displays, found, step, phase)
    next_to = spans.to_s - spans.from_s == step
    row, column = spans.channel[next_to], (spans.from_s[next_to] - start) // step
    wh[row, column], known[row, column] = spans.wh[next_to], True
    return as_measured(displays.channels, start, step, wh, known)


def _kept(displays: Displays, found: Steps, grid: tuple[int, int], zone: str) -> Displays:
    """Keep the ends of each stretch without a gap or exchange, and what was read at midnight.

    Also the first and the last display of a stretch at edges of slots, which intervals go by.
    """
    step, phase = grid
    at = displays.at_s[found.row]
    broken = ~found.known | np.isin(found.kind, (int(Step.ROLLED), int(Step.EXCHANGED)))
    line = np.cumsum(broken)
    if step > LARGEST_STEP_S:  # longer than slots of any point: nothing else keeps what they say
        return displays
    chosen = _midnight(at, zone)
    for places in (np.arange(len(at)), np.flatnonzero(at % step == phase)):
        apart = np.ones(len(places) + 1, dtype=np.bool_)
        apart[1:-1] = (np.diff(line[places]) > 0) | (np.diff(at[places]) > step)
        chosen[places[apart[:-1] | apart[1:]]] = True
    kept = found.row[chosen]
    return Displays(
        displays.channels,
        displays.channel[kept],
        displays.at_s[kept],
        displays.reading_wh[kept],
        tuple(displays.meter[row] for row in kept.tolist()),
    )


def _midnight(at_s: Ints, timezone: str) -> Bools:
    """Tell which instants [s since the epoch] are the beginning of a local day."""
    zone = zone_of(timezone) or UTC
    first, last = (
        datetime.fromtimestamp(each, zone).date().toordinal()
        for each in (int(at_s.min()), int(at_s.max()))
    )
    days = (date.fromordinal(number) for number in range(first, last + 2))
    begins = np.array(
        [int(datetime.combine(day, time(), zone).timestamp()) for day in days], dtype=np.int64
    )
    place = np.minimum(np.searchsorted(begins, at_s), len(begins) - 1)
    return np.asarray(begins[place] == at_s)
