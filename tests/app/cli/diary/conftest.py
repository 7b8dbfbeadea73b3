"""Eight homes whose run waits in the morning, with a day planned and sessions still to come."""

import json
import shutil
from types import SimpleNamespace

import pytest

from gridpact.app.cli.commands import run_command

SCENARIO = """\
gridpact: 1
community: {name: Corner Homes, slot_minutes: 60}
run: {from: 2026-06-15, days: 1, seed: 1}
market: {intraday_gates: ["06:00", "12:00"]}
generate: {homes: 8, pv_percent: 50}
"""
UNTIL = "2026-06-15T05:00"


@pytest.fixture(scope="session")
def waiting_lane(tmp_path_factory):
    """The same homes with rolling operation, in the evening."""
    place = tmp_path_factory.mktemp("lane")
    rules = "operation: {replan_minutes: 0, replan_on: [need, activation]}\n"
    (place / "lane.yaml").write_text(SCENARIO + rules, encoding="utf-8")
    words = ("--out", "run", "--until", "2026-06-15T17:10", "-q")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        assert run_command(["run", "lane.yaml", *words]) == 0
    return place


@pytest.fixture(scope="session")
def waiting_street(tmp_path_factory):
    place = tmp_path_factory.mktemp("street")
    (place / "street.yaml").write_text(SCENARIO, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        assert run_command(["run", "street.yaml", "--out", "run", "--until", UNTIL, "-q"]) == 0
    return place


@pytest.fixture
def street(waiting_street, called, cli, tmp_path, monkeypatch):
    """An own copy of the run, in the current folder, and ways to ask things of it."""
    shutil.copytree(waiting_street, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)

    def diary(*words):
        return called("diary", *words)

    def shown(asset, run="run"):
        done = diary("show", run, "--asset", asset, "--json")
        assert done.code == 0, done.err
        return json.loads(done.out)

    def resumed(run="run", until="2026-06-15T06:30"):
        words = ("--until", until) if until else ()
        done = called("run", "--resume", run, *words, "-q")
        assert done.code == 0, done.err

    return SimpleNamespace(
        diary=diary,
        shown=shown,
        resumed=resumed,
        rows=lambda run="run": len(cli.content(tmp_path / run / "journal.db")["journal"]),
        place=tmp_path,
    )
