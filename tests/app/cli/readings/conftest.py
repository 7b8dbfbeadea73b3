"""A folder with metering points, a mapping and files of readings, and commands run in it."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest

from gridpact.app.cli.commands import run_command

POINTS = """\
gridpact: 1
points:
  - {id: bakery, community: lane, timezone: Europe/Berlin, step_s: 900, largest_w: 20000}
  - {id: school, community: lane, timezone: Europe/Berlin, step_s: 900}
"""
MAP = """\
gridpact: 1
time: Zeit
timezone: Europe/Berlin
separator: ";"
decimal: ","
columns:
  - {column: Bezug, point: bakery}
  - {column: Einspeisung, point: bakery, register: injection}
"""
DAY = 96


def table(values, name="march.csv"):
    """A CSV file of quarter-hours of 1 March 2026: ``{slot: (withdrawal, injection)}`` in Wh."""
    rows = ["Zeit;Bezug;Einspeisung"]
    for slot in range(DAY):
        pair = values.get(slot, (250, 0))
        cells = ("" if each is None else f"{each / 1000:.3f}".replace(".", ",") for each in pair)
        rows.append(f"2026-03-01T{slot // 4:02}:{slot % 4 * 15:02};{';'.join(cells)}")
    return "\n".join(rows) + "\n"


@pytest.fixture
def place(tmp_path, monkeypatch, capsys):
    """Run commands in a folder of its own: ``place.say(...)`` gives lines, ``place.json(...)``."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "points.yaml").write_text(POINTS)
    (tmp_path / "map.yaml").write_text(MAP)
    (tmp_path / "march.csv").write_text(table({9: (300, 0), 20: (None, 0)}))

    def say(*words, code=0):
        found = run_command([str(word) for word in words])
        out, err = capsys.readouterr()
        assert found == code, err
        return out if code in (0, 1) else err

    def as_json(*words):
        return json.loads(say(*words, "--json"))

    say("readings", "init", "store", "--points", "points.yaml")
    return SimpleNamespace(folder=tmp_path, say=say, json=as_json, table=table)


@pytest.fixture
def stored(place):
    """The folder after the first import, known since 2 March, and a corrected one of 3 March."""
    store = ("--map", "map.yaml", "--into", "store", "--commit", "-q")
    place.say("import", "readings", "march.csv", *store, "--known-at", "2026-03-02T06:00")
    (place.folder / "corrected.csv").write_text(place.table({9: (310, 0), 20: (240, 0)}))
    place.say("import", "readings", "corrected.csv", *store, "--known-at", "2026-03-03T06:00")
    return place
