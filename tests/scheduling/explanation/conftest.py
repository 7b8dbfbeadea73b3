"""Small fleets whose needs and limits often cannot all be kept, and a judge of its own.

The judge binds needs and writes one linear programme without costs for the reference: it knows
nothing of the engine, of what was cut away, or of how explanations are found.
"""

from functools import cache
from types import SimpleNamespace

import numpy as np
import pytest
from msgspec.structs import replace

from gridpact.base.randomness import stream
from gridpact.scheduling.explanation.explain import explain
from gridpact.scheduling.fleet.assets import Battery, Car, GridConnection, V2gCar, build
from gridpact.scheduling.fleet.columns import Prices
from gridpact.scheduling.needs.binding.bind import bind
from gridpact.scheduling.needs.binding.model import Site, Stored
from gridpact.scheduling.needs.directory import Asset, Directory
from gridpact.scheduling.needs.model import (
    Assets,
    Direction,
    Group,
    PowerCap,
    PowerFloor,
    Run,
    StateOfCharge,
)
from gridpact.scheduling.needs.times import Moment, Window
from gridpact.scheduling.priorities.levels import Level
from gridpact.scheduling.reference.highs import Search
from gridpact.scheduling.reference.solve import optimum

ZONE, STEP, SLOTS = "Europe/Berlin", 1800, 24
START = 1_777_831_200 - 12 * 3600  # 8 am of 3 May 2026 in Berlin
TOUCH_WH = 1.0


def moment(slot):
    """The clock's time after a slot, every day."""
    return Moment((8 * 3600 + (slot + 1) * STEP) % 86_400)


def window(first, end):
    begin = 8 * 3600
    return Window((begin + first * STEP) % 86_400, (begin + end * STEP) % 86_400)


def random_case(seed, runs=False, size=None):
    """A site of 3–30 assets in one or two zones, with needs and limits that are often too tight."""
    draw = stream(seed, "conflicts")
    count = int(draw.integers(10, 31)) if draw.random() < 0.07 else int(draw.integers(3, 9))
    count = size or count
    zones = ["A", "B"][: int(draw.integers(1, 3))]
    objects, assets, places, charging = _assets(draw, count, zones)
    needs = [
        _state_of_charge(draw, f"need-{at}", asset)
        for at, asset in enumerate(assets)
        if draw.random() < 0.85
    ]
    if runs:
        assets.append(Asset(id="w", owner="owner-00", kind="run", zone="A", charge_w=2000))
        needs.append(_washing(assets[-1]))
    needs += _limits(draw, {zone: sum(one.zone == zone for one in assets) for zone in zones})
    loads = {"top": 100.0, **{name: draw.uniform(50, 300, SLOTS) for name in zones}}
    connections = [
        GridConnection(name, "" if name == "top" else "top", load_wh=load)
        for name, load in loads.items()
    ]
    above = {name: "" if name == "top" else "top" for name in loads}
    site = Site(
        fleet=build(SLOTS, STEP, connections, objects),
        prices=Prices(draw.uniform(50_000, 400_000, SLOTS)),
        start=START,
        timezone=ZONE,
        directory=Directory(
            tuple(sorted(assets, key=lambda one: one.id)), above, frozenset({"dso"})
        ),
        places=places,
        zones={name: at for at, name in enumerate(loads)},
        charging=charging,
    )
    return site, tuple(needs)


def _assets(draw, count, zones):
    """Cars, batteries and cars that feed back; two assets for each owner."""
    objects, assets, places, charging = [], [], {}, {}
    for at in range(count):
        name, zone = f"x{at:02}", str(draw.choice(zones))
        capacity, kind = 1000 * int(draw.integers(8, 40)), draw.random()
        if kind < 0.6:
            power = 1000.0 * int(draw.integers(4, 12))
            one = Car(zone, int(draw.integers(0, 6)), SLOTS, 0.0, power)
            charging[name] = Stored(round(0.2 * capacity), 0.9)
        elif kind < 0.8:
            one = Battery(zone, capacity, 4000.0, 0.3 * capacity)
        else:
            one = V2gCar(zone, 2, SLOTS, 0.2 * capacity, 0.0, capacity, 5000.0)
        table = "one_way" if kind < 0.6 else "storage"
        places[name] = (table, sum(place[0] == table for place in places.values()))
        owner = f"owner-{at // 2:02}"
        assets.append(Asset(id=name, owner=owner, kind="car", zone=zone, capacity_wh=capacity))
        objects.append(one)
    return objects, assets, places, charging


