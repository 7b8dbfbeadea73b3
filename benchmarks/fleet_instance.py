"""The fleet of the benchmark: as many one-way cars as home batteries, over a night.

96 quarter-hours from noon to noon; zones whose import limit is 45 % of what they would take
uncoordinated, which is reached in about 13 % of slots and priced in 18 %; and two windows that
couple all zones, an import limit from 02:15 to 04:15 and a delivery of 30 % of all battery power
from 18:00 to 20:00.
"""

from __future__ import annotations

import msgspec
import numpy as np

from gridpact.base.randomness import stream
from gridpact.base.units import Floats, Ints
from gridpact.scheduling.fleet.columns import Fleet, OneWay, Portfolio, Prices, Storage, Zones
from gridpact.scheduling.fleet.options import Options
from gridpact.scheduling.fleet.solve import solve

SLOTS, STEP_S = 96, 900
HOURS = STEP_S / 3600
SCARCE = 0.45
"""Limit of a zone as a part of what it would take at most uncoordinated."""
POWERS_W = (3_700.0, 7_400.0, 11_000.0, 22_000.0)
"""Powers of chargers."""


def benchmark_fleet(assets: int, zones: int | None = None, seed: int = 1) -> tuple[Fleet, Prices]:
    """``assets`` cars and as many batteries in ``zones`` (default: 250 of each per zone)."""
    zones = zones or max(2, assets // 250)
    zone = np.arange(assets) * zones // assets
    store = batteries(assets, zone, seed)
    fleet = Fleet(
        slots=SLOTS,
        step_s=STEP_S,
        zones=Zones(np.full(zones, -1)),
        one_way=cars(assets, zone, seed),
        storage=store,
    )
    price = price_of(seed)
    limit_w = SCARCE * uncoordinated(fleet, price).max(axis=1) / HOURS
    power_w = float(np.sum(store.discharge_w))
    limited = msgspec.structs.replace(
        fleet,
        zones=Zones(np.full(zones, -1), limit_w),
        portfolio=windows(zones, float(limit_w.sum()), power_w),
    )
    return limited, Prices(price)


def price_of(seed: int) -> Floats:
    """Two peaks, two valleys and noise [µ¤/kWh]."""
    hour = (12 + np.arange(SLOTS) * HOURS) % 24
    price = np.full(SLOTS, 140_000.0)
    for height, at, width in ((90, 19, 2.0), (50, 8, 1.5), (-50, 13.5, 2.0), (-40, 3.5, 2.5)):
        price += height * 1000 * np.exp(-(((hour - at) / width) ** 2))
    noise = stream(seed, "benchmark", "fleet", "price").standard_normal(SLOTS)
    return np.asarray(price + 6_000 * noise)


def cars(count: int, zone: Ints, seed: int) -> OneWay:
    """Cars that come in the evening, or before, and leave in the morning."""
    draw = stream(seed, "benchmark", "fleet", "cars", count)
    arrive = np.clip(np.round(draw.normal(24, 8, count)), 0, 70).astype(np.int64)
    leave = np.round(draw.normal(78, 4, count)).astype(np.int64)
    leave = np.minimum(np.maximum(leave, arrive + 8), SLOTS)
    power = draw.choice(POWERS_W, count, p=[0.15, 0.45, 0.35, 0.05])
    wanted = np.minimum(draw.gamma(3.0, 5_000.0, count), 60_000) / draw.uniform(0.88, 0.95, count)
    energy = np.minimum(wanted, 0.9 * power * HOURS * (leave - arrive))
    return OneWay(zone, arrive, leave, energy, power)


def batteries(count: int, zone: Ints, seed: int) -> Storage:
    """Home batteries of four models and many ages, at the end as full as at the start."""
    draw = stream(seed, "benchmark", "fleet", "batteries", count)
    model = draw.integers(0, 4, count)
    capacity = np.array([5_000.0, 10_000.0, 13_500.0, 20_000.0])[model]
    capacity *= draw.uniform(0.8, 1.0, count)
    power = np.array([2_500.0, 5_000.0, 5_000.0, 10_000.0])[model]
    state = capacity * draw.uniform(0.1, 0.9, count)
    return Storage(
        zone=zone,
        initial_wh=state,
        charge_w=power,
        discharge_w=power,
        hi_wh=capacity,
        terminal_wh=state,
        efficiency_in=draw.uniform(0.93, 0.97, count),
        efficiency_out=draw.uniform(0.93, 0.97, count),
        wear=10_000.0,
    )


def uncoordinated(fleet: Fleet, price: Floats) -> Floats:
    """What zones take if every asset answers the price alone [zones, slots] Wh."""
    return solve(fleet, Prices(price), Options(method="engine")).net_wh


def windows(zones: int, limit_w: float, power_w: float) -> Portfolio:
    """One row per slot of each window, over all zones together.

    ``limit_w`` is the sum of the zones' limits, ``power_w`` that of all batteries' power.
    """
    night, evening = np.arange(57, 65), np.arange(24, 32)
    first = np.concatenate([evening, night])
    upper = np.concatenate([np.full(8, -0.3 * power_w), np.full(8, 0.88 * limit_w)]) * HOURS
    none = np.zeros(0, np.int64)
    return Portfolio(
        set_of_row=np.zeros(16, np.int64),
        first=first,
        end=first + 1,
        lower_wh=np.full(16, -np.inf),
        upper_wh=upper,
        zone_set=np.zeros(zones, np.int64),
        zone=np.arange(zones),
        asset_set=none,
        asset_table=none,
        asset=none,
    )
