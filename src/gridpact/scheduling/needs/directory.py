"""What exists: assets, whose they are, and where; and which of them a need is about."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property

import msgspec
import numpy as np
from msgspec.structs import replace

from gridpact.base.units import Ints
from gridpact.registry.model import Community, Marks
from gridpact.scheduling.needs.model import Asked, Assets, Group, GroupBy, Subject
from gridpact.scheduling.needs.spelling import listed, nearest

WORDS = {
    "heat": "heat_pump",
    "heating": "heat_pump",
    "hotwater": "tank",
    "boiler": "tank",
    "solar": "pv",
    "washing": "run",
    "washer": "run",
    "appliance": "run",
}
"""Words that people use for a kind of asset."""
CONNECTIONS: tuple[GroupBy, ...] = ("postcode", "feeder", "transformer")
"""What a group may go by that tells where homes are connected."""
HOME = "home/"
"""Begins the names of homes among the zones of a site; no identifier has a stroke."""


class Asset(msgspec.Struct, frozen=True, kw_only=True):
    """One asset: ``owner`` is a party, ``kind`` such as ``car``; places are "" where not known.

    ``capacity_wh`` and powers [W] are None where the asset has none, or they are not known.
    """

    id: str
    owner: str
    kind: str
    tags: tuple[str, ...] = ()
    zone: str = ""
    postcode: str = ""
    feeder: str = ""
    transformer: str = ""
    capacity_wh: int | None = None
    charge_w: int | None = None
    discharge_w: int | None = None


class Unclear(msgspec.Struct, frozen=True):
    """Why a subject is not known: its name number ``place``, the problem, and the fix."""

    place: int
    problem: str
    fix: str


class Directory(msgspec.Struct, frozen=True, dict=True):
    """Assets in order of identifier; zones with the zone above each ("" at the top).

    ``operators`` are the parties whose groups span everyone's assets and who may name any asset;
    a group of anyone else is made of its own. ``connected`` names the places, by what they are,
    that operators may name although no asset is there.
    """

    assets: tuple[Asset, ...]
    zones: dict[str, str]
    operators: frozenset[str] = frozenset()
    connected: dict[str, frozenset[str]] = {}

    @cached_property
    def by_id(self) -> dict[str, int]:
        """Row of every asset."""
        return {asset.id: row for row, asset in enumerate(self.assets)}

    @cached_property
    def _by_owner(self) -> dict[str, list[int]]:
        """Rows of every party's assets."""
        found: dict[str, list[int]] = {}
        for row, asset in enumerate(self.assets):
            found.setdefault(asset.owner, []).append(row)
        return found

    def spans_all(self, owner: str) -> bool:
        """Tell whether a party's groups span everyone's assets."""
        return owner in self.operators

    def settle(self, subject: Subject, owner: str) -> Subject | Unclear:
        """Turn words into identifiers, and make sure that groups exist."""
        if isinstance(subject, Group):
            return self._group(subject, owner)
        found: list[str] = []
        for place, name in enumerate(subject.ids):
            one = self._asset(name, owner)
            if isinstance(one, Unclear):
                return msgspec.structs.replace(one, place=place)
            if one in found:
                return Unclear(place, f"{name!r} is {one}, named before", "name it once")
            found.append(one)
        return Assets(tuple(found))

    def rows(self, subject: Subject, owner: str) -> Ints | Unclear:
        """Rows of the assets that a need of this owner is about [assets], not to be written to."""
        if (known := self._rows.get((subject, owner))) is not None:
            return known
        found = self._rows[subject, owner] = self._found(subject, owner)
        return found

    @cached_property
    def _rows(self) -> dict[tuple[Subject, str], Ints | Unclear]:
        """What has been looked up already: the same is asked of every bind."""
        return {}

    def _found(self, subject: Subject, owner: str) -> Ints | Unclear:
        settled = self.settle(subject, owner)
        if isinstance(settled, Unclear):
            return settled
        if isinstance(settled, Assets):
            return np.array([self.by_id[name] for name in settled.ids], np.int64)
        names = self.below(settled.names) if settled.by == "zone" else set(settled.names)
        whole = settled.by == "community"
        fitting = [
            row
            for row in self._allowed(owner)
            if whole or _marks(self.assets[row], settled.by) & names
        ]
        return np.array(fitting, np.int64)

    def _allowed(self, owner: str) -> Sequence[int]:
        """Rows that a party may speak of."""
        return range(len(self.assets)) if self.spans_all(owner) else self._by_owner.get(owner, [])

    def below(self, zones: Iterable[str]) -> set[str]:
        """Return zones and all zones below them."""
        found = set(zones)
        while more := {zone for zone, above in self.zones.items() if above in found} - found:
            found |= more
        return found

    def _asset(self, name: str, owner: str) -> str | Unclear:
        """Find the asset that a name or a word stands for."""
        row = self.by_id.get(name)
        if row is not None and (self.spans_all(owner) or self.assets[row].owner == owner):
            return name
        mine = [self.assets[row] for row in self._allowed(owner)]
        if alike := in_whatever_case(name, [one.id for one in mine]):
            return alike
        kind = kind_meant(name)
        fitting = [one.id for one in mine if one.kind == kind] or [
            one.id for one in mine if name in one.tags
        ]
        if len(fitting) == 1:
            return fitting[0]
        if fitting:
            by = "kind" if kind in {one.kind for one in mine} else "tag"
            fix = f"name one of {listed(fitting)}, or write {by} {name} for all"
            return Unclear(0, f"{name!r} may be {len(fitting)} assets of yours", fix)
        return _not_found(name, [one.id for one in mine])

    def _group(self, group: Group, owner: str) -> Group | Unclear:
        """Name what a group goes by as the directory does, or say what is not known."""
        if group.by == "community":
            return group
        known, found = self._known(group.by, owner), list[str]()
        for place, name in enumerate(group.names):
            word = kind_meant(name) if group.by == "kind" else name
            one = word if word in known else in_whatever_case(word, known)
            if not one:
                return Unclear(place, *_no_such(group.by, name, known))
            if one in found:
                return Unclear(place, f"{name!r} is {one}, named before", "name it once")
            found.append(one)
        return replace(group, names=tuple(found))

    def _known(self, by: str, owner: str) -> set[str]:
        if by in ("zone", "feeder") and self.zones:
            own = {asset.feeder for asset in self.assets} if by == "feeder" else set()
            return {*self.zones, *(own - {""}), *self.connected.get(by, ())}
        rows = self._allowed(owner)
        more = self.connected.get(by, ()) if self.spans_all(owner) else ()
        return {*more} | {mark for row in rows for mark in _marks(self.assets[row], by)} - {""}


