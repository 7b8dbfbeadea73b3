"""Signed net values, and directions of flow, become withdrawal and injection."""

import io

import polars as pl
import pytest

from gridpact.base.errors import BadInput

NET = "t,grid\n2025-03-01T00:00Z,0.3\n2025-03-01T00:15Z,-0.2\n2025-03-01T00:30Z,\n"
BOTH = {"grid withdrawal": "300 0 .", "grid injection": "0 200 ."}
TURNED = {"grid withdrawal": "0 200 .", "grid injection": "300 0 ."}
LONG = "t,p,v\n" + "".join(
    f"{at},grid,{value}\n" for at, value in (line.split(",") for line in NET.splitlines()[1:3])
)


@pytest.mark.parametrize(("positive", "expected"), [("withdrawal", BOTH), ("injection", TURNED)])
def test_a_net_column_of_a_wide_table(readings, rows, positive, expected):
    mapping = f"time: t\ncolumns: [{{column: grid, point: grid, positive: {positive}}}]"
    assert rows(readings(NET, mapping)) == expected
    noted = NET.replace("-0.2", " -0.2 ")  # a text, which takes the slow way
    assert rows(readings(noted, mapping)) == expected


def test_a_net_column_of_a_parquet_file_of_single_precision(readings, rows):
    table = io.BytesIO()
    stamps = ["2025-03-01T00:00Z", "2025-03-01T00:15Z", "2025-03-01T00:30Z"]
    values = pl.Series("grid", [0.3, -0.2, None], dtype=pl.Float32())
    pl.DataFrame({"t": stamps, "grid": values}).write_parquet(table)
    mapping = (
        "format: parquet\ntime: t\ncolumns: [{column: grid, point: grid, positive: withdrawal}]"
    )
    assert rows(readings(table.getvalue(), mapping)) == BOTH


@pytest.mark.parametrize(("positive", "expected"), [("withdrawal", BOTH), ("injection", TURNED)])
def test_a_net_column_of_a_long_table(readings, rows, positive, expected):
    mapping = f"time: t\npoint_column: p\nvalue_column: v\npositive: {positive}"
    known = {channel: text.removesuffix(" .") for channel, text in expected.items()}
    assert rows(readings(LONG, mapping)) == known


def test_each_side_of_a_net_carries_what_is_left_over(readings):
    rows = "".join(
        f"2025-03-01T{minute // 60:02}:{minute % 60:02}Z,{-80 if minute % 2 else 80}\n"
        for minute in range(1440)
    )
    mapping = "time: t\nunit: W\ncolumns: [{column: grid, point: grid, positive: withdrawal}]"
    found = readings("t,grid\n" + rows, mapping).intervals
    assert found.wh.sum(axis=1).tolist() == [960, 960]


def test_faults_of_net_columns_have_their_line(faults):
    mapping = "time: t\ncolumns: [{column: grid, point: grid, positive: withdrawal}]"
    assert faults(NET.replace("-0.2", "x"), mapping) == [(3, "grid", "'x' is not a number")]


def test_no_register_is_net(readings):
    mapping = (
        "time: t\nvalues: cumulative\ncolumns: [{column: grid, point: g, positive: injection}]"
    )
    with pytest.raises(BadInput) as caught:
        readings(NET, mapping)
    assert "a register only counts up" in caught.value.faults[0].problem


@pytest.mark.parametrize(
    "keys", ["columns: [{column: grid, point: g}]", "point_column: p\nwithdrawal_column: v"]
)
def test_positive_is_beside_what_it_is_of(readings, keys):
    with pytest.raises(BadInput) as caught:
        readings(NET, f"time: t\npositive: withdrawal\n{keys}")
    assert "is for long tables with a value_column" in caught.value.faults[0].problem


SPACE = 'xmlns="http://naesb.org/espi"'


def block(flow, values, number=1, behaviour=4):
    """Entries of one reading type, meter reading and block of quarters of an hour."""
    each = "".join(
        f"<IntervalReading><timePeriod><duration>900</duration><start>{1_740_787_200 + 900 * row}"
        f"</start></timePeriod><value>{value}</value></IntervalReading>\n"
        for row, value in enumerate(values)
    )
    meter = f"U/UsagePoint/1/MeterReading/{number}"
    return (
        f'<entry><link rel="self" href="{meter}"/><link rel="related" href="R/{number}"/><content>'
        f'<MeterReading {SPACE}/></content></entry>\n<entry><link rel="self" href="R/{number}"/>'
        f"<content><ReadingType {SPACE}><accumulationBehaviour>{behaviour}</accumulationBehaviour>"
        f"<flowDirection>{flow}</flowDirection><uom>72</uom></ReadingType></content></entry>\n"
        f'<entry><link rel="self" href="{meter}/IntervalBlock/1"/><content>'
        f"<IntervalBlock {SPACE}>{each}</IntervalBlock></content></entry>\n"
    )


def feed(*blocks):
    head = '<?xml version="1.0"?>\n<feed xmlns="http://www.w3.org/2005/Atom">\n'
    return head + "".join(blocks) + "</feed>\n"


def test_net_flow_is_parted_by_its_sign(readings, rows):
    found = readings(feed(block(4, [30, -50, 0])), "", "a.xml")
    assert rows(found) == {"1 withdrawal": "30 0 0", "1 injection": "0 50 0"}


@pytest.mark.parametrize(("flow", "behaviour"), [(20, 4), (2, 4), (15, 4), (4, 3)])
def test_flow_that_nothing_parts_is_refused(faults, flow, behaviour):
    ((line, where, problem),) = faults(feed(block(flow, [30, 50], 1, behaviour)), "", "a.xml")
    assert (line, where) == (5, "flowDirection")
    assert problem.startswith(f"flowDirection {flow} is ")


@pytest.mark.parametrize("more", [4, 20])
def test_sums_beside_both_directions_are_passed_over(readings, rows, more):
    found = readings(
        feed(block(more, [9, 9], 3), block(1, [7, 0]), block(19, [2, 9], 2)), "", "a.xml"
    )
    assert rows(found) == {"1 withdrawal": "7 0", "1 injection": "2 9"}
