"""The page of assets with limits on sums and of solving again: its examples print what it shows."""

import numpy as np
import pytest

from gridpact.scheduling.audit.audit import audit
from gridpact.scheduling.fleet.options import Options
from gridpact.scheduling.fleet.solve import solve


@pytest.fixture(scope="module")
def page(read_page):
    found = read_page("fleet-assets.md")
    assert len(found.examples) == 2
    return found


def run(page, number):
    """Run an example by its number; returns its names, and checks what it prints."""
    code, shown = page.examples[number]
    space = {}
    assert page.run(code, space) == shown
    return space


def test_limits_on_sums_hold_and_the_reference_agrees(page):
    space = run(page, 0)
    fleet, prices, solution = space["fleet"], space["Prices"](space["price"]), space["solution"]
    exact = solve(fleet, prices, Options(method="reference", gap=1e-6))
    assert solution.upper_nano <= exact.upper_nano * (1 + 1e-3)
    assert solution.lower_nano <= exact.upper_nano * (1 + 1e-9)
    assert audit(fleet, solution, prices).clean
    plan = solution.schedules()
    assert plan.discharge_wh[1].sum() <= 6_000 + 1e-6
    assert (plan.one_way_wh[0] @ space["price"]) / 1000 <= 1_500_000 + 1e-3
    used = np.flatnonzero(plan.generators_wh[0] > 1)
    assert len(used) >= 3
    assert plan.generators_wh[0][used].min() >= 2_000 - 1e-6


def test_the_warm_answer_is_as_good_as_the_cold_one(page):
    space = run(page, 1)
    for answer in (space["cold"], space["warm"]):
        assert answer.gap <= 1e-4
        assert audit(space["fleet"], answer, space["prices"]).clean
