"""Columns of a wide table read all at once are what they are one by one."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gridpact.base.errors import BadInput
from gridpact.metering.formats import files, wide_tables
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


def told(path, mapping):
    try:
        found = files.read(path, mapping).intervals
    except BadInput as error:
        return str(error)
    return found.channels, found.slots, found.wh.tolist(), found.quality.tolist()


@settings(
    deadline=None, max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(tables())
def test_all_at_once_is_as_one_by_one(tmp_path, table):
    text, mapping = table
    path = tmp_path / "table.csv"
    path.write_text(text)
    quick = told(path, mapping)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(wide_tables, "_at_once", lambda *_: None)
        assert told(path, mapping) == quick
