"""Which meters matter, and how: what is settled before prices of limits are looked for.

A zone that buys dearer than it sells is a meter. In a slot in which its net energy cannot change
sign there is one price, and nothing to decide. What is left is met in one of three ways: a single
asset whose oracle knows the meter's kink answers for the home; a few assets become one compound
asset (:mod:`.homes`); of larger zones, feeding in is a limit with a price in every slot.

Homes of the first two kinds, and small zones without meters, whose own limits cannot bind need no
master of their own: their assets join the cell of the zone above.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import numpy as np

from gridpact.base.units import Bools, Floats, Ints
from gridpact.scheduling.fleet import generator_oracle, metered_runs, stepped_storage
from gridpact.scheduling.fleet.columns import (
    TABLES,
    Fleet,
    Prices,
    Storage,
    narrow,
    per_asset,
    per_slot,
)
from gridpact.scheduling.fleet.limits import Tariff, tariff_of
from gridpact.scheduling.fleet.reach import reach
from gridpact.scheduling.fleet.signatures import signatures_of
from gridpact.scheduling.fleet.storage import stepwise
from gridpact.scheduling.fleet.sums import cars_limited, storage_limited
from gridpact.scheduling.fleet.tree import depths

FEW = 12
"""Assets up to which a zone counts as a home: planned as one, and no master of its own."""


class Meters(msgspec.Struct, frozen=True):
    """How the assets of zones are asked; energies kWh, prices ¤/kWh.

    ``tariff``: prices, with one price where a meter's sign is certain. ``load`` [zones, slots] is
    fixed net load. ``place`` [zones]: the zone in whose cell a zone's assets are. ``single``
    [zones]: one asset answers for its meter. ``home`` [zones]: all assets answer as one.
    ``odd``: by table, assets [rows] that no oracle knows.
    """

    tariff: Tariff
    load: Floats
    place: Ints
    single: Bools
    home: Bools
    odd: dict[str, Bools]

    @property
    def priced(self) -> Bools:
        """Zones of which feeding in is a limit with a price [zones]."""
        left = (self.tariff.spread != 0).any(axis=1)
        return np.asarray(left & ~self.single & ~self.home)

    def free(self, table: str, zone: Ints) -> Bools:
        """Mark rows, in these zones, that are asked without looking at a meter [rows]."""
        return np.asarray(~(self.single | self.home)[zone] & ~self.odd[table])

    def alone(self, table: str, zone: Ints) -> Ints:
        """Rows, in these zones, that are a home by themselves, without a meter."""
        return np.flatnonzero(self.odd[table] & ~(self.home | self.priced)[zone])


def meters_of(fleet: Fleet, prices: Prices) -> Meters:
    """Find out what the meters of a fleet without faults come to."""
    zones = len(fleet.zones.parent)
    tariff, members = tariff_of(fleet, prices), _members(fleet)
    load = per_slot(fleet.zones.load_wh, zones, fleet.slots) / 1000
    leaf = ~np.isin(np.arange(zones), fleet.zones.parent)
    kinked = (tariff.spread != 0).any(axis=1)
    looked_at = leaf & (kinked | (members == 0))
    low, high = (load + part for part in reach(fleet, looked_at & (members > 0)))
    if kinked.any():
        tariff = _settled(tariff, low, high, looked_at)
        kinked = (tariff.spread != 0).any(axis=1)
    odd = {name: _odd(fleet, name) for name in TABLES}
    few = leaf & (members > 0) & (members <= FEW)
    single = few & kinked & (members == 1) & ~(tariff.spread < 0).any(axis=1)
    if single.any():
        single &= ~_any_of(fleet, _unmetered(fleet, tariff)) & ~_any_of(fleet, odd)
    home = few & kinked & ~single
    if home.any():
        home &= _of_one_set(fleet)
    loose = _unlimited(fleet) | (looked_at & _within(fleet, low, high))
    joins = loose & ((members == 0) | (few & (~kinked | single | home)))
    return Meters(tariff, load, _place(fleet.zones.parent, joins), single, home, odd)


def _settled(tariff: Tariff, low: Floats, high: Floats, known: Bools) -> Tariff:
    """One price where net energy, between ``low`` and ``high``, cannot change sign."""
    sells = known[:, None] & (high <= 0)
    certain = sells | (known[:, None] & (low >= 0))
    buy = np.where(sells, tariff.buy - tariff.spread, tariff.buy)
    return Tariff(buy, np.where(certain, 0.0, tariff.spread))


def _zone(fleet: Fleet, name: str) -> Ints:
    """Zone of every asset of a table."""
    table = getattr(fleet, name)
    return np.zeros(0, np.int64) if table is None else np.asarray(table.zone)


def _members(fleet: Fleet) -> Ints:
    """Assets in each zone itself [zones]."""
    zones = len(fleet.zones.parent)
    counts = [np.bincount(_zone(fleet, name), minlength=zones) for name in TABLES]
    return np.asarray(np.sum(counts, axis=0))


def _odd(fleet: Fleet, name: str) -> Bools:
    """Mark assets of a table that no oracle knows: whose ramp or limit on sums may bind."""
    if name == "one_way" and fleet.one_way is not None:
        return cars_limited(fleet.one_way, fleet.slots, fleet.hours)
    if name == "storage" and fleet.storage is not None:
        limited = storage_limited(fleet.storage, fleet.slots, fleet.hours)
        return limited | ~stepped_storage.covers(fleet.storage, fleet.slots)
    if name == "generators" and fleet.generators is not None:
        return ~generator_oracle.covers(fleet.generators, fleet.slots)
    return np.zeros(len(_zone(fleet, name)), np.bool_)


def _unmetered(fleet: Fleet, tariff: Tariff) -> dict[str, Bools]:
    """By table, assets whose oracle knows no kink of a meter."""
    unknown = {name: np.zeros(len(_zone(fleet, name)), np.bool_) for name in TABLES}
    unknown["generators"][:] = True
    if fleet.runs is not None:
        unknown["runs"] = ~metered_runs.covers(fleet.runs)
    if fleet.storage is not None:
        lowest = lowest_prices(tariff)
        unknown["storage"] = stepwise(fleet.storage) | burns(fleet.storage, fleet.slots, lowest)
    return unknown


def lowest_prices(tariff: Tariff) -> Floats:
    """Lowest price of energy in each zone [zones]."""
    return np.asarray(np.min(tariff.buy - np.maximum(tariff.spread, 0.0), axis=1))


def burns(table: Storage, slots: int, lowest: Floats) -> Bools:
    """Mark storage [assets] for which charging and discharging at once would pay at some price.

    That is so where ``price / efficiency_in < (price − wear) · efficiency_out``: at prices below
    zero by more than the wear makes up for.
    """
    count, price = len(table.zone), lowest[np.asarray(table.zone)]
    inward = narrow(table.efficiency_in, count, slots).min(axis=1)
    outward, wear = per_asset(table.efficiency_out, count), per_asset(table.wear, count) * 1e-6
    both = narrow(table.discharge_w, count, slots).any(axis=1)
    both &= narrow(table.charge_w, count, slots).any(axis=1)
    return np.asarray(both & (price / inward < (price - wear) * outward))


def _any_of(fleet: Fleet, marked: dict[str, Bools]) -> Bools:
    """Mark zones with any marked asset [zones]."""
    found = np.zeros(len(fleet.zones.parent), np.bool_)
    for name, mask in marked.items():
        found[_zone(fleet, name)[mask]] = True
    return found


def _of_one_set(fleet: Fleet) -> Bools:
    """Mark zones all of whose assets are in the same sets of the portfolio [zones]."""
    zones = len(fleet.zones.parent)
    first, last = np.full(zones, np.iinfo(np.int64).max), np.full(zones, -1)
    for name, signature in signatures_of(fleet)[1].items():
        np.minimum.at(first, _zone(fleet, name), signature)
        np.maximum.at(last, _zone(fleet, name), signature)
    return np.asarray(first >= last)


def _limits(fleet: Fleet) -> Iterator[tuple[Floats, float]]:
    """Import and export limits [zones, slots] kWh, and the sign of the energy they bound."""
    zones, to_kwh = len(fleet.zones.parent), fleet.hours / 1000
    yield per_slot(fleet.zones.import_limit_w, zones, fleet.slots) * to_kwh, 1.0
    yield per_slot(fleet.zones.export_limit_w, zones, fleet.slots) * to_kwh, -1.0


def _unlimited(fleet: Fleet) -> Bools:
    """Mark zones without any limit [zones]."""
    return np.asarray(np.all([np.isinf(most).all(axis=1) for most, _ in _limits(fleet)], axis=0))


def _within(fleet: Fleet, low: Floats, high: Floats) -> Bools:
    """Mark zones whose limits hold whatever their assets do [zones]."""
    ends = [high if sign > 0 else -low for _, sign in _limits(fleet)]
    limits = [most for most, _ in _limits(fleet)]
    return np.asarray(
        np.all([(end <= most).all(axis=1) for end, most in zip(ends, limits, strict=True)], axis=0)
    )


def _place(parent: Ints, joins: Bools) -> Ints:
    """Zone in whose cell a zone's assets are: the nearest at or above it that joins no other."""
    parent = np.asarray(parent)
    place = np.arange(len(parent))
    depth = depths(parent)
    for level in range(1, int(depth.max(initial=0)) + 1):
        at = np.flatnonzero((depth == level) & joins)
        place[at] = place[parent[at]]
    return place
