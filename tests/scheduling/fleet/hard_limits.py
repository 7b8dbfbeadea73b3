"""Whether any schedule keeps every shared limit: a plain MILP of its own, without costs (SciPy)."""

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_matrix

TABLES = ("one_way", "storage", "curtailable", "runs", "generators")


class Programme:
    """Columns with bounds, and rows as lists of (column, factor)."""

    def __init__(self):
        self.low, self.high, self.whole = [], [], []
        self.row_low, self.row_high, self.entries = [], [], []

    def column(self, low, high, whole=False):
        self.low.append(low)
        self.high.append(high)
        self.whole.append(whole)
        return len(self.low) - 1

    def binary(self):
        return self.column(0, 1, whole=True)

    def row(self, terms, low=-np.inf, high=np.inf):
        self.entries += [(len(self.row_low), at, factor) for at, factor in terms]
        self.row_low.append(low)
        self.row_high.append(high)

    def possible(self):
        row, column, factor = np.array(self.entries).T
        shape = (len(self.row_low), len(self.low))
        matrix = csr_matrix((factor, (row.astype(int), column.astype(int))), shape)
        found = milp(
            np.zeros(len(self.low)),
            constraints=LinearConstraint(matrix, self.row_low, self.row_high),
            bounds=Bounds(self.low, self.high),
            integrality=self.whole,
        )
        assert found.status in (0, 2), found.message
        return found.status == 0


def limits_can_be_kept(fleet):
    """Whether a schedule keeps all limits of zones and of the portfolio."""
    programme = Programme()
    terms = {}
    for name, add in zip(TABLES, (_car, _store, _solar, _run, _generator), strict=True):
        table = getattr(fleet, name)
        for row in range(0 if table is None else len(table.zone)):
            own = _Row(table, row, fleet.slots)
            terms[name, row] = add(programme, own, fleet.slots, fleet.hours / 1000)
    _limit_zones(programme, fleet, terms)
    _limit_portfolio(programme, fleet, terms)
    return programme.possible()


class _Row:
    """Columns of one asset: ``one`` gives a number, ``each`` one per slot."""

    def __init__(self, table, row, slots):
        self.table, self.row, self.slots = table, row, slots

    def one(self, field):
        values = np.asarray(getattr(self.table, field))
        return values.item() if values.ndim == 0 else values[self.row]

    def each(self, field):
        return np.broadcast_to(self.one(field), (self.slots,))


def _car(programme, car, slots, kilo):
    inside = (np.arange(slots) >= car.one("arrive")) & (np.arange(slots) < car.one("leave"))
    most = car.each("power_w") * inside * kilo
    columns = [programme.column(0, each) for each in most]
    due = car.one("energy_wh") / 1000
    programme.row([(at, 1) for at in columns], due, due)
    return [[(at, 1)] for at in columns]


def _store(programme, store, slots, kilo):
    lowest = store.each("lo_wh") / 1000
    lowest = np.append(lowest[:-1], max(lowest[-1], store.one("terminal_wh") / 1000))
    before, terms = None, []
    for slot in range(slots):
        charging = programme.binary()
        charge = _power(programme, store, slot, "charge", [(charging, 1)], 0, kilo)
        discharge = _power(programme, store, slot, "discharge", [(charging, -1)], 1, kilo)
        state = programme.column(lowest[slot], store.each("hi_wh")[slot] / 1000)
        kept, due = store.one("kept"), -store.each("draw_wh")[slot] / 1000
        change = [
            (state, 1),
            (charge, -store.each("efficiency_in")[slot]),
            (discharge, 1 / store.one("efficiency_out")),
        ]
        if before is None:
            due += kept * store.one("initial_wh") / 1000
        else:
            change.append((before, -kept))
        programme.row(change, due, due)
        terms.append([(charge, 1), (discharge, -1)])
        before = state
    return terms


def _power(programme, store, slot, way, way_is_on, constant, kilo):
    """Energy one way: none, or between the least and the most, in steps where there are any."""
    most = store.each(f"{way}_w")[slot] * kilo
    least, step = store.one(f"{way}_min_w") * kilo, store.one(f"{way}_step_w") * kilo
    energy, on = programme.column(0, most), programme.binary()
    programme.row([(on, 1), *((at, -factor) for at, factor in way_is_on)], high=constant)
    programme.row([(energy, 1), (on, -most)], high=0)
    programme.row([(energy, 1), (on, -least)], low=0)
    if step > 0:
        steps = programme.column(0, np.floor(max(most - least, 0) / step + 1e-9), whole=True)
        programme.row([(energy, 1), (on, -least), (steps, -step)], 0, 0)
    return energy


def _solar(programme, solar, slots, kilo):
    forecast = np.asarray(solar.one("forecast_wh")) / 1000
    least = solar.one("least")
    return [[(programme.column(least * most, most), -1)] for most in forecast]


