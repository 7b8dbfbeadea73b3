"""From what scheduling knows to a problem: needs, forecast, prices, positions, limits."""

from __future__ import annotations

import msgspec
import numpy as np

from gridpact.base.slots import Slots, overlap
from gridpact.base.units import Ints
from gridpact.forecasting.messages import ForecastIssued
from gridpact.registry.model import Community, Zones
from gridpact.registry.tariffs import outside_prices
from gridpact.scheduling.messages import NeedsStated
from gridpact.scheduling.problem import Plan, Problem, RunColumns, StorageColumns, ZoneColumns


class Inputs(msgspec.Struct, frozen=True):
    """What a session has gathered; ``initial_wh`` [assets] is expected at the horizon's start."""

    needs: NeedsStated
    forecast: ForecastIssued
    spot_micro_per_kwh: Ints
    position_wh: Ints
    initial_wh: Ints


def problem(community: Community, horizon: Slots, inputs: Inputs) -> Problem:
    """Put a session's problem together; arrays cover ``horizon``."""
    outside = outside_prices(community.tariffs, inputs.spot_micro_per_kwh)
    shape = (len(community.members.ids), horizon.count)
    pv = np.zeros(shape, np.int64)
    np.add.at(pv, community.pv.member, inputs.forecast.pv_wh)
    return Problem(
        slots=horizon,
        load_wh=inputs.forecast.load_wh,
        pv_wh=pv,
        position_wh=inputs.position_wh,
        import_price=np.broadcast_to(outside.all_in_import, shape),
        export_price=np.broadcast_to(outside.supplier_export, shape),
        storage=storage_columns(community, inputs.needs, inputs.initial_wh),
        runs=_runs(community, horizon, inputs.needs),
        zones=zone_columns(community, horizon),
    )


def storage_columns(community: Community, needs: NeedsStated, initial_wh: Ints) -> StorageColumns:
    """Storage over the window of needs, beginning with ``initial_wh`` [assets]."""
    storage = community.storage
    return StorageColumns(
        home=storage.member,
        initial_wh=initial_wh,
        charge_max_wh=needs.charge_max_wh,
        discharge_max_wh=needs.discharge_max_wh,
        lo_wh=needs.lo_wh,
        hi_wh=needs.hi_wh,
        draw_wh=needs.draw_wh,
        efficiency_in=storage.efficiency_in,
        efficiency_out=storage.efficiency_out,
        kept=storage.kept_per_hour ** (needs.window.step / 3600),
    )


def wanted_runs(needs: NeedsStated) -> Ints:
    """Rows of the appliances that are to run."""
    return np.flatnonzero(needs.run_earliest >= 0)


def _runs(community: Community, horizon: Slots, needs: NeedsStated) -> RunColumns:
    rows, runs = wanted_runs(needs), community.runs
    return RunColumns(
        home=runs.member[rows],
        energy_wh=runs.power_w[rows] * horizon.step // 3600,
        length=-(-runs.duration_s[rows] // horizon.step),
        earliest=needs.run_earliest[rows],
        latest=needs.run_latest[rows],
    )


def zone_columns(community: Community, horizon: Slots) -> ZoneColumns:
    """Limits of zones over a horizon, and which zone each home is in."""
    zones = community.zones
    return ZoneColumns(
        zone=community.members.zone,
        parent=zones.parent,
        import_limit_wh=_limit(zones, zones.import_limit_w, horizon),
        export_limit_wh=_limit(zones, zones.export_limit_w, horizon),
    )


def _limit(zones: Zones, limit_w: Ints, horizon: Slots) -> Ints:
    """Limits [zones, slots] in Wh, rounded down; -1 stays none."""
    energy = np.where(limit_w < 0, -1, limit_w * horizon.step // 3600)
    return np.broadcast_to(energy[:, None], (len(zones.ids), horizon.count))


def over(horizon: Slots, pieces: list[tuple[Slots, Ints]], rows: int) -> Ints:
    """Lay pieces [rows, slots] over a horizon; 0 where no piece reaches."""
    laid = np.zeros((rows, horizon.count), np.int64)
    for slots, values in pieces:
        here, there = overlap(horizon, slots)
        laid[:, here] = values[:, there]
    return laid


def repeated(horizon: Slots, slots: Slots, values: Ints) -> Ints:
    """Prices [slots] over a horizon; beyond the last known day, that of 24 hours before."""
    laid = np.empty(horizon.count, np.int64)
    day = 86400 // horizon.step
    first = (horizon.start - slots.start) // horizon.step
    for place in range(horizon.count):
        source = first + place
        while source >= slots.count:
            source -= day
        laid[place] = values[max(source, 0)]
    return laid


def foreseen(horizon: Slots, pieces: list[tuple[Slots, Ints]], base: tuple[Slots, Ints]) -> Ints:
    """Prices [slots] over a horizon: published ones where there are any, else ``base`` repeated."""
    laid = repeated(horizon, *base)
    for slots, values in pieces:
        here, there = overlap(horizon, slots)
        laid[here] = values[there]
    return laid


def full_plan(plan: Plan, needs: NeedsStated, runs: int) -> Plan:
    """Spread the starts of the wanted appliances over the rows of all [runs]."""
    starts = np.full(runs, -1, np.int64)
    starts[wanted_runs(needs)] = plan.run_start
    return msgspec.structs.replace(plan, run_start=starts)
