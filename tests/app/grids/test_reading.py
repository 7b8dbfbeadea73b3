"""Files of grids: circuits are those of formulas, and every fault is told with its line."""

from math import isqrt, sqrt
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.app.grids.quantities import IMPEDANCE, LENGTH, RATING, VOLTAGE, read
from gridpact.app.grids.reading import read_grid
from gridpact.app.orders.cells import Unclear
from gridpact.base.errors import BadInput
from gridpact.market.grid.network import Branch, Node, network
from gridpact.market.grid.verification import Band

VILLAGE = Path(__file__).parents[3] / "examples" / "grid" / "village.yaml"
BAD = """\
slack: nowhere
slack_voltage: 5 %
nodes:
  a: 400
  b: 400 V
  C: 0.4005 kV
  d: 20 kV
lines:
  l1: {from: a, to: zz, reactance: 0.1 ohm/km, rating: 5 kWh}
  l2: {from: b, to: d, reactance: 0.1}
  l3: {}
  l1: {from: a}
  l4: {from: a, to: a, reactance: 0 ohm, frm: x}
  l5: {from: [a], to: b, reactance: 0.1 Mohm}
  l6: {from: a, to: b, reactance: 100000 ohm/km, length: 999 km}
transformers:
  l2: {from: d, to: b, rating: 0 kVA, short_circuit: 4 %}
  t: {from: d, to: b, rating: 100 kVA, short_circuit: 4 %, load_loss: 90 kW}
  u: {from: d, to: b, rating: 100 kVA, short_circuit: 0 %}
voltage_band: {low: 110 %, high: 90 %}
extra: 1
"""


@pytest.fixture
def refused(tmp_path):
    """Faults of a file as (line, where), in the order in which they are told."""

    def faults(text):
        path = tmp_path / "grid.yaml"
        path.write_text(text, encoding="utf-8")
        with pytest.raises(BadInput) as error:
            read_grid(path)
        return [(fault.line, fault.where) for fault in error.value.faults]

    return faults


def test_the_village_has_the_circuits_of_its_data_sheets():
    grid = read_grid(VILLAGE)
    found = grid.network
    assert found.nodes == ("medium", "station", "square", "school", "farm")
    assert found.voltage_v.tolist() == [20_000, 400, 400, 400, 400]
    assert (found.nodes[found.slack], found.slack_voltage) == ("medium", 1.01)
    assert grid.band == Band(920_000, 1_100_000)
    row = {name: place for place, name in enumerate(found.branches)}
    # √3 · 400 V · 270 A = 187,061.48 VA and √3 · 400 V · 142 A = 98,380.49 VA
    limits = {name: int(found.limit_w[place]) for name, place in row.items()}
    assert limits == {"main": 187_061, "side": 30_000, "track": 98_380, "transformer": 160_000}
    assert found.resistance_ohm[row["main"]] == pytest.approx(0.12 * 0.206, rel=1e-15)
    assert found.reactance_ohm[row["side"]] == pytest.approx(0.31 * 0.082, rel=1e-15)
    # Z = 4 % · (400 V)² ÷ 160 kVA = 0.04 Ω, R = 2.35 ÷ 160 · 1 Ω, G = 460 W ÷ (400 V)²
    assert found.resistance_ohm[row["transformer"]] == pytest.approx(2.35 / 160)
    assert found.reactance_ohm[row["transformer"]] == pytest.approx(
        sqrt(0.04**2 - (2.35 / 160) ** 2)
    )
    assert found.conductance_s[row["transformer"]] == pytest.approx(460 / 400**2)
    assert not found.susceptance_s.any()
    assert np.all(found.ratio == 1)


def test_all_faults_are_told_at_once_each_with_its_line(refused):
    assert refused(BAD) == [
        (1, "slack"),
        (2, "slack_voltage"),
        (4, "nodes.a"),
        (6, "nodes.C"),
        (6, "nodes.C"),
        (9, "lines.l1"),
        (9, "lines.l1.rating"),
        (9, "lines.l1.reactance"),
        (10, "lines.l2"),
        (10, "lines.l2.reactance"),
        (11, "lines.l3.from"),
        (11, "lines.l3.reactance"),
        (11, "lines.l3.to"),
        (12, "lines.l1"),
        (13, "lines.l4"),
        (13, "lines.l4"),
        (13, "lines.l4.frm"),
        (14, "lines.l5.from"),
        (14, "lines.l5.reactance"),
        (15, "lines.l6"),
        (17, "transformers.l2"),
        (17, "transformers.l2.rating"),
        (18, "transformers.t.load_loss"),
        (19, "transformers.u"),
        (19, "transformers.u.short_circuit"),
        (20, "voltage_band"),
        (21, "extra"),
    ]


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("", [(1, "")]),
        ("- 1\n", [(1, "")]),
        ("slack: a\nnodes: {}\n", [(2, "nodes")]),
        ("slack: [a]\n", [(1, "nodes"), (1, "slack")]),
        ("slack: a\nnodes: {a: 400 V, b: 400 V}\n", [(2, "nodes.b")]),
        ("slack: a\nnodes: 5\n", [(2, "nodes")]),
        ("slack: a\nnodes: {a: 400 V}\nlines: [1]\n", [(3, "lines")]),
        ("slack: a\nnodes: {a: 400 V}\nvoltage_band: 3\n", [(3, "voltage_band")]),
        ("slack: a\nnodes: {a: 400 V\n", [(3, "")]),
    ],
)
def test_a_file_that_is_no_grid_says_where(refused, text, where):
    assert refused(text) == where


