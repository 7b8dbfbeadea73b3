"""A street of three homes, run for a day and solved anew, and ways to ask things of both."""

from __future__ import annotations

import json
import shutil
from types import SimpleNamespace

import pytest

from gridpact.app.cli.commands import run_command

SCENARIO = """\
gridpact: 1
community: {name: Short Street, slot_minutes: 60}
run: {from: 2026-06-15, days: 1, seed: 1}
market: {intraday_gates: ["12:00"]}
zones: [{id: street, import_limit_kw: 4}]
generate: {homes: 3, pv_percent: 50, battery_percent: 50, car_percent: 100, zones: [street]}
"""
SESSION = "2026-06-15.day-ahead"


@pytest.fixture(scope="session")
def made(tmp_path_factory):
    """The folder of a finished run ``run`` and of its first session's schedules ``out``."""
    place = tmp_path_factory.mktemp("street")
    (place / "street.yaml").write_text(SCENARIO, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        assert run_command(["run", "street.yaml", "--out", "run", "-q"]) == 0
        assert run_command(["schedule", "solve", "run", "--out", "out", "-q"]) == 0
    return place


@pytest.fixture
def street(made, tmp_path, monkeypatch, capsys):
    """An own copy of the folders in the current folder: ``ask`` gives exit code and both outputs.

    ``asked`` is the JSON of a command that must end with 0.
    """
    for name in ("run", "out"):
        shutil.copytree(made / name, tmp_path / name)
    shutil.copy(made / "street.yaml", tmp_path)
    monkeypatch.chdir(tmp_path)

    def ask(*words):
        code = run_command(["schedule", *words])
        said = capsys.readouterr()
        return code, said.out, said.err

    def asked(*words):
        code, out, err = ask(*words, "--json")
        assert code == 0, err
        return json.loads(out)

    return SimpleNamespace(ask=ask, asked=asked, place=tmp_path, session=SESSION)
