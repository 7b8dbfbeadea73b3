"""The mixed fleet of the benchmark: eight kinds of assets in the same zones, on a day in March.

Zones of 500 assets: cars that only charge, of which some at 6 A or not at all, cars that feed back
and make a trip, batteries, heat pumps with buildings, hot-water tanks, appliances that run through,
and solar plants that may be cut. As in :mod:`fleet_instance`, import limits are a part of what
zones would take uncoordinated, and two windows couple all zones; export limits are a part of what
they would give at noon. A heat pump modulates down to ``least`` of its power; 0: down to nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np

from fleet_instance import (
    HOURS,
    POWERS_W,
    SLOTS,
    STEP_S,
    batteries,
    cars,
    price_of,
    uncoordinated,
    windows,
)
from gridpact.base.randomness import stream
from gridpact.base.units import Floats, Ints
from gridpact.scheduling.fleet.assets import Tank
from gridpact.scheduling.fleet.columns import (
    Curtailable,
    Fleet,
    Prices,
    Runs,
    Storage,
    Zones,
    per_asset,
    per_slot,
)
from gridpact.scheduling.fleet.heat import Building, WaterTank, heated_building, heated_tank

ZONE = 500
"""Assets of a zone."""
SHARES = {
    "one-way cars": 0.2,
    "cars of least power": 0.15,
    "feeding cars": 0.1,
    "batteries": 0.15,
    "buildings": 0.1,
    "tanks": 0.1,
    "appliances": 0.1,
    "solar plants": 0.1,
}
"""Parts of the fleet."""
IMPORT, EXPORT = 0.5, 0.8
"""Limits of a zone as parts of what it would take and give at most uncoordinated."""
BY_SLOT = ("charge_w", "discharge_w", "hi_wh", "lo_wh", "draw_wh", "efficiency_in")
HOUR = (12 + np.arange(SLOTS) * HOURS) % 24
OUTSIDE_C = 5.0 + 4.0 * np.cos((HOUR - 15) * np.pi / 12)


def mixed_fleet(assets: int, seed: int = 1, least: float = 0.0) -> tuple[Fleet, Prices]:
    """``assets`` assets of all kinds, in zones of 500 but at least two."""
    zones = max(2, assets // ZONE)
    count = {name: round(share * assets) for name, share in SHARES.items()}
    zone = {name: np.arange(many) * zones // many for name, many in count.items()}
    home = batteries(count["batteries"], zone["batteries"], seed)
    fleet = Fleet(
        slots=SLOTS,
        step_s=STEP_S,
        zones=Zones(np.full(zones, -1)),
        one_way=cars(count["one-way cars"], zone["one-way cars"], seed),
        storage=joined(
            [
                home,
                least_power_cars(zone["cars of least power"], seed),
                feeding_cars(zone["feeding cars"], seed),
                buildings(zone["buildings"], seed, least),
                tanks(zone["tanks"], seed),
            ]
        ),
        curtailable=solar_plants(zone["solar plants"], seed),
        runs=appliances(zone["appliances"], seed),
    )
    price = price_of(seed)
    taken = uncoordinated(fleet, price) / HOURS
    import_w, export_w = IMPORT * taken.max(axis=1), EXPORT * (-taken).max(axis=1)
    limited = msgspec.structs.replace(
        fleet,
        zones=Zones(np.full(zones, -1), import_w, export_w),
        portfolio=windows(zones, float(import_w.sum()), float(np.sum(home.discharge_w))),
    )
    return limited, Prices(price)


def joined(tables: Sequence[Storage]) -> Storage:
    """One table of storage, its rows table by table."""
    columns: dict[str, Floats] = {}
    for name in Storage.__struct_fields__[1:]:
        given = [(getattr(table, name), len(table.zone)) for table in tables]
        columns[name] = np.concatenate(
            [
                per_slot(values, many, SLOTS) if name in BY_SLOT else per_asset(values, many)
                for values, many in given
            ]
        )
    return Storage(zone=np.concatenate([table.zone for table in tables]), **columns)


def least_power_cars(zone: Ints, seed: int) -> Storage:
    """Cars that charge at 6 A or more, on one phase or three, or not at all."""
    count = len(zone)
    stay = cars(count, zone, seed + 1)
    draw = stream(seed, "benchmark", "mixed", "least", count)
    power = draw.choice(POWERS_W[:3], count, p=[0.2, 0.2, 0.6])
    least = np.where(power > 7_400, 4_140.0, 1_380.0)
    slot = np.arange(SLOTS)
    there = (slot >= stay.arrive[:, None]) & (slot < stay.leave[:, None])
    energy = np.minimum(stay.energy_wh, 0.9 * power * HOURS * (stay.leave - stay.arrive))
    energy = np.maximum(energy, 2_000.0)
    return Storage(
        zone=zone,
        initial_wh=0.0,
        charge_w=there * power[:, None],
        discharge_w=0.0,
        hi_wh=energy,
        lo_wh=np.where(slot >= stay.leave[:, None] - 1, energy[:, None], 0.0),
        charge_min_w=least,
    )


def feeding_cars(zone: Ints, seed: int) -> Storage:
    """Cars that feed back: plugged in but for a trip in the evening, and leaving in the morning."""
    count = len(zone)
    draw, slot = stream(seed, "benchmark", "mixed", "feeding", count), np.arange(SLOTS)
    gone = draw.integers(14, 24, count)[:, None]
    back = gone + draw.integers(6, 16, count)[:, None]
    leave = np.clip(np.round(draw.normal(78, 4, count)), 66, SLOTS).astype(np.int64)[:, None]
    capacity = draw.choice([40_000.0, 58_000.0, 77_000.0], count)
    driven = draw.uniform(0.05, 0.25, count) * capacity
    away = (slot >= gone) & (slot < back)
    plugged = ~away & (slot < leave)
    power = draw.choice([7_400.0, 11_000.0], count)[:, None]
    due = np.where(slot == leave - 1, 0.7, 0.2) * capacity[:, None]
    return Storage(
        zone=zone,
        initial_wh=draw.uniform(0.5, 0.8, count) * capacity,
        charge_w=plugged * power,
        discharge_w=plugged * power,
        hi_wh=capacity,
        lo_wh=np.where(plugged, due, 0.0),
        draw_wh=away * (driven[:, None] / (back - gone)),
        efficiency_in=0.94,
        efficiency_out=0.94,
        wear=30_000.0,
    )


def buildings(zone: Ints, seed: int, least: float) -> Storage:
    """Heat pumps that keep buildings between 20 °C and 23 °C; the sun and people warm them, too."""
    count = len(zone)
    draw = stream(seed, "benchmark", "mixed", "buildings", count)
    loss = draw.uniform(100, 250, count)
    hours = draw.uniform(40, 100, count)  # capacity over loss
    gains = 200.0 + 800.0 * np.maximum(np.cos((HOUR - 13) * np.pi / 12), 0.0)
    heat_w = loss * (21.5 - OUTSIDE_C.min())
    power = 1.5 * heat_w / 3.5
    start = draw.uniform(20.5, 22.5, count)
    share = draw.uniform(0.5, 1.0, count)
    return heat_storage(
        zone,
        [
            heated_building(
                Building(
                    zone="",
                    power_w=float(power[row]),
                    capacity_wh_per_k=float(loss[row] * hours[row]),
                    loss_w_per_k=float(loss[row]),
                    initial_c=float(start[row]),
                    coolest_c=20.0,
                    warmest_c=23.0,
                    outside_c=OUTSIDE_C,
                    gains_w=share[row] * gains,
                    least_w=least * float(power[row]),
                ),
                STEP_S,
            )
            for row in range(count)
        ],
    )


def tanks(zone: Ints, seed: int) -> Storage:
    """Hot-water tanks, every second one with a heat pump; the others have a rod."""
    count = len(zone)
    draw = stream(seed, "benchmark", "mixed", "tanks", count)
    litres = draw.choice([150.0, 200.0, 300.0], count)
    start = draw.uniform(50, 60, count)
    habit = np.exp(-(((HOUR - 7) / 1.2) ** 2)) + 0.8 * np.exp(-(((HOUR - 20) / 2) ** 2)) + 0.05
    drawn = draw.gamma(0.5, 1.0, (count, SLOTS)) * habit
    drawn *= (draw.uniform(0.4, 0.9, count) * litres / drawn.sum(axis=1))[:, None]
    return heat_storage(
        zone,
        [
            heated_tank(
                WaterTank(
                    zone="",
                    power_w=1_000.0 if row % 2 else 3_000.0,
                    litres=float(litres[row]),
                    initial_c=float(start[row]),
                    warmest_c=62.0,
                    drawn_litres=drawn[row],
                    standing_loss_w=60.0,
                    outside_c=OUTSIDE_C if row % 2 else None,
                ),
                STEP_S,
            )
            for row in range(count)
        ],
    )


def heat_storage(zone: Ints, stores: Sequence[Tank]) -> Storage:
    """Columns of heat stores."""

    def column(name: str) -> Floats:
        return np.array([getattr(store, name) for store in stores])

    def by_slot(name: str) -> Floats:
        return np.array([np.broadcast_to(getattr(store, name), (SLOTS,)) for store in stores])

    return Storage(
        zone=zone,
        initial_wh=column("initial_wh"),
        charge_w=column("power_w"),
        discharge_w=0.0,
        hi_wh=by_slot("capacity_wh"),
        lo_wh=by_slot("least_wh"),
        efficiency_in=by_slot("heat_per_wh"),
        kept=column("kept"),
        draw_wh=by_slot("draw_wh"),
        charge_min_w=column("min_w"),
    )


def appliances(zone: Ints, seed: int) -> Runs:
    """Programmes that run through, of 4 to 11 steps, each within six to fourteen hours."""
    count = len(zone)
    draw = stream(seed, "benchmark", "mixed", "appliances", count)
    length = draw.integers(4, 12, count)
    first = draw.integers(0, 60, count)
    end = np.minimum(first + draw.integers(24, 57, count), SLOTS)
    power = draw.uniform(100, 600, (count, 11)) + 1_700 * (draw.random((count, 11)) < 0.35)
    return Runs(zone, first, end, length, power)


def solar_plants(zone: Ints, seed: int) -> Curtailable:
    """Roofs of 3 to 9 kW on a clear day in March; cutting them costs nothing."""
    count = len(zone)
    draw = stream(seed, "benchmark", "mixed", "solar", count)
    sun = np.maximum(np.cos((HOUR - 12.5) * np.pi / 12), 0.0) ** 1.5
    peak = draw.uniform(3_000, 9_000, (count, 1))
    return Curtailable(zone, 0.8 * peak * HOURS * sun * draw.uniform(0.9, 1.0, (count, SLOTS)))
