"""Files into a store: read, validated, and stored, or only told what that would change."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import msgspec
import numpy as np

from gridpact.app.readings.reconciling import held
from gridpact.app.readings.rules_file import for_points, read_rules
from gridpact.app.readings.settling import settle
from gridpact.base.errors import BadInput, Fault
from gridpact.base.slots import Slots, iso
from gridpact.metering.formats import files
from gridpact.metering.formats.mapping import ReadingsMap
from gridpact.metering.readings import Intervals, Quality, Readings, no_displays
from gridpact.metering.store.plan import Plan, Tally
from gridpact.metering.store.points import DAY_S, LARGEST_STEP_S
from gridpact.metering.store.signed import Messages
from gridpact.metering.store.store import Store
from gridpact.metering.validation.findings import Finding
from gridpact.metering.validation.rules import Rulebook
from gridpact.metering.validation.validate import validate

HISTORY_DAYS = 28
"""Days before a file whose readings tell what a channel is used to."""


class FileImported(msgspec.Struct, frozen=True):
    """What one file brings: its readings with their marks, what was found, and what changes.

    ``number`` is the import that holds it, 0 where nothing was stored; ``changes`` says whether
    there was anything to store.
    """

    readings: Readings
    found: tuple[Finding, ...]
    plan: Plan
    known_s: int
    number: int
    changes: bool = True


class Told(Protocol):
    """What of readings is to be stored, and the messages that brought it."""

    @property
    def messages(self) -> Messages:
        """The messages, to be remembered."""

    def of(self, readings: Readings) -> Readings:
        """Return readings without what the store is not told by them."""

    def nothing(self, readings: Readings) -> bool:
        """Tell whether such readings, and the messages, are nothing new."""


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
    Files are stored together or, where anything is wrong in one of them, not at all: BadInput then
    has every fault of all files, also of files that contradict each other.
    """
    everything = _read(store, paths, mapping)
    if faults := [fault for each in everything for fault in too_early(each, known_s)]:
        raise BadInput(faults)

    def work(trial: Store) -> list[FileImported]:
        into = with_register_sizes(trial, everything, mapping)
        rules = rules_of(into, rules_file)
        how = (recipe_of(mapping, rules), known_s)
        return _put_all(into, everything, rules, how, commit)

    return store.together(work) if commit else work(store.trial())


def _put_all(
    into: Store, everything: list[Readings], rules: Rulebook, how: tuple[str, int], commit: bool
) -> list[FileImported]:
    """Put the readings of all files into a trial of a store; BadInput with the faults of each."""
    done, faults = list[FileImported](), list[Fault]()
    for readings in everything:
        try:
            done.append(put(into, readings, rules, how, commit))
        except BadInput as error:
            faults += error.faults
    if faults:
        raise BadInput(faults)
    return done


def put(
    into: Store,
    readings: Readings,
    rules: Rulebook,
    how: tuple[str, int],
    commit: bool,
    told: Told | None = None,
) -> FileImported:
    """Validate readings and put them into a store, or its trial; ``how`` is recipe, known_s.

    ``told`` says what of them is to be stored, where that is not all.
    """
    recipe, known_s = how
    readings = without_long_intervals(readings)
    history = history_of(into, readings.intervals, known_s)
    checked = validate(readings.intervals, no_displays(()), rules, history)
    marked = msgspec.structs.replace(readings, intervals=checked.intervals)
    beside = held(into, marked, rules, known_s)
    fresh = beside.readings if told is None else told.of(beside.readings)
    found = tuple(sorted((*checked.found, *beside.found)))
    if told is not None and told.nothing(fresh):
        nothing = Tally(fresh, known_s).plan(into.log.imported(readings.digest, recipe))
        return FileImported(beside.readings, found, nothing, known_s, 0, changes=False)
    stored = into.put(fresh, known_s, recipe, None if told is None else told.messages)
    if stored.plan.already is None:
        found = tuple(sorted({*found, *settle(into, fresh, rules, known_s)}))
    number = stored.commit.imports[0].number if commit else 0
    return FileImported(beside.readings, found, stored.plan, known_s, number)


def too_early(readings: Readings, known_s: int) -> list[Fault]:
    """Faults of readings of what had not happened when they became known [s since the epoch]."""
    read, shown = readings.intervals, readings.displays
    told = (read.quality != int(Quality.MISSING)) & (read.quality != int(Quality.ESTIMATED))
    slots = np.flatnonzero(told.any(axis=0))
    last = read.slots.start + (int(slots[-1]) + 1) * read.slots.step if len(slots) else 0
    last = max(last, int(shown.at_s.max(initial=0)))
    if last <= known_s:
        return []
    problem = f"readings until {iso(last)} were not known at {iso(known_s)}"
    fix = "correct --known-at, or the time stamps and clock of the file"
    return [Fault(readings.source, 0, "time", problem, fix)]


def without_long_intervals(readings: Readings) -> Readings:
    """Leave out intervals between displays that are longer than any point's slots.

    The displays say all that is known of them; to divide it into slots is to estimate.
    """
    read = readings.intervals
    if not len(readings.displays.at_s) or read.slots.step <= LARGEST_STEP_S:
        return readings
    none = Slots(read.slots.start // LARGEST_STEP_S * LARGEST_STEP_S, LARGEST_STEP_S, 0)
    columns = (read.wh[:, :0], read.quality[:, :0], read.rule[:, :0], read.rules)
    return msgspec.structs.replace(readings, intervals=Intervals(read.channels, none, *columns))


def with_register_sizes(
    store: Store, everything: Sequence[Readings], mapping: ReadingsMap
) -> Store:
    """Let points know the size of registers that a mapping says, where they do not yet.

    Validation and estimation go by it, also when the mapping is not at hand.
    """
    size = mapping.rolls_over_wh
    shown = {channel.point for each in everything for channel in each.displays.channels}
    points = (store.point(name) for name in sorted(shown) if size)
    fresh = [
        msgspec.structs.replace(point, rolls_over_wh=size)
        for point in points
        if not point.rolls_over_wh
    ]
    return store.add(fresh) if fresh else store


def _read(store: Store, paths: Sequence[Path], mapping: ReadingsMap) -> list[Readings]:
    """Read all files; BadInput with the faults of each."""
    found, faults = [], list[Fault]()
    known = {point.id: point for point in store.points}
    for path in paths:
        try:
            found.append(files.read(path, mapping, known, sizes_of(store)))
        except BadInput as error:
            faults += error.faults
    if faults:
        raise BadInput(faults)
    return found


def sizes_of(store: Store) -> dict[str, int]:
    """What registers count to before they begin at zero again [Wh], of points that say so."""
    return {point.id: point.rolls_over_wh for point in store.points if point.rolls_over_wh}


def rules_of(store: Store, path: Path | None = None) -> Rulebook:
    """Rules of validation for a store: what each connection carries is the point's, if known.

    ``path`` is a file of thresholds; raises BadInput with every fault of it.
    """
    known = {point.id for point in store.points}
    rules = Rulebook() if path is None else read_rules(path, known)
    largest = {point.id: point.largest_w for point in store.points if point.largest_w}
    return for_points(rules, largest, sizes_of(store))


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
