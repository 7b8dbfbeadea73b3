"""Single rules: verdicts against all plans written out, and every rule broken by hand."""

import itertools

import msgspec
import numpy as np
import pytest

from gridpact.base.randomness import stream
from gridpact.scheduling.audit.columns import Rows
from gridpact.scheduling.audit.generators import check_generators
from gridpact.scheduling.audit.report import Breaches
from gridpact.scheduling.audit.runs import check_runs
from gridpact.scheduling.audit.simple_assets import check_curtailable, check_one_way
from gridpact.scheduling.audit.storage import check_storage
from gridpact.scheduling.fleet.columns import Curtailable, Generators, OneWay, Runs, Storage

ZONE = np.zeros(1, np.int64)
ROW = np.array([0])


def rules_broken(check, table, slots, *plans):
    """What a check says of one asset's plan, and its cost; slots are hours."""
    breaches = Breaches()
    own = Rows("table", table, ROW, slots, 1.0)
    cost = check(breaches, own, *plans)
    return {one.what for one in breaches.found}, cost[0]


@pytest.mark.parametrize("seed", range(40))
def test_runs_pass_exactly_when_written_out(seed, enumerated):
    draw, slots = stream(seed, "audit", "runs"), 7
    apart, length = draw.random() < 0.6, int(draw.integers(1, 4))
    table = Runs(
        zone=ZONE,
        first=draw.integers(0, 2, 1),
        end=np.array([slots]) - draw.integers(0, 2, 1),
        length=np.array([length]),
        power_w=np.full((1, 3), 1_000.0),
        interruptible=np.array([apart]),
        min_on=np.array([min(int(draw.integers(1, 3)), length) if apart else 1]),
        min_off=draw.integers(1, 3, 1),
        times=np.array([1 if apart else int(draw.integers(1, 3))]),
        pause=draw.integers(0, 2, 1),
        most_starts=draw.integers(0, 3, 1),
        value=np.array([draw.choice([400_000.0, np.inf])]),
    )
    plans = {tuple(plan > 0): earned for plan, earned in enumerated.run_plans(table, 0, slots, 1.0)}
    for pattern in itertools.product([False, True], repeat=slots):
        plan = 1_000.0 * np.array([pattern])
        broken, cost = rules_broken(check_runs, table, slots, plan)
        assert (not broken) == (pattern in plans), (pattern, broken)
        if not broken:
            assert cost == plans[pattern]


@pytest.mark.parametrize("seed", range(25))
def test_generators_pass_exactly_when_written_out(seed, enumerated):
    draw, slots = stream(seed, "audit", "generators"), 7
    table = Generators(
        zone=ZONE,
        max_w=2_000.0,
        min_w=500.0,
        idle_cost=7_000.0,
        start_cost=11_000.0,
        min_up=draw.integers(1, 4, 1),
        min_down=draw.integers(1, 4, 1),
        before=draw.choice([-9, -2, -1, 1, 2, 9], 1),
    )
    fitting = {tuple(on.tolist()): n for on, n in enumerated.patterns(table, 0, slots)}
    for pattern in itertools.product([False, True], repeat=slots):
        output = np.where([pattern], 1_200.0, 0.0)
        broken, cost = rules_broken(check_generators, table, slots, output)
        assert (not broken) == (pattern in fitting), (pattern, broken)
        if not broken:
            assert cost == 7_000_000.0 * sum(pattern) + 11_000_000.0 * fitting[pattern]


def test_a_generator_that_gives_nothing_is_on_where_that_is_cheaper():
    table = Generators(ZONE, max_w=2_000.0, idle_cost=1_000.0, start_cost=5_000.0, before=3)
    output = np.array([[1_000.0, 0.0, 0.0, 1_000.0]])
    assert rules_broken(check_generators, table, 4, output) == (set(), 4_000_000.0)
    dear = Generators(ZONE, max_w=2_000.0, idle_cost=9_000.0, start_cost=5_000.0, before=3)
    assert rules_broken(check_generators, dear, 4, output) == (set(), 23_000_000.0)


def test_generators_ramp_while_on():
    table = Generators(ZONE, max_w=2_000.0, ramp_w=500.0, min_w=100.0, before=1)
    steep = np.array([[1_000.0, 1_600.0, 1_600.0]])
    assert rules_broken(check_generators, table, 3, steep)[0] == {"no commitment gives this output"}
    assert not rules_broken(check_generators, table, 3, np.array([[1_600.0, 0.0, 1_600.0]]))[0]


def test_cars_by_hand():
    table = OneWay(ZONE, np.array([1]), np.array([3]), np.array([3_000.0]), 2_000.0)
    good = np.array([[0.0, 2_000.0, 1_000.0, 0.0]])
    assert not rules_broken(check_one_way, table, 4, good)[0]
    window, due, feeds = (
        "charges beyond its power or window",
        "does not get the energy due",
        "feeds in",
    )
    for plan, what in (
        ([1_000.0, 2_000.0, 0.0, 0.0], {window}),
        ([0.0, 2_500.0, 500.0, 0.0], {window}),
        ([0.0, 2_000.0, 900.0, 0.0], {due}),
        ([-1.0, 2_000.0, 1_001.0, 0.0], {feeds}),
        ([0.0, np.nan, 1_000.0, 0.0], {window, due, feeds}),
    ):
        assert rules_broken(check_one_way, table, 4, np.array([plan]))[0] == what


