"""Eight homes whose run waits in the morning, before the next day is planned."""

import json
import shutil
from types import SimpleNamespace

import pytest

from gridpact.app.cli.commands import run_command

SCENARIO = """\
gridpact: 1
community: {name: Corner Homes, slot_minutes: 60}
run: {from: 2026-06-15, days: 2, seed: 1}
generate: {homes: 8, pv_percent: 50}
"""
UNTIL = "2026-06-15T12:30"


@pytest.fixture(scope="session")
def waiting_homes(tmp_path_factory):
    place = tmp_path_factory.mktemp("homes")
    (place / "homes.yaml").write_text(SCENARIO, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        assert run_command(["run", "homes.yaml", "--out", "run", "--until", UNTIL, "-q"]) == 0
    return place


@pytest.fixture
def homes(waiting_homes, called, cli, tmp_path, monkeypatch):
    """An own copy of the run, in the current folder, and ways to ask things of it."""
    shutil.copytree(waiting_homes, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)

    def need(*words):
        return called("need", *words)

    def stated(sentence, owner, *more):
        done = need("add", "run", sentence, "--owner", owner, *more, "--json")
        return done.code, json.loads(done.out)

    def states(asset, session, run="run"):
        """What an asset holds after each slot, by the beginning of the slot after."""
        done = called("schedule", "show", run, "--session", session, "--asset", asset, "--json")
        assert done.code == 0, done.err
        told = json.loads(done.out)
        ends = [start + 3600 for start in told["starts"]]
        return dict(zip(ends, told["asset"]["state_wh"], strict=True))

    return SimpleNamespace(
        need=need,
        stated=stated,
        states=states,
        rows=lambda: len(cli.content(tmp_path / "run" / "journal.db")["journal"]),
        place=tmp_path,
    )
