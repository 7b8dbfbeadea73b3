"""Files into a store: read, validated, and stored, or only told what that would change."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np

from gridpact.app.readings.rules_file import for_points, read_rules
from gridpact.base.errors import BadInput, Fault
from gridpact.base.slots import Slots, iso
from gridpact.metering.formats import files
from gridpact.metering.formats.mapping import ReadingsMap
from gridpact.metering.readings import Intervals, Readings
from gridpact.metering.store.changes import check_points
from gridpact.metering.store.plan import Plan
from gridpact.metering.store.points import DAY_S
from gridpact.metering.store.store import Store
from gridpact.metering.validation.findings import Finding
from gridpact.metering.validation.rules import Rulebook
from gridpact.metering.validation.validate import validate

HISTORY_DAYS = 28
"""Days before a file whose readings tell what a channel is used to."""


class FileImported(msgspec.Struct, frozen=True):
    """What one file brings: its readings with their marks, what was found, and what changes.

    ``number`` is the commit that holds it, 0 where nothing was stored.
    """

    readings: Readings
    found: tuple[Finding, ...]
    plan: Plan
    known_s: int
    number: int


def import_files(
    store: Store,
    paths: Sequence[Path],
    mapping: ReadingsMap,
    known_s: int,
    *,
    commit: bool,
    rules_file: Path | None = None,
) -> list[FileImported]:
    """Import files in the order given; without ``commit`` nothing is stored.

    ``rules_file`` holds thresholds of validation (:mod:`.rules_file`), else they are as they come.
    Raises BadInput with every fault of all files, before anything is stored.
    """
    rules = rules_of(store, rules_file)
    everything = _read(store, paths, mapping)
    recipe = recipe_of(mapping, rules)
    into = store if commit else store.trial()
    return [put(into, readings, rules, (recipe, known_s), commit) for readings in everything]


def put(
    into: Store, readings: Readings, rules: Rulebook, how: tuple[str, int], commit: bool
) -> FileImported:
    """Validate readings and put them into a store, or its trial; ``how`` is recipe, known_s."""
    recipe, known_s = how
    history = history_of(into, readings.intervals, known_s)
    checked = validate(readings.intervals, readings.displays, rules, history)
    marked = msgspec.structs.replace(readings, intervals=checked.intervals)
    stored = into.put(marked, known_s, recipe)
    number = stored.commit.number if commit else 0
    return FileImported(marked, checked.found, stored.plan, known_s, number)


def _read(store: Store, paths: Sequence[Path], mapping: ReadingsMap) -> list[Readings]:
    """Read all files; BadInput with the faults of each."""
    found, faults = [], list[Fault]()
    known = {point.id: point for point in store.points}
    for path in paths:
        try:
            readings = files.read(path, mapping)
            check_points(readings, known)
            found.append(readings)
        except BadInput as error:
            faults += error.faults
    if faults:
        raise BadInput(faults)
    return found


def rules_of(store: Store, path: Path | None = None) -> Rulebook:
    """Rules of validation for a store: what each connection carries is the point's, if known.

    ``path`` is a file of thresholds; raises BadInput with every fault of it.
    """
    known = {point.id for point in store.points}
    rules = Rulebook() if path is None else read_rules(path, known)
    largest = {point.id: point.largest_w for point in store.points if point.largest_w}
    return for_points(rules, largest)


def recipe_of(mapping: ReadingsMap, rules: Rulebook) -> str:
    """Digest of all that decides how a file is read: its mapping and the rules of validation."""
    each = [part for _, part in rules.parts()]
    whole = (mapping, *each) if len(each) == 1 else (mapping, each)
    return hashlib.sha256(msgspec.json.encode(whole, order="sorted")).hexdigest()


def history_of(store: Store, intervals: Intervals, known_s: int) -> Intervals | None:
    """Return what channels counted in the days before readings; None where nothing is stored."""
    slots, days = intervals.slots, store.days()
    if days is None or not slots.count or not intervals.channels:
        return None
    count = HISTORY_DAYS * DAY_S // slots.step
    before = Slots(slots.start - count * slots.step, slots.step, count)
    if iso(before.end)[:10] < days[0] or iso(before.start)[:10] > days[1]:
        return None
    found = store.intervals(intervals.channels, before, known_s)
    return found if np.any(found.quality) else None


def known_since(store: Store, given: int | None) -> int:
    """Instant at which an import becomes known [s since the epoch]: the one given, or now.

    Now is a second after the latest import where that is not past, as for two within a second.
    Raises BadInput for a given instant that is to come.
    """
    now = int(time.time())
    if given is None:
        return max(now, store.log.known_last() + 1)
    if given > now:
        problem = f"{iso(given)} is to come, and nothing can be known from it yet"
        raise BadInput([Fault("arguments", 0, "--known-at", problem, "leave it out for now")])
    return given
