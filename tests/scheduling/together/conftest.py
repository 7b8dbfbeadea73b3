"""A home with a battery, a car, a heat pump, a tank; and what it says at five in the morning."""

from datetime import datetime
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import msgspec
import numpy as np
import pytest

from gridpact.registry.model import Heat, Storage
from gridpact.scheduling.needs.context import Context
from gridpact.scheduling.needs.grammar.parse import parse
from gridpact.scheduling.standing.places import Places

ZONE = "Europe/Berlin"
NOW = int(datetime(2026, 6, 15, 5, tzinfo=ZoneInfo(ZONE)).timestamp())


@pytest.fixture(scope="session")
def places(small_community):
    made = small_community(
        1,
        storage=[
            ("battery", 0, 5000, 5000, 10_000, 0.95, 0.95, 1.0),
            ("car", 0, 7400, 0, 40_000, 0.95, 0.95, 1.0),
            ("heat_pump", 0, 2500, 0, 12_000, 1.0, 1.0, 0.98),
            ("tank", 0, 2000, 0, 6_000, 1.0, 1.0, 0.99),
        ],
    )
    columns = dict(
        zip(Storage.__struct_fields__, msgspec.structs.astuple(made.storage), strict=True)
    )
    columns |= {
        "ids": ("battery", "car", "heat", "tank"),
        "heat": Heat(
            np.array([0, 0, 19_000, 20_000]),
            np.array([0, 0, 23_000, 60_000]),
            np.array([0, 0, 0, 200]),
        ),
    }
    return Places(msgspec.structs.replace(made, storage=Storage(**columns)))


@pytest.fixture(scope="session")
def owner(places):
    """Sentences of the home's owner, with identifiers in their order."""

    def says(*sentences):
        context = Context("m000", NOW, ZONE, places.directory)
        return [
            msgspec.structs.replace(parse(words, context), id=f"need-{place}")
            for place, words in enumerate(sentences, 1)
        ]

    return SimpleNamespace(says=says, name="m000", now=NOW, zone=ZONE)


@pytest.fixture(scope="session")
def independent():
    """Energy that hourly plans of some days miss at the least, which begin as is best [Wh]."""
    return _misses


class _Reading:
    """Needs as rows ``weights · columns ≤ limit`` of one battery, each by its own rule.

    Columns are energy taken and given by hour, what is stored, and what is missed.
    """

    def __init__(self, days):
        self.hours = 24 * days
        self.give_at, self.state_at, self.miss = self.hours, 2 * self.hours, 3 * self.hours + 1
        self.rows, self.limits = [], []
        self.most = {"take": np.full(self.hours, 5000.0), "give": np.full(self.hours, 5000.0)}

    def at_most(self, entries, limit):
        row = np.zeros(self.miss + 1)
        for columns, weight in entries:
            row[columns] += weight
        row[self.miss] = -1.0
        self.rows.append(row)
        self.limits.append(limit)

    def net(self, begin, end, direction):
        sign = 1 if direction == "take" else -1
        taken, given = (slice(first + begin, first + end) for first in (0, self.give_at))
        return [(taken, sign), (given, -sign)]

    def state(self, need):
        for hour in range(need.at.time_s // 3600 or 24, self.hours + 1, 24):
            if need.least_ppm is not None:
                self.at_most([(self.state_at + hour, -1)], -need.least_ppm / 100)
            if need.most_ppm is not None:
                self.at_most([(self.state_at + hour, 1)], need.most_ppm / 100)

    def energy(self, need):
        for begin, end in _windows(need, self.hours):
            if begin >= 0 and end <= self.hours and need.least_wh is not None:
                self.at_most(
                    [(c, -w) for c, w in self.net(begin, end, need.direction)], -need.least_wh
                )
            if begin >= 0 and end <= self.hours and need.most_wh is not None:
                self.at_most(self.net(begin, end, need.direction), need.most_wh)

    def cycles(self, need):
        for day in range(0, self.hours, 24):
            self.at_most(
                [(slice(self.give_at + day, self.give_at + day + 24), 1)], need.per_day_ppm / 100
            )

    def floor(self, need):
        for begin, end in _windows(need, self.hours):
            for hour in range(max(begin, 0), min(end, self.hours)):
                entries = self.net(hour, hour + 1, need.direction)
                self.at_most([(c, -w) for c, w in entries], -need.least_w)

    def cap(self, need):
        for begin, end in _windows(need, self.hours):
            power = self.most[str(need.direction)][max(begin, 0) : end]
            np.minimum(power, need.most_w, out=power)

    def quiet(self, need):
        for begin, end in _windows(need, self.hours):
            for power in self.most.values():
                power[max(begin, 0) : end] = 0


def _windows(need, hours):
    for day in range(-1, hours // 24):
        begin = day * 24 + need.window.begin_s // 3600
        end = begin + need.window.length_s // 3600
        if end > 0:
            yield begin, end


READERS = {
    "StateOfCharge": _Reading.state,
    "EnergyWithin": _Reading.energy,
    "Cycles": _Reading.cycles,
    "PowerFloor": _Reading.floor,
    "PowerCap": _Reading.cap,
    "Quiet": _Reading.quiet,
}


def _misses(needs, days):
    from scipy.optimize import linprog

    read = _Reading(days)
    for need in needs:
        READERS[type(need).__name__](read, need)
    equal, hour = np.zeros((read.hours, read.miss + 1)), np.arange(read.hours)
    for column, weight in (
        (read.state_at + 1, 1),
        (read.state_at, -1),
        (0, -0.95),
        (read.give_at, 1 / 0.95),
    ):
        equal[hour, column + hour] += weight
    bounds = [(0, most) for power in ("take", "give") for most in read.most[power]]
    bounds += [(0, 10_000)] * (read.hours + 1) + [(0, None)]
    cost = np.zeros(read.miss + 1)
    cost[read.miss] = 1
    rows = np.array(read.rows).reshape(-1, read.miss + 1)
    found = linprog(cost, rows, read.limits, equal, np.zeros(read.hours), bounds)
    assert found.status == 0
    return found.fun
