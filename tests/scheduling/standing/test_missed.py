"""Conflicts of plans name the needs that they miss, and only those."""

import msgspec
import numpy as np
import pytest

from gridpact.scheduling.community.solve import solve
from gridpact.scheduling.problem import Conflict
from gridpact.scheduling.standing.bound_sums import Binding
from gridpact.scheduling.standing.missed import named

SLOTS = 8


@pytest.fixture
def stated():
    class Stated(msgspec.Struct):
        run_earliest: object

    return Stated(np.array([-1, 2, 0]))


def test_a_need_that_is_out_of_reach_is_named_and_one_that_is_met_is_not(problem_of, stated):
    lo = [0, 0, 300, 0, 900, 0, 0, 0]
    problem = problem_of(
        np.full((1, SLOTS), 100), storage=[{"home": 0, "charge": 100, "lo": lo, "hi": 1000}]
    )
    bindings = [
        Binding("easy", "lo", 0, 2, 3, 300),
        Binding("hard", "lo", 0, 4, 5, 900),
        Binding("other", "hi", 0, 0, 8, 1000),
    ]
    plan = named(solve(problem), problem, stated, bindings)
    assert [(one.kind, one.missing_wh, one.needs) for one in plan.conflicts] == [
        ("need", 400, ("hard",))
    ]


def test_bounds_that_cross_are_missed_and_named(problem_of, stated):
    hi = [1000, 1000, 200, 1000, 1000, 1000, 1000, 1000]
    problem = problem_of(
        np.full((1, SLOTS), 100),
        storage=[{"home": 0, "start": 600, "charge": 100, "discharge": 100, "lo": 500, "hi": hi}],
    )
    plan = solve(problem)
    found = named(plan, problem, stated, [Binding("most", "hi", 0, 2, 3, 200)]).conflicts
    missed = plan.state_wh[0, 2] > 200 + 2
    assert found[0].needs == (("most",) if missed else ())


def test_a_cap_on_a_zone_above_is_named_and_a_looser_one_is_not(problem_of, stated):
    zones = [{"homes": [0], "buy": 250}, {"homes": [1], "parent": 0}]
    problem = problem_of(np.full((2, SLOTS), 200), zones=zones)
    bindings = [
        Binding("tight", "import", 0, 0, 4, 250),
        Binding("later", "import", 0, 6, 8, 400),
        Binding("below", "import", 1, 0, 8, 250),
        Binding("out", "export", 0, 0, 8, 0),
    ]
    (found,) = named(solve(problem), problem, stated, bindings).conflicts
    assert (found.kind, found.row, found.needs) == ("zone-import", 0, ("tight",))


def test_a_run_without_room_names_what_closed_its_window(problem_of, stated):
    problem = problem_of(np.full((1, SLOTS), 100), runs=[(0, 50, 2, 2, 1), (0, 50, 2, 0, 6)])
    bindings = [Binding("quiet", "run", 1, 2, 5, 0), Binding("window", "run", 2, 0, 6, 0)]
    (found,) = named(solve(problem), problem, stated, bindings).conflicts
    assert (found.kind, found.row, found.needs) == ("run", 0, ("quiet",))


def test_nothing_is_named_where_nothing_stands(problem_of, stated):
    problem = problem_of(np.full((1, SLOTS), 100), runs=[(0, 50, 2, 2, 1)])
    plan = solve(problem)
    assert named(plan, problem, stated, ()) is plan


def test_a_conflict_without_needs_is_encoded_as_it_always_was():
    plain = {"kind": "run", "row": 1, "first_slot": 2, "missing_wh": 3}
    assert msgspec.json.decode(msgspec.json.encode(Conflict("run", 1, 2, 3))) == plain
    named_one = Conflict("run", 1, 2, 3, ("need-1",))
    assert msgspec.json.decode(msgspec.json.encode(named_one), type=Conflict) == named_one
