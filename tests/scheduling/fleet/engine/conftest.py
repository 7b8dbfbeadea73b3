"""Random small fleets and their mathematical programme; shares no code with the engine."""

from types import SimpleNamespace

import numpy as np
import pytest
from scipy.optimize import Bounds, LinearConstraint, milp
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


def ancestors(parent, zone):
    """A zone and all zones above it."""
    chain = []
    while zone >= 0:
        chain.append(zone)
        zone = int(parent[zone])
    return chain


class Programme:
    """min cost · x over rows; columns and rows are added one by one."""

    def __init__(self):
        self.cost, self.lo, self.hi = [], [], []
        self.rows, self.lower, self.upper = [], [], []
        self.whole = []

    def column(self, cost=0.0, lo=0.0, hi=np.inf, whole=False):
        self.whole.append(whole)
        self.cost.append(cost)
        self.lo.append(lo)
        self.hi.append(hi)
        return len(self.cost) - 1

    def row(self, entries, lower, upper):
        self.rows.append(entries)
        self.lower.append(lower)
        self.upper.append(upper)

    def solve(self):
        at = [row for row, entries in enumerate(self.rows) for _ in entries]
        pairs = [pair for entries in self.rows for pair in entries]
        places = (at, [column for column, _ in pairs])
        matrix = csr_array(([v for _, v in pairs], places), shape=(len(self.rows), len(self.cost)))
        return milp(
            self.cost,
            constraints=LinearConstraint(matrix, self.lower, self.upper),
            bounds=Bounds(self.lo, self.hi),
            integrality=np.array(self.whole, int),
            options={"mip_rel_gap": 1e-9},
        )


def spread(values, shape):
    array = np.asarray(values, float)
    return np.broadcast_to(array[:, None] if array.ndim == 1 else array, shape)


def optimum(fleet, prices, penalty):
    """Least cost [nano-¤]; missing a limit costs ``penalty`` [µ¤/kWh].

    Storage gets a binary per slot where prices are negative, else charging and discharging at once
    only wastes.
    """
    lp, slots = Programme(), fleet.slots
    zones = len(fleet.zones.parent)
    buy = np.broadcast_to(np.asarray(prices.buy, float), (zones, slots))
    sell = (
        buy if prices.sell is None else np.broadcast_to(np.asarray(prices.sell, float), buy.shape)
    )
    net = [[[] for _ in range(slots)] for _ in range(zones)]  # own assets' entries
    assets = {}
    for name, add in (("one_way", _cars), ("storage", _stores), ("curtailable", _solar)):
        if getattr(fleet, name) is not None:
            assets[name] = add(lp, fleet, net)
    if sell.min() < 0 or np.min(prices.buy) < 0:
        _never_both(lp, fleet, assets["storage"])
    load = spread(fleet.zones.load_wh, (zones, slots))
    for zone in range(zones):
        for slot in range(slots):
            bought = lp.column(buy[zone, slot])
            sold = lp.column(-sell[zone, slot])
            own = [*net[zone][slot], (bought, -1.0), (sold, 1.0)]
            lp.row(own, -load[zone, slot], -load[zone, slot])
    _zone_limits(lp, fleet, net, load, penalty)
    _portfolio(lp, fleet, net, assets, load, penalty)
    result = lp.solve()
    assert result.status == 0, result.message
    return float(result.fun)


def _cars(lp, fleet, net):
    table, made = fleet.one_way, []
    power = spread(table.power_w, (len(table.zone), fleet.slots)) * fleet.hours
    for car in range(len(table.zone)):
        entries = []
        for slot in range(int(table.arrive[car]), int(table.leave[car])):
            x = lp.column(0.0, 0.0, power[car, slot])
            net[table.zone[car]][slot].append((x, 1.0))
            entries.append((slot, [(x, 1.0)]))
        lp.row([pair for _, part in entries for pair in part], *[table.energy_wh[car]] * 2)
        made.append(entries)
    return made


