"""Tables of coefficients by slot, a month to a file, under named layouts.

How an organiser hands coefficients to the French network operator is not laid down in the statute,
so the layout is a named rule of the operation. Layouts here:

- ``long.v1``: ``slot_start,consumer,coefficient``, one line for each, such as
  ``2026-03-01T00:00:00+01:00,shop,0.250000``;
- ``wide-percent.v1``: ``slot_start;shop;…``, one line a slot, in percent with decimal commas, such
  as ``2026-03-01T00:00:00+01:00;25,0000``.

A key with coefficients for each producer has a column ``producer`` after ``slot_start``. Instants
carry their offset from UTC, so that no hour of a clock change is in doubt.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

import msgspec
import numpy as np

from gridpact.base.slots import Slots, iso
from gridpact.base.units import MICRO_PER_UNIT, Ints
from gridpact.settlement.sharing.coefficients import POOL, Coefficients
from gridpact.settlement.sharing.files.text import Report, Row, Shares, rows, written

TIME, PRODUCER, CONSUMER, VALUE = "slot_start", "producer", "consumer", "coefficient"


class Layout(msgspec.Struct, frozen=True):
    """How a table is written: one column a consumer if ``wide``, else one line a coefficient."""

    separator: str
    decimal: str
    percent: bool
    wide: bool

    @property
    def decimals(self) -> int:
        """Digits after the decimal sign: always whole millionths."""
        return 4 if self.percent else 6


LAYOUTS = {
    "long.v1": Layout(",", ".", percent=False, wide=False),
    "wide-percent.v1": Layout(";", ",", percent=True, wide=True),
}
"""By name, how the tables are written."""


class Wanted(NamedTuple):
    """What a table must speak of: every slot, and no point but these.

    ``producers`` is (:data:`POOL`,) where the key is pooled.
    """

    producers: tuple[str, ...]
    consumers: tuple[str, ...]
    slots: Slots

    @property
    def pooled(self) -> bool:
        """Whether all producers share one coefficient."""
        return self.producers == (POOL,)


def write_table(found: Coefficients, layout: Layout, timezone: str) -> bytes:
    """Write a table in order of slots, producers and consumers, with instants of a local clock."""
    zone, sign = ZoneInfo(timezone), layout.separator
    pooled = found.producers == (POOL,)
    lines = [sign.join(_header(found.consumers, layout, pooled=pooled))]
    values, place = np.unique(found.ppm, return_inverse=True)
    spelt = np.array([_text(value, layout) for value in values.tolist()], dtype=object)
    texts = spelt[place.reshape(found.ppm.shape)].transpose(2, 0, 1)
    for start, of_slot in zip(found.slots.starts().tolist(), texts, strict=True):
        at = datetime.fromtimestamp(start, zone).isoformat()
        for producer, of_producer in zip(found.producers, of_slot.tolist(), strict=True):
            head = at if pooled else f"{at}{sign}{producer}"
            if layout.wide:
                lines.append(sign.join([head, *of_producer]))
                continue
            pairs = zip(found.consumers, of_producer, strict=True)
            lines.extend(f"{head}{sign}{consumer}{sign}{text}" for consumer, text in pairs)
    return ("\n".join(lines) + "\n").encode()


def _text(ppm: int, layout: Layout) -> str:
    return written(ppm, layout.decimal, percent=layout.percent, decimals=layout.decimals)


def _header(consumers: Sequence[str], layout: Layout, *, pooled: bool) -> list[str]:
    head = [TIME] if pooled else [TIME, PRODUCER]
    return [*head, *consumers] if layout.wide else [*head, CONSUMER, VALUE]


def read_table(data: bytes, file: str, layout: Layout, wanted: Wanted) -> Coefficients:
    """Read a table.

    Parameters
    ----------
    data : bytes
        All of the file.
    file : str
        What faults call it.
    layout : Layout
        One of :data:`LAYOUTS`.
    wanted : Wanted
        The points and slots of the operation.

    Raises
    ------
    BadInput
        Every fault with line and column: another header, unknown points, instants that begin none
        of the slots, what is no coefficient, what comes twice or is missing, and coefficients of a
        slot that add up to more than the whole.
    """
    report = Report(file)
    lines = rows(data, layout.separator, report)
    reader = _Reader(report, layout, wanted)
    first = next(lines, None)
    if first is not None and reader.header(first):
        for row in lines:
            reader.take(row)
        reader.finish()
    report.check()
    return Coefficients(wanted.producers, wanted.consumers, wanted.slots, reader.ppm)


class _Reader:
    """Takes lines one by one into [producers, consumers, slots]; -1 is not yet said."""

    def __init__(self, report: Report, layout: Layout, wanted: Wanted) -> None:
        self._report, self._layout, self._wanted = report, layout, wanted
        self._shares = Shares(layout.decimal, percent=layout.percent)
        self._producers = {name: row for row, name in enumerate(wanted.producers)}
        self._consumers = {name: row for row, name in enumerate(wanted.consumers)}
        starts = wanted.slots.starts().tolist()
        self._slots = {start: place for place, start in enumerate(starts)}
        self._at: dict[str, int | tuple[str, str]] = {}
        shape = (len(wanted.producers), len(wanted.consumers), wanted.slots.count)
        self._values: Ints = np.full(shape, -1, np.int64)
        self._last: Ints = np.zeros((len(wanted.producers), wanted.slots.count), np.int64)
        self._columns: list[tuple[int, int]] = []  # of a wide table: field and consumer
        self._width = 0

    @property
    def ppm(self) -> Ints:
        """What was read."""
        return self._values

    def header(self, row: Row) -> bool:
        """Take the header; tell whether rows can be read by it."""
        due = _header(self._wanted.consumers, self._layout, pooled=self._wanted.pooled)
        head = due[: 1 if self._wanted.pooled else 2] if self._layout.wide else due
        self._width = len(row.fields)
        if row.fields[: len(head)] != head or (not self._layout.wide and self._width != len(head)):
            shown = self._layout.separator.join(head)
            problem = f"the header does not begin with {shown}"
            self._report.add(row.line, 1, problem, "name the layout that the file has")
            return False
        if self._layout.wide:
            self._take_columns(row, len(head))
        return True

    def _take_columns(self, row: Row, first: int) -> None:
        seen: set[str] = set()
        for place in range(first, len(row.fields)):
            name = row.fields[place]
            if name in seen:
                self._report.add(row.line, row.column(place), *_twice(name))
            elif (consumer := self._point(row, place, self._consumers)) is not None:
                self._columns.append((place, consumer))
            seen.add(name)
        for name in self._wanted.consumers:
            if name not in seen:
                self._report.add(row.line, 0, f"there is no column {name}", "add it")

    def take(self, row: Row) -> None:
        """Take one line, or note what is wrong with it."""
        if len(row.fields) != self._width:
            problem = f"the line has {len(row.fields)} fields, the header {self._width}"
            self._report.add(row.line, 1, problem, "write one field for each of the header")
            return
        slot = self._slot(row)
        pooled = self._wanted.pooled
        producer = 0 if pooled else self._point(row, 1, self._producers)
        for place, consumer in self._cells(row):
            value = self._shares.read(row.fields[place])
            if isinstance(value, tuple):
                self._report.add(row.line, row.column(place), *value)
            elif slot is not None and producer is not None:
                self._put(row, place, (producer, consumer, slot), value)

    def _cells(self, row: Row) -> Iterator[tuple[int, int]]:
        """Yield the field of each coefficient of a line, and its consumer."""
        if self._layout.wide:
            yield from self._columns
            return
        place = self._width - 2
        consumer = self._point(row, place, self._consumers)
        if consumer is not None:
            yield place + 1, consumer

    def _slot(self, row: Row) -> int | None:
        text = row.fields[0]
        found = self._at.get(text)
        if found is None:
            found = self._at[text] = self._placed(text)
        if isinstance(found, int):
            return found
        self._report.add(row.line, 1, *found)
        return None

    def _placed(self, text: str) -> int | tuple[str, str]:
        fix = "write the slot's start with its offset, as in 2026-03-01T00:00:00+01:00"
        try:
            instant = datetime.fromisoformat(text)
        except ValueError:
            return f"{text[:40]!r} is not an instant", fix
        if instant.tzinfo is None:
            return f"{text[:40]!r} has no offset from UTC", fix
        place = self._slots.get(int(instant.timestamp()))
        if place is None or instant.microsecond:
            return f"{text[:40]} begins no slot of the period", "give the slots of the period"
        return place

    def _point(self, row: Row, place: int, known: dict[str, int]) -> int | None:
        name = row.fields[place]
        if name in known:
            return known[name]
        what = "producer" if known is self._producers else "consumer"
        problem = f"{name[:60]!r} is no {what} of the operation"
        self._report.add(row.line, row.column(place), problem, "correct it, or add it to the rules")
        return None

    def _put(self, row: Row, place: int, cell: tuple[int, int, int], value: int) -> None:
        if self._values[cell] >= 0:
            what = f"{self._wanted.consumers[cell[1]]} in this slot"
            self._report.add(row.line, row.column(place), *_twice(what))
            return
        self._values[cell] = value
        self._last[cell[0], cell[2]] = row.line

    def finish(self) -> None:
        """Note what is missing, and coefficients that add up to more than the whole."""
        for producer, of_producer in enumerate(self._values):
            self._check_missing(producer, of_producer)
            whole = np.maximum(of_producer, 0).sum(axis=0)
            for slot in np.flatnonzero(whole > MICRO_PER_UNIT).tolist():
                total = _text(int(whole[slot]), self._layout)
                unit = " percent" if self._layout.percent else ""
                problem = f"the coefficients of this slot add up to {total}{unit}"
                line = int(self._last[producer, slot])
                self._report.add(line, 0, problem, "lower them to the whole")

    def _check_missing(self, producer: int, values: Ints) -> None:
        name = self._wanted.producers[producer]
        of = f" of producer {name}" if name != POOL else ""
        for consumer, row in zip(self._wanted.consumers, values, strict=True):
            absent = np.flatnonzero(row < 0)
            if absent.size and not (self._layout.wide and self._unheaded(consumer)):
                first = iso(int(self._wanted.slots.starts()[absent[0]]))
                many = f"{absent.size:,} slots" if absent.size > 1 else "a slot"
                problem = f"{consumer}{of} has no coefficient in {many}, the first {first}"
                self._report.add(0, 0, problem, "give one for every slot, if only 0")

    def _unheaded(self, consumer: str) -> bool:
        """Tell whether a wide table lacks the consumer's column, which the header has told."""
        return self._consumers[consumer] not in {row for _, row in self._columns}


def _twice(what: str) -> tuple[str, str]:
    return f"{what[:60]} comes twice", "keep one of them"
