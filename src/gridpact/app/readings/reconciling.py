"""Displays and intervals of a store held against each other, whichever of them came first."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence

import msgspec
import numpy as np

from gridpact.base.slots import Slots, overlap
from gridpact.base.units import Bools
from gridpact.metering import registers
from gridpact.metering.readings import (
    Channel,
    Displays,
    Intervals,
    Quality,
    Readings,
    no_displays,
)
from gridpact.metering.slotting import resampled
from gridpact.metering.store.changes import of_rows
from gridpact.metering.store.log import start_of
from gridpact.metering.store.points import DAY_S
from gridpact.metering.store.store import Store
from gridpact.metering.validation.displays import register_size
from gridpact.metering.validation.findings import Finding
from gridpact.metering.validation.rules import DisplaySum, Exchange, RollOver, Rulebook, name_of
from gridpact.metering.validation.validate import validate

RULE = name_of(DisplaySum())
_MISSING, _MEASURED = np.int8(Quality.MISSING), np.int8(Quality.MEASURED)
_SUSPECT, _ESTIMATED = np.int8(Quality.SUSPECT), np.int8(Quality.ESTIMATED)


class Held(msgspec.Struct, frozen=True):
    """Readings with the marks that displays of the store give them, and what was found.

    What slots stored before turn out to be is settled when these are stored (:mod:`.settling`).
    """

    readings: Readings
    found: tuple[Finding, ...]


def of_displays(rules: Rulebook) -> Rulebook:
    """Return those of the rules that look at displays."""
    kinds = (RollOver, Exchange, DisplaySum)
    parts = (rules.withdrawal, rules.injection)
    return Rulebook(*(tuple(r for r in part if isinstance(r, kinds)) for part in parts))


def held(store: Store, readings: Readings, rules: Rulebook, known_s: int) -> Held:
    """Hold readings that are to be stored against what the store knew at an instant [s]."""
    found: list[Finding] = []
    for channels in by_step(store, readings):
        combined = _combined(store, readings, channels, known_s)
        if combined is None:
            continue
        before, shown = combined
        by_displays = of_displays(rules)
        checked = validate(reopened(before, shown, by_displays), shown, by_displays)
        fresh = newly_suspect(before, checked.intervals)
        found += [each for each in checked.found if _is_new(each, readings.displays)]
        readings = _marked(readings, before, fresh)
    return Held(readings, tuple(sorted(found)))


def newly_suspect(before: Intervals, after: Intervals) -> Bools:
    """Tell which slots were measured before and are suspect after [channels, slots]."""
    return np.asarray((before.quality == _MEASURED) & (after.quality == _SUSPECT))


def marks_of(checked: Intervals, which: Bools) -> Intervals:
    """Return some slots with their marks, of channels that have any, and nothing else."""
    quality = np.where(which, checked.quality, _MISSING)
    part = Intervals(
        checked.channels, checked.slots, checked.wh, quality, checked.rule, checked.rules
    )
    return of_rows(part, np.flatnonzero(which.any(axis=1)).tolist())


def put_marks(store: Store, source: str, marks: Intervals, known_s: int) -> None:
    """Store marks as an import of their own, known since an instant or the next that is free."""
    taken = {one.known_s for one in store.log.imports}
    while known_s in taken:
        known_s += 1
    digest = hashlib.sha256(msgspec.json.encode((source, marks.channels, marks.rules, known_s)))
    for column in (marks.wh, marks.quality, marks.rule):
        digest.update(np.ascontiguousarray(column).tobytes())
    name = f"{source}: {RULE}"
    store.commit(Readings(name, digest.hexdigest(), marks, no_displays(marks.channels)), known_s)


def displays_around(
    store: Store, channels: tuple[Channel, ...], window: Slots, as_of: int | None
) -> Displays:
    """Displays within a window [both ends], and the nearest of each channel before and after."""
    communities = {store.point(channel.point).community for channel in channels}
    parts = (part for part in store.log.parts if part.table == "displays")
    days = sorted({part.day for part in parts if part.community in communities})
    if not days:
        return no_displays(channels)
    found = [store.displays(channels, window, as_of)]
    first, last = window.start, window.end
    earlier = [day for day in reversed(days) if start_of(day) <= first]
    later = [day for day in days if start_of(day) + DAY_S > last]
    found += _nearest(store, channels, earlier, as_of, (0, first))
    found += _nearest(store, channels, later, as_of, (last, 1 << 40))
    return joined(channels, found)


def _nearest(
    store: Store,
    channels: tuple[Channel, ...],
    days: Sequence[str],
    as_of: int | None,
    within: tuple[int, int],
) -> Iterator[Displays]:
    """Displays of one day after the other, until each channel had one."""
    waiting = np.ones(len(channels), dtype=np.bool_)
    for day in days:
        if not waiting.any():
            return
        shown = store.displays(channels, Slots(start_of(day), DAY_S, 1), as_of)
        inside = (shown.at_s >= within[0]) & (shown.at_s <= within[1])
        shown = shown.only(np.asarray(inside & waiting[shown.channel]))
        waiting[shown.channel] = False
        yield shown


def joined(channels: tuple[Channel, ...], parts: Sequence[Displays]) -> Displays:
    """Put displays together, each once; of two of one meter and instant the later part's counts."""
    values: dict[tuple[int, int, str], int] = {}
    for part in parts:
        ours = registers.of_channels(part, channels)
        rows = zip(ours.channel.tolist(), ours.at_s.tolist(), ours.meter, strict=True)
        values.update(zip(rows, ours.reading_wh.tolist(), strict=True))
    keys = sorted(values, key=lambda key: key[:2])
    table = np.array([(*key[:2], values[key]) for key in keys], dtype=np.int64).reshape(-1, 3)
    row, at, reading = (np.ascontiguousarray(column) for column in table.T)
    return Displays(channels, row, at, reading, tuple(meter for _, _, meter in keys))


