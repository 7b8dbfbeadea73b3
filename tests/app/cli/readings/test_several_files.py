"""Files of one import, stored together or not at all; registers of points of several sizes."""

import pytest

POINTS = """gridpact: 1
points:
  - {id: small, step_s: 900, rolls_over_wh: 100000}
  - {id: large, step_s: 900, rolls_over_wh: 1000000}
  - {id: unsaid, step_s: 900}
"""
CUMULATIVE = """gridpact: 1
time: time
values: cumulative
columns:
  - {column: small, point: small}
  - {column: large, point: large}
"""


@pytest.fixture
def meters(place):
    """A store of meters whose registers have two sizes, each rolling over in ``roll.csv``."""
    (place.folder / "meters.yaml").write_text(POINTS)
    place.say("readings", "init", "meters", "--points", "meters.yaml")
    (place.folder / "cumulative.yaml").write_text(CUMULATIVE)
    rows = ["time,small,large", "2026-03-01T00:00,99.915,999.900", "2026-03-01T00:15,0.021,0.004"]
    (place.folder / "roll.csv").write_text("\n".join(rows) + "\n")
    return place


def test_registers_roll_over_at_the_size_of_their_point(meters):
    words = ("import", "readings", "roll.csv", "--map", "cumulative.yaml", "--into", "meters")
    meters.say(*words, "--commit")
    found = meters.json("readings", "show", "meters", "--register", "withdrawal")
    values = {
        channel["point"]: channel["values"][0]["wh"] for channel in found if channel["values"]
    }
    assert values == {"small": 106, "large": 104}


def test_a_size_of_the_mapping_that_a_point_contradicts_is_refused(meters):
    text = (meters.folder / "cumulative.yaml").read_text()
    (meters.folder / "cumulative.yaml").write_text(text + "rolls_over_wh: 1000000\n")
    words = ("import", "readings", "roll.csv", "--map", "cumulative.yaml", "--into", "meters")
    told = meters.say(*words, "--commit", code=2)
    assert "registers of small count to 100,000 Wh in the store" in told
    assert "leave it out of the mapping" in told
    assert meters.json("readings", "imports", "meters") == []


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ("", "the withdrawal register of unsaid runs backwards"),
        ("backwards: roll-over\n", "roll-over needs the size of the registers of unsaid"),
    ],
)
def test_registers_of_no_known_size_do_not_roll_over(meters, more, told):
    text = (meters.folder / "cumulative.yaml").read_text()
    text = text.replace("{column: small, point: small}", "{column: small, point: unsaid}")
    (meters.folder / "cumulative.yaml").write_text(text + more)
    words = ("import", "readings", "roll.csv", "--map", "cumulative.yaml", "--into", "meters")
    assert told in meters.say(*words, code=2)


def test_files_that_contradict_each_other_store_nothing(place):
    (place.folder / "other.csv").write_text(place.table({9: (310, 0)}))
    (place.folder / "third.csv").write_text(place.table({7: (310, 0), 9: (300, 0)}))
    words = ("import", "readings", "march.csv", "other.csv", "third.csv", "--map", "map.yaml")
    when = ("--into", "store", "--known-at", "2026-03-05T00:00", "--commit")
    files = sorted(place.folder.rglob("*"))
    told = place.say(*words, *when, code=2)
    assert "nothing was changed" in told
    assert "other.csv: bakery withdrawal: 2026-03-01T01:15:00Z has another value" in told
    assert "third.csv: bakery withdrawal: 2026-03-01T00:45:00Z has another value" in told
    assert place.json("readings", "imports", "store") == []
    assert sorted(place.folder.rglob("*")) == files


def test_files_are_stored_together_with_numbers_of_their_own(place):
    late = place.table({}).replace("2026-03-01T", "2026-03-02T")
    (place.folder / "late.csv").write_text(late)
    words = ("import", "readings", "march.csv", "late.csv", "--map", "map.yaml", "--into", "store")
    said = place.say(*words, "--commit")
    assert "march.csv: stored as import 1" in said
    assert "late.csv: stored as import 2" in said
    assert [path.name for path in (place.folder / "store" / "commits").iterdir()] == [
        "00000001.json"
    ]
    said = place.say(*words, "--commit")
    assert said.count("it changes nothing") == 2
    (version,) = place.json("readings", "versions", "store", "--point", "bakery",
                            "--slot", "2026-03-02T02:15")["versions"]  # fmt: skip
    assert version["file"] == "late.csv"
