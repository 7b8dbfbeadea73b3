"""What a file of readings cannot say of itself: columns, units, clock, and whose readings they are.

A mapping is a YAML file whose keys are the fields of :class:`ReadingsMap`::

    gridpact: 1
    format: csv
    time: Zeit
    timezone: Europe/Berlin
    clock_changes: in-order
    separator: ";"
    decimal: ","
    columns:
      - {column: Bezug, point: bakery}
      - {column: Einspeisung, point: bakery, register: injection}
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Literal

import msgspec

from gridpact.base import documents
from gridpact.base.documents import Document, Value
from gridpact.base.errors import BadInput, Fault
from gridpact.base.files import read_regular
from gridpact.metering.importers.mapping import ClockChanges, TextStyle
from gridpact.metering.readings import Channel, Register

FormatName = Literal["", "csv", "parquet", "p1", "espi", "enedis", "datadis"]
QualityName = Literal["missing", "measured", "suspect", "estimated", "edited"]
MOST_BYTES = 1 << 20
_ZONES = {"enedis": "Europe/Paris", "datadis": "Europe/Madrid", "p1": "Europe/Amsterdam"}


class MappedColumn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One column of a wide table: whose register it is; ``unit`` where it is not the mapping's.

    A signed net column has ``positive``, the register that its positive values are of, in place of
    ``register``; what is negative is of the other register.
    """

    column: str
    point: str
    register: Register = "withdrawal"
    unit: str = ""
    positive: Literal["", "withdrawal", "injection"] = ""

    @property
    def channel(self) -> Channel:
        """The channel that the column belongs to."""
        return Channel(self.point, self.register)


