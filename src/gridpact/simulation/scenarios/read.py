"""A checked, filled document to a typed scenario."""

from __future__ import annotations

from collections.abc import Mapping as Names
from datetime import date
from zoneinfo import ZoneInfo

import msgspec
import numpy as np

from gridpact.base.rounding import largest_remainder
from gridpact.base.units import NANO_PER_UNIT
from gridpact.metering.importers.clock import zone_of
from gridpact.metering.importers.mapping import Mapping, SessionMapping, TextStyle
from gridpact.registry.model import Parties, SettlementRules, SharingRules, Tariffs
from gridpact.simulation.scenarios import generate
from gridpact.simulation.scenarios.access import (
    MICRO_PER_CT,
    MICRO_PER_MWH,
    WATT_PER_KW,
    Group,
    count,
    entries,
    exact,
    group,
    named,
    ppm,
    scaled,
    text,
)
from gridpact.simulation.scenarios.activations import activations
from gridpact.simulation.scenarios.instants import local_instant
from gridpact.simulation.scenarios.markets import market_rules
from gridpact.simulation.scenarios.members import column_ref, member, plain
from gridpact.simulation.scenarios.model import (
    Member,
    Place,
    Prices,
    Run,
    Scenario,
    SeriesSource,
    SessionSource,
    StoreSource,
    Weather,
    Zone,
)
from gridpact.simulation.scenarios.operation import commits, on_chain, rates, rules

PPM = 1_000_000


def scenario(root: Group, file: str, paths: Names[str, str]) -> Scenario:
    """Make the typed scenario of a valid document; ``paths`` says where each source lies."""
    top = group(root, "community")
    series, sessions, stores = read_sources(root, paths)
    zones = tuple(sorted((_zone(node) for _, node in entries(root, "zones")), key=_id))
    return Scenario(
        file=file,
        name=text(top, "name"),
        currency=text(top, "currency"),
        timezone=text(top, "timezone"),
        step_s=count(top, "slot_minutes") * 60,
        place=Place(*(float(exact(top, key)) for key in ("latitude", "longitude", "altitude_m"))),
        parties=Parties(*(text(top, key) for key in Parties.__struct_fields__)),
        run=_run(group(root, "run")),
        zones=zones,
        members=_members(root, zones),
        tariffs=_tariffs(group(root, "tariffs")),
        market=market_rules(root),
        sharing=SharingRules(
            text(group(root, "sharing"), "key"), ppm(group(root, "sharing"), "seller_percent")
        ),
        settlement=_settlement(group(root, "settlement")),
        series=series,
        sessions=sessions,
        prices=_prices(group(root, "prices")),
        weather=_weather(group(root, "weather")),
        faults=rates(group(root, "faults")),
        operation=rules(root),
        commits=commits(root),
        on_chain=on_chain(root),
        activations=activations(root),
        stores=stores,
    )


def read_sources(
    root: Group, paths: Names[str, str]
) -> tuple[tuple[SeriesSource, ...], tuple[SessionSource, ...], tuple[StoreSource, ...]]:
    """Return the sources of series, of sessions and of readings that ``paths`` names."""
    sources = [(name, node) for name, node in named(root, "sources") if name in paths]
    series, sessions, stores = (
        [each for each in sources if text(each[1], "kind") == kind]
        for kind in ("series", "sessions", "readings")
    )
    clock = zone_of(text(group(root, "community"), "timezone"))
    zone = clock if isinstance(clock, ZoneInfo) else ZoneInfo("UTC")
    return (
        tuple(_series(name, node, paths) for name, node in series),
        tuple(_sessions(name, node, paths) for name, node in sessions),
        tuple(_store(name, node, paths, zone) for name, node in stores),
    )


def _id(item: Zone | Member) -> str:
    return item.id


def _run(node: Group) -> Run:
    return Run(
        date.fromisoformat(text(node, "from")[:10]), count(node, "days"), count(node, "seed")
    )


def _zone(node: Group) -> Zone:
    into, out = (
        scaled(node, key, WATT_PER_KW) if key in node else -1
        for key in ("import_limit_kw", "export_limit_kw")
    )
    return Zone(text(node, "id"), text(node, "parent"), into, out, text(node, "postcode"))