def _stores(lp, fleet, net):
    table, slots, made = fleet.storage, fleet.slots, []
    count = len(table.zone)
    get = {
        name: spread(np.broadcast_to(getattr(table, name), (count,))
                     if np.ndim(getattr(table, name)) == 0 else getattr(table, name),
                     (count, slots))
        for name in table.__struct_fields__ if name != "zone"
    }  # fmt: skip
    for row in range(count):
        before, entries = None, []
        for slot in range(slots):
            c = lp.column(0.0, 0.0, get["charge_w"][row, slot] * fleet.hours)
            d = lp.column(get["wear"][row, 0], 0.0, get["discharge_w"][row, slot] * fleet.hours)
            least = get["lo_wh"][row, slot]
            if slot == slots - 1:
                least = max(least, get["terminal_wh"][row, 0])
            s = lp.column(0.0, least, get["hi_wh"][row, slot])
            terms = [(s, 1.0), (c, -get["efficiency_in"][row, slot])]
            terms.append((d, 1 / get["efficiency_out"][row, 0]))
            right = -get["draw_wh"][row, slot]
            if before is None:
                right += get["kept"][row, 0] * get["initial_wh"][row, 0]
            else:
                terms.append((before, -get["kept"][row, 0]))
            lp.row(terms, right, right)
            net[table.zone[row]][slot] += [(c, 1.0), (d, -1.0)]
            entries.append((slot, [(c, 1.0), (d, -1.0)]))
            before = s
        made.append(entries)
    return made


def _never_both(lp, fleet, made):
    for entries in made:
        for _, ((c, _), (d, _)) in entries:
            charging = lp.column(0.0, 0.0, 1.0, whole=True)
            lp.row([(c, 1.0), (charging, -lp.hi[c])], -np.inf, 0.0)
            lp.row([(d, 1.0), (charging, lp.hi[d])], -np.inf, lp.hi[d])


def _solar(lp, fleet, net):
    table, made = fleet.curtailable, []
    for row in range(len(table.zone)):
        entries = []
        for slot in range(fleet.slots):
            most = table.forecast_wh[row, slot]
            cost = np.broadcast_to(table.cost, (len(table.zone),))[row]
            least = np.broadcast_to(table.least, (len(table.zone),))[row]
            x = lp.column(-cost, least * most, most)
            lp.column(cost, most, most)  # a constant: the whole forecast at the cost of cutting
            net[table.zone[row]][slot].append((x, -1.0))
            entries.append((slot, [(x, -1.0)]))
        made.append(entries)
    return made


def _zone_limits(lp, fleet, net, load, penalty):
    parent, slots = fleet.zones.parent, fleet.slots
    zones = len(parent)
    imports = spread(fleet.zones.import_limit_w, (zones, slots)) * fleet.hours
    exports = spread(fleet.zones.export_limit_w, (zones, slots)) * fleet.hours
    for zone in range(zones):
        inside = [z for z in range(zones) if zone in ancestors(parent, z)]
        for slot in range(slots):
            entries = [pair for z in inside for pair in net[z][slot]]
            fixed = sum(load[z, slot] for z in inside)
            if np.isfinite(imports[zone, slot]):
                over = lp.column(penalty)
                lp.row([*entries, (over, -1.0)], -np.inf, imports[zone, slot] - fixed)
            if np.isfinite(exports[zone, slot]):
                over = lp.column(penalty)
                lp.row([*entries, (over, 1.0)], -exports[zone, slot] - fixed, np.inf)


def _portfolio(lp, fleet, net, assets, load, penalty):
    portfolio, parent = fleet.portfolio, fleet.zones.parent
    if portfolio is None:
        return
    names = ("one_way", "storage", "curtailable")
    for row, own in enumerate(portfolio.set_of_row):
        window = range(int(portfolio.first[row]), int(portfolio.end[row]))
        chosen = set(portfolio.zone[portfolio.zone_set == own].tolist())
        zones = [z for z in range(len(parent)) if chosen & set(ancestors(parent, z))]
        entries = [pair for z in zones for slot in window for pair in net[z][slot]]
        fixed = sum(load[z, slot] for z in zones for slot in window)
        mine = portfolio.asset_set == own
        for table, asset in set(
            zip(portfolio.asset_table[mine].tolist(), portfolio.asset[mine].tolist(), strict=True)
        ):
            if getattr(fleet, names[table]).zone[asset] not in zones:
                made = assets[names[table]][asset]
                entries += [pair for slot, part in made if slot in window for pair in part]
        if np.isfinite(portfolio.upper_wh[row]):
            over = lp.column(penalty)
            lp.row([*entries, (over, -1.0)], -np.inf, portfolio.upper_wh[row] - fixed)
        if np.isfinite(portfolio.lower_wh[row]):
            over = lp.column(penalty)
            lp.row([*entries, (over, 1.0)], portfolio.lower_wh[row] - fixed, np.inf)


