"""A lane's rules and store of readings, from the examples."""

import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

from gridpact.app.cli.commands import run_command

EXAMPLES = Path(__file__).parents[4] / "examples"


@pytest.fixture
def lane(tmp_path, monkeypatch, capsys):
    """A folder with ``rules`` and the example's day in its store; ``run`` runs a command."""
    shutil.copytree(EXAMPLES / "books", tmp_path / "rules")
    monkeypatch.chdir(tmp_path)
    data = EXAMPLES / "readings"

    def run(*arguments):
        code = run_command([*map(str, arguments)])
        told = capsys.readouterr()
        return SimpleNamespace(code=code, out=told.out, err=told.err)

    def imported(name, known, changed=("", "")):
        text = (data / f"{name}.csv").read_text(encoding="utf-8")
        assert changed[0] in text
        (tmp_path / f"{name}.csv").write_text(text.replace(*changed), encoding="utf-8")
        store = ("--map", data / "map.yaml", "--into", "rules/readings", "--commit", "-q")
        done = run("import", "readings", f"{name}.csv", *store, "--known-at", known)
        assert (done.code, done.err) == (0, "")

    assert run("readings", "init", "rules/readings", "--points", data / "points.yaml").code == 0
    imported("march-29", "2026-03-30T06:00")
    return SimpleNamespace(run=run, imported=imported, folder=tmp_path)
