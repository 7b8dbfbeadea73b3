"""What is wrong with assets and connections as objects, named by their places in what was given."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np

from gridpact.base.errors import BadInput, Fault
from gridpact.scheduling.fleet.asset_faults import asset_findings
from gridpact.scheduling.fleet.assets import (
    Appliance,
    Asset,
    Battery,
    Car,
    Generator,
    GridConnection,
    Pv,
    Tank,
    V2gCar,
)
from gridpact.scheduling.fleet.columns import Fleet
from gridpact.scheduling.fleet.findings import Findings
from gridpact.scheduling.fleet.object_types import type_faults
from gridpact.scheduling.fleet.zone_faults import zone_findings

ZONE = {"import_limit_w": "import_w", "export_limit_w": "export_w"}
"""What columns of zones are called in a connection."""
ASSETS = (Car, V2gCar, Battery, Tank, Pv, Appliance, Generator)
POWER = {"charge_w": "power_w", "discharge_w": "power_w"}
EFFICIENCY = {"efficiency_in": "efficiency", "efficiency_out": "efficiency"}
FIELDS: tuple[tuple[type, Mapping[str, str]], ...] = (
    (Battery, {**POWER, **EFFICIENCY, "hi_wh": "capacity_wh", "lo_wh": "reserve_wh"}),
    (V2gCar, {**POWER, **EFFICIENCY, "hi_wh": "capacity_wh", "lo_wh": "due_wh"}),
    (
        Tank,
        {
            **POWER,
            "hi_wh": "capacity_wh",
            "lo_wh": "least_wh",
            "efficiency_in": "heat_per_wh",
            "charge_min_w": "min_w",
        },
    ),
    (Car, {**POWER, "hi_wh": "energy_wh", "lo_wh": "energy_wh", "charge_min_w": "min_w"}),
)
"""What columns of storage are called in each class."""


def refuse_lengths(slots: int, step_s: int) -> None:
    """Raise BadInput where the number of slots or their length is no whole number."""
    faults = [
        _fault(name, f"{value!r} is no whole number", f"give a whole number, such as {such}")
        for name, value, such in (("slots", slots, 96), ("step_s", step_s, 900))
        if not isinstance(value, int | np.integer) or isinstance(value, bool)
    ]
    if faults:
        raise BadInput(faults)


def refuse_single(connections: object, assets: object) -> None:
    """Raise BadInput for what is not several objects, such as one alone."""
    faults = [
        _fault(name, f"{type(given).__name__}, not several objects", "give them in a list")
        for name, given in (("connections", connections), ("assets", assets))
        if not isinstance(given, Iterable) or isinstance(given, str | bytes | Mapping)
    ]
    if faults:
        raise BadInput(faults)


def type_faults_of(
    group: str, objects: Sequence[object], slots: int
) -> tuple[tuple[Fault, ...], ...]:
    """What keeps each object of ``connections`` or ``assets`` from becoming a row."""
    kinds = (GridConnection,) if group == "connections" else ASSETS
    return tuple(
        type_faults(f"{group}[{number}]", one, kinds, slots) for number, one in enumerate(objects)
    )


def connection_faults(connections: Sequence[GridConnection]) -> Iterator[Fault]:
    """Note names that are empty, or given twice."""
    for number, one in enumerate(connections):
        if not one.name:
            yield _fault(f"connections[{number}].name", "is empty", "give it a name")
    for name, count in Counter(one.name for one in connections if one.name).items():
        if count > 1:
            problem = f"{count} connections are called {name!r}"
            yield _fault("connections", problem, "give each a name of its own")


def zone_faults(fleet: Fleet, connections: Sequence[GridConnection]) -> Iterator[Fault]:
    """What is wrong with zones, told of the connections that they were made from."""
    found = Findings()
    zone_findings(found, fleet.zones, fleet.slots)
    for fault in found.faults:
        place = re.match(r"zones\[(\d+)\]\.(\w+)(.*)", fault.where)
        yield fault if place is None else _of_connection(fault, connections, place)


def _of_connection(
    fault: Fault, connections: Sequence[GridConnection], place: re.Match[str]
) -> Fault:
    """Say of a connection what was found in its row."""
    number, name = int(place[1]), ZONE.get(place[2], place[2])
    one = connections[number]
    varies = np.ndim(getattr(one, name)) > 0
    where = f"connections[{number}].{name}{place[3] if varies else ''}"
    problem, fix = f"GridConnection {one.name!r}: {fault.problem}", fault.fix
    if name == "parent":
        above = f"lies below itself, through {one.parent!r}"
        if one.parent not in {other.name for other in connections}:
            above = f"there is no connection {one.parent!r}"
        problem = f"GridConnection {one.name!r}: {above}"
        fix = "name a connection that was given, and let every chain of parents end at one without"
    return _fault(where, problem, fix)


def asset_faults(slots: int, assets: Mapping[int, Asset]) -> Iterator[Fault]:
    """Note what columns could not tell of assets, by their positions in what was given."""
    for number, one in assets.items():
        where = f"assets[{number}]"
        if isinstance(one, V2gCar) or (isinstance(one, Car) and one.min_w):
            yield from _window(where, one, slots)
        if isinstance(one, Appliance):
            yield from _programme(where, one)


def table_faults(
    fleet: Fleet, assets: Mapping[int, Asset], rows: Mapping[str, Sequence[int]]
) -> Iterator[Fault]:
    """What is wrong with tables, told of the objects whose positions ``rows`` gives by table."""
    found = Findings()
    asset_findings(found, fleet, len(fleet.zones.parent))
    for fault in found.faults:
        place = re.match(r"(\w+)\[(\d+)\](.*)", fault.where)
        if place is None or place[1] not in rows:
            yield fault
            continue
        number = rows[place[1]][int(place[2])]
        yield _of_object(fault, number, assets[number], place[3])


def _of_object(fault: Fault, number: int, one: Asset, field: str) -> Fault:
    """Say of an object what was found in its row."""
    names = next((names for kind, names in FIELDS if isinstance(one, kind)), {})
    if isinstance(one, Pv):
        names = {"least": "curtails"}

    def own(text: str) -> str:
        return re.sub(r"\w+", lambda word: names.get(word[0], word[0]), text)

    named = f"{type(one).__name__} at {one.zone!r}"
    if field == ".zone":
        fix = "name a connection that was given"
        return _fault(f"assets[{number}].zone", f"{named}: there is no such connection", fix)
    return _fault(f"assets[{number}]{own(field)}", f"{named}: {own(fault.problem)}", own(fault.fix))


def _fault(where: str, problem: str, fix: str) -> Fault:
    return Fault("fleet", 0, where, problem, fix)


def _programme(where: str, one: Appliance) -> Iterator[Fault]:
    """Note a programme with several powers, or stretches of one that runs through."""
    if one.interruptible and np.size(np.unique(np.asarray(one.power_w))) > 1:
        problem = "an interruptible programme has one power throughout"
        yield _fault(f"{where}.power_w", problem, "give equal powers")
    for name in ("min_on", "min_off"):
        if not one.interruptible and getattr(one, name) > 1:
            fix = "make it interruptible, or leave it out"
            yield _fault(f"{where}.{name}", "of a programme that is not interruptible", fix)


def _window(where: str, car: Car | V2gCar, slots: int) -> Iterator[Fault]:
    """Note a stay that is none, or that is partly outside the slots."""
    for name, slot in (("arrive", car.arrive), ("leave", car.leave)):
        if not 0 <= slot <= slots:
            yield _fault(f"{where}.{name}", f"{slot}", f"give a slot from 0 to {slots}")
    if car.leave <= car.arrive:
        problem = f"leaves at slot {car.leave}, arrives at {car.arrive}"
        yield _fault(f"{where}.leave", problem, "leave after arriving")
