"""Needs from the command line to the plans of a run: stated, in force, replayed, withdrawn."""

import json
import shutil
from datetime import datetime

import pytest

from gridpact.app import folder
from gridpact.app.needs import acting
from gridpact.scheduling.messages import NeedStated, ScheduleSolved, StateNeed

TOMORROW = "2026-06-16.day-ahead"


def instant(text):
    return int(datetime.fromisoformat(f"{text}+02:00").timestamp())


def plan_of(place, session):
    found = {each.session: each for each in folder.record(place).all(ScheduleSolved)}
    return found[session].plan


@pytest.mark.parametrize(
    ("owner", "asset", "sentence", "by", "least"),
    [
        ("home-06", "home-06-car", "car >= 95% by 06:00", "2026-06-16T06:00", 0.95 * 40_000),
        ("home-07", "home-07-battery", "battery >= 9 kWh at 20:00", "2026-06-16T20:00", 9_000),
    ],
)
def test_the_plan_of_the_resumed_run_meets_the_need(
    homes, called, owner, asset, sentence, by, least
):
    shutil.copytree("run", "other")
    code, told = homes.stated(sentence, owner)
    assert (code, told["stated"], told["id"], told["revision"]) == (0, True, "need-1", 1)
    for run in ("run", "other"):
        assert called("run", "--resume", run, "--until", "2026-06-15T12:50", "-q").code == 0
    held = homes.states(asset, TOMORROW)[instant(by)]
    without = homes.states(asset, TOMORROW, "other")[instant(by)]
    assert held >= least - 3  # the plan is in whole Wh
    assert without < least - 3
    assert plan_of(homes.place / "run", TOMORROW).conflicts == ()
    assert called("verify", "run").code == 0


def test_a_withdrawn_need_leaves_the_plan_as_if_it_had_never_been(homes, called):
    shutil.copytree("run", "other")
    homes.stated("battery >= 9 kWh at 20:00", "home-07")
    done = homes.need("remove", "run", "need-1")
    assert (done.code, done.out) == (
        0,
        "✓ need-1 of home-07, home-07-battery >= 9 kWh at 20:00: withdrawn\n",
    )
    for run in ("run", "other"):
        assert called("run", "--resume", run, "--until", "2026-06-15T12:50", "-q").code == 0
    assert homes.states("home-07-battery", TOMORROW) == homes.states(
        "home-07-battery", TOMORROW, "other"
    )


def test_what_cannot_be_met_is_in_the_plans_conflicts_by_name(homes, called):
    assert homes.stated("car away 13:00-08:00", "home-05")[0] == 0
    assert homes.stated("car >= 100% at 07:00 on 16 June", "home-05")[0] == 0
    assert homes.stated("appliance unavailable all day", "home-07")[0] == 0
    assert called("run", "--resume", "run", "--until", "2026-06-15T12:50", "-q").code == 0
    named = {
        (one.kind, name)
        for one in plan_of(homes.place / "run", TOMORROW).conflicts
        for name in one.needs
    }
    assert named == {("need", "need-2"), ("run", "need-3")}
    shown = called("schedule", "show", "run", "--session", TOMORROW).out.splitlines()
    told = [line.split() for line in shown[shown.index("") :] if "need-" in line]
    assert [(words[2], words[3], words[-1]) for words in told] == [
        ("home-05-car", "2026-06-16T06:00", "need-2"),
        ("home-07-appliance", told[1][3], "need-3"),
    ]
    solved = called("schedule", "solve", "run", "--session", TOMORROW)
    assert [line.split()[2:] for line in solved.out.splitlines() if "need-" in line] == [
        words[2:] for words in told
    ]
    unmet = json.loads(called("schedule", "solve", "run", "--session", TOMORROW, "--json").out)
    assert [(one["name"], one["needs"]) for one in unmet["unmet"]] == [
        ("home-05-car", ["need-2"]),
        ("home-07-appliance", ["need-3"]),
    ]


def test_a_run_with_needs_is_replayed_resumed_and_finished(homes, called, monkeypatch):
    """Killed right after the message was journalled, before its answer was, it ends the same."""
    shutil.copytree("run", "killed")
    assert homes.stated("battery >= 9 kWh at 20:00", "home-07", "--note", "guests")[0] == 0
    words = ("need", "add", "killed", "battery >= 9 kWh at 20:00", "--owner", "home-07")

    def dies(heard, message):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("gridpact.app.orders.acting._hear", dies)
        assert called(*words, "--note", "guests").code == 130
    assert len(folder.record(homes.place / "killed").all(StateNeed)) == 1
    assert folder.record(homes.place / "killed").all(NeedStated) == []
    # said again, as the answer was lost
    again = called(*words, "--note", "guests", "--json")
    assert (again.code, json.loads(again.out)["id"]) == (0, "need-1")
    for run in ("run", "killed"):
        assert called("run", "--resume", run, "-q").code == 0
        assert called("replay", run, "-q").code == 0
        assert called("verify", run).code == 0
    states = []
    for run in ("run", "killed"):
        seen = acting.look_on(homes.place / run)
        states.append((seen.book, plan_of(homes.place / run, TOMORROW).state_wh.tolist()))
    assert states[0] == states[1]
    assert [need.note for need in states[0][0].needs] == ["guests"]


def test_a_cap_of_the_grid_holds_the_community(homes, called):
    code, _ = homes.stated("zone community <= 9 kW 00:00-06:00 16 June", "dso", "--level", "grid")
    assert code == 0
    assert called("run", "--resume", "run", "--until", "2026-06-15T12:50", "-q").code == 0
    done = called("schedule", "show", "run", "--session", TOMORROW, "--zone", "community", "--json")
    zone = json.loads(done.out)["zone"]
    assert zone["import_limit_w"][:7] == [9000.0] * 6 + [None]
    assert max(zone["net_wh"][:6]) <= 9000


def test_the_same_need_is_one_need_and_another_writes_another_message(homes):
    before = homes.rows()
    first = homes.stated("battery >= 9 kWh at 20:00", "home-07")
    again = homes.stated("home-07-battery >= 9000 Wh by 20:00", "home-07")
    assert first == again
    listed = json.loads(homes.need("list", "run", "--json").out)
    assert [each["id"] for each in listed] == ["need-1"]
    assert homes.rows() == before + 4
    assert len(folder.record(homes.place / "run").all(StateNeed)) == 2
