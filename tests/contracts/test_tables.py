"""Tables of data: read exactly, refused whole with every fault, and cheap when hostile."""

import csv
import io
import re
import time
from datetime import datetime

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.base.errors import BadInput
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


def written(tmp_path, data, name="data.csv"):
    path = tmp_path / name
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return path


def plain(world):
    """A world as lists, None where absent."""
    found = {}
    for name, entry in world.items():
        known = entry if isinstance(entry, Known) else Known(entry, np.ones(entry.shape, bool))
        assert known.values.dtype == np.int64
        cells = np.where(known.present, known.values.astype(object), None)
        found[name] = cells.tolist()
    return found


def refused(tmp_path, data, needs=NEEDS, name="data.csv", **more):
    """Faults of a table as texts, its path left out."""
    path = written(tmp_path, data, name)
    with pytest.raises(BadInput) as told:
        read_world(path, needs, **more)
    return [str(fault).removeprefix(str(path)) for fault in told.value.faults]


def test_values_units_offsets_and_gaps(tmp_path):
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
def test_spellings_of_the_same_table(tmp_path, change):
    world, slots = read_world(written(tmp_path, change(HEAD + ROWS)), NEEDS)
    again, same = read_world(written(tmp_path, HEAD + ROWS), NEEDS)
    assert (plain(world), slots) == (plain(again), same)


CELLS = st.none() | st.integers(-INT64_MAX, INT64_MAX) | st.sampled_from([0, INT64_MAX, -INT64_MAX])


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
@given(tables())
def test_what_is_written_is_read_and_both_agree_with_the_standard_library(tmp_path_factory, table):
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
@given(tables(), st.booleans())
def test_parquet_gives_the_same_as_csv(tmp_path_factory, table, as_text):
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


def test_paths_in_any_order_of_rows(tmp_path):
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


def test_choices_may_be_open_where_that_is_said(tmp_path):
    text = "\n".join(line.rpartition(",")[0] for line in (HEAD + ROWS).splitlines()) + "\n"
    world, _ = read_world(written(tmp_path, text), NEEDS, open_choices=True)
    assert set(world) == {"metered:generation", "spot"}
    (fault,) = refused(tmp_path, text)
    assert fault == (
        ":1: choice:exercise: the table has no column of this choice; it has "
        "metered:generation [Wh], spot [micro/kWh]. Fix: add a column headed 'choice:exercise'."
    )


def change(number, **cells):
    """The table with some cells of a row replaced by name."""
    header, *rows = (HEAD + ROWS).splitlines()
    names = [name.partition(" ")[0].rpartition(":")[2] for name in header.split(",")]
    row = rows[number].split(",")
    for name, cell in cells.items():
        row[names.index(name)] = cell
    rows[number] = ",".join(row)
    return "\n".join([header, *rows, ""])


@pytest.mark.parametrize(
    ("cell", "problem"),
    [
        ("nan", "'nan' is not a finite number"),
        ("-inf", "'-inf' is not a finite number"),
        ("Infinity", "'Infinity' is not a finite number"),
        ("N/A", "'N/A' is not a finite number"),
        ("1.5", "'1.5' is not a whole number"),
        ("1.0", "'1.0' is not a whole number"),
        ("1e3", "'1e3' is not a whole number"),
        ("9223372036854775808", "9223372036854775808 does not fit 64 bits"),
        ("-9223372036854775808", "-9223372036854775808 does not fit 64 bits"),
        ("9" * 10_000, f"{'9' * 40} does not fit 64 bits"),
        ("1_000", "'1_000' is not a number"),
        ("0x10", "'0x10' is not a number"),
        ("=2+2", "'=2+2' is not a number"),
        ("١٢", "'١٢' is not a number"),
        ("80 EUR/MWh", "'80 EUR/MWh' is not a number"),
    ],
)
def test_cells_that_are_no_whole_numbers(tmp_path, cell, problem):
    (fault,) = refused(tmp_path, change(1, spot=cell))
    assert fault.startswith(f":3: spot: {problem}. Fix: ")


