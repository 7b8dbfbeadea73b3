"""A second formulation: one dense mixed-integer programme over everything, by scipy.

Every exclusive choice is a binary from the start, every shortfall a column. Three solves give the
least shortfall, the least energy above limits, and the least cost with a Wh above a limit weighed
as by the solver's last resort. It shares neither code nor structure with the solver.
"""

from typing import NamedTuple

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp

SLACK = 1e-5  # Wh given to the least shortfall, or the next solve is strangled by rounding


class Least(NamedTuple):
    """Least shortfall [Wh], energy above limits [Wh] and weighed cost [nano-¤].

    ``traded_wh`` and ``cost_nano`` are energy above limits and cost alone of the weighed answer.
    """

    missed_wh: float
    above_wh: float
    weighed_nano: float
    traded_wh: float
    cost_nano: float


class Dense:
    """Columns by name, rows as dicts; slow and plain."""

    def __init__(self):
        self.bounds, self.whole, self.rows = [], [], []
        self.state, self.late = {}, []

    def column(self, low, high, whole=False):
        self.bounds.append((low, high))
        self.whole.append(whole)
        return len(self.bounds) - 1

    def row(self, low, high, *terms):
        self.rows.append((low, high, terms))

    def minimise(self, cost):
        matrix = np.zeros((len(self.rows), len(self.bounds)))
        for at, (_, _, terms) in enumerate(self.rows):
            for column, value in terms:
                matrix[at, column] += value
        vector = np.zeros(len(self.bounds))
        for column, value in cost:
            vector[column] += value
        low, high = zip(*self.bounds, strict=True)
        found = milp(
            vector,
            integrality=self.whole,
            bounds=Bounds(low, high),
            constraints=LinearConstraint(
                matrix, [row[0] for row in self.rows], [row[1] for row in self.rows]
            ),
            options={"mip_rel_gap": 0},
        )
        assert found.status == 0, found.message
        return found.fun, found.x


def least(problem):
    """Solve a problem, see :class:`Least`."""
    dense, (homes, slots) = Dense(), problem.load_wh.shape
    net = [[[] for _ in range(slots)] for _ in range(homes)]
    missed = _storage(dense, problem, net)
    _runs(dense, problem, net, slots)
    cost = _grid(dense, problem, net, homes, slots)
    above = _limits(dense, problem, net)
    least_missed, _ = dense.minimise([(column, 1) for column in missed])
    if least_missed < SLACK:
        for column in missed:
            dense.bounds[column] = (0, 0)
    else:
        dense.row(-np.inf, least_missed + SLACK, *((column, 1) for column in missed))
    least_above, _ = dense.minimise([(column, 1) for column in above])
    weighed, values = dense.minimise(cost + [(column, weight(problem)) for column in above])
    traded = float(values[above].sum())
    cost_nano = sum(factor * values[column] for column, factor in cost)
    return Least(least_missed, least_above, weighed, traded, float(cost_nano))


def weight(problem):
    """What a Wh above a limit costs where limits must give way, in nano-¤."""
    prices = (problem.import_price, problem.export_price)
    return 1000 * max(1, *(int(np.abs(price).max(initial=0)) for price in prices))


def _storage(dense, problem, net):
    table, missed = problem.storage, []
    for asset, home in enumerate(table.home):
        into, out = table.efficiency_in[asset], table.efficiency_out[asset]
        kept, before = table.kept[asset], None
        idle = not (table.charge_max_wh[asset].any() or table.discharge_max_wh[asset].any())
        for slot in range(problem.load_wh.shape[1]):
            most_in = int(table.charge_max_wh[asset, slot])
            most_out = int(table.discharge_max_wh[asset, slot])
            charge, discharge = dense.column(0, most_in), dense.column(0, most_out)
            mode = dense.column(0, 1, whole=True)
            dense.row(-np.inf, 0, (charge, 1), (mode, -most_in))
            dense.row(-np.inf, most_out, (discharge, 1), (mode, most_out))
            state = dense.column(-np.inf, np.inf)
            draw = -float(table.draw_wh[asset, slot])
            terms = [(state, 1), (charge, -into), (discharge, 1 / out)]
            if before is None:
                draw += kept * float(table.initial_wh[asset])
            else:
                terms.append((before, -kept))
            dense.row(draw, draw, *terms)
            before = state
            low, high = sorted((int(table.lo_wh[asset, slot]), int(table.hi_wh[asset, slot])))
            short, over = dense.column(0, np.inf), dense.column(0, np.inf)
            dense.row(low, np.inf, (state, 1), (short, 1))
            dense.row(-np.inf, high, (state, 1), (over, -1))
            if not idle:
                missed += [short, over]
            net[home][slot] += [(charge, 1), (discharge, -1)]
    return missed


