"""The parts of the SimBench converter, against independent calculations; no extra needed."""

from fractions import Fraction

import msgspec
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from gridpact.base.errors import BadInput
from gridpact.connectors.simbench.clock import check_stamps, stamps_of_year, start_of_year
from gridpact.connectors.simbench.codes import CODES, nearest
from gridpact.connectors.simbench.energy import whole_wh
from gridpact.connectors.simbench.feeders import trace
from gridpact.connectors.simbench.grid import Grid, Line, Load, Transformer
from gridpact.connectors.simbench.tables import grid_of, short_names


def test_codes_are_six_grids_by_three_scenarios_by_two_switchings():
    assert len(CODES) == len(set(CODES)) == 36
    assert "1-LV-semiurb5--1-no_sw" in CODES


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("1-LV-rural1--0-SW", "1-LV-rural1--0-sw"),
        ("1-LV-rural-1--0-sw", "1-LV-rural1--0-sw"),
        ("lv-urban6--2-no_sw", "1-LV-urban6--2-no_sw"),
        ("xyz", "1-LV-rural1--0-sw"),
    ],
)
def test_unknown_codes_are_told_their_nearest(typed, meant):
    assert nearest(typed)[0] == meant
    assert set(nearest(typed)) <= set(CODES)


powers = arrays.arrays(
    np.float64,
    st.tuples(st.integers(1, 4), st.integers(1, 60)),
    elements=st.floats(0, 1e6, allow_subnormal=False),
)


@settings(deadline=None)
@given(powers)
def test_rounding_never_drifts(power):
    found = whole_wh(power, 900)
    assert found.dtype == np.int64
    assert found.min() >= 0
    for row, whole in zip(power.tolist(), found.tolist(), strict=True):
        total = Fraction(0)
        for slot, watt in enumerate(row):
            total += Fraction(watt) / 4
            assert abs(sum(whole[: slot + 1]) - total) <= Fraction(1, 2) + Fraction(1, 10**6)
            assert abs(whole[slot] - Fraction(watt) / 4) <= 1 + Fraction(1, 10**6)


def test_nothing_stays_nothing():
    night = np.array([[1000.3] * 40 + [0.0] * 40 + [-4.4e-2] * 16])
    assert not whole_wh(night, 900)[0, 40:].any()


@pytest.mark.parametrize("wrong", [-2.0, np.nan, np.inf])
def test_powers_that_cannot_be_are_refused(wrong):
    with pytest.raises(ValueError, match="finite and not negative"):
        whole_wh(np.array([[1.0, wrong]]), 900)


def test_the_year_skips_and_repeats_an_hour():
    stamps = stamps_of_year()
    assert len(stamps) == 366 * 96
    assert start_of_year() == pd.Timestamp("2015-12-31T23:00Z").timestamp()
    due = pd.date_range("2016-01-01", "2016-12-31 23:45", freq="15min", tz="Europe/Berlin")
    assert stamps == due.strftime("%d.%m.%Y %H:%M").tolist()
    check_stamps("grid", stamps)


@pytest.mark.parametrize("row", [0, 8263, 29_100])
def test_another_clock_is_refused_with_its_row(row):
    stamps = stamps_of_year()
    stamps[row] = "01.07.2016 12:07"
    with pytest.raises(BadInput, match=f"grid:{row + 1}: time: the profiles have 01.07.2016 12:07"):
        check_stamps("grid", stamps)
    with pytest.raises(BadInput, match="have nothing where"):
        check_stamps("grid", stamps_of_year()[:-1])


def test_names_become_short_identifiers_of_one_width():
    names = [f"LV1.101 Bus {number}" for number in (1, 9, 14)]
    assert short_names(names) == ["bus-01", "bus-09", "bus-14"]
    assert short_names(["LV1 Bus 1", "LV2 Bus 1"]) == ["lv1-bus-1", "lv2-bus-1"]
    assert short_names([]) == []


@st.composite
def meshes(draw):
    """A grid of random lines and ties with a transformer at bus 0."""
    count = draw(st.integers(1, 12))
    bus = st.integers(0, count - 1)
    pair = st.tuples(bus, bus).filter(lambda ends: ends[0] != ends[1])
    few = st.lists(pair, max_size=16) if count > 1 else st.just([])
    lines = [Line(f"line-{row:02}", ends, 1000 + row) for row, ends in enumerate(draw(few))]
    ties = draw(few)[: draw(st.integers(0, 2))]
    return Grid(
        code="mesh",
        latitude=0.0,
        longitude=0.0,
        buses={number: f"bus-{number:02}" for number in range(count)},
        ties=tuple(ties),
        lines=tuple(lines),
        transformers=(Transformer(0, 100_000),),
        loads=(),
        plants=(),
        stores=(),
    )


def components(count, pairs):
    ones = np.ones(len(pairs))
    ends = np.array(pairs, np.int64).reshape(-1, 2)
    return connected_components(coo_array((ones, (ends[:, 0], ends[:, 1])), (count, count)))[1]


