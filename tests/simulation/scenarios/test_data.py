"""Data of scenarios: small files by hand, and the examples on the real files."""

from pathlib import Path

import pytest

from gridpact.base.errors import BadInput
from gridpact.base.slots import Slots
from gridpact.simulation.scenarios import load
from gridpact.simulation.scenarios.data import read, wanted, window
from gridpact.simulation.scenarios.model import ColumnRef, SessionRef

EXAMPLES = sorted((Path(__file__).resolve().parents[3] / "examples").glob("*.yaml"))


@pytest.fixture
def scenario(tmp_path):
    def made(extra: str = "", rows: int = 24):
        stamps = [f"2026-06-15T{hour:02d}:00+02:00" for hour in range(rows)]
        lines = [f"{stamp},1.{hour:02d}0,50,21.5" for hour, stamp in enumerate(stamps)]
        (tmp_path / "d.csv").write_text("t,kwh,spot,temp\n" + "\n".join(lines) + "\n")
        (tmp_path / "cars.csv").write_text(
            "u,a,b,e\nx,2026-06-15 18:00,2026-06-15 23:00,7.0005\n"
            "y,2026-06-15 18:00,2026-06-15 19:00,1\n"
        )
        (tmp_path / "s.yaml").write_text(
            """gridpact: 1
sources:
  d: {file: d.csv, time_column: t, units: {spot: EUR/MWh, temp: degC}}
  cars:
    kind: sessions
    file: cars.csv
    timezone: Europe/Berlin
    user_column: u
    arrive_column: a
    leave_column: b
    energy_column: e
prices: {source: d, column: spot}
weather: {source: d, temperature_column: temp}
members:
  - id: m
    load: {source: d, column: kwh}
    assets: [{kind: car, sessions: {source: cars, user: x}}]
"""
            + extra
        )
        return load(tmp_path / "s.yaml")

    return made


def test_energy_prices_and_levels_of_one_file(scenario):
    found = scenario()
    data, slots = read(found), window(found)
    energy, there = data.whole(ColumnRef("d", "kwh"), slots)
    assert there.all()
    assert energy[:4].tolist() == [250, 250, 250, 250]
    assert energy[4:8].sum() == 1010
    price, _ = data.whole(ColumnRef("d", "spot"), slots)
    assert set(price.tolist()) == {50_000}
    assert data.level(ColumnRef("d", "temp"), slots)[0][5] == 21.5
    arrive, leave, energy = data.of_user(SessionRef("cars", "x"))
    assert (leave - arrive).tolist() == [5 * 3600]
    assert energy.tolist() == [7000]  # 7000.5 Wh, half to even


def test_outside_of_the_data_is_absent(scenario):
    found = scenario()
    run = window(found)
    late = Slots(run.end - 900, 900, 3)
    values, there = read(found).whole(ColumnRef("d", "kwh"), late)
    assert there.tolist() == [True, False, False]
    assert values.tolist()[1:] == [0, 0]
    with pytest.raises(ValueError, match="slots of 900 s"):
        read(found).whole(ColumnRef("d", "kwh"), Slots(run.start, 1800, 2))


def test_data_that_end_before_the_run_are_a_fault(scenario):
    with pytest.raises(BadInput, match="the run needs"):
        read(scenario(rows=23))


def test_a_user_without_sessions_is_a_fault(scenario, tmp_path):
    scenario()
    path = tmp_path / "s.yaml"
    path.write_text(path.read_text().replace("user: x", "user: z"))
    with pytest.raises(BadInput, match="no session of this user"):
        read(load(path))


def test_energy_is_read_once_per_column(scenario):
    assert len(wanted(scenario()).columns) == 3


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_examples_load_and_their_data_reach_over_the_run(path, request):
    root = request.getfixturevalue("data_root") if "sources:" in path.read_text("utf-8") else None
    found = load(path, root)
    data, run = read(found), window(found)
    for column in data.tables:
        assert data.whole(column, run)[1].mean() > 0.9, column


def test_a_day_without_a_price_is_refused_before_anything_is_written(tmp_path):
    from gridpact.simulation.scenarios.build import community
    from gridpact.simulation.staging import world

    hours = [f"2026-06-{14 + h // 24}T{h % 24:02}:00" for h in range(72) if h != 30]
    (tmp_path / "p.csv").write_text("t,price\n" + "".join(f"{each},50\n" for each in hours))
    path = tmp_path / "s.yaml"
    path.write_text(
        "gridpact: 1\ncommunity: {slot_minutes: 60, timezone: UTC}\nrun: {from: 2026-06-15}\n"
        "generate: {homes: 1}\nprices: {source: p, column: price}\n"
        "sources: {p: {file: p.csv, time_column: t, unit: EUR/MWh, gaps: allow}}\n"
    )
    scenario = load(path)
    with pytest.raises(BadInput) as caught:
        world(scenario, community(scenario), 1)
    assert "2026-06-15T06:00:00Z" in str(caught.value)
