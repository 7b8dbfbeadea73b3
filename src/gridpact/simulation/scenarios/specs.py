"""What only the simulation needs to know of a scenario, as columns."""

from __future__ import annotations

import msgspec
import numpy as np

from gridpact.base.units import Floats, Ints
from gridpact.simulation.faults import Rates
from gridpact.simulation.scenarios import model
from gridpact.simulation.scenarios.build import StorageAsset, capacity_wh, ints, owned, stored
from gridpact.simulation.scenarios.model import ColumnRef, Place, Prices, Scenario, Weather

_PPM = 1_000_000


class HomeSpecs(msgspec.Struct, frozen=True):
    """Own use by member row. ``annual_wh`` is 0 where ``data`` or nothing stands instead."""

    annual_wh: Ints
    data: tuple[model.ColumnRef | None, ...]


class PlantSpecs(msgspec.Struct, frozen=True):
    """Photovoltaic plants by row of the community's ``pv``; angles in degrees, 180 is south."""

    tilt: Floats
    azimuth: Floats
    data: tuple[ColumnRef | None, ...]


class StorageSpecs(msgspec.Struct, frozen=True):
    """Owners' ways by row of the community's ``storage``.

    ``reserve_wh`` is always kept; ``target_wh`` is wanted at ``leave_s``. ``leave_s`` and
    ``back_s`` are seconds of the local day, -1 where the asset never leaves, ``sessions``
    tell, or stays are drawn. ``trip_wh`` is used while away, ``annual_wh`` is a year's heat as
    electricity.
    """

    reserve_wh: Ints
    target_wh: Ints
    leave_s: Ints
    back_s: Ints
    trip_wh: Ints
    annual_wh: Ints
    sessions: tuple[model.SessionRef | None, ...]


class Specs(msgspec.Struct, frozen=True):
    """All of it; rows are those of the community built from the same scenario."""

    place: Place
    run: model.Run
    homes: HomeSpecs
    plants: PlantSpecs
    storage: StorageSpecs
    prices: Prices
    weather: Weather
    faults: Rates


def specs(scenario: Scenario) -> Specs:
    """Build the columns that go with ``build.community(scenario)``."""
    plants = [plant for _, plant in owned(scenario, model.Pv)]
    return Specs(
        place=scenario.place,
        run=scenario.run,
        homes=HomeSpecs(
            annual_wh=ints([member.load.annual_wh for member in scenario.members]),
            data=tuple(member.load.data for member in scenario.members),
        ),
        plants=PlantSpecs(
            tilt=np.array([plant.tilt_degrees for plant in plants], dtype=np.float64),
            azimuth=np.array([plant.azimuth_degrees for plant in plants], dtype=np.float64),
            data=tuple(plant.data for plant in plants),
        ),
        storage=_storage([asset for _, asset in stored(scenario)]),
        prices=scenario.prices,
        weather=scenario.weather,
        faults=scenario.faults,
    )


def _storage(assets: list[StorageAsset]) -> StorageSpecs:
    cars = [asset if isinstance(asset, model.Car) else None for asset in assets]
    daily = [car if car and car.sessions is None else None for car in cars]
    return StorageSpecs(
        reserve_wh=ints([_reserve_wh(asset) for asset in assets]),
        target_wh=ints([car.capacity_wh * car.target_ppm // _PPM if car else 0 for car in cars]),
        leave_s=ints([car.by_s if car else -1 for car in daily]),
        back_s=ints([car.back_s if car else -1 for car in daily]),
        trip_wh=ints([car.trip_wh if car else 0 for car in daily]),
        annual_wh=ints([_annual_wh(asset) for asset in assets]),
        sessions=tuple(car.sessions if car else None for car in cars),
    )


def _reserve_wh(asset: StorageAsset) -> int:
    if isinstance(asset, model.Battery | model.Car):
        return capacity_wh(asset) * asset.reserve_ppm // _PPM
    return 0


def _annual_wh(asset: StorageAsset) -> int:
    return asset.annual_wh if isinstance(asset, model.HeatPump | model.Tank) else 0
