"""Assets as single objects, for people: cars, batteries, heat pumps, tanks, PV, appliances.

:func:`build` turns them into the columns of a :class:`Fleet`. Times are slot positions, windows
half-open; energies Wh, powers W, money µ¤.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeAlias

import msgspec

from gridpact.base.units import Floats
from gridpact.scheduling.fleet.columns import UNBOUNDED, Fleet

Series: TypeAlias = float | Sequence[float] | Floats
"""One number, or one per slot (of an appliance: per step)."""


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

    Its state stays between ``least_wh`` and ``capacity_wh`` after each slot of its stay: it may
    arrive with less, and then holds ``least_wh`` after its first slot.
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

    ``reserve_wh`` is kept back: one number, or one per slot. ``throughput_wh`` is the most it
    discharges over all slots.
    """

    zone: str
    capacity_wh: float
    power_w: float
    initial_wh: float
    terminal_wh: float = 0.0
    efficiency: float = 0.95
    wear: float = 0.0
    reserve_wh: Series = 0.0
    throughput_wh: float = UNBOUNDED


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

    One number is a programme of one step.

    Interruptible programmes have one power throughout; see :class:`Runs`.
    """

    zone: str
    first: int
    end: int
    power_w: Series
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
    slots: int, step_s: int, connections: Iterable[GridConnection], assets: Iterable[Asset]
) -> Fleet:
    """Build a fleet; rows of each table follow the order of ``assets``.

    What is wrong with them is named when the fleet is solved, together with all else: of assets by
    their positions. What is no asset becomes no row; an unknown zone or parent becomes a row that
    is none. A car with a least power is a row of ``storage``, as are batteries, feeding cars and
    heat.

    Raises BadInput at once where ``slots`` or ``step_s`` are no whole numbers, or ``connections``
    or ``assets`` not several objects.
    """
    from gridpact.scheduling.fleet import object_faults as faults
    from gridpact.scheduling.fleet.asset_tables import Grid, make_tables, positions

    faults.refuse_lengths(slots, step_s)
    faults.refuse_single(connections, assets)
    connections, assets = list(connections), list(assets)
    wrong = faults.type_faults_of("connections", connections, slots)
    grid_points = [_plain(one) if bad else one for one, bad in zip(connections, wrong, strict=True)]
    unfit = faults.type_faults_of("assets", assets, slots)
    fit = {number: one for number, one in enumerate(assets) if not unfit[number]}
    grid = Grid(slots, step_s, positions(grid_points))
    fleet, rows = make_tables(grid, grid_points, fit)
    flaws = [
        *(fault for each in (*wrong, *unfit) for fault in each),
        *faults.connection_faults(grid_points),
        *faults.asset_faults(slots, fit),
    ]
    if slots >= 1 and step_s >= 1:
        flaws += faults.zone_faults(fleet, grid_points)
        flaws += faults.table_faults(fleet, fit, rows)
    return msgspec.structs.replace(fleet, flaws=tuple(flaws))


def _plain(one: object) -> GridConnection:
    """Stand in for what is no connection, so that assets at it are not at fault, too."""
    name = getattr(one, "name", None)
    return GridConnection(name if isinstance(name, str) and name else repr(one))
