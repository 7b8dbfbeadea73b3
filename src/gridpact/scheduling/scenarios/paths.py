"""Paths of what is not known yet, and a fleet along one of them."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np

from gridpact.base.errors import BadInput, Fault
from gridpact.base.units import Bools, Floats, Ints
from gridpact.scheduling.fleet.columns import (
    Fleet,
    OneWay,
    Prices,
    Storage,
    Values,
    per_asset,
    per_slot,
)
from gridpact.scheduling.fleet.faults import refuse_faults
from gridpact.scheduling.fleet.findings import Findings
from gridpact.scheduling.fleet.sums import limited_rows


class Path(msgspec.Struct, frozen=True, kw_only=True):
    """One way things may go: prices, and where given, what takes the place of the fleet's columns.

    ``load_wh`` [zones, slots]; ``forecast_wh`` [curtailable, slots]: generation; ``one_way``: cars
    with other arrivals, departures or energy due, row by row.
    """

    prices: Prices
    load_wh: Floats | None = None
    forecast_wh: Floats | None = None
    one_way: OneWay | None = None


def along(fleet: Fleet, path: Path) -> Fleet:
    """The fleet as it is on a path."""
    changed = fleet
    if path.load_wh is not None:
        zones = msgspec.structs.replace(fleet.zones, load_wh=path.load_wh)
        changed = msgspec.structs.replace(changed, zones=zones)
    if path.forecast_wh is not None and fleet.curtailable is not None:
        solar = msgspec.structs.replace(fleet.curtailable, forecast_wh=path.forecast_wh)
        changed = msgspec.structs.replace(changed, curtailable=solar)
    if path.one_way is not None:
        changed = msgspec.structs.replace(changed, one_way=path.one_way)
    return changed


def refuse_paths(fleet: Fleet, paths: Sequence[Path], weight: Floats, first: int) -> None:
    """Raise BadInput where paths cannot be solved or weighed, or differ in the ``first`` slots."""
    found = Findings()
    if not 0 < first < fleet.slots:
        found.add("first", f"is {first}", f"give 1 to {fleet.slots - 1} slots")
    if not paths or len(weight) != len(paths):
        found.add("weight", f"{len(weight)} for {len(paths)} paths", "give one for each path")
    elif not (np.all(weight > 0) and abs(float(weight.sum()) - 1) < 1e-9):
        found.add("weight", "are no probabilities", "give positive ones with sum 1")
    _whole_plans(found, fleet)
    found.refuse()
    faults = [_path_faults(fleet, path, f"paths[{at}]") for at, path in enumerate(paths)]
    for number, path in enumerate(paths):
        found.faults.extend(faults[number])
        unequal = _unequal_prices(paths[0].prices, path.prices, first)
        if not faults[0] and not faults[number]:
            unequal += _unequal(fleet, paths[0], path, first)
        for what in unequal:
            found.add(f"paths[{number}].{what}", "differs in the first slots", "give what is known")
    found.refuse()


def _path_faults(fleet: Fleet, path: Path, where: str) -> list[Fault]:
    """List what is wrong with a path, and with the fleet along it."""
    found = Findings()
    for name, table in (("forecast_wh", "curtailable"), ("one_way", "one_way")):
        if getattr(path, name) is not None and getattr(fleet, table) is None:
            found.add(f"{where}.{name}", f"the fleet has no {table}", "leave it out")
    try:
        refuse_faults(along(fleet, path), path.prices)
    except BadInput as error:
        for one in error.faults:
            found.add(f"{where}: {one.where}", one.problem, one.fix)
    return found.faults


def _whole_plans(found: Findings, fleet: Fleet) -> None:
    """Note assets whose plans cannot be mixed, or are limited over many slots at once."""
    for name in ("runs", "generators"):
        if getattr(fleet, name) is not None:
            found.add(name, "plans that are whole cannot be mixed", "plan them path by path")
    if fleet.one_way is not None:
        _sums(found, "one_way[{}].budget", fleet.one_way.budget, len(fleet.one_way.zone))
    if fleet.storage is not None:
        _storage(found, fleet.storage)


def _storage(found: Findings, table: Storage) -> None:
    """Note storage whose plans cannot be mixed, or depend on the power before."""
    count = len(table.zone)
    for name in ("charge_min_w", "discharge_min_w", "charge_step_w", "discharge_step_w"):
        whole = per_asset(getattr(table, name), count) > 0
        found.rows(whole, f"storage[{{}}].{name}", "such plans cannot be mixed", "give 0")
    for name in ("throughput_wh", "budget"):
        _sums(found, f"storage[{{}}].{name}", getattr(table, name), count)
    ramps = np.isfinite(per_asset(table.ramp_w, count))
    found.rows(ramps, "storage[{}].ramp_w", "is not known after the first slots", "leave it out")


def _sums(found: Findings, where: str, limits: Values, count: int) -> None:
    """Note limits on sums over slots: what is left of them after the first slots is not known."""
    limited = np.isin(np.arange(count), limited_rows(limits, count))
    problem = "what is left of it is not known after the first slots"
    found.rows(limited, where, problem, "leave it out")


def _unequal_prices(one: Prices, other: Prices, first: int) -> list[str]:
    """Which prices of two paths differ within the first slots."""
    sides = ("buy", "sell")
    differ = [not _equal(getattr(one, side), getattr(other, side), first) for side in sides]
    return [f"prices.{side}" for side, wrong in zip(sides, differ, strict=True) if wrong]


def _unequal(fleet: Fleet, one: Path, other: Path, first: int) -> list[str]:
    """What else of two paths differs within the first slots."""
    names = []
    here, there = along(fleet, one), along(fleet, other)
    zones = len(fleet.zones.parent)
    if not _equal(_spread(here.zones.load_wh, zones, fleet), there.zones.load_wh, first):
        names.append("load_wh")
    sun, cars = (here.curtailable, there.curtailable), (here.one_way, there.one_way)
    if sun[0] and sun[1] and not _equal(sun[0].forecast_wh, sun[1].forecast_wh, first):
        names.append("forecast_wh")
    if cars[0] and cars[1] and _cars_differ(cars[0], cars[1], first).any():
        names.append("one_way")
    return names


def _spread(values: Floats | Ints | float, zones: int, fleet: Fleet) -> Floats:
    return per_slot(values, zones, fleet.slots)


def _equal(one: object, other: object, first: int) -> bool:
    """Whether values agree in the first slots."""
    if one is None or other is None:
        return one is other
    here, there = np.asarray(one, np.float64), np.asarray(other, np.float64)
    here, there = (part[..., :first] if part.ndim > 0 else part for part in (here, there))
    try:
        return bool(np.all(here == there))
    except ValueError:
        return False


def _cars_differ(one: OneWay, other: OneWay, first: int) -> Bools:
    """Mark cars that are there in the first slots and differ [cars]."""
    count = len(one.zone)
    if len(other.zone) != count:
        return np.ones(1, np.bool_)
    known = (np.asarray(one.arrive) < first) | (np.asarray(other.arrive) < first)
    differ = np.asarray(one.zone) != np.asarray(other.zone)
    for name in ("arrive", "leave", "energy_wh"):
        here, there = (per_asset(getattr(table, name), count) for table in (one, other))
        differ |= known & (here != there)
    if np.ndim(one.power_w) != np.ndim(other.power_w):
        return np.ones(1, np.bool_)
    power = np.asarray(one.power_w) != np.asarray(other.power_w)
    return np.asarray(differ | (known & (power.any(axis=1) if power.ndim == 2 else power)))
