"""The quick way through a CSV file says what the slow way says, or leaves it to that."""

import csv
import io

import msgspec
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from gridpact.metering.formats import quick_csv
from gridpact.metering.formats.mapping import ReadingsMap

LONG = ReadingsMap(time="time", point_column="point", value_column="kwh")
WIDE = ReadingsMap(time="time")
number = st.sampled_from(("1.5", "1,5", "2", "", "1.234,5", "x", '"', "nan", "1e3", ".5", "-1"))
name = st.sampled_from(("mill", "inn", "in.n", "north, east", 'the "inn"', "in\nn", " mill"))


@st.composite
def tables(draw):
    """Text of a table, regular or not, and how to read it."""
    separator, decimal = draw(st.sampled_from(((",", "."), (";", ","), (";", "."))))
    quotes = draw(st.sampled_from(("", '"')))
    end = draw(st.sampled_from(("\n", "\r\n")))
    long = draw(st.booleans())
    rows = [["time", "point", "kwh"] if long else ["time", "mill", "in.n"]]
    for hour in range(draw(st.integers(1, 5))):
        rows.append([f"2026-03-01 0{hour}:00", draw(name if long else number), draw(number)])
    written = [
        separator.join(f"{quotes}{field}{quotes}" if field else "" for field in row) for row in rows
    ]
    style = {"separator": separator, "decimal": decimal, "step_s": 3600}
    text = end.join(written) + draw(st.sampled_from((end, end, "", end * 2)))
    return text, (LONG if long else WIDE, style)


@settings(
    deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(tables())
@example(('time;a\n2026-03-01 00:00;"1,5"\n2026-03-01 01:00;"2"\n', (WIDE, {"separator": ";"})))
def test_the_quick_way_says_what_the_slow_way_says(told, table):
    text, (mapping, style) = table
    named = msgspec.structs.replace(mapping, **style)
    assert told(text, named, (quick_csv, "read")) == told(text, named)


@pytest.mark.parametrize(
    "text",
    [
        '"time","point","kwh"\n"2026-03-01T00:00Z","in.n",1.5\n"2026-03-01T01:00Z","in.n",2\n',
        "time,point,kwh\r\n2026-03-01T00:00Z,inn,1.5\r\n",
        "\ufefftime,point,kwh\n2026-03-01T00:00Z,inn,1.5\n",
    ],
)
def test_usual_files_are_read_the_quick_way(text):
    assert quick_csv.read(text.encode(), LONG.text, ["kwh"]) is not None


def test_a_decimal_comma_is_read_the_quick_way():
    style = ReadingsMap(separator=";", decimal=",").text
    text = b"time;point;kwh\n01.03.2026 00:00;in.n;1,5\n"
    found = quick_csv.read(text, style, ["kwh"])
    assert found is not None
    assert found[0]["kwh"].to_list() == [1.5]
    assert quick_csv.read(text.replace(b"1,5", b"1.5"), style, ["kwh"]) is None


scrap = st.sampled_from(('"a"', '"b"', "a", '""', '"', '"a', 'a"', '","', ",", "\n", '"\n', '\n"'))


@settings(deadline=None, max_examples=600)
@given(st.lists(scrap, max_size=12), st.sampled_from(("\n", "\r\n")))
@example(['"a"', ",", '"b,a"', "\n", '"a"', ",", '"b"'], "\n")
@example(['"a', ",", '"b"', ",", 'a"'], "\n")  # as many quotes before fields as behind them
def test_quotes_are_read_as_another_parser_reads_them(scraps, end):
    """Whatever is not left to the slow way is what Python's own strict parser makes of it."""
    text = "p,q\n" + "".join(scraps) + "\n"
    found = quick_csv.read(text.replace("\n", end).encode(), LONG.text, ["kwh"], "p")
    if found is None:
        return
    told = [[each or "" for each in row] for row in found[0].rows()]
    assert told == list(csv.reader(io.StringIO(text), strict=True))[1:]
