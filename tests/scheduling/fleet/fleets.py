"""Random small fleets of every class and mix, for tests of all that solves them."""

import numpy as np

from gridpact.base.randomness import stream
from gridpact.scheduling.fleet.columns import (
    Curtailable,
    Fleet,
    Generators,
    OneWay,
    Portfolio,
    Prices,
    Runs,
    Storage,
    Zones,
)

STEP_S = 900
HOURS = STEP_S / 3600
CONTINUOUS = ("one_way", "storage", "curtailable")
DISCRETE = ("runs", "generators", "stepped")
PRICES = ("any", "flat", "two", "spiky", "negative")


def random_fleet(seed, kinds=CONTINUOUS, prices=None, slots=(8, 24), assets=(1, 12), tight=None):
    """A fleet of up to 12 assets of these kinds, in 1 to 4 nested zones, and its prices.

    ``tight`` scales limits: 1 is about what the fleet needs, None is drawn. ``stepped`` as a kind
    is storage with least powers or steps.
    """
    draw = stream(seed, "fleets", *kinds)
    slots = int(draw.integers(slots[0], slots[1] + 1))
    zones = int(draw.integers(1, 5))
    parent = np.array([int(draw.integers(-1, z)) if z else -1 for z in range(zones)])
    number = draw.multinomial(
        int(draw.integers(assets[0], assets[1] + 1)), np.full(len(kinds), 1 / len(kinds))
    )
    counts = dict(zip(kinds, number.tolist(), strict=True))
    place = {kind: draw.integers(0, zones, count) for kind, count in counts.items()}
    tables = {
        "one_way": _cars(draw, place.get("one_way"), slots),
        "storage": _stores(draw, place, slots),
        "curtailable": _solar(draw, place.get("curtailable"), slots),
        "runs": _runs(draw, place.get("runs"), slots),
        "generators": _generators(draw, place.get("generators"), slots),
    }
    fleet = Fleet(
        slots=slots,
        step_s=STEP_S,
        zones=_zones(draw, parent, slots, tight),
        portfolio=_portfolio(draw, tables, slots, zones),
        **tables,
    )
    return fleet, _prices(draw, parent, slots, prices)


def _prices(draw, parent, slots, kind):
    kind = kind or str(draw.choice(PRICES))
    usual = draw.uniform(50_000, 400_000, slots)
    buy = {
        "any": usual,
        "flat": np.full(slots, 250_000.0),
        "two": np.where(np.arange(slots) % 8 < 4, 180_000.0, 320_000.0),
        "spiky": np.where(draw.random(slots) < 0.15, 3_000_000.0, 100_000.0),
        "negative": usual - 350_000,
    }[kind]
    if draw.random() < 0.5:
        return Prices(buy)
    meter = ~np.isin(np.arange(len(parent)), parent)
    buy = np.tile(buy, (len(parent), 1))
    return Prices(buy, buy - (meter * draw.uniform(0, 200_000, len(parent)))[:, None])


def _zones(draw, parent, slots, tight):
    zones = len(parent)
    scale = draw.uniform(0.3, 2.0) if tight is None else tight
    limits = [
        np.where(draw.random(zones) < 0.7, scale * draw.uniform(low, 15_000, zones), np.inf)
        for low in (4_000, 2_000)
    ]
    varying = draw.uniform(0.7, 1.0, slots) if draw.random() < 0.5 else np.ones(slots)
    load = draw.uniform(-200, 400, (zones, slots))
    return Zones(parent, limits[0][:, None] * varying, limits[1][:, None] * varying, load)


def _cars(draw, zone, slots):
    if zone is None or not len(zone):
        return None
    count = len(zone)
    arrive = draw.integers(0, slots - 2, count)
    leave = np.minimum(arrive + draw.integers(2, slots, count), slots)
    power = draw.uniform(2_000, 11_000, count)
    energy = power * HOURS * (leave - arrive) * draw.uniform(0.1, 0.9, count)
    if draw.random() < 0.3:  # a power that varies from slot to slot, nought in some
        power = np.where(draw.random((count, slots)) < 0.2, 0.0, power[:, None])
        inside = (np.arange(slots) >= arrive[:, None]) & (np.arange(slots) < leave[:, None])
        energy = np.minimum(energy, 0.9 * HOURS * (power * inside).sum(axis=1))
        power[:, -1] = np.maximum(power[:, -1], 1.0)
    return OneWay(zone, arrive, leave, energy, power)


