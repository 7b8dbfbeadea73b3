"""A ledger that two authorities founded and an operator acts on, driven from the command line."""

import json
import shlex

import pytest

from gridpact.app.cli.commands import run_command


@pytest.fixture
def lane(tmp_path, monkeypatch, capsys):
    """Run a command in a folder with ``lane-ledger`` and keys; its exit code, output and errors."""
    monkeypatch.chdir(tmp_path)

    def run(line, *, reads=False):
        code = run_command(shlex.split(line))
        told = capsys.readouterr()
        return json.loads(told.out) if reads else (code, told.out, told.err)

    for name in ("a", "b", "c", "lane"):
        assert run(f"authority key {name}.key")[0] == 0
    begin = "ledger init lane-ledger --name lane --as auth-a=a.key --authority auth-b=b.pub"
    assert run(begin)[0] == 0
    join = "member authorise lane-ledger lane --role operator --key lane.pub --as auth-a=a.key"
    assert run(f"{join} --why begins")[0] == 0
    return run
