"""Stores in folders and in memory, and readings that a few lines describe."""

from __future__ import annotations

import itertools
from types import SimpleNamespace

import numpy as np
import pytest

from gridpact.base.slots import Slots
from gridpact.metering.readings import (
    Channel,
    Displays,
    Intervals,
    Quality,
    Readings,
    no_displays,
)
from gridpact.metering.store.points import MeteringPoint
from gridpact.metering.store.store import Store

DAY = 1_772_323_200
"""2026-03-01T00:00Z."""
POINTS = (MeteringPoint(id="bakery"), MeteringPoint(id="school", community="north", step_s=1800))
WINDOW = Slots(DAY, 1800, 96)
BAKERY, SCHOOL = Channel("bakery"), Channel("school")
_NAMES = itertools.count()


def readings(source, cells, displays=(), slots=None, step=1800):
    """Readings of ``{(channel, slot): (wh, quality, rule)}`` and ``(channel, second, wh, meter)``.

    Slots count from ``DAY``; a value may stand for ``(value, MEASURED, "")``. The digest is made of
    the source's name alone.
    """
    slots = slots or Slots(DAY, step, 96)
    whole = {
        key: value if isinstance(value, tuple) else (value, 1, "") for key, value in cells.items()
    }
    channels = tuple(sorted({channel for channel, _ in whole}))
    rules = tuple(dict.fromkeys(("", *(rule for _, _, rule in whole.values()))))
    shape = (len(channels), slots.count)
    columns = (np.zeros(shape, np.int64), np.zeros(shape, np.int8), np.zeros(shape, np.int16))
    for (channel, slot), (wh, quality, rule) in whole.items():
        place = (channels.index(channel), slot)
        for column, value in zip(columns, (wh, quality, rules.index(rule)), strict=True):
            column[place] = value
    intervals = Intervals(channels, slots, *columns, rules)
    return Readings(source, f"digest of {source}", intervals, shown(displays))


def shown(displays):
    if not displays:
        return no_displays(())
    channels = tuple(sorted({channel for channel, *_ in displays}))
    rows = sorted(
        (channels.index(channel), DAY + at, wh, meter) for channel, at, wh, meter in displays
    )
    *numbers, meters = zip(*rows, strict=True)
    return Displays(channels, *(np.array(each, dtype=np.int64) for each in numbers), meters)


def state(store, as_of=None):
    """Values in force as ``{(channel, slot): (wh, quality, rule)}``."""
    found = store.intervals((BAKERY, SCHOOL), WINDOW, as_of)
    there = np.argwhere(found.quality != Quality.MISSING).tolist()
    return {
        (found.channels[row], slot): (
            int(found.wh[row, slot]),
            int(found.quality[row, slot]),
            found.rules[found.rule[row, slot]],
        )
        for row, slot in there
    }


def fresh(url=None):
    """An empty store, in memory unless a folder is given."""
    points = (MeteringPoint(id="bakery", step_s=1800), POINTS[1])
    return Store.create(url or f"memory://stores/{next(_NAMES)}", points)


@pytest.fixture(scope="session")
def stores():
    """What tests of stores share."""
    return SimpleNamespace(
        DAY=DAY,
        WINDOW=WINDOW,
        POINTS=POINTS,
        BAKERY=BAKERY,
        SCHOOL=SCHOOL,
        readings=readings,
        state=state,
        fresh=fresh,
    )


@pytest.fixture(params=["folder", "memory"])
def empty(request, tmp_path):
    """An empty store in a folder, and one in memory as an object store."""
    return fresh(str(tmp_path / "store") if request.param == "folder" else None)
