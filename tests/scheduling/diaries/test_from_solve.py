"""From needs through a solve to diaries: entries told with the reasons that a reader expects."""

from types import SimpleNamespace

import numpy as np
import pytest
from msgspec.structs import replace

from gridpact.base.slots import Slots
from gridpact.scheduling.diaries.causes import Causes, causes_of
from gridpact.scheduling.diaries.derivation import Rule, derive, power, watts
from gridpact.scheduling.diaries.instructions import Standing, Verb, powers_after, powers_before
from gridpact.scheduling.diaries.plain import plain_energy
from gridpact.scheduling.diaries.profiles import places_of, power_of, rated_of, zones_of
from gridpact.scheduling.diaries.pulls import signals_of
from gridpact.scheduling.diaries.reasons import Kind, Shared, reasons_of
from gridpact.scheduling.diaries.savings import Tariffs, savings_of
from gridpact.scheduling.diaries.tight_needs import tight_needs
from gridpact.scheduling.fleet.assets import Battery, Car, GridConnection, V2gCar, build
from gridpact.scheduling.fleet.columns import Prices
from gridpact.scheduling.fleet.solution import Schedules
from gridpact.scheduling.needs.binding.bind import bind
from gridpact.scheduling.needs.binding.model import Bound, Origin, Site, Stored
from gridpact.scheduling.needs.context import Context
from gridpact.scheduling.needs.directory import Asset, Directory
from gridpact.scheduling.needs.grammar.parse import parse
from gridpact.scheduling.priorities.levels import Level
from gridpact.scheduling.priorities.needs import Needs
from gridpact.scheduling.priorities.solve import solve_by_levels

START, STEP, SLOTS = 1_776_895_200, 3600, 12  # from midnight of 23 April 2026 in Berlin
BUY = np.array([300, 200, 120, 100, 110, 130, 250, 320, 330, 300, 260, 240]) * 1000
ZONES = {"street": 0, "a": 1, "b": 2}
PLACES = {"car": ("one_way", 0), "van": ("storage", 0), "battery": ("storage", 1)}
OWNERS = {"car": "home-1", "van": "home-2", "battery": "home-2"}


def site():
    fleet = build(
        SLOTS,
        STEP,
        [GridConnection("street"), GridConnection("a", "street"), GridConnection("b", "street")],
        [
            Car("a", 0, SLOTS, 0.0, 7_000),
            V2gCar("b", 0, SLOTS, 10_000, 10_000, 60_000, 7_000, efficiency=1.0, wear=90_000.0),
            Battery("b", 10_000, 4_000, 2_000, 2_000, efficiency=0.95),
        ],
    )
    assets = tuple(
        Asset(id=name, owner=OWNERS[name], kind="battery" if name == "battery" else "car",
              zone="a" if name == "car" else "b", capacity_wh=60_000)
        for name in sorted(PLACES)
    )  # fmt: skip
    directory = Directory(assets, {"street": "", "a": "street", "b": "street"}, frozenset({"dso"}))
    return Site(
        fleet=fleet, prices=Prices(BUY.astype(float)), start=START, timezone="Europe/Berlin",
        directory=directory, places=PLACES, zones=ZONES, charging={"car": Stored(10_000)},
    )  # fmt: skip


SENTENCES = {
    "n-car": ("home-1", "car >= 50% by 07:00"),
    "n-van": ("home-2", "van >= 60% by 08:00"),
    "n-cap": ("home-1", "car <= 2 kW 05:00-06:00"),
    "n-grid": ("dso", "zone street <= 12 kW 03:00-05:00, grid"),
    "n-hand": ("home-2", "battery charge at 1 kW from 2026-04-23T07:00Z until 2026-04-23T08:00Z"),
}


