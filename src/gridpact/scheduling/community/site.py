"""A session as a site of needs, so that what cannot all be had can be explained.

Homes are zones below the community's own, as in :mod:`gridpact.scheduling.community.model`. What
somebody asks for is a need; the fleet holds what is so whatever anyone asks: powers, capacities,
trips, load, and bounds that are no wish.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from msgspec.structs import replace

from gridpact.base.units import Floats
from gridpact.registry.model import Community
from gridpact.scheduling.case import prepare
from gridpact.scheduling.community.model import CommunityFleet, community_fleet
from gridpact.scheduling.community.wanted import Wanted, wanted
from gridpact.scheduling.conflicts import state_tolerance
from gridpact.scheduling.messages import NeedsStated
from gridpact.scheduling.needs.binding.model import Site
from gridpact.scheduling.needs.model import Direction, Need, PowerCap
from gridpact.scheduling.prepare import wanted_runs
from gridpact.scheduling.problem import Problem, RunColumns
from gridpact.scheduling.standing.day_site import (
    Past,
    directory_of_homes,
    home_groups,
    with_past,
    zone_rows,
)
from gridpact.scheduling.standing.places import Places


class SessionSite(NamedTuple):
    """A site, and all that is asked there."""

    site: Site
    needs: tuple[Need, ...]


def site_of(
    places: Places,
    problem: Problem,
    stated: NeedsStated,
    standing: Sequence[Need] = (),
    past: Past | None = None,
) -> SessionSite:
    """Return the site of a session, and its needs: stated, standing, and the limits of zones.

    ``problem`` and ``stated`` are of the session before the ``standing`` needs were bound to them.
    Plants may give less where anything limits feed-in. ``past`` is what counts of windows that have
    begun; without it, nothing does.
    """
    asked = wanted(places, stated, standing)
    plants = problem.pv_wh.any(axis=1) & _limits_feed_in(asked.needs)
    case = prepare(_unlimited(problem, stated, asked))
    rows = community_fleet(case, np.asarray(plants))
    community = places.community
    site = Site(
        fleet=rows.fleet,
        prices=rows.prices,
        start=problem.slots.start,
        timezone=community.timezone,
        directory=directory_of_homes(places),
        places=_places(community, rows),
        zones=zone_rows(community),
        warmth=places.warmth,
        groups=home_groups(places),
        rounding_wh=float(state_tolerance(problem.storage).max(initial=0)),
        traded_wh=_traded(problem),
    )
    return SessionSite(with_past(site, places, asked.needs, past or Past()), asked.needs)


def _traded(problem: Problem) -> Floats:
    """What homes have bought already, and the zones of the community nothing [zones, slots] Wh."""
    zones = np.zeros((len(problem.zones.parent), problem.slots.count))
    return np.concatenate([zones, problem.position_wh])


def _limits_feed_in(needs: Sequence[Need]) -> bool:
    return any(isinstance(one, PowerCap) and one.direction is Direction.GIVE for one in needs)


def _unlimited(problem: Problem, stated: NeedsStated, asked: Wanted) -> Problem:
    """The problem with no more than what holds in any case; runs are needs of their own."""
    none = np.full(problem.zones.import_limit_wh.shape, -1, np.int64)
    kept = np.isin(wanted_runs(stated), asked.runs)
    runs = {name: getattr(problem.runs, name)[kept] for name in RunColumns.__struct_fields__}
    return replace(
        problem,
        storage=replace(problem.storage, lo_wh=asked.floor_wh),
        runs=RunColumns(**runs),
        zones=replace(problem.zones, import_limit_wh=none, export_limit_wh=none),
    )


def _places(community: Community, rows: CommunityFleet) -> dict[str, tuple[str, int]]:
    """Table and row of every asset that has one of its own."""
    found = {
        community.storage.ids[row]: ("storage", place)
        for place, row in enumerate(rows.storage.tolist())
    }
    homes, plants = rows.solar.tolist(), community.pv.member.tolist()
    for name, home in zip(community.pv.ids, plants, strict=True):
        if home in homes and plants.count(home) == 1:
            found[name] = ("curtailable", homes.index(home))
    return found
