"""Assets as single objects, for people: cars, batteries, heat pumps, tanks, PV, appliances.

:func:`build` turns them into the columns of a :class:`Fleet`. Times are slot positions, windows
half-open; energies Wh, powers W, money µ¤.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import msgspec
import numpy as np

from gridpact.base.units import Floats
from gridpact.scheduling.fleet.columns import (
    UNBOUNDED,
    Curtailable,
    Fleet,
    Generators,
    OneWay,
    Runs,
    Storage,
    Zones,
)

Series: TypeAlias = float | Sequence[float] | Floats
"""One number, or one per slot."""


class GridConnection(msgspec.Struct, frozen=True):
    """A zone: a home's meter, a feeder, a region. ``parent`` is another zone's name, "" at the top.

    ``import_w`` and ``export_w`` bound its net power; ``load_wh`` is its fixed net load per slot.
    """

    name: str
    parent: str = ""
    import_w: Series = UNBOUNDED
    export_w: Series = UNBOUNDED
    load_wh: Series = 0.0


class Car(msgspec.Struct, frozen=True):
    """A car that only charges: ``energy_wh`` (at the grid side) between ``arrive`` and ``leave``.

    With ``min_w`` it charges at no less, or not at all.
    """

    zone: str
    arrive: int
    leave: int
    energy_wh: float
    power_w: float
    min_w: float = 0.0


class V2gCar(msgspec.Struct, frozen=True):
    """A car that also feeds back: holds ``initial_wh`` when it arrives and ``due_wh`` on leaving.

    Its state stays between ``least_wh`` and ``capacity_wh`` while it is there.
    """

    zone: str
    arrive: int
    leave: int
    initial_wh: float
    due_wh: float
    capacity_wh: float
    power_w: float
    least_wh: float = 0.0
    efficiency: float = 0.95
    wear: float = 0.0


class Battery(msgspec.Struct, frozen=True):
    """A battery; ``efficiency`` is that of each way. ``terminal_wh`` is due after the last slot.

    ``reserve_wh`` is kept back: one number, or one per slot.
    """

    zone: str
    capacity_wh: float
    power_w: float
    initial_wh: float
    terminal_wh: float = 0.0
    efficiency: float = 0.95
    wear: float = 0.0
    reserve_wh: Series = 0.0


class Tank(msgspec.Struct, frozen=True):
    """Heat in a tank or a building, heated electrically or by a heat pump.

    ``heat_per_wh`` is heat per electric energy: 1 for a heating rod, the coefficient of performance
    for a heat pump, also by slot. ``draw_wh`` is heat taken per slot, ``kept`` the share of the
    stored heat left after a slot. The heat stays between ``least_wh`` and ``capacity_wh``.
    """

    zone: str
    capacity_wh: Series
    power_w: float
    initial_wh: float
    draw_wh: Series = 0.0
    least_wh: Series = 0.0
    heat_per_wh: Series = 1.0
    kept: float = 1.0
    min_w: float = 0.0


class HeatPump(Tank, frozen=True):
    """A heat pump with a tank or building behind it: a :class:`Tank` with another coefficient."""

    heat_per_wh: Series = 3.0


class Pv(msgspec.Struct, frozen=True):
    """Solar generation ``forecast_wh`` per slot, of which any may be cut if it ``curtails``."""

    zone: str
    forecast_wh: Series
    curtails: bool = True


class Appliance(msgspec.Struct, frozen=True):
    """A programme of ``power_w`` step by step, once within slots ``first ≤ slot < end``.

    Interruptible programmes have one power throughout; see :class:`Runs`.
    """

    zone: str
    first: int
    end: int
    power_w: Sequence[float]
    interruptible: bool = False
    min_on: int = 1
    min_off: int = 1


class Generator(msgspec.Struct, frozen=True):
    """A generator that starts and stops; see :class:`Generators`."""

    zone: str
    max_w: float
    min_w: float = 0.0
    fuel: float = 0.0
    idle_cost: float = 0.0
    start_cost: float = 0.0
    min_up: int = 1
    min_down: int = 1


Asset: TypeAlias = Car | V2gCar | Battery | Tank | HeatPump | Pv | Appliance | Generator


def build(
    slots: int, step_s: int, connections: Sequence[GridConnection], assets: Sequence[Asset]
) -> Fleet:
    """Build a fleet; rows of each table follow the order of ``assets``.

    What is wrong with them is named when the fleet is solved, together with all else; an unknown
    zone or parent becomes a row that is none. A car with a least power is a row of ``storage``, as
    are batteries, feeding cars and heat.
    """
    from gridpact.scheduling.fleet.object_faults import object_faults

    row = {connection.name: place for place, connection in enumerate(connections)}
    grid = _Grid(slots, step_s, row)
    cars = [a for a in assets if isinstance(a, Car) and not _least(a)]
    stores = [a for a in assets if isinstance(a, V2gCar | Battery | Tank) or _least(a)]
    solar = [a for a in assets if isinstance(a, Pv)]
    runs = [a for a in assets if isinstance(a, Appliance)]
    engines = [a for a in assets if isinstance(a, Generator)]
    return Fleet(
        slots=slots,
        step_s=step_s,
        zones=_zones(grid, connections),
        one_way=_cars(grid, cars) if cars else None,
        storage=_storage(grid, stores) if stores else None,
        curtailable=_solar(grid, solar) if solar else None,
        runs=_runs(grid, runs) if runs else None,
        generators=_generators(grid, engines) if engines else None,
        flaws=object_faults(slots, connections, assets),
    )


def _least(asset: Asset) -> bool:
    """Whether a car's least power matters; nothing due is charged at no power at all."""
    return isinstance(asset, Car) and asset.min_w > 0 and asset.energy_wh > 0