def _marks(asset: Asset, by: str) -> set[str]:
    """What an asset goes by."""
    match by:
        case "tag":
            return set(asset.tags)
        case "kind":
            return {asset.kind}
        case "zone":
            return {asset.zone}
        case "postcode":
            return {asset.postcode}
        case "feeder":
            return {asset.feeder}
        case "transformer":
            return {asset.transformer}
    return set()


def is_own_home(need: Asked) -> bool:
    """Whether a need is about all that its owner takes and gives at its own connection."""
    subject = need.subject
    return isinstance(subject, Group) and subject == Group("zone", (HOME + need.owner,))


def in_whatever_case(name: str, known: Iterable[str]) -> str:
    """Return the only one of some names that is the same but for case; "" where there is none."""
    alike = [one for one in known if one.casefold() == name.casefold()]
    return alike[0] if len(alike) == 1 else ""


def kind_meant(word: str) -> str:
    """Kind of asset that a word stands for."""
    return WORDS.get(word.lower(), word.lower())


def _no_such(by: GroupBy, name: str, known: set[str]) -> tuple[str, str]:
    """Problem and fix of a group that nothing belongs to."""
    if not known:
        return f"no asset has a {by}", f"give one a {by} in the scenario, or name assets or a kind"
    near = nearest(name, known)
    fix = f"write {near}" if near else f"name one of {listed(sorted(known))}"
    return f"there is no {by} {name!r}" + (f"; did you mean {near}?" if near else ""), fix


def _not_found(name: str, known: Sequence[str]) -> Unclear:
    """Refuse a name; that of someone else's asset is told as one that does not exist."""
    near = nearest(name, known)
    if near:
        return Unclear(0, f"you have no asset {name!r}; did you mean {near}?", f"write {near}")
    fix = f"name one of {listed(known)}" if known else "register an asset first"
    return Unclear(0, f"you have no asset {name!r}", fix)


def directory_of(community: Community, operators: Iterable[str] | None = None) -> Directory:
    """Read the directory of a community.

    A feeder that is not said is the zone; postcodes, transformers and tags may be unknown.
    ``operators``: its operator, DSO and authority, unless others are given.
    """
    zones, parties, marks = community.zones, community.parties, marks_of(community)
    above = [zones.ids[parent] if parent >= 0 else "" for parent in zones.parent.tolist()]
    chosen = (parties.operator, parties.dso, parties.authority)
    return Directory(
        tuple(sorted(_assets(community), key=lambda one: one.id)),
        dict(zip(zones.ids, above, strict=True)),
        frozenset(chosen if operators is None else operators),
        {by: frozenset(getattr(marks, by).values()) for by in CONNECTIONS},
    )


def marks_of(community: Community) -> Marks:
    """What assets and connections of a community go by; nothing where nothing is known."""
    return Marks() if isinstance(community.marks, msgspec.UnsetType) else community.marks


def _assets(community: Community) -> Iterator[Asset]:
    """Yield all assets of a community, where they are."""
    plants, stores, runs = community.pv, community.storage, community.runs
    placed = _placing(community)
    for name, member, peak in zip(plants.ids, plants.member, plants.peak_w, strict=True):
        yield replace(placed(name, "pv", int(member)), discharge_w=int(peak))
    for row, name in enumerate(stores.ids):
        yield replace(
            placed(name, stores.kind[row], int(stores.member[row])),
            capacity_wh=int(stores.capacity_wh[row]),
            charge_w=int(stores.charge_w[row]),
            discharge_w=int(stores.discharge_w[row]),
        )
    for name, member, power in zip(runs.ids, runs.member, runs.power_w, strict=True):
        yield replace(placed(name, "run", int(member)), charge_w=int(power))


def _placing(community: Community) -> Callable[[str, str, int], Asset]:
    """Return what places an asset by its name, its kind and its member's row."""
    zones, members, marks = community.zones, community.members, marks_of(community)

    def placed(name: str, kind: str, member: int) -> Asset:
        row = int(members.zone[member])
        zone, owner = zones.ids[row] if row >= 0 else "", members.ids[member]
        return Asset(
            id=name,
            owner=owner,
            kind=kind,
            tags=marks.tags.get(name, ()),
            zone=zone,
            postcode=marks.postcode.get(owner, ""),
            feeder=marks.feeder.get(owner, zone),
            transformer=marks.transformer.get(owner, ""),
        )

    return placed
