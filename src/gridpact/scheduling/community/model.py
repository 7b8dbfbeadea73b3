"""A community's problem as a fleet with prices.

Homes become zones below the community's own: zone ``z`` of the problem is zone ``z`` of the fleet,
home ``h`` is zone ``zones + h``. A home's meter settles what differs from its position, so the
position is taken off the home's fixed load, and put back into the load of the zone above it, where
limits count the energy itself.
"""

from __future__ import annotations

import msgspec
import numpy as np

from gridpact.base.units import Bools, Floats, Ints
from gridpact.scheduling.case import Case, homes_in, subtree
from gridpact.scheduling.community.bounds import WEAR
from gridpact.scheduling.community.giving_way import Given
from gridpact.scheduling.community.limits_on_sums import NOWHERE, with_sums
from gridpact.scheduling.community.tightest import bounds_of, starts_of
from gridpact.scheduling.fleet.columns import (
    UNBOUNDED,
    Curtailable,
    Fleet,
    Prices,
    Runs,
    Storage,
    Zones,
)
from gridpact.scheduling.sums import homes_below

ROOM_WH = 1e-3
"""Room given to a state that no bound leaves any: far below the Wh to which plans are rounded."""


class CommunityFleet(msgspec.Struct, frozen=True):
    """A fleet made from a problem, and which of its rows are which.

    ``storage``, ``runs`` and ``solar`` name, for each row of the fleet's tables, the asset, the
    run and the home of the problem.
    """

    fleet: Fleet
    prices: Prices
    storage: Ints
    runs: Ints
    solar: Ints


def community_fleet(case: Case, curtailing: Bools, given: Given | None = None) -> CommunityFleet:
    """Turn a prepared problem into a fleet; plants of homes ``curtailing`` [homes] may give less.

    Left out is what has no choice: storage without power, and runs that cannot end. Other plants
    become fixed load. Bounds and limits are as wide as what is ``given`` asks for.
    """
    storage = np.flatnonzero(case.active)
    runs = np.flatnonzero(case.startable if given is None else case.startable & ~given.runs)
    solar = np.flatnonzero(curtailing)
    fleet = Fleet(
        slots=case.shape[1],
        step_s=case.problem.slots.step,
        zones=_zones(case, solar, given),
        storage=_storage(case, storage, given) if storage.size else None,
        runs=_runs(case, runs, given) if runs.size else None,
        curtailable=_solar(case, solar) if solar.size else None,
    )
    if case.problem.sums:
        fleet = with_sums(case, storage, fleet, NOWHERE if given is None else given.sums)
    return CommunityFleet(fleet, _prices(case), storage, runs, solar)


def gains_by_curtailing(case: Case, zone_price: Floats) -> Bools:
    """Mark homes [homes] whose plant does better by giving less at these prices of limits.

    ``zone_price`` [zones, slots] µ¤/kWh is what limits of a zone itself add to prices of energy.
    """
    problem = case.problem
    added = np.zeros(case.shape)
    for zone in np.flatnonzero(zone_price.any(axis=1)).tolist():
        added[homes_in(case, subtree(case, zone))] += zone_price[zone]
    cheapest = np.minimum(problem.import_price, problem.export_price) + added
    return np.asarray(np.any((problem.pv_wh > 0) & (cheapest < 0), axis=1))


def limited_in_export(case: Case) -> Bools:
    """Mark homes [homes] with a plant below a limit on export, or on what zones give in all."""
    problem = case.problem
    limited = np.zeros(case.shape[0], np.bool_)
    for zone in np.flatnonzero((problem.zones.export_limit_wh >= 0).any(axis=1)).tolist():
        limited |= homes_in(case, subtree(case, zone))
    for one in problem.sums:
        if one.zones and one.lower is not None:
            limited |= homes_below(problem.zones, one.zones)
    return np.asarray(limited & problem.pv_wh.any(axis=1))


def _watts(case: Case, energy_wh: Ints | Floats) -> Floats:
    """Power [W] that gives an energy per slot."""
    return np.asarray(energy_wh * (3600 / case.problem.slots.step))


def _home_zone(case: Case, homes: Ints) -> Ints:
    """Rows of homes among the fleet's zones."""
    return np.asarray(len(case.problem.zones.parent) + homes)


def _zones(case: Case, solar: Ints, given: Given | None) -> Zones:
    problem, zones = case.problem, case.problem.zones
    homes, slots = case.shape
    fixed = problem.load_wh - problem.pv_wh - problem.position_wh
    fixed[solar] += problem.pv_wh[solar]
    positions = np.zeros((len(zones.parent), slots), np.int64)
    inside = zones.zone >= 0
    np.add.at(positions, zones.zone[inside], problem.position_wh[inside])
    free = np.full((homes, slots), UNBOUNDED)

    def limit(wh: Ints, more: Floats | None) -> Floats:
        """Limits of zones and homes [zones + homes, slots] W."""
        most = wh.astype(np.float64) if more is None else np.add(wh, more, dtype=np.float64)
        return np.concatenate([np.where(wh >= 0, _watts(case, most), UNBOUNDED), free])

    return Zones(
        parent=np.concatenate([zones.parent, zones.zone]),
        import_limit_w=limit(zones.import_limit_wh, None if given is None else given.import_wh),
        export_limit_w=limit(zones.export_limit_wh, None if given is None else given.export_wh),
        load_wh=np.concatenate([positions, fixed]),
    )


def _prices(case: Case) -> Prices:
    """Prices of meters; zones of the community settle nothing themselves."""
    problem = case.problem
    none = np.zeros((len(problem.zones.parent), case.shape[1]), np.int64)
    return Prices(
        buy=np.concatenate([none, problem.import_price]),
        sell=np.concatenate([none, problem.export_price]),
    )


def _storage(case: Case, rows: Ints, given: Given | None) -> Storage:
    table = case.problem.storage
    bounds = bounds_of(case, rows, given)
    lo, hi = bounds.lo, bounds.hi
    stuck = hi.max(axis=1) <= lo.min(axis=1)
    return Storage(
        zone=_home_zone(case, table.home[rows]),
        initial_wh=table.initial_wh[rows],
        charge_w=_watts(case, bounds.charge),
        discharge_w=_watts(case, bounds.discharge),
        lo_wh=lo,
        hi_wh=hi + ROOM_WH * stuck[:, None],
        efficiency_in=table.efficiency_in[rows],
        efficiency_out=table.efficiency_out[rows],
        kept=table.kept[rows],
        draw_wh=table.draw_wh[rows],
        wear=WEAR,
    )


def _runs(case: Case, rows: Ints, given: Given | None) -> Runs:
    table = case.problem.runs
    length = table.length[rows]
    first, last = starts_of(case, rows, given)
    step = np.arange(length.max())
    power = np.where(step < length[:, None], _watts(case, table.energy_wh[rows])[:, None], 0.0)
    return Runs(
        zone=_home_zone(case, table.home[rows]),
        first=first,
        end=last + length,
        length=length,
        power_w=power,
    )


def _solar(case: Case, homes: Ints) -> Curtailable:
    return Curtailable(zone=_home_zone(case, homes), forecast_wh=case.problem.pv_wh[homes])
