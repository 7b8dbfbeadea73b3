"""Members and their assets from a checked, filled document."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import cast

from gridpact.simulation.scenarios.access import (
    MICRO_PER_CT,
    WATT_PER_KW,
    Group,
    asset_ids,
    clock_s,
    count,
    entries,
    exact,
    group,
    ppm,
    scaled,
    text,
    texts,
    truth,
)
from gridpact.simulation.scenarios.markets import trading
from gridpact.simulation.scenarios.model import (
    Appliance,
    Asset,
    Battery,
    Car,
    ColumnRef,
    HeatPump,
    Load,
    Member,
    Pv,
    Role,
    SessionRef,
    Tank,
)
from gridpact.simulation.scenarios.schema import fill

MILLI = 1000
"""Thousandths of a degree."""

HOUSEHOLD_WH = 3_600_000


def member(node: Group, first_zone: str) -> Member:
    """Make one member; one without a zone belongs to ``first_zone``."""
    name = text(node, "id")
    ids = asset_ids(node)
    return Member(
        id=name,
        role=cast("Role", text(node, "role")),
        zone=text(node, "zone") or first_zone,
        metering_point=text(node, "metering_point") or f"mp-{name}",
        load=_load(node),
        assets=tuple(
            ASSETS[text(asset, "kind")](asset, ids[place])
            for place, asset in entries(node, "assets")
        ),
        discount_micro_per_kwh=scaled(node, "discount_ct", MICRO_PER_CT),
        premium_micro_per_kwh=scaled(node, "premium_ct", MICRO_PER_CT),
        static_share_ppm=ppm(node, "static_share_percent"),
        trading=trading(group(node, "market")),
        postcode=text(node, "postcode"),
        feeder=text(node, "feeder"),
        transformer=text(node, "transformer"),
        tags=_tags(node, ids),
    )


def _tags(node: Group, ids: Mapping[int, str]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Tags of assets, the member's own included, by identifier; those without any are left out."""
    own = texts(node, "tags")
    found = [
        (ids[place], tuple(dict.fromkeys((*own, *texts(asset, "tags")))))
        for place, asset in entries(node, "assets")
    ]
    return tuple((name, tags) for name, tags in found if tags)


def plain() -> Member:
    """Return a member with every default of the schema, as generated homes have."""
    filled = fill({"gridpact": 1, "members": [{"id": "plain"}]})
    return member(next(entries(filled, "members"))[1], "")


def column_ref(node: Group, key: str = "column") -> ColumnRef | None:
    """Return the column that a group refers to, None where it refers to none."""
    if not text(node, "source") or not text(node, key):
        return None
    return ColumnRef(text(node, "source"), text(node, key))


def _load(node: Group) -> Load:
    """Own use. A household where nothing is said, except for a producer."""
    given = group(node, "load")
    if "household_kwh_per_year" in given:
        return Load(annual_wh=scaled(given, "household_kwh_per_year", WATT_PER_KW))
    if given:
        return Load(data=column_ref(given))
    if text(node, "load") == "none" or text(node, "role") == "producer":
        return Load()
    return Load(annual_wh=HOUSEHOLD_WH)


def _pv(node: Group, name: str) -> Asset:
    return Pv(
        id=name,
        peak_w=scaled(node, "kw_peak", WATT_PER_KW),
        tilt_degrees=float(exact(node, "tilt_degrees")),
        azimuth_degrees=float(exact(node, "azimuth_degrees")),
        data=column_ref(node),
    )


def _battery(node: Group, name: str) -> Asset:
    return Battery(
        id=name,
        capacity_wh=scaled(node, "capacity_kwh", WATT_PER_KW),
        power_w=scaled(node, "power_kw", WATT_PER_KW),
        round_trip_ppm=ppm(node, "round_trip_percent"),
        reserve_ppm=ppm(node, "reserve_percent"),
        hourly_loss_ppm=ppm(node, "hourly_loss_percent"),
    )


def _car(node: Group, name: str) -> Asset:
    sessions = group(node, "sessions")
    return Car(
        id=name,
        capacity_wh=scaled(node, "capacity_kwh", WATT_PER_KW),
        charger_w=scaled(node, "charger_kw", WATT_PER_KW),
        vehicle_to_home=truth(node, "vehicle_to_home"),
        round_trip_ppm=ppm(node, "round_trip_percent"),
        reserve_ppm=ppm(node, "reserve_percent"),
        target_ppm=ppm(node, "target_percent"),
        by_s=clock_s(node, "by"),
        back_s=clock_s(node, "back"),
        trip_wh=scaled(node, "trip_kwh", WATT_PER_KW),
        sessions=SessionRef(text(sessions, "source"), text(sessions, "user")) if sessions else None,
    )


def _heat_pump(node: Group, name: str) -> Asset:
    return HeatPump(name, *_heat(node))


def _tank(node: Group, name: str) -> Asset:
    return Tank(name, *_heat(node), count(node, "litres"))


def _heat(node: Group) -> tuple[int, int, int, int, int, int]:
    """What all that stores heat has, in the order of its fields."""
    return (
        scaled(node, "power_kw", WATT_PER_KW),
        scaled(node, "storage_kwh", WATT_PER_KW),
        scaled(node, "annual_kwh", WATT_PER_KW),
        ppm(node, "hourly_loss_percent"),
        scaled(node, "empty_c", MILLI),
        scaled(node, "full_c", MILLI),
    )


def _appliance(node: Group, name: str) -> Asset:
    return Appliance(
        id=name,
        power_w=scaled(node, "power_kw", WATT_PER_KW),
        duration_s=scaled(node, "hours", 3600),
        earliest_s=clock_s(node, "earliest"),
        latest_s=clock_s(node, "latest"),
    )


ASSETS: dict[str, Callable[[Group, str], Asset]] = {
    "pv": _pv,
    "battery": _battery,
    "car": _car,
    "heat_pump": _heat_pump,
    "tank": _tank,
    "appliance": _appliance,
}