@pytest.mark.parametrize(
    ("cell", "problem"),
    [
        ("2026-06-15T01:00", "'2026-06-15T01:00' has no offset from UTC"),
        ("2026-06-15", "'2026-06-15' is not an instant"),
        ("2026-06-31T01:00Z", "'2026-06-31T01:00Z' is not an instant"),
        ("2026-06-15T25:00Z", "'2026-06-15T25:00Z' is not an instant"),
        ("2026-06-15T01:00:00.5Z", "'2026-06-15T01:00:00.5Z' is not an instant"),
        ("2026-06-15T01:00+25:00", "'2026-06-15T01:00+25:00' has no offset from UTC"),
        ("0001-01-01T00:00Z", "'0001-01-01T00:00Z' is not an instant"),
        ("1781485200", "'1781485200' is not an instant"),
        ("", "'' is not an instant"),
        ("2026-06-15T00:00Z", "the slot at 2026-06-15T00:00:00Z comes twice"),
        ("2026-06-14T23:00Z", "2026-06-14T23:00:00Z comes after 2026-06-15T00:00:00Z"),
    ],
)
def test_starts_that_are_none(tmp_path, cell, problem):
    table = (HEAD + ROWS).replace("2026-06-15T01:00:00Z", cell)
    faults = refused(tmp_path, table)
    assert faults[0].startswith(f":3: slot_start: {problem}. Fix: ")


def test_a_gap_of_slots_is_not_an_empty_cell(tmp_path):
    (fault,) = refused(
        tmp_path,
        "slot_start,x\n2026-06-15T00:00Z,1\n2026-06-15T01:00Z,1\n2026-06-15T02:00Z,1\n"
        "2026-06-15T04:00Z,1\n",
        None,
    )
    assert fault.startswith(
        ":5: slot_start: 2026-06-15T04:00:00Z does not follow 2026-06-15T02:00:00Z by 3600 s"
    )


@pytest.mark.parametrize(
    ("rows", "problem"),
    [
        (["2026-06-15T00:00Z,1"], ":2: slot_start: the table needs two slots or more in order"),
        (
            ["2026-06-15T00:10Z,1", "2026-06-15T01:10Z,1"],
            ":2: slot_start: slots of 3600 s begin on whole steps of UTC",
        ),
        ([], ":1: the table has no rows"),
    ],
)
def test_rows_that_make_no_slots(tmp_path, rows, problem):
    (fault,) = refused(tmp_path, "\n".join(["slot_start,x", *rows, ""]), None)
    assert fault.startswith(problem)


@pytest.mark.parametrize(
    ("rows", "problem"),
    [
        (["1,00", "1,01", "2,00"], ":4: path: path 2 has 1 slot, path 1 has 2"),
        (
            ["1,00", "1,01", "2,00", "2,02"],
            ":5: slot_start: from this row on, path 2 has other slots than path 1",
        ),
        (["1,00", "1,01", ",00", "2,01"], ":4: path: the row has no path"),
        (["1,00", "1,01", "1.5,00", "2,01"], ":4: path: '1.5' is not a whole number"),
        (["1,01", "1,00", "2,01", "2,00"], ":2: slot_start: the table needs two slots of path 1"),
    ],
)
def test_paths_must_be_alike(tmp_path, rows, problem):
    lines = [re.sub(r"(\d\d)$", r"2026-06-15T\1:00Z,7", row) for row in rows]
    (fault,) = refused(tmp_path, "\n".join(["path,slot_start,x", *lines, ""]), None)
    assert fault.startswith(problem)


@pytest.mark.parametrize(
    ("head", "problem"),
    [
        (
            "slot_start,metered:generation [kWh],spot,choice:exercise",
            (
                ":1: metered:generation [kWh]: the column is in 'kWh', the contract needs Wh. "
                "Fix: write whole numbers of Wh and head the column 'metered:generation [Wh]' "
                "(1 kWh is 1000 Wh)."
            ),
        ),
        (
            "slot_start,metered:generation,spot [EUR/MWh],choice:exercise",
            (
                ":1: spot [EUR/MWh]: the column is in 'EUR/MWh', the contract needs micro/kWh. "
                "Fix: write whole numbers of micro/kWh and head the column 'spot [micro/kWh]' "
                "(1 EUR/MWh is 1000 micro/kWh)."
            ),
        ),
        (
            "slot_start,metered:generation,spott,choice:exercise",
            (
                ":1: spot: the table has no column of this series; it has metered:generation, "
                "spott, choice:exercise. Fix: did you mean 'spott'? head it 'spot [micro/kWh]'."
            ),
        ),
        (
            "Slot-Start,metered:generation,spot,choice:exercise",
            ":1: slot_start: the table has no column 'slot_start'. Fix: rename 'Slot-Start'.",
        ),
        (
            "slot_start,metered:generation,spot,spot [micro/kWh],choice:exercise",
            (
                ":1: spot [micro/kWh]: columns 3 and 4 are both named 'spot'. "
                "Fix: keep one of them, or rename it."
            ),
        ),
    ],
)
def test_headers(tmp_path, head, problem):
    width = head.count(",")
    rows = [f"2026-06-15T0{hour}:00Z" + ",1" * width for hour in range(2)]
    assert refused(tmp_path, "\n".join([head, *rows, ""])) == [problem]


