"""``gridpact activate``: what it prints, what becomes of it in the run, and what it refuses."""

import json

import numpy as np
import pytest

from gridpact.app import folder
from gridpact.scheduling.activation.messages import (
    ActivationIssued,
    ActivationRefused,
    ActivationRequested,
)
from gridpact.scheduling.messages import DispatchIssued, ScheduleRevised

LANE = ("--zone", "lane", "--kw", "3", "--minutes", "120")


def of(place, kind, run="run"):
    return folder.record(place / run).all(kind)


def test_what_is_asked_is_given_and_told_asset_by_asset(lanes):
    told = lanes.told(*LANE)
    assert (told["activated"], told["id"], told["by"]) == (True, "activation-1", "dso")
    assert (told["begin"], told["end"]) == ("2026-06-15T16:00", "2026-06-15T18:00")
    assert (told["asked_w"], told["given_w"], told["missing_w"]) == (3000, 3000, 0)
    gives = [each["gives_w"] for each in told["assets"]]
    assert sum(gives) == 3000
    for each in told["assets"]:
        assert 0 <= each["gives_w"] <= each["can_w"]
        moved = {now - then for now, then in zip(each["now_w"], each["then_w"], strict=True)}
        assert moved == {each["gives_w"]}
    prices = [each["micro_per_kwh"] for each in told["assets"]]
    assert prices == sorted(prices)
    dearest = max(each["micro_per_kwh"] for each in told["assets"] if each["gives_w"])
    assert told["marginal_micro_per_kwh"] == dearest
    (issued,) = of(lanes.place, ActivationIssued)
    assert (issued.given_wh.sum() + issued.solar_wh.sum(), issued.missing_wh) == (3000, 0)


def test_the_run_goes_on_with_the_set_points_and_plans_anew_around_them(lanes):
    lanes.told(*LANE)
    (issued,) = of(lanes.place, ActivationIssued)
    assert lanes.called("run", "--resume", "run", "-q").code == 0
    dispatched = {one.slot: one for one in of(lanes.place, DispatchIssued)}
    gave = issued.given_wh > 0
    assert gave.any()
    for place, slot in enumerate(issued.window.starts().tolist()):
        one = dispatched[slot]
        assert (one.charge_wh[gave] == issued.charge_wh[gave, place]).all()
        assert (one.discharge_wh[gave] == issued.discharge_wh[gave, place]).all()
    causes = [cause for one in of(lanes.place, ScheduleRevised) for cause in one.causes]
    assert [(cause.kind, cause.names) for cause in causes] == [("activation", ("activation-1",))]
    for look in ("verify", "replay"):
        assert lanes.called(look, "run", "-q").code == 0


def test_a_second_activation_takes_what_the_first_left(lanes):
    first = lanes.told("--zone", "lane", "--kw", "500", "--minutes", "60")
    assert first["missing_w"] > 0
    second = lanes.told("--zone", "lane", "--kw", "500", "--minutes", "60")
    assert (second["id"], second["given_w"]) == ("activation-2", 0)
    back = lanes.told("--zone", "lane", "--kw", "-1", "--minutes", "60")
    assert (back["direction"], back["given_w"]) == ("down", 1000)


def test_pro_rata_and_a_time_and_another_operator(lanes):
    more = ("--at", "2026-06-15T17:00", "--split", "pro-rata", "--by", "operator")
    told = lanes.told("--zone", "lane,mill", "--kw", "4", "--minutes", "60", *more)
    assert (told["by"], told["zones"], told["split"]) == ("operator", ["lane", "mill"], "pro-rata")
    assert told["begin"] == "2026-06-15T17:00"
    can = np.array([each["can_w"] for each in told["assets"]])
    gives = np.array([each["gives_w"] for each in told["assets"]])
    assert np.abs(gives - 4000 * can / can.sum()).max() <= 1
    assert told["marginal_micro_per_kwh"] is None


def test_a_dry_run_tells_the_same_and_changes_nothing(lanes):
    before = lanes.rows()
    dry = lanes.told(*LANE, "--dry-run")
    assert (dry["activated"], dry["id"], lanes.rows()) == (False, "", before)
    told = lanes.told(*LANE)
    assert dry["assets"] == told["assets"]


