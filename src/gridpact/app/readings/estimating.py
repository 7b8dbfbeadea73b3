"""What is missing or suspect in a store, estimated by named methods, as an import of its own."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import msgspec
import numpy as np

from gridpact.app.readings.importing import rules_of
from gridpact.app.readings.reconciling import (
    displays_around,
    marks_of,
    newly_suspect,
    of_displays,
    put_marks,
    reopened,
    within,
)
from gridpact.app.readings.windows import View
from gridpact.base.slots import Slots, overlap
from gridpact.base.units import Bools
from gridpact.metering.estimation.estimate import estimate
from gridpact.metering.estimation.methods import DisplayProfile, Linear, Method, SimilarDay
from gridpact.metering.readings import (
    Channel,
    Displays,
    Intervals,
    Quality,
    Readings,
    no_displays,
)
from gridpact.metering.store.store import Store
from gridpact.metering.validation.validate import validate

SOURCE = "estimate"


class Estimated(msgspec.Struct, frozen=True):
    """Slots of channels that were estimated; ``number`` is the commit, 0 where none was made."""

    intervals: Intervals
    number: int


def methods_of(names: Sequence[str], timezone: str, store: Store) -> tuple[Method, ...]:
    """Return methods by their names, in that order, for a time zone's days and a store's points."""
    sizes = {point.id: point.rolls_over_wh for point in store.points if point.rolls_over_wh}
    known: dict[str, Method] = {
        "display-profile.v1": DisplayProfile(timezone=timezone, points=sizes),
        "linear.v1": Linear(),
        "similar-day.v1": SimilarDay(timezone=timezone),
    }
    return tuple(known[name] for name in names)


def estimate_view(
    store: Store, view: View, methods: Sequence[Method], known_s: int, *, commit: bool, whole: bool
) -> list[Estimated]:
    """Estimate what is missing or suspect in a view, for each length of slots.

    Between the first and the last value or display of each channel; with ``whole``, in all of the
    view. What meters said stays in the store; an estimate counts until something sound is known.
    Displays are held against intervals first: what contradicts them is marked as suspect and
    estimated, and estimates that do not add up to them are made anew.
    """
    steps = {channel: store.point(channel.point).step_s for channel in view.channels}
    done = []
    for step in sorted(set(steps.values())):
        channels = tuple(channel for channel in view.channels if steps[channel] == step)
        found, marks = _estimated(store, view, channels, methods, whole=whole)
        if np.any(found.quality):
            if commit and np.any(marks.quality):
                put_marks(store, SOURCE, marks, known_s)
            number = _stored(store, found, known_s) if commit else 0
            done.append(Estimated(found, number))
    return done


def _estimated(
    store: Store,
    view: View,
    channels: tuple[Channel, ...],
    methods: Sequence[Method],
    *,
    whole: bool,
) -> tuple[Intervals, Intervals]:
    """Return nothing but what was estimated, and what was found suspect on the way."""
    step = store.point(channels[0].point).step_s
    start, end = view.slots.start // step * step, -(-view.slots.end // step) * step
    slots = Slots(start, step, (end - start) // step)
    shown = displays_around(store, channels, slots, view.as_of)
    rules = of_displays(rules_of(store))
    before = store.intervals(channels, within(shown, slots), view.as_of)
    checked = validate(reopened(before, shown, rules), shown, rules).intervals
    after = estimate(checked, shown, methods)
    fresh = _differs(before, after) & _wanted(before, shown, slots, whole=whole)
    quality = np.where(fresh, after.quality, np.int8(Quality.MISSING))
    wh, rule = np.where(fresh, after.wh, 0), np.where(fresh, after.rule, np.int16(0))
    found = Intervals(channels, before.slots, wh, quality, rule, after.rules)
    return found, marks_of(checked, newly_suspect(before, checked) & fresh)


def _differs(before: Intervals, after: Intervals) -> Bools:
    """Tell which slots were estimated, and not so before [channels, slots]."""
    names, again = np.array(before.rules), np.array(after.rules)
    same = (before.wh == after.wh) & (names[before.rule] == again[after.rule])
    estimated = after.quality == int(Quality.ESTIMATED)
    return np.asarray(estimated & ~(same & (before.quality == int(Quality.ESTIMATED))))


def _wanted(before: Intervals, shown: Displays, view: Slots, *, whole: bool) -> Bools:
    """Tell which slots are of the view, and where not ``whole``, between values or displays."""
    wanted = np.zeros(before.wh.shape, dtype=np.bool_)
    here, _ = overlap(before.slots, view)
    wanted[:, here] = True
    if whole:
        return wanted
    step, start = before.slots.step, before.slots.start
    for row in range(len(before.channels)):
        known = np.flatnonzero(before.quality[row] != int(Quality.MISSING))
        at = shown.at_s[shown.channel == row] - start
        edges = np.concatenate((known, known + 1, at // step, -(-at // step)))
        if len(edges):
            wanted[row, : edges.min()] = False
            wanted[row, edges.max() :] = False
    return wanted


def _stored(store: Store, found: Intervals, known_s: int) -> int:
    digest = hashlib.sha256(msgspec.json.encode((found.channels, found.rules, known_s)))
    for column in (found.wh, found.quality, found.rule):
        digest.update(column.tobytes())
    readings = Readings(SOURCE, digest.hexdigest(), found, no_displays(found.channels))
    return store.commit(readings, known_s).number
