"""A community's plan as regulation sees it: what each asset can give of the set-points in force.

Everything is counted in slots: a power is the energy of one slot, so that shares are whole Wh and
set-points stay whole. Storage comes first, then the plants of each member as one.
"""

from __future__ import annotations

import msgspec
import numpy as np

from gridpact.base.slots import Slots
from gridpact.base.units import Bools, Floats, Ints
from gridpact.registry.model import Storage
from gridpact.scheduling.activation.columns import Direction
from gridpact.scheduling.activation.split import Call, Rule, Split, activate, headroom
from gridpact.scheduling.activation.standing import Standing, begins_with
from gridpact.scheduling.activation.sums_left import Asked, left_by_sums
from gridpact.scheduling.activation.worth import costs
from gridpact.scheduling.fleet.columns import UNBOUNDED, Curtailable, Fleet, Zones
from gridpact.scheduling.fleet.columns import Storage as StorageTable
from gridpact.scheduling.fleet.solution import Schedules
from gridpact.scheduling.problem import Sum, ZoneColumns

SLOT_S = 3600
"""Seconds of a slot as the fleet is told: with an hour, powers [W] are energies of a slot [Wh]."""


class Planned(msgspec.Struct, frozen=True, kw_only=True):
    """Set-points in force from a slot on, and what bounds them: int64 [.., slots], Wh.

    ``state_wh`` [assets, slots] is expected after each slot; ``charge_max_wh``,
    ``discharge_max_wh``, ``lo_wh`` and ``hi_wh`` are as owners stated them. ``net_wh``,
    ``curtail_wh`` and ``pv_wh`` are [members, slots], prices [slots] in µ¤/kWh. ``out`` [assets]
    marks assets that do not follow their set-points and so are not counted on: they give nothing,
    and limits are kept whatever they do. ``sums`` bound what is done in several slots.
    """

    slots: Slots
    storage: Storage
    zones: ZoneColumns
    charge_wh: Ints
    discharge_wh: Ints
    state_wh: Ints
    charge_max_wh: Ints
    discharge_max_wh: Ints
    lo_wh: Ints
    hi_wh: Ints
    net_wh: Ints
    curtail_wh: Ints
    pv_wh: Ints
    import_price: Ints
    export_price: Ints
    out: Bools
    sums: tuple[Sum, ...] = ()


class Division(msgspec.Struct, frozen=True):
    """A call divided: Wh of every slot that it lasts.

    ``given_wh`` [assets] of storage and ``solar_wh`` [members] are never negative; ``room_wh``
    [assets + members] is what each could give, ``cost`` [assets + members] its price [µ¤/kWh].
    ``marginal_cost`` is that of the dearest that had to give, None where nobody had to.
    ``limited`` [zones] marks zones whose limits keep what is missing from being given.
    """

    given_wh: Ints
    solar_wh: Ints
    missing_wh: int
    marginal_cost: int | None
    room_wh: Ints
    cost: Ints
    limited: Bools

    @property
    def cost_nano(self) -> int:
        """What it costs in every slot [nano-¤]."""
        given = np.concatenate([self.given_wh, self.solar_wh])
        return int((given * self.cost).sum())


def divide(
    planned: Planned, within: Bools, direction: Direction, amount_wh: int, slots: int, rule: Rule
) -> Division:
    """Divide an amount [Wh in every slot] among assets of zones, for the first ``slots`` slots.

    ``within`` [zones] marks the zones asked, each with all below it marked, too. The limits of all
    zones and all sums are kept. Raises ValueError of a negative amount, or of more slots than are
    planned.
    """
    if not 0 < slots <= planned.slots.count:
        raise ValueError(f"{slots} slots of {planned.slots.count} that are planned")
    standing = _standing(planned, within, slots)
    standing = _within_sums(planned, standing, (direction, slots, rule))
    assets, lasts_s = standing.assets, slots * SLOT_S
    call = Call(direction, amount_wh, lasts_s)
    split: Split = activate(assets, call, standing.limits, rule)
    count, room = len(planned.storage.member), headroom(assets, direction, lasts_s)
    return Division(
        given_wh=split.given_w[:count],
        solar_wh=split.given_w[count:],
        missing_wh=split.missing_w,
        marginal_cost=split.marginal_cost,
        room_wh=room,
        cost=assets.cost(direction),
        limited=_limited(standing, direction, room, split),
    )


def _within_sums(
    planned: Planned, standing: Standing, call: tuple[Direction, int, Rule]
) -> Standing:
    """Leave assets no more energy to give than sums over slots do."""
    (direction, slots, _), assets = call, standing.assets
    if not planned.sums:
        return standing
    room = headroom(assets, direction, slots * SLOT_S)
    left = left_by_sums(planned, room, Asked(assets, standing.limits, *call))
    name = "up_wh" if direction is Direction.UP else "down_wh"
    energy = np.where(left < room, left * slots, assets.energy_wh(direction))
    return msgspec.structs.replace(
        standing, assets=msgspec.structs.replace(assets, **{name: energy})
    )


