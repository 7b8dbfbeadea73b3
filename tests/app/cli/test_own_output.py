"""Standard output is the program's own, whatever libraries print to its descriptor."""

import json
import os
import sys

import pytest

NOISE = "HighsMipSolverData::transformNewIntegerFeasibleSolution tmpSolver.run();"
NOISY = f"""
import ctypes, os
from gridpact.base import solver
before, libc = solver.run, ctypes.CDLL(None)

def noisy(highs):
    libc.printf(b"{NOISE}\\n")
    os.write(1, b"{NOISE}\\n")
    return before(highs)

solver.run = noisy
from gridpact.app.cli import main
main()
"""
SCENARIO = """\
gridpact: 1
community: {name: Tiny Lane, slot_minutes: 60}
run: {from: 2026-06-15, days: 1, seed: 1}
generate: {homes: 2, pv_percent: 50, battery_percent: 50, car_percent: 50}
"""


@pytest.fixture
def scenario(tmp_path):
    (tmp_path / "tiny.yaml").write_text(SCENARIO, encoding="utf-8")
    return "schedule", "solve", "tiny.yaml", "--method", "reference", "--json"


@pytest.mark.skipif(os.name != "posix", reason="printf of the C library by its name")
def test_what_the_solver_prints_stays_out_of_json(cli, scenario, tmp_path):
    noisy = cli.run(*scenario, cwd=tmp_path, program=[sys.executable, "-c", NOISY])
    assert noisy.returncode == 0, noisy.stderr
    assert json.loads(noisy.stdout) == json.loads(cli.run(*scenario, cwd=tmp_path).stdout)
    assert NOISE in noisy.stderr
