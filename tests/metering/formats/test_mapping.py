"""Mappings: every key, every fault with its line."""

import pytest

from gridpact.base.errors import BadInput
from gridpact.metering.formats.files import FORMATS, detect
from gridpact.metering.formats.mapping import ReadingsMap, load, parse
from gridpact.metering.readings import Channel


def faults(text):
    with pytest.raises(BadInput) as caught:
        parse(text.encode(), "map.yaml")
    assert all(fault.fix for fault in caught.value.faults)
    return [(fault.line, fault.where, fault.problem) for fault in caught.value.faults]


def test_a_whole_mapping():
    text = """gridpact: 1
format: csv
time: Zeit
timezone: Europe/Berlin
step_s: 900
columns:
  - {column: Bezug, point: p}
  - {column: Einspeisung, point: p, register: injection, unit: Wh}
points: {p: bakery}
"""
    found = parse(text.encode(), "map.yaml")
    assert found.zone == "Europe/Berlin"
    assert found.point("p") == "bakery"
    assert found.point("q") == "q"
    assert [column.channel for column in found.columns] == [
        Channel("p"),
        Channel("p", "injection"),
    ]


def test_every_fault_with_its_line():
    text = """gridpact: 2
format: xlsx
tiem: t
step_s: 15 min
columns:
  - {column: a}
  - {column: b, point: q, unti: kWh}
values: cumulative
"""
    found = faults(text)
    assert [(line, where) for line, where, _ in found] == [
        (1, "gridpact"),
        (2, "format"),
        (3, "tiem"),
        (4, "step_s"),
        (6, "columns[0]"),
        (7, "columns[1]"),
    ]


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("step_s: -1", "step_s"),
        ("step_s: 86401", "step_s"),
        ("rolls_over_wh: -5", "rolls_over_wh"),
        ("separator: ';;'", "separator"),
        ("decimal: ','", "separator"),
        ("point_column: p\nvalue_column: v\ncolumns: [{column: a, point: a}]", "columns"),
        ("point_column: p", "point_column"),
        ("point_column: p\nvalue_column: v\nwithdrawal_column: w", "value_column"),
        ("value_column: v", "value_column"),
        ("point_column: p\nvalue_column: v\nregister_column: r", "register_column"),
        ("point_column: p\nvalue_column: v\nmeter_column: m", "meter_column"),
        ("quality_column: q\nvalues: cumulative", "quality_column"),
        ("clock_changes: filled", "clock_changes"),
        ("first_at: 2026-03-01T00:00:00", "first_at"),
        ("first_at: yesterday", "first_at"),
        ("every_s: 0", "every_s"),
    ],
)
def test_contradictions(text, where):
    assert where in [place for _, place, _ in faults(text)]


@pytest.mark.parametrize("text", ["", "- a", "just text", "a: [", "time: {a: 1}"])
def test_what_is_no_mapping(text):
    assert faults(text)


def test_national_formats_know_their_clock_and_stamps():
    enedis, datadis = ReadingsMap(format="enedis"), ReadingsMap(format="datadis")
    assert (enedis.zone, enedis.changes, enedis.stamped_at_end) == (
        "Europe/Paris",
        "in-order",
        True,
    )
    assert (datadis.zone, datadis.changes) == ("Europe/Madrid", "in-order")
    assert (ReadingsMap().zone, ReadingsMap().changes, ReadingsMap().stamped_at_end) == (
        "UTC",
        "refuse",
        False,
    )
    assert not ReadingsMap(format="enedis", stamp="start").stamped_at_end


def test_files_that_are_not_there(tmp_path):
    with pytest.raises(BadInput, match=r"map\.yaml"):
        load(tmp_path / "map.yaml")
    with pytest.raises(BadInput, match=r"no regular file|a folder"):
        load(tmp_path)


def test_detection_by_content_then_by_name(tmp_path):
    begins = {
        "a.bin": (b"PAR1....", "parquet"),
        "b.txt": (b"\r\n/ISK5\\2M550", "p1"),
        "c.xml": (b"\xef\xbb\xbf<?xml version='1.0'?>\n<!-- x -->\n<feed>", "espi"),
        "d.csv": (b"\xef\xbb\xbfIdentifiant PRM;Type", "enedis"),
        "e.csv": (b'"CUPS";"Fecha";"Hora";x', "datadis"),
        "f.csv": (b"a,b", "csv"),
        "g.dat": (b"a,b", ""),
    }
    for name, (data, form) in begins.items():
        (tmp_path / name).write_bytes(data)
        assert detect(tmp_path / name) == form
        assert form == "" or form in FORMATS