def _members(root: Group, zones: tuple[Zone, ...]) -> tuple[Member, ...]:
    first = next(text(node, "id") for _, node in entries(root, "zones"))
    found = [member(node, first) for _, node in entries(root, "members")]
    if "generate" in root:
        parents = {zone.parent for zone in zones}
        leaves = [zone.id for zone in zones if zone.id not in parents]
        seed = count(group(root, "run"), "seed")
        made = generate.members(group(root, "generate"), seed, leaves, plain())
        if text(group(root, "sharing"), "key") in ("static", "spanish-fixed"):
            made = _share_out(found, made)
        found += made
    return tuple(sorted(found, key=_id))


def _share_out(written: list[Member], made: list[Member]) -> list[Member]:
    """Give generated homes equal parts of the static share that written members leave."""
    left = max(PPM - sum(each.static_share_ppm for each in written), 0)
    weights = np.ones((len(made), 1), dtype=np.int64)
    parts = largest_remainder(np.array([left], dtype=np.int64), weights)[:, 0]
    return [
        msgspec.structs.replace(each, static_share_ppm=int(part))
        for each, part in zip(made, parts, strict=True)
    ]


def _tariffs(node: Group) -> Tariffs:
    prices = {
        name: scaled(node, f"{name.removesuffix('_micro_per_kwh')}_ct_per_kwh", MICRO_PER_CT)
        for name in Tariffs.__struct_fields__
        if name.endswith("_micro_per_kwh")
    }
    return Tariffs(
        import_spot_ppm=ppm(node, "import_spot_percent"),
        export_spot_ppm=ppm(node, "export_spot_percent"),
        **prices,
    )


def _settlement(node: Group) -> SettlementRules:
    return SettlementRules(
        cutoff_s=count(node, "cutoff_minutes") * 60,
        rounding=text(node, "rounding"),
        minor_nano=NANO_PER_UNIT // count(node, "minor_units"),
    )


def _style(node: Group) -> TextStyle:
    return TextStyle(text(node, "separator"), text(node, "decimal"), text(node, "time_format"))


def _series(name: str, node: Group, paths: Names[str, str]) -> SeriesSource:
    plain = {key: text(node, key) for key in ("time_column", "timezone", "format")}
    chosen = {key: text(node, key) for key in ("stamp", "values", "gaps", "clock_changes")}
    mapping = msgspec.convert(
        {
            **plain,
            **chosen,
            "path": paths[name],
            "label": text(node, "file"),
            "columns": [],
            "step_s": count(node, "step_minutes") * 60,
            "shift_s": count(node, "shift_days") * 86400,
            "text": msgspec.to_builtins(_style(node)),
        },
        Mapping,
    )
    units = {column: str(unit) for column, unit in group(node, "units").items()}
    return SeriesSource(name, text(node, "unit"), units, mapping)


def _sessions(name: str, node: Group, paths: Names[str, str]) -> SessionSource:
    columns = {key: text(node, f"{key}_column") for key in ("user", "arrive", "leave", "energy")}
    plain = ("unit", "format", "timezone", "clock_changes", "bad_rows")
    mapping = msgspec.convert(
        {
            **columns,
            **{key: text(node, key) for key in plain},
            "path": paths[name],
            "label": text(node, "file"),
            "shift_s": count(node, "shift_days") * 86400,
            "text": msgspec.to_builtins(_style(node)),
        },
        SessionMapping,
    )
    return SessionSource(name, mapping)


def _store(name: str, node: Group, paths: Names[str, str], zone: ZoneInfo) -> StoreSource:
    as_of = local_instant(text(node, "as_of"), zone) if "as_of" in node else None
    shift_s = count(node, "shift_days") * 86400
    return StoreSource(name, paths[name], text(node, "file"), as_of, text(node, "gaps"), shift_s)


def _prices(node: Group) -> Prices:
    return Prices(scaled(group(node, "generated"), "mean_per_mwh", MICRO_PER_MWH), column_ref(node))


def _weather(node: Group) -> Weather:
    return Weather(column_ref(node, "temperature_column"), column_ref(node, "irradiance_column"))
