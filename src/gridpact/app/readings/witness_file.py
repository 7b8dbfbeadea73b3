"""Witnesses of readings, as a YAML file names them, and what they attest.

::

    gridpact: witnesses/1
    agree: 2                       # how many must agree
    witnesses:
      - {name: feeder, readings: feeder-meter, of: [bakery, school], loss_percent: 3, slack_wh: 20}
      - {name: inverter, readings: school-inverter, of: [school], slack_wh: 5}

``readings`` is the metering point of the store that holds what the witness itself measured.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import msgspec
import numpy as np

from gridpact.app.readings.named_points import NamedPoint, check_points
from gridpact.base.documents import Document, Value, read_mapping, spell
from gridpact.base.documents import Path as YamlPath
from gridpact.base.errors import BadInput
from gridpact.base.slots import Slots
from gridpact.base.units import Bools, Ints
from gridpact.metering.readings import Channel, Intervals, Quality
from gridpact.metering.store.store import Store
from gridpact.metering.witnesses import Attested, Witness, attest

VERSION = "witnesses/1"
_BEGIN = f"gridpact: {VERSION}"
_TOP = ("gridpact", "agree", "witnesses")
_KEYS = ("name", "readings", "of", "loss_percent", "slack_wh")
RULE = "witnesses.v1"
_MOST_WH = 10**12


class Named(msgspec.Struct, frozen=True):
    """A witness: where its readings are, and which points it measured together."""

    name: str
    readings: str
    of: tuple[str, ...]
    loss_ppm: int
    slack_wh: int


class WitnessFile(msgspec.Struct, frozen=True):
    """Witnesses, and how many of them must agree."""

    file: str
    agree: int
    witnesses: tuple[Named, ...]
    places: tuple[NamedPoint, ...] = ()
    """Where the file names metering points."""


class Testimony(msgspec.Struct, frozen=True):
    """What witnesses say of ``points`` on ``slots``; ``doubtful`` bool [points, slots]."""

    points: tuple[str, ...]
    slots: Slots
    attested: Attested
    doubtful: Bools


def read_witnesses(path: Path) -> WitnessFile:
    """Read a file of witnesses; BadInput lists every fault with its line."""
    document, root = read_mapping(path, "witnesses", _BEGIN)
    for key in root.keys() - set(_TOP):
        document.fault((key,), "nothing is called so here", f"there are {', '.join(_TOP)}")
    if root.get("gridpact") != VERSION:
        document.fault(("gridpact",), f"this is not {VERSION}", f"write {_BEGIN}")
    listed = root.get("witnesses")
    nodes = listed if isinstance(listed, list) else []
    found = [_witness(document, place, node) for place, node in enumerate(nodes)]
    if not nodes:
        document.fault(("witnesses",), "there are no witnesses", "list them after a dash each")
    names = [each.name for each in found]
    for place, name in enumerate(names):
        if name in names[:place]:
            document.fault(("witnesses", place, "name"), f"{name!r} is listed twice", "rename one")
    agree = root.get("agree", 1)
    if isinstance(agree, bool) or not isinstance(agree, int) or not 1 <= agree <= len(nodes or [0]):
        fix = "write how many of the witnesses must agree"
        document.fault(("agree",), "is no number of witnesses", fix)
    if document.faults:
        raise BadInput(document.faults)
    places = tuple(place for at, one in enumerate(found) for place in _places(document, at, one))
    return WitnessFile(str(path), agree if isinstance(agree, int) else 1, tuple(found), places)


def _places(document: Document, at: int, told: Named) -> Iterator[NamedPoint]:
    begin: YamlPath = ("witnesses", at)
    paths: list[tuple[YamlPath, str]] = [((*begin, "readings"), told.readings)]
    paths += [((*begin, "of", place), point) for place, point in enumerate(told.of)]
    for path, point in paths:
        yield NamedPoint(point, spell(path), document.line(path))


def _witness(document: Document, place: int, node: Value) -> Named:
    path = ("witnesses", place)
    if not isinstance(node, dict):
        document.fault(path, "is no witness", f"give it {', '.join(_KEYS[:3])}")
        return Named("", "", (), 0, 0)
    for key in node.keys() - set(_KEYS):
        document.fault((*path, key), "nothing is called so here", f"there are {', '.join(_KEYS)}")
    name, readings = (node.get(key) for key in ("name", "readings"))
    for key, value in (("name", name), ("readings", readings)):
        if not isinstance(value, str) or not value:
            document.fault((*path, key), "is no name", "write text")
    of = node.get("of")
    points = tuple(str(each) for each in of) if isinstance(of, list) else ()
    if not points or len(set(points)) < len(points):
        fix = "list the metering points that it measured, each once: [bakery, school]"
        document.fault((*path, "of"), "names no points, or one twice", fix)
    loss = _number(document, (*path, "loss_percent"), node.get("loss_percent", 0), 100)
    slack = _number(document, (*path, "slack_wh"), node.get("slack_wh", 0), _MOST_WH)
    return Named(str(name), str(readings), points, round(loss * 10_000), round(slack))


def _number(document: Document, path: tuple[str | int, ...], value: Value, most: int) -> Fraction:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= most:
        document.fault(path, "is no amount", f"write a number from 0 to {most:,}")
        return Fraction(0)
    return Fraction(str(value))


def testify(
    told: WitnessFile, intervals: Intervals, store: Store, as_of: int
) -> tuple[Intervals, Testimony]:
    """Hold readings against witnesses: what a dispute leaves in doubt becomes SUSPECT.

    Points that a witness measured as well but the readings do not tell, and what witnesses
    themselves measured, are taken from the store as known at ``as_of`` [s since the epoch].
    BadInput where the store lacks a point.
    """
    check_points(store, told.file, told.places)
    own = tuple(dict.fromkeys(channel.point for channel in intervals.channels))
    others = tuple(dict.fromkeys(point for each in told.witnesses for point in each.of))
    points = (*own, *(point for point in others if point not in own))
    net, known = _net(intervals, own)
    rest = _of_store(store, points[len(own) :], intervals.slots, as_of)
    wh, there = np.concatenate([net, rest[0]]), np.concatenate([known, rest[1]])
    seen = [_of_store(store, (each.readings,), intervals.slots, as_of) for each in told.witnesses]
    witnesses = [
        Witness(
            name=each.name,
            points=tuple(points.index(point) for point in each.of),
            wh=energy[0],
            known=read[0],
            loss_ppm=each.loss_ppm,
            slack_wh=each.slack_wh,
        )
        for each, (energy, read) in zip(told.witnesses, seen, strict=True)
    ]
    attested = attest(wh, there, witnesses, told.agree)
    doubtful = attested.doubtful(witnesses)
    said = Testimony(points, intervals.slots, attested, doubtful)
    return _marked(intervals, own, doubtful[: len(own)]), said


def _net(intervals: Intervals, points: tuple[str, ...]) -> tuple[Ints, Bools]:
    """Net withdrawal of points [points, slots], and where all registers of it are known."""
    shape = (len(points), intervals.slots.count)
    wh, known = np.zeros(shape, np.int64), np.ones(shape, np.bool_)
    for row, channel in enumerate(intervals.channels):
        place = points.index(channel.point)
        sign = 1 if channel.register == "withdrawal" else -1
        wh[place] += sign * intervals.wh[row]
        known[place] &= intervals.quality[row] != int(Quality.MISSING)
    return np.where(known, wh, 0), known


def _of_store(
    store: Store, points: tuple[str, ...], slots: Slots, as_of: int
) -> tuple[Ints, Bools]:
    """Net withdrawal of points of the store; of a register without any value, nothing."""
    found = store.intervals([Channel(point) for point in points], slots, as_of)
    back = store.intervals([Channel(point, "injection") for point in points], slots, as_of)
    there, other = (np.asarray(each.quality != int(Quality.MISSING)) for each in (found, back))
    either = there | other
    silent = ~other.any(axis=1, keepdims=True), ~there.any(axis=1, keepdims=True)
    known = either & (there | silent[1]) & (other | silent[0])
    return np.where(known, found.wh - back.wh, 0), known


def _marked(intervals: Intervals, points: tuple[str, ...], doubtful: Bools) -> Intervals:
    """Mark measured values of doubtful points and slots as SUSPECT."""
    quality, rule = intervals.quality.copy(), intervals.rule.copy()
    for row, channel in enumerate(intervals.channels):
        which = doubtful[points.index(channel.point)] & (quality[row] == int(Quality.MEASURED))
        quality[row][which] = int(Quality.SUSPECT)
        rule[row][which] = len(intervals.rules)
    return msgspec.structs.replace(
        intervals, quality=quality, rule=rule, rules=(*intervals.rules, RULE)
    )
