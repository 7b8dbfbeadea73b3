"""A whole conversion of a made-up grid: files, refusals, a day's run; no extra needed."""

import json
from datetime import date

import numpy as np
import pytest
from click.testing import CliRunner

from gridpact.app.cli.converting import convert as command
from gridpact.app.cli.output import exit_code
from gridpact.base.errors import BadInput, StoreError
from gridpact.connectors.simbench import convert, package
from gridpact.connectors.simbench.energy import whole_wh
from gridpact.simulation.scenarios import load
from gridpact.simulation.scenarios.data import read

CODE = "1-LV-rural1--0-sw"


@pytest.fixture
def stand_in(monkeypatch, made_up_grid, made_up_profiles):
    """Let the package give the made-up grid."""
    monkeypatch.setattr(package, "installed", lambda: True)
    monkeypatch.setattr(package, "read", lambda _: (made_up_grid, made_up_profiles))


@pytest.mark.usefixtures("stand_in")
def test_what_is_written_is_what_a_scenario_reads(tmp_path, made_up_profiles):
    done = convert(CODE, tmp_path / "grid")
    assert (done.members, done.zones, done.loads, done.plants, done.batteries) == (4, 3, 3, 2, 1)
    scenario = load(done.scenario)
    members = {member.id: member for member in scenario.members}
    assert {name: member.zone for name, member in members.items()} == {
        "bus-1": "transformer",
        "bus-2": "feeder-line-1",
        "bus-3": "feeder-line-1",
        "bus-4": "feeder-line-3",
    }
    roles = [member.role for member in scenario.members]
    assert roles == ["consumer", "producer", "prosumer", "producer"]
    limits = {zone.id: (zone.parent, zone.import_limit_w) for zone in scenario.zones}
    assert limits == {
        "transformer": ("", 160_000),
        "feeder-line-1": ("transformer", 187_061),
        "feeder-line-3": ("transformer", 100_000),
    }
    assert members["bus-3"].assets[0].peak_w == 9_500
    battery = members["bus-2"].assets[0]
    assert (battery.capacity_wh, battery.power_w, battery.hourly_loss_ppm) == (13_700, 6_800, 54)
    data = read(scenario)
    day = (date(2016, 6, 15) - date(2016, 1, 1)).days
    whole = whole_wh(made_up_profiles.load_w, 900)
    table = data.tables[members["bus-3"].load.data]
    shared = table.values[table.row("bus-3")]
    assert np.array_equal(shared, whole[1:].sum(axis=0))
    place = (table.slots.start - made_up_profiles.start) // 900
    assert (place, table.slots.count) == (0, 366 * 96)
    assert scenario.run.first_day == date(2016, 6, 15)
    assert day * 96 + 96 <= table.slots.count


@pytest.mark.usefixtures("stand_in")
def test_every_day_of_the_year_can_be_run(tmp_path):
    for first, days in ((date(2016, 1, 1), 366), (date(2016, 3, 27), 1), (date(2016, 10, 30), 1)):
        done = convert(CODE, tmp_path / str(first), first)
        scenario = load(done.scenario, overrides={"run.days": days})
        table = next(iter(read(scenario).tables.values()))
        assert table.present.all()


@pytest.mark.usefixtures("stand_in")
def test_a_conversion_is_replaced_on_demand_only_and_repeats_to_the_byte(tmp_path):
    first = convert(CODE, tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert set(before) == {"scenario.yaml", "profiles.parquet"}
    with pytest.raises(BadInput, match=r"already holds scenario\.yaml and profiles\.parquet"):
        convert(CODE, tmp_path)
    assert convert(CODE, tmp_path, force=True) == first
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


@pytest.mark.usefixtures("stand_in")
def test_all_that_is_wrong_is_told_at_once(tmp_path):
    (tmp_path / "scenario.yaml").write_text("mine")
    with pytest.raises(BadInput) as caught:
        convert("1-LV-rurl1--0-sw", tmp_path, date(2017, 1, 1))
    text = str(caught.value)
    assert len(caught.value.faults) == 3
    assert "use one of 1-LV-rural1--0-sw" in text
    assert "2017-01-01 is not in SimBench's year" in text
    assert "already holds scenario.yaml" in text
    assert (tmp_path / "scenario.yaml").read_text() == "mine"


@pytest.mark.usefixtures("stand_in")
def test_a_folder_that_cannot_be_made_is_storage_trouble(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot make"):
        convert(CODE, tmp_path / "file" / "grid")


def test_a_missing_extra_is_told_in_one_line(tmp_path, monkeypatch):
    monkeypatch.setattr(package, "installed", lambda: False)
    out = tmp_path / "grid"
    ran = CliRunner().invoke(command, ["simbench", "no such code", "--out", str(out)])
    assert isinstance(ran.exception, BadInput)
    assert exit_code(ran.exception) == 2
    wanted = "SimBench grids need the extra: pip install 'gridpact[simbench]'"
    assert len(ran.exception.faults) == 1
    assert wanted in str(ran.exception)
    assert ran.output == ""
    assert not out.exists()


@pytest.mark.usefixtures("stand_in")
def test_the_command_says_what_it_wrote(tmp_path):
    out = str(tmp_path / "grid")
    ran = CliRunner().invoke(command, ["simbench", CODE, "--out", out, "--date", "2016-07-01"])
    assert ran.exit_code == 0
    assert "4 members in 3 zones" in ran.stdout
    assert "some seconds" in ran.stderr
    assert f"gridpact run {out}/scenario.yaml" in ran.stdout
    assert load(f"{out}/scenario.yaml").run.first_day == date(2016, 7, 1)
    again = CliRunner().invoke(command, ["simbench", CODE, "--out", out, "--force", "--json"])
    assert json.loads(again.stdout)["batteries"] == 1
    assert not again.stderr


@pytest.mark.usefixtures("stand_in")
def test_a_day_conserves_energy(tmp_path, balances):
    convert(CODE, tmp_path)
    made, could = balances(tmp_path / "scenario.yaml")
    assert could.any()
    assert np.array_equal(made, could), "no limit binds, so nothing is curtailed"
