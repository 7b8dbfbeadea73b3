"""Metering points as people write them, in YAML.

::

    gridpact: 1
    points:
      - {id: bakery, community: bakery-lane, timezone: Europe/Berlin, step_s: 900, largest_w: 43000}
      - {id: school, community: bakery-lane, timezone: Europe/Berlin, step_s: 900}
"""

from __future__ import annotations

import re
from pathlib import Path

import msgspec

from gridpact.base.documents import Document, Value, parse
from gridpact.base.errors import BadInput, Fault
from gridpact.base.files import read_regular
from gridpact.metering.store.points import MeteringPoint, point_faults

MOST_BYTES = 16 << 20
KEYS = tuple(field.name for field in msgspec.structs.fields(MeteringPoint))
_AT = re.compile(r" - at `\$\.?([^`]*)`$")


def read_points(path: Path) -> tuple[MeteringPoint, ...]:
    """Read metering points; raises BadInput with every fault and its line."""
    try:
        data = read_regular(path, MOST_BYTES)
    except OSError as error:
        fix = "give a YAML file with points: and a line for each metering point"
        raise BadInput([Fault(str(path), 0, "", error.strerror or str(error), fix)]) from error
    document = parse(data, str(path))
    found = _points(document)
    if document.faults:
        raise BadInput(document.faults)
    return found


def _points(document: Document) -> tuple[MeteringPoint, ...]:
    value = document.value
    rows = value.get("points") if isinstance(value, dict) else None
    if not isinstance(rows, list) or not rows:
        if not document.faults:
            document.fault((), "there are no points", "write points: and a line for each")
        return ()
    assert isinstance(value, dict)  # noqa: S101 - it has rows
    for key in value.keys() - {"gridpact", "points"}:
        document.fault((key,), "no such key", "use gridpact and points")
    if value.get("gridpact") != 1:
        document.fault(("gridpact",), "the version is not 1", "begin with gridpact: 1")
    found = [_point(document, row, each) for row, each in enumerate(rows)]
    points = [point for point in found if point is not None]
    _check_names(document, points)
    return tuple(points)


def _point(document: Document, row: int, value: Value) -> MeteringPoint | None:
    at = ("points", row)
    try:
        point = msgspec.convert(value, MeteringPoint)
    except msgspec.ValidationError as error:
        inner = _AT.search(str(error))
        place = (*at, inner.group(1)) if inner else at
        problem = _AT.sub("", str(error)).replace("`", "")
        document.fault(place, problem, f"a point has {', '.join(KEYS)}")
        return None
    line = document.line(at)
    document.faults += point_faults(point, document.file, line)
    return point


def _check_names(document: Document, points: list[MeteringPoint]) -> None:
    names = [point.id for point in points]
    for row, name in enumerate(names):
        if name in names[:row]:
            problem = f"{name!r} is listed twice"
            document.fault(("points", row, "id"), problem, "keep one of them")
