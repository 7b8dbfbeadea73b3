"""Random fleets of every class, and what holds of any answer to them."""

from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

from gridpact.scheduling.audit import audit
from gridpact.scheduling.fleet.options import Options
from gridpact.scheduling.fleet.solution import Status
from gridpact.scheduling.fleet.solve import solve
from gridpact.scheduling.reference.solve import solve as solve_whole

PENALTY = 5_000_000.0
"""What missing a limit costs at first [µ¤/kWh]."""
ROUNDING = 1e-6


@pytest.fixture(scope="session")
def fleets():
    """Draw random fleets, see ``fleets.py`` beside this file."""
    spec = spec_from_file_location("fleets", Path(__file__).parent / "fleets.py")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _held_to_optimum(fleet, prices, method="engine", gap=1e-4):
    """Hold an answer to HiGHS's optimum and to every limit; return it and its true distance."""
    answer = solve(fleet, prices, Options(gap=gap, penalty=PENALTY, method=method))
    least = solve_whole(fleet, prices, answer.penalty)
    scale = max(abs(answer.lower_nano), abs(answer.upper_nano))
    touch = 1e3 + ROUNDING * scale
    assert answer.lower_nano <= least.upper_nano + touch
    assert answer.upper_nano >= least.lower_nano - touch
    assert answer.upper_nano - least.upper_nano <= answer.gap * scale + touch
    assert audit(fleet, answer, prices, sample=0).breaches == ()
    if answer.status is Status.OPTIMAL:
        assert answer.gap <= gap * 1.01
        assert not answer.missed
    return answer, (answer.upper_nano - least.upper_nano) / (scale + 1e3)


@pytest.fixture(scope="session")
def held_to_optimum():
    """Solve a fleet and hold the answer to the optimum and to every limit."""
    return _held_to_optimum
