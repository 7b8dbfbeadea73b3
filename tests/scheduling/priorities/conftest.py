"""Small fleets whose needs may be missed, and a true sequence of linear programmes for them.

The programmes say what is missing with columns of its own, know nothing of make-up slots, and share
no code with what is tested.
"""

from types import SimpleNamespace

import numpy as np
import pytest
from scipy.optimize import linprog
from scipy.sparse import csr_array

from gridpact.base.randomness import stream
from gridpact.scheduling.fleet.columns import (
    Curtailable,
    Fleet,
    OneWay,
    Portfolio,
    Prices,
    Storage,
    Zones,
)
from gridpact.scheduling.priorities.levels import Level
from gridpact.scheduling.priorities.needs import NOTHING, Needs, StorageNeed

HOURS = 0.25


class Programme:
    """Columns and rows one by one; ``missing`` lists the columns of each level."""

    def __init__(self):
        self.cost, self.low, self.high, self.rows, self.right = [], [], [], [], []
        self.missing = {level: [] for level in Level}

    def column(self, low=0.0, high=np.inf, cost=0.0, level=None):
        self.cost.append(cost)
        self.low.append(low)
        self.high.append(high)
        if level is not None:
            self.missing[level].append(len(self.cost) - 1)
        return len(self.cost) - 1

    def most(self, entries, right):
        """Σ entries ≤ right."""
        self.rows.append(entries)
        self.right.append(right)

    def equal(self, entries, right):
        self.most(entries, right)
        self.most([(column, -factor) for column, factor in entries], -right)

    def minimise(self, cost):
        at = [row for row, entries in enumerate(self.rows) for _ in entries]
        column = [column for entries in self.rows for column, _ in entries]
        value = [value for entries in self.rows for _, value in entries]
        matrix = csr_array((value, (at, column)), shape=(len(self.rows), len(self.cost)))
        bounds = np.column_stack([self.low, self.high])
        found = linprog(cost, matrix, self.right, bounds=bounds, method="highs")
        assert found.status == 0, found.message
        return float(found.fun)

    def in_turn(self):
        """Least loss of each level in turn [Wh], then the least cost [nano-¤]."""
        losses = []
        for level in Level:
            cost = np.zeros(len(self.cost))
            cost[self.missing[level]] = 1.0
            least = self.minimise(cost) if self.missing[level] else 0.0
            losses.append(least)
            self.most([(column, 1.0) for column in self.missing[level]], least + 1e-6)
        return losses, self.minimise(np.array(self.cost))


def in_turn(fleet, prices, needs):
    """Solve level by level."""
    lp, slots = Programme(), fleet.slots
    zones, parent = len(fleet.zones.parent), fleet.zones.parent
    net = [[[] for _ in range(slots)] for _ in range(zones)]
    cars = _cars(lp, fleet, needs, net)
    _stores(lp, fleet, needs, net)
    _solar(lp, fleet, net)
    buy = np.broadcast_to(prices.buy, (zones, slots))
    sell = buy if prices.sell is None else prices.sell
    for zone in range(zones):
        for slot in range(slots):
            bought = lp.column(cost=buy[zone, slot])
            sold = lp.column(cost=-sell[zone, slot])
            entries = [*net[zone][slot], (bought, -1.0), (sold, 1.0)]
            lp.equal(entries, -fleet.zones.load_wh[zone, slot])
    inside = [[z for z in range(zones) if _is_in(parent, z, top)] for top in range(zones)]
    for zone in range(zones):
        for slot in range(slots):
            taken = [pair for z in inside[zone] for pair in net[z][slot]]
            fixed = sum(fleet.zones.load_wh[z, slot] for z in inside[zone])
            for sign, limit in (
                (1, fleet.zones.import_limit_w),
                (-1, fleet.zones.export_limit_w),
            ):
                if np.isfinite(limit[zone]):
                    over = (lp.column(level=Level.GRID), -1.0)
                    right = limit[zone] * HOURS - sign * fixed
                    lp.most([(c, sign * f) for c, f in taken] + [over], right)
    _rows(lp, fleet, needs, (net, cars), inside)
    return lp.in_turn()


def _is_in(parent, zone, top):
    while zone >= 0:
        if zone == top:
            return True
        zone = parent[zone]
    return False


