"""Ten homes in two zones, in rolling operation; their run waits in the afternoon."""

import json
import shutil
from types import SimpleNamespace

import pytest

from gridpact.app.cli.commands import run_command

SCENARIO = """\
gridpact: 1
community: {name: Two Lanes, slot_minutes: 60}
run: {from: 2026-06-15, days: 1, seed: 1}
zones:
  - {id: town}
  - {id: lane, parent: town}
  - {id: mill, parent: town}
generate: {homes: 10, pv_percent: 60, battery_percent: 100, car_percent: 60}
operation: {replan_minutes: 0, replan_on: [activation], stale_minutes: 60}
"""
UNTIL = "2026-06-15T15:30"


@pytest.fixture(scope="session")
def waiting_lanes(tmp_path_factory):
    place = tmp_path_factory.mktemp("lanes")
    (place / "lanes.yaml").write_text(SCENARIO, encoding="utf-8")
    plain = "\n".join(line for line in SCENARIO.splitlines() if "operation" not in line)
    (place / "plain.yaml").write_text(plain, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        for name, out in (("lanes.yaml", "run"), ("plain.yaml", "plain")):
            assert run_command(["run", name, "--out", out, "--until", UNTIL, "-q"]) == 0
    return place


@pytest.fixture
def lanes(waiting_lanes, called, cli, tmp_path, monkeypatch):
    """An own copy of the run, in the current folder, and ways to ask things of it."""
    shutil.copytree(waiting_lanes, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)

    def activate(*words, run="run"):
        return called("activate", run, *words)

    def told(*words):
        done = activate(*words, "--json")
        assert done.err == ""
        return json.loads(done.out)

    return SimpleNamespace(
        activate=activate,
        told=told,
        called=called,
        rows=lambda run="run": len(cli.content(tmp_path / run / "journal.db")["journal"]),
        place=tmp_path,
    )