def _runs(dense, problem, net, slots):
    table = problem.runs
    for run, home in enumerate(table.home):
        length, energy = int(table.length[run]), int(table.energy_wh[run])
        first, last = int(table.earliest[run]), min(int(table.latest[run]), slots - length)
        starts = [dense.column(0, 1, whole=True) for _ in range(first, last + 1)]
        if not starts:
            continue
        dense.row(1, 1, *((start, 1) for start in starts))
        for place, start in enumerate(starts):
            for slot in range(first + place, first + place + length):
                net[home][slot].append((start, energy))


def _grid(dense, problem, net, homes, slots):
    """Tie net energy to buying and selling, of which only one may happen; return the cost."""
    cost, most = [], _most(problem)
    for home in range(homes):
        for slot in range(slots):
            pv = int(problem.pv_wh[home, slot])
            net[home][slot].append((dense.column(0, pv), 1))
            bought, sold = dense.column(0, most), dense.column(0, most)
            buying = dense.column(0, 1, whole=True)
            dense.row(-np.inf, 0, (bought, 1), (buying, -most))
            dense.row(-np.inf, most, (sold, 1), (buying, most))
            level = int(problem.load_wh[home, slot]) - pv - int(problem.position_wh[home, slot])
            terms = [(column, -value) for column, value in net[home][slot]]
            dense.row(level, level, (bought, 1), (sold, -1), *terms)
            cost.append((bought, int(problem.import_price[home, slot])))
            cost.append((sold, -int(problem.export_price[home, slot])))
    return cost


def _most(problem):
    """More than any home can buy or sell in a slot; no larger, for binaries leak a millionth."""
    table = problem.storage
    parts = (problem.load_wh, problem.pv_wh, problem.position_wh)
    levels = sum(int(np.abs(part).max(initial=0)) for part in parts)
    moved = table.charge_max_wh.sum(axis=0) + table.discharge_max_wh.sum(axis=0)
    return float(levels + int(moved.max(initial=0)) + int(problem.runs.energy_wh.sum()) + 1)


def _limits(dense, problem, net):
    zones, above = problem.zones, []
    for zone in range(len(zones.parent)):
        homes = [home for home in range(len(zones.zone)) if _below(zones, home, zone)]
        for slot in range(problem.load_wh.shape[1]):
            level = sum(int((problem.load_wh - problem.pv_wh)[home, slot]) for home in homes)
            terms = [term for home in homes for term in net[home][slot]]
            for sign, limit in ((1, zones.import_limit_wh), (-1, zones.export_limit_wh)):
                most = int(limit[zone, slot])
                if most < 0:
                    continue
                above.append(dense.column(0, np.inf))
                signed = [(column, sign * value) for column, value in terms]
                dense.row(-np.inf, most - sign * level, *signed, (above[-1], -1))
    return above


def _below(zones, home, zone):
    at = int(zones.zone[home])
    while at not in (-1, zone):
        at = int(zones.parent[at])
    return at == zone


def above(problem, net):
    """Energy above limits, summed over zones, slots and both directions [Wh]."""
    zones, total = problem.zones, 0.0
    for zone in range(len(zones.parent)):
        homes = [home for home in range(len(zones.zone)) if _below(zones, home, zone)]
        flow = net[homes].sum(axis=0)
        for limit, signed in ((zones.import_limit_wh, flow), (zones.export_limit_wh, -flow)):
            over = np.where(limit[zone] >= 0, signed - limit[zone], 0)
            total += float(np.maximum(over, 0).sum())
    return total


