"""Contracts that may be missed: what a portfolio row misses becomes an asset's energy.

See :mod:`.elastic` for how.
"""

from __future__ import annotations

import msgspec
import numpy as np

from gridpact.base.units import Floats, Ints
from gridpact.scheduling.fleet.additions import free_set, joined, with_zones
from gridpact.scheduling.fleet.columns import (
    TABLES,
    Fleet,
    OneWay,
    Portfolio,
    per_asset,
    per_slot,
)
from gridpact.scheduling.fleet.signatures import signatures_of
from gridpact.scheduling.priorities.levels import Level
from gridpact.scheduling.priorities.needs import Needs
from gridpact.scheduling.priorities.timeline import Timeline


class Contracts(msgspec.Struct, frozen=True):
    """``short`` and ``over``: rows that may be missed from below, and from above.

    Their energy missed is that of the cars from ``first_car`` on, in the zones ``short_zone`` and
    ``over_zone``, which come after the fleet's ``zones``.
    """

    zones: int
    first_car: int
    short: Ints
    over: Ints

    @property
    def present(self) -> bool:
        """Whether there is any."""
        return bool(len(self.short) + len(self.over))

    @property
    def short_zone(self) -> int:
        """Where energy costs the price of contracts outside make-up slots."""
        return self.zones

    @property
    def over_zone(self) -> int:
        """Where it costs that in make-up slots."""
        return self.zones + 1


def contracts_of(fleet: Fleet, needs: Needs) -> Contracts:
    """Find the rows of the portfolio that are contracts."""
    zones = len(fleet.zones.parent)
    cars = 0 if fleet.one_way is None else len(fleet.one_way.zone)
    portfolio, none = fleet.portfolio, np.zeros(0, np.int64)
    if portfolio is None:
        return Contracts(zones, cars, none, none)
    own = np.broadcast_to(np.asarray(needs.row_level), portfolio.set_of_row.shape)
    own = own == Level.CONTRACTS
    short = np.flatnonzero(own & np.isfinite(portfolio.lower_wh))
    over = np.flatnonzero(own & np.isfinite(portfolio.upper_wh))
    return Contracts(zones, cars, short, over)


def add_contracts(
    fleet: Fleet, stretched: Fleet, line: Timeline, needs: Needs
) -> tuple[Fleet, Contracts]:
    """Put the portfolio on the timeline, and give every contract its asset."""
    contracts, portfolio = contracts_of(fleet, needs), fleet.portfolio
    if portfolio is None:
        return stretched, contracts
    rows = np.concatenate([contracts.short, contracts.over])
    most = _worst(fleet, portfolio)[rows]
    moved = msgspec.structs.replace(
        portfolio, first=line.begins(portfolio.first), end=line.ends(portfolio.end)
    )
    if not contracts.present:
        return msgspec.structs.replace(stretched, portfolio=moved), contracts
    raised = np.zeros(len(portfolio.set_of_row))
    raised[contracts.over] = most[len(contracts.short) :]
    moved = msgspec.structs.replace(
        _own_sets(moved, contracts),
        lower_wh=np.asarray(portfolio.lower_wh, np.float64) + raised,
        upper_wh=np.asarray(portfolio.upper_wh, np.float64) + raised,
    )
    return (
        msgspec.structs.replace(
            stretched,
            zones=with_zones(stretched.zones, np.zeros((2, line.width))),
            one_way=_with_cars(stretched, contracts, moved.first[rows], (most, line)),
            portfolio=moved,
        ),
        contracts,
    )


def _with_cars(
    stretched: Fleet, contracts: Contracts, first: Ints, made: tuple[Floats, Timeline]
) -> OneWay:
    """Add one car per contract: it draws in the row's ``first`` slot, or in the make-up slot."""
    most, line = made
    power = np.zeros((len(first), line.width))
    power[np.arange(len(first)), first] = power[:, line.made[-1, 0]] = most / stretched.hours
    sides = [len(contracts.short), len(contracts.over)]
    zone = np.repeat([contracts.short_zone, contracts.over_zone], sides)
    own = OneWay(zone, first, np.full(len(first), line.width), most, power)
    return joined(stretched.one_way, own, line.width)


