"""What ``gridpact schedule`` refuses: named with its fix, exit code 2, nothing written."""

import pytest

from gridpact.app.schedules import keeping


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["solve", "nowhere.yaml"], "there is no such file or folder"),
        (["solve", "run", "--session", "2027-01-01.day-ahead"], "no schedule was made for"),
        (["solve", "run", "--gap", "none"], "--gap"),
        (["solve", "run", "--gap", "-1"], "above 0 and below 100 %, such as"),
        (["solve", "run", "--gap", "0"], "above 0 and below 100 %, such as"),
        (["solve", "run", "--gap", "0 %"], "is no gap to prove"),
        (["solve", "run", "--gap", "100 %"], "is no gap to prove"),
        (["solve", "run", "--limit-seconds", "nan"], "--limit-seconds"),
        (["solve", "run", "--limit-seconds", "inf"], "is no finite number"),
        (["solve", "run", "--out", "run"], "the folder holds other files"),
        (["solve", "out"], "there is no run in this folder"),
        (["show", "nowhere"], "there is no such folder"),
        (["show", "out", "--asset", "submarine"], "there is no 'submarine'"),
        (["show", "out", "--zone", "moon"], "such as street"),
        (["show", "out", "--session", "2026-06-15.intraday-1200"], "out holds"),
        (["audit", "run"], "there are no schedules in it"),
        (["audit", "nowhere"], "there is no such folder"),
    ],
)
def test_bad_input_is_named(street, words, said):
    code, out, err = street.ask(*words)
    assert (code, out) == (2, "")
    assert said in err


def test_an_asset_and_a_zone_at_once_are_refused(street):
    code, _, err = street.ask("show", "out", "--asset", "home-01-car", "--zone", "street")
    assert code == 2
    assert "not both" in err


@pytest.mark.parametrize("name", [keeping.FLEET, keeping.SCHEDULES])
def test_a_damaged_file_is_named(street, name):
    path = street.place / "out" / name
    path.write_bytes(path.read_bytes()[:-200])
    code, _, err = street.ask("audit", "out")
    assert code == 2
    assert "put back the files" in err


def test_schedules_are_replaced_by_new_ones(street):
    before = (street.place / "out" / keeping.SCHEDULES).stat().st_mtime_ns
    code, _, _ = street.ask("solve", "run", "--out", "out", "--method", "reference", "-q")
    assert code == 0
    assert (street.place / "out" / keeping.SCHEDULES).stat().st_mtime_ns > before


FAULTY = """\
gridpact: 1
community: {name: Short Street, slot_minutes: 60}
run: {from: 2026-06-15, days: 1, seed: 1}
zones: [{id: street, parent: lane, import_limit_kw: -4}, {id: lane, parent: street}]
members:
  - id: home
    zone: moon
    assets:
      - {kind: battery, capacity_kwh: 0}
      - {kind: battery, id: second, power_kw: .inf}
      - {kind: car, by: "07:30", back: "07:30"}
"""


def test_everything_wrong_with_a_scenario_is_named_together(street):
    (street.place / "faulty.yaml").write_text(FAULTY, encoding="utf-8")
    code, out, err = street.ask("solve", "faulty.yaml", "--out", "new")
    assert (code, out) == (2, "")
    for place in (
        "zones[0].import_limit_kw",
        "zones[0].parent: circular",
        "zones[1].parent: circular",
        "members[0].zone",
        "assets[0].capacity_kwh",
        "assets[1].power_kw",
        "assets[2].back",
    ):
        assert place in err
    assert err.startswith("error: 7 faults")
    assert not (street.place / "new").exists()