@settings(deadline=None)
@given(meshes())
def test_feeders_are_what_hangs_together_without_the_busbar(grid):
    count = len(grid.buses)
    tied = components(count, list(grid.ties))
    busbar = {bus for bus in range(count) if tied[bus] == tied[0]}
    ways = [*grid.ties, *(line.ends for line in grid.lines)]
    label = components(count, [ends for ends in ways if not busbar & set(ends)])
    due = {}
    for line in grid.lines:
        outside = set(line.ends) - busbar
        if len(outside) == 1:
            due.setdefault(label[outside.pop()], []).append(line)
    layout = trace(grid)
    assert layout.busbar == busbar
    assert len(layout.feeders) == len(due)
    for feeder in layout.feeders:
        lines = due[label[min(feeder.buses)]]
        assert feeder.buses == {
            bus
            for bus in range(count)
            if bus not in busbar and label[bus] == label[min(feeder.buses)]
        }
        assert feeder.rating_w == sum(line.rating_w for line in lines)
        assert feeder.id == f"feeder-{lines[0].id}"


def test_what_no_transformer_feeds_is_named(made_up_grid):
    lost = msgspec.structs.replace(made_up_grid, loads=(*made_up_grid.loads, Load("load-9", 77)))
    with pytest.raises(BadInput, match="load-9: no transformer feeds it"):
        trace(lost)


def test_two_substations_are_refused(made_up_grid):
    two = (*made_up_grid.transformers, Transformer(4, 100_000))
    with pytest.raises(BadInput, match="different busbars"):
        trace(msgspec.structs.replace(made_up_grid, transformers=two))
    tied = msgspec.structs.replace(made_up_grid, transformers=two, ties=((1, 4),))
    assert trace(tied).rating_w == 260_000


def network():
    """Tables as pandapower keeps them: open line 3, dead line 4, a bus tie, two units dead."""
    frame = pd.DataFrame
    point = '{"type":"Point", "coordinates":[11.4, 53.6]}'
    names = [f"LV1 Bus {row}" for row in range(5)]
    wire = {"max_i_ka": 0.27, "parallel": 1, "df": 1.0, "max_loading_percent": 100.0}
    ends = [(0, 1), (1, 2), (0, 3), (2, 3), (0, 2)]
    unit = {"scaling": 1.0, "in_service": True}
    return {
        "bus": frame({"name": [*names, "MV1 Bus 1"], "vn_kv": [0.4] * 5 + [20.0], "geo": point}),
        "line": frame(
            [
                {
                    **wire,
                    "name": f"LV1 Line {row}",
                    "from_bus": a,
                    "to_bus": b,
                    "in_service": row < 4,
                }
                for row, (a, b) in enumerate(ends)
            ]
        ).assign(parallel=[2, 1, 1, 1, 1]),
        "trafo": frame([{"lv_bus": 0, "sn_mva": 0.16, **wire, "in_service": True}]),
        "switch": frame(
            {
                "bus": [2, 3, 0],
                "element": [3, 4, 0],
                "et": ["l", "b", "t"],
                "closed": [False, True, True],
            }
        ),
        "load": frame([{"name": f"LV1 Load {row}", "bus": row, **unit} for row in range(1, 4)]),
        "sgen": frame(
            [
                {"name": "LV1 SGen 1", "bus": 1, "p_mw": 0.0234, "type": "PV", **unit},
                {"name": "LV1 SGen 2", "bus": 2, "p_mw": 0.01, "type": "PV", "in_service": False},
            ]
        ),
        "storage": frame(
            [
                {
                    "name": "LV1 Storage 1",
                    "bus": 4,
                    "sn_mva": 0.0137,
                    "min_e_mwh": 0.001,
                    "max_e_mwh": 0.0284,
                    "efficiency_percent": 0.95,
                    "self-discharge_percent_per_day": 0.13,
                    **unit,
                }
            ]
        ),
    }


def test_tables_become_a_grid():
    grid = grid_of("made-up", network())
    assert grid.buses == {row: f"bus-{row}" for row in range(5)}
    assert (grid.latitude, grid.longitude) == (53.6, 11.4)
    # √3 · 400 V · 270 A = 187 061.5 VA, the first line twice
    ratings = [(line.id, line.rating_w) for line in grid.lines]
    assert ratings == [("line-0", 374_122), ("line-1", 187_061), ("line-2", 187_061)]
    assert [each.rating_w for each in grid.transformers] == [160_000]
    assert grid.ties == ((3, 4),)
    assert [(plant.id, plant.peak_w) for plant in grid.plants] == [("sgen-1", 23_400)]
    store = grid.stores[0]
    assert (store.capacity_wh, store.power_w) == (27_400, 13_700)
    assert (store.round_trip_ppm, store.hourly_loss_ppm) == (950_000, 54)
    feeders = {feeder.id: feeder.buses for feeder in trace(grid).feeders}
    assert feeders == {"feeder-line-0": {1, 2}, "feeder-line-2": {3, 4}}


def test_other_generators_are_refused():
    net = network()
    net["sgen"]["type"] = ["Wind", "PV"]
    with pytest.raises(BadInput, match="generator of type Wind"):
        grid_of("made-up", net)
