"""The readings that a run was settled on, as imports into a store: one for each day."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np

from gridpact.app import folder
from gridpact.app.record import Record
from gridpact.base.errors import BadInput, Fault
from gridpact.kernel.codec import encode
from gridpact.metering.messages import DayMetered
from gridpact.metering.readings import Channel, Intervals, Quality, Readings, no_displays
from gridpact.metering.store.changes import check_points
from gridpact.metering.store.plan import Plan
from gridpact.metering.store.points import MeteringPoint
from gridpact.metering.store.store import Store
from gridpact.registry.model import Community


class DayImported(msgspec.Struct, frozen=True):
    """What a day of a run brings, known since ``known_s`` [s since the epoch], when it closed.

    ``estimated`` counts its values that no meter measured; ``number`` is the commit that holds the
    day, 0 where nothing was stored.
    """

    day: str
    known_s: int
    plan: Plan
    estimated: int
    number: int


def points_of(path: Path) -> tuple[MeteringPoint, ...]:
    """Return the metering points of a run; BadInput where the folder holds no run."""
    community = folder.record(path).opening().community
    name = re.sub(r"[^a-z0-9]+", "-", community.name.lower()).strip("-") or "community"
    members = community.members
    return tuple(
        MeteringPoint(
            id=point,
            community=name,
            zone=community.zones.ids[zone],
            timezone=community.timezone,
            step_s=community.step_s,
        )
        for point, zone in zip(members.metering_points, members.zone.tolist(), strict=True)
    )


def import_run(store: Store, path: Path, *, commit: bool) -> list[DayImported]:
    """Import what a run metered, each closed day as it was settled on.

    Estimates keep their method as their rule. A day that was imported before changes nothing.
    Raises BadInput where the run or a metering point of it is unknown, before anything is stored;
    each day is then stored whole or not at all.
    """
    record = folder.record(path)
    days = list(_days(record, path))
    if not days:
        fix = "let it run until a day is closed"
        raise BadInput([Fault(str(path), 0, "", "the run has metered no day yet", fix)])
    known = {point.id: point for point in store.points}
    for _, readings, _ in days:
        _check(readings, known, path)
    into = store if commit else store.trial()
    return [_imported(into, *each, commit=commit) for each in days]


def _days(record: Record, path: Path) -> Iterator[tuple[DayMetered, Readings, int]]:
    community = record.opening().community
    for kept in record.kept(DayMetered):
        if isinstance(kept.message, DayMetered):
            source = f"{path.name} {kept.message.day}"
            yield kept.message, _readings(community, kept.message, source), kept.time


def _readings(community: Community, day: DayMetered, source: str) -> Readings:
    """Both registers of every point, withdrawal before injection."""
    points = community.members.metering_points
    channels = tuple(
        Channel(point, register) for point in points for register in ("withdrawal", "injection")
    )
    wh = np.stack([day.withdrawal_wh, day.injection_wh], axis=1).reshape(len(channels), -1)
    estimated = np.repeat(day.estimated, 2, axis=0)
    quality = np.where(estimated, np.int8(Quality.ESTIMATED), np.int8(Quality.MEASURED))
    rule = estimated.astype(np.int16)
    intervals = Intervals(channels, day.slots, wh, quality, rule, ("", day.method))
    digest = hashlib.sha256(encode(day)).hexdigest()
    return Readings(source, digest, intervals, no_displays(channels))


def _check(readings: Readings, known: dict[str, MeteringPoint], path: Path) -> None:
    try:
        check_points(readings, known)
    except BadInput as error:
        fix = f"begin a store for it: gridpact readings init STORE --run {path}"
        faults = [Fault(str(path), 0, each.where, each.problem, fix) for each in error.faults]
        raise BadInput(faults) from error


def _imported(
    into: Store, day: DayMetered, readings: Readings, known_s: int, *, commit: bool
) -> DayImported:
    stored = into.put(readings, known_s)
    number = stored.commit.imports[0].number if commit else 0
    estimated = int(np.count_nonzero(readings.intervals.quality == int(Quality.ESTIMATED)))
    return DayImported(day.day, known_s, stored.plan, estimated, number)