class ReadingsMap(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How to read one file.

    Parameters
    ----------
    format
        The reader; empty goes by the file itself (:func:`gridpact.metering.formats.files.detect`).
    points
        The file's names of metering points → ours. One that is not listed keeps its name.
    timezone, clock_changes
        Clock of stamps that carry no offset: ``UTC``, ``UTC+10`` or an IANA name, and what to do
        where it shows a time twice: ``refuse``, ``first``, ``second``, or ``in-order`` of rows.
        Empty takes the country's clock and the order of rows for a national format, else UTC and
        ``refuse``.
    step_s
        Length of the slots [s]. 0 keeps the file's own; otherwise energy is summed into longer or
        divided into shorter slots in whole Wh.
    interval_s, until
        Tables of interval values: how long each interval is [s], or the column of its end, where
        distances of the stamps do not tell it because rows of several lengths, or gaps, stand side
        by side. What lies between intervals is missing; intervals that overlap are refused.
    time, time_format
        Tables: column of the stamps, and its strftime pattern where it is not ISO 8601.
    stamp
        Tables and Enedis: whether a stamp is the ``start`` or the ``end`` of its interval; empty
        for the format's own, which is the end for Enedis and the start for tables.
    values
        Tables: energy or power of each ``interval``, or a ``cumulative`` register.
    unit, separator, decimal
        Tables: unit of values (Wh, kWh, MWh, W, kW, …), field separator and decimal sign.
    columns
        Wide tables: the columns wanted. Columns of one channel, such as the registers of two
        tariffs, are added up. Without any, every other column is the withdrawal of a point.
    point_column, value_column, register_column, registers
        Long tables: one row a point and time. ``registers`` are the words of the register column.
    withdrawal_column, injection_column
        Long tables with two registers a row, in place of ``value_column``.
    positive
        Long tables whose ``value_column`` is a signed net value: the register that positive values
        are of. Those that are negative are of the other one.
    meter_column
        Cumulative long tables: the device, so that its exchange is not a register that ran back.
    quality_column, qualities
        Long tables: marks of the file, and what they mean; a mark that is not listed is a fault.
    rolls_over_wh
        Cumulative: what a register counts to before it begins at zero [Wh]; 0 for what its
        metering point says, and never where that says nothing.
    backwards
        Cumulative: a register that runs back by less than half of its size is refused, taken as an
        ``exchange`` of the meter, or as a ``roll-over`` of a register that was read too seldom.
    first_at, every_s
        Telegrams without a time of their own (DSMR 2.2): the instant of the first in ISO 8601 with
        an offset, and how many seconds lie between one and the next.
    """

    format: FormatName = ""
    points: dict[str, str] = {}
    timezone: str = ""
    clock_changes: Literal["", "refuse", "first", "second", "in-order", "filled"] = ""
    step_s: int = 0
    interval_s: int = 0
    until: str = ""
    time: str = ""
    time_format: str = ""
    stamp: Literal["", "start", "end"] = ""
    values: Literal["interval", "cumulative"] = "interval"
    unit: str = "kWh"
    separator: str = ","
    decimal: Literal[".", ","] = "."
    columns: tuple[MappedColumn, ...] = ()
    point_column: str = ""
    value_column: str = ""
    register_column: str = ""
    registers: dict[str, Register] = {}
    withdrawal_column: str = ""
    injection_column: str = ""
    positive: Literal["", "withdrawal", "injection"] = ""
    meter_column: str = ""
    quality_column: str = ""
    qualities: dict[str, QualityName] = {}
    rolls_over_wh: int = 0
    backwards: Literal["refuse", "exchange", "roll-over"] = "refuse"
    first_at: str = ""
    every_s: int = 10

    @property
    def zone(self) -> str:
        """Clock of stamps that carry no offset."""
        return self.timezone or _ZONES.get(self.format, "UTC")

    @property
    def changes(self) -> ClockChanges:
        """What to do where the clock shows a time twice."""
        return self.clock_changes or ("in-order" if self.format in _ZONES else "refuse")

    @property
    def stamped_at_end(self) -> bool:
        """Whether a stamp is the end of its interval."""
        return (self.stamp or ("end" if self.format == "enedis" else "start")) == "end"

    @property
    def text(self) -> TextStyle:
        """How the table writes numbers and stamps."""
        return TextStyle(self.separator, self.decimal, self.time_format)

    def point(self, name: str) -> str:
        """Our name of a metering point that the file calls ``name``."""
        return self.points.get(name, name)


_TYPES = {field.name: field.type for field in msgspec.structs.fields(ReadingsMap)}
_PATH = re.compile(r" - at `(?:key in )?\$?([^`]*)`$")


def load(path: Path) -> ReadingsMap:
    """Read a mapping from YAML; raises BadInput with every fault and its line."""
    try:
        data = read_regular(path, MOST_BYTES)
    except OSError as error:
        fix = "give a YAML file that says how the readings are to be read"
        raise BadInput([Fault(str(path), 0, "", error.strerror or str(error), fix)]) from error
    return parse(data, str(path))


def parse(data: bytes, file: str) -> ReadingsMap:
    """Read a mapping from YAML text; ``file`` is what faults call it."""
    document = documents.parse(data, file)
    fields = _fields(document)
    if document.faults:
        raise BadInput(document.faults)
    mapping = ReadingsMap(**fields)  # type: ignore[arg-type]  # each field was converted
    for name, problem, fix in contradictions(mapping):
        document.fault((name,), problem, fix)
    if document.faults:
        raise BadInput(document.faults)
    return mapping


def _fields(document: Document) -> dict[str, object]:
    """Convert each key, noting every fault."""
    fields: dict[str, object] = {}
    if not isinstance(document.value, dict):
        if not document.faults:
            document.fault((), "this is no mapping", "write keys such as time: and columns:")
        return fields
    for name, each in document.value.items():
        if name == "gridpact":
            _version(document, each)
        elif name not in _TYPES:
            document.fault((name,), "no such key", f"use {', '.join(_TYPES)}")
        else:
            fields[name] = _field(document, name, each)
    return fields


def _version(document: Document, value: Value) -> None:
    if value != 1:
        document.fault(("gridpact",), f"version {value} is not known", "write gridpact: 1")


def _field(document: Document, name: str, value: Value) -> object:
    """Convert one field, noting each thing wrong in it; items of a list are looked at apart."""
    if name == "columns" and isinstance(value, list):
        items = [
            _converted(document, (name, row), item, MappedColumn) for row, item in enumerate(value)
        ]
        return tuple(items)
    return _converted(document, (name,), value, _TYPES[name])


def _converted(document: Document, at: documents.Path, value: Value, kind: object) -> object:
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        words = str(error)
        inner = _PATH.search(words)
        place = at + (tuple(inner.group(1).strip(".").split(".")) if inner else ())
        problem = _PATH.sub("", words).replace("`", "")
        document.fault(tuple(part for part in place if part != ""), problem, "see the mapping keys")
        return None


def _is_instant(text: str) -> bool:
    try:
        return not text or datetime.fromisoformat(text).utcoffset() is not None
    except ValueError:
        return False


def contradictions(mapping: ReadingsMap) -> Sequence[tuple[str, str, str]]:
    """Return what contradicts itself in a mapping: key, problem and fix."""
    long, cumulative = bool(mapping.point_column), mapping.values == "cumulative"
    pair = bool(mapping.withdrawal_column or mapping.injection_column)
    rules = (
        ("step_s", mapping.step_s < 0 or bool(mapping.step_s and 86400 % mapping.step_s),
         "is no length of a slot", "write seconds that divide a day, or 0 for the file's own"),
        ("rolls_over_wh", mapping.rolls_over_wh < 0, "is no size of a register", "write Wh, or 0"),
        ("separator", len(mapping.separator.encode()) != 1, "is no field separator",
         "write one character"),
        ("separator", mapping.separator == mapping.decimal, "is the decimal sign as well",
         "set separator or decimal"),
        ("columns", long and bool(mapping.columns), "is for wide tables, point_column for long",
         "keep one of them"),
        ("point_column", long and not (pair or mapping.value_column), "has no column of values",
         "add value_column, or withdrawal_column and injection_column"),
        ("value_column", pair and bool(mapping.value_column), "is a third column of values",
         "keep value_column, or the columns of the two registers"),
        ("value_column", not long and (pair or bool(mapping.value_column)), "is for long tables",
         "add point_column"),
        ("register_column", bool(mapping.register_column) and not mapping.registers,
         "has words that nothing explains", "add registers: {word: withdrawal, …}"),
        ("quality_column", bool(mapping.quality_column) and cumulative,
         "is not read with registers, whose displays have no marks", "leave it out"),
        ("meter_column", bool(mapping.meter_column) and not (cumulative and long),
         "is for long tables of registers", "add values: cumulative, or leave it out"),
        ("first_at", not _is_instant(mapping.first_at), "is no instant with an offset",
         "write 2026-03-01T00:00:00+01:00"),
        ("every_s", mapping.every_s <= 0, "is no distance of telegrams",
         "write seconds, such as 10"),
        ("clock_changes", mapping.clock_changes == "filled", "filled would invent energy",
         "use in-order, first or second"),
    )  # fmt: skip
    found = [(name, problem, fix) for name, wrong, problem, fix in rules if wrong]
    return [*found, *_contradictions_of_lengths(mapping), *_contradictions_of_net(mapping)]


def _contradictions_of_lengths(mapping: ReadingsMap) -> Sequence[tuple[str, str, str]]:
    cumulative = mapping.values == "cumulative"
    rules = (
        ("interval_s", mapping.interval_s < 0 or bool(86400 % (mapping.interval_s or 1)),
         "is no length of an interval", "write seconds that divide a day"),
        ("interval_s", bool(mapping.interval_s) and cumulative,
         "is of interval values, and a register is read at an instant", "leave it out"),
        ("until", bool(mapping.until) and cumulative,
         "is of interval values, and a register is read at an instant", "leave it out"),
        ("until", bool(mapping.until) and bool(mapping.interval_s),
         "says how long intervals are, as interval_s does", "keep one of them"),
        ("until", bool(mapping.until) and mapping.stamp == "end",
         "is the end, so that time is the beginning", "write stamp: start"),
    )  # fmt: skip
    return [(name, problem, fix) for name, wrong, problem, fix in rules if wrong]


def _contradictions_of_net(mapping: ReadingsMap) -> Sequence[tuple[str, str, str]]:
    net = bool(mapping.positive) or any(column.positive for column in mapping.columns)
    if mapping.positive and (mapping.register_column or not mapping.value_column):
        problem = "is for long tables with a value_column and no register_column"
        return [("positive", problem, "write it in columns, or leave register_column out")]
    if net and mapping.values == "cumulative":
        problem = "is of net values, and a register only counts up"
        return [("positive", problem, "leave it out, or set values to interval")]
    return ()
