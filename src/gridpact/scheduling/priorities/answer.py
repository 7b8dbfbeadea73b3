"""The answer by levels: what is missing and what it must be, and schedules in the fleet's slots."""

from __future__ import annotations

import msgspec
import numpy as np

from gridpact.base.units import Floats, Ints
from gridpact.scheduling.fleet.columns import Fleet, OneWay, per_asset
from gridpact.scheduling.fleet.solution import LimitPrices, Schedules, Solution
from gridpact.scheduling.priorities.elastic import Elastic, run_energy
from gridpact.scheduling.priorities.levels import Ladder, Level, LevelLoss, Shortfall
from gridpact.scheduling.priorities.needs import Needs

MISSED_WH = 1e-3
"""What is missing counts from here."""


class ByLevels(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to a fleet whose needs and limits may give way, level by level.

    ``losses`` [levels]. ``cost_lower_nano`` ≤ least cost of all schedules that miss no more at any
    level than this one ≤ ``cost_upper_nano``, what this one costs [nano-¤], prices of levels left
    out. ``solution`` is that of the stretched fleet, in whose terms ``ladder`` prices levels.
    """

    fleet: Fleet
    needs: Needs
    elastic: Elastic
    ladder: Ladder
    solution: Solution
    losses: tuple[LevelLoss, ...]
    cost_lower_nano: float
    cost_upper_nano: float

    @property
    def net_wh(self) -> Floats:
        """Net energy of every zone [zones, slots]."""
        zones = self.elastic.contracts.zones
        return np.asarray(self.solution.net_wh[:zones, self.elastic.line.real])

    @property
    def prices(self) -> LimitPrices:
        """What one more Wh under each limit is worth [µ¤/kWh].

        From the price of a level on, a limit makes that level miss something: it costs so many
        kWh of it, and what is left of the price is money.
        """
        found, real = self.solution.prices, self.elastic.line.real
        zones = self.elastic.contracts.zones
        return LimitPrices(
            found.imports[:zones, real], found.exports[:zones, real], found.lower, found.upper
        )

    def schedules(self, zones: Ints | None = None) -> Schedules:
        """Schedules of the assets in these zones themselves, or of all; see :class:`Schedules`.

        ``state_wh`` counts what is missing as made up.
        """
        wide, real = self.solution.schedules(zones), self.elastic.line.real
        kept = np.flatnonzero(wide.rows[0] < self.elastic.contracts.first_car)
        rows = (wide.rows[0][kept], *wide.rows[1:])
        return Schedules(
            rows=rows,
            one_way_wh=wide.one_way_wh[kept][:, real],
            charge_wh=wide.charge_wh[:, real],
            discharge_wh=wide.discharge_wh[:, real],
            state_wh=_states(self.elastic, wide),
            output_wh=wide.output_wh[:, real],
            runs_wh=wide.runs_wh[:, real],
            generators_wh=wide.generators_wh[:, real],
        )

    def shortfalls(self) -> tuple[Shortfall, ...]:
        """Name everything that is missing, level by level."""
        wide = self.solution.schedules()
        found = [*_limits_missed(self), *_contracts_missed(self, wide), *_runs_missed(self, wide)]
        for kind, rows, missing, slots in (
            ("one_way", *_cars_missing(self, wide)),
            ("storage", *_storage_missing(self, wide)),
        ):
            for at, point, tier in np.argwhere(missing > MISSED_WH).tolist():
                level = Level(self.elastic.line.level[tier])
                amount = float(missing[at, point, tier])
                found.append(Shortfall(level, kind, int(rows[at]), int(slots[at, point]), amount))
        return tuple(sorted(found))

    def missing_by_asset(self, level: Level) -> tuple[Floats, Floats]:
        """What each car and each row of storage misses at a level [assets] Wh."""
        wide, tiers = self.solution.schedules(), self.elastic.line.tiers(level)
        _, cars, _ = _cars_missing(self, wide)
        _, stores, _ = _storage_missing(self, wide)
        return cars[:, :, tiers].sum(axis=(1, 2)), stores[:, :, tiers].sum(axis=(1, 2))


def _states(elastic: Elastic, wide: Schedules) -> Floats:
    line, unit = elastic.line, elastic.unit
    state = wide.state_wh / (unit if len(unit) == 1 else unit[wide.rows[1]])
    at = line.real.copy()
    at[line.points] = line.made[:, -1]
    return np.asarray(state[:, at])


def _limits_missed(answer: ByLevels) -> list[Shortfall]:
    place = np.full(answer.elastic.line.width, -1)
    place[answer.elastic.line.real] = np.arange(answer.elastic.line.slots)
    return [
        Shortfall(Level.GRID, one.kind, one.row, int(place[one.slot]), one.missing_wh)
        for one in answer.solution.missed
    ]


def _contracts_missed(answer: ByLevels, wide: Schedules) -> list[Shortfall]:
    line, contracts, portfolio = (
        answer.elastic.line,
        answer.elastic.contracts,
        answer.fleet.portfolio,
    )
    if portfolio is None or not contracts.present:
        return []
    own = wide.one_way_wh[wide.rows[0] >= contracts.first_car]
    short, found = len(contracts.short), []
    missing = np.append(
        own[:short][:, line.real].sum(axis=1), own[short:][:, line.made.ravel()].sum(axis=1)
    )
    rows = np.concatenate([contracts.short, contracts.over])
    for at in np.flatnonzero(missing > MISSED_WH).tolist():
        row, kind = int(rows[at]), "lower" if at < short else "upper"
        first = int(portfolio.first[row])
        found.append(Shortfall(Level.CONTRACTS, kind, row, first, float(missing[at])))
    return found


def runs_due(fleet: Fleet) -> Floats:
    """Energy of runs that must take place, all times together [runs] Wh; 0 for the others."""
    table = fleet.runs
    if table is None:
        return np.zeros(0)
    must = np.isinf(per_asset(table.value, len(table.zone)))
    return np.where(must, run_energy(fleet, table) * np.asarray(table.times), 0.0)


def runs_missing(fleet: Fleet, wide: Schedules) -> Floats:
    """Energy of runs that must take place and do not [runs] Wh."""
    if fleet.runs is None:
        return np.zeros(0)
    return np.asarray(np.maximum(runs_due(fleet) - wide.runs_wh.sum(axis=1), 0.0))


def _runs_missed(answer: ByLevels, wide: Schedules) -> list[Shortfall]:
    table, missing = answer.fleet.runs, runs_missing(answer.fleet, wide)
    if table is None:
        return []
    level = np.broadcast_to(np.asarray(answer.needs.run_level), missing.shape)
    return [
        Shortfall(Level(level[at]), "runs", at, int(table.end[at]) - 1, float(missing[at]))
        for at in np.flatnonzero(missing > MISSED_WH).tolist()
    ]


def _cars_missing(answer: ByLevels, wide: Schedules) -> tuple[Ints, Floats, Ints]:
    """Rows, energy in make-up slots [cars, points, tiers] Wh, and the last slots [cars, points]."""
    line, table = answer.elastic.line, answer.fleet.one_way
    kept = wide.rows[0] < answer.elastic.contracts.first_car
    rows = wide.rows[0][kept]
    last = np.zeros((len(rows), len(line.points)), np.int64)
    if isinstance(table, OneWay):
        last[:] = np.asarray(table.leave)[rows, None] - 1
    return rows, wide.one_way_wh[kept][:, line.made], last


def _storage_missing(answer: ByLevels, wide: Schedules) -> tuple[Ints, Floats, Ints]:
    """Rows, energy lifted [assets, points, tiers] Wh in store, and slots [assets, points]."""
    line, rows = answer.elastic.line, wide.rows[1]
    slots = np.broadcast_to(line.points, (len(rows), len(line.points)))
    return rows, wide.charge_wh[:, line.made], slots
