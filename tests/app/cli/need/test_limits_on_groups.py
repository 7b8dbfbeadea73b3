"""Limits on tags, kinds, postcodes, feeders and transformers bind plans and are supervised.

What groups carry is counted again here from the plans, and from what meters and devices told.
"""

import json
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from gridpact.app import folder
from gridpact.metering.messages import ReadingsReceived
from gridpact.registry.messages import CommunityOpened
from gridpact.scheduling.messages import ScheduleRevised, TelemetryReceived

BERLIN = ZoneInfo("Europe/Berlin")
SCENARIO = """\
gridpact: 1
community: {name: Two Lanes, slot_minutes: 60}
run: {from: 2026-06-15, days: 1, seed: 1}
zones: [{id: pl, postcode: "10115"}, {id: tr}]
members:
  - id: anna
    zone: pl
    transformer: t7
    assets:
      - {kind: battery, id: anna-battery, tags: [fleet]}
      - {kind: car, id: anna-car, capacity_kwh: 40, by: "07:00", back: "17:00", trip_kwh: 12}
  - id: bert
    zone: tr
    postcode: "10115"
    feeder: f2
    tags: [fleet]
    assets:
      - {kind: battery, id: bert-battery, tags: [old]}
      - {kind: car, id: bert-car, capacity_kwh: 40, by: "07:00", back: "17:00", trip_kwh: 12}
  - {id: cleo, zone: tr, transformer: t7, load: {household_kwh_per_year: 6000}}
operation: {replan_minutes: 0}
"""
GROUPS = {
    "kind car": {"assets": ("anna-car", "bert-car")},
    "tag fleet": {"assets": ("anna-battery", "bert-battery", "bert-car")},
    "tag OLD": {"assets": ("bert-battery",)},
    "postcode 10115": {"homes": ("anna", "bert")},
    "transformer T7": {"homes": ("anna", "cleo")},
    "feeder f2": {"homes": ("bert",)},
}


@pytest.fixture
def waits(called, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "lanes.yaml").write_text(SCENARIO, encoding="utf-8")
    done = called("run", "lanes.yaml", "--out", "run", "--until", "2026-06-15T05:00", "-q")
    assert done.code == 0, done.err
    for owner in ("anna", "bert"):  # something to charge for
        sentence = "car >= 55% by 23:00"
        assert called("need", "add", "run", sentence, "--owner", owner).code == 0
    return tmp_path / "run"


def at(hour):
    return int(datetime(2026, 6, 15, hour, tzinfo=BERLIN).timestamp())


def carried(record, of):
    """What a group carried in each slot as told [Wh]: by devices, or at homes' meters."""
    community = record.all(CommunityOpened)[0].community
    found, told = {}, {}
    if "assets" in of:
        rows = [community.storage.ids.index(name) for name in of["assets"]]
        return {
            one.slot: int((one.charge_wh - one.discharge_wh)[rows].sum())
            for one in record.all(TelemetryReceived)
        }
    rows = [community.members.ids.index(name) for name in of["homes"]]
    for one in record.all(ReadingsReceived):
        for row in rows:
            if one.present[row]:
                net = int(one.withdrawal_wh[row] - one.injection_wh[row])
                told.setdefault(one.slot, {}).setdefault(row, net)
    for slot, by_row in told.items():
        if len(by_row) == len(rows):
            found[slot] = sum(by_row.values())
    return found


def planned(record, of):
    """Most and least that revised plans let a group take in the hours from 17:00 [Wh]."""
    community = record.all(CommunityOpened)[0].community
    found = []
    for one in record.all(ScheduleRevised):
        for hour in range(17, 23):
            place = one.horizon.index(at(hour)) if one.horizon.start <= at(hour) else -1
            if place < 0:
                continue
            if "assets" in of:
                rows = [community.storage.ids.index(name) for name in of["assets"]]
                net = one.plan.charge_wh[rows, place] - one.plan.discharge_wh[rows, place]
            else:
                rows = [community.members.ids.index(name) for name in of["homes"]]
                net = one.plan.net_wh[rows, place]
            found.append(int(net.sum()))
    return found