def random_fleet(seed, **choice):
    """A small fleet with every continuous class, nested zones, meters and portfolio rows."""
    draw = stream(seed, "fleet", "engine")
    slots = int(draw.integers(6, 25))
    zones = int(draw.integers(1, 6))
    parent = np.array([int(draw.integers(-1, z)) if z else -1 for z in range(zones)])
    has_child = np.isin(np.arange(zones), parent)
    buy = _random_prices(draw, slots, choice.get("prices"))
    sell = None
    if choice.get("meters", draw.random() < 0.5):
        discount = np.where(has_child, 0.0, draw.uniform(0, 200_000, zones))
        buy = np.broadcast_to(buy, (zones, slots))
        sell = buy - discount[:, None]
    limits = [np.where(draw.random(zones) < 0.7, draw.uniform(low, 25_000, zones), np.inf)
              for low in (3_000, 1_000)]  # fmt: skip
    fleet = Fleet(
        slots=slots,
        step_s=900,
        zones=Zones(parent, limits[0], limits[1], draw.uniform(-300, 500, (zones, slots))),
        one_way=_random_cars(draw, slots, zones),
        storage=_random_stores(draw, slots, zones),
        curtailable=Curtailable(
            draw.integers(0, zones, 2), draw.uniform(0, 1500, (2, slots)), 10_000.0,
            np.array([0.0, 0.3]),
        ),
        portfolio=_random_portfolio(draw, slots, zones),
    )  # fmt: skip
    return fleet, Prices(buy, sell)


def _random_prices(draw, slots, kind):
    kind = kind or str(draw.choice(["any", "flat", "two", "negative"]))
    any_price = draw.uniform(50_000, 400_000, slots)
    return {
        "any": any_price,
        "flat": np.full(slots, 250_000.0),
        "two": np.where(np.arange(slots) % 8 < 4, 180_000.0, 320_000.0),
        "negative": any_price - 350_000,
    }[kind]


def _random_cars(draw, slots, zones):
    count = int(draw.integers(1, 8))
    arrive = draw.integers(0, slots - 2, count)
    leave = np.minimum(arrive + draw.integers(2, slots, count), slots)
    power = draw.uniform(2_000, 11_000, count)
    energy = power * 0.25 * (leave - arrive) * draw.uniform(0.1, 0.9, count)
    return OneWay(draw.integers(0, zones, count), arrive, leave, energy, power)


def _random_stores(draw, slots, zones):
    count = int(draw.integers(1, 7))
    size = draw.uniform(3_000, 15_000, count)
    start = size * draw.uniform(0.3, 0.7, count)
    leaky = draw.random(count) < 0.4
    power = np.where(leaky[:, None], draw.uniform(2_000, 6_000, (count, slots)), 4_000.0)
    return Storage(
        zone=draw.integers(0, zones, count),
        initial_wh=start,
        charge_w=power,
        discharge_w=np.where(leaky[:, None], 0.0, power),
        hi_wh=size,
        lo_wh=0.0,
        terminal_wh=np.where(leaky, 0.0, start),
        efficiency_in=draw.uniform(0.85, 1.0, count),
        efficiency_out=draw.uniform(0.85, 1.0, count),
        kept=np.where(leaky, 0.99, 1.0),
        draw_wh=np.where(leaky[:, None], draw.uniform(0, 150, (count, slots)), 0.0),
        wear=draw.uniform(0, 30_000, count),
    )


def _random_portfolio(draw, slots, zones):
    rows, sets = int(draw.integers(0, 5)), 2
    first = draw.integers(0, slots - 1, rows)
    return Portfolio(
        set_of_row=draw.integers(0, sets, rows),
        first=first,
        end=np.minimum(first + draw.integers(1, 4, rows), slots),
        lower_wh=np.where(draw.random(rows) < 0.4, draw.uniform(-3_000, 1_000, rows), -np.inf),
        upper_wh=np.where(draw.random(rows) < 0.6, draw.uniform(1_000, 5_000, rows), np.inf),
        zone_set=np.array([0]),
        zone=np.array([zones - 1]),
        asset_set=np.array([0, 1, 1]),
        asset_table=np.array([0, 0, 1]),
        asset=np.array([0, 0, 0]),
    )


@pytest.fixture(scope="session")
def small():
    return SimpleNamespace(fleet=random_fleet, optimum=optimum)
