"""Cross-checks of data: sources that are declared well, and uses that fit them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple
from zoneinfo import ZoneInfo

from gridpact.base.documents import Document, Path, spell
from gridpact.metering.importers import units
from gridpact.metering.importers.clock import zone_of
from gridpact.simulation.scenarios.access import Group, entries, group, named, text
from gridpact.simulation.scenarios.instants import local_instant
from gridpact.simulation.scenarios.stores import spelt

KINDS = {
    "load": ("series", "readings"),
    "pv": ("series", "readings"),
    "sessions": ("sessions",),
}
"""Kinds of sources that each use may name; others name series."""
OF_STORES = {"kind", "file", "as_of", "gaps", "shift_days"}


class Use(NamedTuple):
    """One reference to a source: what for, where it is written, and which column it names."""

    what: str
    path: Path
    source: str
    column: str


def uses(root: Group) -> Iterator[Use]:
    """Yield every reference of a document to a source."""
    for place, member in entries(root, "members"):
        path: Path = ("members", place, "load")
        yield Use("load", path, *_pair(group(member, "load"), "column"))
        for position, asset in entries(member, "assets"):
            path = ("members", place, "assets", position)
            sessions = group(asset, "sessions")
            yield Use("pv", path, *_pair(asset, "column"))
            yield Use("sessions", (*path, "sessions"), *_pair(sessions, "user"))
    yield Use("price", ("prices",), *_pair(group(root, "prices"), "column"))
    weather = group(root, "weather")
    for column in ("temperature_column", "irradiance_column"):
        if text(weather, column):
            yield Use("weather", ("weather", column), *_pair(weather, column))


def _pair(node: Group, column: str) -> tuple[str, str]:
    return text(node, "source"), text(node, column)


def check_sources(document: Document, root: Group) -> None:
    """Each source by itself: units and time zones that exist."""
    for name, source in named(root, "sources"):
        path: Path = ("sources", name)
        zone = text(source, "timezone")
        if zone_of(zone) is None:
            fix = "write UTC, a fixed offset such as UTC+10, or a name such as Europe/Berlin"
            document.fault((*path, "timezone"), f"there is no time zone '{zone}'", fix)
        _check_unit(document, text(source, "unit"), (*path, "unit"))
        _check_keys(document, text(source, "kind"), path)
        _check_as_of(document, root, source, path)
        for column in group(source, "units"):
            unit = text(group(source, "units"), column)
            _check_unit(document, unit, (*path, "units", column))
    weather = group(root, "weather")
    columns = {"temperature_column", "irradiance_column"} & set(weather)
    if bool(columns) != ("source" in weather):
        fix = "give source together with temperature_column, irradiance_column or both"
        document.fault(("weather",), "source and columns belong together", fix)


def _check_keys(document: Document, kind: str, path: Path) -> None:
    """A store says itself what a mapping says of a file; a file does not know when."""
    value = document.value if isinstance(document.value, dict) else {}
    written = group(group(value, "sources"), str(path[1]))
    for key in sorted(set(written) - OF_STORES if kind == "readings" else set(written) & {"as_of"}):
        store = kind == "readings"
        problem = "a store of readings tells this itself" if store else "a file does not tell when"
        fix = "remove it" if store else "remove it, or name a store of kind: readings"
        document.fault((*path, key), problem, fix)


def _check_as_of(document: Document, root: Group, source: Group, path: Path) -> None:
    clock = zone_of(text(group(root, "community"), "timezone"))
    if "as_of" in source:
        zone = clock if isinstance(clock, ZoneInfo) else ZoneInfo("UTC")
        try:
            local_instant(text(source, "as_of"), zone)
        except ValueError as error:
            document.fault((*path, "as_of"), str(error), "name another instant")


def _check_unit(document: Document, unit: str, path: Path) -> None:
    if units.parse(unit) is None:
        document.fault(path, f"the unit '{unit}' is not known", units.suggestion(unit))


def check_uses(document: Document, root: Group) -> None:
    """Each reference: a source that exists, of the right kind and unit, and used once."""
    value = document.value if isinstance(document.value, dict) else {}
    declared, written = dict(named(root, "sources")), group(value, "sources")
    seen: dict[tuple[str, str], Path] = {}
    for use in uses(root):
        if not use.source:
            continue
        if use.source not in written:
            names = ", ".join(sorted(written)) or "none is declared; add it under sources"
            problem = f"there is no source '{use.source}'"
            document.fault((*use.path, "source"), problem, f"use one of: {names}")
        elif use.source in declared:
            _check_use(document, root, use, declared[use.source])
        of_store = text(declared.get(use.source, {}), "kind") == "readings"
        _check_once(document, use._replace(column=spelt(use.column)) if of_store else use, seen)
    _check_both(document, root)


def _check_use(document: Document, root: Group, use: Use, source: Group) -> None:
    fitting = KINDS.get(use.what, ("series",))
    if text(source, "kind") not in fitting:
        wanted = " or ".join(fitting)
        problem = f"'{use.source}' is a source of {text(source, 'kind')}, not of {wanted}"
        document.fault((*use.path, "source"), problem, f"use a source of kind {wanted}")
        return
    unit = units.parse(text(group(source, "units"), use.column) or text(source, "unit"))
    if unit is None:
        return
    due = {"price": ("price",), "weather": ("level",)}.get(use.what, ("energy", "power"))
    if unit.dimension not in due:
        problem = f"{use.what} needs a unit of {' or '.join(due)}; '{use.column}' is in {unit.name}"
        document.fault(use.path, problem, "correct unit or units of the source")
    currency = text(group(root, "community"), "currency")
    if use.what == "price" and unit.currency and unit.currency != currency:
        problem = f"prices are in {unit.currency}, the community's money is {currency}"
        document.fault(use.path, problem, f"write community.currency: {unit.currency}")


def _check_once(document: Document, use: Use, seen: dict[tuple[str, str], Path]) -> None:
    """Energy is measured once: two loads or plants on one column count it twice."""
    if use.what not in {"load", "pv", "sessions"}:
        return
    key = (use.source, use.column)
    if key in seen:
        what = "sessions of" if use.what == "sessions" else "column"
        problem = f"{what} '{use.column}' of '{use.source}' is used before ({spell(seen[key])})"
        document.fault(use.path, problem, "use each column or user once")
    seen.setdefault(key, use.path)


def _check_both(document: Document, root: Group) -> None:
    """A load is a household or data, not both."""
    for place, member in entries(root, "members"):
        load = group(member, "load")
        if "household_kwh_per_year" in load and "source" in load:
            path: Path = ("members", place, "load")
            fix = "remove household_kwh_per_year, or source and column"
            document.fault(path, "the load is given twice", fix)
