"""Green Button: ESPI resources in an Atom feed.

Source: NAESB REQ.21 Energy Services Provider Interface and its public schema ``espi.xsd``. A block
of intervals belongs to a meter reading, which is of a reading type (unit, power of ten, direction,
accumulation) and of a usage point; entries say so by their links. Times are seconds since the
epoch in UTC. Read are Wh (unit 72) and W (38, mean power of the interval) of electricity; blocks
of other units, such as gas or reactive energy, are passed over. Directions of flow are forward (1,
withdrawal), reverse (19, injection) and net (4, forward less reverse: what is negative is
injection). Net and total (20, forward and reverse together) are passed over where the feed has the
point's forward or reverse as well; a total alone is refused, since nothing parts it.
"""

from __future__ import annotations

import re
from fractions import Fraction
from pathlib import Path

import msgspec
import numpy as np

from gridpact.metering.formats.atom_entries import Entry, IntervalReading, entries
from gridpact.metering.formats.counting import Counted, counted
from gridpact.metering.formats.laying import Rows, laid_on_slots
from gridpact.metering.formats.mapping import ReadingsMap
from gridpact.metering.importers.carried import Place, carried_fractions
from gridpact.metering.importers.grid import usual_step
from gridpact.metering.importers.rows import SHOWN, Report
from gridpact.metering.readings import (
    Channel,
    Displays,
    Intervals,
    Quality,
    Register,
    no_displays,
)

_WH, _W = "72", "38"
_FORWARD, _NET, _REVERSE, _TOTAL = ("", "0", "1"), "4", "19", "20"
_CUMULATIVE = ("1", "2", "3", "9")
_QUALITY = {
    "7": Quality.EDITED,
    "8": Quality.ESTIMATED,
    "9": Quality.ESTIMATED,
    "10": Quality.SUSPECT,
    "11": Quality.ESTIMATED,
    "12": Quality.ESTIMATED,
    "13": Quality.ESTIMATED,
}
"""ReadingQuality → mark; the others (valid, raw, validated, verified, …) are measured."""
_LATEST = 253_402_300_799  # the end of the year 9999
_LARGEST = 10**15
_WHOLE = re.compile(r"^-?\d{1,18}$")


class _Kind(msgspec.Struct, frozen=True):
    """What a block holds: whose, in what unit, and whether as a register."""

    channel: Channel
    factor: Fraction
    power: bool
    cumulative: bool
    length: str
    flow: str


class _Value(msgspec.Struct, frozen=True):
    """One reading in Wh, exactly."""

    channel: Channel
    start_s: int
    step_s: int
    wh: Fraction
    quality: int
    line: int


def read(
    path: Path, data: bytes, mapping: ReadingsMap, report: Report
) -> tuple[Intervals, Displays] | None:
    """Read the intervals of a feed, or its registers; None with faults in ``report``.

    Metering points are called by the last part of their usage point's link, such as ``1`` of
    ``…/UsagePoint/1``, unless ``points`` of the mapping names them.
    """
    found = entries(data, report)
    if report.faults:
        return None
    values: dict[bool, list[_Value]] = {False: [], True: []}
    for block, kind in _blocks(found, mapping, report):
        values[kind.cumulative] += _values(block, kind, report)
    if report.faults:
        return None
    if values[False] and values[True]:
        fix = "give one file for each"
        report.add(0, "accumulationBehaviour", "registers and intervals are mixed", fix)
        return None
    if values[True]:
        return counted(_registers(values[True]), mapping, report)
    intervals = laid_on_slots(_rows(values[False]), mapping.step_s, report)
    return None if intervals is None else (intervals, no_displays(intervals.channels))


def _blocks(found: list[Entry], mapping: ReadingsMap, report: Report) -> list[tuple[Entry, _Kind]]:
    """Blocks of intervals of electricity that count; those of directions unknown are faults."""
    blocks = [
        (entry, kind)
        for entry in found
        if entry.kind == "IntervalBlock"
        and (kind := _kind(entry, found, mapping, report)) is not None
    ]
    points = [kind.channel.point for _, kind in blocks]
    lines = np.array([entry.line for entry, _ in blocks], dtype=np.int64)
    for point in dict.fromkeys(points):
        first = np.array(points.index(point))
        report.unknown_points(points, first[None], lines[first][None], "UsagePoint")
    parted = {kind.channel.point for _, kind in blocks if kind.flow in (*_FORWARD, _REVERSE)}
    kept = []
    for entry, kind in blocks:
        if kind.flow in (*_FORWARD, _REVERSE) or (kind.flow == _NET and not kind.cumulative):
            one_sided = kind.flow != _NET or kind.channel.point not in parted
            kept += [(entry, kind)] if one_sided else []
        elif kind.channel.point not in parted or kind.flow not in (_NET, _TOTAL):
            what = {_TOTAL: "both directions together", _NET: "a net register"}
            problem = f"flowDirection {kind.flow} is {what.get(kind.flow, 'no active energy')}"
            fix = "export forward (1) and reverse (19), or intervals of net energy (4)"
            report.add(entry.line, "flowDirection", problem, fix)
    return kept


