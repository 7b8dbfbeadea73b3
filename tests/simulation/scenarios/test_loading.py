"""Scenario files: the golden faulty one, valid ones, defaults, overrides, speed."""

from datetime import date
from pathlib import Path

import jsonschema
import msgspec
import pytest

from gridpact.base.errors import BadInput
from gridpact.simulation.scenarios import default_path, load, parse_override
from gridpact.simulation.scenarios.build import community
from gridpact.simulation.scenarios.model import ColumnRef, Scenario
from gridpact.simulation.scenarios.reference import reference_markdown
from gridpact.simulation.scenarios.schema import schema

ROOT = Path(__file__).resolve().parents[3]
CASES = ROOT / "tests" / "cases" / "scenarios"


@pytest.fixture
def write(tmp_path):
    def written(text: str) -> Path:
        path = tmp_path / "scenario.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    return written


def faults(path, **kwargs):
    with pytest.raises(BadInput) as caught:
        load(path, **kwargs)
    return caught.value.faults


@pytest.mark.parametrize("case", ["faulty", "faulty-markets"])
def test_the_golden_faulty_scenarios_list_everything_at_once(monkeypatch, case):
    monkeypatch.delenv("GRIDPACT_DATA", raising=False)
    folder = CASES / case
    found = [str(fault).replace(f"{folder}/", "") for fault in faults(folder / "scenario.yaml")]
    assert sorted(found) == sorted((folder / "expected.txt").read_text("utf-8").splitlines())


def test_the_schema_is_a_valid_json_schema():
    jsonschema.Draft202012Validator.check_schema(schema())


def test_the_reference_page_is_the_schema_s():
    assert (ROOT / "docs" / "scenario.md").read_text("utf-8") == reference_markdown()


def test_every_key_has_a_meaning():
    for name, node in schema()["$defs"].items():
        for key, part in node.get("properties", {}).items():
            target = schema()["$defs"].get(str(part.get("$ref", "")).rsplit("/", 1)[-1], {})
            named = part.get("description") or target.get("description") or key == "kind"
            assert named, f"{name}.{key}"


def test_one_line_is_a_scenario(write):
    found = load(write("gridpact: 1\n"))
    assert len(found.members) == 30
    assert [zone.id for zone in found.zones] == ["community"]
    assert found.step_s == 900
    assert found.run.first_day == date(2026, 6, 15)


def test_the_packaged_default_is_the_example():
    assert default_path().read_bytes() == (ROOT / "examples" / "default.yaml").read_bytes()
    assert len(load(default_path()).members) == 32


def test_a_typed_scenario_survives_json():
    found = load(default_path())
    assert msgspec.json.decode(msgspec.json.encode(found), type=Scenario) == found


def test_units_become_whole_numbers(write):
    found = load(
        write(
            """gridpact: 1
zones: [{id: z, import_limit_kw: 0.4005}]
tariffs: {levy_ct_per_kwh: 1.23456, import_spot_percent: "12.5 %"}
members:
  - {id: m, discount_ct: 0.25, load: {household_kwh_per_year: 1234.5675}}
"""
        )
    )
    assert found.zones[0].import_limit_w == 400  # half to even
    assert found.tariffs.levy_micro_per_kwh == 12_346
    assert found.tariffs.import_spot_ppm == 125_000
    assert found.members[0].discount_micro_per_kwh == 2500
    assert found.members[0].load.annual_wh == 1_234_568


def test_loads_that_are_left_out(write):
    text = """gridpact: 1
members:
  - {id: a}
  - {id: b, role: producer}
  - {id: c, load: none}
"""
    assert [m.load.annual_wh for m in load(write(text)).members] == [3_600_000, 0, 0]


@pytest.mark.parametrize(
    ("zone", "start", "words"),
    [
        ("Europe/Berlin", "2026-10-25T02:30", "occurs twice"),
        ("Europe/Berlin", "2026-03-29T02:30", "does not occur"),
        ("Europe/Berlin", "2026-03-29T04:00", "begins at midnight"),
        ("Europe/Berlin", "2026-02-30", "no day"),
        ("America/Havana", "2026-11-01T00:00", "occurs twice"),
    ],
)
def test_runs_begin_at_a_midnight_that_occurs_once(write, zone, start, words):
    text = f"gridpact: 1\ncommunity: {{timezone: {zone}}}\nrun: {{from: {start}}}\n"
    (found,) = faults(write(text))
    assert words in found.problem
    assert (found.line, found.where) == (3, "run.from")


def test_a_day_alone_needs_no_unique_midnight(write):
    text = "gridpact: 1\ncommunity: {timezone: America/Havana}\nrun: {from: 2026-11-01}\n"
    assert load(write(text)).run.first_day == date(2026, 11, 1)


def test_slots_must_divide_every_day(write):
    text = """gridpact: 1
community: {timezone: Australia/Lord_Howe, slot_minutes: 60}
run: {from: 2026-04-04, days: 3}
"""
    assert "do not divide" in faults(write(text))[0].problem
    assert load(write(text.replace("60", "30"))).step_s == 1800


