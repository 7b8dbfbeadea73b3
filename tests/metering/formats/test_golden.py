"""Files made after each format's structure from known energy, against what is read from them."""

import json
from datetime import datetime
from itertools import pairwise
from pathlib import Path

import pytest

from gridpact.base.slots import iso
from gridpact.metering.formats.files import read
from gridpact.metering.formats.mapping import load

CASES = Path(__file__).parents[2] / "cases" / "readings"
KEPT = ("map.yaml", "expected.json", "made.md", "by_dsmr_parser.json")


def cases():
    return sorted(path.name for path in CASES.iterdir() if (path / "expected.json").is_file())


def the_file(case):
    (path,) = (path for path in (CASES / case).iterdir() if path.name not in KEPT)
    return path


def name(channel):
    return f"{channel.point} {channel.register}"


@pytest.mark.parametrize("case", cases())
def test_energy_marks_and_displays(case):
    expected = json.loads((CASES / case / "expected.json").read_text())
    found = read(the_file(case), load(CASES / case / "map.yaml"))
    intervals = found.intervals
    assert iso(intervals.slots.start) == expected["start"]
    assert intervals.slots.step == expected["step_s"]
    names = [name(channel) for channel in intervals.channels]
    there = intervals.quality != 0
    cells = [
        [wh if known else None for wh, known in zip(*row, strict=True)]
        for row in zip(intervals.wh.tolist(), there.tolist(), strict=True)
    ]
    assert dict(zip(names, cells, strict=True)) == expected["wh"]
    if "quality" in expected:
        marks = dict(zip(names, intervals.quality.tolist(), strict=True))
        assert marks == expected["quality"]
    shown = found.displays
    displays = [
        [name(shown.channels[channel]), iso(at), reading, meter]
        for channel, at, reading, meter in zip(
            shown.channel.tolist(),
            shown.at_s.tolist(),
            shown.reading_wh.tolist(),
            shown.meter,
            strict=True,
        )
    ]
    assert displays == expected["displays"]


def test_telegrams_against_another_reader():
    case = CASES / "p1_dsmr5_october"
    expected = json.loads((case / "by_dsmr_parser.json").read_text())["telegrams"]
    found = read(the_file("p1_dsmr5_october"), load(case / "map.yaml"))
    intervals = found.intervals
    sides = {name(channel): row for row, channel in enumerate(intervals.channels)}
    assert len(expected) == intervals.slots.count + 1
    for slot, (before, after) in enumerate(pairwise(expected)):
        assert before["at"] == iso(intervals.slots.start + slot * 900)
        withdrawn = sum(after[key] - before[key] for key in ("wh_1.8.1", "wh_1.8.2"))
        injected = sum(after[key] - before[key] for key in ("wh_2.8.1", "wh_2.8.2"))
        assert intervals.wh[sides["bakery withdrawal"], slot] == withdrawn
        assert intervals.wh[sides["bakery injection"], slot] == injected


def test_every_format_tells_itself():
    from gridpact.metering.formats.files import detect

    told = {case: detect(the_file(case)) for case in cases()}
    assert {case: form for case, form in told.items() if not case.startswith(form)} == {
        "table_exchange": "csv",
        "table_roll_over": "csv",
        "green_button": "espi",
    }


def test_stamps_of_cases_are_instants():
    for case in cases():
        expected = json.loads((CASES / case / "expected.json").read_text())
        assert datetime.fromisoformat(expected["start"]).utcoffset() is not None
