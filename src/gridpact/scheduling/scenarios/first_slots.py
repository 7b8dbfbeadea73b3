"""What is done in the first slots, and the fleet as it stands after them."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np

from gridpact.base.units import Floats
from gridpact.scheduling.fleet.columns import (
    Fleet,
    OneWay,
    Portfolio,
    Prices,
    Storage,
    Values,
    per_asset,
    per_slot,
)
from gridpact.scheduling.fleet.signatures import signatures_of, zone_sets
from gridpact.scheduling.fleet.solution import Schedules
from gridpact.scheduling.fleet.tree import sums_up
from gridpact.scheduling.scenarios.money import energy_cost


class FirstSlots(msgspec.Struct, frozen=True):
    """Energies of assets in the first slots [assets, first] Wh, row by row of their tables."""

    one_way_wh: Floats
    charge_wh: Floats
    discharge_wh: Floats
    output_wh: Floats


def mixed(fleet: Fleet, plans: Sequence[Schedules], weight: Floats, first: int) -> FirstSlots:
    """Mix plans of the same fleet: what each asset does on average, storage one way at a time.

    A mix of an asset's plans is a plan of it. Where some plans charge and others discharge, the
    change of state is kept and less is drawn, which at prices below zero is not the cheapest.
    """

    def mean(name: str) -> Floats:
        parts = [share * getattr(plan, name) for share, plan in zip(weight, plans, strict=True)]
        return np.asarray(np.sum([part[:, :first] for part in parts], axis=0))

    charge, discharge = mean("charge_wh"), mean("discharge_wh")
    if fleet.storage is not None:
        count = len(charge)
        inward = per_slot(fleet.storage.efficiency_in, count, fleet.slots)[:, :first]
        outward = per_asset(fleet.storage.efficiency_out, count)[:, None]
        change, both = charge * inward - discharge / outward, (charge > 0) & (discharge > 0)
        charge = np.where(both, np.maximum(change, 0.0) / inward, charge)
        discharge = np.where(both, np.maximum(-change, 0.0) * outward, discharge)
    return FirstSlots(mean("one_way_wh"), charge, discharge, mean("output_wh"))


def first_cost(fleet: Fleet, prices: Prices, done: FirstSlots) -> float:
    """What is done costs [nano-¤]: energy, wear, and generation that is cut."""
    first = done.one_way_wh.shape[1]
    own = _own_net(fleet, done)
    net = sums_up(fleet.zones.parent, own)
    cost = energy_cost(fleet.zones.parent, net, prices_of(prices, slice(0, first)))
    if fleet.storage is not None:
        wear = per_asset(fleet.storage.wear, len(done.discharge_wh))
        cost += float(wear @ done.discharge_wh.sum(axis=1))
    if fleet.curtailable is not None:
        count = len(done.output_wh)
        given = per_slot(fleet.curtailable.forecast_wh, count, fleet.slots)[:, :first]
        cut = (given - done.output_wh).sum(axis=1)
        cost += float(per_asset(fleet.curtailable.cost, count) @ cut)
    return cost


def prices_of(prices: Prices, slots: slice) -> Prices:
    """Prices of some slots."""
    sell = None if prices.sell is None else prices.sell[..., slots]
    return Prices(prices.buy[..., slots], sell)


def remaining(fleet: Fleet, done: FirstSlots) -> Fleet:
    """The fleet from the slot after the first ones on, as what was done leaves it."""
    first = done.one_way_wh.shape[1]
    zones = msgspec.structs.replace(
        fleet.zones,
        import_limit_w=_later(fleet.zones.import_limit_w, first),
        export_limit_w=_later(fleet.zones.export_limit_w, first),
        load_wh=_later(fleet.zones.load_wh, first),
    )
    solar = fleet.curtailable
    if solar is not None:
        forecast = np.asarray(solar.forecast_wh)[:, first:]
        solar = msgspec.structs.replace(solar, forecast_wh=forecast)
    return msgspec.structs.replace(
        fleet,
        slots=fleet.slots - first,
        zones=zones,
        one_way=None if fleet.one_way is None else _cars(fleet.one_way, done),
        storage=None if fleet.storage is None else _stores(fleet, fleet.storage, done),
        curtailable=solar,
        portfolio=None if fleet.portfolio is None else _rows(fleet, fleet.portfolio, done),
    )


def _later(values: Values, first: int) -> Values:
    """Values of the later slots, where they vary."""
    return np.asarray(values)[:, first:] if np.ndim(values) == 2 else values


def _cars(table: OneWay, done: FirstSlots) -> OneWay:
    """Cars with what is still due; those that have left stay as rows and draw nothing."""
    first = done.one_way_wh.shape[1]
    due = per_asset(table.energy_wh, len(table.zone)) - done.one_way_wh.sum(axis=1)
    leave = np.asarray(table.leave) - first
    return OneWay(
        zone=table.zone,
        arrive=np.where(leave > 0, np.maximum(np.asarray(table.arrive) - first, 0), 0),
        leave=np.maximum(leave, 1),
        energy_wh=np.where(leave > 0, np.maximum(due, 0.0), 0.0),
        power_w=_later(table.power_w, first),
    )


def _stores(fleet: Fleet, table: Storage, done: FirstSlots) -> Storage:
    """Storage in the state it has reached."""
    count, first = done.charge_wh.shape
    inward = per_slot(table.efficiency_in, count, fleet.slots)
    draw = per_slot(table.draw_wh, count, fleet.slots)
    kept, outward = per_asset(table.kept, count), per_asset(table.efficiency_out, count)
    state = per_asset(table.initial_wh, count)
    for slot in range(first):
        gained = inward[:, slot] * done.charge_wh[:, slot]
        state = kept * state + gained - done.discharge_wh[:, slot] / outward - draw[:, slot]
    later = ("charge_w", "discharge_w", "hi_wh", "lo_wh", "efficiency_in", "draw_wh")
    columns = {name: _later(getattr(table, name), first) for name in later}
    return msgspec.structs.replace(table, initial_wh=state, **columns)


def _own_net(fleet: Fleet, done: FirstSlots) -> Floats:
    """Net energy of zones without those below [zones, first] Wh, fixed load included."""
    count, first = len(fleet.zones.parent), done.one_way_wh.shape[1]
    own = np.array(per_slot(fleet.zones.load_wh, count, fleet.slots)[:, :first])
    for name, energy in _energies(done).items():
        table = getattr(fleet, name)
        if table is not None:
            np.add.at(own, np.asarray(table.zone), energy)
    return own


def _energies(done: FirstSlots) -> dict[str, Floats]:
    """Net energy of assets by table [assets, first] Wh."""
    return {
        "one_way": done.one_way_wh,
        "storage": done.charge_wh - done.discharge_wh,
        "curtailable": -done.output_wh,
    }


def _rows(fleet: Fleet, portfolio: Portfolio, done: FirstSlots) -> Portfolio | None:
    """Rows with slots left, and what is left of their bounds."""
    first = done.one_way_wh.shape[1]
    member, signature = signatures_of(fleet)
    taken = np.zeros((len(member), first))
    for name, energy in _energies(done).items():
        if name in signature:
            np.add.at(taken, signature[name], energy)
    zones = len(fleet.zones.parent)
    load = per_slot(fleet.zones.load_wh, zones, fleet.slots)[:, :first]
    by_set = member.T.astype(np.float64) @ taken
    by_set = by_set + zone_sets(fleet, portfolio).T.astype(np.float64) @ load
    total = np.concatenate([np.zeros((len(by_set), 1)), np.cumsum(by_set, axis=1)], axis=1)
    begin, end, own = portfolio.first, portfolio.end, portfolio.set_of_row
    so_far = total[own, np.minimum(end, first)] - total[own, np.minimum(begin, first)]
    left = np.flatnonzero(end > first)
    if not left.size:
        return None
    return msgspec.structs.replace(
        portfolio,
        set_of_row=own[left],
        first=np.maximum(begin - first, 0)[left],
        end=(end - first)[left],
        lower_wh=(np.asarray(portfolio.lower_wh) - so_far)[left],
        upper_wh=(np.asarray(portfolio.upper_wh) - so_far)[left],
    )