@pytest.mark.parametrize("group", GROUPS)
def test_a_cap_on_a_group_holds_in_plans_and_what_goes_over_is_counted(group, waits, called):
    most = 3 if group == "transformer T7" else 1  # cleo has nothing that could wait
    sentence = f"{group} <= {most} kW 17:00-23:00"
    done = called("need", "add", "run", sentence, "--owner", "dso", "--json")
    assert done.code == 0, done.out
    done = called("need", "add", "run", f"{group} gives <= 0 kW 10:00-11:00", "--owner", "dso")
    assert done.code == 0, done.out
    done = called("run", "--resume", "run", "--json")
    assert done.code == 0, done.err
    record = folder.record(waits)
    plans = planned(record, GROUPS[group])
    assert plans
    assert max(plans) <= most * 1000
    limit = json.loads(done.out)["stated_limits"][0]
    flow = carried(record, GROUPS[group])
    over = [flow[at(hour)] - most * 1000 for hour in range(17, 23)]
    over = [each for each in over if each > 0]
    assert limit["need"] == "need-3"
    assert (limit["slots_over"], limit["over_wh"]) == (len(over), sum(over))
    assert limit["zone"] == group.lower()


def test_without_the_cap_a_plan_would_take_more(waits, called):
    assert called("run", "--resume", "run").code == 0
    record = folder.record(waits)
    for group in ("kind car", "tag fleet", "postcode 10115", "transformer T7", "feeder f2"):
        assert max(planned(record, GROUPS[group])) > 1000


def test_an_owner_caps_all_its_storage_together(waits, called):
    sentence = "anna-battery,anna-car <= 2 kW all day"
    assert called("need", "add", "run", sentence, "--owner", "anna").code == 0
    assert called("need", "add", "run", "kind car <= 1.5 kW", "--owner", "bert").code == 0
    assert called("run", "--resume", "run").code == 0
    record = folder.record(waits)
    assert 0 < max(planned(record, {"assets": ("anna-battery", "anna-car")})) <= 2000
    assert 0 < max(planned(record, {"assets": ("bert-car",)})) <= 1500


@pytest.mark.parametrize(
    ("sentence", "told"),
    [
        ("tag flet <= 1 kW", "there is no tag 'flet'; did you mean fleet?"),
        ("postcode 10117 <= 1 kW", "there is no postcode '10117'; did you mean 10115?"),
        ("zone XY <= 1 kW", "there is no zone 'XY'"),
        ("transformer t8 <= 1 kW", "there is no transformer 't8'. Fix: name one of t7."),
        ("kind boat <= 1 kW", "there is no kind 'boat'"),
    ],
)
def test_a_group_that_is_not_there_is_refused_with_one_that_is(sentence, told, waits, called):
    done = called("need", "add", "run", sentence, "--owner", "dso")
    assert done.code == 2
    assert told in done.err


@pytest.mark.parametrize("group", ["kind car", "postcode 10115"])
def test_what_a_limit_on_a_group_clashes_with_is_explained(group, waits, called):
    for sentence, owner in (
        (f"{group} <= 1 kW 17:00-23:00", "dso"),
        ("car >= 95% by 23:00", "bert"),
        ("car >= 95% by 23:00", "anna"),
    ):
        assert called("need", "add", "run", sentence, "--owner", owner).code == 0
    assert called("run", "--resume", "run", "--until", "2026-06-15T07:00", "-q").code == 0
    done = called("schedule", "explain", "run")
    told = " ".join(done.out.split())
    assert f"{group} <= 1 kW 17:00-23:00, grid (need-3) cannot be kept together" in told
    assert "bert-car >= 95% at 23:00 (need-4)" in told or "anna-car >= 95% at 23:00" in told