class ByLevel(NamedTuple):
    """Least energy missed of limits and sums at each level [Wh], each below those before it.

    ``grid_wh`` is what is missed of the first, slot by slot, where its highest is least, then the
    second highest, and so on; from high to low. ``needs_wh`` is the same asset by asset. Of what
    is wished, the total is the last one.
    """

    totals_wh: tuple[float, ...]
    grid_wh: list[float]
    needs_wh: list[float]


def by_level(problem):
    """Settle what gives way in a problem where bounds of states are not firm, level by level."""
    dense, (homes, slots) = Dense(), problem.load_wh.shape
    net = [[[] for _ in range(slots)] for _ in range(homes)]
    own = [[[] for _ in range(slots)] for _ in problem.storage.home]
    needs = _soft_storage(dense, problem, net, own)
    left_out = _soft_runs(dense, problem, net, slots)
    for home in range(homes):
        for slot in range(slots):
            net[home][slot].append((dense.column(0, int(problem.pv_wh[home, slot])), 1))
    missed = [[(column, 1, 1) for column in _limits(dense, problem, net)], [], needs, []]
    for one in problem.sums:
        if one.kind == "net":
            missed[one.level] += _soft_sum(dense, problem, one, net, own)
    if problem.wished is None:
        missed.pop()
    else:
        missed[3] += _soft_wishes(dense, problem, own)
    totals, ordered = [], []
    for level, columns in enumerate(missed):
        more = left_out if level == 2 else []
        more = more + dense.late if level == 3 else more
        total, _ = dense.minimise([(column, weight) for column, weight, _ in columns] + more)
        terms = [*((column, weight) for column, weight, _ in columns), *more]
        dense.row(-np.inf, total + SLACK, *terms)
        totals.append(total)
        spread = total > 1 and level < 3
        ordered.append(_highest_first(dense, columns) if spread else [])
    return ByLevel(tuple(totals), ordered[0], ordered[2])


def _highest_first(dense, columns):
    """Make the sum of the k highest as small as it can be, for one k after the other."""
    found, before = [], 0.0
    for count in range(1, len(columns) + 1):
        level, above = dense.column(-np.inf, np.inf), []
        for column, _, length in columns:
            above.append(dense.column(0, np.inf))
            dense.row(-np.inf, 0, (column, 1 / length), (level, -1), (above[-1], -1))
        terms = [(level, count), *((column, 1) for column in above)]
        highest, _ = dense.minimise(terms)
        dense.row(-np.inf, highest + SLACK, *terms)
        found.append(highest - before)
        before = highest
    return found


def _soft_storage(dense, problem, net, own):
    """Storage within what is firm; one column for the most that each misses of what is asked."""
    table, most = problem.storage, []
    for asset, home in enumerate(table.home):
        into, out, before = table.efficiency_in[asset], table.efficiency_out[asset], None
        kept = table.kept[asset]
        most.append((dense.column(0, np.inf), 1, 1))
        for slot in range(problem.load_wh.shape[1]):
            charge = dense.column(0, int(table.charge_max_wh[asset, slot]))
            discharge = dense.column(0, int(table.discharge_max_wh[asset, slot]))
            floor = int(problem.firm.state_wh[asset, slot])
            top = table.hi_wh if problem.firm.most_wh is None else problem.firm.most_wh
            state = dense.column(floor, int(top[asset, slot]))
            terms = [(state, 1), (charge, -into), (discharge, 1 / out)]
            right = -float(table.draw_wh[asset, slot])
            if before is None:
                right += kept * float(table.initial_wh[asset])
            else:
                terms.append((before, -kept))
            dense.row(right, right, *terms)
            before = dense.state[asset, slot] = state
            dense.row(int(table.lo_wh[asset, slot]), np.inf, (state, 1), (most[-1][0], 1))
            dense.row(-np.inf, int(table.hi_wh[asset, slot]), (state, 1), (most[-1][0], -1))
            moves = [(charge, 1), (discharge, -1)]
            own[asset][slot] += moves
            net[home][slot] += moves
    return most


