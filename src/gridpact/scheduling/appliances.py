"""Appliances that already run, or will by the schedule in force, before a new one begins.

An appliance runs once a day and cannot be interrupted: a new schedule must not start it again,
and must count what it still takes.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
import numpy as np

from gridpact.base.slots import Slots
from gridpact.base.units import Ints
from gridpact.registry.model import Community
from gridpact.scheduling.messages import NeedsStated


def begun(schedules: Iterable[tuple[Slots, Ints]], horizon: Slots, runs: int) -> Ints:
    """When each appliance begins before a horizon does [s since the epoch], -1 where not.

    ``schedules`` are windows with ``run_start`` [runs], oldest first; those of one day end
    together, so a later one replaces an earlier from its own beginning on. Those that end before
    the horizon begins are of another day and do not count.
    """
    instants, limit = np.full(runs, -1, np.int64), horizon.start
    for window, run_start in reversed(list(schedules)):
        if window.end <= horizon.start:
            continue
        start = window.start + run_start * window.step
        instants = np.where((run_start >= 0) & (start < limit), start, instants)
        limit = min(limit, window.start)
    return instants


def still_wanted(needs: NeedsStated, begun_at: Ints) -> NeedsStated:
    """Take appliances that have begun out of the needs."""
    done = begun_at >= 0
    return msgspec.structs.replace(
        needs,
        run_earliest=np.where(done, -1, needs.run_earliest),
        run_latest=np.where(done, -1, needs.run_latest),
    )


def running_wh(community: Community, horizon: Slots, begun_at: Ints) -> Ints:
    """Energy that appliances which have begun take in a horizon, by member [members, slots]."""
    runs, step = community.runs, horizon.step
    taken = np.zeros((len(community.members.ids), horizon.count), np.int64)
    ends = begun_at - runs.duration_s // -step * step
    starts, begins = horizon.starts(), begun_at[:, None]
    on = (begins >= 0) & (begins <= starts) & (starts < ends[:, None])
    np.add.at(taken, runs.member, on * (runs.power_w * step // 3600)[:, None])
    return taken
