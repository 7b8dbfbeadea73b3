"""Sentences of conflicts worked by hand: two cars and a battery behind a limit."""

import numpy as np
import pytest
from msgspec.structs import replace

from gridpact.base.errors import BadInput
from gridpact.scheduling.explanation.explain import explain
from gridpact.scheduling.explanation.model import Joint, Part
from gridpact.scheduling.explanation.words import NO_CONFLICT, words
from gridpact.scheduling.fleet.assets import Battery, Car, GridConnection, build
from gridpact.scheduling.fleet.columns import Prices
from gridpact.scheduling.needs.binding.model import Site, Stored
from gridpact.scheduling.needs.context import Context
from gridpact.scheduling.needs.directory import Asset, Directory
from gridpact.scheduling.needs.grammar.parse import parse
from gridpact.scheduling.priorities.levels import Level

NOON, ZONE = 1_777_802_400, "Europe/Berlin"


@pytest.fixture
def site():
    """Cars of 40 kWh that hold 10, and a battery of 10 that holds 1, in slots of half an hour."""
    assets = (
        Asset(id="battery", owner="home-2", kind="battery", zone="PL", capacity_wh=10_000),
        Asset(id="car-11", owner="home-1", kind="car", zone="PL", capacity_wh=40_000),
        Asset(id="car-12", owner="home-2", kind="car", zone="PL", capacity_wh=40_000),
    )
    return Site(
        fleet=build(
            24,
            1800,
            [GridConnection("PL", import_w=30_000)],
            [
                Car("PL", 0, 24, 0.0, 11_000),
                Car("PL", 0, 24, 0.0, 11_000),
                Battery("PL", 10_000, 5_000, 1_000, efficiency=1.0),
            ],
        ),
        prices=Prices(np.full(24, 200_000)),
        start=NOON,
        timezone=ZONE,
        directory=Directory(assets, {"PL": ""}, frozenset({"dso"})),
        places={"car-11": ("one_way", 0), "car-12": ("one_way", 1), "battery": ("storage", 0)},
        zones={"PL": 0},
        charging={name: Stored(10_000, 1.0) for name in ("car-11", "car-12")},
    )


@pytest.fixture
def asked(site):
    """Read needs from sentences."""

    def read(*said):
        found = []
        for number, (owner, sentence) in enumerate(said):
            need = parse(sentence, Context(owner, NOON, ZONE, site.directory))
            found.append(replace(need, id=f"need-{number}"))
        return found

    return read


TOO_MUCH = (
    ("home-1", "car-11 >= 80% by 16:00"),  # 22 kWh in 4 h
    ("home-2", "car-12 >= 80% by 16:00"),
    ("dso", "zone PL <= 9 kW 12:00-20:00, grid"),  # lets 36 kWh and the battery's 1 through
)
LIMIT = "zone PL <= 9 kW 12:00-20:00, grid (need-2)"


def test_operators_are_told_all(site, asked):
    assert words(explain(site, asked(*TOO_MUCH), joint=False), site, "dso") == (
        LIMIT + " cannot be kept together with car-12 >= 80% at 16:00 (need-1) and "
        "car-11 >= 80% at 16:00 (need-0); at least 7.00 kWh would be missing.",
        "car-11 >= 80% at 16:00 (need-0): 62% fits, or 17:00.",
        "car-12 >= 80% at 16:00 (need-1): 62% fits, or 17:00.",
        LIMIT + ": 10.75 kW fits.",
    )


def test_owners_are_told_what_is_theirs(site, asked):
    assert words(explain(site, asked(*TOO_MUCH), joint=False), site, "home-1") == (
        LIMIT + " cannot be kept together with car-11 >= 80% at 16:00 (need-0) and "
        "1 state-of-charge need of others.",
        "car-11 >= 80% at 16:00 (need-0): 62% fits, or 17:00.",
        LIMIT + ": 10.75 kW fits.",
    )