def test_people_read_who_gives_what(lanes):
    done = lanes.activate(*LANE)
    head, summary, blank, table, *rows = done.out.splitlines()
    assert head == (
        "✓ 3.000 of 3.000 kW up in lane, 2026-06-15T16:00 to 2026-06-15T18:00: activation-1 of dso"
    )
    assert summary.startswith("    ")
    assert "the dearest at" in summary
    assert (blank, table.split()) == (
        "",
        ["asset", "EUR/kWh", "can", "gives", "planned", "instead"],
    )
    assert rows[-1] == "the next schedule makes up what is moved"
    assert (done.err, done.code) == ("", 0)
    dry = lanes.activate("--zone", "lane", "--kw", "900", "--minutes", "60", "--dry-run").out
    assert dry.startswith("would give ")
    assert "are missing" in dry
    assert lanes.activate(*LANE, "-q").out == ""


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--zone", "lne", "--kw", "1", "--minutes", "60"), "write lane"),
        (("--zone", ",", "--kw", "1", "--minutes", "60"), "no zone is named"),
        (("--zone", "lane,lane", "--kw", "1", "--minutes", "60"), "named twice"),
        (("--zone", "lane", "--kw", "0", "--minutes", "60"), "nothing is asked"),
        (("--zone", "lane", "--kw", "nan", "--minutes", "60"), "is no power"),
        (("--zone", "lane", "--kw", "1e7", "--minutes", "60"), "more than any zone has"),
        (("--zone", "lane", "--kw", "1e300", "--minutes", "60"), "1e+300 kW is more than any"),
        (("--zone", "lane", "--kw", "1", "--minutes", "102000"), "1,700 hours are longer than"),
        ((*LANE, "--kw", "-3", "--direction", "up"), "leave out the sign"),
        (("--zone", "lane", "--kw", "1", "--minutes", "90"), "multiple of 60"),
        (("--zone", "lane", "--kw", "1", "--minutes", "0"), "multiple of 60"),
        ((*LANE, "--at", "2026-06-15T15:00"), "has begun"),
        ((*LANE, "--at", "2026-06-15T16:20"), "not the start of a slot"),
        ((*LANE, "--at", "2026-10-25T02:00"), "comes twice"),
        ((*LANE, "--at", "2027-06-15T16:00"), "no schedule is in force"),
        (("--zone", "lane", "--kw", "1", "--minutes", "6000"), "schedules in force end"),
        ((*LANE, "--by", "home-01"), "is no operator of the grid"),
        ((*LANE, "--by", "\x1b[2J"), "is no operator of the grid"),
    ],
)
def test_bad_input_is_named_and_changes_nothing(lanes, words, told):
    before = lanes.rows()
    done = lanes.activate(*words)
    assert (done.code, done.out) == (2, "")
    assert told in done.err
    assert "nothing was changed" in done.err
    assert "\x1b[2J" not in done.err
    assert lanes.rows() == before


def test_a_run_without_rolling_operation_says_what_it_lacks(lanes):
    done = lanes.activate(*LANE, run="plain")
    assert done.code == 2
    assert "no schedules between sessions" in done.err
    assert lanes.activate(*LANE, run="nothing").code == 2


def test_a_request_that_came_in_otherwise_is_refused_in_the_journal(lanes):
    """As one that another system puts into the run, past the command line."""
    from gridpact.app.activations.acting import ask

    message = ActivationRequested(
        by="home-01", zones=("nowhere",), power_w=0, begin=1, lasts_s=1, rule="luck"
    )
    answer = ask(lanes.place / "run", message)
    assert isinstance(answer, ActivationRefused)
    assert [fault.where for fault in answer.faults] == [
        "by",
        "zones[0]",
        "power_w",
        "rule",
        "begin",
        "lasts_s",
    ]
    assert lanes.called("run", "--resume", "run", "-q").code == 0
    assert of(lanes.place, ScheduleRevised) == []
    assert lanes.called("replay", "run", "-q").code == 0


def test_less_than_was_asked_exits_with_one(lanes):
    more = ("--zone", "lane", "--kw", "900", "--minutes", "60")
    assert lanes.activate(*more, "--dry-run").code == 1
    done = lanes.activate(*more)
    assert done.out.startswith("✗ ")
    assert (done.err, done.code) == ("", 1)
    again = lanes.activate(*more, "--json")
    assert (again.code, json.loads(again.out)["activated"]) == (1, True)
    assert lanes.activate(*more, "-q").code == 1


def test_the_zone_whose_limit_leaves_nothing_is_named(lanes):
    cap = "zone lane gives <= 0 kW all day, grid"
    words = ("--zone", "lane", "--kw", "40", "--minutes", "60")
    assert lanes.told(*words, "--dry-run")["limited_by"] == []
    assert lanes.called("need", "add", "run", cap, "--owner", "dso").code == 0
    told = lanes.told(*words, "--dry-run")
    assert (told["limited_by"], told["given_w"] < 40_000) == (["lane"], True)
    done = lanes.activate(*words)
    assert "could give, but nothing may be given: limits on what lane may give" in done.out
    assert "makes up" not in done.out
    assert done.code == 1
    assert lanes.called("need", "remove", "run", "need-1", "--owner", "dso").code == 0
    assert lanes.called("need", "add", "run", cap.replace("0", "12", 1), "--owner", "dso").code == 0
    done = lanes.activate(*words)
    assert "kW are missing: limits on what lane may give are reached" in done.out
    assert done.out.startswith("✗ ")


def test_what_is_off_is_neither_asked_nor_said_to_be_planned(lanes):
    given = {each["asset"]: each["gives_w"] for each in lanes.told(*LANE, "--dry-run")["assets"]}
    asset = max(given, key=given.get)
    words = ("diary", "mode", "run", asset, "off", "--until", "2026-06-15T20:00")
    assert lanes.called(*words).code == 0
    told = lanes.told(*LANE)
    assert asset not in [each["asset"] for each in told["assets"]]
    (issued,) = of(lanes.place, ActivationIssued)
    assert issued.given_wh.sum() + issued.solar_wh.sum() == told["given_w"]
