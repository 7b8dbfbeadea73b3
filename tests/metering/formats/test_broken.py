"""Broken files: every fault is named with its line, and nothing but a fault is raised."""

import contextlib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gridpact.base.errors import BadInput
from gridpact.metering.formats.files import read
from gridpact.metering.formats.mapping import ReadingsMap, load
from gridpact.metering.formats.telegrams import crc16

CASES = Path(__file__).parents[2] / "cases" / "readings"
KEPT = {"map.yaml", "expected.json", "made.md", "by_dsmr_parser.json"}
NAMES = sorted(path.name for path in CASES.iterdir() if path.is_dir())


def golden(case):
    (path,) = (path for path in (CASES / case).iterdir() if path.name not in KEPT)
    return path


def content(case):
    return golden(case).read_bytes()


LONG = "time: t\npoint_column: p\nvalue_column: v"


@pytest.mark.parametrize("case", NAMES)
@pytest.mark.parametrize("kind", ["empty", "binary", "half a line", "latin"])
def test_no_file_of_any_format_is_read_in_part(case, kind, tmp_path):
    data = content(case)
    broken = {
        "empty": b"",
        "binary": data[:40] + b"\0\1\2\3\0" + data[45:],
        "half a line": data[: len(data) * 2 // 3].rstrip(),
        "latin": data[:-60] + b"\xe9\xff" + data[-58:],
    }[kind]
    path = tmp_path / golden(case).name
    path.write_bytes(broken)
    mapping = load(CASES / case / "map.yaml")
    with pytest.raises(BadInput) as caught:
        read(path, mapping)
    assert all(fault.fix and fault.file == str(path) for fault in caught.value.faults)


@st.composite
def damages(draw):
    """A golden file with some of its bytes changed, removed or doubled."""
    case = draw(st.sampled_from(NAMES))
    data = bytearray(content(case))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(data) - 1))
        long = draw(st.integers(1, 40))
        piece = draw(st.sampled_from([b";", b"\n", b"9", b"<", b"-", b"\xc3", b"", "twice", "cut"]))
        if piece == "twice":
            data[at:at] = data[at : at + long]
        elif piece == "cut":
            del data[at : at + long]
        else:
            data[at : at + 1] = piece
    return case, bytes(data)