@pytest.fixture(scope="module")
def solved():
    """Diaries of a solve with a need, a limit and an intervention, and their reasons."""
    place = site()
    needs = tuple(
        replace(parse(text, Context(owner, START - 1, "Europe/Berlin")), id=name)
        for name, (owner, text) in SENTENCES.items()
    )
    bound = bind(place, needs)
    assert not bound.refused
    answer = solve_by_levels(bound.fleet, place.prices, bound.needs)
    schedules = answer.schedules()
    slots, places = Slots(START, STEP, SLOTS), places_of(bound.fleet)
    wanted, standing = power_of(schedules, places, STEP), Standing.at_rest(places.count)
    told = derive(wanted, slots, rated_of(bound.fleet), Rule(), standing).instructions
    causes = causes_of(bound, needs, list(ZONES))
    signals = signals_of(bound.fleet, place.prices, answer.prices, zones_of(bound.fleet))
    reasons = reasons_of(
        told, standing, slots, causes.all, tight_needs(bound, schedules, causes),
        (signals, causes.shared),
    )  # fmt: skip
    return SimpleNamespace(
        bound=bound, told=told, standing=standing, slots=slots, wanted=wanted,
        reasons=reasons, causes=causes.all, places=places, prices=place.prices,
    )  # fmt: skip


def story(solved, asset):
    """Hour, verb, kind and name of the reason of every entry of an asset."""
    table, row = PLACES[asset]
    own = np.flatnonzero(solved.told.row == solved.places.row(table, row))
    return [
        (
            int(solved.told.at_s[one] - START) // STEP,
            Verb(solved.told.verb[one]).words,
            Kind(solved.reasons.kind[one]),
            solved.causes[solved.reasons.cause[one]].id if solved.reasons.cause[one] >= 0 else "",
        )
        for one in own
    ]


def test_power_is_that_of_the_schedule(solved):
    held = power(solved.told, solved.slots, solved.standing)
    assert np.abs(held - solved.wanted).max() <= 140  # 2 % of 7 kW


def test_charging_is_there_for_the_need_it_is_due_for(solved):
    assert story(solved, "car")[0][1:] == ("START CHARGE", Kind.NEED, "n-car")
    assert (1, "START CHARGE", Kind.NEED, "n-van") in story(solved, "van")


def test_less_power_is_there_for_the_bound_that_it_meets(solved):
    assert (5, "REDUCE RATE", Kind.NEED, "n-cap") in story(solved, "car")


def test_less_charging_at_a_lower_price_is_there_for_the_limit(solved):
    reduced = [one for asset in PLACES for one in story(solved, asset) if one[0] == 3]
    assert (3, "REDUCE RATE", Kind.LIMIT, "n-grid") in reduced
    assert all(kind in (Kind.LIMIT, Kind.NEED) for _, _, kind, _ in reduced)


def test_what_a_person_asks_for_is_told_as_that(solved):
    assert (9, "START CHARGE", Kind.INTERVENTION, "n-hand") in story(solved, "battery")


def test_supplying_in_the_evening_is_there_for_the_price(solved):
    assert (7, "SUPPLY", Kind.PRICE, "") in story(solved, "van")
    assert (7, "SUPPLY", Kind.PRICE, "") in story(solved, "battery")


def test_every_reason_explains_a_change_its_way(solved):
    """A need that asks for more is never the reason for less; a price never for the wrong way."""
    change = powers_after(solved.told, solved.standing) - powers_before(
        solved.told, solved.standing
    )
    hour = (solved.told.at_s - START) // STEP
    fallen = -np.diff(np.append(BUY.mean(), BUY))
    for place, kind in enumerate(solved.reasons.kind):
        cause = solved.reasons.cause[place]
        if kind == Kind.NEED and solved.causes[cause].id in ("n-car", "n-van"):
            assert change[place] > 0
        if kind == Kind.LIMIT:
            assert change[place] * fallen[hour[place]] <= 0


