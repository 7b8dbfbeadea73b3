"""The plan of a microgrid: what runs, what is shed, what it costs and emits."""

from __future__ import annotations

import msgspec
import numpy as np

from gridpact.app.islands.model import Site
from gridpact.base.units import Floats, Ints
from gridpact.scheduling.fleet.options import Options
from gridpact.scheduling.fleet.solution import Schedules, Solution
from gridpact.scheduling.islands.emissions import Point, Rates, emissions_g, frontier, to_gap
from gridpact.scheduling.islands.isolation import isolated
from gridpact.scheduling.islands.operation import Operation, holding, operate
from gridpact.scheduling.islands.reserve import Spinning
from gridpact.scheduling.islands.shedding import LoadBlock, with_blocks
from gridpact.scheduling.scenarios.money import plan_cost

LEAST_WH = 0.5
"""Energy from which a unit is told to run."""


class Run(msgspec.Struct, frozen=True):
    """A unit runs in slots that begin at ``start`` and end at ``end`` [s since the epoch]."""

    unit: str
    start: int
    end: int
    energy_wh: int


class Served(msgspec.Struct, frozen=True):
    """A block of load: what it is worth, what it asks for, and what it goes without."""

    name: str
    value_micro_per_kwh: int
    critical: bool
    load_wh: int
    shed_wh: int


class Column(msgspec.Struct, frozen=True):
    """What one thing does by slot [Wh]."""

    name: str
    energy_wh: tuple[int, ...]


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """A plan without a grid in slots ``first ≤ slot < end``.

    ``cost_nano`` holds ``lost_nano``, the value of load not served. ``reserve`` is whether a
    reserve is held, None where none is asked for; ``missed_wh`` what no schedule could keep.
    """

    first: int
    end: int
    cost_nano: int
    lost_nano: int
    emissions_g: int
    reserve: bool | None
    missed_wh: int
    loads: tuple[Served, ...]
    runs: tuple[Run, ...]
    columns: tuple[Column, ...]

    @property
    def kept(self) -> bool:
        """Whether the reserve and all limits are kept."""
        return self.reserve is not False and not self.missed_wh


def plan(site: Site, lost: int | None, options: Options) -> Plan:
    """Plan a microgrid; where it has a grid, that may be lost from slot ``lost`` on.

    Loads are listed by value, the dearest first.
    """
    slots, first = site.slots.count, _first(site, lost)
    spinning = _spinning(site, first)
    found = operate(site.island, first, slots, options, spinning)
    return _told(site, found, (first, slots), spinning is not None)


def corners(site: Site, lost: int | None, options: Options) -> tuple[Point, ...]:
    """Corners of cost and emissions; load may be shed, and the reserve is held.

    Raises ValueError where no schedule keeps all limits and the reserve.
    """
    first = _first(site, lost)
    served = with_blocks(site.island.fleet, site.island.blocks)
    fleet = isolated(served, site.island.zone, first, site.slots.count)
    spinning = _spinning(site, first)
    solving = holding(spinning, options.gap) if spinning else to_gap(options.gap)
    return frontier(fleet, site.island.prices, _rates(site), site.dearest, solving)


def _first(site: Site, lost: int | None) -> int:
    """First slot without a grid; the number of slots where there always is one."""
    if not site.connected:
        return 0
    return site.slots.count if lost is None else lost


def _spinning(site: Site, first: int) -> Spinning | None:
    """The reserve, of all units and storage, while there is no grid or always."""
    margin, slots = site.margin, site.slots.count
    begin = 0 if margin is not None and margin.with_grid else first
    if margin is None or begin == slots:
        return None
    return Spinning(
        first=begin,
        end=slots,
        units=np.arange(len(site.names.units)),
        storage=np.arange(len(site.names.storage)),
        reserve_w=margin.reserve_w,
        largest_unit=margin.largest_unit,
        sustained_s=margin.sustained_s,
    )


def _rates(site: Site) -> Rates:
    """Load that is shed emits nothing."""
    blocks = np.zeros(len(site.island.blocks))
    return Rates(site.rates.energy, np.concatenate([np.asarray(site.rates.fuel), blocks]))


def _told(site: Site, found: Operation, window: tuple[int, int], reserved: bool) -> Plan:
    blocks, solution = site.island.blocks, found.solution
    shed = whole(found.shed_wh)
    worth = np.array([block.value for block in blocks])
    lost = float(worth @ found.shed_wh.sum(axis=1))
    missed = sum(one.missing_wh for one in solution.missed)
    schedules = solution.schedules()
    fleet = with_blocks(site.island.fleet, blocks)
    return Plan(
        first=window[0],
        end=window[1],
        cost_nano=cost_nano(solution),
        lost_nano=round(lost),
        emissions_g=round(emissions_g(fleet, _rates(site), solution)),
        reserve=found.reserve_held if reserved else None,
        missed_wh=round(missed),
        loads=tuple(
            sorted(map(_served, blocks, shed), key=lambda one: (-one.value_micro_per_kwh, one.name))
        ),
        runs=tuple(_runs(site, schedules)),
        columns=tuple(_columns(site, schedules, solution.net_wh[0], shed)),
    )


def _served(block: LoadBlock, shed: Ints) -> Served:
    load = round(float(np.sum(block.energy_wh)))
    return Served(block.name, round(block.value), block.critical, load, int(shed.sum()))


def _runs(site: Site, schedules: Schedules) -> list[Run]:
    """Stretches in which each unit runs."""
    found = []
    starts, step = site.slots.starts(), site.slots.step
    for name, energy in zip(site.names.units, schedules.generators_wh, strict=False):
        on = np.concatenate([[0], energy > LEAST_WH, [0]]).astype(np.int64)
        change = np.diff(on)
        for begin, end in zip(
            np.flatnonzero(change == 1), np.flatnonzero(change == -1), strict=True
        ):
            given = round(float(energy[begin:end].sum()))
            found.append(Run(name, int(starts[begin]), int(starts[end - 1]) + step, given))
    return found


def _columns(site: Site, schedules: Schedules, net: Floats, shed: Ints) -> list[Column]:
    """Everything by slot, in the order of the file's parts."""
    names = site.names
    found: list[tuple[str, Floats | Ints]] = [("grid_wh", net)] if site.connected else []
    found += [
        (f"solar.{name}_wh", row)
        for name, row in zip(names.solar, schedules.output_wh, strict=True)
    ]
    found += [
        (f"generator.{name}_wh", row)
        for name, row in zip(names.units, schedules.generators_wh, strict=False)
    ]
    for row, name in enumerate(names.storage):
        found += [
            (f"storage.{name}.charged_wh", schedules.charge_wh[row]),
            (f"storage.{name}.given_wh", schedules.discharge_wh[row]),
            (f"storage.{name}.stored_wh", schedules.state_wh[row]),
        ]
    for block, gone in zip(site.island.blocks, shed, strict=True):
        found += [
            (f"load.{block.name}_wh", block.energy_wh),
            (f"load.{block.name}.not_served_wh", gone),
        ]
    return [Column(name, tuple(map(int, whole(row)))) for name, row in found]


def cost_nano(solution: Solution) -> int:
    """What schedules cost; what misses nothing has no price of missing, either."""
    return round(plan_cost(solution) if solution.missed else solution.upper_nano)


def whole(energy: Floats | Ints) -> Ints:
    """Energy to whole Wh."""
    return np.rint(energy).astype(np.int64)
