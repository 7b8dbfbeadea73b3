"""Limits that operators state during a run are supervised, and its summary counts what went over.

What is over is counted again here from what the zones' meters read, by the hours of the limits.
"""

import json
from datetime import datetime, timedelta
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest

from gridpact.app import folder
from gridpact.metering.messages import BoundaryRead
from gridpact.supervision.messages import LimitExceeded

BERLIN = ZoneInfo("Europe/Berlin")
FIRST, END = datetime(2026, 6, 15, 6, tzinfo=BERLIN), datetime(2026, 6, 16, tzinfo=BERLIN)
"""Slots that begin once the limits are stated, until the end of the run."""
SCENARIO = """\
gridpact: 1
community: {name: Corner Homes, slot_minutes: 60}
run: {from: 2026-06-15, days: 1, seed: 1}
zones: [{id: corner}, {id: mill, import_limit_kw: 50}]
members:
  - {id: home-1, zone: corner, load: {household_kwh_per_year: 4000}}
  - {id: home-2, zone: corner, load: {household_kwh_per_year: 2000},
     assets: [{kind: pv, kw_peak: 6}]}
  - {id: home-3, zone: mill, load: {household_kwh_per_year: 3000}}
"""


@pytest.fixture
def homes(called, tmp_path, monkeypatch):
    """Three homes whose run waits at five in the night; ways to limit them and to go on."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "homes.yaml").write_text(SCENARIO, encoding="utf-8")
    until = ("--until", "2026-06-15T05:00", "-q")
    assert called("run", "homes.yaml", "--out", "run", *until).code == 0

    def limit(sentence, owner):
        done = called("need", "add", "run", sentence, "--owner", owner, "--json")
        assert done.code == 0, done.out

    def ended():
        done = called("run", "--resume", "run")
        assert done.code == 0, done.err
        return done.out

    return SimpleNamespace(limit=limit, ended=ended, place=tmp_path)


def hourly(place, zones=(0,)):
    """What zones, by default the first, took (positive) or gave in each hour together [Wh]."""
    read = folder.record(place).all(BoundaryRead)
    rows = list(zones)
    return {each.slot: int((each.import_wh - each.export_wh)[rows].sum()) for each in read}


def over(flow, most_wh, hours):
    """Hours and Wh above a limit in these hours of the day."""
    found, at = [], FIRST
    while at < END:
        above = flow[int(at.timestamp())] - most_wh
        if at.hour in hours and above > 0:
            found.append(above)
        at += timedelta(hours=1)
    return len(found), sum(found)


def test_the_summary_counts_what_goes_over_the_limits_of_operators(homes, called):
    for sentence, owner in (
        ("zone corner <= 0 kW 18:00-22:00, grid", "dso"),
        ("zone corner <= 0.1 kW 22:00-00:00, grid", "authority"),
        ("zone corner <= 900 kW 00:00-06:00, grid", "dso"),
    ):
        homes.limit(sentence, owner)
    told = homes.ended()
    summary = json.loads(called("run", "--resume", "run", "--json").out)
    flow = hourly(homes.place / "run")
    evening = over(flow, 0, range(18, 22))
    night = over(flow, 100, range(22, 24))
    assert evening[0]
    assert night[0]
    stated = {each["need"]: each for each in summary["stated_limits"]}
    assert {name: (each["slots_over"], each["over_wh"]) for name, each in stated.items()} == {
        "need-1": evening,
        "need-2": night,
        "need-3": (0, 0),
    }
    assert {(each["owner"], each["zone"]) for each in stated.values()} == {
        ("dso", "corner"),
        ("authority", "corner"),
    }
    assert summary["slots_over_limit"] == evening[0] + night[0]
    (line,) = (each for each in told.splitlines() if each.startswith("Schedules"))
    assert f"zone limits exceeded in {evening[0] + night[0]} of 24 slots" in line
    assert f"need-1 of dso in {evening[0]} by {evening[1] / 1000:,.3f} kWh" in line
    assert f"need-2 of authority in {night[0]} by {night[1] / 1000:,.3f} kWh" in line
    assert "need-3" not in line
    report = (homes.place / "run" / "report.html").read_text()
    assert "the limit that dso stated (need-1)" in report
    assert called("verify", "run").code == 0


def test_a_limit_of_two_zones_is_what_they_carry_together(homes, called):
    homes.limit("zone corner,mill <= 0.5 kW all day, grid", "dso")
    told = homes.ended()
    summary = json.loads(called("run", "--resume", "run", "--json").out)
    slots, energy = over(hourly(homes.place / "run", (0, 1)), 500, range(24))
    by_zone = [over(hourly(homes.place / "run", (zone,)), 500, range(24)) for zone in (0, 1)]
    assert slots > by_zone[0][0] + by_zone[1][0]  # both keep it more often than their sum does
    (stated,) = summary["stated_limits"]
    assert (stated["zone"], stated["slots_over"], stated["over_wh"]) == (
        "corner, mill",
        slots,
        energy,
    )
    assert summary["slots_over_limit"] == slots
    assert f"need-1 of dso in {slots} by {energy / 1000:,.3f} kWh" in told
    report = (homes.place / "run" / "report.html").read_text()
    assert f"Limits were exceeded in {slots} slots" in report
    assert "corner, mill together imported" in report
    assert called("verify", "run").code == 0


def test_limits_that_are_kept_are_told_with_who_stated_them(homes):
    homes.limit("zone corner <= 900 kW all day, grid", "dso")
    assert "every zone limit kept, with 1 of dso" in homes.ended()
    assert folder.record(homes.place / "run").all(LimitExceeded) == []
