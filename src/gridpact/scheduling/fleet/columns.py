"""A fleet as columns: one table per class of assets, the zones they are in, and what they share.

Energies are Wh per slot and powers W, both at the grid side; prices are µ¤/kWh. Net energy is
signed: positive = withdrawal from the grid. A value given as one number stands for all assets, as
``[assets]`` for all slots. Rows may come in any order; the answer keeps it.
"""

from __future__ import annotations

from typing import TypeAlias, TypeVar

import msgspec
import numpy as np

from gridpact.base.errors import Fault
from gridpact.base.units import Bools, Floats, Ints

Values: TypeAlias = Floats | Ints | float
"""One number, or an array of numbers: int64, or float64 where fractions make sense."""

UNBOUNDED = float("inf")
"""No limit."""


def per_asset(values: Values, assets: int) -> Floats:
    """Spread over [assets]; raises ValueError where the shape does not allow it."""
    array = np.asarray(values, np.float64)
    if array.ndim == 0:
        return np.full(assets, array)
    return np.ascontiguousarray(np.broadcast_to(array, (assets,)))


def per_slot(values: Values, assets: int, slots: int) -> Floats:
    """Spread over [assets, slots]; an [assets] array is the same in every slot.

    The result is a read-only view where nothing varies. Raises ValueError where the shape does not
    allow it.
    """
    array = np.asarray(values, np.float64)
    return np.broadcast_to(array[:, None] if array.ndim == 1 else array, (assets, slots))


def narrow(values: Values, assets: int, slots: int) -> Floats:
    """Spread over [assets, slots], or [assets, 1] where nothing varies from slot to slot."""
    return per_slot(values, assets, slots if varies(values) else 1)


Table = TypeVar("Table", bound=msgspec.Struct)


def rows_of(table: Table, rows: Ints) -> Table:
    """The same columns for some rows alone; single numbers stand for all rows and stay."""
    columns: dict[str, Floats | Ints] = {
        field: np.asarray(values)[rows]
        for field in table.__struct_fields__
        if np.ndim(values := getattr(table, field))
    }
    return msgspec.structs.replace(table, **columns)


def varies(values: Values) -> bool:
    """Tell whether values are given slot by slot."""
    return np.ndim(values) == 2


class OneWay(msgspec.Struct, frozen=True):
    """Assets that only draw and care for their total alone, such as cars on one-way chargers.

    ``energy_wh`` [assets], at the grid side, is drawn within slots ``arrive ≤ slot < leave``
    [assets] at no more than ``power_w`` ([assets], or [assets, slots] where it varies or is zero
    in between, which makes several windows). It pays no more than ``budget`` [µ¤], a
    :mod:`limit on sums <gridpact.scheduling.fleet.sums>`, for the energy at ``budget_price``
    [µ¤/kWh] ([assets, slots]; 0 where it does not count), which is 0 or more.
    """

    zone: Ints
    arrive: Ints
    leave: Ints
    energy_wh: Values
    power_w: Values
    budget: Values = UNBOUNDED
    budget_price: Values = 0.0


class Storage(msgspec.Struct, frozen=True):
    """Storage in its general form: batteries, cars that feed back, tanks, heated buildings.

    After each slot ``state' = kept · state + efficiency_in · charge − discharge / efficiency_out −
    draw`` with ``lo ≤ state' ≤ hi``; never both charge and discharge in a slot. All but ``zone``
    may be one number or [assets]; ``charge_w``, ``discharge_w``, ``lo_wh``, ``hi_wh``, ``draw_wh``
    and ``efficiency_in`` may be [assets, slots].

    - ``lo_wh``, ``hi_wh``: bounds of the state after each slot: deadlines, reserve levels, trips.
    - ``terminal_wh``: lower bound after the last slot, beside ``lo_wh``.
    - ``efficiency_in``: above 1 for a heat pump (stored heat per electric energy).
    - ``kept``: share of the state left after a slot, 1 = no loss.
    - ``draw_wh``: taken from the state in a slot: trips, hot water, heat demand; negative = gain.
    - ``wear``: cost of discharging [µ¤/kWh], at the grid side.
    - ``charge_min_w``, ``discharge_min_w``: least power when not idle.
    - ``charge_step_w``, ``discharge_step_w``: where positive, power is the least power plus whole
      steps of it; zero leaves it continuous.
    - ``ramp_w``: largest change of net power from slot to slot.
    - ``throughput_wh``: most discharged, at the grid side: a :mod:`limit on sums
      <gridpact.scheduling.fleet.sums>`.
    - ``budget``, ``budget_price``: most paid for charging, as of :class:`OneWay`.
    """

    zone: Ints
    initial_wh: Values
    charge_w: Values
    discharge_w: Values
    hi_wh: Values
    lo_wh: Values = 0.0
    terminal_wh: Values = -UNBOUNDED
    efficiency_in: Values = 1.0
    efficiency_out: Values = 1.0
    kept: Values = 1.0
    draw_wh: Values = 0.0
    wear: Values = 0.0
    charge_min_w: Values = 0.0
    discharge_min_w: Values = 0.0
    charge_step_w: Values = 0.0
    discharge_step_w: Values = 0.0
    ramp_w: Values = UNBOUNDED
    throughput_wh: Values = UNBOUNDED
    budget: Values = UNBOUNDED
    budget_price: Values = 0.0


