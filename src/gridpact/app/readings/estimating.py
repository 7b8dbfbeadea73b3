"""What is missing or suspect in a store, estimated by named methods, as an import of its own."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import msgspec
import numpy as np

from gridpact.app.readings.looking import inside
from gridpact.app.readings.windows import View
from gridpact.base.slots import Slots
from gridpact.metering.estimation.estimate import estimate
from gridpact.metering.estimation.methods import DisplayProfile, Linear, Method, SimilarDay
from gridpact.metering.readings import Channel, Intervals, Quality, Readings, no_displays
from gridpact.metering.store.store import Store

SOURCE = "estimate"


class Estimated(msgspec.Struct, frozen=True):
    """Slots of channels that were estimated; ``number`` is the commit, 0 where none was made."""

    intervals: Intervals
    number: int


def methods_of(names: Sequence[str], timezone: str) -> tuple[Method, ...]:
    """Return methods by their names, in that order, for local days of a time zone."""
    known: dict[str, Method] = {
        "display-profile.v1": DisplayProfile(timezone=timezone),
        "linear.v1": Linear(),
        "similar-day.v1": SimilarDay(timezone=timezone),
    }
    return tuple(known[name] for name in names)


def estimate_view(
    store: Store, view: View, methods: Sequence[Method], known_s: int, *, commit: bool, whole: bool
) -> list[Estimated]:
    """Estimate what is missing or suspect in a view, for each length of slots.

    Between the first and the last value of each channel; with ``whole``, in all of the view. What
    meters said stays in the store; an estimate counts until something sound is known.
    """
    steps = {channel: store.point(channel.point).step_s for channel in view.channels}
    done = []
    for step in sorted(set(steps.values())):
        channels = tuple(channel for channel in view.channels if steps[channel] == step)
        found = _estimated(store, view, channels, methods, whole=whole)
        if np.any(found.quality):
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
) -> Intervals:
    """Return nothing but what was estimated; all other slots are missing."""
    step = store.point(channels[0].point).step_s
    start, end = view.slots.start // step * step, -(-view.slots.end // step) * step
    slots = Slots(start, step, (end - start) // step)
    before = store.intervals(channels, slots, view.as_of)
    after = estimate(before, store.displays(channels, slots, view.as_of), methods)
    fresh = (after.quality == int(Quality.ESTIMATED)) & (before.quality != int(Quality.ESTIMATED))
    for row in range(len(channels)):
        missing = np.asarray(before.quality[row] == int(Quality.MISSING))
        if not whole or missing.all():
            fresh[row] &= ~missing | inside(missing)
    quality = np.where(fresh, after.quality, np.int8(Quality.MISSING))
    wh, rule = np.where(fresh, after.wh, 0), np.where(fresh, after.rule, np.int16(0))
    return Intervals(channels, slots, wh, quality, rule, after.rules)


def _stored(store: Store, found: Intervals, known_s: int) -> int:
    digest = hashlib.sha256(msgspec.json.encode((found.channels, found.rules, known_s)))
    for column in (found.wh, found.quality, found.rule):
        digest.update(column.tobytes())
    readings = Readings(SOURCE, digest.hexdigest(), found, no_displays(found.channels))
    return store.commit(readings, known_s).number
