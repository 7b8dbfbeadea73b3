"""A run that tells its ledger everything at once: proofs while it waits, and at its end."""

import shlex
from pathlib import Path

import pytest

from gridpact.app.cli.commands import run_command

SCENARIO = """\
gridpact: 1
community: {name: Tiny Lane, slot_minutes: 60}
run: {from: 2026-06-15, days: 1, seed: 1}
market: {intraday_gates: []}
generate: {homes: 2, pv_percent: 50, battery_percent: 50}
ledger: {commit: at-once}
"""


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("tiny.yaml").write_text(SCENARIO)

    def called(line):
        code = run_command(shlex.split(line))
        told = capsys.readouterr()
        return code, told.out, told.err

    return called


def proved(run, asked):
    """Write a proof and check it against the root that the ledger has now; what it says."""
    code, out, err = run(f"ledger prove run {asked} --member home-01 --out p.proof --force")
    if code:
        return err
    code, out, err = run(f"ledger check p.proof --root {out.split()[-1]}")
    assert (code, err) == (0, "")
    return out


@pytest.mark.slow
def test_proofs_are_there_at_once_and_at_the_end(run):
    assert run("run tiny.yaml --out run --until 2026-06-14T18:00 -q")[0] == 0
    session = "2026-06-15.day-ahead"
    assert "contract with terms" in proved(run, "--terms standing")
    assert f"schedules of home-01 in {session}" in proved(run, f"--schedules {session}")
    assert "contract with terms" in proved(run, f"--terms {session}")
    assert "this run has no '2026-06-15'" in proved(run, "--executions 2026-06-15")
    assert "✗" not in run("verify run")[1]
    assert run("run --resume run -q")[0] == 0
    assert "readings of home-01" in proved(run, "--readings 2026-06-15")
    assert "executions of home-01" in proved(run, "--executions 2026-06-15")
    assert "statements of home-01" in proved(run, "--statements 2026-06-15")
    assert "✗" not in run("verify run")[1]
