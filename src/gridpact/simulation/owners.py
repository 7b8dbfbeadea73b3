"""What owners tell the scheduler of their needs: no more than it takes to plan."""

from __future__ import annotations

from datetime import date, time, timedelta

import numpy as np

from gridpact.base.slots import Calendar, Slots
from gridpact.base.units import Ints
from gridpact.registry.model import Community
from gridpact.scheduling.messages import NeedsRequested, NeedsStated
from gridpact.simulation.truth import Behaviour


def needs(
    community: Community,
    expected: Behaviour,
    request: NeedsRequested,
    run_day: Ints,
    reserve_wh: Ints,
) -> NeedsStated:
    """State the needs of a window.

    ``run_day`` [runs] is the day number on which each appliance last started; it runs once a day.
    ``reserve_wh`` [assets] is always to be kept.
    """
    storage, window = community.storage, request.window
    power = np.where(expected.there, storage.charge_w[:, None] * window.step // 3600, 0)
    back = np.where(expected.there, storage.discharge_w[:, None] * window.step // 3600, 0)
    capacity = np.broadcast_to(storage.capacity_wh[:, None], power.shape)
    earliest, latest = _run_windows(community, window, run_day)
    return NeedsStated(
        session=request.session,
        window=window,
        charge_max_wh=power,
        discharge_max_wh=back,
        lo_wh=np.minimum(np.maximum(expected.need_wh, reserve_wh[:, None]), capacity),
        hi_wh=np.array(capacity),
        draw_wh=expected.draw_wh,
        run_earliest=earliest,
        run_latest=latest,
    )


def _run_windows(community: Community, window: Slots, run_day: Ints) -> tuple[Ints, Ints]:
    """First and last start position of each appliance on the window's first day, -1 for none."""
    calendar, runs = community.calendar, community.runs
    day = calendar.date_of(window.start)
    length = -(-runs.duration_s // window.step)
    first = -(-(_clock(calendar, day, runs.earliest_s) - window.start) // window.step)
    last = (_clock(calendar, day, runs.latest_s) - window.start) // window.step - length
    earliest = np.maximum(first, 0)
    wanted = (last >= earliest) & (last + length <= window.count) & (run_day != day.toordinal())
    return np.where(wanted, earliest, -1), np.where(wanted, last, -1)


def _clock(calendar: Calendar, day: date, seconds: Ints) -> Ints:
    """Instants [s since the epoch] of wall-clock times of a local day, 86400 being its end."""
    times, place = np.unique(seconds, return_inverse=True)
    instants = [
        calendar.midnight(day + timedelta(days=1))
        if second >= 86400
        else calendar.at(day, time(second // 3600, second % 3600 // 60, second % 60))
        for second in times.tolist()
    ]
    return np.array(instants, dtype=np.int64)[place]
