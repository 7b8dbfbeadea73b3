"""``gridpact schedule island``: it says what is worked out by hand, and what Python says."""

import csv
import json
import runpy
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from xml.etree import ElementTree

import msgspec
import numpy as np
import pytest

from gridpact.app.cli.commands import run_command
from gridpact.app.islands.losing import loss, restarts
from gridpact.app.islands.reading import read_site
from gridpact.scheduling.fleet.options import Options
from gridpact.scheduling.islands.black_start import Rules, black_start

ROOT = Path(__file__).parents[4]
VILLAGE = ROOT / "examples" / "microgrid" / "village.yaml"
LOADS = """\
loads:
  works: {load: 30 kW, value: 0.90 EUR/kWh, WORKS}
  clinic: {load: 30 kW, value: 20 EUR/kWh, critical: true}
  homes: {load: 20 kW, value: 4 EUR/kWh}
"""
ALONE = f"""\
gridpact: island/1
timezone: Europe/Berlin
start: 2026-06-15T00:00
hours: 24
slot_minutes: 60
generators:
  diesel: {{maximum: 60 kW, minimum: 20 kW, fuel: 0.30 EUR/kWh, start_cost: 5 EUR,
           emissions: 700 g/kWh}}
{LOADS}"""
BATTERY = """\
gridpact: island/1
timezone: Europe/Berlin
start: 2026-03-29T00:00
hours: 24
slot_minutes: 60
grid: {buy: 0.20 EUR/kWh, sell: 0.05 EUR/kWh, emissions: 400 g/kWh}
storage:
  cell: {capacity: 44 kWh, stored: 44 kWh, charge: 20 kW, discharge: 20 kW, forms_grid: true}
transition: {carried: 10 kW, taken: 0 kW}
loads:
  clinic: {load: 10 kW, value: 20 EUR/kWh, critical: true}
  homes: {load: 5 kW, value: 4 EUR/kWh, restart: {parts: 2, pickup: 200 %, pickup_time: 10 min}}
"""
WRONG = """\
gridpact: island/2
timezone: Europe/Nowhere
start: 2026-06-15T00:07
hours: 200
slot_minutes: 7
currency: euro
grid: {buy: 0.1, sell: 1 2 EUR/kWh, colour: red}
storage:
  battery: {capacity: 10 kWh, stored: 20 kWh, charge: 5, discharge: 0 kW, efficiency_in: 120 %}
generators:
  one: {maximum: 10 kW, minimum: 20 kW, fuel: 0.3 EUR/kWh, minimum_up: 100 min, tank: [x]}
  two: {maximum: 10 kW, fuel: -1 EUR/kWh, running_for: 1 h, stopped_for: 1 h}
tanks: {oil: 5 kWh}
loads:
  one: {load: 0 kW, value: 0 EUR/kWh, critical: maybe, least_time: 2 h}
  three: {value: 1 EUR/kWh, restart: {parts: 0, pickup: 50 %}}
spinning: {reserve: 5}
transition: {carried: 5 kW}
restart: {largest_step: 0 %}
"""
FAULTS = {
    1: {"gridpact"},
    2: {"timezone"},
    3: {"start"},
    4: {"hours"},
    5: {"slot_minutes"},
    6: {"currency"},
    7: {"grid.buy", "grid.sell", "grid.colour"},
    9: {f"storage.battery.{key}" for key in ("charge", "discharge", "efficiency_in", "stored")},
    11: {f"generators.one.{key}" for key in ("minimum", "minimum_up", "tank")},
    12: {f"generators.two.{key}" for key in ("fuel", "minimum", "stopped_for")},
    13: {"tanks.oil"},
    15: {"loads.one", *(f"loads.one.{key}" for key in ("critical", "least_time", "load", "value"))},
    16: {f"loads.three.{key}" for key in ("load", "restart.parts", "restart.pickup")},
    17: {"spinning.reserve"},
    18: {"transition"},
    19: {"restart.largest_step"},
}


@pytest.fixture
def place(tmp_path, monkeypatch, capsys):
    """Ask about a file: exit code and both outputs, or the JSON with its exit code."""
    monkeypatch.chdir(tmp_path)

    def ask(text, *words):
        Path("site.yaml").write_text(text, "utf-8")
        code = run_command(["schedule", "island", "site.yaml", *words])
        said = capsys.readouterr()
        return code, said.out, said.err

    def told(text, *words):
        code, out, err = ask(text, *words, "--json")
        return code, json.loads(out) if out else err

    return SimpleNamespace(ask=ask, told=told, path=tmp_path)


@pytest.fixture(scope="module")
def example():
    return runpy.run_path(str(ROOT / "examples" / "microgrid" / "island.py"))