def _soft_wishes(dense, problem, own):
    """What states are off at most, all that is taken and given beyond, own sums beyond theirs."""
    table, wished, found = problem.storage, problem.wished, []
    for asset in range(len(table.home)):
        most = dense.column(0, np.inf)
        found.append((most, 1, 1))
        for slot in range(problem.load_wh.shape[1]):
            state = dense.state[asset, slot]
            low, high = int(wished.lo_wh[asset, slot]), int(wished.hi_wh[asset, slot])
            if low > table.lo_wh[asset, slot]:
                dense.row(low, np.inf, (state, 1), (most, 1))
            if high < table.hi_wh[asset, slot]:
                dense.row(-np.inf, high, (state, 1), (most, -1))
            flows = [column for column, _ in own[asset][slot]]
            bounds = wished.charge_max_wh[asset, slot], wished.discharge_max_wh[asset, slot]
            for column, bound in zip(flows, bounds, strict=True):
                over = dense.column(0, np.inf)
                found.append((over, 1, 1))
                dense.row(-np.inf, int(bound), (column, 1), (over, -1))
    for one in problem.sums:
        if one.kind != "net":
            found.append(_soft_own(dense, problem, one, own))
    return found


def _soft_own(dense, problem, one, own):
    """What one storage gives, or pays for at its home's prices, beyond a sum, in Wh."""
    (asset,), over = one.storage, dense.column(0, np.inf)
    price = np.maximum(problem.import_price[problem.storage.home[asset]], 0)
    dearest = max(int(price[one.first : one.end].max()), 1) if one.kind == "cost" else 1
    terms = []
    for slot in range(one.first, one.end):
        (charge, _), (discharge, _) = own[asset][slot]
        worth = (charge, int(price[slot]) / dearest) if one.kind == "cost" else (discharge, 1)
        terms.append(worth)
    dense.row(-np.inf, one.upper / dearest, *terms, (over, -1))
    return over, 1, 1


def _soft_runs(dense, problem, net, slots):
    """Runs that may be left out, at the loss of their energy."""
    table, left_out = problem.runs, []
    for run, home in enumerate(table.home):
        length, energy = int(table.length[run]), int(table.energy_wh[run])
        first, last = int(table.earliest[run]), min(int(table.latest[run]), slots - length)
        if first > last:
            continue
        out = dense.column(0, 0 if problem.firm.runs[run] else 1, whole=True)
        starts = [dense.column(0, 1, whole=True) for _ in range(first, last + 1)]
        dense.row(1, 1, (out, 1), *((start, 1) for start in starts))
        left_out.append((out, energy * length))
        if problem.wished is not None:
            asked = range(problem.wished.earliest[run], problem.wished.latest[run] + 1)
            late = [start for at, start in enumerate(starts, first) if at not in asked]
            dense.late += [(start, energy * length) for start in late]
        for place, start in enumerate(starts):
            for slot in range(first + place, first + place + length):
                net[home][slot].append((start, energy))
    return left_out


def _soft_sum(dense, problem, one, net, own):
    """A sum of net energy, its bounds kept by a Wh for each storage that is rounded in it."""
    homes = [home for home in range(len(net)) if any(_in(problem, home, at) for at in one.zones)]
    counted = {*one.storage, *(a for a, home in enumerate(problem.storage.home) if home in homes)}
    low, high = (-np.inf if one.lower is None else one.lower), (one.upper or 0)
    high = np.inf if one.upper is None else high
    single = one.end - one.first == 1 and len(one.storage) == 1
    if not single and high - low > 2 * len(counted):
        low, high = low + len(counted), high - len(counted)
    span = range(one.first, one.end)
    terms = [term for asset in one.storage for slot in span for term in own[asset][slot]]
    terms += [term for home in homes for slot in span for term in net[home][slot]]
    fixed = int((problem.load_wh - problem.pv_wh)[homes, one.first : one.end].sum())
    found = []
    for sign, bound in ((-1, low), (1, high)):
        if np.isfinite(bound):
            found.append((dense.column(0, np.inf), 1, one.end - one.first))
            signed = [(column, sign * value) for column, value in terms]
            dense.row(-np.inf, sign * (bound - fixed), *signed, (found[-1][0], -1))
    return found


def _in(problem, home, zone):
    return _below(problem.zones, home, zone) or zone == len(problem.zones.parent) + home
