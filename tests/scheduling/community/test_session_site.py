"""A session as a site of needs: it misses what the day's plan misses, and names who asks for it."""

from datetime import datetime
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.base.randomness import stream
from gridpact.base.slots import Slots
from gridpact.scheduling.community.site import site_of
from gridpact.scheduling.community.solve import solve
from gridpact.scheduling.explanation.explain import explain
from gridpact.scheduling.explanation.own_conflicts import own_conflicts
from gridpact.scheduling.explanation.trial import Trial
from gridpact.scheduling.messages import NeedsStated
from gridpact.scheduling.needs.context import Context
from gridpact.scheduling.needs.grammar.parse import parse
from gridpact.scheduling.needs.model import Direction, PowerCap, Run, StateOfCharge
from gridpact.scheduling.prepare import Inputs, problem
from gridpact.scheduling.standing.binding import bind, capped
from gridpact.scheduling.standing.places import Places

ZONE, STEP, SLOTS = "Europe/Berlin", 3600, 24
MIDNIGHT = int(datetime(2026, 6, 15, tzinfo=ZoneInfo(ZONE)).timestamp())


@pytest.fixture(scope="session")
def session(small_community):
    """Make a community of four homes in a lane of a street, its forecast and what owners state."""

    def made(seed, start=MIDNIGHT, lane_w=3_000, give_w=-1, timezone=ZONE):
        draw = stream(seed, "session site")
        homes = 4
        cars = [("car", home, 4_000, 0, 40_000, 0.9, 1.0, 1.0) for home in range(3)]
        battery = ("battery", 3, 3_000, 3_000, 6_000, 0.95, 0.95, 1.0)
        community = small_community(
            homes,
            zones=((-1, 20_000, -1), (0, lane_w, give_w)),
            pv=((3, 5_000),),
            storage=[*cars, battery],
            runs=[(0, 1_500, 7_200, 8 * 3_600, 20 * 3_600)],
            zone=np.array([1, 1, 1, 1]),
            step_s=STEP,
            timezone=timezone,
        )
        horizon = Slots(start, STEP, SLOTS)
        stated = _stated(draw, community, horizon)
        load = draw.integers(100, 700, (homes, SLOTS))
        sun = np.maximum(np.sin((np.arange(SLOTS) - 6) * np.pi / 12), 0)
        inputs = SimpleNamespace(
            forecast=SimpleNamespace(load_wh=load, pv_wh=(sun * 4_000).astype(np.int64)[None]),
            spot=draw.integers(50_000, 200_000, SLOTS),
            initial=np.array([*draw.integers(4_000, 20_000, 3), 3_000]),
        )
        return SimpleNamespace(
            community=community, places=Places(community), stated=stated, inputs=inputs
        )

    return made


def _stated(draw, community, horizon):
    """Cars stay until they leave with 20 to 90 %; the washer is to run within its hours."""
    storage, shape = community.storage, (4, horizon.count)
    there = np.ones(shape, bool)
    low = np.zeros(shape, np.int64)
    low[:3] = 2_000
    for car in range(3):
        leave = int(draw.integers(6, 20))
        low[car, leave - 1] = 400 * int(draw.integers(20, 91))
        there[car, leave:] = False
    return NeedsStated(
        session="s",
        window=horizon,
        charge_max_wh=np.where(there, storage.charge_w[:, None], 0),
        discharge_max_wh=np.where(there, storage.discharge_w[:, None], 0),
        lo_wh=low,
        hi_wh=np.repeat(storage.capacity_wh[:, None], horizon.count, axis=1),
        draw_wh=np.zeros(shape, np.int64),
        run_earliest=np.array([8]),
        run_latest=np.array([18]),
    )


def posed(case, standing=()):
    """The problem of a session with these needs bound to it, and without any."""

    def of(stated):
        inputs = Inputs(
            stated,
            case.inputs.forecast,
            case.inputs.spot,
            np.zeros((4, SLOTS), np.int64),
            case.inputs.initial,
        )
        return problem(case.community, stated.window, inputs)

    bound = bind(case.places, case.stated, standing)
    whole = of(bound.stated)
    return msgspec.structs.replace(whole, zones=capped(whole.zones, bound)), of(case.stated)


def said(case, words, owner, name):
    directory = case.places.directory
    found = parse(words, Context(owner, case.stated.window.start, ZONE, directory))
    return msgspec.structs.replace(found, id=name)


STANDING = (
    ("zone zone-001 <= 2 kW 17:00-21:00, grid", "dso"),
    ("storage-003 >= 80% by 18:00", "m003"),
    ("run-000 2 h within 10:00-14:00", "m000"),
    ("storage-000 away 02:00-04:00", "m000"),
)


