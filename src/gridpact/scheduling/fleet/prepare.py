"""A fleet made ready for the engine: its groups, limits inside cells and between them, prices."""

from __future__ import annotations

import msgspec
import numpy as np

from gridpact.base.units import Floats, Ints
from gridpact.scheduling.fleet.columns import Fleet
from gridpact.scheduling.fleet.groups import Cut, Groups, make_groups
from gridpact.scheduling.fleet.limits import (
    EXPORT,
    IMPORT,
    SIGN,
    SPREAD,
    Tariff,
    distinct,
    row_limits,
    zone_limits,
)
from gridpact.scheduling.fleet.meters import Meters
from gridpact.scheduling.fleet.portfolio_master import Coupling, CouplingPrices
from gridpact.scheduling.fleet.signatures import zone_sets
from gridpact.scheduling.fleet.tree import below, sums_up

ALL = slice(None)
"""Every group."""


class Case(msgspec.Struct, frozen=True):
    """A fleet made ready; energies kWh, prices ¤/kWh.

    ``buy`` [tariffs, slots] is what groups pay for energy; ``most``, ``penalty`` [cells, kinds,
    slots]: limits of cells, and the prices at which they may be exceeded (infinite: the penalty in
    force). ``upper`` holds the rows of zones with cells below. ``fixed_cost`` [¤] is what fixed
    load costs at buying prices; where feeding in is no limit, what it earns less counts, too.
    """

    groups: Groups
    parent: Ints
    meters: Meters
    buy: Floats
    most: Floats
    penalty: Floats
    coupling: Coupling
    upper: tuple[int, ...]
    fixed_cost: float


def prepare(fleet: Fleet, meters: Meters, parts: int, gap: float) -> Case:
    """Make a fleet without faults ready, to be solved to a relative ``gap``."""
    tariff = meters.tariff
    buy, tariff_of_zone = distinct(tariff.buy)
    groups = make_groups(fleet, Cut(meters, tariff_of_zone, parts, gap))
    limits, parent = zone_limits(fleet, _priced(meters)), np.asarray(fleet.zones.parent)
    own_cell = (meters.place == np.arange(len(parent))).astype(np.float64)
    above = (sums_up(parent, own_cell[:, None])[:, 0] - own_cell) > 0
    kinds = _kinds(limits.most)
    most = np.where(above[:, None, None], np.inf, limits.most)[groups.zone][:, :kinds]
    empty = (own_cell > 0) & ~np.isin(np.arange(len(parent)), groups.zone) & ~above
    hard = limits.most[:, :SPREAD]
    coupled = (above & np.isfinite(hard).any(axis=(1, 2))) | (empty & (hard < 0).any(axis=(1, 2)))
    upper = tuple(np.flatnonzero(coupled).tolist())
    inside = [below(parent, zone)[groups.zone] for zone in upper]
    load = meters.load
    idle = np.where(meters.priced[:, None], 0.0, tariff.spread * np.maximum(-load, 0.0))
    coupling = Coupling(
        rows=row_limits(fleet, groups.member, _set_load(fleet, load)),
        most=_hard(limits.most[list(upper)]),
        inside=np.array(inside, np.bool_).reshape(len(upper), len(groups.zone)),
    )
    return Case(
        groups=groups,
        parent=parent,
        meters=meters,
        buy=buy,
        most=np.ascontiguousarray(most),
        penalty=np.ascontiguousarray(limits.penalty[groups.zone][:, :kinds]),
        coupling=coupling,
        upper=upper,
        fixed_cost=float(np.sum(tariff.buy * load + idle)),
    )


def _priced(meters: Meters) -> Tariff:
    """Prices with what selling earns less where feeding in is a limit with that price."""
    tariff = meters.tariff
    return Tariff(tariff.buy, np.where(meters.priced[:, None], tariff.spread, 0.0))


def _hard(most: Floats) -> Floats:
    """Limits [zones, kinds, slots] without the price spread of meters, which is none."""
    most = most.copy()
    most[:, SPREAD] = np.inf
    return most


def _kinds(most: Floats) -> int:
    """How many kinds of limits are in use, counted from the first."""
    used = [kind for kind in (IMPORT, EXPORT, SPREAD) if np.isfinite(most[:, kind]).any()]
    return max(used, default=IMPORT) + 1


def _set_load(fleet: Fleet, load: Floats) -> Floats:
    """Fixed load of each portfolio set [sets, slots]."""
    if fleet.portfolio is None:
        return np.zeros((0, fleet.slots))
    return np.asarray(zone_sets(fleet, fleet.portfolio).T.astype(np.float64) @ load)


