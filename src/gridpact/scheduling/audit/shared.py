"""Check what assets share: net energy of zones, their limits, portfolio rows, and the cost."""

from __future__ import annotations

import numpy as np

from gridpact.base.units import Bools, Floats, Ints
from gridpact.scheduling.audit.assets import Taken
from gridpact.scheduling.audit.columns import Rows
from gridpact.scheduling.audit.report import TOUCH_WH, Breaches
from gridpact.scheduling.audit.slack import Slack
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


def with_below(parent: Ints, own: Floats) -> Floats:
    """Add to each zone's own values those of all zones below it [zones, ...]."""
    total = np.zeros(own.shape)
    for zone in range(len(parent)):
        total[chain(parent, zone)] += own[zone]
    return total


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
    ``slack`` says how far claims may lie from these sums.
    """

    def __init__(self, fleet: Fleet) -> None:
        zones = len(fleet.zones.parent)
        self.fleet = fleet
        self.own = zone_values(fleet.zones.load_wh, zones, fleet.slots)
        self.cost = np.zeros(zones)
        self.slack = Slack(fleet)
        self.sets: dict[int, Bools] = {}
        if fleet.portfolio is not None:
            self.sets = in_sets(fleet, fleet.portfolio)
        self.beside = {number: np.zeros(fleet.slots) for number in self.sets}

    def add(self, taken: Taken) -> None:
        """Add up what assets of a table take and cost."""
        zone = np.asarray(getattr(self.fleet, taken.name).zone)[taken.rows]
        np.add.at(self.own, zone, taken.energy)
        np.add.at(self.cost, zone, taken.cost)
        fleet, table = self.fleet, self.fleet.storage
        if taken.name == "storage" and table is not None:
            self.slack.add(Rows("storage", table, taken.rows, fleet.slots, fleet.hours), zone)
        portfolio = self.fleet.portfolio
        if portfolio is None:
            return
        for number, inside in self.sets.items():
            alone = named_alone(self.fleet, portfolio, number, inside, taken.name)
            self.beside[number] += taken.energy[alone[taken.rows]].sum(axis=0)

    def net(self) -> Floats:
        """Net energy of zones with everything below them [zones, slots] Wh."""
        return with_below(np.asarray(self.fleet.zones.parent), self.own)

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


class _Allowed:
    """What rounding and mixes leave open under each limit [Wh], with all zones below one."""

    def __init__(self, sums: Sums) -> None:
        parent, self._slack = np.asarray(sums.fleet.zones.parent), sums.slack
        self._portfolio = sums.fleet.portfolio
        self.rounding = with_below(parent, sums.slack.rounding)
        self.waste = with_below(parent, sums.slack.waste)

    def under(self, kind: str, row: int, slot: int) -> tuple[float, float]:
        """Rounding and waste under a limit; those of all zones for a portfolio row."""
        if kind in ("import", "export"):
            return float(self.rounding[row]), float(self.waste[row, slot])
        if self._portfolio is None:
            return 0.0, 0.0
        first, end = int(self._portfolio.first[row]), int(self._portfolio.end[row])
        rounding = float(self._slack.rounding.sum()) * (end - first)
        return rounding, float(self._slack.waste[:, first:end].sum())


def check_limits(breaches: Breaches, sums: Sums, solution: Solution) -> float:
    """Limits hold, or the answer says by how much not; return what is missed in all [Wh]."""
    said = {(one.kind, one.row, one.slot): one.missing_wh for one in solution.missed}
    found, allowed = misses(sums), _Allowed(sums)
    for missed, limit in found:
        key = (missed.kind, missed.row, missed.slot)
        by = missed.missing_wh - said.pop(key, 0.0)
        rounding, waste = allowed.under(*key)
        touch = TOUCH_WH + RELATIVE * abs(limit) + rounding
        if not -touch - waste <= by <= touch:
            place = ("portfolio" if missed.kind in ("upper", "lower") else "zones", missed.row)
            breaches.add(f"exceeds its {missed.kind} limit unsaid", (*place, missed.slot), by)
    for (kind, row, slot), by in said.items():
        if by > TOUCH_WH + sum(allowed.under(kind, row, slot)):
            breaches.add(f"keeps its {kind} limit, though said not to", ("", row, slot), by)
    _check_net(breaches, sums.net(), solution.net_wh, allowed)
    return sum(one.missing_wh for one, _ in found)


def _check_net(breaches: Breaches, net: Floats, claimed: Floats, allowed: _Allowed) -> None:
    """Zones take what is claimed [zones, slots] Wh, or less where that may be of mixed plans."""
    less = claimed - net
    apart = np.maximum(less - allowed.waste, -less) - RELATIVE * np.abs(net)
    apart -= allowed.rounding[:, None]
    breaches.above("reports another net energy", "zones", np.arange(len(apart)), apart)


def energy_cost(sums: Sums, prices: Prices) -> Floats:
    """What zones pay for their net energy, negative what they earn [zones, slots] nano-¤."""
    shape = sums.own.shape
    buy = np.broadcast_to(np.asarray(prices.buy, np.float64), shape)
    sell = buy
    if prices.sell is not None:
        sell = np.broadcast_to(np.asarray(prices.sell, np.float64), shape)
    return np.asarray(np.where(sums.own > 0, buy * sums.own, sell * sums.own))
