"""A lane's store of readings, and registers beside it, from the examples."""

import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

from gridpact.app.cli.commands import run_command

EXAMPLES = Path(__file__).parents[4] / "examples"


def imported(store, path, known):
    mapping = ("--map", EXAMPLES / "readings" / "map.yaml", "--into", store, "--commit", "-q")
    words = ("import", "readings", path, *mapping, "--known-at", known)
    assert run_command([*map(str, words)]) == 0


@pytest.fixture(scope="session")
def stored(tmp_path_factory):
    """A store with the corrected readings of the example's day, made once."""
    store = tmp_path_factory.mktemp("certificates") / "store"
    points = EXAMPLES / "readings" / "points.yaml"
    assert run_command(["readings", "init", str(store), "--points", str(points), "-q"]) == 0
    imported(store, EXAMPLES / "readings" / "march-29-corrected.csv", "2026-04-02T09:30")
    return store


@pytest.fixture
def lane(tmp_path, monkeypatch, capsys, stored):
    """A folder with ``store``, and a register ``lane`` of certificates of 1 kWh."""
    shutil.copytree(stored, tmp_path / "store")
    shutil.copytree(EXAMPLES / "certificates", tmp_path / "rules")
    monkeypatch.chdir(tmp_path)
    capsys.readouterr()

    def run(command, *arguments, register="lane"):
        words = ["certificates", command, "--register", register, *map(str, arguments)]
        code = run_command(words)
        told = capsys.readouterr()
        return SimpleNamespace(code=code, out=told.out, err=told.err)

    def begun(register, *changes):
        text = (tmp_path / "rules" / "certificates.yaml").read_text("utf-8")
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        rules = tmp_path / f"{register}.yaml"
        rules.write_text(text, "utf-8")
        return run("init", "--rules", rules, register=register)

    def corrected(known, *change):
        text = (EXAMPLES / "readings" / "march-29-corrected.csv").read_text("utf-8")
        assert change[0] in text
        path = tmp_path / "later.csv"
        path.write_text(text.replace(*change), "utf-8")
        imported(tmp_path / "store", path, known)
        capsys.readouterr()

    assert begun("lane").code == 0
    return SimpleNamespace(run=run, begun=begun, corrected=corrected, folder=tmp_path)