class Curtailable(msgspec.Struct, frozen=True):
    """Generation that may be cut, such as PV: ``forecast_wh`` [assets, slots] is the most it gives.

    ``cost`` [µ¤/kWh], one number or [assets], is paid for energy cut; ``least`` is the share of the
    forecast that must not be cut (1: nothing may be).
    """

    zone: Ints
    forecast_wh: Floats | Ints
    cost: Values = 0.0
    least: Values = 0.0


class Runs(msgspec.Struct, frozen=True):
    """Programmes of appliances that run within slots ``first ≤ slot < end`` [runs].

    ``power_w`` [runs, longest] is the power of each step, of which the first ``length`` [runs]
    count. An uninterruptible run goes through its steps at once; it takes place ``times`` in the
    window, ``pause`` slots or more between one and the next. Where ``interruptible`` [runs], its
    steps, all of the power of the first, may lie apart: each stretch is at least ``min_on`` slots
    long, each pause between stretches at least ``min_off``, and there are at most ``most_starts``
    stretches (0: any number). With a finite ``value`` [µ¤] it takes place only where its energy
    costs less than that, each time anew; otherwise it must.
    """

    zone: Ints
    first: Ints
    end: Ints
    length: Ints
    power_w: Floats | Ints
    interruptible: Bools | bool = False
    min_on: Ints | int = 1
    min_off: Ints | int = 1
    times: Ints | int = 1
    pause: Ints | int = 0
    most_starts: Ints | int = 0
    value: Values = UNBOUNDED


class Generators(msgspec.Struct, frozen=True):
    """Generators that start and stop: off, or between ``min_w`` and ``max_w``.

    All but ``zone`` may be one number or [assets]; ``min_w`` and ``max_w`` may be [assets, slots].

    - ``fuel``: cost of the energy given [µ¤/kWh].
    - ``idle_cost``: cost of a slot in which it is on [µ¤]; ``start_cost``: of a start [µ¤].
    - ``min_up``, ``min_down``: slots it stays on after a start, and off after a stop.
    - ``before``: slots it has been on before the first one (positive) or off (negative).
    - ``ramp_w``: largest change of power between slots in both of which it is on.
    """

    zone: Ints
    max_w: Values
    min_w: Values = 0.0
    fuel: Values = 0.0
    idle_cost: Values = 0.0
    start_cost: Values = 0.0
    min_up: Ints | int = 1
    min_down: Ints | int = 1
    before: Ints | int = -1_000_000
    ramp_w: Values = UNBOUNDED


class Zones(msgspec.Struct, frozen=True):
    """Zones: meters, feeders, transformers, regions. Net energy counts all zones below, too.

    ``parent`` [zones] is a row, -1 at the top. ``import_limit_w`` and ``export_limit_w``
    ([zones] or [zones, slots]) bound the net power from above and below; both are positive, and
    :data:`UNBOUNDED` where there is no limit. ``load_wh`` [zones, slots] is fixed net load inside
    the zone that belongs to no zone below it.
    """

    parent: Ints
    import_limit_w: Values = UNBOUNDED
    export_limit_w: Values = UNBOUNDED
    load_wh: Values = 0.0


class Portfolio(msgspec.Struct, frozen=True):
    """Limits on overlapping sets of zones and assets: deliveries, shared import limits, blocks.

    Row ``r`` bounds the net energy that set ``set_of_row[r]`` takes in slots ``first ≤ slot < end``
    together: ``lower_wh ≤ energy ≤ upper_wh`` [rows], infinite where one side is free. One row per
    slot bounds the power of each. A set holds the zones ``zone`` of the pairs (``zone_set``,
    ``zone``) with everything in and below them, and the assets of the pairs (``asset_set``,
    ``asset_table``, ``asset``); what is in a set twice counts once. ``asset_table`` is a position
    in :data:`TABLES`.
    """

    set_of_row: Ints
    first: Ints
    end: Ints
    lower_wh: Floats | Ints
    upper_wh: Floats | Ints
    zone_set: Ints
    zone: Ints
    asset_set: Ints
    asset_table: Ints
    asset: Ints


TABLES = ("one_way", "storage", "curtailable", "runs", "generators")
"""Names of the tables of a fleet, in the order in which anything is listed."""


class Fleet(msgspec.Struct, frozen=True, kw_only=True):
    """Everything to be scheduled over ``slots`` slots of ``step_s`` seconds.

    A table that is None is empty. A home behind one meter is a zone of its own, the smallest: its
    connection limits are the zone's limits, its fixed load the zone's load, and its buying and
    selling prices are those of :class:`Prices` for this zone. ``flaws`` is what was wrong with the
    objects it was built from; it is refused with all else that is wrong.
    """

    slots: int
    step_s: int
    zones: Zones
    one_way: OneWay | None = None
    storage: Storage | None = None
    curtailable: Curtailable | None = None
    runs: Runs | None = None
    generators: Generators | None = None
    portfolio: Portfolio | None = None
    flaws: tuple[Fault, ...] = ()

    @property
    def hours(self) -> float:
        """Length of a slot [h]."""
        return self.step_s / 3600


class Prices(msgspec.Struct, frozen=True):
    """Prices of energy [µ¤/kWh]: [slots], or [zones, slots] where they differ by zone.

    ``buy`` is paid for net withdrawal, ``sell`` (None: as ``buy``) earned by net feed-in. The own
    assets and load of a zone settle at the zone's prices. Where the two differ, the zone is a
    meter: its net energy is settled as one, and no zone may lie below it.
    """

    buy: Floats | Ints
    sell: Floats | Ints | None = None
