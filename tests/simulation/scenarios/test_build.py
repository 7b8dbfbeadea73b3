"""Columns of a scenario: consistent whatever is in it."""

import json
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.simulation.scenarios import load
from gridpact.simulation.scenarios.build import community
from gridpact.simulation.scenarios.model import SessionRef
from gridpact.simulation.scenarios.specs import specs

KINDS = ("pv", "battery", "car", "heat_pump", "tank", "appliance")
_POSITIVE = st.integers(1, 400).map(lambda value: value / 4)
_ASSETS = st.one_of(
    st.fixed_dictionaries(
        {"kind": st.just("pv")}, optional={"kw_peak": _POSITIVE, "tilt_degrees": st.integers(0, 90)}
    ),
    st.fixed_dictionaries(
        {"kind": st.just("battery")},
        optional={
            "capacity_kwh": _POSITIVE,
            "round_trip_percent": st.integers(1, 100),
            "reserve_percent": st.sampled_from([0, "5 %", 100]),
        },
    ),
    st.fixed_dictionaries({"kind": st.just("car")}, optional={"vehicle_to_home": st.booleans()}),
    st.fixed_dictionaries({"kind": st.just("heat_pump")}, optional={"storage_kwh": _POSITIVE}),
    st.fixed_dictionaries({"kind": st.just("tank")}, optional={"annual_kwh": _POSITIVE}),
    st.fixed_dictionaries({"kind": st.just("appliance")}, optional={"power_kw": _POSITIVE}),
)


@st.composite
def documents(draw):
    zones = [f"z{number}" for number in draw(st.permutations(range(draw(st.integers(1, 4)))))]
    tree = [{"id": zones[0]}]
    for place, zone in enumerate(zones[1:], 1):
        tree.append({"id": zone, "parent": draw(st.sampled_from(zones[:place]))})
    members = [
        {
            "id": f"m{number}",
            "zone": draw(st.sampled_from(zones)),
            "role": "prosumer",
            "assets": draw(st.lists(_ASSETS, max_size=4)),
        }
        for number in draw(st.permutations(range(draw(st.integers(1, 5)))))
    ]
    found = {"gridpact": 1, "zones": tree, "members": members}
    if draw(st.booleans()):
        shares = {f"{kind}_percent": draw(st.integers(0, 100)) for kind in KINDS}
        found["generate"] = {"homes": draw(st.integers(0, 12)), **shares}
    return found


def _load(document):
    with TemporaryDirectory() as folder:
        path = Path(folder) / "s.yaml"
        path.write_text(json.dumps(document))  # JSON is YAML
        return load(path)


@settings(deadline=None, max_examples=60)
@given(documents())
def test_columns_agree(document):
    scenario = _load(document)
    built, extra = community(scenario), specs(scenario)
    homes = len(built.members.ids)
    for ids in (
        built.members.ids,
        built.zones.ids,
        built.pv.ids,
        built.storage.ids,
        built.runs.ids,
    ):
        assert list(ids) == sorted(set(ids))
    for struct, ids in (
        (built.members, built.members.ids),
        (built.zones, built.zones.ids),
        (built.pv, built.pv.ids),
        (built.storage, built.storage.ids),
        (built.runs, built.runs.ids),
        (extra.homes, built.members.ids),
        (extra.plants, built.pv.ids),
        (extra.storage, built.storage.ids),
    ):
        for name in set(struct.__struct_fields__) - {"trading", "heat"}:
            column = getattr(struct, name)
            assert len(column) == len(ids), name
            if isinstance(column, np.ndarray):
                assert column.dtype in (np.int64, np.float64, np.bool_), name
    for owner in (built.pv.member, built.storage.member, built.runs.member):
        assert ((owner >= 0) & (owner < homes)).all()
    _check_tree(built.zones)
    _check_storage(built.storage, extra.storage)