@given(
    st.integers(0, 10**6),
    st.sampled_from([1_500, 2_500, 4_000]),
    st.lists(st.sampled_from(STANDING), max_size=3, unique=True),
)
@settings(deadline=None, max_examples=10)
def test_what_is_missing_is_what_the_plan_misses(session, seed, lane_w, asked):
    case = session(seed, lane_w=lane_w, give_w=1_500 if seed % 2 else -1)
    standing = [
        said(case, words, owner, f"need-{number}") for number, (words, owner) in enumerate(asked, 1)
    ]
    whole, bare = posed(case, standing)
    plan = solve(whole)
    site, needs = site_of(case.places, bare, case.stated, standing)
    trial = Trial(site)
    own = own_conflicts(trial, needs)
    alone = {one.row for one in plan.conflicts if one.kind == "need"}
    unkept = {
        site.places[asset][1]
        for conflict in own.conflicts
        for member in conflict.members
        for need in member.needs
        for asset in need.subject.ids
    }
    assert unkept == alone
    missed = sum(one.missing_wh for one in plan.conflicts if one.kind.startswith("zone"))
    found = trial.verdict(needs if not alone else own.rest)
    if not alone:
        assert found.missing_wh == pytest.approx(missed, rel=0.02, abs=2 * SLOTS)


def test_everything_asked_has_an_owner_and_a_name(session):
    case = session(1, lane_w=3_000, give_w=2_000)
    _, bare = posed(case)
    site, needs = site_of(case.places, bare, case.stated)
    by_id = {need.id: need for need in needs}
    cars = [f"owner/storage-00{row}" for row in range(3)]
    limits = ["limit/zone-000", "limit/zone-001", "limit/zone-001/feed-in"]
    assert list(by_id) == [*limits, *cars, "owner/run-000"]
    assert by_id["limit/zone-001"].most_w == 3_000
    assert isinstance(by_id["limit/zone-001/feed-in"], PowerCap)
    assert by_id["limit/zone-001/feed-in"].direction is Direction.GIVE
    run = by_id["owner/run-000"]
    assert isinstance(run, Run)
    assert (run.owner, run.duration_s) == ("m000", 7_200)
    assert (run.window.begin_s, run.window.end_s) == (8 * 3_600, 20 * 3_600)
    for row, name in enumerate(cars):
        need = by_id[name]
        slot = int(np.argmax(case.stated.lo_wh[row]))
        assert isinstance(need, StateOfCharge)
        assert need.at.time_s == (slot + 1) * STEP
        assert need.least_ppm == int(case.stated.lo_wh[row, slot]) * 25
    assert np.asarray(site.fleet.storage.lo_wh)[:3].max() == 2_000
    assert not np.isfinite(site.fleet.zones.import_limit_w).any()


def test_an_energy_that_is_no_whole_share_is_asked_in_wh(session):
    case = session(1)
    case.stated.lo_wh[0] = np.where(case.stated.lo_wh[0] > 2_000, 12_345, 2_000)
    _, bare = posed(case)
    _, needs = site_of(case.places, bare, case.stated)
    car = next(one for one in needs if one.id == "owner/storage-000")
    assert (car.least_ppm, car.least_wh) == (None, 12_345)


def test_a_car_that_leaves_twice_asks_twice(session):
    case = session(1)
    case.stated.lo_wh[0, :] = 2_000
    case.stated.lo_wh[0, [3, 4, 12]] = 8_000, 8_000, 6_000
    _, bare = posed(case)
    _, needs = site_of(case.places, bare, case.stated)
    own = {one.id: one.at.time_s for one in needs if one.id.startswith("owner/storage-000")}
    # what it holds by 04:00 it still holds by 05:00, which needs no second word
    assert own == {"owner/storage-000": 4 * STEP, "owner/storage-000/2": 13 * STEP}


def test_hours_in_which_clocks_are_changed_stay_bounds(session):
    """On 25 October 2026 the clock of Berlin shows 02:30 twice; a sentence means the first."""
    night = int(datetime(2026, 10, 25, tzinfo=ZoneInfo(ZONE)).timestamp())
    case = session(1, start=night)
    case.stated.lo_wh[0, :] = 2_000
    case.stated.lo_wh[0, 2] = 9_000  # by the second 02:00
    _, bare = posed(case)
    site, needs = site_of(case.places, bare, case.stated)
    assert not [one for one in needs if one.id.startswith("owner/storage-000")]
    assert np.asarray(site.fleet.storage.lo_wh)[0, 2] == 9_000


def test_a_run_that_stands_narrows_the_usual_hours_and_names_the_run(session):
    case = session(1)
    standing = [said(case, "run-000 2 h within 10:00-14:00", "m000", "need-7")]
    _, bare = posed(case, standing)
    _, needs = site_of(case.places, bare, case.stated, standing)
    run = next(one for one in needs if isinstance(one, Run))
    assert (run.id, run.window.begin_s, run.window.end_s) == ("need-7", 36_000, 50_400)


def test_a_conflict_names_limit_cars_and_what_fits(session):
    case = session(0, lane_w=1_800)
    whole, bare = posed(case)
    site, needs = site_of(case.places, bare, case.stated)
    found = explain(site, needs)
    assert any(one.kind == "zone-import" for one in solve(whole).conflicts)
    ids = {need.id for one in found.conflicts for member in one.members for need in member.needs}
    assert "limit/zone-001" in ids
    assert any(name.startswith("owner/") for name in ids)
    assert found.joint is not None
    for conflict in found.conflicts:
        for proposal in conflict.proposals:
            gone = {one.id for one in conflict.members[proposal.member].needs}
            changed = [*(one for one in needs if one.id not in gone), *proposal.needs]
            assert not proposal.settles or Trial(site).fits(changed)
