"""The metering points of a store: ``store.json``, and another file each time that they change.

Each file has all of the points, and the last counts. None is ever written over, so that of two who
change points at once one is first and the other does it anew, on what the first has left.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

import msgspec

from gridpact.base.errors import BadInput, Fault, StoreError
from gridpact.metering.store.log import FORMAT
from gridpact.metering.store.places import Place
from gridpact.metering.store.points import MeteringPoint, merged

INDEX, FOLDER = "store.json", "points"
_NAME = re.compile(rf"{FOLDER}/[0-9]{{8}}\.json")
ATTEMPTS = 20
"""Each time one of several writers wins, so that as many may write at once."""


class _Head(msgspec.Struct, frozen=True):
    format: int
    points: tuple[MeteringPoint, ...]


def begin(place: Place, points: Sequence[MeteringPoint]) -> None:
    """Write the points of a new store; BadInput where there is one already.

    Raises StoreError at a place that writes over what is there, as some servers do that speak S3:
    of two who import at once, one would be lost.
    """
    head = _encoded(merged((), tuple(points), place.url))
    if not place.create(INDEX, head):
        fix = "give another place, or open it"
        raise BadInput([Fault(place.url, 0, "", "there is a store of readings already", fix)])
    if place.create(INDEX, head):
        place.remove(INDEX)
        raise StoreError(
            f"store {place.url}: what keeps it writes over files that are there, and imports at "
            "once would lose each other's; take a folder, or a server with conditional writes"
        )


def read_points(place: Place) -> tuple[MeteringPoint, ...]:
    """Return the points of a store; BadInput where there is none, StoreError for damage."""
    return _last(place)[1]


def add_points(place: Place, points: Sequence[MeteringPoint]) -> tuple[MeteringPoint, ...]:
    """Add points to those of a store, or change them; return all. BadInput as in ``merged``."""
    for _ in range(ATTEMPTS):
        number, before = _last(place)
        both = merged(before, tuple(points), place.url)
        if both == before or place.create(_name(number + 1), _encoded(both)):
            return both
    raise StoreError(f"store {place.url}: others keep changing its points; try again")


def drop_points(place: Place, gone: Collection[str]) -> None:
    """Leave points out from now on, and remove the files that told of them; safe to do again."""
    number, before = _last(place)
    left = tuple(point for point in before if point.id not in gone)
    if left != before:
        place.create(_name(number + 1), _encoded(left))
    first = place.read(INDEX)
    if first is not None and any(p.id in gone for p in _decoded(place, INDEX, first).points):
        place.remove(INDEX)
        first = None
    if first is None:
        place.create(INDEX, _encoded(left))
    for name in outdated(place):
        place.remove(name)


def outdated(place: Place) -> list[str]:
    """Names of files of points that a later one has replaced."""
    return _changes(place)[:-1]


def _last(place: Place) -> tuple[int, tuple[MeteringPoint, ...]]:
    """Return the number of the last change of points, 0 for none, and all points after it."""
    while True:
        name = next(reversed(_changes(place)), INDEX)
        if (data := place.read(name)) is not None:
            break
        if name == INDEX:
            fix = f"begin one: gridpact readings init {place.url} --points POINTS.yaml"
            raise BadInput([Fault(place.url, 0, "", "there is no store of readings", fix)])
    number = 0 if name == INDEX else int(name[len(FOLDER) + 1 : -len(".json")])
    return number, _decoded(place, name, data).points


def _changes(place: Place) -> list[str]:
    """Names of files of points but the first, in order; what is being written is none yet."""
    return [name for name in place.names(FOLDER) if _NAME.fullmatch(name)]


def _decoded(place: Place, name: str, data: bytes) -> _Head:
    try:
        head = msgspec.json.decode(data, type=_Head)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise StoreError(f"store {place.url}: {name} is damaged: {error}") from error
    if head.format > FORMAT:
        raise StoreError(f"store {place.url} was written by a newer gridpact; update gridpact")
    return head


def _name(number: int) -> str:
    return f"{FOLDER}/{number:08d}.json"


def _encoded(points: tuple[MeteringPoint, ...]) -> bytes:
    return msgspec.json.format(msgspec.json.encode(_Head(FORMAT, points)), indent=1) + b"\n"
