"""What people look up in a store: values with their origin, gaps, marks, and a slot's history."""

from __future__ import annotations

import msgspec
import numpy as np

from gridpact.app.readings.rules_file import RULES
from gridpact.app.readings.windows import View, channels_with_values
from gridpact.base.units import Bools
from gridpact.metering.readings import Channel, Intervals, Quality
from gridpact.metering.store.changes import of_rows
from gridpact.metering.store.store import Store
from gridpact.metering.validation.rules import Rulebook
from gridpact.metering.validation.validate import validate


class Gap(msgspec.Struct, frozen=True):
    """Slots of a channel without a value, from ``from_s`` until ``to_s`` [s since the epoch]."""

    channel: Channel
    from_s: int
    to_s: int
    slots: int


class MarkCount(msgspec.Struct, frozen=True):
    """How many slots of a channel have a mark by a rule, and the energy in them [Wh]."""

    channel: Channel
    quality: Quality
    rule: str
    slots: int
    wh: int


def values(store: Store, view: View) -> Intervals:
    """Return the values of a view, without channels that have none."""
    found = store.intervals(view.channels, view.slots, view.as_of)
    known = (found.quality != Quality.MISSING).any(axis=1).tolist()
    return of_rows(found, channels_with_values(view.channels, known))


def gaps(store: Store, view: View, *, whole: bool) -> list[Gap]:
    """Return stretches without values, by channel and time.

    With ``whole`` of all the view; else of each channel from its first value to its last.
    """
    found = values(store, view)
    told: list[Gap] = []
    for row, channel in enumerate(found.channels):
        missing = np.asarray(found.quality[row] == int(Quality.MISSING))
        if not whole:
            missing = inside(missing)
        edges = np.flatnonzero(np.diff(missing.astype(np.int8), prepend=0, append=0))
        starts = view.slots.start + view.slots.step * edges
        for begin, end in zip(starts[::2].tolist(), starts[1::2].tolist(), strict=True):
            told.append(Gap(channel, begin, end, (end - begin) // view.slots.step))
    return told


def inside(missing: Bools) -> Bools:
    """Leave out what is missing before the first value and after the last."""
    known = np.flatnonzero(~missing)
    inside = missing.copy()
    if len(known):
        inside[: known[0]] = False
        inside[known[-1] :] = False
    return inside


def marks(
    store: Store, view: View, *, whole: bool, rules: Rulebook | None = None
) -> list[MarkCount]:
    """Count the slots of each channel by their mark and the rule that set it.

    Slots without a value count as :func:`gaps` tells them. With ``rules``, marks are those that
    these rules would set; nothing in the store changes.
    """
    found = values(store, view)
    if rules is not None:
        found = _validated_again(store, view, found, rules)
    width = len(found.rules)
    told: list[MarkCount] = []
    for row, channel in enumerate(found.channels):
        missing = np.asarray(found.quality[row] == int(Quality.MISSING))
        counted = ~missing | (missing if whole else inside(missing))
        kind = (found.quality[row].astype(np.int64) * width + found.rule[row])[counted]
        slots = np.bincount(kind, minlength=len(Quality) * width)
        for each in np.flatnonzero(slots).tolist():
            quality, rule = Quality(each // width), found.rules[each % width]
            energy = int(found.wh[row][counted][kind == each].sum())
            told.append(MarkCount(channel, quality, rule, int(slots[each]), energy))
    return told


def _validated_again(store: Store, view: View, found: Intervals, rules: Rulebook) -> Intervals:
    """Return values with the marks of other rules in place of those that validation set before."""
    ours = [name.rpartition(".")[0] in RULES for name in found.rules]
    by_rule = np.array(ours, dtype=np.bool_)[found.rule]
    suspect = by_rule & (found.quality == int(Quality.SUSPECT))
    quality = np.where(suspect, np.int8(Quality.MEASURED), found.quality)
    rule = np.where(by_rule, np.int16(0), found.rule)
    plain = msgspec.structs.replace(found, quality=quality, rule=rule)
    shown = store.displays(found.channels, view.slots, view.as_of)
    return validate(plain, shown, rules).intervals
