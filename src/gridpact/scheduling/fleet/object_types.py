"""Objects that columns can be made of: every field holds what it should."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import numpy as np

from gridpact.base.errors import Fault
from gridpact.scheduling.fleet.assets import Appliance, Battery, V2gCar

NAMES = ("name", "parent", "zone")
FLAGS = ("curtails", "interruptible")
WHOLE = ("arrive", "leave", "first", "end", "min_on", "min_off", "min_up", "min_down")
SERIES = (
    "import_w",
    "export_w",
    "load_wh",
    "capacity_wh",
    "draw_wh",
    "least_wh",
    "heat_per_wh",
    "reserve_wh",
    "forecast_wh",
)
"""Fields that are one number, or one per slot."""
ONE = {Battery: ("capacity_wh",), V2gCar: ("capacity_wh", "least_wh")}
"""Fields of the same names that are one number for these classes."""
NUMBERS = "iuf"
MOST_SHOWN = 60
"""Characters of a value that are quoted."""


def type_faults(
    where: str, one: object, kinds: tuple[type[msgspec.Struct], ...], slots: int
) -> tuple[Fault, ...]:
    """List what keeps an object at a place from becoming a row; ``kinds`` are its classes."""
    if not isinstance(one, kinds):
        names = ", ".join(kind.__name__ for kind in kinds)
        return (_fault(where, f"{_shown(one)} is none of them", f"give one of {names}"),)
    return tuple(_fields(where, one, slots))


def _fields(where: str, one: msgspec.Struct, slots: int) -> Iterator[Fault]:
    for name in one.__struct_fields__:
        value = getattr(one, name)
        place = f"{where}.{name}"
        if name in NAMES:
            if not isinstance(value, str):
                yield _fault(place, f"{_shown(value)} is no name", "give text")
        elif isinstance(one, Appliance) and name == "power_w":
            yield from _programme(place, value)
        else:
            varies = name in SERIES and name not in ONE.get(type(one), ())
            yield from _numbers(place, value, ((), (slots,)) if varies else ((),))


def _numbers(place: str, value: object, shapes: tuple[tuple[int, ...], ...]) -> Iterator[Fault]:
    """Look at one number, a series or a flag."""
    name = place.rpartition(".")[2]
    array = _array(value)
    if name in FLAGS:
        if array is None or array.dtype.kind != "b" or array.shape:
            yield _fault(place, f"{_shown(value)} is neither", "give True or False")
    elif name in WHOLE:
        if array is None or array.dtype.kind not in "iu" or array.shape:
            yield _fault(place, f"{_shown(value)} is no whole number", "give whole slots")
    elif array is None or array.dtype.kind not in NUMBERS:
        yield _fault(place, f"{_shown(value)} is no number", "give a number")
    elif array.shape not in shapes:
        several = "".join(f", or {shape[0]} of them" for shape in shapes[1:])
        yield _fault(place, f"has shape {array.shape}", f"give one number{several}")


def _programme(place: str, value: object) -> Iterator[Fault]:
    """Look at an appliance's powers, step by step; one number is one step."""
    array = _array(value)
    if array is None or (array.size and array.dtype.kind not in NUMBERS) or array.ndim > 1:
        yield _fault(place, f"{_shown(value)} is no programme", "give the power of each step")
    elif not array.size:
        yield _fault(place, "an empty programme", "give the power of at least one step")
    elif not array.any():
        yield _fault(place, "has no power", "give power above 0 W in some step")


def _array(value: object) -> np.ndarray | None:
    try:
        return np.asarray(value)
    except ValueError:  # lists of unequal lengths
        return None


def _shown(value: object) -> str:
    return repr(value)[:MOST_SHOWN]


def _fault(where: str, problem: str, fix: str) -> Fault:
    return Fault("fleet", 0, where, problem, fix)