def test_savings_are_what_the_same_energy_costs_at_once_and_as_planned(solved):
    plain = plain_energy(solved.bound.fleet, np.array([True, False]))
    held = power(solved.told, solved.slots, solved.standing)
    buy = BUY[None]
    tariffs = Tariffs(buy, buy, np.zeros((1, 1), np.int64))
    found = savings_of(solved.told, solved.slots, held, watts(plain, STEP), tariffs)
    for name, place in PLACES.items():
        row = solved.places.row(*place)
        by_hand = ((watts(plain, STEP)[row] - held[row]) * BUY).sum() * STEP // 3600
        assert found.assets[row] == by_hand
        assert found.entries[solved.told.row == row].sum() == by_hand
        if name == "car":  # all others end with other energy than they began with
            assert plain[row].sum() == pytest.approx(20_000)
            assert by_hand > 0


def test_the_plan_misses_no_need_that_it_is_explained_by(solved):
    van = solved.places.row(*PLACES["van"])
    stored = 10_000 + solved.wanted[van, :8].sum()
    assert stored >= 36_000 - 10


def bound_of(column, spans, **columns):
    """A battery of four slots with a need behind one of its bounds."""
    fleet = build(4, 3600, [GridConnection("a")], [Battery("a", 9_000, 3_000, 0, efficiency=1.0)])
    storage = replace(fleet.storage, **{name: np.array([one]) for name, one in columns.items()})
    origins = tuple(
        Origin("n", "storage", 0, column, first, end, Level.NEEDS, firm=True)
        for first, end in spans
    )
    return Bound(
        fleet=replace(fleet, storage=storage), needs=Needs(), origins=origins, later=(), refused=()
    )


def tight_of(bound, charge, discharge=(0, 0, 0, 0)):
    """Slots and way of what the need explains."""
    none, charge = np.zeros((0, 4)), np.array([charge], float)
    discharge = np.array([discharge], float)
    rows = tuple(np.arange(count) for count in (0, 1, 0, 0, 0))
    schedules = Schedules(
        rows=rows, one_way_wh=none, charge_wh=charge, discharge_wh=discharge,
        state_wh=np.cumsum(charge - discharge, axis=1), output_wh=none, runs_wh=none,
        generators_wh=none,
    )  # fmt: skip
    shared = Shared(np.zeros(0, np.int64), np.zeros(0, np.int64))
    found = tight_needs(bound, schedules, Causes((), {"n": 0}, shared, frozenset()))
    return list(zip(found.first.tolist(), found.end.tolist(), found.way.tolist(), strict=True))


def test_a_least_state_explains_charging_since_the_last_bound():
    bound = bound_of("lo_wh", [(3, 4)], lo_wh=[0.0, 0.0, 0.0, 4_000.0])
    assert tight_of(bound, [0, 0, 2_000, 2_000]) == [(2, 4, 1)]
    assert tight_of(bound, [1_000, 1_000, 2_000, 0]) == [(0, 4, 1)]
    assert tight_of(bound, [1_000, 1_000, 2_000, 1_000]) == []


def test_a_most_state_explains_charging_less():
    bound = bound_of("hi_wh", [(1, 3)], hi_wh=[9_000.0, 3_000.0, 3_000.0, 9_000.0])
    assert tight_of(bound, [2_000, 1_000, 0, 3_000]) == [(0, 3, -1)]
    assert tight_of(bound, [0, 1_000, 2_000, 3_000]) == [(1, 3, -1)]
    assert tight_of(bound, [1_000, 1_000, 0, 3_000]) == []


def test_bounds_on_power_explain_less_of_it_while_they_are_met():
    bound = bound_of("charge_w", [(0, 3)], charge_w=[1_000.0, 1_000.0, 1_000.0, 3_000.0])
    assert tight_of(bound, [1_000, 0, 1_000, 3_000]) == [(0, 1, -1), (2, 3, -1)]
    bound = bound_of("discharge_w", [(1, 4)], discharge_w=[3_000.0, 0.0, 0.0, 0.0])
    assert tight_of(bound, [0, 0, 0, 0]) == [(1, 4, 1)]