def test_what_is_given_up_together_is_told(site, asked):
    explanation = explain(site, asked(*TOO_MUCH))
    assert explanation.joint.least_wh[Level.NEEDS] == pytest.approx(7_000, abs=10)
    assert explanation.joint.fits
    assert "7.00 kWh" in words(explanation, site, "dso")[-1]


def test_needs_are_named_before_wishes_the_largest_first(site, asked):
    parts = (
        Part(Level.WISHES, "need-7", 9000.0),
        Part(Level.NEEDS, "need-8", 500.0),
        Part(Level.WISHES, "need-9", 8000.0),
        Part(Level.NEEDS, "owner/car-11", 700.0),
    )
    joint = Joint(parts=parts, least_wh=(), cost_nano=None, fits=True, by_plan=True)
    told = words(replace(explain(site, asked(*TOO_MUCH)), joint=joint), site, "dso")[-1]
    assert told.endswith(
        "misses 0.70 kWh of owner/car-11, 0.50 kWh of need-8, 9.00 kWh of need-7 and "
        "8.00 kWh of 1 more."
    )


def test_one_owner_alone_is_told_why(site, asked):
    needs = asked(("home-1", "car-11 >= 80% by 14:00"), ("home-1", "car-11 <= 7 kW 12:00-16:00"))
    said = words(explain(site, needs), site, "home-1")
    assert said[0] == (
        "car-11 <= 7 kW 12:00-16:00 (need-1) cannot be kept together with "
        "car-11 >= 80% at 14:00 (need-0): "
        "22000 Wh are due, and 14000 Wh can be drawn in the time there is."
    )
    assert said[1:] == (
        "car-11 >= 80% at 14:00 (need-0): 60% fits, or 15:30.",
        "car-11 <= 7 kW 12:00-16:00 (need-1): 11 kW fits.",
    )
    assert words(explain(site, needs), site, "home-2") == ("None of your needs is in a conflict.",)


def test_a_need_that_no_asset_can_keep_is_told_how_far_it_can(site, asked):
    said = words(explain(site, asked(("home-2", "battery >= 100% at 13:00"))), site, "home-2")
    assert "10000 Wh cannot be reached by then" in said[0]
    assert said[1] == "battery >= 100% at 13:00 (need-0): 60% fits, or 14:00."


def test_a_limit_that_nobody_asked_for_is_named(site, asked):
    needs = asked(
        ("home-1", "car-11 >= 80% by 14:00"),
        ("home-2", "car-12 >= 80% by 14:00"),
        ("home-2", "battery >= 60% at 13:00"),
    )
    narrow = _with_limit(site, 20_000)
    said = words(explain(narrow, needs, joint=False), narrow, "dso")
    assert "as PL takes at most 20 kW" in said[0]


def _with_limit(site, watts):
    zones = replace(site.fleet.zones, import_limit_w=float(watts))
    return replace(site, fleet=replace(site.fleet, zones=zones))


def test_needs_that_nothing_tells_apart_are_refused(site, asked):
    twice = [replace(one, id="need-0") for one in asked(*TOO_MUCH)]
    with pytest.raises(BadInput, match="no identifier of its own"):
        explain(site, twice)


def test_a_fleet_at_fault_is_refused(site, asked):
    table = replace(site.fleet.storage, initial_wh=np.array([20_000.0]))
    with pytest.raises(BadInput, match="its capacity is 10000 Wh"):
        explain(replace(site, fleet=replace(site.fleet, storage=table)), asked(*TOO_MUCH))


def test_what_can_be_kept_needs_no_explanation(site, asked):
    needs = asked(*TOO_MUCH[:2])
    assert words(explain(site, needs), site, "home-1") == (NO_CONFLICT,)


def test_what_no_fleet_holds_is_named(site, asked):
    needs = asked(*TOO_MUCH, ("home-2", "battery runs >= 1 h and rests >= 1 h"))
    explanation = explain(site, needs, joint=False)
    assert [one.need.id for one in explanation.unbound] == ["need-3"]
    assert len(explanation.conflicts) == 1
    assert "cannot be held" in words(explanation, site, "home-2")[-1]
    assert "left out" not in " ".join(words(explanation, site, "home-1"))
