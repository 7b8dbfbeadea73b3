"""What is wrong with assets and connections as objects, where columns could not tell it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

import msgspec
import numpy as np

from gridpact.base.errors import Fault
from gridpact.scheduling.fleet.assets import (
    Appliance,
    Asset,
    Car,
    GridConnection,
    V2gCar,
)

SERIES = {
    "connections": ("import_w", "export_w", "load_wh"),
    "assets": ("capacity_wh", "draw_wh", "least_wh", "heat_per_wh", "reserve_wh", "forecast_wh"),
}
"""Fields that are one number, or one per slot."""


def object_faults(
    slots: int, connections: Sequence[GridConnection], assets: Sequence[Asset]
) -> tuple[Fault, ...]:
    """List faults; places are named as ``assets[0].leave``, by position in what was given."""
    found = list(_names(connections))
    for group, objects in (("connections", connections), ("assets", assets)):
        for number, one in enumerate(objects):
            where = f"{group}[{number}]"
            found += _series(where, one, SERIES[group], slots)
            if isinstance(one, V2gCar) or (isinstance(one, Car) and one.min_w):
                found += _window(where, one, slots)
            if isinstance(one, Appliance) and one.interruptible and len(set(one.power_w)) > 1:
                problem = "an interruptible programme has one power throughout"
                found.append(_fault(f"{where}.power_w", problem, "give equal powers"))
    return tuple(found)


def _fault(where: str, problem: str, fix: str) -> Fault:
    return Fault("fleet", 0, where, problem, fix)


def _names(connections: Sequence[GridConnection]) -> Iterator[Fault]:
    for name, count in Counter(one.name for one in connections).items():
        if count > 1:
            problem = f"{count} connections are called {name!r}"
            yield _fault("connections", problem, "give each a name of its own")


def _series(where: str, one: msgspec.Struct, fields: Sequence[str], slots: int) -> Iterator[Fault]:
    """Note series that are neither one number nor one per slot."""
    for name in fields:
        shape = np.shape(getattr(one, name, 0.0))
        if shape not in ((), (slots,)):
            fix = f"give one number, or {slots} of them"
            yield _fault(f"{where}.{name}", f"has shape {shape}", fix)


def _window(where: str, car: Car | V2gCar, slots: int) -> Iterator[Fault]:
    """Note a stay that is none, or that is partly outside the slots."""
    for name, slot in (("arrive", car.arrive), ("leave", car.leave)):
        if not 0 <= slot <= slots:
            yield _fault(f"{where}.{name}", f"{slot}", f"give a slot from 0 to {slots}")
    if car.leave <= car.arrive:
        problem = f"leaves at slot {car.leave}, arrives at {car.arrive}"
        yield _fault(f"{where}.leave", problem, "leave after arriving")
