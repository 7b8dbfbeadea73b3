"""A low-voltage grid as plain values. Buses are numbers; whatever is switched off is left out."""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from gridpact.base.units import Floats


class Line(msgspec.Struct, frozen=True):
    """A closed line between two buses; ``rating_w`` is what its ampacity carries [VA as W]."""

    id: str
    ends: tuple[int, int]
    rating_w: int


class Transformer(msgspec.Struct, frozen=True):
    """A transformer that feeds ``bus``, its low-voltage side; ``rating_w`` [VA as W]."""

    bus: int
    rating_w: int


class Load(msgspec.Struct, frozen=True):
    """One consumer at a bus: a household, firm, farm, heat pump or charging point."""

    id: str
    bus: int


class Plant(msgspec.Struct, frozen=True):
    """A photovoltaic plant at a bus; ``peak_w`` is its installed power."""

    id: str
    bus: int
    peak_w: int


class Store(msgspec.Struct, frozen=True):
    """A battery at a bus; shares in millionths."""

    id: str
    bus: int
    capacity_wh: int
    power_w: int
    round_trip_ppm: int
    hourly_loss_ppm: int


Unit: TypeAlias = Load | Plant | Store


class Grid(msgspec.Struct, frozen=True, kw_only=True):
    """All of a grid.

    ``buses`` gives each low-voltage bus its identifier; ``ties`` are closed switches between two
    buses. ``latitude`` and ``longitude`` [degrees] are the middle of the buses.
    """

    code: str
    latitude: float
    longitude: float
    buses: dict[int, str]
    ties: tuple[tuple[int, int], ...]
    lines: tuple[Line, ...]
    transformers: tuple[Transformer, ...]
    loads: tuple[Load, ...]
    plants: tuple[Plant, ...]
    stores: tuple[Store, ...]

    @property
    def units(self) -> tuple[Unit, ...]:
        """Everything that stands at a bus."""
        return self.loads + self.plants + self.stores


class Profiles(msgspec.Struct, frozen=True):
    """Mean power [W] of every load and plant in every quarter-hour, float64 [units, slots].

    ``start`` [s since the epoch] is when the first slot begins.
    """

    start: int
    load_w: Floats
    plant_w: Floats
