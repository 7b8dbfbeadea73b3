"""Entries of an Atom feed of Green Button resources, read as a stream and without a DTD.

Entities can only be declared in a document type, so a file with one is refused: there is nothing
to expand, from within or from outside.
"""

from __future__ import annotations

from xml.parsers import expat

import msgspec

from gridpact.metering.importers.rows import Report

_RESOURCES = ("UsagePoint", "MeterReading", "ReadingType", "IntervalBlock")
_MOST_TEXT = 4096


class IntervalReading(msgspec.Struct):
    """One ``IntervalReading`` as it is written, and its line."""

    line: int
    start: str = ""
    duration: str = ""
    value: str = ""
    quality: str = ""


class Entry(msgspec.Struct):
    """One resource: its kind, links, fields directly below it, and readings of a block."""

    line: int
    kind: str = ""
    self_link: str = ""
    up_link: str = ""
    related: list[str] = []
    fields: dict[str, str] = {}
    readings: list[IntervalReading] = []


class _Refused(Exception):  # noqa: N818
    """Reading cannot go on; the fault has been noted."""


def entries(data: bytes, report: Report) -> list[Entry]:
    """Return the entries of a feed in order; faults of the XML go to ``report``."""
    feed = _Feed(report)
    try:
        feed.parser.Parse(data, True)
    except expat.ExpatError as error:
        where = f"column {error.offset + 1}"
        problem = f"this is not whole XML ({expat.ErrorString(error.code)})"
        report.add(error.lineno, where, problem, "export the data again")
    except (LookupError, ValueError) as error:
        report.add(1, "encoding", str(error), "write the file as UTF-8")
    except _Refused:
        pass
    return feed.entries


class _Feed:
    """Keeps what matters of the elements that the parser comes upon."""

    def __init__(self, report: Report) -> None:
        self.entries: list[Entry] = []
        self._report = report
        self._path: list[str] = []
        self._text: list[str] = []
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.StartDoctypeDeclHandler = self._doctype
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text.append
        parser.buffer_text = True
        self.parser = parser

    def _doctype(self, *_: object) -> None:
        fix = "remove it: Green Button files have none"
        line = self.parser.CurrentLineNumber
        self._report.add(line, "DOCTYPE", "the file declares a document type", fix)
        raise _Refused

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        local = name.rpartition(" ")[2]
        self._path.append(local)
        self._text.clear()
        line = self.parser.CurrentLineNumber
        if local == "entry" or (local in _RESOURCES and "entry" not in self._path):
            self.entries.append(_blank(line))
        if not self.entries:
            return
        entry = self.entries[-1]
        if local in _RESOURCES and not entry.kind:
            entry.kind, entry.line = local, line
        elif local == "IntervalReading":
            entry.readings.append(IntervalReading(line))
        elif local == "link" and "href" in attributes:
            _link(entry, attributes)

    def _end(self, name: str) -> None:
        local = self._path.pop()
        text = "".join(self._text).strip()[:_MOST_TEXT]
        self._text.clear()
        if not self.entries or not text:
            return
        entry, parents = self.entries[-1], self._path
        if "IntervalReading" in parents:
            _into(entry.readings[-1], local, text)
        elif parents and parents[-1] in _RESOURCES:
            entry.fields[local] = text


def _blank(line: int) -> Entry:
    return Entry(line, related=[], fields={}, readings=[])


def _link(entry: Entry, attributes: dict[str, str]) -> None:
    href = attributes["href"].rstrip("/")
    match attributes.get("rel"):
        case "self":
            entry.self_link = href
        case "up":
            entry.up_link = href
        case "related":
            entry.related.append(href)
        case _:
            pass


def _into(reading: IntervalReading, name: str, text: str) -> None:
    if name in ("start", "duration", "value", "quality"):
        setattr(reading, name, text)