def _cars(lp, fleet, needs, net):
    table, made = fleet.one_way, []
    for car in range(len(table.zone)):
        due = []
        for slot in range(table.arrive[car], table.leave[car]):
            x = lp.column(high=table.power_w[car] * HOURS)
            net[table.zone[car]][slot].append((x, 1.0))
            due.append((x, 1.0))
        made.append(dict(zip(range(table.arrive[car], table.leave[car]), due, strict=True)))
        wish = needs.wish_wh[car]
        due.append((lp.column(high=table.energy_wh[car] - wish, level=Level.NEEDS), 1.0))
        due.append((lp.column(high=wish, level=Level.WISHES), 1.0))
        lp.equal(due, table.energy_wh[car])
    return made


def _stores(lp, fleet, needs, net):
    table = fleet.storage
    for row in range(len(table.zone)):
        bounds = {level: np.full(fleet.slots, NOTHING) for level in Level}
        for need in needs.storage:
            for at in np.flatnonzero(need.rows == row):
                bounds[need.level] = np.maximum(bounds[need.level], need.lo_wh[at])
        before = None
        for slot in range(fleet.slots):
            asked = bounds[Level.NEEDS][slot], bounds[Level.WISHES][slot]
            before = _state(lp, table, net[table.zone[row]], (row, slot, before), asked)


def _state(lp, table, net, place, asked):
    """State after a slot: what is reached, plus what is made up to what is asked."""
    row, slot, before = place
    (need, wish), kept = asked, table.kept[row]
    c = lp.column(high=table.charge_w[row] * HOURS)
    d = lp.column(high=table.discharge_w[row] * HOURS, cost=table.wear[row])
    net[slot] += [(c, 1.0), (d, -1.0)]
    lo, draw = table.lo_wh[row], table.draw_wh[row, slot]
    heats = table.discharge_w[row] == 0
    floor = kept * lo - draw if max(asked) > NOTHING and heats else lo
    reached = lp.column(low=floor, high=table.hi_wh[row])
    moves = [(c, table.efficiency_in[row]), (d, -1 / table.efficiency_out[row])]
    start = kept * table.initial_wh[row] if before is None else 0.0
    if before is not None:
        moves.append((before, kept))
    lp.equal([(reached, 1.0)] + [(x, -f) for x, f in moves], start - draw)
    made = []
    if need > NOTHING:
        made.append((lp.column(level=Level.NEEDS, high=need - floor), -1.0))
    if wish > NOTHING:
        most = max(wish - max(need, floor), 0.0)
        made.append((lp.column(level=Level.WISHES, high=most), -1.0))
    after = lp.column(low=max(lo, need, wish), high=table.hi_wh[row])
    lp.equal([(after, 1.0), (reached, -1.0), *made], 0.0)
    return after


def _solar(lp, fleet, net):
    table = fleet.curtailable
    for row in range(len(table.zone)):
        for slot in range(fleet.slots):
            most = table.forecast_wh[row, slot]
            cut = lp.column(high=most, cost=table.cost)
            fixed = lp.column(low=most, high=most)
            net[table.zone[row]][slot] += [(fixed, -1.0), (cut, 1.0)]


def _rows(lp, fleet, needs, taken_by, inside):
    portfolio, (net, cars) = fleet.portfolio, taken_by
    for row, own in enumerate(portfolio.set_of_row):
        zones = {z for top in portfolio.zone[portfolio.zone_set == own] for z in inside[top]}
        window = range(portfolio.first[row], portfolio.end[row])
        taken = [pair for z in zones for slot in window for pair in net[z][slot]]
        for car in portfolio.asset[portfolio.asset_set == own]:
            if fleet.one_way.zone[car] not in zones:
                taken += [pair for slot, pair in cars[car].items() if slot in window]
        fixed = sum(fleet.zones.load_wh[z, slot] for z in zones for slot in window)
        level = Level(needs.row_level[row])
        for sign, bound in ((1, portfolio.upper_wh[row]), (-1, portfolio.lower_wh[row])):
            if np.isfinite(bound):
                over = (lp.column(level=level), -1.0)
                lp.most([(c, sign * f) for c, f in taken] + [over], sign * (bound - fixed))