@pytest.mark.parametrize(("works", "shed_kw"), [("whole: false", 20), ("whole: true", 30)])
def test_what_is_worth_least_is_shed_at_the_cost_worked_out_by_hand(place, works, shed_kw):
    code, told = place.told(ALONE.replace("WORKS", works), "--gap", "0.0001 %")
    plan, made = told["plan"], (80 - shed_kw) * 24
    lost = Fraction(9, 10) * shed_kw * 24
    assert code == 0
    assert plan["cost_nano"] == (made * Fraction(3, 10) + 5 + lost) * 10**9
    assert plan["lost_nano"] == lost * 10**9
    assert plan["emissions_g"] == made * 700
    assert [one["name"] for one in plan["loads"]] == ["clinic", "homes", "works"]
    assert [one["shed_wh"] for one in plan["loads"]] == [0, 0, shed_kw * 24_000]
    run = {"unit": "diesel", "start": 1781474400, "end": 1781474400 + 86400}
    assert plan["runs"] == [run | {"energy_wh": made * 1000}]


def test_a_plan_is_told_and_written_slot_by_slot(place):
    text = ALONE.replace("WORKS", "whole: false")
    code, out, _ = place.ask(text, "--out", "plan.csv")
    assert code == 0
    assert "diesel  2026-06-15T00:00  2026-06-16T00:00  1,440.0 kWh" in out
    assert out.endswith("written: plan.csv\n")
    rows = list(csv.DictReader((place.path / "plan.csv").read_text("utf-8").splitlines()))
    assert [rows[0]["slot_start"], len(rows)] == ["2026-06-14T22:00:00Z", 24]
    for row in rows:
        given = int(row["generator.diesel_wh"])
        wanted = sum(int(row[f"load.{name}_wh"]) for name in ("clinic", "homes", "works"))
        assert given == wanted - int(row["load.works.not_served_wh"]) == 60_000
    before = (place.path / "plan.csv").read_bytes()
    code, _, err = place.ask(text, "--out", "plan.csv")
    assert (code, "--force" in err) == (2, True)
    assert (place.path / "plan.csv").read_bytes() == before


def test_a_reserve_that_nothing_holds_is_told_by_the_exit_code(place):
    text = ALONE.replace("WORKS", "whole: false")
    code, out, _ = place.ask(text + "spinning: {reserve: 70 kW, largest_unit: false}\n")
    assert (code, "cannot be held" in out) == (1, True)
    code, told = place.told(text + "spinning: {reserve: 10 kW, largest_unit: false}\n")
    given = next(one for one in told["plan"]["columns"] if one["name"] == "generator.diesel_wh")
    assert (code, told["plan"]["reserve"], set(given["energy_wh"])) == (0, True, {50_000})


def test_the_frontier_of_two_units_is_their_two_ends(place):
    units = """\
generators:
  dirty: {maximum: 100 kW, fuel: 0.20 EUR/kWh, emissions: 900 g/kWh}
  clean: {maximum: 100 kW, fuel: 0.30 EUR/kWh, emissions: 400 g/kWh}
"""
    head, tail = ALONE[: ALONE.index("generators:")], LOADS.replace("WORKS", "whole: false")
    code, told = place.told(head + units + tail, "--frontier", "--plot", "frontier.svg")
    ends = [(point["cost_nano"], point["emissions_g"]) for point in told["frontier"]]
    made = 80 * 24
    assert code == 0
    assert ends[0] == (made * 200_000_000, made * 900)
    assert ends[1] == (made * 300_000_000, made * 400)
    picture = (place.path / "frontier.svg").read_text("utf-8")
    ElementTree.fromstring(picture.replace("xlink:", ""))  # noqa: S314 - our own file
    assert "emissions of 24 hours" in picture


def test_a_battery_of_44_kwh_carries_10_kw_for_four_slots_of_an_hour(place):
    code, told = place.told(BATTERY, "--island-at", "2026-03-29T12:00")
    loss = told["loss"]
    assert code == 0
    assert told["plan"]["first"] == loss["slot"] == 11  # the clock skips an hour that night
    assert (loss["survived"], loss["whole"]) == (4, False)
    # a quarter of 20 kW is one step: 2.5 kW of homes at 200 %, and never the clinic's 10 kW
    steps = [(step["at_s"], step["name"]) for step in loss["order"]["steps"]]
    assert steps == [(0, "cell"), (0, "homes A"), (60, "homes B")]
    assert [name for name, _ in loss["order"]["left_out"]] == ["clinic"]
    assert loss["transition"]["ready"]["carried_w"] <= 10_000


def test_loads_come_back_by_their_value(place):
    step = BATTERY + "restart: {largest_step: 100 %, settle: 30 s}\n"
    code, out, _ = place.ask(step, "--island-at", "2026-03-29T12:00")
    assert code == 0
    order = out[out.index("black start") :].splitlines()[1:]
    wanted = ["0 s source cell", "0 s load clinic", "30 s load homes A", "60 s load homes B"]
    assert [" ".join(line.split()) for line in order] == wanted
    assert "critical load survives 4 h until 2026-03-29T16:00" in out
    dearer = step.replace("value: 4 EUR/kWh", "value: 40 EUR/kWh")
    _, out, _ = place.ask(dearer, "--island-at", "2026-03-29T12:00")
    order = [line.split()[3:] for line in out[out.index("black start") :].splitlines()[1:]]
    assert order == [["cell"], ["homes", "A"], ["homes", "B"], ["clinic"]]


