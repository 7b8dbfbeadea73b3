"""A site of two homes, needs drawn for it, and a checker that walks through time slot by slot.

The checker knows needs and a schedule alone: no fleet column that binding has changed, and nothing
of how needs are bound.
"""

from datetime import datetime, timedelta
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from msgspec.structs import replace

from gridpact.base.randomness import stream
from gridpact.scheduling.fleet.assets import (
    Battery,
    Car,
    GridConnection,
    Pv,
    V2gCar,
    build,
)
from gridpact.scheduling.fleet.columns import Prices
from gridpact.scheduling.fleet.heat import (
    Building,
    WaterTank,
    building_temperature,
    heated_building,
    heated_tank,
    tank_temperature,
)
from gridpact.scheduling.needs.binding.model import Site, Stored
from gridpact.scheduling.needs.context import Context
from gridpact.scheduling.needs.directory import Asset, Directory
from gridpact.scheduling.needs.grammar.parse import parse

ZONE, STEP, SLOTS, HOURS = "Europe/Berlin", 1800, 48, 0.5
HOUSE = Building(
    zone="A", power_w=3_000, capacity_wh_per_k=8_000, loss_w_per_k=150, initial_c=20.5,
    coolest_c=14.0, warmest_c=26.0, outside_c=8.0,
)  # fmt: skip
BOILER = WaterTank(
    zone="B", power_w=3_000, litres=200, initial_c=50.0, warmest_c=70.0, coolest_c=20.0,
    standing_loss_w=60,
)  # fmt: skip
OWNERS = {"b1": "home-1", "c1": "home-1", "h1": "home-1", "w1": "home-1", "p1": "home-1",
          "c2": "home-2", "v2": "home-2", "t2": "home-2"}  # fmt: skip
KINDS = {"b": "battery", "c": "car", "h": "heat_pump", "w": "run", "p": "pv", "v": "car",
         "t": "tank"}  # fmt: skip
CAPACITY = {"b1": 10_000, "c1": 40_000, "c2": 50_000, "v2": 60_000}
HELD = {"c1": 12_000, "c2": 20_000}
PLACES = {"c1": ("one_way", 0), "c2": ("one_way", 1), "b1": ("storage", 0), "v2": ("storage", 1),
          "h1": ("storage", 2), "t2": ("storage", 3), "p1": ("curtailable", 0)}  # fmt: skip
WASHER_W = 2_000


def site(seed, day):
    """Two homes from local midnight of a day on."""
    draw = stream(seed, "needs binding")
    start = int(datetime.combine(day, datetime.min.time(), ZoneInfo(ZONE)).timestamp())
    sun = 4_000 * HOURS * np.clip(np.sin(np.linspace(-np.pi / 2, 3 * np.pi / 2, SLOTS)), 0, None)
    fleet = build(
        SLOTS,
        STEP,
        [
            GridConnection("top", load_wh=50.0),
            GridConnection("A", "top", load_wh=draw.uniform(50, 300, SLOTS)),
            GridConnection("B", "top", load_wh=draw.uniform(50, 300, SLOTS)),
        ],
        [
            Car("A", 0, 40, 2_000, 7_000),
            Car("B", 4, 48, 1_000, 11_000),
            Battery("A", 10_000, 5_000, 6_000, efficiency=0.95, wear=10_000.0),
            V2gCar("B", 0, 36, 30_000, 25_000, 60_000, 7_000, least_wh=5_000),
            heated_building(HOUSE, STEP),
            heated_tank(BOILER, STEP),
            Pv("A", sun),
        ],
    )
    assets = tuple(
        Asset(
            id=name, owner=owner, kind=KINDS[name[0]], zone="A" if owner == "home-1" else "B",
            capacity_wh=CAPACITY.get(name), charge_w=WASHER_W if name == "w1" else None,
        )
        for name, owner in sorted(OWNERS.items())
    )  # fmt: skip
    above = {"top": "", "A": "top", "B": "top"}
    return Site(
        fleet=fleet,
        prices=Prices(draw.uniform(50_000, 400_000, SLOTS)),
        start=start,
        timezone=ZONE,
        directory=Directory(assets, above, frozenset({"dso"})),
        places=PLACES,
        zones={"top": 0, "A": 1, "B": 2},
        buildings={"h1": HOUSE},
        tanks={"t2": BOILER},
        charging={name: Stored(held, 0.9) for name, held in HELD.items()},
    )