def random_case(seed, bands=False, tight=1.0):
    """A fleet, its prices, and needs that its limits may not allow.

    With ``bands`` tanks ask for a comfort band in every slot, else needs are at the end.
    """
    draw = stream(seed, "priorities", int(bands))
    slots, zones = int(draw.integers(5, 13)), int(draw.integers(1, 4))
    parent = np.array([int(draw.integers(-1, z)) if z else -1 for z in range(zones)])
    buy = draw.uniform(50_000, 400_000, slots)
    sell = None
    if draw.random() < 0.5:
        buy = np.tile(buy, (zones, 1))
        sell = buy - np.where(np.isin(np.arange(zones), parent), 0.0, 30_000)[:, None]
    storage, asked = _draw_stores(draw, slots, zones, bands)
    cars = int(draw.integers(1, 6))
    one_way = _draw_cars(draw, cars, slots, zones)
    portfolio = _draw_rows(draw, slots, zones, bands)
    limits = [np.where(draw.random(zones) < 0.7, tight * draw.uniform(low, 9_000, zones), np.inf)
              for low in (1_000, 500)]  # fmt: skip
    fleet = Fleet(
        slots=slots,
        step_s=900,
        zones=Zones(parent, *limits, draw.uniform(-100, 400, (zones, slots))),
        one_way=one_way,
        storage=storage,
        curtailable=Curtailable(draw.integers(0, zones, 1), draw.uniform(0, 900, (1, slots)), 5e3),
        portfolio=portfolio,
    )
    needs = Needs(
        wish_wh=one_way.energy_wh * draw.choice([0.0, 0.3], cars),
        storage=asked,
        row_level=draw.integers(0, 2, len(portfolio.set_of_row)),
    )
    return fleet, Prices(buy, sell), needs


def _draw_cars(draw, count, slots, zones):
    arrive = draw.integers(0, slots - 2, count)
    leave = np.minimum(arrive + draw.integers(2, slots, count), slots)
    power = draw.uniform(2_000, 11_000, count)
    energy = power * HOURS * (leave - arrive) * draw.uniform(0.2, 1.1, count)
    return OneWay(draw.integers(0, zones, count), arrive, leave, energy, power)


def _draw_stores(draw, slots, zones, bands):
    count = int(draw.integers(1, 5))
    size = draw.uniform(3_000, 9_000, count)
    heats = np.full(count, bands) & (draw.random(count) < 0.7)
    asked = np.full((count, slots), NOTHING)
    asked[~heats, -1] = (size * draw.uniform(0.3, 1.0, count))[~heats]
    if bands:
        asked[heats] = (size * draw.uniform(0.2, 0.7, count))[heats, None]
    level = draw.choice([Level.NEEDS, Level.WISHES], count)
    storage = Storage(
        zone=draw.integers(0, zones, count),
        initial_wh=size * draw.uniform(0.1, 0.5, count),
        charge_w=draw.uniform(2_000, 6_000, count),
        discharge_w=np.where(heats, 0.0, draw.uniform(2_000, 6_000, count)),
        hi_wh=size,
        lo_wh=np.zeros(count),
        efficiency_in=np.where(heats, 2.5, draw.uniform(0.85, 1.0, count)),
        efficiency_out=np.where(heats, 1.0, draw.uniform(0.85, 1.0, count)),
        kept=np.where(heats, 0.97, 1.0),
        draw_wh=np.where(heats[:, None], draw.uniform(0, 900, (count, slots)), 0.0),
        wear=draw.uniform(0, 20_000, count),
    )
    needs = tuple(
        StorageNeed(np.flatnonzero(level == one), asked[level == one], Level(one))
        for one in (Level.NEEDS, Level.WISHES)
    )
    if not bands:  # both levels after the last slot
        low = np.where(np.isfinite(asked), asked * 0.5, NOTHING)
        wished = level == Level.WISHES
        needs += (StorageNeed(np.flatnonzero(wished), low[wished], Level.NEEDS),)
    return storage, needs


def _draw_rows(draw, slots, zones, bands):
    rows = int(draw.integers(0, 4))
    first = draw.integers(0, slots - 1, rows)
    length = 1 if bands else draw.integers(1, 4, rows)
    lower = np.where(draw.random(rows) < 0.6, draw.uniform(-2_000, 3_000, rows), -np.inf)
    upper = np.where(draw.random(rows) < 0.5, draw.uniform(0, 2_000, rows), np.inf)
    return Portfolio(
        set_of_row=draw.integers(0, 2, rows),
        first=first,
        end=np.minimum(first + length, slots),
        lower_wh=np.minimum(lower, upper),
        upper_wh=upper,
        zone_set=np.array([0, 1]),
        zone=np.array([0, zones - 1]),
        asset_set=np.array([1]),
        asset_table=np.array([0]),
        asset=np.array([0]),
    )


@pytest.fixture(scope="session")
def small():
    return SimpleNamespace(case=random_case, in_turn=in_turn)
