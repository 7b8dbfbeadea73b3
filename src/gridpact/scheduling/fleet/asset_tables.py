"""Tables of a fleet made from assets as objects, row by row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
import numpy as np

from gridpact.base.units import Floats
from gridpact.scheduling.fleet.assets import (
    Appliance,
    Asset,
    Battery,
    Car,
    Generator,
    GridConnection,
    Pv,
    Series,
    Tank,
    V2gCar,
)
from gridpact.scheduling.fleet.columns import (
    TABLES,
    UNBOUNDED,
    Curtailable,
    Fleet,
    Generators,
    OneWay,
    Runs,
    Storage,
    Zones,
)


def positions(connections: Sequence[GridConnection]) -> dict[str, int]:
    """Row of each connection by its name."""
    return {connection.name: place for place, connection in enumerate(connections)}


def make_tables(
    grid: Grid, connections: Sequence[GridConnection], assets: Mapping[int, Asset]
) -> tuple[Fleet, dict[str, list[int]]]:
    """Make the tables, and say which asset each row of theirs is."""
    rows: dict[str, list[int]] = {name: [] for name in TABLES}
    for number, one in assets.items():
        rows[_table(one)].append(number)
    of = {name: [assets[number] for number in numbers] for name, numbers in rows.items()}
    cars = [a for a in of["one_way"] if isinstance(a, Car)]
    solar = [a for a in of["curtailable"] if isinstance(a, Pv)]
    runs = [a for a in of["runs"] if isinstance(a, Appliance)]
    engines = [a for a in of["generators"] if isinstance(a, Generator)]
    fleet = Fleet(
        slots=grid.slots,
        step_s=grid.step_s,
        zones=_zones(grid, connections),
        one_way=_cars(grid, cars) if cars else None,
        storage=_storage(grid, of["storage"]) if of["storage"] else None,
        curtailable=_solar(grid, solar) if solar else None,
        runs=_runs(grid, runs) if runs else None,
        generators=_generators(grid, engines) if engines else None,
    )
    return fleet, rows


def _table(asset: Asset) -> str:
    """Name of the table that an asset is a row of."""
    if isinstance(asset, Pv):
        return "curtailable"
    if isinstance(asset, Appliance):
        return "runs"
    if isinstance(asset, Generator):
        return "generators"
    return "one_way" if isinstance(asset, Car) and not _least(asset) else "storage"


def _least(asset: Asset) -> bool:
    """Whether a car's least power matters; nothing due is charged at no power at all."""
    return isinstance(asset, Car) and asset.min_w > 0 and asset.energy_wh > 0


class Grid(msgspec.Struct, frozen=True):
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


def _zones(grid: Grid, connections: Sequence[GridConnection]) -> Zones:
    unknown = len(connections)
    parent = [-1 if not c.parent else grid.row.get(c.parent, unknown) for c in connections]
    return Zones(
        parent=np.array(parent, np.int64),
        import_limit_w=grid.series([c.import_w for c in connections]),
        export_limit_w=grid.series([c.export_w for c in connections]),
        load_wh=grid.series([c.load_wh for c in connections]),
    )


def _cars(grid: Grid, cars: Sequence[Car]) -> OneWay:
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
    throughput_wh: float = UNBOUNDED


BY_SLOT = ("charge_w", "discharge_w", "hi_wh", "lo_wh", "draw_wh", "efficiency_in")


def _storage(grid: Grid, assets: Sequence[Asset]) -> Storage:
    rows = [_storage_row(grid, asset) for asset in assets]
    columns: dict[str, Floats] = {}
    for name in _Row.__struct_fields__:
        values = [getattr(row, name) for row in rows]
        plain = name not in BY_SLOT or all(np.ndim(value) == 0 for value in values)
        columns[name] = np.array(values, float) if plain else grid.series(values)
    return Storage(zone=grid.zone(assets), **columns)


def _storage_row(grid: Grid, asset: Asset) -> _Row:
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
        throughput_wh=asset.throughput_wh,
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


def _v2g_row(grid: Grid, asset: V2gCar) -> _Row:
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


def _car_row(grid: Grid, asset: Car) -> _Row:
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


def _there(grid: Grid, asset: Car | V2gCar) -> Floats:
    """1 in slots of the car's stay, 0 elsewhere [slots]."""
    slot = np.arange(grid.slots)
    return ((slot >= asset.arrive) & (slot < asset.leave)).astype(np.float64)


def _solar(grid: Grid, assets: Sequence[Pv]) -> Curtailable:
    return Curtailable(
        zone=grid.zone(assets),
        forecast_wh=grid.series([asset.forecast_wh for asset in assets]),
        least=np.array([0.0 if asset.curtails else 1.0 for asset in assets]),
    )


def _runs(grid: Grid, assets: Sequence[Appliance]) -> Runs:
    programmes = [np.atleast_1d(np.asarray(asset.power_w, np.float64)) for asset in assets]
    length = np.array([len(programme) for programme in programmes], np.int64)
    power = np.zeros((len(assets), int(length.max())))
    for row, programme in enumerate(programmes):
        power[row, : len(programme)] = programme
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


def _generators(grid: Grid, assets: Sequence[Generator]) -> Generators:
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
