"""A file becomes readings: the registry of formats, and telling which one a file is."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Collection, Mapping
from pathlib import Path

import msgspec

from gridpact.base.errors import BadInput
from gridpact.base.files import read_regular
from gridpact.metering.formats import datadis, enedis, espi, p1, tables
from gridpact.metering.formats.mapping import FormatName, ReadingsMap
from gridpact.metering.importers.rows import Report
from gridpact.metering.readings import Displays, Intervals, Readings

MOST_BYTES = 4 << 30
Reader = Callable[[Path, bytes, ReadingsMap, Report], "tuple[Intervals, Displays] | None"]

FORMATS: Mapping[str, Reader] = {
    "csv": tables.read_csv,
    "parquet": tables.read_parquet,
    "p1": p1.read,
    "espi": espi.read,
    "enedis": enedis.read,
    "datadis": datadis.read,
}

_BEGINS: tuple[tuple[FormatName, re.Pattern[bytes]], ...] = (
    ("parquet", re.compile(rb"PAR1")),
    ("p1", re.compile(rb"\s*/[A-Za-z]{3}\d")),
    ("espi", re.compile(rb"\s*<\?xml[^>]*>[^\0]*?<(\w+:)?(feed|entry|UsagePoint|IntervalBlock)\b")),
    ("enedis", re.compile(rb"\"?Identifiant PRM\"?;")),
    ("datadis", re.compile(rb"\"?cups\"?;\"?fecha\"?;\"?hora\"?;", re.IGNORECASE)),
)


def read(
    path: Path,
    mapping: ReadingsMap,
    known: Collection[str] | None = None,
    sizes: Mapping[str, int] | None = None,
) -> Readings:
    """Read a file of readings, of the points that are ``known`` where these are given.

    ``sizes`` are what registers of points count to [Wh], where the mapping does not say it.
    Raises BadInput with every fault of the file: its line (Parquet: row from 1), column and fix.
    """
    report = Report(str(path), known, sizes)
    found = _read(path, mapping, report)
    if found is None or report.faults:
        raise BadInput(report.faults)
    return found


def _read(path: Path, mapping: ReadingsMap, report: Report) -> Readings | None:
    try:
        data = read_regular(path, MOST_BYTES)
    except OSError as error:
        report.add(0, "", error.strerror or str(error), "give a file of readings")
        return None
    if not data:
        report.add(0, "", "the file is empty (0 bytes)", "export the data again")
        return None
    name = mapping.format or detect(path, data)
    if not name:
        fix = f"set format to one of {', '.join(FORMATS)}"
        report.add(0, "format", "the file does not tell its format", fix)
        return None
    if name != "parquet" and b"\0" in data:
        line = data.count(b"\n", 0, data.index(b"\0")) + 1
        report.add(line, "", "the file holds binary data", f"give text, as {name} files are")
        return None
    named = msgspec.structs.replace(mapping, format=name)
    found = FORMATS[name](path, data, named, report)
    if found is None:
        return None
    if any(not channel.point for channel in found[0].channels):
        fix = "name it by points: {'': bakery}"
        report.add(0, "points", "the file names no metering point", fix)
    return Readings(path.name, hashlib.sha256(data).hexdigest(), *found)


def detect(path: Path, data: bytes | None = None) -> FormatName:
    """Tell the format of a file by how it begins, then by its name; empty where neither tells."""
    with path.open("rb") as stream:
        head = (stream.read(4096) if data is None else data[:4096]).removeprefix(b"\xef\xbb\xbf")
    for name, begins in _BEGINS:
        if begins.match(head):
            return name
    return "csv" if path.suffix.lower() in {".csv", ".txt", ".tsv"} else ""
