"""Solar, storage and generators of a microgrid's file, as tables of a fleet."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gridpact.app.grids.parts import Part
from gridpact.app.islands.quantities import (
    ENERGY,
    POWER,
    RATE,
    TIME,
    Tender,
    above,
    flag,
    number,
    series,
    share,
    whole_slots,
)
from gridpact.base.documents import Value
from gridpact.base.units import Floats, Ints
from gridpact.scheduling.fleet.columns import UNBOUNDED, Curtailable, Generators, Storage
from gridpact.scheduling.islands.black_start import Source

_STORAGE = (
    ("capacity", "stored", "charge", "discharge"),
    (*("least", "at_end", "efficiency_in", "efficiency_out", "wear", "forms_grid"),),
)
_UNIT = (
    ("maximum", "fuel"),
    (
        *("minimum", "tank", "start_cost", "idle_cost", "emissions", "minimum_up", "minimum_down"),
        *("running_for", "stopped_for", "start_time", "start_power"),
    ),
)
LONG = -1_000_000
"""Slots that a unit has been off for where nothing is said."""


class Stored(NamedTuple):
    """Storage by rows; ``forming`` are those that form a grid, with their powers together [W]."""

    table: Storage | None
    names: tuple[str, ...]
    forming: Ints
    charge_w: float
    discharge_w: float
    sources: tuple[Source, ...]


class Generation(NamedTuple):
    """Generators by rows, and what they emit [g/kWh]; ``of`` are their parts with their tanks.

    ``unbounded`` have no least power.
    """

    table: Generators | None
    names: tuple[str, ...]
    emitted: Floats
    of: tuple[tuple[Part, Value], ...]
    unbounded: tuple[Part, ...]
    sources: tuple[Source, ...]

    @property
    def tanks(self) -> tuple[tuple[Part, Value], ...]:
        """Parts that name a tank, with it."""
        return tuple(one for one in self.of if one[1] is not None)


def read_solar(root: Part, shape: tuple[int, int]) -> tuple[Curtailable | None, tuple[str, ...]]:
    """Read what may be cut, and its names."""
    parts = root.named("solar")
    for part in parts.values():
        part.known(("forecast",), ())
    if not parts:
        return None, ()
    hours = 24 / shape[1]
    given = np.stack([series(part, "forecast", POWER, shape) for part in parts.values()]) * hours
    return Curtailable(np.zeros(len(parts), np.int64), given), tuple(parts)


def read_storage(root: Part, tender: Tender) -> Stored:
    """Read storage."""
    parts = root.named("storage")
    rows = [_storage(part, tender) for part in parts.values()]
    forms = [flag(part, "forms_grid") for part in parts.values()]
    if not rows:
        return Stored(None, (), np.zeros(0, np.int64), 0.0, 0.0, ())
    columns = {name: np.array([row[name] for row in rows]) for name in rows[0]}
    table = Storage(np.zeros(len(rows), np.int64), **columns)
    forming = np.flatnonzero(forms)
    sources = tuple(
        Source(name=name, power_w=max(round(row["discharge_w"]), 1), alone=True)
        for name, row, forms_grid in zip(parts, rows, forms, strict=True)
        if forms_grid
    )
    charge, discharge = (columns[name][forming].sum() for name in ("charge_w", "discharge_w"))
    return Stored(table, tuple(parts), forming, float(charge), float(discharge), sources)


def _storage(part: Part, tender: Tender) -> dict[str, float]:
    part.known(*_STORAGE)
    capacity = above(part, "capacity", ENERGY)
    least = number(part, "least", ENERGY)
    at_end = number(part, "at_end", ENERGY, -UNBOUNDED)
    stored = number(part, "stored", ENERGY, least)
    for key, held in (("least", least), ("stored", stored), ("at_end", at_end)):
        if key in part.values and held > capacity:
            part.note(key, "is more than the capacity", f"write {capacity / 1000:g} kWh or less")
    if stored < least:
        part.note("stored", "is less than the least", f"write {least / 1000:g} kWh or more")
    return {
        "initial_wh": stored,
        "charge_w": number(part, "charge", POWER),
        "discharge_w": above(part, "discharge", POWER),
        "hi_wh": capacity,
        "lo_wh": least,
        "terminal_wh": at_end,
        "efficiency_in": share(part, "efficiency_in"),
        "efficiency_out": share(part, "efficiency_out"),
        "wear": number(part, "wear", tender.price),
    }


def read_generators(root: Part, tender: Tender, step_s: int) -> Generation:
    """Read generators; times become slots."""
    parts = root.named("generators")
    rows = [_generator(part, tender, step_s) for part in parts.values()]
    emitted = np.array([number(part, "emissions", RATE) for part in parts.values()])
    if not rows:
        return Generation(None, (), emitted, (), (), ())
    columns = {name: np.array([row[name] for row in rows]) for name in rows[0]}
    return Generation(
        Generators(np.zeros(len(rows), np.int64), **columns),
        tuple(parts),
        emitted,
        tuple((part, part.values.get("tank")) for part in parts.values()),
        tuple(part for part, row in zip(parts.values(), rows, strict=True) if not row["min_w"]),
        tuple(
            _source(name, part, row["max_w"])
            for (name, part), row in zip(parts.items(), rows, strict=True)
        ),
    )


def _generator(part: Part, tender: Tender, step_s: int) -> dict[str, float]:
    part.known(*_UNIT)
    most, least = above(part, "maximum", POWER), number(part, "minimum", POWER)
    if least > most:
        part.note("minimum", "is more than the maximum", f"write {most / 1000:g} kW or less")
    if "running_for" in part.values and "stopped_for" in part.values:
        part.note("stopped_for", "is given beside running_for", "keep the one that is so")
    before = LONG
    if "stopped_for" in part.values:
        before = -whole_slots(part, "stopped_for", step_s, 1)
    if "running_for" in part.values:
        before = whole_slots(part, "running_for", step_s, 1)
    return {
        "max_w": most,
        "min_w": least,
        "fuel": number(part, "fuel", tender.price),
        "start_cost": number(part, "start_cost", tender.amount),
        "idle_cost": number(part, "idle_cost", tender.hourly) * step_s / 3600,
        "min_up": whole_slots(part, "minimum_up", step_s, 1),
        "min_down": whole_slots(part, "minimum_down", step_s, 1),
        "before": before,
    }


def _source(name: str, part: Part, most_w: float) -> Source:
    """How a unit starts after a blackout; one that draws nothing for it starts alone."""
    alone = "start_power" not in part.values
    return Source(
        name=name,
        power_w=max(round(most_w), 1),
        start_s=int(number(part, "start_time", TIME)),
        start_w=0 if alone else round(above(part, "start_power", POWER)),
        alone=alone,
    )
