"""Two homes and a flat with storage and appliances, their owners' statements, and sentences."""

from datetime import date, datetime
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import msgspec
import numpy as np
import pytest

from gridpact.base.slots import Slots
from gridpact.forecasting.messages import ForecastIssued
from gridpact.market.messages import PricesPublished
from gridpact.registry.model import Runs, Storage, Zones
from gridpact.registry.tariffs import outside_prices
from gridpact.scheduling.check import violations
from gridpact.scheduling.handlers import Scheduling
from gridpact.scheduling.messages import (
    NeedsStated,
    NeedStated,
    PlanDue,
    ScheduleSolved,
    StateNeed,
)
from gridpact.scheduling.needs.book import Book
from gridpact.scheduling.needs.context import Context
from gridpact.scheduling.needs.grammar.parse import parse
from gridpact.scheduling.standing.places import Places

ZONE = "Europe/Berlin"
DAY = date(2026, 6, 15)
DEAR_AND_CHEAP = np.where(np.arange(144) % 48 < 24, 100_000, 300_000)
"""Cheap for six hours, dear for six hours, in turn."""


def at(hour, minute=0, day=15):
    return int(datetime(2026, 6, day, hour, minute, tzinfo=ZoneInfo(ZONE)).timestamp())


@pytest.fixture(scope="session")
def community(small_community):
    made = small_community(
        3,
        zones=((-1, 8_000, -1), (0, -1, 3_000)),
        pv=((0, 4_000),),
        storage=[
            ("battery", 0, 4000, 2000, 8000, 1, 1, 1),
            ("car", 0, 8000, 0, 40_001, 1, 1, 1),
            ("battery", 1, 400, 400, 900, 1, 1, 1),
        ],
        runs=[(0, 1000, 3600, 8 * 3600, 20 * 3600), (1, 2000, 900, 0, 86_400)],
        zone=np.array([0, 1, 1]),
    )
    return msgspec.structs.replace(
        made,
        zones=Zones(("street", "lane"), *msgspec.structs.astuple(made.zones)[1:]),
        storage=Storage(
            ("battery-0", "car-0", "battery-1"), *msgspec.structs.astuple(made.storage)[1:]
        ),
        runs=Runs(("washer-0", "dryer-1"), *msgspec.structs.astuple(made.runs)[1:]),
    )


@pytest.fixture
def places(community):
    return Places(community)


@pytest.fixture(scope="session")
def say(community):
    """Read a sentence of an owner, at an instant and with an identifier."""
    directory = Places(community).directory

    def read(words, owner="m000", name="", now=None):
        context = Context(owner, at(0) if now is None else now, ZONE, directory)
        return msgspec.structs.replace(parse(words, context), id=name)

    return read


@pytest.fixture(scope="session")
def horizon():
    return Slots(at(0), 900, 144)


@pytest.fixture(scope="session")
def stated_on(community):
    """What owners state for a horizon: all power, whole stores, runs in their usual hours."""

    def made(horizon, runs=((32, 76), (0, 95))):
        shape = (3, horizon.count)
        storage = community.storage

        def wide(values):
            return np.broadcast_to(values[:, None], shape).copy()

        return NeedsStated(
            session="s",
            window=horizon,
            charge_max_wh=wide(storage.charge_w // 4),
            discharge_max_wh=wide(storage.discharge_w // 4),
            lo_wh=np.zeros(shape, np.int64),
            hi_wh=wide(storage.capacity_wh),
            draw_wh=np.zeros(shape, np.int64),
            run_earliest=np.array([first for first, _ in runs]),
            run_latest=np.array([last for _, last in runs]),
        )

    return made


@pytest.fixture(scope="session")
def clock():
    return SimpleNamespace(at=at, zone=ZONE, day=DAY, empty=Book())


class Day:
    """A community's room in which needs are stated, and a day is planned."""

    def __init__(self, community, clock, horizon, stated):
        self.community, self.clock, self.horizon = community, clock, horizon
        self.scheduling = Scheduling(community)
        self.room, self.stated = self.scheduling.room(), stated
        self.state = self.room.state
        self.spot = DEAR_AND_CHEAP[: horizon.count].astype(np.int64)

    def tell(self, message, now=None):
        handler = self.room.handlers[type(message)]
        at = self.clock.at(0) if now is None else now
        self.state, outs = handler(self.state, message, at)
        return outs

    def state_need(self, need):
        (answer,) = self.tell(StateNeed(by=need.owner, need=need))
        assert isinstance(answer, NeedStated), answer
        return answer.id

    def plan(self, load_wh=100):
        window, homes = self.horizon, len(self.community.members.ids)
        none = np.zeros((0, 0, window.count), np.int64)
        plants = np.zeros((len(self.community.pv.ids), window.count), np.int64)
        self.tell(PricesPublished(day="2026-06-15", slots=window, spot_micro_per_kwh=self.spot), 0)
        self.tell(self.stated, 0)
        self.tell(
            ForecastIssued(
                session="s",
                window=window,
                load_wh=np.full((homes, window.count), load_wh),
                pv_wh=plants,
                levels=(),
                load_quantiles_wh=none,
                pv_quantiles_wh=none,
            ),
            0,
        )
        due = PlanDue(session="s", window=window, horizon=window)
        posed = self.scheduling.posed(self.state, due)
        (solved,) = self.room.effects[PlanDue](self.state, due)
        assert isinstance(solved, ScheduleSolved)
        wanted = posed.needs.run_earliest >= 0
        found = [one for one in solved.plan.conflicts if one.kind != "unbound"]
        plain = [msgspec.structs.replace(one, needs=()) for one in found]
        told = msgspec.structs.replace(
            solved.plan, run_start=solved.plan.run_start[wanted], conflicts=tuple(plain)
        )
        assert violations(posed.problem, told) == []
        return solved.plan

    @property
    def price(self):
        """What a kWh costs [slots] µ¤."""
        return outside_prices(self.community.tariffs, self.spot).all_in_import


@pytest.fixture
def day_of(clock):
    """A day of a community, planned over a horizon in which owners state so much."""
    return lambda community, horizon, stated: Day(community, clock, horizon, stated)


@pytest.fixture
def day(community, day_of, horizon, stated_on):
    return day_of(community, horizon, stated_on(horizon))


@pytest.fixture
def planned(day, say):
    """Plan a day with and without needs in sentences (owner, words)."""

    def made(*sentences, owner="m000"):
        before = day.plan()
        for words in sentences:
            day.state_need(say(words, owner))
        return SimpleNamespace(before=before, now=day.plan(), day=day)

    return made
