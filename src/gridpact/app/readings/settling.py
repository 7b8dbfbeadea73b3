"""What displays say of intervals does not depend on which of them arrived first.

Marks of intervals that contradict displays follow from what was known at an instant, so whatever
arrives late is weighed at every later instant at which something became known: marks are set, and
those taken back that no longer hold. They are imports of their own, known a second after what
they follow from, or as soon as an instant is free.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import numpy as np

from gridpact.app.readings.reconciling import (
    RULE,
    by_step,
    displays_around,
    marks_of,
    of_displays,
    put_marks,
    window_of,
    within,
)
from gridpact.base.slots import Slots
from gridpact.base.units import Bools
from gridpact.metering.readings import Channel, Intervals, Quality, Readings
from gridpact.metering.registers import of_channels
from gridpact.metering.store.store import Store
from gridpact.metering.validation.findings import Finding
from gridpact.metering.validation.rules import DisplaySum, Rulebook
from gridpact.metering.validation.validate import validate

_MISSING, _MEASURED = np.int8(Quality.MISSING), np.int8(Quality.MEASURED)


def settle(store: Store, readings: Readings, rules: Rulebook, known_s: int) -> list[Finding]:
    """Mark what readings that were stored contradict, or are contradicted by, from then on.

    ``known_s`` is when they became known [s since the epoch]. Returns what was found that later
    displays say of slots; what those known before say is found when readings are stored.
    """
    by_displays, found = of_displays(rules), set[Finding]()
    if not any(isinstance(rule, DisplaySum) for _, part in rules.parts() for rule in part):
        return []
    for channels in by_step(store, readings):
        step = store.point(channels[0].point).step_s
        shown = of_channels(readings.displays, channels)
        told = set(readings.intervals.channels) & set(channels)
        window = window_of(readings.intervals.slots if told else None, shown, step)
        if window is None:
            continue
        for instant in _instants(store, channels, known_s):
            marks, why = _due(store, channels, window, by_displays, instant)
            if np.any(marks.quality):
                put_marks(store, readings.source, marks, instant)
                found.update(why if instant > known_s else ())
    return sorted(found)


def _is_marks(source: str) -> bool:
    return source.endswith(f": {RULE}")


def _instants(store: Store, channels: tuple[Channel, ...], known_s: int) -> Iterator[int]:
    """Instants from one on at which something became known, with the marks that followed from it.

    Nothing where no display is known of the community.
    """
    communities = {store.point(channel.point).community for channel in channels}
    parts = [part for part in store.log.parts if part.community in communities]
    if all(part.table != "displays" for part in parts):
        return
    spans = {(part.known_from, part.known_to) for part in parts if part.known_to >= known_s}
    imports = store.log.imports
    marks = {one.known_s for one in imports if _is_marks(one.source)}
    for instant in sorted({one.known_s for one in imports if not _is_marks(one.source)}):
        if instant >= known_s and any(first <= instant <= last for first, last in spans):
            end = instant
            while end + 1 in marks:
                end += 1
            yield end


def _due(
    store: Store, channels: tuple[Channel, ...], window: Slots, rules: Rulebook, instant: int
) -> tuple[Intervals, list[Finding]]:
    """Return what slots should be marked as at an instant and are not, and why."""
    shown = displays_around(store, channels, window, instant)
    slots = within(shown, window)
    marks = {one.number for one in store.log.imports if _is_marks(one.source)}
    now = store.metered(channels, slots, instant)
    checked = validate(_unmarked(store.metered(channels, slots, instant, marks)), shown, rules)
    after = checked.intervals
    differs = _is_marked(now) ^ _is_marked(after)
    differs |= _is_marked(now) & (now.wh != after.wh)
    differs &= after.quality != _MISSING
    here = [each for each in checked.found if each.rule == RULE and each.slots]
    why = [each for each in here if _any_of(each, after, differs & _is_marked(after))]
    return marks_of(after, np.asarray(differs)), why


def _is_marked(read: Intervals) -> Bools:
    if RULE not in read.rules:
        return np.zeros(read.wh.shape, dtype=np.bool_)
    return np.asarray(read.rule == read.rules.index(RULE))


def _unmarked(read: Intervals) -> Intervals:
    """Take what displays made suspect for measured, as it was told."""
    marked = _is_marked(read)
    quality = np.where(marked, _MEASURED, read.quality)
    rule = np.where(marked, np.int16(0), read.rule)
    return msgspec.structs.replace(read, quality=quality, rule=rule)


def _any_of(found: Finding, read: Intervals, which: Bools) -> bool:
    """Tell whether some slots of what was found are among those chosen [channels, slots]."""
    start = read.slots.starts()
    inside = (start >= found.from_s) & (start < found.to_s)
    return bool(which[read.channels.index(found.channel)][inside].any())
