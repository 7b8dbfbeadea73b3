"""A fleet whose needs and contracts may give way, as an ordinary fleet that the engine can solve.

Time is stretched by make-up slots, in which no shared limit applies. Energy taken there costs the
price of its level instead of the market's: what an owner's asset takes there is what it misses. A
car's energy due may be had in the make-up slots at the end; storage may be lifted to what is asked
of it after each slot where something is. Nothing else changes, so the oracles stay exact, and
every asset still answers to prices alone.

Each portfolio row that is a contract gets a member in a zone of its own that no limit reaches. For
a lower bound it draws in the row's first slot, at the price of contracts, or for nothing in a
make-up slot; for an upper bound it draws in that slot for nothing (the bound is raised by as
much), or in the make-up slot at the price. What is drawn at the price is what the row misses.

Limits of zones, and rows at the level of the grid, give way at the engine's own penalty, which is
the price of the highest level. Exact are all classes of assets that are exact themselves; storage
with a least power or steps misses no less than that, and runs go missing whole.
"""

from __future__ import annotations

from typing import NamedTuple

import msgspec
import numpy as np

from gridpact.base.units import Floats, Ints
from gridpact.scheduling.fleet.columns import (
    Curtailable,
    Fleet,
    Generators,
    OneWay,
    Prices,
    Runs,
    Values,
    Zones,
    per_asset,
    per_slot,
)
from gridpact.scheduling.priorities.contracts import Contracts, add_contracts
from gridpact.scheduling.priorities.elastic_storage import elastic_storage
from gridpact.scheduling.priorities.elastic_sums import elastic_sums
from gridpact.scheduling.priorities.levels import Ladder, Level
from gridpact.scheduling.priorities.needs import Asked, Needs
from gridpact.scheduling.priorities.timeline import FairShares, Timeline


class Elastic(NamedTuple):
    """The stretched fleet, and what is needed to read its answer.

    States of storage are counted in ``unit`` [assets, width] Wh, [1, 1] where that is the same.
    """

    fleet: Fleet
    line: Timeline
    unit: Floats
    contracts: Contracts


def elastic_fleet(
    fleet: Fleet,
    needs: Needs,
    asked: Asked,
    line: Timeline,
    ladder: Ladder,
    fair: FairShares | None = None,
) -> Elastic:
    """Make what may give way elastic."""
    storage, unit = fleet.storage, np.ones((1, 1))
    if storage is not None:
        share = None if fair is None else fair.storage
        storage, unit = elastic_storage(storage, line, asked, share, fleet.hours)
    share = None if fair is None else fair.one_way
    stretched = msgspec.structs.replace(
        fleet,
        slots=line.width,
        zones=_zones(fleet.zones, line),
        one_way=None if fleet.one_way is None else _cars(fleet, fleet.one_way, needs, line, share),
        storage=storage,
        curtailable=None if fleet.curtailable is None else _solar(fleet.curtailable, line),
        runs=None if fleet.runs is None else _runs(fleet, fleet.runs, needs, ladder),
        generators=None if fleet.generators is None else _generators(fleet.generators, line),
    )
    stretched, contracts = add_contracts(fleet, stretched, line, needs)
    return Elastic(stretched, line, unit, contracts)


def elastic_prices(prices: Prices, elastic: Elastic, ladder: Ladder) -> Prices:
    """Prices on the timeline: the market's, and in make-up slots those of levels."""
    line, contracts = elastic.line, elastic.contracts
    zones = contracts.zones
    made = np.tile(line.price(ladder.price), len(line.points))

    def spread(given: Floats | Ints) -> Floats:
        wide = np.zeros((len(elastic.fleet.zones.parent), line.width))
        shape = (zones, line.slots)
        wide[:zones] = line.spread(np.broadcast_to(np.asarray(given, np.float64), shape))
        wide[:zones, line.made.ravel()] = made
        if contracts.present:
            wide[contracts.short_zone, line.real] = ladder.price[Level.CONTRACTS]
            wide[contracts.over_zone, line.made.ravel()] = ladder.price[Level.CONTRACTS]
        return wide

    return Prices(spread(prices.buy), None if prices.sell is None else spread(prices.sell))


def _zones(zones: Zones, line: Timeline) -> Zones:
    count = len(zones.parent)

    def spread(values: Values, fill: float) -> Floats:
        return line.spread(per_slot(values, count, line.slots), fill)

    return msgspec.structs.replace(
        zones,
        import_limit_w=spread(zones.import_limit_w, np.inf),
        export_limit_w=spread(zones.export_limit_w, np.inf),
        load_wh=spread(zones.load_wh, 0.0),
    )


def _solar(table: Curtailable, line: Timeline) -> Curtailable:
    """Nothing is generated in make-up slots."""
    forecast = per_slot(table.forecast_wh, len(table.zone), line.slots)
    return msgspec.structs.replace(table, forecast_wh=line.spread(forecast))


def _cars(fleet: Fleet, table: OneWay, needs: Needs, line: Timeline, fair: Floats | None) -> OneWay:
    """Cars may take what is due in the make-up slots at the end, too."""
    count, slot = len(table.zone), np.arange(line.slots)
    stay = (slot >= np.asarray(table.arrive)[:, None]) & (slot < np.asarray(table.leave)[:, None])
    power = line.spread(per_slot(table.power_w, count, line.slots) * stay)
    due, wish = per_asset(table.energy_wh, count), per_asset(needs.wish_wh, count)
    for level, amount in ((Level.NEEDS, due - wish), (Level.WISHES, wish)):
        tiers = line.made[-1, line.tiers(level)]
        if len(tiers):
            power[:, tiers[0]] = amount / fleet.hours
        if len(tiers) > 1 and fair is not None:
            share = np.minimum(fair, amount)
            power[:, tiers] = np.stack([share, amount - share], axis=1) / fleet.hours
    arrive = line.begins(table.arrive)
    leave, sums = np.full(count, line.width), elastic_sums(table, line)
    return OneWay(table.zone, arrive, leave, due, power, **sums)


def _runs(fleet: Fleet, table: Runs, needs: Needs, ladder: Ladder) -> Runs:
    """Runs that must take place become worth the price of their level."""
    energy = run_energy(fleet, table) / 1000
    level = np.broadcast_to(np.asarray(needs.run_level), energy.shape)
    value = per_asset(table.value, len(energy))
    worth = np.where(np.isinf(value), ladder.price[level] * energy, value)
    return msgspec.structs.replace(table, value=worth)


def run_energy(fleet: Fleet, table: Runs) -> Floats:
    """Energy of each run if it takes place once [Wh]."""
    power = np.asarray(table.power_w, np.float64)
    step = np.arange(power.shape[1]) < np.asarray(table.length)[:, None]
    flat = np.asarray(table.length) * power[:, 0]
    interrupted = np.broadcast_to(np.asarray(table.interruptible), flat.shape)
    once = np.where(interrupted, flat, (power * step).sum(axis=1))
    return np.asarray(once * fleet.hours)


def _generators(table: Generators, line: Timeline) -> Generators:
    """Generators give nothing in make-up slots."""
    count = len(table.zone)
    return msgspec.structs.replace(
        table,
        max_w=line.spread(per_slot(table.max_w, count, line.slots)),
        min_w=line.spread(per_slot(table.min_w, count, line.slots)),
    )