def test_without_needs_every_header_must_be_a_series(tmp_path):
    rows = "".join(f"2026-06-15T0{hour}:00Z,1,2,3,4\n" for hour in range(2))
    faults = refused(tmp_path, "slot_start,my note,a [EUR/MWh],b [furlong],\n" + rows, None)
    assert [fault.split(". Fix")[0] for fault in faults] == [
        ":1: column 5 is headed '', not a series' name",
        ":1: a [EUR/MWh]: the column is in 'EUR/MWh', which is no unit of terms",
        ":1: b [furlong]: the column is in 'furlong', which is no unit of terms",
        ":1: my note: column 2 is headed 'my note', not a series' name",
    ]


def test_everything_that_is_wrong_is_told_at_once(tmp_path):
    text = (
        "slot_start,metered:generation [kWh],spot\n"
        "2026-06-15T00:00Z,1.5,nan\n"
        "2026-06-15T01:00,inf,2\n"
        "\n"
        "2026-06-15T03:00Z,1,2,3\n"
        '2026-06-15T04:00Z,5"5,2\n'
        "2026-06-15T05:00Z,1,2"
    )
    faults = refused(tmp_path, text)
    assert [fault.split(" ")[0] + " " + fault.split(" ")[1] for fault in faults] == [
        ":1: choice:exercise:",
        ":1: metered:generation",
        ":2: metered:generation:",
        ":2: spot:",
        ":3: metered:generation:",
        ":3: slot_start:",
        ":4: the",
        ":5: 4",
        ":6: a",
        ":7: the",
    ]


def test_many_like_faults_are_counted(tmp_path):
    rows = [f"2026-06-{day:02}T{hour:02}:00Z,x" for day in range(1, 5) for hour in range(24)]
    faults = refused(tmp_path, "\n".join(["slot_start,spot", *rows, ""]), None)
    assert len(faults) == 21
    assert "(and 75 more rows are faulty in this column)" in faults[-1]


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", ": the table is empty"),
        (b"\n\n", ": the table is empty"),
        (b"slot_start\0", ": the file holds binary data"),
        (b"slot_start,x\n\xff,1\n", ":2: this line is not UTF-8 text"),
        (b"slot_start;spot\n2026-06-15T00:00Z;1\n", ":1: the columns are separated by ';'"),
        (b"slot_start\tspot\n", ":1: the columns are separated by tabs"),
        (b"PAR1 not quite", ": this is not a whole Parquet file"),
    ],
)
def test_files_that_are_no_tables(tmp_path, data, problem):
    (fault,) = refused(tmp_path, data)
    assert fault.startswith(problem)


def parquet(frame):
    stream = io.BytesIO()
    frame.write_parquet(stream)
    return stream.getvalue()


def hours(zone="UTC"):
    text = pl.Series(["2026-06-15T00:00:00", "2026-06-15T01:00:00"])
    return text.str.to_datetime(time_zone=zone)


@pytest.mark.parametrize(
    ("values", "problems"),
    [
        (
            pl.Series([1.0, float("nan")]),
            [": x: the column holds Float64", ":2: x: 'nan' is not a finite number"],
        ),
        (
            pl.Series([0.5, float("inf")]),
            [
                ": x: the column holds Float64",
                ":1: x: '0.5' is not a whole number",
                ":2: x: 'inf' is not a finite number",
            ],
        ),
        (pl.Series([1, 2**63], dtype=pl.UInt64), [":2: x: 9223372036854775808 does not fit"]),
        (pl.Series([1, -(2**63)]), [":2: x: -9223372036854775808 does not fit"]),
        (pl.Series([True, False]), [": x: the column holds Boolean"]),
        (pl.Series(["1", "2.5"]), [":2: x: '2.5' is not a whole number"]),
    ],
)
def test_parquet_columns(tmp_path, values, problems):
    data = parquet(pl.DataFrame({"slot_start": hours(), "x": values}))
    faults = refused(tmp_path, data, None)
    assert len(faults) == len(problems)
    assert all(fault.startswith(problem) for fault, problem in zip(faults, problems, strict=True))


