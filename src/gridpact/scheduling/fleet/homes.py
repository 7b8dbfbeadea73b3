"""Homes that answer as one: several assets behind one meter, or a shape no oracle knows.

A home's best answer to prices is a small linear or mixed-integer programme of the reference
(:mod:`gridpact.scheduling.reference`), solved by HiGHS. The programme is kept; prices change its
costs alone. Each search starts from where the one at the home's own prices ended, never from that
of the round before: the answer to given prices is then always the same, in any process.
"""

from __future__ import annotations

import msgspec
import numpy as np

from gridpact.base.units import Bools, Floats, Ints
from gridpact.scheduling.fleet.columns import TABLES, Fleet, rows_of
from gridpact.scheduling.fleet.home_programme import NEAR, HomeProgramme
from gridpact.scheduling.fleet.likeness import likeness
from gridpact.scheduling.fleet.meters import Meters
from gridpact.scheduling.fleet.oracles import Answers, Layout, Oracle

PART = 0.2
"""Part of the gap asked for that searches of homes for whole numbers may leave open."""
COARSER = 4.0
"""Steps in which the cost of homes as a whole counts, so that one of them seldom changes it."""
HOMES = "homes"
"""Name of homes beside those of :data:`~gridpact.scheduling.fleet.columns.TABLES`."""


class Seats(msgspec.Struct, frozen=True):
    """Where assets of one table are in the plans of homes: ``row``, ``home``, ``channel``."""

    row: Ints
    home: Ints
    channel: Ints


class Homes(msgspec.Struct, frozen=True):
    """All homes [homes]: their zone, the signature of their assets, and their programmes.

    ``whole`` marks those whose plans cannot be mixed. ``seats`` is by table.
    """

    zone: Ints
    signature: Ints
    whole: Bools
    programmes: list[HomeProgramme]
    seats: dict[str, Seats]


def homes_of(fleet: Fleet, meters: Meters, signatures: dict[str, Ints], gap: float) -> Homes:
    """Put together what answers as one: whole homes first, then assets by themselves.

    Searches of theirs are to leave room for a relative ``gap`` of the cost of all.
    """
    members = _members(fleet, meters)
    zones, signature, programmes = [], [], []
    seats: dict[str, list[tuple[int, int, int]]] = {name: [] for name in TABLES}
    for number, (zone, rows) in enumerate(members):
        channel = 0
        for name, own in rows.items():
            for row in own.tolist():
                seats[name].append((row, number, channel))
                channel += 2 if name == "storage" else 1
        name, own = next(iter(rows.items()))
        zones.append(zone)
        signature.append(int(signatures[name][own[0]]))
        programmes.append(_programme(fleet, meters, zone, rows))
    _share(gap, [one for one in programmes if one.searches])
    return Homes(
        zone=np.array(zones, np.int64),
        signature=np.array(signature, np.int64),
        whole=np.array([one.whole for one in programmes], np.bool_),
        programmes=programmes,
        seats={name: _seats(entries) for name, entries in seats.items()},
    )


def _share(gap: float, homes: list[HomeProgramme]) -> None:
    """Let each home search within its part of the gap: less where costs and earnings cancel out."""
    cost = np.array([one.least_cost() for one in homes])
    size = float(np.abs(cost).sum())
    if not size:
        return
    left = max(abs(float(cost.sum())) / size, NEAR)
    left = COARSER ** np.floor(np.log(left) / np.log(COARSER))
    for home, own in zip(homes, np.abs(cost).tolist(), strict=True):
        home.within = max(PART * gap * left * own, NEAR)


def _seats(entries: list[tuple[int, int, int]]) -> Seats:
    table = np.array(entries, np.int64).reshape(-1, 3)
    return Seats(table[:, 0], table[:, 1], table[:, 2])


def _members(fleet: Fleet, meters: Meters) -> list[tuple[int, dict[str, Ints]]]:
    """Zone and rows by table of every home."""
    tables = {name: getattr(fleet, name) for name in TABLES if getattr(fleet, name) is not None}
    by_zone: dict[int, dict[str, list[int]]] = {}
    for name, table in tables.items():
        zone = np.asarray(table.zone)
        for row in np.flatnonzero(meters.home[zone]).tolist():
            by_zone.setdefault(int(zone[row]), {}).setdefault(name, []).append(row)
    found = [
        (zone, {name: _in_order(tables[name], rows) for name, rows in by_zone[zone].items()})
        for zone in sorted(by_zone)
    ]
    for name, table in tables.items():
        for row in _in_order(table, meters.alone(name, np.asarray(table.zone))).tolist():
            found.append((int(table.zone[row]), {name: np.array([row])}))
    return found


