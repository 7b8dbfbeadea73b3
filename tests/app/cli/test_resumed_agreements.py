"""A run whose scenario has agreements goes on where it waited: their files stay where they were."""

import json
from pathlib import Path

from gridpact.app.cli.commands import run_command

SCENARIO = """\
gridpact: 1
community: {slot_minutes: 60}
run: {from: 2026-06-15}
members:
  - {id: bakery, assets: [{kind: battery, capacity_kwh: 12, power_kw: 4}]}
market: {intraday_gates: []}
operation: {replan_minutes: 0, replan_on: [limit]}
agreements:
  - id: down
    contract: terms/down.yaml
    decisions: [{choice: call, at: "2026-06-15T06:00", lasts_minutes: 60, value: 300}]
"""


def test_a_call_comes_in_a_run_that_was_resumed(tmp_path, monkeypatch, capsys, going_down):
    monkeypatch.chdir(tmp_path)
    Path("terms").mkdir()
    Path("terms/down.yaml").write_text(going_down("bakery", "1 kWh"), encoding="utf-8")
    Path("lane.yaml").write_text(SCENARIO, encoding="utf-8")
    first = ["run", "lane.yaml", "--out", "run", "--until", "2026-06-15T02:05", "-q"]
    assert run_command(first) == 0
    assert run_command(["run", "--resume", "run", "--until", "2026-06-15T05:05", "-q"]) == 0
    capsys.readouterr()
    assert run_command(["schedule", "history", "run", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    causes = [cause for entry in told["decisions"] for cause in entry["causes"]]
    assert {"kind": "limit", "names": ["agreement/down"]} in causes
    assert run_command(["schedule", "show", "run", "--session", "2026-06-15T05:00", "--json"]) == 0
    (asked,) = json.loads(capsys.readouterr().out)["agreed"]
    assert (asked["agreement"], asked["party"]) == ("down", "bakery")
