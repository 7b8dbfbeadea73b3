"""The one way that HiGHS is made: what it takes, what it refuses, and what it finds."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.base.solver import (
    INFEASIBLE,
    NO_LIMIT,
    OPTIMAL,
    REPEATABLE,
    UNBOUNDED,
    LinearProgramme,
    has_values,
    load,
    quiet_solver,
    run,
    set_options,
)


def programme(**parts):
    """Minimise x + 2y within 0 and 10 where x + y ≥ 1, but for what is said otherwise."""
    plain = {
        "cost": np.array([1.0, 2.0]),
        "lower": np.zeros(2),
        "upper": np.full(2, 10.0),
        "whole": np.zeros(2, np.bool_),
        "row_lower": np.ones(1),
        "row_upper": np.full(1, np.inf),
        "start": np.arange(3, dtype=np.int32),
        "index": np.zeros(2, np.int32),
        "value": np.ones(2),
    }
    return LinearProgramme(**(plain | parts))


def solved(given, *, mixed=False, **options):
    """Solve, and return how it ended and the solver."""
    highs = quiet_solver(**options)
    load(highs, given, mixed=mixed)
    return run(highs), highs


def test_a_solver_is_quiet_and_repeatable_whatever_else_is_asked(capfd):
    ended, highs = solved(programme(), mip_rel_gap=0.0)
    assert (ended, capfd.readouterr().out) == (OPTIMAL, "")
    for name, value in {**REPEATABLE, "mip_rel_gap": 0.0}.items():
        assert highs.getOptionValue(name)[1] == value
    assert list(highs.getSolution().col_value) == [1.0, 0.0]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"mip_relative_gap": 0.0}, "mip_relative_gap = 0.0"),
        ({"threads": -1}, "threads = -1"),
        ({"presolve": "perhaps"}, "presolve = 'perhaps'"),
        ({"output_flag": 1}, "output_flag = 1"),
        ({"mip_max_nodes": "all"}, "mip_max_nodes = 'all'"),
    ],
)
def test_an_option_or_value_that_highs_does_not_know_raises(options, said):
    with pytest.raises(ValueError, match=said):
        quiet_solver(**options)
    with pytest.raises(ValueError, match=said):
        set_options(quiet_solver(), **options)


def test_no_limit_is_the_most_that_a_count_may_be():
    set_options(quiet_solver(), mip_max_nodes=NO_LIMIT)
    with pytest.raises((ValueError, TypeError)):
        set_options(quiet_solver(), mip_max_nodes=NO_LIMIT + 1)


@pytest.mark.parametrize(
    "parts",
    [
        {"index": np.array([0, 3], np.int32)},
        {"index": np.array([0, -1], np.int32)},
        {"start": np.array([0, 1, 5], np.int32)},
        {"value": np.array([np.inf, 1.0])},
        {"lower": np.zeros(1)},
        {"row_lower": np.array([np.nan])},
    ],
    ids=["row beyond", "row below", "entries missing", "infinite entry", "short", "no bound"],
)
def test_arrays_that_are_no_programme_raise(parts):
    with pytest.raises(ValueError, match="no programme"):
        load(quiet_solver(), programme(**parts))


@pytest.mark.parametrize(
    ("parts", "ended"),
    [
        ({"row_lower": np.array([21.0])}, INFEASIBLE),
        ({"lower": np.array([2.0, 0.0]), "upper": np.ones(2)}, INFEASIBLE),
        ({"cost": np.array([-1.0, 0.0]), "upper": np.full(2, np.inf)}, UNBOUNDED),
    ],
)
def test_how_a_search_ends_without_an_optimum(parts, ended):
    found, highs = solved(programme(**parts), presolve="off")
    assert found == ended
    assert ended != INFEASIBLE or not has_values(highs)


def test_a_solver_takes_one_programme_after_another():
    highs = quiet_solver()
    for least in (1.0, 4.0, 2.0):
        load(highs, programme(row_lower=np.array([least])))
        assert (run(highs), highs.getInfo().objective_function_value) == (OPTIMAL, least)


numbers = st.integers(-4, 4)
LEAST, MOST = 0, 3


@st.composite
def whole_programmes(draw):
    """Three columns within 0 and 3, two rows, small whole numbers; some columns whole."""
    table = np.array(
        draw(st.lists(st.lists(numbers, min_size=3, max_size=3), min_size=2, max_size=2))
    )
    column, row = np.nonzero(table.T)
    low = np.array(draw(st.lists(st.integers(-6, 4), min_size=2, max_size=2)), float)
    return table, LinearProgramme(
        cost=np.array(draw(st.lists(numbers, min_size=3, max_size=3)), float),
        lower=np.full(3, float(LEAST)),
        upper=np.full(3, float(MOST)),
        whole=np.ones(3, np.bool_),
        row_lower=low,
        row_upper=low + draw(st.integers(0, 8)),
        start=np.searchsorted(column, np.arange(4)).astype(np.int32),
        index=row.astype(np.int32),
        value=table[row, column].astype(float),
    )


@settings(deadline=None, max_examples=60)
@given(whole_programmes())
def test_whole_numbers_are_the_best_of_all_there_are(given):
    table, made = given
    points = np.array(list(itertools.product(range(LEAST, MOST + 1), repeat=3)))
    sums = points @ table.T
    kept = np.all((sums >= made.row_lower) & (sums <= made.row_upper), axis=1)
    ended, highs = solved(made, mixed=True, mip_rel_gap=0.0, mip_abs_gap=0.0)
    loose, relaxed = solved(made)
    assert has_values(highs) == bool(kept.any())
    if not kept.any():
        assert ended == INFEASIBLE
        return
    best = (points[kept] @ made.cost).min()
    assert (ended, loose) == (OPTIMAL, OPTIMAL)
    assert highs.getInfo().objective_function_value == pytest.approx(best, abs=1e-6)
    assert relaxed.getInfo().objective_function_value <= best + 1e-6