def _run(programme, run, slots, kilo):
    must = not np.isfinite(run.one("value"))
    first, end, length = (int(run.one(each)) for each in ("first", "end", "length"))
    power = np.asarray(run.one("power_w"))[:length] * kilo
    if run.one("interruptible"):
        return _interruptible(programme, run, slots, (first, end, length), power[0], must)
    times, pause = int(run.one("times")), int(run.one("pause"))
    starts = {slot: programme.binary() for slot in range(first, end - length + 1)}
    programme.row([(at, 1) for at in starts.values()], times if must else 0, times)
    for slot in starts:
        near = [starts[at] for at in range(slot, slot + length + pause) if at in starts]
        programme.row([(at, 1) for at in near], high=1)
    terms = [[] for _ in range(slots)]
    for slot, at in starts.items():
        for step in range(length):
            terms[slot + step].append((at, power[step]))
    return terms


def _interruptible(programme, run, slots, window, energy, must):
    first, end, length = window
    on = {slot: programme.binary() for slot in range(first, end)}
    begins = {slot: programme.binary() for slot in range(first, end)}
    taken = programme.binary()
    programme.row([(taken, 1)], low=1 if must else 0)
    programme.row([*((at, 1) for at in on.values()), (taken, -length)], 0, 0)
    for slot, running in on.items():
        before = [(on[slot - 1], 1)] if slot > first else []
        programme.row([(begins[slot], 1), (running, -1), *before], low=0)
        programme.row([(begins[slot], 1), (running, -1)], high=0)
        programme.row([(begins[slot], 1), *before], high=1)
        for later in range(slot, slot + int(run.one("min_on"))):
            programme.row([(begins[slot], 1), *([(on[later], -1)] if later in on else [])], high=0)
        for earlier in range(max(slot - int(run.one("min_off")), first), slot):
            programme.row([(begins[slot], 1), (on[earlier], 1)], high=1)
    if run.one("most_starts"):
        programme.row([(at, 1) for at in begins.values()], high=int(run.one("most_starts")))
    return [[(on[slot], energy)] if slot in on else [] for slot in range(slots)]


def _generator(programme, unit, slots, kilo):
    most, least = unit.each("max_w") * kilo, unit.each("min_w") * kilo
    on = [programme.binary() for _ in range(slots)]
    energy = [programme.column(0, each) for each in most]
    before, up, down = (int(unit.one(each)) for each in ("before", "min_up", "min_down"))
    for slot in range(slots):
        programme.row([(energy[slot], 1), (on[slot], -most[slot])], high=0)
        programme.row([(energy[slot], 1), (on[slot], -least[slot])], low=0)
        was, running = ([(on[slot - 1], 1)], 0) if slot else ([], int(before > 0))
        for later in range(slot + 1, min(slot + up, slots)):  # on after a start
            started = [(on[slot], 1), *((at, -1) for at, _ in was)]
            programme.row([*started, (on[later], -1)], high=running)
        for later in range(slot + 1, min(slot + down, slots)):  # off after a stop
            stopped = [*was, (on[slot], -1)]
            programme.row([*stopped, (on[later], 1)], high=1 - running)
    held = up - before if before > 0 else down + before
    for slot in range(min(max(held, 0), slots)):
        programme.row([(on[slot], 1)], int(before > 0), int(before > 0))
    return [[(at, -1)] for at in energy]


def _within(parent, top):
    """A zone and all below it."""
    return [zone for zone in range(len(parent)) if top in _above(parent, zone)]


def _above(parent, zone):
    path = [zone]
    while parent[path[-1]] >= 0:
        path.append(parent[path[-1]])
    return path


def _limit_zones(programme, fleet, terms):
    zones, shape = fleet.zones, (len(fleet.zones.parent), fleet.slots)
    load = np.broadcast_to(zones.load_wh, shape) / 1000
    kilo = fleet.hours / 1000
    for zone in range(shape[0]):
        inside = _within(zones.parent, zone)
        for slot in range(fleet.slots):
            imports, exports = (
                np.broadcast_to(np.asarray(limit).reshape(shape[0], -1), shape)[zone, slot] * kilo
                for limit in (zones.import_limit_w, zones.export_limit_w)
            )
            fixed = load[inside, slot].sum()
            drawn = [
                term
                for (name, row), own in terms.items()
                if getattr(fleet, name).zone[row] in inside
                for term in own[slot]
            ]
            programme.row([*drawn, (programme.column(0, 0), 1)], -exports - fixed, imports - fixed)


def _limit_portfolio(programme, fleet, terms):
    portfolio = fleet.portfolio
    if portfolio is None:
        return
    load = np.broadcast_to(fleet.zones.load_wh, (len(fleet.zones.parent), fleet.slots)) / 1000
    for at, own in enumerate(portfolio.set_of_row):
        zones = {
            inside
            for zone in portfolio.zone[portfolio.zone_set == own]
            for inside in _within(fleet.zones.parent, zone)
        }
        members = {key for key in terms if getattr(fleet, key[0]).zone[key[1]] in zones}
        named = portfolio.asset_set == own
        members |= {
            (TABLES[table], row)
            for table, row in zip(portfolio.asset_table[named], portfolio.asset[named], strict=True)
        }
        slots = range(portfolio.first[at], portfolio.end[at])
        fixed = sum(load[zone, slot] for zone in zones for slot in slots)
        drawn = [term for key in members for slot in slots for term in terms[key][slot]]
        low, high = portfolio.lower_wh[at] / 1000 - fixed, portfolio.upper_wh[at] / 1000 - fixed
        programme.row([*drawn, (programme.column(0, 0), 1)], low, high)
