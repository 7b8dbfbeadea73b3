"""Tables of data are refused whole, with every fault."""

import re

import pytest

HEAD = "slot_start,metered:generation [Wh],spot [micro/kWh],choice:exercise\n"
ROWS = """\
2026-06-15T00:00Z,1200,80000,1
2026-06-15T01:00:00Z,,-5,0
2026-06-15T04:00:00+02:00,7,90000,1
"""


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
def test_cells_that_are_no_whole_numbers(tmp_path, cell, problem, refused):
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
def test_starts_that_are_none(tmp_path, cell, problem, refused):
    table = (HEAD + ROWS).replace("2026-06-15T01:00:00Z", cell)
    faults = refused(tmp_path, table)
    assert faults[0].startswith(f":3: slot_start: {problem}. Fix: ")


def test_a_gap_of_slots_is_not_an_empty_cell(tmp_path, refused):
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
def test_rows_that_make_no_slots(tmp_path, rows, problem, refused):
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
def test_paths_must_be_alike(tmp_path, rows, problem, refused):
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
def test_headers(tmp_path, head, problem, refused):
    width = head.count(",")
    rows = [f"2026-06-15T0{hour}:00Z" + ",1" * width for hour in range(2)]
    assert refused(tmp_path, "\n".join([head, *rows, ""])) == [problem]


def test_without_needs_every_header_must_be_a_series(tmp_path, refused):
    rows = "".join(f"2026-06-15T0{hour}:00Z,1,2,3,4\n" for hour in range(2))
    faults = refused(tmp_path, "slot_start,my note,a [EUR/MWh],b [furlong],\n" + rows, None)
    assert [fault.split(". Fix")[0] for fault in faults] == [
        ":1: column 5 is headed '', not a series' name",
        ":1: a [EUR/MWh]: the column is in 'EUR/MWh', which is no unit of terms",
        ":1: b [furlong]: the column is in 'furlong', which is no unit of terms",
        ":1: my note: column 2 is headed 'my note', not a series' name",
    ]


def test_everything_that_is_wrong_is_told_at_once(tmp_path, refused):
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


def test_many_like_faults_are_counted(tmp_path, refused):
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
def test_files_that_are_no_tables(tmp_path, data, problem, refused):
    (fault,) = refused(tmp_path, data)
    assert fault.startswith(problem)
