"""Columns of a wide table read all at once are what they are one by one."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gridpact.metering.formats import wide_tables
from gridpact.metering.formats.mapping import MappedColumn, ReadingsMap

cell = st.one_of(
    st.integers(-3, 4000).map(lambda wh: f"{wh / 1000}"), st.sampled_from(("", "1e300", "0.0005"))
)
columns = st.sampled_from(
    (
        (),
        (MappedColumn("b", "mill"), MappedColumn("a", "inn")),
        (MappedColumn("b", "mill"), MappedColumn("a", "mill")),
        (MappedColumn("b", "mill"), MappedColumn("a", "inn", unit="Wh")),
        (MappedColumn("a", "mill", "injection"), MappedColumn("b", "mill")),
    )
)


@st.composite
def tables(draw):
    """Rows of quarter-hours with two columns, some rows left out, and how to read them."""
    slots = sorted(draw(st.sets(st.integers(0, 9), min_size=2)))
    rows = [f"2026-03-29T0{s // 4}:{s % 4 * 15:02},{draw(cell)},{draw(cell)}\n" for s in slots]
    how = draw(st.sampled_from(("kWh", "kW")))
    mapping = ReadingsMap(time="time", columns=draw(columns), unit=how, step_s=900)
    return "".join(("time,a,b\n", *rows)), mapping


@settings(
    deadline=None, max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(tables())
def test_all_at_once_is_as_one_by_one(told, table):
    text, mapping = table
    assert told(text, mapping, (wide_tables, "_at_once")) == told(text, mapping)
