"""Tables of data are read exactly, and written so that they read back."""

import csv
import io
import re
from datetime import datetime

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.base.slots import Slots
from gridpact.contracts.evaluate import Known
from gridpact.contracts.needs import ChoiceNeed, Needs, SeriesNeed
from gridpact.contracts.tables import read_world, write_world

NEEDS = Needs(
    (SeriesNeed("metered:generation", "Wh"), SeriesNeed("spot", "micro/kWh")),
    (ChoiceNeed("exercise", "1", "bakery", 3600),),
)
HEAD = "slot_start,metered:generation [Wh],spot [micro/kWh],choice:exercise\n"
ROWS = """\
2026-06-15T00:00Z,1200,80000,1
2026-06-15T01:00:00Z,,-5,0
2026-06-15T04:00:00+02:00,7,90000,1
"""
HOURS = Slots(1781481600, 3600, 3)
INT64_MAX = 2**63 - 1
CELLS = st.none() | st.integers(-INT64_MAX, INT64_MAX) | st.sampled_from([0, INT64_MAX, -INT64_MAX])


def test_values_units_offsets_and_gaps(tmp_path, written, plain):
    world, slots = read_world(written(tmp_path, HEAD + ROWS), NEEDS)
    assert slots == HOURS
    assert plain(world) == {
        "metered:generation": [1200, None, 7],
        "spot": [80000, -5, 90000],
        "choice:exercise": [1, 0, 1],
    }


@pytest.mark.parametrize(
    "change",
    [
        lambda text: "\ufeff" + text,
        lambda text: text.replace("\n", "\r\n"),
        lambda text: re.sub(r"[^,\n]+", r'"\g<0>"', text),
        lambda text: text.replace(",", " , "),
        lambda text: text.replace(" [Wh]", "").replace(" [micro/kWh]", "[micro/kWh]"),
        lambda text: text.replace("1200", "+1200").replace("T0", " 0").replace("+02:00", "+0200"),
        lambda text: (
            text.replace("exercise\n", "exercise,note\n")
            .replace("1\n", "1,dull\n")
            .replace("0\n", "0,\n")
        ),
        lambda text: text + "\n\n",
    ],
)
def test_spellings_of_the_same_table(tmp_path, change, written, plain):
    world, slots = read_world(written(tmp_path, change(HEAD + ROWS)), NEEDS)
    again, same = read_world(written(tmp_path, HEAD + ROWS), NEEDS)
    assert (plain(world), slots) == (plain(again), same)


@st.composite
def tables(draw):
    """Rows as lists, with or without paths, and the slots."""
    slots = Slots(draw(st.integers(-(10**5), 10**6)) * 900, 900, draw(st.integers(2, 6)))
    names = draw(st.lists(st.sampled_from(["a", "spot", "b:c@d.v1"]), unique=True, min_size=1))
    paths = draw(st.sampled_from([0, 1, 3]))
    count = max(paths, 1) * slots.count
    cells = {name: draw(st.lists(CELLS, min_size=count, max_size=count)) for name in names}
    return slots, paths, cells


def as_world(slots, paths, cells):
    shape = (paths, slots.count) if paths else (slots.count,)
    return {
        name: Known(
            np.array([cell or 0 for cell in column], dtype=np.int64).reshape(shape),
            np.array([cell is not None for cell in column]).reshape(shape),
        )
        for name, column in cells.items()
    }


@settings(deadline=None)
@given(table=tables())
def test_what_is_written_is_read_and_both_agree_with_the_standard_library(
    tmp_path_factory, table, plain
):
    slots, paths, cells = table
    world = as_world(*table)
    text = write_world(world, slots, {"spot": "micro/kWh"})
    rows = list(csv.DictReader(io.StringIO(text)))
    for name, column in cells.items():
        header = "spot [micro/kWh]" if name == "spot" else name
        assert [int(row[header]) if row[header] else None for row in rows] == column
    starts = [int(datetime.fromisoformat(row["slot_start"]).timestamp()) for row in rows]
    assert starts == slots.starts().tolist() * max(paths, 1)
    path = tmp_path_factory.mktemp("t") / "t.csv"
    path.write_text(text)
    again, same = read_world(path)
    assert same == slots
    assert plain(again) == plain(world)


@settings(deadline=None, max_examples=50)
@given(table=tables(), as_text=st.booleans())
def test_parquet_gives_the_same_as_csv(tmp_path_factory, table, as_text, plain):
    slots, _, _ = table
    place = tmp_path_factory.mktemp("t")
    (place / "t.csv").write_text(write_world(as_world(*table), slots))
    frame = pl.read_csv(place / "t.csv", try_parse_dates=not as_text)
    if not as_text:
        assert frame["slot_start"].dtype == pl.Datetime("us", "UTC")
    frame.write_parquet(place / "t.parquet")
    whole = {name: pl.Int64 for name, kind in frame.schema.items() if kind == pl.String}
    whole.pop("slot_start", None)  # a column without values has no type of its own
    frame.cast(whole).write_parquet(place / "t.parquet")
    assert plain(read_world(place / "t.parquet")[0]) == plain(read_world(place / "t.csv")[0])


def test_paths_in_any_order_of_rows(tmp_path, written, plain):
    rows = {
        (path, hour): f"{path},2026-06-15T{hour:02}:00Z,{100 * path + hour}"
        for path in (2, 10)
        for hour in range(3)
    }
    by_path = [rows[key] for key in sorted(rows)]
    by_slot = [rows[key] for key in sorted(rows, key=lambda key: (key[1], -key[0]))]
    for lines in (by_path, by_slot):
        world, slots = read_world(
            written(tmp_path, "\n".join(["path,slot_start,spot", *lines, ""]))
        )
        assert slots == HOURS
        assert plain(world) == {"spot": [[200, 201, 202], [1000, 1001, 1002]]}


def test_choices_may_be_open_where_that_is_said(tmp_path, written, refused):
    text = "\n".join(line.rpartition(",")[0] for line in (HEAD + ROWS).splitlines()) + "\n"
    world, _ = read_world(written(tmp_path, text), NEEDS, open_choices=True)
    assert set(world) == {"metered:generation", "spot"}
    (fault,) = refused(tmp_path, text)
    assert fault == (
        ":1: choice:exercise: the table has no column of this choice; it has "
        "metered:generation [Wh], spot [micro/kWh]. Fix: add a column headed 'choice:exercise'."
    )