class _Grid(msgspec.Struct, frozen=True):
    """What every table needs to know: slots, and the row of each zone."""

    slots: int
    step_s: int
    row: dict[str, int]

    def zone(self, assets: Sequence[Asset]) -> np.ndarray:
        """Rows of the assets' zones; one beyond the last for an unknown zone."""
        return np.array([self.row.get(asset.zone, len(self.row)) for asset in assets], np.int64)

    def series(self, values: Sequence[Series]) -> Floats:
        """Stack to [rows, slots]; a series of another length, which is a flaw, counts as 0."""
        rows = [np.asarray(one, float) for one in values]
        fits = [row if row.shape in ((), (self.slots,)) else np.zeros(()) for row in rows]
        return np.array([np.broadcast_to(row, (self.slots,)) for row in fits])


def _zones(grid: _Grid, connections: Sequence[GridConnection]) -> Zones:
    unknown = len(connections)
    parent = [-1 if not c.parent else grid.row.get(c.parent, unknown) for c in connections]
    return Zones(
        parent=np.array(parent, np.int64),
        import_limit_w=grid.series([c.import_w for c in connections]),
        export_limit_w=grid.series([c.export_w for c in connections]),
        load_wh=grid.series([c.load_wh for c in connections]),
    )


def _cars(grid: _Grid, cars: Sequence[Car]) -> OneWay:
    return OneWay(
        zone=grid.zone(cars),
        arrive=np.array([car.arrive for car in cars], np.int64),
        leave=np.array([car.leave for car in cars], np.int64),
        energy_wh=np.array([car.energy_wh for car in cars], float),
        power_w=np.array([car.power_w for car in cars], float),
    )


class _Row(msgspec.Struct, frozen=True, kw_only=True):
    """One row of storage before it becomes columns; a Series varies by slot."""

    initial_wh: float
    charge_w: Series
    discharge_w: Series
    hi_wh: Series
    lo_wh: Series
    efficiency_in: Series
    draw_wh: Series = 0.0
    terminal_wh: float = 0.0
    efficiency_out: float = 1.0
    kept: float = 1.0
    wear: float = 0.0
    charge_min_w: float = 0.0


BY_SLOT = ("charge_w", "discharge_w", "hi_wh", "lo_wh", "draw_wh", "efficiency_in")


def _storage(grid: _Grid, assets: Sequence[Asset]) -> Storage:
    rows = [_storage_row(grid, asset) for asset in assets]
    columns: dict[str, Floats] = {}
    for name in _Row.__struct_fields__:
        values = [getattr(row, name) for row in rows]
        plain = name not in BY_SLOT or all(np.ndim(value) == 0 for value in values)
        columns[name] = np.array(values, float) if plain else grid.series(values)
    return Storage(zone=grid.zone(assets), **columns)


