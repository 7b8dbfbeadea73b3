"""``gridpact schedule history``: every decision about schedules, with causes and reasons."""

import json

import pytest

from gridpact.app import folder
from gridpact.app.cli.commands import run_command
from gridpact.app.cli.scheduling_history import HEAD, _all_missed
from gridpact.app.schedules.history import Entry, history, in_words
from gridpact.scheduling.messages import Cause, Misses, ScheduleRevised, ScheduleSolved
from gridpact.scheduling.problem import Conflict

SCENARIO = """\
gridpact: 1
community: {slot_minutes: 60}
run: {from: 2026-06-15, days: 1, seed: 1}
market: {intraday_gates: ["12:00"]}
generate: {homes: 2, pv_percent: 50, battery_percent: 100}
operation: {replan_minutes: 240}
"""


@pytest.fixture(scope="module")
def rolled(tmp_path_factory):
    """A run that waits at noon."""
    place = tmp_path_factory.mktemp("rolled")
    (place / "street.yaml").write_text(SCENARIO, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        asked = ["run", "street.yaml", "--out", "run", "--until", "2026-06-15T12:30", "-q"]
        assert run_command(asked) == 0
    return place / "run"


def test_every_decision_is_listed(rolled):
    record = folder.record(rolled)
    found = history(record)
    assert [one.made for one in found] == sorted(one.made for one in found)
    revised = [one for one in found if one.outcome == "revised"]
    assert [one.begins for one in revised] == [
        each.window.start for each in record.all(ScheduleRevised)
    ]
    assert sum(one.outcome == "solved" for one in found) == len(record.all(ScheduleSolved))
    assert [one.causes for one in revised][:2] == [(Cause("timer"),)] * 2
    assert all(one.missed is not None for one in revised)


def test_a_person_reads_causes_and_what_is_missed(rolled, capsys):
    assert run_command(["schedule", "history", str(rolled)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split("  ")[0] == HEAD[0]
    assert "2026-06-15T03:59:30  2026-06-15T04:00  revised  timer" in "\n".join(lines)
    assert lines[-1].endswith("2 solved")


def test_one_outcome_alone(rolled, capsys):
    assert run_command(["schedule", "history", str(rolled), "--outcome", "solved"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == "2 decisions: 2 solved"
    assert run_command(["schedule", "history", str(rolled), "--outcome", "kept"]) == 0
    assert capsys.readouterr().out == "no schedule was decided on\n"


def test_programs_get_the_same(rolled, tmp_path, capsys):
    assert run_command(["schedule", "history", str(rolled), "--json"]) == 0
    decisions = json.loads(capsys.readouterr().out)["decisions"]
    assert len(decisions) == len(history(folder.record(rolled)))
    assert set(decisions[0]) == {*Entry.__struct_fields__, "later_wh", "needs", "unheld"}
    revised = next(one for one in decisions if one["outcome"] == "revised")
    assert revised["causes"] == [{"kind": "timer", "names": []}]


def test_what_is_not_held_at_all_is_told_apart_from_limits():
    """Nothing is counted of it, so that it is behind no energy that is missed."""
    over = Conflict("zone-import", 0, 4, 600, ("need-1",))
    away = Conflict("unbound", 0, 4, 0, ("need-5",))
    one = Entry(made=0, outcome="revised", name="x", begins=0, missed=Misses(0, 0, 600),
                conflicts=(over, away))  # fmt: skip
    assert (one.needs, one.unheld) == (("need-1",), ("need-5",))
    assert _all_missed(one) == "limits 0.600 kWh (need-1), not held: need-5"


def test_a_folder_without_a_run_is_named(tmp_path, capsys):
    assert run_command(["schedule", "history", str(tmp_path / "none")]) == 2
    assert "there is no such folder" in capsys.readouterr().err


def test_many_names_are_counted():
    names = tuple(f"car-{number}" for number in range(1500))
    told = in_words((Cause("timer"), Cause("refusal", names), Cause("need", ("need-1",))))
    assert told == "timer; refusal: car-0, car-1, car-2 and 1,497 more; need: need-1"