def _check_tree(zones):
    for begin in range(len(zones.ids)):
        row, steps = begin, 0
        while row != -1:
            row, steps = int(zones.parent[row]), steps + 1
            assert steps <= len(zones.ids)


def _check_storage(storage, extra):
    assert (storage.capacity_wh > 0).all()
    assert (storage.charge_w > 0).all()
    for share in (storage.efficiency_in, storage.efficiency_out, storage.kept_per_hour):
        assert ((share > 0) & (share <= 1)).all()
    assert (extra.reserve_wh <= storage.capacity_wh).all()
    assert (extra.target_wh <= storage.capacity_wh).all()
    cars = np.array([kind == "car" for kind in storage.kind], dtype=bool)
    stated = extra.leave_s >= 0  # the generated homes' cars have no stated hours
    assert not (stated & ~cars).any()
    assert (extra.leave_s[stated] < extra.back_s[stated]).all()
    heat = np.array([kind in {"heat_pump", "tank"} for kind in storage.kind], dtype=bool)
    assert (storage.discharge_w[heat] == 0).all()
    assert (extra.annual_wh[~heat] == 0).all()


@pytest.fixture
def home(tmp_path):
    (tmp_path / "cars.csv").write_text("u,a,b,e\nx,2026-06-15 18:00,2026-06-15 23:00,7\n")
    path = tmp_path / "s.yaml"
    path.write_text(
        """gridpact: 1
sources:
  cars:
    kind: sessions
    file: cars.csv
    user_column: u
    arrive_column: a
    leave_column: b
    energy_column: e
members:
  - id: m
    assets:
      - {kind: pv, kw_peak: 6.25, tilt_degrees: 20, azimuth_degrees: 90}
      - {kind: battery, capacity_kwh: 10, power_kw: 5, round_trip_percent: 81, reserve_percent: 10}
      - {kind: car, capacity_kwh: 50, target_percent: 80, by: "07:30", back: "18:00", trip_kwh: 9}
      - {kind: car, capacity_kwh: 40, vehicle_to_home: true, sessions: {source: cars, user: x}}
      - {kind: heat_pump, power_kw: 3, storage_kwh: 8, annual_kwh: 4000, hourly_loss_percent: 2}
      - {kind: appliance, power_kw: 1.2, hours: 1.5, earliest: "09:00", latest: "24:00"}
"""
    )
    return load(path)


def test_a_home_by_hand(home):
    built, extra = community(home), specs(home)
    assert built.pv.ids == ("m-pv",)
    assert built.pv.peak_w.tolist() == [6250]
    assert extra.plants.azimuth.tolist() == [90.0]
    assert built.storage.ids == ("m-battery", "m-car", "m-car-2", "m-heat-pump")
    assert built.storage.kind == ("battery", "car", "car", "heat_pump")
    assert built.storage.charge_w.tolist() == [5000, 11000, 11000, 3000]
    assert built.storage.discharge_w.tolist() == [5000, 0, 11000, 0]
    assert built.storage.capacity_wh.tolist() == [10_000, 50_000, 40_000, 8000]
    assert built.storage.efficiency_in[0] == pytest.approx(0.9)
    assert built.storage.kept_per_hour.tolist() == [1.0, 1.0, 1.0, 0.98]
    assert extra.storage.reserve_wh.tolist() == [1000, 10_000, 8000, 0]
    assert extra.storage.target_wh.tolist() == [0, 40_000, 32_000, 0]
    assert extra.storage.leave_s.tolist() == [-1, 27_000, -1, -1]
    assert extra.storage.back_s.tolist() == [-1, 64_800, -1, -1]
    assert extra.storage.trip_wh.tolist() == [0, 9000, 0, 0]
    assert extra.storage.annual_wh.tolist() == [0, 0, 0, 4_000_000]
    assert extra.storage.sessions == (None, None, SessionRef("cars", "x"), None)
    assert built.runs.duration_s.tolist() == [5400]
    assert built.runs.latest_s.tolist() == [86_400]
    assert built.members.metering_points == ("mp-m",)
