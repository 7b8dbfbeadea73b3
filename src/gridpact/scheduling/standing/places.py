"""Whose assets are in which row of a community, and the time of its slots."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property

import msgspec
import numpy as np

from gridpact.base.slots import Slots
from gridpact.base.units import Ints
from gridpact.registry.model import Community, Heat
from gridpact.scheduling.needs.binding.model import Warmth
from gridpact.scheduling.needs.book import Rules
from gridpact.scheduling.needs.clock import read_clock, shown, stretches
from gridpact.scheduling.needs.directory import (
    CONNECTIONS,
    Asset,
    Directory,
    Unclear,
    directory_of,
    marks_of,
)
from gridpact.scheduling.needs.model import Asked, Assets, EnergyWithin, Group, PowerCap, PowerFloor
from gridpact.scheduling.needs.times import Window

LIMITS = (PowerCap, PowerFloor, EnergyWithin)
"""Kinds that operators may ask of groups."""


class Places:
    """Rows of a community by name; nothing is looked up before a need asks for it."""

    def __init__(self, community: Community) -> None:
        self.community = community
        self.timezone, self.step_s = community.timezone, community.step_s

    @cached_property
    def directory(self) -> Directory:
        """Who and what is where."""
        return directory_of(self.community)

    @cached_property
    def rules(self) -> Rules:
        """Rules of the book."""
        return Rules(self.directory, self.timezone, step_s=self.step_s)

    @cached_property
    def parties(self) -> frozenset[str]:
        """Everyone who may state a need: members and operators."""
        return self.directory.operators | frozenset(self.community.members.ids)

    @cached_property
    def storage(self) -> dict[str, int]:
        """Rows of storage."""
        return {name: row for row, name in enumerate(self.community.storage.ids)}

    @cached_property
    def warmth(self) -> dict[str, Warmth]:
        """How what storage of heat holds is a temperature, where the community says so."""
        table = self.community.storage
        if isinstance(table.heat, msgspec.UnsetType):
            return {}
        return {
            name: _warmth(table.heat, row, int(table.capacity_wh[row]))
            for name, row in self.storage.items()
            if table.heat.full_mc[row] > table.heat.empty_mc[row]
        }

    @cached_property
    def runs(self) -> dict[str, int]:
        """Rows of appliances."""
        return {name: row for row, name in enumerate(self.community.runs.ids)}

    def assets(self, need: Asked) -> list[Asset]:
        """Assets of a need; none where its subject is not known."""
        rows = self.directory.rows(need.subject, need.owner)
        found = [] if isinstance(rows, Unclear) else rows.tolist()
        return [self.directory.assets[row] for row in found]

    def shared(self, need: Asked) -> bool:
        """Whether a need is what an operator asks of a group."""
        of_group = isinstance(need.subject, Group) and isinstance(need, LIMITS)
        return of_group and self.directory.spans_all(need.owner)

    def zones(self, need: Asked) -> list[int] | None:
        """Rows of the zones that an operator's limit is about; None where it is of other groups."""
        subject, zones = need.subject, self.community.zones
        if not self.shared(need) or not isinstance(subject, Group):
            return None
        if subject.by == "community":
            return [int(row) for row in np.flatnonzero(zones.parent < 0)]
        if subject.by not in ("zone", "feeder"):
            return None
        if subject.by == "feeder" and not set(subject.names) <= set(zones.ids):
            return None
        return [zones.ids.index(name) for name in subject.names if name in zones.ids]

    def homes(self, need: Asked) -> tuple[int, ...] | None:
        """Rows of the homes that an operator's limit is about, by where they are connected."""
        subject = need.subject
        if not self.shared(need) or not isinstance(subject, Group):
            return None
        if subject.by not in CONNECTIONS or self.zones(need) is not None:
            return None
        found = (self.connected.get((subject.by, name), ()) for name in subject.names)
        return tuple(sorted({row for rows in found for row in rows}))

    @cached_property
    def connected(self) -> dict[tuple[str, str], tuple[int, ...]]:
        """Rows of the homes at each place that limits may name, by what it is and its name."""
        community, found = self.community, dict[tuple[str, str], list[int]]()
        marks = marks_of(community)
        for row, name in enumerate(community.members.ids):
            zone = int(community.members.zone[row])
            own = community.zones.ids[zone] if zone >= 0 else ""
            places = (marks.postcode.get(name), marks.feeder.get(name, own))
            for by, place in zip(CONNECTIONS, (*places, marks.transformer.get(name)), strict=True):
                if place:
                    found.setdefault((by, place), []).append(row)
        return {place: tuple(rows) for place, rows in found.items()}

    def outermost(self, zones: Iterable[int]) -> tuple[int, ...]:
        """Rows of zones that lie within none of the others, in order: what all carry together."""
        chosen, parent = set(zones), self.community.zones.parent
        return tuple(row for row in sorted(chosen) if chosen.isdisjoint(_above(parent, row)))

    def within_slot(self, time_s: int, now: int) -> bool:
        """Whether a time of the local day lies within a slot [s of the day]."""
        day = self.community.calendar.date_of(now)
        return bool(read_clock(day, time_s, self.timezone).first % self.step_s)

    def slots_beside(self, time_s: int, now: int) -> tuple[str, str]:
        """When the slot begins in which a time of the local day lies, and the next one."""
        at = read_clock(self.community.calendar.date_of(now), time_s, self.timezone).first
        begin = at // self.step_s * self.step_s
        before, after = (shown(one, self.timezone) for one in (begin, begin + self.step_s))
        return before.split()[1], after.split()[1]

    def touched(self, window: Window, horizon: Slots) -> list[tuple[int, int]]:
        """Slots (first, end) of a horizon that a window touches, stretch by stretch."""
        found = stretches(window, horizon.start, horizon.end, self.timezone)
        return [touched(horizon, one.begin, one.end) for one in found]


def is_place(subject: Assets | Group) -> bool:
    """Whether a group is a part of the grid, and not of assets that are alike."""
    return isinstance(subject, Group) and subject.by not in ("tag", "kind")


def _above(parent: Ints, row: int) -> Iterator[int]:
    """Rows of the zones that a zone is part of."""
    while (row := int(parent[row])) >= 0:
        yield row


def _warmth(heat: Heat, row: int, capacity_wh: int) -> Warmth:
    kelvin = int(heat.full_mc[row] - heat.empty_mc[row]) / 1000
    return Warmth(capacity_wh / kelvin, int(heat.empty_mc[row]) / 1000, int(heat.litres[row]))


def touched(horizon: Slots, begin: int, end: int) -> tuple[int, int]:
    """Slots (first, end) that share time with ``begin`` to ``end`` [s since the epoch]."""
    first = (max(begin, horizon.start) - horizon.start) // horizon.step
    last = -(-(min(end, horizon.end) - horizon.start) // horizon.step)
    return first, max(last, first)


def inside(horizon: Slots, begin: int, end: int) -> tuple[int, int]:
    """Slots (first, end) that lie whole within ``begin`` to ``end`` [s since the epoch]."""
    first = -(-(max(begin, horizon.start) - horizon.start) // horizon.step)
    last = (min(end, horizon.end) - horizon.start) // horizon.step
    return first, max(last, first)