@pytest.mark.parametrize("number", [30, 1000])
def test_generated_homes_are_spread_as_asked(write, number):
    block = f"generate: {{homes: {number}, pv_percent: 40, battery_percent: 30, car_percent: 10}}"
    found = load(write(f"gridpact: 1\n{block}\n"))
    daily = sorted(member.load.annual_wh / 365_000 for member in found.members)
    for part, want in ((0.1, 5.0), (0.5, 9.9), (0.9, 17.9)):
        assert daily[int(part * (number - 1))] == pytest.approx(want, rel=0.15)
    built = community(found)
    assert len(built.pv.ids) == round(0.4 * number)
    assert built.storage.kind.count("battery") == round(0.3 * number)
    assert built.storage.kind.count("car") == round(0.1 * number)
    with_plant = set(built.pv.member.tolist())
    batteries = [
        row
        for row, kind in zip(built.storage.member.tolist(), built.storage.kind, strict=True)
        if kind == "battery"
    ]
    assert set(batteries) <= with_plant


def test_generated_homes_depend_on_the_seed_alone(write):
    path = write("gridpact: 1\ngenerate: {homes: 40}\n")
    assert load(path) == load(path)
    assert load(path).members != load(path, overrides={"run.seed": 2}).members


def test_other_shares_do_not_move_what_a_home_uses(write):
    path = write("gridpact: 1\ngenerate: {homes: 40}\n")
    before, after = load(path), load(path, overrides={"generate.pv_percent": 90})
    assert [m.load for m in before.members] == [m.load for m in after.members]


def test_static_shares_of_generated_homes_fill_what_is_left(write):
    text = """gridpact: 1
sharing: {key: static}
members: [{id: m, static_share_percent: 40}]
generate: {homes: 7}
"""
    shares = [member.static_share_ppm for member in load(write(text)).members]
    assert sum(shares) == 1_000_000
    assert max(shares[:-1]) - min(shares[:-1]) <= 1


def test_overrides_are_checked_like_the_file(write):
    path = write("gridpact: 1\nmembers: [{id: a}, {id: b}]\n")
    key, value = parse_override("run.days=3")
    assert load(path, overrides={key: value}).run.days == 3
    assert load(path, overrides={"members.1.load": "none"}).members[1].load.annual_wh == 0
    assert faults(path, overrides={"run.dys": 3})[0].where == "run.dys"
    assert "fits nowhere" in faults(path, overrides={"members.7.load": 1})[0].problem
    with pytest.raises(ValueError, match="key=value"):
        parse_override("run.days")


def test_data_files_are_found_beside_the_scenario_or_in_the_data_folder(
    write, tmp_path, monkeypatch
):
    monkeypatch.delenv("GRIDPACT_DATA", raising=False)
    path = write(
        "gridpact: 1\nsources: {s: {file: d.csv, time_column: t}}\n"
        "members: [{id: m, load: {source: s, column: c}}]\n"
    )
    assert "GRIDPACT_DATA" in faults(path)[0].fix
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "d.csv").write_text("t,c\n2026-06-15T00:00Z,1\n")
    assert load(path, folder).series[0].mapping.path == str(folder / "d.csv")
    monkeypatch.setenv("GRIDPACT_DATA", str(folder))
    assert load(path).members[0].load.data == ColumnRef("s", "c")


@pytest.mark.parametrize(
    ("name", "words"), [("none.yaml", "cannot be read"), (".", "cannot be read")]
)
def test_a_file_that_cannot_be_read_is_a_fault(tmp_path, name, words):
    assert words in faults(tmp_path / name)[0].problem


@pytest.mark.parametrize("text", ["[1, 2]", "text", "3"])
def test_a_scenario_is_a_mapping(write, text):
    assert faults(write(text))[0].problem == "a scenario is a mapping of keys"


def test_ten_thousand_homes_are_loaded(write):
    built = community(load(write("gridpact: 1\ngenerate: {homes: 10000}\n")))
    assert len(set(built.members.ids)) == 10_000


def test_schema_errors_do_not_hide_cross_checks(write):
    text = """gridpact: 1
run: {days: 0}
zones: [{id: a}, {parent: a}]
members: [{id: m, zone: x}, {id: m}, 5]
"""
    found = [(fault.line, fault.where) for fault in faults(write(text))]
    assert found == [
        (2, "run.days"),
        (3, "zones[1]"),
        (4, "members[0].zone"),
        (4, "members[1].id"),
        (4, "members[1].metering_point"),
        (4, "members[2]"),
    ]


@pytest.mark.parametrize("text", ["generate: {homes: 0}", "members: []"])
def test_a_community_of_nobody_is_refused(write, text):
    (fault,) = faults(write(f"gridpact: 1\n{text}\n"))
    assert fault.problem == "a community needs at least one member"


def test_a_missing_column_hides_no_other_fault_of_the_file(write, tmp_path):
    (tmp_path / "d.csv").write_text("time,load\n2026-06-15T00:00Z,-1\n2026-06-15T01:00Z,abc\n")
    path = write(
        "gridpact: 1\ncommunity: {slot_minutes: 60, timezone: UTC, currency: EURO}\n"
        "members:\n  - {id: a, load: {source: d, column: load}}\n"
        "  - {id: b, load: {source: d, column: zwei}}\n"
        "sources: {d: {file: d.csv, time_column: time, unit: kWh}}\n"
    )
    found = "\n".join(str(fault) for fault in faults(path))
    assert "zwei" in found
    assert "abc" in found
    assert "negative" in found
