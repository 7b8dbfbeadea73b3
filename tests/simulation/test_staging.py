"""A scenario's truth: the same in every window, and unknown, not zero, where data have gaps."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.base.slots import Slots
from gridpact.simulation.scenarios import load
from gridpact.simulation.scenarios.build import community as build_community
from gridpact.simulation.staging import Stage

SCENARIO = """
gridpact: 1
run: {from: 2026-03-28, days: 2, seed: 5}
sources:
  d: {file: d.csv, time_column: t, unit: Wh, units: {spot: EUR/MWh, temp: degC}, gaps: allow}
prices: {source: d, column: spot}
weather: {source: d, temperature_column: temp}
members:
  - id: measured
    load: {source: d, column: load}
    assets:
      - {kind: pv, kw_peak: 3, source: d, column: pv}
      - {kind: pv, kw_peak: 5}
  - id: driver
    load: {household_kwh_per_year: 3000}
    assets:
      - {kind: car, by: "07:30", back: "18:00", trip_kwh: 12}
      - {kind: heat_pump}
      - {kind: tank}
  - {id: empty, load: none}
generate: {homes: 3, pv_percent: 100, car_percent: 100, battery_percent: 100}
"""
FIRST = datetime(2026, 3, 27, 22, tzinfo=UTC)
GAPS = {"load": 7, "pv": 11, "spot": 13}


def value(name, place):
    """What the file says, None in a gap: the cell is left empty."""
    if name in GAPS and place % GAPS[name] == 3:
        return None
    return {"load": 100 + place, "pv": 50 + place % 40, "spot": place % 90, "temp": 4 + place % 9}[
        name
    ]


@pytest.fixture(scope="module")
def staged(tmp_path_factory):
    folder = tmp_path_factory.mktemp("staged")
    rows = ["t,load,pv,spot,temp"]
    for place in range(4 * 24 * 3):
        cells = [value(name, place) for name in ("load", "pv", "spot", "temp")]
        moment = (FIRST + timedelta(minutes=15 * place)).strftime("%Y-%m-%dT%H:%M:%SZ")
        rows.append(",".join([moment, *("" if cell is None else str(cell) for cell in cells)]))
    (folder / "d.csv").write_text("\n".join(rows) + "\n")
    (folder / "s.yaml").write_text(SCENARIO)
    scenario = load(folder / "s.yaml")
    return Stage(scenario, build_community(scenario), 5), build_community(scenario), scenario


@pytest.fixture(scope="module")
def run(staged):
    _, community, _ = staged
    start = community.calendar.midnight(date(2026, 3, 28))
    end = community.calendar.midnight(date(2026, 3, 30))
    return Slots(start, 900, (end - start) // 900)


@pytest.fixture(scope="module")
def whole(staged, run):
    return answers(staged[0], run)


def answers(stage, slots):
    """Everything a world asks of its truth, by name; arrays end in the slot."""
    load_wh, load_known = stage.load_wh(slots)
    pv, pv_known = stage.pv_wh(slots)
    spot, spot_known = stage.spot(slots)
    real, said = stage.behaviour(slots), stage.expected(slots)
    return {
        "load": load_wh, "load known": load_known, "pv": pv, "pv known": pv_known,
        "spot": spot, "spot known": spot_known, "spread": stage.spread(slots),
        "there": real.there, "draw": real.draw_wh, "there said": said.there,
        "draw said": said.draw_wh,
    }  # fmt: skip


@given(first=st.integers(0, 187), count=st.integers(1, 110))
@settings(deadline=None, max_examples=15)
def test_the_truth_is_the_same_in_every_window(first, count, staged, run, whole):
    stage, _, _ = staged
    count = min(count, run.count - first)
    part = answers(stage, Slots(run.start + first * 900, 900, count))
    for name, values in part.items():
        np.testing.assert_array_equal(values, whole[name][..., first : first + count], name)


def test_another_stage_of_the_same_seed_is_the_same_and_another_seed_is_not(staged, run, whole):
    _, community, scenario = staged
    for name, values in answers(Stage(scenario, community, 5), run).items():
        np.testing.assert_array_equal(values, whole[name], name)
    other = answers(Stage(scenario, community, 6), run)
    assert not np.array_equal(other["load"], whole["load"])
    assert not np.array_equal(other["draw"], whole["draw"])
    np.testing.assert_array_equal(other["spot"], whole["spot"])


def test_data_are_what_the_file_says_and_gaps_are_unknown(staged, run, whole):
    _, community, _ = staged
    offset = (run.start - int(FIRST.timestamp())) // 900
    row = community.members.ids.index("measured")
    plant = next(at for at, name in enumerate(community.pv.ids) if community.pv.peak_w[at] == 3000)
    for name, values, known, scale in (
        ("load", whole["load"][row], whole["load known"][row], 1),
        ("pv", whole["pv"][plant], whole["pv known"][plant], 1),
        ("spot", whole["spot"], whole["spot known"], 1000),
    ):
        for place in range(run.count):
            told = value(name, offset + place)
            assert known[place] == (told is not None), name
            if told is not None:
                assert values[place] == told * scale
    others = [at for at in range(len(community.members.ids)) if at != row]
    assert whole["load known"][others].all(), "what is made up is always known"


def test_before_and_after_the_file_nothing_is_known(staged, run):
    stage, community, _ = staged
    row = community.members.ids.index("measured")
    for start in (run.start - 30 * 86_400, run.end + 30 * 86_400):
        slots = Slots(start, 900, 4)
        assert not stage.load_wh(slots)[1][row].any()
        assert not stage.spot(slots)[1].any()
        assert stage.load_wh(slots)[1].sum() == 4 * (len(community.members.ids) - 1)


def test_a_member_without_load_uses_nothing_and_that_is_known(staged, whole):
    row = staged[1].members.ids.index("empty")
    assert not whole["load"][row].any()
    assert whole["load known"][row].all()


def test_only_cars_ever_leave(staged, whole):
    kinds = np.array(staged[1].storage.kind)
    assert whole["there"][kinds != "car"].all()
    assert whole["there said"][kinds != "car"].all()
    assert not whole["there"][kinds == "car"].all()
    assert whole["draw"][kinds == "battery"].sum() == 0
    assert whole["draw"][kinds == "tank"].sum() > 0
    assert whole["draw"][kinds == "heat_pump"].sum() > 0


@pytest.mark.parametrize("minutes", [5, 15, 30, 60])
def test_measured_cold_is_felt_by_owners_and_buildings_alike(tmp_path, minutes):
    """At -20 °C for days a building needs what its owner expects, give or take its own ways."""
    stamps = [
        (FIRST + timedelta(minutes=minutes * at)).strftime("%Y-%m-%dT%H:%M:%SZ")
        for at in range(2 * 24 * 60 // minutes)
    ]
    (tmp_path / "d.csv").write_text("t,temp\n" + "".join(f"{each},-20\n" for each in stamps))
    (tmp_path / "s.yaml").write_text(
        f"""
gridpact: 1
community: {{slot_minutes: {minutes}}}
run: {{from: 2026-03-28, days: 1, seed: 5}}
sources: {{d: {{file: d.csv, time_column: t, unit: degC}}}}
weather: {{source: d, temperature_column: temp}}
members: [{{id: a, assets: [{{kind: heat_pump}}]}}]
"""
    )
    scenario = load(tmp_path / "s.yaml")
    community = build_community(scenario)
    stage, day = Stage(scenario, community, 5), community.calendar.day(date(2026, 3, 28))
    real, said = stage.behaviour(day).draw_wh, stage.expected(day).draw_wh
    assert len(set(said[0].tolist())) == 1
    assert real.sum() == pytest.approx(said.sum(), rel=0.1)
    assert real.sum() > 50_000


def test_needs_of_storage_are_never_negative(whole):
    for name in ("load", "pv", "draw", "draw said"):
        assert (whole[name] >= 0).all(), name
