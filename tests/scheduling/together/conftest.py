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
    """Energy that hourly plans of four days miss at the least, which begin as is best [Wh]."""
    return _misses


HOURS = 96
TAKE, GIVE, STATE, MISS = 0, HOURS, 2 * HOURS, 3 * HOURS + 1
"""First columns of energy taken and given by hour, of what is stored; and of what is missed."""


class _Reading:
    """Needs as rows ``weights · columns ≤ limit`` of one battery, each by its own rule."""

    def __init__(self):
        self.rows, self.limits = [], []
        self.most = {"take": np.full(HOURS, 5000.0), "give": np.full(HOURS, 5000.0)}

    def at_most(self, entries, limit):
        row = np.zeros(MISS + 1)
        for columns, weight in entries:
            row[columns] += weight
        row[MISS] = -1.0
        self.rows.append(row)
        self.limits.append(limit)

    def net(self, begin, end, direction):
        sign = 1 if direction == "take" else -1
        taken, given = (slice(first + begin, first + end) for first in (TAKE, GIVE))
        return [(taken, sign), (given, -sign)]

    def state(self, need):
        for hour in range(need.at.time_s // 3600 or 24, HOURS + 1, 24):
            if need.least_ppm is not None:
                self.at_most([(STATE + hour, -1)], -need.least_ppm / 100)
            if need.most_ppm is not None:
                self.at_most([(STATE + hour, 1)], need.most_ppm / 100)

    def energy(self, need):
        for begin, end in _windows(need):
            if begin >= 0 and end <= HOURS and need.least_wh is not None:
                self.at_most(
                    [(c, -w) for c, w in self.net(begin, end, need.direction)], -need.least_wh
                )
            if begin >= 0 and end <= HOURS and need.most_wh is not None:
                self.at_most(self.net(begin, end, need.direction), need.most_wh)

    def cycles(self, need):
        for day in range(0, HOURS, 24):
            self.at_most([(slice(GIVE + day, GIVE + day + 24), 1)], need.per_day_ppm / 100)

    def floor(self, need):
        for begin, end in _windows(need):
            for hour in range(max(begin, 0), min(end, HOURS)):
                entries = self.net(hour, hour + 1, need.direction)
                self.at_most([(c, -w) for c, w in entries], -need.least_w)

    def cap(self, need):
        for begin, end in _windows(need):
            power = self.most[str(need.direction)][max(begin, 0) : end]
            np.minimum(power, need.most_w, out=power)

    def quiet(self, need):
        for begin, end in _windows(need):
            for power in self.most.values():
                power[max(begin, 0) : end] = 0


def _windows(need):
    for day in range(-1, HOURS // 24):
        begin = day * 24 + need.window.begin_s // 3600
        yield begin, begin + need.window.length_s // 3600


READERS = {
    "StateOfCharge": _Reading.state,
    "EnergyWithin": _Reading.energy,
    "Cycles": _Reading.cycles,
    "PowerFloor": _Reading.floor,
    "PowerCap": _Reading.cap,
    "Quiet": _Reading.quiet,
}


def _misses(needs):
    from scipy.optimize import linprog

    read = _Reading()
    for need in needs:
        READERS[type(need).__name__](read, need)
    equal, hour = np.zeros((HOURS, MISS + 1)), np.arange(HOURS)
    for column, weight in ((STATE + 1, 1), (STATE, -1), (TAKE, -0.95), (GIVE, 1 / 0.95)):
        equal[hour, column + hour] += weight
    bounds = [(0, most) for power in ("take", "give") for most in read.most[power]]
    bounds += [(0, 10_000)] * (HOURS + 1) + [(0, None)]
    cost = np.zeros(MISS + 1)
    cost[MISS] = 1
    rows = np.array(read.rows).reshape(-1, MISS + 1)
    found = linprog(cost, rows, read.limits, equal, np.zeros(HOURS), bounds)
    assert found.status == 0
    return found.fun