def _kind(block: Entry, found: list[Entry], mapping: ReadingsMap, report: Report) -> _Kind | None:
    """Find what a block holds by its links; None for what is no electricity, or a fault."""
    meter = _meter_reading(block, found)
    types = [entry for entry in found if entry.kind == "ReadingType"]
    if meter is not None and len(types) > 1:
        types = [entry for entry in types if entry.self_link in meter.related]
    if len(types) != 1:
        fix = "give the feed with the links of its meter readings and reading types"
        report.add(block.line, "IntervalBlock", "the block's reading type cannot be found", fix)
        return None
    fields = types[0].fields
    unit = fields.get("uom", _WH)
    power = fields.get("powerOfTenMultiplier", "0")
    if not _WHOLE.match(power) or abs(int(power)) > 9:
        fix = "write a whole number from -9 to 9"
        report.add(types[0].line, "powerOfTenMultiplier", f"{power!r} is no power of ten", fix)
        return None
    if unit not in (_WH, _W):
        return None
    flow = fields.get("flowDirection", "")
    register: Register = "injection" if flow == _REVERSE else "withdrawal"
    channel = Channel(mapping.point(_point(block, meter, found)), register)
    cumulative = unit == _WH and fields.get("accumulationBehaviour") in _CUMULATIVE
    length = fields.get("intervalLength", "")
    return _Kind(channel, Fraction(10) ** int(power), unit == _W, cumulative, length, flow)


def _meter_reading(block: Entry, found: list[Entry]) -> Entry | None:
    """Return the meter reading that a block belongs to: the one its link lies below."""
    meters = [entry for entry in found if entry.kind == "MeterReading"]
    above = (block.up_link or block.self_link).partition("/IntervalBlock")[0]
    for meter in meters:
        if above and (meter.self_link == above or block.up_link in meter.related):
            return meter
    return meters[0] if len(meters) == 1 else None


def _point(block: Entry, meter: Entry | None, found: list[Entry]) -> str:
    """Return the usage point's name: the last part of its link."""
    link = meter.self_link if meter and meter.self_link else block.self_link or block.up_link
    above = link.partition("/MeterReading")[0]
    if "/UsagePoint/" in above:
        return above.rpartition("/")[2]
    points = [entry.self_link for entry in found if entry.kind == "UsagePoint" and entry.self_link]
    return points[0].rpartition("/")[2] if len(points) == 1 else ""


def _values(block: Entry, kind: _Kind, report: Report) -> list[_Value]:
    values = []
    for reading in block.readings:
        reading.duration = reading.duration or kind.length
        if len(report.faults) > SHOWN:
            break
        if _plain(reading, kind, report):
            value = _value(reading, kind)
            values += _of_both_sides(value) if kind.flow == _NET else [value]
    return values


def _of_both_sides(net: _Value) -> list[_Value]:
    """What was withdrawn in net, and what was injected."""
    injected = msgspec.structs.replace(
        net, channel=Channel(net.channel.point, "injection"), wh=max(-net.wh, Fraction(0))
    )
    return [msgspec.structs.replace(net, wh=max(net.wh, Fraction(0))), injected]


def _plain(reading: IntervalReading, kind: _Kind, report: Report) -> bool:
    """Tell whether a reading's numbers are whole numbers; those that are not are faults."""
    sound = True
    lengths = () if kind.cumulative else ("duration",)
    for name in ("start", "value", *lengths):
        text: str = getattr(reading, name)
        if not _WHOLE.match(text):
            problem = f"{text!r} is no whole number" if text else f"the reading has no {name}"
            report.add(reading.line, name, problem, "export the data again")
            sound = False
    if sound and lengths and int(reading.duration) <= 0:
        report.add(reading.line, "duration", "the interval has no length", "export it again")
        sound = False
    if sound and not (0 <= int(reading.start) <= _LATEST and abs(int(reading.value)) <= _LARGEST):
        report.add(reading.line, "IntervalReading", "a number is too large", "export it again")
        sound = False
    return sound


def _value(reading: IntervalReading, kind: _Kind) -> _Value:
    duration = int(reading.duration or 0)
    wh = int(reading.value) * kind.factor
    if kind.power:
        wh = wh * duration / 3600
    mark = _QUALITY.get(reading.quality, Quality.MEASURED)
    return _Value(kind.channel, int(reading.start), duration, wh, int(mark), reading.line)


def _channels(values: list[_Value]) -> tuple[Channel, ...]:
    return tuple(sorted({value.channel for value in values}))


def _rows(values: list[_Value], *, registers: bool = False) -> Rows:
    """Rows in Wh: registers rounded each, of intervals what is left over is carried on."""
    channels = _channels(values)
    place = {channel: row for row, channel in enumerate(channels)}
    columns = [(place[v.channel], v.start_s, v.step_s, v.quality, v.line) for v in values]
    channel, start, step, marks, lines = np.array(columns, dtype=np.int64).reshape(-1, 5).T
    amounts = [value.wh for value in values]
    if registers or all(amount.denominator == 1 for amount in amounts):
        wh = np.array([round(amount) for amount in amounts], dtype=np.int64)
    else:
        wh = carried_fractions(amounts, Place(channel, start))
    return Rows(channels, channel, start, step, wh, marks.astype(np.int8), lines, "timePeriod")


def _registers(values: list[_Value]) -> Counted:
    rows = _rows(values, registers=True)
    at = np.unique(rows.start_s)
    step = usual_step(at)
    meter = tuple(value.channel.point for value in values)
    displays = Displays(rows.channels, rows.channel, rows.start_s, rows.wh, meter)
    return Counted(displays, rows.lines, "timePeriod", step)