def _stores(draw, place, slots):
    """Batteries and tanks, then ones with least powers, steps or ramps."""
    free, stepped = place.get("storage", ()), place.get("stepped", ())
    zone = np.concatenate([free, stepped]).astype(np.int64)
    count = len(zone)
    if not count:
        return None
    is_stepped = np.arange(count) >= len(free)
    size = draw.uniform(3_000, 15_000, count)
    start = size * draw.uniform(0.3, 0.7, count)
    leaky = ~is_stepped & (draw.random(count) < 0.4)
    power = np.where(leaky[:, None], draw.uniform(2_000, 6_000, (count, slots)), 4_000.0)
    reserve = np.where(draw.random((count, slots)) < 0.1, 0.25 * size[:, None], 0.0)
    return Storage(
        zone=zone,
        initial_wh=start,
        charge_w=power,
        discharge_w=np.where(leaky[:, None], 0.0, power),
        hi_wh=size,
        lo_wh=np.where(leaky[:, None], 0.0, reserve),
        terminal_wh=np.where(leaky | is_stepped, 0.0, start * 0.9),
        efficiency_in=draw.uniform(0.85, 1.0, count),
        efficiency_out=draw.uniform(0.85, 1.0, count),
        kept=np.where(leaky, 0.99, 1.0),
        draw_wh=np.where(leaky[:, None], draw.uniform(0, 150, (count, slots)), 0.0),
        wear=np.where(draw.random(count) < 0.7, draw.uniform(0, 30_000, count), 0.0),
        charge_min_w=np.where(is_stepped & (draw.random(count) < 0.6), 1_400.0, 0.0),
        charge_step_w=np.where(is_stepped & (draw.random(count) < 0.3), 1_300.0, 0.0),
        discharge_min_w=np.where(is_stepped & (draw.random(count) < 0.3), 1_000.0, 0.0),
    )


def _solar(draw, zone, slots):
    if zone is None or not len(zone):
        return None
    count = len(zone)
    forecast = draw.uniform(0, 1_500, (count, slots))
    cost = np.where(draw.random(count) < 0.5, 10_000.0, 0.0)
    return Curtailable(zone, forecast, cost, np.where(draw.random(count) < 0.3, 0.4, 0.0))


def _runs(draw, zone, slots):
    if zone is None or not len(zone):
        return None
    count = len(zone)
    apart = draw.random(count) < 0.5
    length = draw.integers(1, 4, count)
    times = np.where(~apart & (draw.random(count) < 0.3), 2, 1)
    pause = draw.integers(0, 2, count)
    room = times * (length + pause) + draw.integers(1, slots, count)
    first = draw.integers(0, max(slots - 8, 1), count)
    return Runs(
        zone=zone,
        first=first,
        end=np.minimum(first + np.maximum(room, 8), slots),
        length=length,
        power_w=draw.uniform(300, 2_500, (count, 3)),
        interruptible=apart,
        min_on=np.where(apart & (length > 1), draw.integers(1, 3, count), 1),
        min_off=draw.integers(1, 3, count),
        times=times,
        pause=pause,
        most_starts=draw.integers(0, 3, count),
        value=np.where(draw.random(count) < 0.3, draw.uniform(0, 500_000, count), np.inf),
    )


def _generators(draw, zone, slots):
    if zone is None or not len(zone):
        return None
    count = len(zone)
    most = draw.uniform(1_000, 5_000, count)
    return Generators(
        zone=zone,
        max_w=most,
        min_w=most * draw.choice([0.0, 0.3, 0.6], count),
        fuel=draw.uniform(100_000, 300_000, count),
        idle_cost=draw.choice([0.0, 5_000.0], count),
        start_cost=draw.choice([0.0, 100_000.0], count),
        min_up=draw.integers(1, 4, count),
        min_down=draw.integers(1, 4, count),
        before=draw.choice([-9, -2, 1, 9], count),
    )


def _portfolio(draw, tables, slots, zones):
    """Up to 4 rows on two overlapping sets: a zone and two assets, three other assets."""
    rows = int(draw.integers(0, 5))
    first = draw.integers(0, slots - 1, rows)
    filled = [at for at, table in enumerate(tables.values()) if table is not None]
    named = [int(draw.choice(filled)) for _ in range(5)] if filled else []
    sizes = [0 if table is None else len(table.zone) for table in tables.values()]
    return Portfolio(
        set_of_row=draw.integers(0, 2, rows),
        first=first,
        end=np.minimum(first + draw.integers(1, 4, rows), slots),
        lower_wh=np.where(draw.random(rows) < 0.4, draw.uniform(-3_000, 1_000, rows), -np.inf),
        upper_wh=np.where(draw.random(rows) < 0.6, draw.uniform(1_000, 5_000, rows), np.inf),
        zone_set=np.array([0]),
        zone=np.array([zones - 1]),
        asset_set=np.array([0, 0, 1, 1, 1][: len(named)], np.int64),
        asset_table=np.array(named, np.int64),
        asset=np.array([int(draw.integers(0, sizes[at])) for at in named], np.int64),
    )
