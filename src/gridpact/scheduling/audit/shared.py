"""Check what assets share: net energy of zones, their limits, portfolio rows, and the cost."""

from __future__ import annotations

import numpy as np

from gridpact.base.units import Bools, Floats, Ints
from gridpact.scheduling.audit.assets import Taken
from gridpact.scheduling.audit.report import TOUCH_WH, Breaches
from gridpact.scheduling.fleet.columns import TABLES, Fleet, Portfolio, Prices
from gridpact.scheduling.fleet.solution import Missed, Solution

RELATIVE = 2e-6
"""Part of a limit that rounding of a large sum may exceed it by."""


def zone_values(values: object, zones: int, slots: int) -> Floats:
    """Spread numbers of zones over [zones, slots]."""
    array = np.asarray(values, np.float64)
    return np.array(np.broadcast_to(array[:, None] if array.ndim == 1 else array, (zones, slots)))


def chain(parent: Ints, zone: int) -> list[int]:
    """A zone and all zones above it."""
    zones = []
    while zone >= 0:
        zones.append(zone)
        zone = int(parent[zone])
    return zones


def in_sets(fleet: Fleet, portfolio: Portfolio) -> dict[int, Bools]:
    """For every set in use, which zones are in it, by themselves or below one that is."""
    parent = np.asarray(fleet.zones.parent)
    inside = {}
    for number in np.unique(portfolio.set_of_row).tolist():
        named = set(np.asarray(portfolio.zone)[np.asarray(portfolio.zone_set) == number].tolist())
        inside[number] = np.array(
            [bool(named & set(chain(parent, zone))) for zone in range(len(parent))], np.bool_
        )
    return inside


def named_alone(fleet: Fleet, portfolio: Portfolio, number: int, inside: Bools, name: str) -> Bools:
    """Mark assets of a table that are in a set by themselves, not through their zone."""
    table = getattr(fleet, name)
    of_set = np.asarray(portfolio.asset_set) == number
    of_table = np.asarray(portfolio.asset_table) == TABLES.index(name)
    alone = np.zeros(len(table.zone), np.bool_)
    alone[np.asarray(portfolio.asset)[of_set & of_table]] = True
    return np.asarray(alone & ~inside[np.asarray(table.zone)])


class Sums:
    """Net energy and cost of zones, and energy of sets beside it, as assets are added up.

    ``own`` [zones, slots] Wh holds fixed load and own assets; ``cost`` [zones] nano-¤ what assets
    cost beside energy; ``beside`` [slots] Wh by set what its assets take outside its zones.
    """

    def __init__(self, fleet: Fleet) -> None:
        zones = len(fleet.zones.parent)
        self.fleet = fleet
        self.own = zone_values(fleet.zones.load_wh, zones, fleet.slots)
        self.cost = np.zeros(zones)
        self.sets: dict[int, Bools] = {}
        if fleet.portfolio is not None:
            self.sets = in_sets(fleet, fleet.portfolio)
        self.beside = {number: np.zeros(fleet.slots) for number in self.sets}

    def add(self, taken: Taken) -> None:
        """Add up what assets of a table take and cost."""
        zone = np.asarray(getattr(self.fleet, taken.name).zone)[taken.rows]
        np.add.at(self.own, zone, taken.energy)
        np.add.at(self.cost, zone, taken.cost)
        portfolio = self.fleet.portfolio
        if portfolio is None:
            return
        for number, inside in self.sets.items():
            alone = named_alone(self.fleet, portfolio, number, inside, taken.name)
            self.beside[number] += taken.energy[alone[taken.rows]].sum(axis=0)

    def net(self) -> Floats:
        """Net energy of zones with everything below them [zones, slots] Wh."""
        net, parent = np.zeros(self.own.shape), np.asarray(self.fleet.zones.parent)
        for zone in range(len(parent)):
            net[chain(parent, zone)] += self.own[zone]
        return net

    def row_energy(self, row: int) -> float:
        """Energy that a portfolio row's set takes in its slots [Wh]."""
        portfolio = self.fleet.portfolio
        if portfolio is None:
            raise ValueError("no portfolio")
        number = int(portfolio.set_of_row[row])
        window = slice(int(portfolio.first[row]), int(portfolio.end[row]))
        inside = self.own[self.sets[number], window].sum()
        return float(inside + self.beside[number][window].sum())


def misses(sums: Sums) -> list[tuple[Missed, float]]:
    """Every limit that is exceeded, by how much, and the limit [Wh]."""
    fleet, net = sums.fleet, sums.net()
    zones, slots = net.shape
    found = []
    for kind, values, sign in (
        ("import", fleet.zones.import_limit_w, 1.0),
        ("export", fleet.zones.export_limit_w, -1.0),
    ):
        limit = zone_values(values, zones, slots) * fleet.hours
        for zone, slot in np.argwhere(sign * net > limit).tolist():
            over = float(sign * net[zone, slot] - limit[zone, slot])
            found.append((Missed(kind, zone, slot, over), float(limit[zone, slot])))
    portfolio = fleet.portfolio
    for row in range(0 if portfolio is None else len(portfolio.set_of_row)):
        found.extend(_row_misses(sums, row))
    return found


def _row_misses(sums: Sums, row: int) -> list[tuple[Missed, float]]:
    portfolio = sums.fleet.portfolio
    if portfolio is None:
        return []
    energy, first = sums.row_energy(row), int(portfolio.first[row])
    upper = float(np.asarray(portfolio.upper_wh, np.float64)[row])
    lower = float(np.asarray(portfolio.lower_wh, np.float64)[row])
    found = []
    if energy > upper:
        found.append((Missed("upper", row, first, energy - upper), upper))
    if energy < lower:
        found.append((Missed("lower", row, first, lower - energy), lower))
    return found


def check_limits(breaches: Breaches, sums: Sums, solution: Solution) -> float:
    """Limits hold, or the answer says by how much not; return what is missed in all [Wh]."""
    said = {(one.kind, one.row, one.slot): one.missing_wh for one in solution.missed}
    found = misses(sums)
    for missed, limit in found:
        by = missed.missing_wh - said.pop((missed.kind, missed.row, missed.slot), 0.0)
        if abs(by) > TOUCH_WH + RELATIVE * abs(limit):
            place = ("portfolio" if missed.kind in ("upper", "lower") else "zones", missed.row)
            breaches.add(f"exceeds its {missed.kind} limit unsaid", (*place, missed.slot), by)
    for (kind, row, slot), by in said.items():
        if by > TOUCH_WH:
            breaches.add(f"keeps its {kind} limit, though said not to", ("", row, slot), by)
    apart = np.abs(sums.net() - solution.net_wh) - RELATIVE * np.abs(sums.net())
    breaches.above("reports another net energy", "zones", np.arange(len(apart)), apart)
    return sum(one.missing_wh for one, _ in found)


def energy_cost(sums: Sums, prices: Prices) -> Floats:
    """What zones pay for their net energy less what they earn [zones] nano-¤."""
    shape = sums.own.shape
    buy = np.broadcast_to(np.asarray(prices.buy, np.float64), shape)
    sell = buy
    if prices.sell is not None:
        sell = np.broadcast_to(np.asarray(prices.sell, np.float64), shape)
    return np.asarray(np.where(sums.own > 0, buy * sums.own, sell * sums.own).sum(axis=1))