def _state_of_charge(draw, name, asset):
    return StateOfCharge(
        id=name,
        owner=asset.owner,
        subject=Assets((asset.id,)),
        at=moment(int(draw.integers(8, SLOTS - 1))),
        least_ppm=int(draw.integers(3000, 9000)) * 100,
        level=Level.WISHES if draw.random() < 0.2 else Level.NEEDS,
        note="a private matter",
    )


def _washing(asset):
    return Run(
        id="run-1", owner=asset.owner, subject=Assets((asset.id,)), window=window(2, 12),
        duration_s=7200,
    )  # fmt: skip


def _limits(draw, sizes):
    """A limit for each zone, sometimes one above them and a contract to give."""
    share, total = draw.uniform(0.05, 0.4), sum(sizes.values())
    for zone, size in sizes.items():
        span = int(draw.integers(0, 4)), int(draw.integers(18, SLOTS))
        yield _cap(f"limit-{zone}", zone, int(share * 2000 * size) + 600, span)
    if draw.random() < 0.4:
        yield _cap("limit-top", "top", int(share * 1500 * total) + 1500, (0, SLOTS - 1))
    if draw.random() < 0.4:
        first = int(draw.integers(4, 16))
        yield PowerFloor(
            id="contract", owner="dso", subject=Group("zone", (next(iter(sizes)),)),
            level=Level.CONTRACTS, window=window(first, first + 3), direction=Direction.GIVE,
            least_w=int(draw.integers(1, 8)) * 500,
        )  # fmt: skip


def _cap(name, zone, most, span):
    return PowerCap(
        id=name, owner="dso", subject=Group("zone", (zone,)), level=Level.GRID,
        window=window(*span), most_w=most,
    )  # fmt: skip


def least_missing(site, needs):
    """Least that shared limits are missed by [Wh] with all needs kept; infinite where none is."""
    firm = [replace(one, level=Level.NEEDS) if one.level is Level.WISHES else one for one in needs]
    bound = bind(site, firm)
    if bound.refused:
        return np.inf
    fleet, table = bound.fleet, bound.fleet.storage
    if table is not None and bound.needs.storage:
        shape = (len(table.zone), fleet.slots)
        low = np.asarray(table.lo_wh, float)
        low = np.array(np.broadcast_to(low[:, None] if low.ndim == 1 else low, shape))
        for asked in bound.needs.storage:
            for at, row in enumerate(asked.rows):
                low[row] = np.maximum(low[row], asked.lo_wh[at])
        fleet = replace(fleet, storage=replace(table, lo_wh=low, wear=0.0))
    elif table is not None:
        fleet = replace(fleet, storage=replace(table, wear=0.0))
    found = optimum(fleet, Prices(np.zeros(fleet.slots)), 1.0, Search())
    return np.inf if found is None else 1000 * found.cost


def as_settled(needs, conflicts, instead=None):
    """What is asked once conflicts are settled as taken, one of them by a proposal of its own."""
    asked = {need.id: need for need in needs}
    for one in conflicts:
        offer = one.proposals[one.taken] if one.taken is not None else None
        if instead is not None and one is instead[0]:
            offer = instead[1]
        for need in one.members[offer.member if offer else 0].needs:
            asked.pop(need.id, None)
        asked.update({need.id: need for need in (offer.needs if offer else ())})
    return list(asked.values())


@cache
def explained(seed, joint=False):
    """Site, needs and explanation of a random case; every fifth has a run."""
    site, needs = random_case(seed, runs=seed % 5 == 0)
    return site, needs, explain(site, needs, joint=joint)


def closer(asked, changed):
    """What a proposal would be one step nearer to what was asked; None where there is no such."""
    if isinstance(asked, StateOfCharge) and changed.least_ppm + 10_000 < asked.least_ppm:
        return replace(changed, least_ppm=changed.least_ppm + 10_000)
    if isinstance(asked, PowerCap):
        step = 10 ** max(len(str(asked.most_w)) - 3, 0)
        return replace(changed, most_w=changed.most_w - step)
    return None


@pytest.fixture(scope="session")
def conflict():
    return SimpleNamespace(
        case=random_case, missing=least_missing, touch=TOUCH_WH, slots=SLOTS, step=STEP,
        window=window, moment=moment, explained=explained, closer=closer, settled=as_settled,
    )  # fmt: skip