def _pool(draw, start):
    """Sentences, each with who says it; numbers and times are drawn."""

    def pick(low, high, step=1):
        return int(draw.integers(low // step, high // step + 1)) * step

    def hours(low, high, least=2):
        begin = pick(low, high - least)
        half = "30" if draw.random() < 0.3 else "00"
        return f"{begin:02}:{half}-{pick(begin + least, high):02}:00"

    until = datetime.fromtimestamp(start + pick(4, 20) * 3600, ZoneInfo("UTC"))
    since = until - timedelta(hours=2)
    told = f"from {since:%Y-%m-%dT%H:%M}Z until {until:%Y-%m-%dT%H:%M}Z"
    return [
        ("home-1", f"b1 >= {pick(20, 90, 10)}% at {pick(3, 20):02}:00"),
        ("home-1", f"b1 <= {pick(30, 90, 10)}% at {pick(3, 23):02}:30"),
        ("home-1", f"b1 2..{pick(5, 9)} kWh at {pick(3, 23):02}:30, need"),
        ("home-1", f"c1 >= {pick(40, 90, 10)}% by {pick(6, 12):02}:00"),
        ("home-1", f"c1 >= {pick(40, 90, 10)}% by {pick(6, 12):02}:00, wish"),
        ("home-2", f"c2 >= {pick(5, 25)} kWh {hours(2, 20, 4)}"),
        ("home-2", f"v2 >= {pick(50, 90, 10)}% by {pick(5, 17):02}:00"),
        ("dso", f"zone A <= {pick(2, 9)} kW {hours(0, 23)}, grid"),
        ("dso", f"zone A,B <= {pick(4, 12)} kW {hours(0, 23)}, grid"),
        ("dso", f"zone A gives <= {pick(0, 3)} kW {hours(8, 18)}, contract"),
        ("dso", f"zone B gives >= {pick(1, 4)} kW {hours(2, 17)}, contract"),
        ("dso", f"kind battery takes >= {pick(1, 3)} kWh {hours(2, 22)}, contract"),
        ("dso", f"community takes {pick(5, 10)}..{pick(20, 60)} kWh {hours(2, 22)}, contract"),
        ("home-1", f"h1 {pick(18, 20)}..{pick(22, 24)} C {hours(1, 23)}"),
        ("home-1", f"h1 >= {pick(18, 22)} C {hours(1, 23)}"),
        ("home-2", f"t2 {pick(40, 100, 10)} l at {pick(38, 48)} C at {pick(5, 22):02}:00"),
        ("home-1", f"w1 {pick(1, 3)} h {hours(6, 22, 4)}"),
        ("home-1", f"w1 {pick(1, 3)} h {hours(6, 22, 5)} interruptible"),
        ("home-1", f"w1 {pick(1, 3)} h {hours(6, 22, 4)}, cost <= {pick(1, 9) / 10}"),
        ("home-1", f"w1 1 h 2 times {hours(6, 22, 6)}, worth 0.2"),
        ("home-1", "w1 rests >= 1 h"),
        ("home-1", f"w1 quiet {hours(6, 10)}"),
        ("home-1", f"b1 unavailable {hours(6, 22)}"),
        ("home-2", f"v2 quiet {hours(0, 6)}"),
        ("home-1", f"c1 <= {pick(2, 6)} kW {hours(0, 12)}"),
        ("home-1", f"b1 gives <= {pick(0, 4)} kW {hours(0, 23)}"),
        ("home-1", f"p1 gives <= {pick(0, 3)} kW {hours(8, 18)}"),
        ("home-2", f"v2 charge at {pick(1, 5)} kW {told}"),
        ("home-1", f"b1 supply at {pick(1, 3)} kW {told}"),
        ("home-1", f"b1 stop {told}"),
        ("home-1", f"c1 off {told}"),
        ("home-1", f"b1 keeps up {pick(1, 3)} kW and down 1 kW for 45 min {hours(1, 20)}"),
        ("home-1", f"c1 cost <= {pick(2, 9)} all day"),
        ("home-2", f"c2 cost <= {pick(3, 9)} {hours(2, 20, 6)}"),
        ("home-1", f"b1 cost <= {pick(1, 8) / 10} {hours(0, 23, 6)}"),
        ("home-1", f"b1 cycles <= {pick(2, 9) / 10} per day"),
        ("home-2", f"v2 throughput <= {pick(1, 9)} MWh per year"),
        ("home-1", "p1 unavailable 12:00-13:00"),
    ]


def drawn(seed, site, count):
    """Needs of the site's owners, with identifiers."""
    draw = stream(seed, "needs drawn")
    pool = _pool(draw, site.start)
    chosen = draw.choice(len(pool), count, replace=False)
    return tuple(said(site, *pool[at], name=f"n{place:02}") for place, at in enumerate(chosen))


def said(site, owner, sentence, name="n00"):
    """A need that a sentence says before the horizon begins."""
    return replace(parse(sentence, Context(owner, site.start - 1, ZONE)), id=name)


def per_row(values):
    """One number for each row of storage."""
    return np.broadcast_to(np.asarray(values, float), 4)


def by_slot(values):
    """One number for each row of storage and slot."""
    array = np.asarray(values, float)
    return np.broadcast_to(array[:, None] if array.ndim == 1 else array, (4, SLOTS))


class Walk:
    """A schedule, slot by slot: energy of every asset, states simulated from the first on."""

    def __init__(self, site, schedules, rows):
        self.site, self.fleet, self.rows = site, site.fleet, rows
        self.taken = {
            name: self._taken(schedules, table, row) for name, (table, row) in PLACES.items()
        }
        self.runs = np.asarray(schedules.runs_wh)
        self.charge, self.discharge = schedules.charge_wh, schedules.discharge_wh
        own = {zone: np.array(self.fleet.zones.load_wh[row]) for zone, row in site.zones.items()}
        for name, owner in OWNERS.items():
            if name in PLACES:
                own["A" if owner == "home-1" else "B"] += self.taken[name]
        own["A"] += self.runs.sum(axis=0)
        own["top"] = own["top"] + own["A"] + own["B"]
        self.zones = own

    def _taken(self, schedules, table, row):
        if table == "one_way":
            return np.array(schedules.one_way_wh[row])
        if table == "curtailable":
            return -np.array(schedules.output_wh[row])
        return np.array(schedules.charge_wh[row] - schedules.discharge_wh[row])

    def states(self, name, draws=()):
        """State at every slot's begin and at the end [slots + 1], drawing more in some slots."""
        if name in HELD:
            gained = 0.9 * np.cumsum(self.taken[name])
            return np.concatenate([[HELD[name]], HELD[name] + gained])
        table, row = self.fleet.storage, PLACES[name][1]
        extra = np.zeros(SLOTS)
        for slot, heat in draws:
            extra[slot] += heat
        found = [float(table.initial_wh[row])]
        for slot in range(SLOTS):
            into = by_slot(table.efficiency_in)[row, slot]
            draw = by_slot(table.draw_wh)[row, slot] + extra[slot]
            given = self.discharge[row, slot] / per_row(table.efficiency_out)[row]
            moved = into * self.charge[row, slot] - given - draw
            found.append(per_row(table.kept)[row] * found[-1] + moved)
        return np.array(found)

    def temperatures(self, name, draws=()):
        if name == "h1":
            return building_temperature(HOUSE, self.states(name))
        return tank_temperature(BOILER, self.states(name, draws))


@pytest.fixture(scope="session")
def case():
    return SimpleNamespace(
        site=site, drawn=drawn, said=said, Walk=Walk, slots=SLOTS, step=STEP, hours=HOURS,
        zone=ZONE, boiler=BOILER, washer_w=WASHER_W, held=HELD, capacity=CAPACITY,
    )  # fmt: skip