def _storage_row(grid: _Grid, asset: Asset) -> _Row:
    if isinstance(asset, Battery):
        return _battery_row(asset)
    if isinstance(asset, Tank):
        return _tank_row(asset)
    if isinstance(asset, V2gCar):
        return _v2g_row(grid, asset)
    if isinstance(asset, Car):
        return _car_row(grid, asset)
    raise TypeError(f"not storage: {asset}")


def _battery_row(asset: Battery) -> _Row:
    return _Row(
        initial_wh=asset.initial_wh,
        charge_w=asset.power_w,
        discharge_w=asset.power_w,
        hi_wh=asset.capacity_wh,
        lo_wh=asset.reserve_wh,
        terminal_wh=asset.terminal_wh,
        efficiency_in=asset.efficiency,
        efficiency_out=asset.efficiency,
        wear=asset.wear,
    )


def _tank_row(asset: Tank) -> _Row:
    return _Row(
        initial_wh=asset.initial_wh,
        charge_w=asset.power_w,
        discharge_w=0.0,
        hi_wh=asset.capacity_wh,
        lo_wh=asset.least_wh,
        draw_wh=asset.draw_wh,
        efficiency_in=asset.heat_per_wh,
        kept=asset.kept,
        charge_min_w=asset.min_w,
    )


def _v2g_row(grid: _Grid, asset: V2gCar) -> _Row:
    there = _there(grid, asset)
    due = np.where(np.arange(grid.slots) == asset.leave - 1, asset.due_wh, asset.least_wh)
    return _Row(
        initial_wh=asset.initial_wh,
        charge_w=there * asset.power_w,
        discharge_w=there * asset.power_w,
        hi_wh=asset.capacity_wh,
        lo_wh=np.where(there > 0, due, min(asset.initial_wh, asset.least_wh)),
        efficiency_in=asset.efficiency,
        efficiency_out=asset.efficiency,
        wear=asset.wear,
    )


def _car_row(grid: _Grid, asset: Car) -> _Row:
    after = np.arange(grid.slots) >= asset.leave - 1
    return _Row(
        initial_wh=0.0,
        charge_w=_there(grid, asset) * asset.power_w,
        discharge_w=0.0,
        hi_wh=asset.energy_wh,
        lo_wh=np.where(after, asset.energy_wh, 0.0),
        efficiency_in=1.0,
        charge_min_w=asset.min_w,
    )


def _there(grid: _Grid, asset: Car | V2gCar) -> Floats:
    """1 in slots of the car's stay, 0 elsewhere [slots]."""
    slot = np.arange(grid.slots)
    return ((slot >= asset.arrive) & (slot < asset.leave)).astype(np.float64)


def _solar(grid: _Grid, assets: Sequence[Pv]) -> Curtailable:
    return Curtailable(
        zone=grid.zone(assets),
        forecast_wh=grid.series([asset.forecast_wh for asset in assets]),
        least=np.array([0.0 if asset.curtails else 1.0 for asset in assets]),
    )


def _runs(grid: _Grid, assets: Sequence[Appliance]) -> Runs:
    length = np.array([len(asset.power_w) for asset in assets], np.int64)
    power = np.zeros((len(assets), max(int(length.max()), 1)))
    for row, asset in enumerate(assets):
        power[row, : len(asset.power_w)] = asset.power_w
    return Runs(
        zone=grid.zone(assets),
        first=np.array([asset.first for asset in assets], np.int64),
        end=np.array([asset.end for asset in assets], np.int64),
        length=length,
        power_w=power,
        interruptible=np.array([asset.interruptible for asset in assets], np.bool_),
        min_on=np.array([asset.min_on for asset in assets], np.int64),
        min_off=np.array([asset.min_off for asset in assets], np.int64),
    )


def _generators(grid: _Grid, assets: Sequence[Generator]) -> Generators:
    def column(name: str) -> Floats:
        return np.array([getattr(asset, name) for asset in assets], float)

    return Generators(
        zone=grid.zone(assets),
        max_w=column("max_w"),
        min_w=column("min_w"),
        fuel=column("fuel"),
        idle_cost=column("idle_cost"),
        start_cost=column("start_cost"),
        min_up=column("min_up").astype(np.int64),
        min_down=column("min_down").astype(np.int64),
    )
