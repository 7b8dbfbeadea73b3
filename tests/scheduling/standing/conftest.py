"""Two homes and a flat with storage and appliances, their owners' statements, and sentences."""

from datetime import date, datetime
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import msgspec
import numpy as np
import pytest

from gridpact.base.slots import Slots
from gridpact.registry.model import Runs, Storage, Zones
from gridpact.scheduling.messages import NeedsStated
from gridpact.scheduling.needs.book import Book
from gridpact.scheduling.needs.context import Context
from gridpact.scheduling.needs.grammar.parse import parse
from gridpact.scheduling.standing.places import Places

ZONE = "Europe/Berlin"
DAY = date(2026, 6, 15)


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
