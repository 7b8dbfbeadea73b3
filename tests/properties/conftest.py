"""Random communities as scenario files, and the loop taken apart so that tests can stop it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pytest
import yaml
from hypothesis import strategies as st

from gridpact.app.bootstrap import Edges, build
from gridpact.app.record import Record
from gridpact.kernel.journal import Journal
from gridpact.ledger.handlers import DAY
from gridpact.ledger.keys import demonstration_key
from gridpact.ledger.local import LocalLedger
from gridpact.ledger.messages import Committed
from gridpact.market.gates import day_ahead
from gridpact.registry.messages import CommunityOpened
from gridpact.simulation.scenarios import load
from gridpact.simulation.scenarios.build import community as build_community
from gridpact.simulation.staging import world

# Where a clock does something odd on that day; the shortest slots that divide every day with it.
PLACES = (
    ("UTC", "2026-02-28", (15, 30, 60)),
    ("Europe/Berlin", "2026-06-20", (15, 30, 60)),
    ("Europe/Berlin", "2026-03-29", (15, 30, 60)),  # 23 hours
    ("Europe/Berlin", "2026-10-25", (15, 30, 60)),  # 25 hours
    ("Europe/Berlin", "2026-10-24", (15, 30, 60)),  # the horizon has them
    ("America/Havana", "2026-03-08", (15, 30, 60)),  # midnight is skipped
    ("America/Havana", "2026-11-01", (15, 30, 60)),  # midnight comes twice
    ("Australia/Lord_Howe", "2026-04-05", (15, 30)),  # half an hour longer
    ("Australia/Lord_Howe", "2026-10-04", (15, 30)),
    ("Australia/Lord_Howe", "2026-10-06", (60,)),  # before, midnight was at half past
    ("Asia/Kathmandu", "2026-01-01", (15,)),  # 5:45 ahead of UTC
    ("Pacific/Kiritimati", "2026-12-31", (15, 30, 60)),  # 14 hours ahead
)


def _tariff(import_spot, import_markup, export_spot, export_markup):
    return {
        "import_spot_percent": import_spot,
        "import_markup_ct_per_kwh": import_markup,
        "export_spot_percent": export_spot,
        "export_markup_ct_per_kwh": export_markup,
    }


# Where exporting pays more than importing costs, it is in a few slots: a day of it is no tariff.
TARIFFS = (
    {},
    _tariff(0, 31.4159, 0, 8),
    _tariff(0, 31.4159, 0, -12.5),  # export costs
    _tariff(33.3333, 20, 33.3333, -1),
    _tariff(100, 6, 0, 5),
    _tariff(100, 0, 99.9, -0.5),
    _tariff(0, 30, 100, 0),
)


def _percent(most: int = 100):
    return st.one_of(st.just(0), st.integers(0, most), st.integers(0, most * 100).map(_hundredth))


def _hundredth(value: int) -> float:
    return value / 100


def _some(**choices):
    """Keys with values, each of which may be left out."""
    return st.fixed_dictionaries({}, optional=choices)


FEES = _some(
    network_ct_per_kwh=st.sampled_from([0, 9.0001]),
    network_local_ct_per_kwh=st.sampled_from([0, 4, 11]),
    levy_ct_per_kwh=st.sampled_from([0, 5.12]),
)


@st.composite
def _assets(draw, role: str):
    kinds = ["battery", "car", "heat_pump", "tank", "appliance"]
    if role != "consumer":
        kinds.append("pv")
    chosen = draw(st.lists(st.sampled_from(kinds), max_size=3, unique=True))
    amounts = {
        "pv": _some(kw_peak=st.sampled_from([0.3, 4, 15])),
        "battery": _some(
            capacity_kwh=st.sampled_from([0.5, 7.5, 20]),
            power_kw=st.sampled_from([0.4, 3, 11]),
            round_trip_percent=st.sampled_from([55, 91.3, 100]),
            reserve_percent=st.sampled_from([0, 20]),
            hourly_loss_percent=st.sampled_from([0, 1.5]),
        ),
        "car": _some(vehicle_to_home=st.booleans(), trip_kwh=st.integers(0, 12)),
        "heat_pump": _some(power_kw=st.sampled_from([0.7, 3]), annual_kwh=st.just(2500)),
        "tank": _some(hourly_loss_percent=st.sampled_from([0, 3])),
        "appliance": _some(
            power_kw=st.sampled_from([0.333, 2.2]),
            hours=st.sampled_from([0.5, 1.75, 4]),
            earliest=st.sampled_from(["00:00", "05:30", "09:00"]),
            latest=st.sampled_from(["14:00", "19:30", "24:00"]),
        ),
    }
    return [{"kind": kind, **draw(amounts[kind])} for kind in chosen]


@st.composite
def _members(draw, zones: list[str]):
    count = draw(st.integers(1, 6))
    found = []
    for number in range(count):
        role = draw(st.sampled_from(["prosumer", "prosumer", "consumer", "producer"]))
        member = {
            "id": f"m-{number}",
            "role": role,
            "zone": draw(st.sampled_from(zones)),
            "static_share_percent": draw(st.integers(0, 10_000 // count)) / 100,
            "assets": draw(_assets(role)),
            **draw(_some(discount_ct=st.sampled_from([0, 2.5]), premium_ct=st.just(0))),
        }
        if role != "producer":
            use = st.sampled_from([300, 3600, 14000]).map(
                lambda kwh: {"household_kwh_per_year": kwh}
            )
            member["load"] = draw(st.just("none") | use)
        found.append(member)
    found[0]["static_share_percent"] = found[0]["static_share_percent"] or 1
    return found


@st.composite
def _zones(draw):
    limit = st.sampled_from([1, 5, 30])
    found = [{"id": "z-0", **draw(_some(import_limit_kw=limit, export_limit_kw=limit))}]
    for number in range(1, draw(st.integers(1, 3))):
        parent = f"z-{draw(st.integers(0, number - 1))}"
        limits = draw(_some(import_limit_kw=limit, export_limit_kw=limit))
        found.append({"id": f"z-{number}", "parent": parent, **limits})
    return found


@st.composite
def scenarios(draw, days: int = 1):
    """A scenario document: few members, any kind of asset, any rule, plenty of faults."""
    timezone, first, steps = draw(st.sampled_from(PLACES))
    zones = draw(_zones())
    gates = st.sampled_from(["00:00", "02:30", "06:00", "11:45", "12:00", "19:00", "22:15"])
    document = {
        "gridpact": 1,
        "community": {
            "timezone": timezone,
            "slot_minutes": draw(st.sampled_from(steps)),
            "latitude": draw(st.sampled_from([48.1, -33.4])),
        },
        "run": {"from": first, "days": days, "seed": draw(st.integers(0, 99))},
        "zones": zones,
        "members": draw(_members([zone["id"] for zone in zones])),
        "tariffs": {**draw(st.sampled_from(TARIFFS)), **draw(FEES)},
        "market": draw(
            _some(
                day_ahead_gate=st.sampled_from(["09:00", "12:07", "18:00"]),
                intraday_gates=st.lists(gates, max_size=4, unique=True),
                lead_minutes=st.sampled_from([0, 5, 30, 75]),
            )
        ),
        "sharing": draw(
            _some(key=st.sampled_from(["default-dynamic", "static"]), seller_percent=_percent())
        ),
        "settlement": draw(
            _some(
                cutoff_minutes=st.sampled_from([0, 1, 60, 600]),
                rounding=st.sampled_from(["half-even", "half-away"]),
                minor_units=st.sampled_from([1, 10, 100, 1000]),
            )
        ),
        "faults": draw(
            _some(
                readings_missing_percent=_percent(30),
                readings_late_percent=_percent(30),
                late_slots=st.integers(1, 40),
                device_refusal_percent=_percent(30),
                device_drift_percent=_percent(30),
            )
        ),
    }
    return {key: value for key, value in document.items() if value}


@pytest.fixture(scope="session")
def scenarios_of():
    return scenarios


@pytest.fixture(scope="session")
def write(tmp_path_factory):
    """Write a scenario document to a file."""
    folder = tmp_path_factory.mktemp("scenarios")

    def made(document) -> Path:
        path = folder / "scenario.yaml"
        path.write_text(yaml.safe_dump(document, sort_keys=False))
        return path

    return made


@dataclass
class Bench:
    """A run that can be stopped, cut, and gone on with from its journal, like a process killed."""

    path: Path
    overrides: dict = field(default_factory=dict)

    def __post_init__(self):
        self.scenario = load(self.path, None, self.overrides)
        self.community = build_community(self.scenario)
        self.seed = self.scenario.run.seed

    def loop(self, journal: Journal, ledger: LocalLedger):
        """A fresh loop, as a new process would build it, brought to where its journal ends."""
        stage = world(self.scenario, self.community, self.seed)
        loop = build(self.community, self.seed, journal, Edges(stage, ledger))
        if journal.height:
            loop.recover()
        else:
            first = self.scenario.run.first_day
            gate = day_ahead(self.community.market, self.community.calendar, first).gate
            opening = CommunityOpened(
                community=self.community, seed=self.seed, first_day=str(first), gridpact="test"
            )
            loop.submit(opening, gate - self.community.market.opens_s)
        return loop

    def ledger(self, path: Path | str = ":memory:") -> LocalLedger:
        return LocalLedger(path, demonstration_key(self.seed))

    @staticmethod
    def until(loop, days: int) -> None:
        """Go on until so many days are on the ledger."""

        def stop(message):
            committed = isinstance(message, Committed) and message.key.startswith(DAY)
            return committed and loop.states["ledger"].days >= days

        if loop.states["ledger"].days < days:
            loop.run(stop)

    def run(self, days: int = 1, inputs=()):
        """Run in memory with messages handed in from outside; return (loop, journal, ledger)."""
        journal, ledger = Journal(":memory:"), self.ledger()
        loop = self.loop(journal, ledger)
        for message, at in inputs:
            loop.submit(message, at)
        self.until(loop, days)
        return loop, journal, ledger

    def record(self, inputs=(), days: int = 1) -> Record:
        return Record(self.run(days, inputs)[1])


@pytest.fixture(scope="session")
def bench():
    return Bench