def within(shown: Displays, window: Slots) -> Slots:
    """Widen a window to whole slots in which all displays lie."""
    if not len(shown.at_s):
        return window
    start = min(int(shown.at_s.min()) // window.step * window.step, window.start)
    end = max(-(-int(shown.at_s.max()) // window.step) * window.step, window.end)
    return Slots(start, window.step, (end - start) // window.step)


def reopened(read: Intervals, shown: Displays, rules: Rulebook) -> Intervals:
    """Take estimates away where they and what is known contradict the displays."""
    quality = read.quality.copy()
    for registers_, part in rules.parts():
        sizes = register_size(part, shown.channels)
        spans = registers.spans(shown, read.slots.step, sizes)
        for place in range(len(spans.wh)):
            row = int(spans.channel[place])
            if read.channels[row].register not in registers_:
                continue
            edges = (int(spans.from_s[place]), int(spans.to_s[place]))
            begin, end = ((edge - read.slots.start) // read.slots.step for edge in edges)
            mine = read.quality[row, begin:end]
            known = (mine != _MISSING) & (mine != _SUSPECT)
            over = int(read.wh[row, begin:end][known].sum()) - int(spans.wh[place])
            if over > 0 or (over and known.all()):
                quality[row, begin:end][mine == _ESTIMATED] = _MISSING
    return msgspec.structs.replace(read, quality=quality)


def by_step(store: Store, readings: Readings) -> Iterator[tuple[Channel, ...]]:
    """Channels of readings whose points have slots of one length."""
    channels = dict.fromkeys((*readings.intervals.channels, *readings.displays.channels))
    steps = {channel: store.point(channel.point).step_s for channel in channels}
    for step in sorted(set(steps.values())):
        yield tuple(channel for channel in channels if steps[channel] == step)


def _combined(
    store: Store, readings: Readings, channels: tuple[Channel, ...], known_s: int
) -> tuple[Intervals, Displays] | None:
    """Intervals and displays of the store with the readings put over them, if there are both."""
    step = store.point(channels[0].point).step_s
    ours = registers.of_channels(readings.displays, channels)
    rows = [row for row, each in enumerate(readings.intervals.channels) if each in set(channels)]
    told = of_rows(readings.intervals, rows)
    window = window_of(told.slots if rows else None, ours, step)
    if window is None:
        return None
    shown = joined(channels, [displays_around(store, channels, window, known_s), ours])
    some = np.unique(shown.channel).tolist()
    if not some:
        return None
    chosen = tuple(channels[row] for row in some)
    shown = registers.of_channels(shown, chosen)
    before = store.intervals(chosen, within(shown, window), known_s)
    return _over(before, resampled(told, step)), shown


def window_of(slots: Slots | None, shown: Displays, step: int) -> Slots | None:
    """Whole slots of ``step`` in which some slots and displays lie; None without any."""
    edges = [slots.start, slots.end] if slots is not None and slots.count else []
    edges += [int(shown.at_s.min()), int(shown.at_s.max())] if len(shown.at_s) else []
    if not edges:
        return None
    start, end = min(edges) // step * step, -(-max(edges) // step) * step
    return Slots(start, step, (end - start) // step)


def _over(before: Intervals, told: Intervals) -> Intervals:
    """Put what is told over what is known, an estimate only where nothing sound is."""
    rules = tuple(dict.fromkeys((*before.rules, *told.rules)))
    wh, quality, rule = before.wh.copy(), before.quality.copy(), before.rule.copy()
    place = {channel: row for row, channel in enumerate(before.channels)}
    numbers = np.array([rules.index(each) for each in told.rules], dtype=np.int16)
    here, there = overlap(before.slots, told.slots) if told.slots.count else (slice(0), slice(0))
    for row, channel in enumerate(told.channels):
        if (at := place.get(channel)) is None:
            continue
        mark = told.quality[row, there]
        doubtful = (quality[at, here] == _MISSING) | (quality[at, here] == _SUSPECT)
        new = (mark != _MISSING) & ((mark != _ESTIMATED) | doubtful)
        wh[at, here][new], quality[at, here][new] = told.wh[row, there][new], mark[new]
        rule[at, here][new] = numbers[told.rule[row, there]][new]
    return Intervals(before.channels, before.slots, wh, quality, rule, rules)


def _marked(readings: Readings, before: Intervals, fresh: Bools) -> Readings:
    """Mark what was measured in slots that are suspect now."""
    read = readings.intervals
    rules = tuple(dict.fromkeys((*read.rules, RULE)))
    quality, rule = read.quality.copy(), read.rule.copy()
    place = {channel: row for row, channel in enumerate(read.channels)}
    column = (read.slots.starts() - before.slots.start) // before.slots.step
    for at, channel in enumerate(before.channels):
        row = place.get(channel)
        if row is not None and fresh[at].any():
            there = fresh[at][column] & (quality[row] == _MEASURED)
            quality[row][there], rule[row][there] = _SUSPECT, rules.index(RULE)
    marked = Intervals(read.channels, read.slots, read.wh, quality, rule, rules)
    return msgspec.structs.replace(readings, intervals=marked)


def _is_new(found: Finding, shown: Displays) -> bool:
    """Tell what is found of readings from what was before: it marks slots, or is at a display."""
    if found.slots:
        return True
    rows = [row for row, each in enumerate(shown.channels) if each == found.channel]
    instants = shown.at_s[np.isin(shown.channel, rows)]
    return bool(np.isin(instants, (found.from_s, found.to_s)).any())
