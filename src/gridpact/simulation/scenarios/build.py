"""A scenario to the columns that every room reads: the community of the registry."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import msgspec
import numpy as np

from gridpact.base.units import Floats, Ints
from gridpact.registry.model import Community, Heat, Marks, Members, Pv, Runs, Storage, Zones
from gridpact.simulation.scenarios import model
from gridpact.simulation.scenarios.markets import trading_terms
from gridpact.simulation.scenarios.model import Asset, Scenario

Kind = TypeVar("Kind", bound=Asset)
StorageAsset = model.Battery | model.Car | model.HeatPump | model.Tank
_PPM = 1_000_000


def community(scenario: Scenario) -> Community:
    """Build the community's columns. Rows are in ascending order of identifier."""
    return Community(
        name=scenario.name,
        currency=scenario.currency,
        timezone=scenario.timezone,
        step_s=scenario.step_s,
        parties=scenario.parties,
        zones=_zones(scenario),
        members=_members(scenario),
        pv=_pv(scenario),
        storage=_storage(scenario),
        runs=_runs(scenario),
        tariffs=scenario.tariffs,
        market=scenario.market,
        sharing=scenario.sharing,
        settlement=scenario.settlement,
        operation=scenario.operation,
        marks=_marks(scenario),
        commits=scenario.commits,
    )


def ints(values: Sequence[int]) -> Ints:
    """Make an int64 column; an empty one stays int64."""
    return np.array(values, dtype=np.int64)


def owned(scenario: Scenario, *kinds: type[Kind]) -> list[tuple[int, Kind]]:
    """Return the assets of some kinds with the row of their member, by asset identifier."""
    found = [
        (row, asset)
        for row, member in enumerate(scenario.members)
        for asset in member.assets
        if isinstance(asset, kinds)
    ]
    return sorted(found, key=lambda pair: pair[1].id)


def stored(scenario: Scenario) -> list[tuple[int, StorageAsset]]:
    """Return everything that stores with the row of its member, by asset identifier."""
    found = [
        (row, asset)
        for row, member in enumerate(scenario.members)
        for asset in member.assets
        if isinstance(asset, model.Battery | model.Car | model.HeatPump | model.Tank)
    ]
    return sorted(found, key=lambda pair: pair[1].id)


def _zones(scenario: Scenario) -> Zones:
    row = {zone.id: place for place, zone in enumerate(scenario.zones)}
    return Zones(
        ids=tuple(zone.id for zone in scenario.zones),
        parent=ints([row.get(zone.parent, -1) for zone in scenario.zones]),
        import_limit_w=ints([zone.import_limit_w for zone in scenario.zones]),
        export_limit_w=ints([zone.export_limit_w for zone in scenario.zones]),
    )


def _members(scenario: Scenario) -> Members:
    row = {zone.id: place for place, zone in enumerate(scenario.zones)}
    everyone = scenario.members
    return Members(
        ids=tuple(each.id for each in everyone),
        metering_points=tuple(each.metering_point for each in everyone),
        roles=tuple(each.role for each in everyone),
        zone=ints([row[each.zone] for each in everyone]),
        discount_micro_per_kwh=ints([each.discount_micro_per_kwh for each in everyone]),
        premium_micro_per_kwh=ints([each.premium_micro_per_kwh for each in everyone]),
        static_share_ppm=ints([each.static_share_ppm for each in everyone]),
        trading=trading_terms(everyone),
    )


def _marks(scenario: Scenario) -> Marks | msgspec.UnsetType:
    """What assets and connections go by; unset where nothing is said. Zones may have postcodes."""
    of_zone = {zone.id: zone.postcode for zone in scenario.zones}
    postcodes = {each.id: each.postcode or of_zone[each.zone] for each in scenario.members}
    marks = Marks(
        tags={name: tags for each in scenario.members for name, tags in each.tags},
        postcode={name: postcode for name, postcode in postcodes.items() if postcode},
        feeder={each.id: each.feeder for each in scenario.members if each.feeder},
        transformer={each.id: each.transformer for each in scenario.members if each.transformer},
    )
    return msgspec.UNSET if marks == Marks() else marks


def _pv(scenario: Scenario) -> Pv:
    plants = owned(scenario, model.Pv)
    return Pv(
        ids=tuple(plant.id for _, plant in plants),
        member=ints([row for row, _ in plants]),
        peak_w=ints([plant.peak_w for _, plant in plants]),
    )


def _storage(scenario: Scenario) -> Storage:
    assets = stored(scenario)
    way = np.sqrt(_shares([_round_trip_ppm(asset) for _, asset in assets]))
    return Storage(
        ids=tuple(asset.id for _, asset in assets),
        kind=tuple(_kind(asset) for _, asset in assets),
        member=ints([row for row, _ in assets]),
        charge_w=ints([_powers_w(asset)[0] for _, asset in assets]),
        discharge_w=ints([_powers_w(asset)[1] for _, asset in assets]),
        capacity_wh=ints([capacity_wh(asset) for _, asset in assets]),
        efficiency_in=way,
        efficiency_out=way.copy(),
        kept_per_hour=1.0 - _shares([_loss_ppm(asset) for _, asset in assets]),
        heat=_heat([asset for _, asset in assets]),
    )


def _heat(assets: Sequence[StorageAsset]) -> Heat | msgspec.UnsetType:
    """Temperatures of what stores heat; unset where none is known."""
    known = [
        (asset.empty_mc, asset.full_mc, asset.litres if isinstance(asset, model.Tank) else 0)
        if isinstance(asset, model.HeatPump | model.Tank)
        else (0, 0, 0)
        for asset in assets
    ]
    if not any(empty < full for empty, full, _ in known):
        return msgspec.UNSET
    return Heat(*(ints(list(column)) for column in zip(*known, strict=True)))


def _shares(ppm: Sequence[int]) -> Floats:
    return np.array(ppm, dtype=np.float64) / _PPM


def _kind(asset: StorageAsset) -> str:
    return str(asset.__struct_config__.tag)


def _powers_w(asset: StorageAsset) -> tuple[int, int]:
    """Most power in and out [W]. Heat does not come back."""
    if isinstance(asset, model.Battery):
        return asset.power_w, asset.power_w
    if isinstance(asset, model.Car):
        return asset.charger_w, asset.charger_w if asset.vehicle_to_home else 0
    return asset.power_w, 0


def capacity_wh(asset: StorageAsset) -> int:
    """Energy that an asset holds when full [Wh]; heat as the electricity that makes it."""
    if isinstance(asset, model.Battery | model.Car):
        return asset.capacity_wh
    return asset.storage_wh


def _round_trip_ppm(asset: StorageAsset) -> int:
    """Losses on the way in and out; heat is counted in electricity and only decays."""
    return asset.round_trip_ppm if isinstance(asset, model.Battery | model.Car) else _PPM


def _loss_ppm(asset: StorageAsset) -> int:
    return 0 if isinstance(asset, model.Car) else asset.hourly_loss_ppm


def _runs(scenario: Scenario) -> Runs:
    machines = owned(scenario, model.Appliance)
    return Runs(
        ids=tuple(machine.id for _, machine in machines),
        member=ints([row for row, _ in machines]),
        power_w=ints([machine.power_w for _, machine in machines]),
        duration_s=ints([machine.duration_s for _, machine in machines]),
        earliest_s=ints([machine.earliest_s for _, machine in machines]),
        latest_s=ints([machine.latest_s for _, machine in machines]),
    )
