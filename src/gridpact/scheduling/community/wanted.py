"""What a session is asked for: limits of zones, departures of cars, runs, and needs that stand.

Owners tell a session bounds, and zones have their limits, without a sentence. To say why not all of
it can be had, each becomes the need that somebody would have stated: ``limit/<zone>`` for what a
zone may take, ``limit/<zone>/feed-in`` for what it may give, ``owner/<asset>`` for a car that is to
hold so much when it leaves and for the daily run of an appliance.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from gridpact.base.units import Ints
from gridpact.registry.model import Community
from gridpact.scheduling.community.daily_runs import OWNER, daily_runs
from gridpact.scheduling.messages import NeedsStated
from gridpact.scheduling.needs.clock import local_date, moment_at, read_clock
from gridpact.scheduling.needs.model import (
    Assets,
    Direction,
    Group,
    Need,
    PowerCap,
    Run,
    RunRest,
    Starts,
    StateOfCharge,
)
from gridpact.scheduling.needs.times import DAY_S, Moment, Window
from gridpact.scheduling.priorities.levels import Level
from gridpact.scheduling.standing.day_site import of_zones
from gridpact.scheduling.standing.places import Places

PERCENT = 10_000
"""One percent in ppm."""
ALWAYS = Window(0, DAY_S)
_OF_RUNS = (Run, RunRest, Starts)


class Wanted(NamedTuple):
    """Needs, and what of the bounds stated is no wish of anybody, or has no sentence.

    ``floor_wh`` [assets, slots] is the least that storage holds in any case. ``runs`` are rows of
    appliances that run in any case.
    """

    needs: tuple[Need, ...]
    floor_wh: Ints
    runs: tuple[int, ...]


def wanted(places: Places, stated: NeedsStated, standing: Sequence[Need]) -> Wanted:
    """Return all that is asked in a session.

    ``stated`` is what owners told it, before the needs that stand were bound to it. How often an
    appliance starts, and how long it rests, is kept by its one run a day, or the need was refused.
    What has a worth is left out: it is missed for money, and clashes with nothing.
    """
    standing = [one for one in standing if one.hard]
    cars, floor_wh = _departures(places.community, stated)
    runs, unsaid = daily_runs(places, stated, standing)
    others = [of_zones(places, one) for one in standing if not isinstance(one, _OF_RUNS)]
    return Wanted((*_limits(places.community), *cars, *runs, *others), floor_wh, unsaid)


def _limits(community: Community) -> Iterator[PowerCap]:
    """Limits of the scenario, as the network company would state them."""
    zones = community.zones
    for limits, way, ending in (
        (zones.import_limit_w, Direction.TAKE, ""),
        (zones.export_limit_w, Direction.GIVE, "/feed-in"),
    ):
        for row in np.flatnonzero(limits >= 0).tolist():
            yield PowerCap(
                id=f"limit/{zones.ids[row]}{ending}",
                owner=community.parties.dso,
                subject=Group("zone", (zones.ids[row],)),
                level=Level.GRID,
                window=ALWAYS,
                most_w=int(limits[row]),
                direction=way,
            )


def _departures(community: Community, stated: NeedsStated) -> tuple[list[Need], Ints]:
    """Needs of cars to hold so much when they leave, and the floor of all storage."""
    found, floor_wh = list[Need](), stated.lo_wh.copy()
    for row, kind in enumerate(community.storage.kind):
        if kind == "car":
            own, floor_wh[row] = _of_car(community, stated, row)
            found += own
    return found, floor_wh


def _of_car(community: Community, stated: NeedsStated, row: int) -> tuple[list[Need], Ints]:
    """Needs of one car, and its floor [slots]: what it always holds, and bounds without a name."""
    low, window, zone = stated.lo_wh[row], stated.window, community.timezone
    found, floor_wh = list[Need](), np.full(len(low), low.min(initial=2**62))
    for slot in np.flatnonzero(low > floor_wh).tolist():
        if _holds_still(community, stated, row, slot):
            continue
        at = window.start + (slot + 1) * window.step
        moment = moment_at(at, zone)
        if read_clock(local_date(at, zone), moment.time_s, zone).first == at:
            found.append(_held(community, row, moment, int(low[slot]), len(found)))
        else:  # the clock shows this time twice, and a sentence means the first
            floor_wh[slot] = low[slot]
    return found, floor_wh


def _holds_still(community: Community, stated: NeedsStated, row: int, slot: int) -> bool:
    """Whether a bound says no more than that of the slot before, from which nothing is taken."""
    if slot == 0 or stated.lo_wh[row, slot] > stated.lo_wh[row, slot - 1]:
        return False
    taken = stated.draw_wh[row, slot] + stated.discharge_max_wh[row, slot]
    return bool(taken <= 0 and community.storage.kept_per_hour[row] == 1.0)


def _held(community: Community, row: int, at: Moment, energy_wh: int, before: int) -> StateOfCharge:
    """A need of a car; as a share of its capacity where that is in whole percent."""
    storage = community.storage
    name = OWNER + storage.ids[row] + (f"/{before + 1}" if before else "")
    percent, rest = divmod(100 * energy_wh, max(int(storage.capacity_wh[row]), 1))
    return StateOfCharge(
        id=name,
        owner=community.members.ids[int(storage.member[row])],
        subject=Assets((storage.ids[row],)),
        at=at,
        least_ppm=None if rest else percent * PERCENT,
        least_wh=energy_wh if rest else None,
    )
