"""What cannot be put on a timeline with make-up slots; everything is named together."""

from __future__ import annotations

import numpy as np

from gridpact.base.units import Bools
from gridpact.scheduling.fleet.columns import Fleet, Storage, per_asset, per_slot
from gridpact.scheduling.fleet.findings import Findings
from gridpact.scheduling.priorities.elastic_storage import units
from gridpact.scheduling.priorities.needs import NOTHING, Asked
from gridpact.scheduling.priorities.timeline import Timeline

SMALLEST_UNIT = 1e-4
"""Below this, energy in store could not be told from rounding."""


def refuse_unmade(fleet: Fleet, asked: Asked, line: Timeline) -> None:
    """Raise BadInput where make-up slots would change more than what they are there for."""
    found = Findings()
    if fleet.storage is not None:
        _storage(found, fleet.storage, asked, line)
    if line.within:
        for name in ("runs", "generators"):
            if getattr(fleet, name) is not None:
                found.add(
                    name,
                    "would be interrupted by bounds asked of storage before the last slot",
                    "ask for such bounds in a fleet of its own, or after the last slot",
                )
    _blocks(found, fleet, line)
    found.refuse()


def _storage(found: Findings, table: Storage, asked: Asked, line: Timeline) -> None:
    count = len(table.zone)
    feeds = np.array(per_slot(table.discharge_w, count, line.slots) > 0)
    bounds = asked.any
    found.rows(
        _after_first(bounds) & feeds,
        "storage[{}].discharge_w",
        "feeds back after a bound is asked of it, so that what is missing could be fed back",
        "make the bound physical (lo_wh), or ask for it after the last slot it feeds back in",
    )
    both = (asked.need > NOTHING) & (asked.wish > NOTHING)
    mixed = (asked.need > NOTHING).any(axis=1) & (asked.wish > NOTHING).any(axis=1)
    found.rows(
        mixed & ((bounds.sum(axis=1) > 1) | ~both.any(axis=1)),
        "storage[{}]",
        "has bounds at two levels at several slots",
        "ask for them at one level, or for one slot alone",
    )
    found.rows(
        np.where(bounds, asked.most, NOTHING) > per_slot(table.hi_wh, count, line.slots),
        "storage[{}]",
        "is asked for more than it holds",
        "ask for no more than hi_wh",
    )
    _leaks(found, table, line, feeds)
    found.rows(
        np.isfinite(per_asset(table.ramp_w, count)),
        "storage[{}].ramp_w",
        "a ramp cannot be kept over make-up slots",
        "leave the ramp out",
    )


def _leaks(found: Findings, table: Storage, line: Timeline, feeds: Bools) -> None:
    count = len(table.zone)
    leaks = per_asset(table.kept, count) < 1
    if line.within:
        found.rows(
            leaks & feeds.any(axis=1),
            "storage[{}].kept",
            "leaks and feeds back beside bounds asked before the last slot",
            "give kept = 1, or no power to feed back",
        )
    found.rows(
        np.broadcast_to(units(table, line).min(axis=1) < SMALLEST_UNIT, (count,)),
        "storage[{}].kept",
        "leaks too fast for bounds at so many slots",
        "ask for bounds at fewer slots",
    )


def _after_first(bounds: Bools) -> Bools:
    """Mark slots after the first one at whose end a bound is asked."""
    seen = np.cumsum(bounds, axis=1) > 0
    return np.asarray(np.concatenate([np.zeros((len(seen), 1), np.bool_), seen[:, :-1]], axis=1))


def _blocks(found: Findings, fleet: Fleet, line: Timeline) -> None:
    if fleet.portfolio is None or not line.within:
        return
    within = np.zeros(line.slots + 1, np.int64)
    within[line.points[:-1] + 1] = 1
    count = np.cumsum(within)
    first, end = np.asarray(fleet.portfolio.first), np.asarray(fleet.portfolio.end)
    found.rows(
        count[end - 1] > count[first],
        "portfolio[{}]",
        "spans slots at whose end bounds are asked of storage",
        "give one row per slot, or ask for bounds where no row spans them",
    )