@pytest.mark.parametrize(
    ("column", "problem"),
    [
        (hours(None), ": slot_start: the instants have no time zone"),
        (pl.Series([0, 3600]), ": slot_start: the column holds Int64, not instants"),
        (hours().dt.offset_by("1ms"), ":1: slot_start: 2026-06-15 00:00:00.001000+00:00 is not"),
    ],
)
def test_parquet_instants(tmp_path, column, problem):
    faults = refused(tmp_path, parquet(pl.DataFrame({"slot_start": column, "x": [1, 2]})), None)
    assert faults[0].startswith(problem)


def test_a_zone_of_parquet_is_a_way_to_write_utc(tmp_path):
    data = parquet(pl.DataFrame({"slot_start": hours("Europe/Berlin"), "x": [1, 2]}))
    _, slots = read_world(written(tmp_path, data, "t.parquet"))
    assert slots == Slots(1781474400, 3600, 2)


def test_parquet_that_was_cut_or_altered_is_refused(tmp_path):
    frame = pl.DataFrame({"slot_start": hours(), "x": [1, 2]})
    data = parquet(frame)
    random = np.random.Generator(np.random.PCG64(1))
    for _ in range(150):
        spoilt = bytearray(data)
        spoilt[int(random.integers(4, len(data)))] ^= 1 << int(random.integers(8))
        path = written(tmp_path, bytes(spoilt), "t.parquet")
        try:
            world, slots = read_world(path)
        except BadInput:
            continue
        assert slots.count == 2  # a flipped bit in a value, or in what nobody reads
        assert set(map(type, world.values())) <= {np.ndarray, Known}
    for end in range(4, len(data), 97):
        assert len(refused(tmp_path, data[:end], None)) == 1


MEGA = 10_000_000
HOSTILE = {
    "commas": b"," * MEGA,
    "lines": b"\n" * MEGA,
    "short lines": b"a\n" * (MEGA // 2),
    "quotes": b'"' * MEGA,
    "quoted nothing": b'""' + b',""' * (MEGA // 3),
    "no instants": b"slot_start,x\n" + b"x,y\n" * (MEGA // 4),
    "one slot": b"slot_start,x\n" + b"2026-01-01T00:00Z,1\n" * (MEGA // 20),
    "ragged": b"slot_start,x\n" + b"1,2,3\n" * (MEGA // 6),
    "a long number": b"slot_start,x\n2026-01-01T00:00Z," + b"9" * MEGA + b"\n",
    "a long header": b"slot_start," + b"x" * MEGA + b"\n2026-01-01T00:00Z,1\n",
    "brackets": b"slot_start," + b"[" * MEGA + b"\n",
    "spaces": b"slot_start,a" + b" " * MEGA + b"x\n",
    "one name": b"slot_start" + b",spot" * 4000 + b"\n",
    "binary": b"\0" * MEGA,
    "parquet": b"PAR1" + b"\x15" * MEGA + b"PAR1",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_stay_cheap(tmp_path, name):
    begin = time.process_time()
    faults = refused(tmp_path, HOSTILE[name])
    assert time.process_time() - begin < 15  # a second or two; a quadratic step takes hours
    assert len(faults) < 100
    assert len("\n".join(faults)) < 20_000


def test_too_many_bytes_are_not_read(tmp_path, monkeypatch):
    monkeypatch.setattr("gridpact.contracts.tables.reading.MAX_BYTES", 20)
    (fault,) = refused(tmp_path, HEAD)
    assert "20 are read at most" in fault


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(FileNotFoundError):
        read_world(tmp_path / "none.csv")


def test_only_tables_of_slots_are_written():
    for shape in ((2,), (1, 2, 3)):
        with pytest.raises(ValueError, match=r"\[slots\] or \[paths, slots\]|broadcast"):
            write_world({"x": np.zeros(shape, dtype=np.int64)}, HOURS)
    assert write_world({}, HOURS).count("\n") == 4
