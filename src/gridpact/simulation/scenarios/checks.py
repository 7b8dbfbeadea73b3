"""Cross-checks: what a schema cannot see. Each notes every fault it finds; none stops early."""

from __future__ import annotations

from collections.abc import Iterable

from gridpact.base.documents import Document, Path, spell
from gridpact.base.ids import well_formed
from gridpact.registry.model import Parties
from gridpact.simulation.scenarios import generate
from gridpact.simulation.scenarios.access import (
    Group,
    asset_ids,
    count,
    entries,
    group,
    share,
    text,
    texts,
)
from gridpact.simulation.scenarios.activations import check_activations
from gridpact.simulation.scenarios.agreements import check_agreements
from gridpact.simulation.scenarios.checks_data import check_sources, check_uses
from gridpact.simulation.scenarios.checks_markets import check_markets
from gridpact.simulation.scenarios.checks_time import check_times
from gridpact.simulation.scenarios.operation import check_ledger, check_operation
from gridpact.simulation.scenarios.sharing import check_sharing


def check_all(document: Document, root: Group) -> None:
    """Run every cross-check on a document that the schema has pruned and filled."""
    check_zones(document, root)
    _check_anybody(document, root)
    check_members(document, root)
    check_assets(document, root)
    check_shares(document, root)
    check_sharing(document, root)
    check_times(document, root)
    check_markets(document, root)
    check_operation(document, root)
    check_ledger(document, root)
    check_sources(document, root)
    check_uses(document, root)
    check_activations(document, root)
    check_agreements(document, root)


def _check_anybody(document: Document, root: Group) -> None:
    if not root.get("members") and not count(group(root, "generate"), "homes"):
        fix = "name a member, or let generate make homes"
        document.fault(("members",), "a community needs at least one member", fix)


class _Seen:
    """Identifiers that were given out, and where."""

    def __init__(self, document: Document, what: str) -> None:
        self._document, self._what = document, what
        self._places: dict[str, Path] = {}

    def give(self, name: str, path: Path) -> None:
        """Note an identifier; one that was given before is a fault."""
        if name in self._places:
            before = self._places[name]
            line = self._document.line(before)
            shown = f" on line {line}" if line else ""
            problem = f"the {self._what} '{name}' is used before{shown} ({spell(before)})"
            self._document.fault(path, problem, "choose another")
        self._places.setdefault(name, path)


def _known(document: Document, path: Path, name: str, names: Iterable[str], what: str) -> None:
    known = sorted(names)
    if name and name not in known:
        listed = ", ".join(known[:8]) + (", …" if len(known) > 8 else "")
        fix = f"use one of {listed}" if known else f"add it under {what}s"
        document.fault(path, f"there is no {what} '{name}'", fix)


def _zone_names(document: Document) -> set[str]:
    """Names of all zones as written, also of those with other faults."""
    root = document.value if isinstance(document.value, dict) else {}
    found = {text(zone, "id") for _, zone in entries(root, "zones")} - {""}
    return found or {"community"}


def check_zones(document: Document, root: Group) -> None:
    """Zones: unique, with known parents, and no feeder that feeds itself."""
    names, seen = _zone_names(document), _Seen(document, "zone")
    parent: dict[str, str] = {}
    for place, zone in entries(root, "zones"):
        seen.give(text(zone, "id"), ("zones", place, "id"))
        _known(document, ("zones", place, "parent"), text(zone, "parent"), names, "zone")
        parent.setdefault(text(zone, "id"), text(zone, "parent"))
    for place, zone in entries(root, "zones"):
        way = _way_up(text(zone, "id"), parent)
        if way[-1] == way[0] and len(way) > 1:
            problem = f"circular feeder: {' → '.join(way)}"
            fix = "leave out the parent of the zone that meets the outside grid"
            document.fault(("zones", place, "parent"), problem, fix)


def _way_up(zone: str, parent: dict[str, str]) -> list[str]:
    """Zones from one upwards, ending at a root or at the first that comes again."""
    way = [zone]
    while parent.get(way[-1]):
        way.append(parent[way[-1]])
        if way[-1] in way[:-1]:
            break
    return way


def check_members(document: Document, root: Group) -> None:
    """Members and parties: unique identifiers and metering points, in known zones."""
    names = _zone_names(document)
    people, points = _Seen(document, "identifier"), _Seen(document, "metering point")
    for role in Parties.__struct_fields__:
        people.give(text(group(root, "community"), role), ("community", role))
    for place, member in entries(root, "members"):
        path: Path = ("members", place)
        name = text(member, "id")
        people.give(name, (*path, "id"))
        points.give(text(member, "metering_point") or f"mp-{name}", (*path, "metering_point"))
        _known(document, (*path, "zone"), text(member, "zone"), names, "zone")
        _check_role(document, member, path)
    block = group(root, "generate")
    for place, zone in enumerate(texts(block, "zones")):
        _known(document, ("generate", "zones", place), zone, names, "zone")
    for name in generate.ids(block) if block else []:
        people.give(name, ("generate", "prefix"))
        points.give(f"mp-{name}", ("generate", "prefix"))


def _check_role(document: Document, member: Group, path: Path) -> None:
    kinds = {text(asset, "kind") for _, asset in entries(member, "assets")}
    if text(member, "role") == "consumer" and "pv" in kinds:
        fix = "write role: prosumer, or remove the plant"
        document.fault((*path, "role"), "a consumer owns no photovoltaic plant", fix)
    if not well_formed(f"mp-{text(member, 'id')}"):
        problem = "the identifier is too long to make others from it"
        document.fault((*path, "id"), problem, "use 40 characters at most")


def check_assets(document: Document, root: Group) -> None:
    """Assets: an identifier stands for one asset only."""
    seen = _Seen(document, "asset")
    for place, member in entries(root, "members"):
        for position, name in asset_ids(member).items():
            path: Path = ("members", place, "assets", position)
            seen.give(name, path)
            if not well_formed(name):
                problem = f"'{name}' is too long for an identifier"
                document.fault(path, problem, "give the asset a shorter id")
    for name, asset_kind in _generated_assets(root):
        seen.give(f"{name}-{asset_kind}", ("generate", "prefix"))


def _generated_assets(root: Group) -> Iterable[tuple[str, str]]:
    block = group(root, "generate")
    kinds = ("pv", "battery", "car", "heat-pump", "tank", "appliance")
    return ((name, kind) for name in (generate.ids(block) if block else []) for kind in kinds)


def check_shares(document: Document, root: Group) -> None:
    """Static shares: at most 100 percent together, and some under the static key."""
    members = list(entries(root, "members"))
    total = sum(share(member, "static_share_percent") for _, member in members)
    if total > 1:
        last = next(
            place for place, member in reversed(members) if share(member, "static_share_percent")
        )
        problem = f"static shares add up to {float(total * 100):g} percent"
        path: Path = ("members", last, "static_share_percent")
        document.fault(path, problem, "lower them to 100 percent in all")
    static = text(group(root, "sharing"), "key") == "static"
    if static and total == 0 and not group(root, "generate"):
        fix = "give members a static_share_percent, or use default-dynamic"
        document.fault(("sharing", "key"), "no member has a static share", fix)
