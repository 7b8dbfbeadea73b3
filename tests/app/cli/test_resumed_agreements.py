"""A run whose scenario has agreements goes on where it waited, wherever their files are by then."""

import json
import shutil
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


def begun(place, monkeypatch, going_down):
    """A run that waits, in a folder that nobody is in any more, its scenario and terms gone."""
    home = place / "home"
    (home / "terms").mkdir(parents=True)
    monkeypatch.chdir(home)
    Path("terms/down.yaml").write_text(going_down("bakery", "1 kWh"), encoding="utf-8")
    Path("lane.yaml").write_text(SCENARIO, encoding="utf-8")
    first = ["run", "lane.yaml", "--out", "../moved", "--until", "2026-06-15T02:05", "-q"]
    assert run_command(first) == 0
    away = place / "away"
    away.mkdir()
    monkeypatch.chdir(away)
    shutil.rmtree(home)
    return place / "moved"


def test_a_run_goes_on_elsewhere_with_the_files_of_its_agreements_gone(
    tmp_path, monkeypatch, capsys, going_down
):
    run = begun(tmp_path, monkeypatch, going_down)
    assert run_command(["run", "--resume", str(run), "--until", "2026-06-15T05:05", "-q"]) == 0
    capsys.readouterr()
    assert run_command(["schedule", "explain", str(run), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["for"] == "operator"
    at = ["--session", "2026-06-15T05:00"]
    assert run_command(["schedule", "show", str(run), *at, "--json"]) == 0
    (asked,) = json.loads(capsys.readouterr().out)["agreed"]
    assert (asked["agreement"], asked["party"]) == ("down", "bakery")


def test_kept_terms_that_were_changed_are_refused(tmp_path, monkeypatch, capsys, going_down):
    run = begun(tmp_path, monkeypatch, going_down)
    (copy,) = (run / "files").iterdir()
    copy.write_text(going_down("bakery", "2 kWh"), encoding="utf-8")
    assert run_command(["run", "--resume", str(run), "-q"]) == 2
    assert "agreements.0.contract: changed since the run began" in capsys.readouterr().err


def test_a_run_that_kept_no_copies_reads_terms_beside_its_scenario(
    tmp_path, monkeypatch, going_down
):
    """As runs did before they kept them."""
    monkeypatch.chdir(tmp_path)
    Path("terms").mkdir()
    Path("terms/down.yaml").write_text(going_down("bakery", "1 kWh"), encoding="utf-8")
    Path("lane.yaml").write_text(SCENARIO, encoding="utf-8")
    first = ["run", "lane.yaml", "--out", "run", "--until", "2026-06-15T02:05", "-q"]
    assert run_command(first) == 0
    manifest = json.loads(Path("run/run.json").read_text(encoding="utf-8"))
    older = {key: said for key, said in manifest.items() if key not in ("kept", "beside")}
    Path("run/run.json").write_text(json.dumps(older), encoding="utf-8")
    shutil.rmtree("run/files")
    assert run_command(["run", "--resume", "run", "--until", "2026-06-15T05:05", "-q"]) == 0
