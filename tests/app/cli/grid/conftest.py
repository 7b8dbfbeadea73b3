"""The example of a village in the current folder, and an AC power flow that needs no package."""

import json
import shutil
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[4]
COMMAND = "gridpact.app.cli.market_grid"


@pytest.fixture
def village(tmp_path, monkeypatch):
    """An own copy of the example's folder, in which commands run."""
    shutil.copytree(ROOT / "examples" / "grid", tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(f"{COMMAND}.installed", lambda: False)
    return tmp_path


@pytest.fixture
def swept(village, monkeypatch):
    """The village, with backward and forward sweeps as its AC power flow.

    Sweeps know series impedances only, so the transformer is without its iron losses.
    """
    path = ROOT / "tests" / "market" / "grid" / "conftest.py"
    spec = spec_from_file_location("grid_books", path)
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(f"{COMMAND}.installed", lambda: True)
    monkeypatch.setattr(f"{COMMAND}.PowerGridModelFlow", lambda: module.sweep)
    grid = village / "village.yaml"
    text = grid.read_text("utf-8").replace("    no_load_loss: 0.46 kW\n", "")
    grid.write_text(text, encoding="utf-8")
    return village


@pytest.fixture
def told(called):
    """Run ``market grid`` with --json; return what it tells, having checked its exit code."""

    def tell(*arguments, code=0):
        done = called("market", "grid", *arguments, "--json")
        assert (done.code, done.err) == (code, "")
        return json.loads(done.out)

    return tell


@pytest.fixture
def refused(called):
    """Run ``market grid`` on what it refuses; return its errors as one line of words."""

    def refuse(*arguments):
        done = called("market", "grid", *arguments)
        assert (done.code, done.out) == (2, "")
        return " ".join(done.err.split())

    return refuse