def test_one_node_is_a_grid(tmp_path):
    path = tmp_path / "grid.yaml"
    path.write_text("slack: a\nnodes: {a: 400 V}\n", encoding="utf-8")
    assert read_grid(path).network.branches == ()


@pytest.mark.parametrize(
    ("texts", "measure"),
    [
        (["400 V", "0.4 kV", "0.40kV"], VOLTAGE),
        (["0.02 ohm", "20 mohm", "0.02 Ω", "20mΩ"], IMPEDANCE),
        (["300 m", "0.3 km"], LENGTH),
        (["80 kVA", "80 kW", "0.08 MVA", "80000 VA"], RATING),
        (["142 A", "0.142 kA"], RATING),
    ],
)
def test_units_of_one_measure_say_the_same(texts, measure):
    assert len({read(text, measure).value for text in texts}) == 1
    assert read(texts[0], measure).in_amperes == texts[0].endswith(" A")


@pytest.mark.parametrize(
    "text", ["400", "-400 V", "400 W", "4e2 V", "1,5 V", "V", "nan V", 400, None]
)
def test_what_is_no_voltage_is_refused(text):
    with pytest.raises(Unclear) as error:
        read(text, VOLTAGE)
    assert "400 V" in error.value.fix


@st.composite
def written(draw):
    """A radial grid as a file, and as it is put together by hand."""
    count = draw(st.integers(1, 6))
    volts = draw(st.integers(1, 20_000))
    lines, branches = [], []
    for row in range(1, count):
        ends = draw(st.permutations([f"n{draw(st.integers(0, row - 1))}", f"n{row}"]))
        milliohm, ampere, length = (draw(st.integers(1, 10**6)) for _ in range(3))
        lines.append(
            f"  b{row}: {{from: {ends[0]}, to: {ends[1]}, length: {length} m, "
            f"reactance: {milliohm} mohm/km, resistance: {milliohm} mohm, rating: {ampere} A}}\n"
        )
        ohm = milliohm * length / 10**6
        limit = isqrt(3 * (volts * ampere) ** 2)
        branches.append(Branch(f"b{row}", *ends, ohm, milliohm / 1000, limit))
    nodes = "".join(f"  n{row}: {volts} V\n" for row in range(count))
    text = f"slack: n0\nnodes:\n{nodes}" + ("lines:\n" + "".join(lines) if lines else "")
    return text, network([Node(f"n{row}", volts) for row in range(count)], branches, "n0")


@given(case=written())
@settings(deadline=None, max_examples=60)
def test_a_file_is_the_network_that_it_writes(case, tmp_path_factory):
    text, expected = case
    path = tmp_path_factory.mktemp("grid") / "grid.yaml"
    path.write_text(text, encoding="utf-8")
    found = read_grid(path).network
    for name in expected.__struct_fields__:
        ours, theirs = getattr(found, name), getattr(expected, name)
        same = np.allclose(ours, theirs, rtol=1e-14) if name.endswith("_ohm") else None
        assert np.array_equal(ours, theirs) if same is None else same, name


@given(data=st.data())
@settings(deadline=None, max_examples=150)
def test_a_spoilt_file_is_read_or_refused_with_lines(data, tmp_path_factory):
    """Any word of the village's file may be replaced; nothing else than a refusal comes of it."""
    words = VILLAGE.read_text("utf-8").split(" ")
    pieces = st.sampled_from(
        ["", "x", "0", "-1", "1e400", "[", "}", "null", "\n", "99999999 km", "&a"]
    )
    for place in data.draw(st.lists(st.integers(0, len(words) - 1), min_size=1, max_size=3)):
        words[place] = data.draw(pieces)
    path = tmp_path_factory.mktemp("grid") / "grid.yaml"
    path.write_text(" ".join(words), encoding="utf-8")
    faults = ()
    try:
        nodes = len(read_grid(path).network.nodes)
    except BadInput as refused:
        nodes, faults = 0, refused.faults
    assert nodes or faults
    assert all(fault.problem and fault.fix for fault in faults)