class Duals(msgspec.Struct, frozen=True):
    """Prices of all limits: of cells [cells, kinds, slots], and of those that couple them."""

    cells: Floats
    coupling: CouplingPrices

    def towards(self, other: Duals, share: float) -> Duals:
        """Go a share of the way to other prices."""
        return Duals(
            _between(self.cells, other.cells, share),
            CouplingPrices(
                _between(self.coupling.rows, other.coupling.rows, share),
                _between(self.coupling.zones, other.coupling.zones, share),
            ),
        )


def _between(one: Floats, other: Floats, share: float) -> Floats:
    return np.asarray((1 - share) * one + share * other)


def no_prices(case: Case) -> Duals:
    """Every limit at price zero."""
    rows = np.zeros(len(case.coupling.rows.row))
    return Duals(
        np.zeros(case.most.shape), CouplingPrices(rows, np.zeros(case.coupling.most.shape))
    )


class Surcharge(msgspec.Struct, frozen=True):
    """What limits add to the price of energy [¤/kWh].

    ``cell`` [cells, slots] plus ``signature`` [signatures, slots].
    """

    cell: Floats
    signature: Floats

    def of(self, groups: Groups, group: Ints | slice = ALL) -> Floats:
        """Surcharges of all groups, or of some [groups, slots]."""
        shared = _rows(self.signature, groups.signature[group])
        return np.asarray(self.cell[groups.cell[group]] + shared)


class GroupPrices(msgspec.Struct, frozen=True):
    """What energy costs: ``buy`` [tariffs, slots] and the surcharges of limits, ¤/kWh."""

    buy: Floats
    limits: Surcharge

    def of(self, groups: Groups, group: Ints | slice = ALL) -> Floats:
        """Prices of all groups, or of some [groups, slots]."""
        return self.limits.of(groups, group) + _rows(self.buy, groups.tariff[group])


def _rows(table: Floats, row: Ints) -> Floats:
    """Rows of a table; the only one where it has one alone, which then stands for all."""
    return table if len(table) == 1 else table[row]


def coupling_prices(case: Case, prices: CouplingPrices) -> Surcharge:
    """What coupling limits add to the price of energy."""
    rows, slots = case.coupling.rows, case.buy.shape[1]
    if not len(rows.row) and not len(case.upper):
        cells, signatures = len(case.groups.zone), len(rows.member.T)
        return Surcharge(np.zeros((cells, slots)), np.zeros((signatures, slots)))
    by_slot = np.zeros((len(rows.row), slots + 1))
    place = np.arange(len(rows.row))
    by_slot[place, rows.first] += rows.sign * prices.rows
    by_slot[place, rows.end] -= rows.sign * prices.rows
    by_slot = np.cumsum(by_slot, axis=1)[:, :-1]
    zones = np.sum(SIGN[:, None] * prices.zones, axis=1)
    return Surcharge(
        case.coupling.inside.T.astype(np.float64) @ zones,
        rows.member.T.astype(np.float64) @ by_slot,
    )


def group_prices(case: Case, duals: Duals) -> GroupPrices:
    """What energy costs assets at these prices of limits."""
    extra = coupling_prices(case, duals.coupling)
    sign = SIGN[: duals.cells.shape[1], None]
    own = np.sum(sign * duals.cells, axis=1)
    return GroupPrices(case.buy, Surcharge(own + extra.cell, extra.signature))


def bought(case: Case, energy: Floats) -> Floats:
    """What energy of groups [groups, slots] costs at their buying prices [groups] ¤."""
    if len(case.buy) == 1:
        return np.asarray(energy @ case.buy[0])
    return np.asarray(np.einsum("gt,gt->g", case.buy[case.groups.tariff], energy))


def rent(case: Case, duals: Duals) -> float:
    """Limits at their prices [¤], which the lower bound deducts."""
    coupling = case.coupling
    return (
        _paid(duals.cells, case.most)
        + _paid(duals.coupling.rows, coupling.rows.most)
        + _paid(duals.coupling.zones, coupling.most)
    )


def _paid(price: Floats, most: Floats) -> float:
    return float(np.sum(price * np.where(np.isfinite(most), most, 0.0)))


def net_of_zones(case: Case, energy: Floats, joined: Floats) -> Floats:
    """Net energy of zones [zones, slots] kWh, fixed load included.

    ``energy`` [cells, slots] is that of cells' assets, ``joined`` [zones, slots] the part of it of
    zones whose assets are in the cell of another.
    """
    own = case.meters.load + joined
    if joined.any():
        np.subtract.at(own, case.meters.place, joined)
    own[case.groups.zone] += energy
    return sums_up(case.parent, own)
