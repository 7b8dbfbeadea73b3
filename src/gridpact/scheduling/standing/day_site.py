"""The day of a session as a site of needs: its storage, its zones, and its homes as zones below.

Both what binds a day and what explains it speak of the same places.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np
from msgspec.structs import replace

from gridpact.base.units import Floats, Ints
from gridpact.registry.model import Community
from gridpact.scheduling.fleet.columns import Fleet, Prices, Storage, Zones
from gridpact.scheduling.messages import NeedsStated
from gridpact.scheduling.needs.binding.model import Site
from gridpact.scheduling.needs.directory import HOME, Directory
from gridpact.scheduling.needs.model import Group, Need
from gridpact.scheduling.standing.places import Places


class Past(msgspec.Struct, frozen=True):
    """What is known of slots before a day, and its prices.

    ``import_price`` [slots] µ¤/kWh, None where no money is counted. The others are as in
    :class:`~gridpact.scheduling.needs.binding.model.Site`; what is not in them is nothing.
    """

    import_price: Ints | None = None
    so_far_wh: dict[str, int] = {}
    discharged_wh: dict[str, int] = {}
    spent_nano: dict[str, int] = {}


def day_site(places: Places, stated: NeedsStated, needs: Sequence[Need], past: Past) -> Site:
    """Return the site that needs are bound to: every storage, and no other asset."""
    community, window = places.community, stated.window
    zones = len(community.zones.ids) + len(community.members.ids)
    price = np.zeros(window.count, np.int64) if past.import_price is None else past.import_price
    site = Site(
        fleet=Fleet(
            slots=window.count,
            step_s=window.step,
            zones=Zones(np.concatenate([community.zones.parent, community.members.zone])),
            storage=_storage(community, stated) if len(community.storage.ids) else None,
        ),
        prices=Prices(np.broadcast_to(price, (zones, window.count))),
        start=window.start,
        timezone=community.timezone,
        directory=directory_of_homes(places),
        places={name: ("storage", row) for name, row in places.storage.items()},
        zones=zone_rows(community),
        warmth=places.warmth,
        groups=home_groups(places),
        unlimited_from=len(community.zones.ids),
    )
    return with_past(site, places, needs, past)


def with_past(site: Site, places: Places, needs: Sequence[Need], past: Past) -> Site:
    """Tell a site of windows that have begun; nothing counts where nothing is said."""
    nothing_yet = dict.fromkeys([need.id for need in needs], 0)
    at_rest = dict.fromkeys(places.community.storage.ids, 0)
    return replace(
        site,
        so_far_wh={**nothing_yet, **past.so_far_wh},
        discharged_wh={**at_rest, **past.discharged_wh},
        spent_nano={**nothing_yet, **past.spent_nano},
    )


def _storage(community: Community, stated: NeedsStated) -> Storage:
    table, watts = community.storage, np.float64(3600 / stated.window.step)
    return Storage(
        zone=len(community.zones.ids) + table.member,
        initial_wh=0.0,
        charge_w=np.multiply(stated.charge_max_wh, watts, dtype=np.float64),
        discharge_w=np.multiply(stated.discharge_max_wh, watts, dtype=np.float64),
        hi_wh=stated.hi_wh,
        lo_wh=floor_wh(community, stated),
        efficiency_in=table.efficiency_in,
        efficiency_out=table.efficiency_out,
        kept=table.kept_per_hour ** (stated.window.step / 3600),
        draw_wh=stated.draw_wh,
    )


def floor_wh(community: Community, stated: NeedsStated) -> Floats:
    """Least that storage holds in any case [assets, slots]; a car's departures are needs."""
    car = np.array([kind == "car" for kind in community.storage.kind], np.bool_)[:, None]
    least = stated.lo_wh.min(axis=1, keepdims=True, initial=2**62)
    return np.where(car, least, stated.lo_wh).astype(np.float64)


def zone_rows(community: Community) -> dict[str, int]:
    """Rows of zones and of homes, by name."""
    names = [*community.zones.ids, *(HOME + member for member in community.members.ids)]
    return {name: row for row, name in enumerate(names)}


def home_groups(places: Places) -> dict[tuple[str, str], tuple[int, ...]]:
    """Rows of homes among the zones of a site at places that are no zones."""
    first = len(places.community.zones.ids)
    return {place: tuple(first + row for row in rows) for place, rows in places.connected.items()}


def directory_of_homes(places: Places) -> Directory:
    """The directory, each asset in its home: there the meter is that it is settled by."""
    found, zones = places.directory, places.community.zones.ids
    members = places.community.members
    above = {
        HOME + name: zones[zone] if zone >= 0 else ""
        for name, zone in zip(members.ids, members.zone.tolist(), strict=True)
    }
    assets = tuple(replace(one, zone=HOME + one.owner) for one in found.assets)
    return Directory(assets, {**found.zones, **above}, found.operators, found.connected)


def of_zones(places: Places, need: Need) -> Need:
    """Name the zones of what is asked of the community: some homes may be in none of them."""
    rows = places.zones(need)
    if rows is None:
        return need
    names = tuple(places.community.zones.ids[row] for row in rows)
    return replace(need, subject=Group("zone", names))