def _limited(standing: Standing, direction: Direction, room: Ints, found: Split) -> Bools:
    """Mark zones whose limit is used up where their assets could give more [zones]."""
    free, zone = standing.limits.of(direction), standing.assets.zone
    given, able = np.zeros((2, len(free)), np.int64)
    at = zone.copy()
    while (inside := at >= 0).any():
        np.add.at(given, at[inside], found.given_w[inside])
        np.add.at(able, at[inside], room[inside])
        at = np.where(inside, standing.limits.parent[at], -1)
    return np.asarray((found.missing_w > 0) & (given >= free) & (able > given))


def set_points(
    planned: Planned, division: Division, direction: Direction, slots: int
) -> tuple[Ints, Ints, Ints]:
    """Charge, discharge [assets, slots] and curtailment [members, slots] of the slots it lasts."""
    during, sign = slice(0, slots), int(direction)
    net = (planned.charge_wh - planned.discharge_wh)[:, during]
    net = net - sign * division.given_wh[:, None]
    curtail = planned.curtail_wh[:, during] - sign * division.solar_wh[:, None]
    return np.maximum(net, 0), np.maximum(-net, 0), curtail


def _standing(planned: Planned, within: Bools, slots: int) -> Standing:
    fleet, net = _fleet(planned), _zone_sums(planned.zones, planned.net_wh)
    standing = begins_with(fleet, _schedules(planned), net, slots * SLOT_S)
    assets = standing.assets
    up, down = costs(planned, slots)
    wanted = within[assets.zone]
    wanted[: len(planned.out)] &= ~planned.out
    assets = msgspec.structs.replace(
        assets,
        least_w=np.where(wanted, assets.least_w, assets.power_w),
        most_w=np.where(wanted, assets.most_w, assets.power_w),
        up_cost=up,
        down_cost=down,
    )
    return msgspec.structs.replace(standing, assets=assets)


def _fleet(planned: Planned) -> Fleet:
    """The community as a fleet of slots of an hour; zone of a member in none: one without limits.

    What is left of the horizon must end where it was planned to: later needs were planned from
    there.
    """
    zones, storage = planned.zones, planned.storage
    home, (more, less) = zones.zone, _astray(planned)
    return Fleet(
        slots=planned.slots.count,
        step_s=SLOT_S,
        zones=Zones(
            parent=zones.parent,
            import_limit_w=_limit(zones.import_limit_wh, more),
            export_limit_w=_limit(zones.export_limit_wh, less),
        ),
        storage=StorageTable(
            zone=home[storage.member],
            initial_wh=0.0,
            charge_w=planned.charge_max_wh,
            discharge_w=planned.discharge_max_wh,
            hi_wh=planned.hi_wh,
            lo_wh=planned.lo_wh,
            terminal_wh=planned.state_wh[:, -1],
            efficiency_in=storage.efficiency_in,
            efficiency_out=storage.efficiency_out,
        ),
        curtailable=Curtailable(zone=home, forecast_wh=planned.pv_wh),
    )


def _limit(energy_wh: Ints, kept_free: Floats) -> Floats:
    return np.where(energy_wh < 0, UNBOUNDED, energy_wh - kept_free)


def _astray(planned: Planned) -> tuple[Floats, Floats]:
    """What storage that is not counted on may take and give beyond its plan [zones, slots], Wh."""
    net, out = planned.charge_wh - planned.discharge_wh, planned.out
    more, less = np.zeros((2, *planned.net_wh.shape))
    member = planned.storage.member[out]
    np.add.at(more, member, (planned.charge_max_wh - net)[out])
    np.add.at(less, member, (planned.discharge_max_wh + net)[out])
    return _zone_sums(planned.zones, more), _zone_sums(planned.zones, less)


def _schedules(planned: Planned) -> Schedules:
    none = np.zeros((0, planned.slots.count))
    return Schedules(
        rows=(),
        one_way_wh=none,
        charge_wh=planned.charge_wh.astype(np.float64),
        discharge_wh=planned.discharge_wh.astype(np.float64),
        state_wh=planned.state_wh.astype(np.float64),
        output_wh=(planned.pv_wh - planned.curtail_wh).astype(np.float64),
        runs_wh=none,
        generators_wh=none,
    )


def _zone_sums(zones: ZoneColumns, by_home: Floats | Ints) -> Floats:
    """Sums over every zone with all below it [zones, slots] of what is by home [homes, slots]."""
    sums = np.zeros((len(zones.parent), by_home.shape[1]))
    at = zones.zone.copy()
    while (at >= 0).any():
        np.add.at(sums, at[at >= 0], by_home[at >= 0])
        at = np.where(at >= 0, zones.parent[at], -1)
    return sums