@pytest.mark.parametrize(
    ("instant", "word"),
    [
        ("2026-03-29T02:30", "clocks skip it"),
        ("2026-03-29T12:30", "no slot begins"),
        ("2026-03-31T12:00", "no slot begins"),
    ],
)
def test_an_instant_that_is_no_slot_is_refused(place, instant, word):
    code, out, err = place.ask(BATTERY, "--island-at", instant)
    assert (code, out) == (2, "")
    assert "--island-at" in err
    assert word in err


def test_what_does_not_go_together_is_refused(place):
    alone = ALONE.replace("WORKS", "whole: false")
    code, _, err = place.ask(alone, "--island-at", "2026-06-15T12:00")
    assert (code, "there is no grid to lose" in err) == (2, True)
    code, _, err = place.ask(alone, "--plot", "x.svg")
    assert (code, "add --frontier" in err) == (2, True)
    small = BATTERY.replace("{carried: 10 kW, taken: 0 kW}", "{carried: 20 kW, sustained: 3 h}")
    code, out, err = place.ask(small, "--island-at", "2026-03-29T12:00", "--out", "plan.csv")
    assert (code, out, "too small to carry" in err) == (2, "", True)
    assert not (place.path / "plan.csv").exists()


def test_every_fault_of_a_file_is_told_with_its_line(place):
    code, out, err = place.ask(WRONG, "--out", "plan.csv")
    found = {}
    for line in err.splitlines()[1:]:
        _, number, where, _ = line.split(":", 3)
        found.setdefault(int(number), set()).add(where.strip())
        assert " Fix: " in line
    assert (code, out, found) == (2, "", FAULTS)
    assert not (place.path / "plan.csv").exists()


def test_a_file_that_says_nothing_is_told_what_it_lacks(place):
    _, _, err = place.ask("gridpact: island/1\n")
    assert all(f"add {key}" in err for key in ("timezone", "start", "hours", "loads"))


def test_the_file_of_the_village_is_the_village_of_python(example):
    site, village = read_site(VILLAGE), example["village"]()
    for table in ("curtailable", "storage", "generators", "portfolio"):
        one, other = (getattr(each.fleet, table) for each in (site.island, village))
        for column in one.__struct_fields__:
            same = np.broadcast_arrays(getattr(one, column), getattr(other, column))
            assert np.array_equal(*same), (table, column)
    assert np.array_equal(site.island.prices.buy, village.prices.buy)
    for one, other in zip(site.island.blocks, village.blocks, strict=True):
        names = ("name", "value", "critical", "whole", "least_slots")
        assert [getattr(one, name) for name in names] == [getattr(other, name) for name in names]
        assert np.array_equal(one.energy_wh, other.energy_wh)


def test_a_loss_is_that_of_the_python_example(example):
    site, village, lost = read_site(VILLAGE), example["village"](), example["LOST"]
    found = loss(site, lost, Options(gap=1e-6))
    words = "{}: {:.0f} kW for the battery to carry, {:.1f} ¤"
    told = [
        words.format(name, one.carried_w / 1000, one.cost_nano / 1e9)
        for name, one in (
            ("as it comes", found.transition.unaware),
            ("ready for a loss", found.transition.ready),
        )
    ]
    assert told == example["seamless"](village)
    steps = [f"{step.at_s:5d} s  {step.kind} {step.name}" for step in found.order.steps]
    steps += [f"never: {name} {why}" for name, why in found.order.left_out]
    names = [line.replace(" generator", "") for line in example["restart"]()]
    assert steps == names
    assert (found.survived, found.whole) == (30, True)


def test_a_load_without_power_of_its_own_comes_back_as_it_is_at_the_time(example):
    site = read_site(VILLAGE)
    bare = msgspec.structs.replace(
        site, restarts=tuple(msgspec.structs.replace(one, power_w=None) for one in site.restarts)
    )
    found = {load.name: load.power_w for load in restarts(bare, 18)}
    homes = int(site.island.blocks[1].energy_wh[18])
    assert found["clinic"] == 30_000
    assert found["homes B"] == round(homes / 3)
    assert black_start(site.sources, restarts(bare, 18), Rules()).steps


@pytest.mark.slow
def test_the_command_tells_what_the_python_example_prints(example, capsys):
    command = ["schedule", "island", str(VILLAGE), "--gap", "0.0001 %", "--json"]
    assert run_command([*command, "--island-at", "2026-06-15T18:00"]) == 0
    told = json.loads(capsys.readouterr().out)["plan"]
    island = example["village"]()
    lines = [f"reserve for the loss of the largest unit held: {told['reserve']}"]
    shed = {one["name"]: one["shed_wh"] for one in told["loads"]}
    for block in island.blocks:
        share = shed[block.name] / np.sum(block.energy_wh[example["LOST"] :])
        lines.append(f"  {block.name}: {share:.0%} not served in 30 hours alone")
    assert lines == example["operation"](island)
