"""Limits are said to be missed exactly where no schedule keeps them all."""

from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import numpy as np
import pytest

from gridpact.scheduling.audit import audit
from gridpact.scheduling.fleet.assets import Generator, GridConnection, build
from gridpact.scheduling.fleet.columns import Prices
from gridpact.scheduling.fleet.options import Options
from gridpact.scheduling.fleet.solution import Status
from gridpact.scheduling.fleet.solve import solve

CLASSES = ("one_way", "storage", "curtailable", "runs", "generators", "stepped")
KINDS = (CLASSES, ("generators", "runs"), ("storage", "generators"), ("one_way", "stepped"))
FEW_ROUNDS = Options(rounds=10, gap=1e-2)
"""So that the reference is gone on to soon, which tells."""
FLAT = Prices(np.full(12, 200_000.0))


@pytest.fixture(scope="module")
def can_be_kept():
    """Tell of a fleet whether any schedule keeps all limits, see ``hard_limits.py``."""
    path = Path(__file__).parent / "hard_limits.py"
    spec = spec_from_file_location("hard_limits", path)
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.limits_can_be_kept


@pytest.mark.parametrize("kinds", KINDS, ids="-".join)
@pytest.mark.parametrize("prices", ["flat", "two", "negative"])
def test_limits_are_missed_only_where_they_have_to_be(kinds, prices, fleets, can_be_kept):
    kept, missed = 0, 0
    for seed in range(13):
        tight, size = (None, 0.2)[seed % 2], {"slots": (24, 24), "assets": (1, 8)}
        drawn = fleets.random_fleet(seed, kinds, prices, tight=tight, **size)
        answer = solve(*drawn, FEW_ROUNDS)
        possible = can_be_kept(drawn[0])
        assert (not answer.missed) == possible, seed
        assert answer.status is (Status.OPTIMAL if possible else Status.LIMITS_MISSED), seed
        assert audit(drawn[0], answer, drawn[1], sample=0).breaches == ()
        kept, missed = kept + possible, missed + (not possible)
    assert kept
    assert missed


@pytest.mark.parametrize("method", ["auto", "reference"])
@pytest.mark.parametrize("load_wh", [2_000, 1_010])
@pytest.mark.parametrize("start_cost", [500_000, 2_000_000, 5_000_000])
def test_a_start_is_paid_to_keep_a_limit(method, load_wh, start_cost):
    load = np.full(12, 500.0)
    load[6] = load_wh
    unit = Generator("a", 3000, min_w=500, fuel=300_000, start_cost=start_cost)
    home = GridConnection("a", import_w=1000, load_wh=load)
    answer = solve(build(12, 3600, [home], [unit]), FLAT, Options(method=method))
    given = max(load_wh - 1_000, 500)
    cost = 200_000 * (load.sum() - given) + 300_000 * given + 1_000 * start_cost
    assert answer.status is Status.OPTIMAL
    assert answer.missed == ()
    assert answer.upper_nano == pytest.approx(cost, rel=1e-6)
    assert answer.lower_nano == pytest.approx(cost, rel=1e-3)
