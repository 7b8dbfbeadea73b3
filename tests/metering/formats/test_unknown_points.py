"""Points that a store does not know are told with all other faults, at their first row."""

from pathlib import Path

import pytest

from gridpact.base.errors import BadInput
from gridpact.metering.formats.files import read
from gridpact.metering.formats.mapping import load, parse

CASES = Path(__file__).parents[2] / "cases" / "readings"
KEPT = {"map.yaml", "expected.json", "made.md", "by_dsmr_parser.json"}


def faults(path, mapping, known):
    with pytest.raises(BadInput) as caught:
        read(path, mapping, known)
    return [(fault.line, fault.where, fault.problem) for fault in caught.value.faults]


@pytest.mark.parametrize("case", sorted(path.name for path in CASES.iterdir() if path.is_dir()))
def test_every_format_names_line_and_column(case):
    (path,) = (path for path in (CASES / case).iterdir() if path.name not in KEPT)
    mapping = load(CASES / case / "map.yaml")
    points = {channel.point for channel in read(path, mapping).intervals.channels}
    assert read(path, mapping, points).intervals.channels
    told = faults(path, mapping, {"another"})
    assert all(line > 0 and where for line, where, _ in told)
    for point in points:
        assert any(problem.startswith(f"{point}: the store has no") for _, _, problem in told)


def test_long_tables_tell_them_beside_other_faults(tmp_path):
    path = tmp_path / "long.csv"
    rows = [("00:00", "a", "1"), ("00:00", "x", "2"), ("00:15", "a", "?"), ("00:15", "x", "4")]
    rows += [("00:00", "y", "1"), ("00:15", "b", "5")]
    path.write_text("t,p,v\n" + "".join(f"2026-06-15T{t}Z,{p},{v}\n" for t, p, v in rows))
    mapping = parse(b"gridpact: 1\ntime: t\npoint_column: p\nvalue_column: v\n", "map.yaml")
    assert sorted(faults(path, mapping, {"a", "b"})) == [
        (3, "p", "x: the store has no such metering point (2 rows)"),
        (4, "v", "'?' is not a number"),
        (6, "p", "y: the store has no such metering point"),
    ]


def test_tables_without_other_faults_name_the_first_row(tmp_path):
    long, wide = tmp_path / "long.csv", tmp_path / "wide.csv"
    stamps = [f"2026-06-15T00:{minute:02}Z" for minute in (0, 15, 30)]
    long.write_text("t,p,v\n" + "".join(f"{at},{p},1\n" for p in "ax" for at in stamps))
    mapping = parse(b"gridpact: 1\ntime: t\npoint_column: p\nvalue_column: v\n", "map.yaml")
    expected = [(5, "p", "x: the store has no such metering point (3 rows)")]
    assert faults(long, mapping, {"a"}) == expected
    wide.write_text("t,a,x\n" + "".join(f"{at},1,2\n" for at in stamps))
    mapping = parse(b"gridpact: 1\ntime: t\n", "map.yaml")
    expected = [(1, "x", "x: the store has no such metering point")]
    assert faults(wide, mapping, {"a"}) == expected