def _in_order(table: msgspec.Struct, rows: Ints | list[int]) -> Ints:
    """Rows of a table by their numbers, whatever order they were given in."""
    own = np.asarray(rows)
    keys = likeness(table, own)
    return np.asarray(own[np.lexsort(keys[::-1])]) if keys else own


def _programme(fleet: Fleet, meters: Meters, zone: int, rows: dict[str, Ints]) -> HomeProgramme:
    tables = {}
    for name, own in rows.items():
        cut = rows_of(getattr(fleet, name), own)
        tables[name] = msgspec.structs.replace(cut, zone=np.zeros(len(own), np.int64))
    whole = meters.home[zone]
    load = meters.load[zone] if whole else np.zeros(fleet.slots)
    spread = meters.tariff.spread[zone] if whole else np.zeros(fleet.slots)
    grid = fleet.slots, fleet.step_s
    return HomeProgramme(grid, tables, (load, spread), meters.tariff.buy[zone])


class HomeOracle(msgspec.Struct, frozen=True):
    """Oracle of homes; each is one asset, ``digest`` [homes] tells whether it is the same as one.

    Plans have as many channels as the home with most: its assets in the order of tables, two
    channels for storage.
    """

    first: Ints
    digest: Ints
    homes: list[HomeProgramme]

    @classmethod
    def build(cls, homes: Homes, layout: Layout) -> HomeOracle:
        """Take homes as laid out."""
        return cls.of(layout.first, [homes.programmes[row] for row in layout.rows.tolist()])

    @classmethod
    def of(cls, first: Ints, homes: list[HomeProgramme]) -> HomeOracle:
        """Homes in the order of groups, which begin at ``first``."""
        return cls(first, np.array([one.digest for one in homes], np.int64), homes)

    @property
    def divisible(self) -> bool:
        """Whether a mix of every home's plans is a plan of it."""
        return not any(one.whole for one in self.homes)

    def exact(self) -> Oracle:
        """Itself."""
        return self

    def best(self, prices: Floats) -> Answers:
        """Best answers of all groups; see :class:`Oracle`."""
        energy, own, slack = np.zeros(prices.shape), np.zeros(len(prices)), np.zeros(len(prices))
        for group in range(len(prices)):
            for home in range(int(self.first[group]), int(self.first[group + 1])):
                answer = self.homes[home].answer(prices[group])
                energy[group] += answer.energy
                own[group] += answer.own_cost
                slack[group] += answer.slack
        return Answers(energy, own, slack)

    def plans(self, rows: Ints, prices: Floats) -> Floats:
        """Plans of single homes [n, channels, slots]; see :class:`Oracle`."""
        channels = max((len(one.sign) for one in self.homes), default=0)
        plans = np.zeros((len(rows), channels, prices.shape[-1]))
        for place, row in enumerate(rows.tolist()):
            plan = self.homes[row].answer(prices).plan
            plans[place, : len(plan)] = plan
        return plans

    def held(self, prices: Floats, mixed: list[list[tuple[float, Floats]]]) -> HomeOracle:
        """The same homes, whole numbers held at those of their answers to prices [homes, slots].

        ``mixed`` [homes] are the shares of a mix and the prices [slots] of each: where modes alone
        are whole, storage goes the way of the mix.
        """
        homes = []
        for home, price, parts in zip(self.homes, prices, mixed, strict=True):
            ways = sum((share * home.answer(at).ways for share, at in parts), np.zeros(()))
            homes.append(home.held(price, ways))
        return HomeOracle.of(self.first, homes)

    def part(self, groups: slice) -> HomeOracle:
        """The same oracle with these groups alone."""
        first = self.first[groups.start : groups.stop + 1]
        own = slice(int(first[0]), int(first[-1]))
        return HomeOracle(first - first[0], self.digest[own], self.homes[own])