@given(damages())
@settings(
    deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_damage_is_read_or_refused_and_never_an_error(tmp_path, damage):
    case, data = damage
    path = tmp_path / golden(case).name
    path.write_bytes(data)
    mapping = load(CASES / case / "map.yaml")
    with contextlib.suppress(BadInput):
        intervals = read(path, mapping).intervals
        assert intervals.wh.shape == intervals.quality.shape == intervals.rule.shape
        assert (intervals.wh[intervals.quality == 0] == 0).all()
        return
    with pytest.raises(BadInput, match="Fix: "):
        read(path, mapping)


def test_every_fault_of_a_table_with_line_and_column(faults):
    text = (
        "t;p;v\n"
        "2026-06-15T00:00Z;a;1,5\n"
        "2026-06-15T00:15Z;a;1.5\n"
        "2026-06-15T00:30Z;;2\n"
        "gestern;a;2\n"
        "2026-06-15T00:45Z;a\n"
        "2026-06-15T01:00Z;a;2"
    )
    found = faults(text, f"{LONG}\nseparator: ';'\ndecimal: ','")
    assert [(line, where) for line, where, _ in found] == [
        (3, "v"),
        (4, "p"),
        (5, "t"),
        (6, ""),
        (7, ""),
    ]


def test_repeated_rows_off_grid_rows_and_mixed_lengths(faults, readings, rows):
    text = "t,p,v\n2026-06-15T00:00Z,a,1\n2026-06-15T00:15Z,a,1\n2026-06-15T00:15Z,a,1\n"
    assert faults(text, LONG) == [(4, "t", "this point and time came before")]
    text = text.replace("00:15Z,a,1\n2026-06-15T00:15", "00:15Z,a,1\n2026-06-15T00:37")
    text += "2026-06-15T00:45Z,a,1\n2026-06-15T01:00Z,a,1\n2026-06-15T01:15Z,a,1\n"
    assert faults(text, LONG) == [(4, "t", "the interval is not on the file's 900 s grid")]
    mixed = "t,p,v\n" + "".join(
        f"2026-06-15T{hour:02d}:{minute:02d}Z,{point},0.6\n"
        for point, minutes in (("a", (0, 30)), ("b", (0,)))
        for hour in (0, 1)
        for minute in minutes
    )
    (fault,) = faults(mixed, LONG)
    assert fault[2] == "the intervals have several lengths: 1800 s, 3600 s"
    assert rows(readings(mixed, f"{LONG}\nstep_s: 3600")) == {
        "a withdrawal": "1200 1200",
        "b withdrawal": "600 600",
    }


def test_the_wrong_zone_and_hours_off_whole_hours(faults, readings, rows):
    text = "t,p,v\n2026-03-29T01:30,a,1\n2026-03-29T02:30,a,1\n2026-03-29T03:30,a,1\n"
    found = faults(text, f"{LONG}\ntimezone: Europe/Berlin")
    assert found == [(3, "t", "this local time never occurred")]
    assert "no time zone" in faults(text, f"{LONG}\ntimezone: Mars/Olympus")[0][2]
    assert "no whole step of UTC" in faults(text, f"{LONG}\ntimezone: UTC")[0][2]
    found = readings(text, f"{LONG}\nstep_s: 1800")
    assert rows(found) == {"a withdrawal": "500 500 500 500 500 500"}
    twice = "t,p,v\n2026-10-25T01:00,a,1\n2026-10-25T02:00,a,1\n2026-10-25T03:00,a,1\n"
    assert "occurred twice" in faults(twice, f"{LONG}\ntimezone: Europe/Berlin")[0][2]


def test_registers_that_run_back(faults, readings, rows):
    text = "t,p,v\n2026-06-15T00:00Z,a,5\n2026-06-15T01:00Z,a,9\n2026-06-15T02:00Z,a,1\n"
    cumulative = f"{LONG}\nvalues: cumulative"
    assert faults(text, cumulative) == [(4, "v", "the withdrawal register of a runs backwards")]
    found = readings(text, f"{cumulative}\nrolls_over_wh: 10000")
    assert rows(found) == {"a withdrawal": "4000 2000"}
    found = readings(text, f"{cumulative}\nbackwards: exchange")
    assert rows(found) == {"a withdrawal": "4000 ."}
    assert found.displays.meter == ("a", "a", "a/2")


def test_stamps_that_are_centuries_apart(faults):
    text = "t,p,v\n1026-06-15T00:00Z,a,5\n2026-06-15T01:00Z,a,9\n2026-06-15T02:00Z,a,1\n"
    assert "the stamps reach from" in faults(text, LONG)[0][2]
    wide = "t,a\n1026-06-15T00:00Z,5\n2026-06-15T01:00Z,9\n2026-06-15T02:00Z,1\n"
    assert "the stamps reach from" in faults(wide, "time: t")[0][2]


def test_columns_that_are_not_there(faults):
    text = "when,p,v\n2026-06-15T00:00Z,a,5\n"
    assert faults(text, LONG) == [(1, "t", "the file has no such column")]
    assert "does not say which column" in faults(text, "separator: ','")[0][2]


def telegram(*lines):
    body = "\r\n".join(("/ABC5\\1", "", "1-3:0.2.8(50)", *lines, "!")).encode()
    return body + f"{crc16(body):04X}\r\n".encode()


WHOLE = ("0-0:1.0.0(260615120000S)", "0-0:96.1.1(4D31)", "1-0:1.8.1(000001.000*kWh)")


def test_the_checksum_of_a_known_text():
    assert crc16(b"123456789") == 0xBB3D  # the check value of CRC-16/ARC


def test_telegrams_that_are_damaged_or_cut_short(faults):
    good = telegram(*WHOLE)
    found = faults(good + good.replace(b"001.000", b"002.000"), "", "p1.txt")
    assert found == [(14, "CRC", "the checksum does not hold")]
    assert "cut short" in faults(good + good[:40], "", "p1.txt")[0][2]
    assert faults(good[:12] + b"\r\n" + good, "", "p1.txt")[0][0] == 1
    without = good[: good.rindex(b"!") + 1] + b"\r\n"
    assert faults(without, "", "p1.txt") == [(7, "CRC", "the checksum after ! is missing")]
    assert "belongs to no telegram" in faults(b"hello\n" + good, "format: p1", "p1.txt")[0][2]
    odd = telegram(*WHOLE[:2], "1-0:1.8.1(1*kWh)")
    assert faults(odd, "", "p1.txt")[0][:2] == (6, "1-0:1.8.1")
    assert "no register" in faults(telegram(*WHOLE[:2]), "", "p1.txt")[0][2]
    assert (
        "is no time" in faults(telegram("0-0:1.0.0(261315120000S)", *WHOLE[1:]), "", "a.txt")[0][2]
    )
    timeless = telegram(*WHOLE[1:])
    assert "says no time" in faults(timeless, "", "p1.txt")[0][2]


FEED = '<?xml version="1.0"?>\n{}<feed xmlns="http://www.w3.org/2005/Atom">{}</feed>\n'


def test_xml_that_would_expand_or_fetch_is_refused(faults):
    laughs = '<!DOCTYPE feed [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>\n'
    found = faults(FEED.format(laughs, "<entry>&b;</entry>"), "format: espi", "usage.xml")
    assert found == [(2, "DOCTYPE", "the file declares a document type")]
    outside = '<!DOCTYPE feed [<!ENTITY a SYSTEM "file:///etc/hostname">]>\n'
    found = faults(FEED.format(outside, "<entry>&a;</entry>"), "format: espi", "usage.xml")
    assert found == [(2, "DOCTYPE", "the file declares a document type")]


def test_green_button_faults(faults):
    text = content("green_button").decode()
    broken = text.replace("<value>15</value>", "<value>1.5</value>")
    (fault,) = faults(broken, "", "usage.xml")
    assert fault[1:] == ("value", "'1.5' is no whole number")
    assert text.split("\n")[fault[0] - 1].count("IntervalReading")
    (fault,) = faults(text.replace("</content>", "</contents>", 1), "", "usage.xml")
    assert "mismatched tag" in fault[2]
    assert fault[1].startswith("column ")
    unlinked = text.replace("ReadingType/2", "ReadingType/3", 1)
    assert "cannot be found" in faults(unlinked, "", "usage.xml")[0][2]


def test_national_files_name_what_they_cannot_read(faults):
    text = content("enedis_r63_october").decode()
    assert faults(text.replace(";PT10M;", ";P1D;", 1))[0][:2] == (2, "Pas")
    assert faults(text.replace(";R;PT", ";Q;PT", 1))[0][:2] == (2, "Nature")
    assert faults(text.replace(";W;", ";V;", 1))[0][:2] == (2, "Unite")
    assert faults(text.replace(";CONS;", ";GAZ;", 1))[0][:2] == (2, "Grandeur metier")
    text = content("datadis_october").decode()
    assert faults(text.replace(";02:00;", ";26:00;"))[0][:2] == (3, "hora")
    assert faults(text.replace("2026/10/25;03", "2026/13/25;03"))[0][:2] == (4, "fecha")
    assert faults(text.replace(";Real;", ";Inventada;", 1))[0][:2] == (2, "metodoObtencion")
    assert faults(text.replace("2026/10/25", "2026/10/24"))[0][2] == "the day has no such hour"
    assert "missing" in faults("cups;fecha;hora;kwh\nE;2026/01/01;1;2\n")[0][2]


@pytest.mark.parametrize("stamp", ["2026-03-01T00:15X", "2026-03-29T02:30"])
def test_an_unreadable_stamp_hides_no_row_that_comes_twice(tmp_path, stamp):
    path = tmp_path / "long.csv"
    rows = (
        "2026-03-01T00:00,bakery,1",
        f"{stamp},bakery,2",
        "2026-03-01T00:30,bakery,x",
        "2026-03-01T00:45,bakery,4",
        "2026-03-01T00:45,school,4",
        "2026-03-01T00:45,bakery,5",
        "2026-03-01T00:30,bakery,",
        "2026-03-01T00:30,bakery,6",
    )
    path.write_text("".join(f"{row}\n" for row in ("time,point,kwh", *rows)))
    columns = {"time": "time", "point_column": "point", "value_column": "kwh"}
    with pytest.raises(BadInput) as raised:
        read(path, ReadingsMap(timezone="Europe/Berlin", **columns))
    told = {fault.line: fault.problem for fault in raised.value.faults}
    assert sorted(told) == [3, 4, 7]
    assert "is not a number" in told[4]
    assert told[7] == "this point and time came before"