def test_budgets_by_hand():
    """400 µ¤ in two slots, 900 in the next two; 0.2, 0.1, 0.3 and 0.0 µ¤ a Wh."""
    limits, price = np.array([[np.inf, 400.0, np.inf, 900.0]]), np.array([[200.0, 100, 300, 0]])
    table = OneWay(ZONE, ZONE, ZONE + 4, 6_000.0, 4_000.0, limits, price)
    for plan, what in (
        ([0.0, 4_000.0, 2_000.0, 0.0], set()),
        ([1_000.0, 2_000.0, 3_000.0, 0.0], set()),
        ([2_001.0, 1.0, 0.0, 3_998.0], {"pays beyond its budget"}),
        ([0.0, 2_990.0, 3_010.0, 0.0], {"pays beyond its budget"}),
        ([1_000.0, 3_000.0, 0.0, 2_000.0], {"pays beyond its budget"}),
    ):
        assert rules_broken(check_one_way, table, 4, np.array([plan]))[0] == what
    whole = msgspec.structs.replace(table, budget=1_000.0)
    dear = np.array([[2_000.0, 2_000.0, 1_400.0, 600.0]])
    assert rules_broken(check_one_way, whole, 4, dear)[0] == {"pays beyond its budget"}
    fair = np.array([[2_000.0, 2_000.0, 1_300.0, 700.0]])
    assert rules_broken(check_one_way, whole, 4, fair)[0] == set()


def test_curtailment_by_hand():
    table = Curtailable(ZONE, np.array([[1_000.0, 500.0]]), cost=20_000.0, least=0.5)
    assert rules_broken(check_curtailable, table, 2, np.array([[600.0, 500.0]])) == (set(), 8e6)
    more = rules_broken(check_curtailable, table, 2, np.array([[1_001.0, 500.0]]))[0]
    assert more == {"gives more than its forecast"}
    less = rules_broken(check_curtailable, table, 2, np.array([[600.0, 249.0]]))[0]
    assert less == {"is cut too far"}


STORE = {
    "zone": ZONE,
    "initial_wh": 4_000.0,
    "charge_w": 3_000.0,
    "discharge_w": 2_000.0,
    "hi_wh": 8_000.0,
    "efficiency_in": 0.5,
    "efficiency_out": 0.8,
    "kept": 0.75,
    "draw_wh": 100.0,
    "wear": 10_000.0,
}


@pytest.mark.parametrize(
    ("ways", "state", "changes", "what"),
    [
        ((2_000.0, 0.0), 3_900.0, {}, None),
        ((0.0, 800.0), 1_900.0, {}, None),
        ((2_000.0, 0.0), 3_950.0, {}, "reports another state"),
        ((3_100.0, 0.0), 4_450.0, {}, "charges beyond its power"),
        ((0.0, 2_080.0), 300.0, {}, "discharges beyond its power"),
        ((-20.0, 0.0), 2_890.0, {}, "charges less than nothing"),
        ((0.0, -20.0), 2_925.0, {}, "discharges less than nothing"),
        ((2_000.0, 80.0), 3_800.0, {}, "charges and discharges at once"),
        ((2_000.0, 0.0), 3_900.0, {"hi_wh": 3_800.0}, "is fuller than it may be"),
        ((0.0, 800.0), 1_900.0, {"lo_wh": 2_000.0}, "is emptier than it may be"),
        ((0.0, 800.0), 1_900.0, {"terminal_wh": 2_000.0}, "is emptier than it may be"),
        ((1_000.0, 0.0), 3_400.0, {"charge_min_w": 1_400.0}, "charges below its least power"),
        ((0.0, 800.0), 1_900.0, {"discharge_min_w": 900.0}, "discharges below its least power"),
        (
            (2_000.0, 0.0),
            3_900.0,
            {"charge_min_w": 1_400.0, "charge_step_w": 500.0},
            "charges between two steps",
        ),
        ((1_900.0, 0.0), 3_850.0, {"charge_min_w": 1_400.0, "charge_step_w": 500.0}, None),
    ],
)
def test_storage_by_hand(ways, state, changes, what):
    charge, discharge = (np.array([[way]]) for way in ways)
    table = Storage(**(STORE | changes))
    given = ((charge, discharge), np.array([[state]]))
    broken, cost = rules_broken(check_storage, table, 1, *given)
    assert broken == ({what} if what else set())
    assert cost == 10_000.0 * ways[1]


def test_storage_ramps_by_hand():
    table = Storage(ZONE, 4_000.0, 3_000.0, 3_000.0, 9_000.0, ramp_w=2_500.0)
    plan = (np.array([[1_500.0, 0.0]]), np.array([[0.0, 1_500.0]]))
    broken, _ = rules_broken(check_storage, table, 2, plan, np.array([[5_500.0, 4_000.0]]))
    assert broken == {"changes its power too fast"}


def test_throughput_by_hand():
    """Lossless: 2,000 Wh may be given in the first two slots, 500 Wh in the third."""
    limits = np.array([[np.inf, 2_000.0, 500.0]])
    table = Storage(ZONE, 4_000.0, 3_000.0, 3_000.0, 9_000.0, throughput_wh=limits)
    for given, what in (
        ([1_500.0, 500.0, 500.0], set()),
        ([1_500.0, 501.0, 0.0], {"discharges beyond its throughput"}),
        ([0.0, 0.0, 501.0], {"discharges beyond its throughput"}),
        ([0.0, np.nan, 0.0], None),
    ):
        out = np.array([given])
        state = 4_000.0 - np.cumsum(out, axis=1)
        broken, _ = rules_broken(check_storage, table, 3, (np.zeros((1, 3)), out), state)
        if what is None:
            assert "discharges beyond its throughput" in broken
        else:
            assert broken == what