def _own_sets(portfolio: Portfolio, contracts: Contracts) -> Portfolio:
    """Give every contract row a set of its own, which its asset is in, too."""
    rows = np.unique(np.concatenate([contracts.short, contracts.over]))
    set_of_row, free = np.array(portfolio.set_of_row), free_set(portfolio)
    of_row = np.full(len(set_of_row), -1)
    of_row[rows] = free + np.arange(len(rows))
    zones, assets = [], []
    for row in rows.tolist():
        zones.append(np.flatnonzero(np.asarray(portfolio.zone_set) == set_of_row[row]))
        assets.append(np.flatnonzero(np.asarray(portfolio.asset_set) == set_of_row[row]))
    own = np.concatenate([contracts.short, contracts.over])
    again, more = np.concatenate(zones), np.concatenate(assets)
    table = TABLES.index("one_way")
    return msgspec.structs.replace(
        portfolio,
        set_of_row=np.where(of_row >= 0, of_row, set_of_row),
        zone_set=np.append(portfolio.zone_set, _named(of_row[rows], zones)),
        zone=np.append(portfolio.zone, np.asarray(portfolio.zone)[again]),
        asset_set=np.concatenate([portfolio.asset_set, _named(of_row[rows], assets), of_row[own]]),
        asset_table=np.concatenate(
            [
                portfolio.asset_table,
                np.asarray(portfolio.asset_table)[more],
                np.full(len(own), table),
            ]
        ),
        asset=np.concatenate(
            [
                portfolio.asset,
                np.asarray(portfolio.asset)[more],
                contracts.first_car + np.arange(len(own)),
            ]
        ),
    )


def _named(sets: Ints, members: list[Ints]) -> Ints:
    """Each set as often as it has members."""
    return np.repeat(sets, [len(one) for one in members])


def _worst(fleet: Fleet, portfolio: Portfolio) -> Floats:
    """More than any schedule can miss of each row [rows] Wh: what its set could do against it."""
    reach = _reach(fleet)
    member, signature = signatures_of(fleet)
    by_signature = np.zeros(len(member))
    for name, energy in reach.items():
        by_signature += np.bincount(signature[name], weights=energy, minlength=len(member))
    zones = len(fleet.zones.parent)
    load = float(np.abs(per_slot(fleet.zones.load_wh, zones, fleet.slots)).sum(axis=0).max())
    per_set = member.T.astype(np.float64) @ by_signature + load
    bounds = [np.where(np.isfinite(b), np.abs(b), 0.0) for b in _bounds(portfolio)]
    length = np.asarray(portfolio.end) - np.asarray(portfolio.first)
    return np.asarray(per_set[portfolio.set_of_row] * length + np.maximum(*bounds) + 1.0)


def _bounds(portfolio: Portfolio) -> tuple[Floats, Floats]:
    lower = np.asarray(portfolio.lower_wh, np.float64)
    return lower, np.asarray(portfolio.upper_wh, np.float64)


def _reach(fleet: Fleet) -> dict[str, Floats]:
    """Most energy that each asset can take or give in a slot [assets] Wh, by table."""
    columns = {
        "one_way": ("power_w",),
        "storage": ("charge_w", "discharge_w"),
        "runs": ("power_w",),
        "generators": ("max_w",),
    }
    reach = {}
    for name, powers in columns.items():
        table = getattr(fleet, name)
        if table is not None:
            most = [_most(getattr(table, power), len(table.zone)) for power in powers]
            reach[name] = np.max(most, axis=0) * fleet.hours
    if fleet.curtailable is not None:
        reach["curtailable"] = _most(fleet.curtailable.forecast_wh, len(fleet.curtailable.zone))
    return reach


def _most(values: Floats | Ints | float, assets: int) -> Floats:
    array = np.asarray(values, np.float64)
    return array.max(axis=1) if array.ndim == 2 else per_asset(array, assets)
