"""From meters to a store, a run on it, its allocation, and its readings back into a store."""

import json
from pathlib import Path

import polars as pl
import pytest

EXAMPLES = Path(__file__).resolve().parents[4] / "examples" / "readings"
RULES = """gridpact: sharing/1
timezone: Europe/Berlin
slot_minutes: 15
key: default-dynamic
members:
  - {point: bakery, role: consumer}
  - {point: school, role: prosumer}
"""
ROUND = """gridpact: 1
community: {name: Tiny Lane, slot_minutes: 60}
run: {from: 2026-06-15, days: 2, seed: 1}
sources:
  meters: {kind: readings, file: second}
members:
"""


@pytest.fixture
def lane(place):
    """A store of the example's day, as it was told first and as it was corrected."""
    place.say("readings", "init", "lane", "--points", EXAMPLES / "points.yaml")
    for name, known in (
        ("march-29", "2026-03-30T06:00"),
        ("march-29-corrected", "2026-04-02T09:30"),
    ):
        file = EXAMPLES / f"{name}.csv"
        into = ("--map", EXAMPLES / "map.yaml", "--into", "lane", "--commit", "-q")
        place.say("import", "readings", file, *into, "--known-at", known)
    (place.folder / "rules.yaml").write_text(RULES)
    return place


def run(lane, change="", out="day"):
    text = (EXAMPLES / "lane.yaml").read_text().replace("file: lane", f"file: lane{change}")
    (lane.folder / "lane.yaml").write_text(text)
    lane.say("run", "lane.yaml", "--out", out, "-q")
    return pl.read_parquet(lane.folder / out / "readings.parquet")


def shared(lane, store):
    done = lane.json("allocate", store, "--rules", "rules.yaml", "--period", "2026-03-29")
    return {each["point"]: each["received_wh"] for each in done["summary"]["points"]}


def test_a_day_runs_on_readings_and_shares_what_an_allocation_of_them_shares(lane):
    table = run(lane)
    assert table["withdrawal_wh"].sum() + 48336 - table["injection_wh"].sum() == 82435 + 11523
    settled = pl.read_csv(lane.folder / "day" / "statements.csv")
    taken = settled.filter((pl.col("contract") == "sharing") & (pl.col("kind") == "taken"))
    assert taken["energy_wh"].sum() == shared(lane, "lane")["bakery"] == 21723


def test_a_run_on_what_was_known_before_a_correction_differs(lane):
    now = run(lane)
    then = run(lane, ", as_of: 2026-03-31T00:00, gaps: allow", "then")
    assert [each["estimated"].sum() for each in (now, then)] == [0, 3 + 1]  # missing, suspect
    assert now["withdrawal_wh"].sum() != then["withdrawal_wh"].sum()
    told = lane.json("readings", "versions", "lane", "--point", "school", "--register",
                     "injection", "--slot", "2026-03-29T13:30")  # fmt: skip
    assert [each["wh"] for each in told["versions"]] == [61000, 1481]


def test_the_readings_of_a_run_go_into_a_store(lane):
    run(lane)
    lane.say("readings", "init", "after", "--run", "day")
    tried = lane.say("import", "run", "day", "--into", "after")
    assert "nothing was stored: add --commit" in tried
    (done,) = lane.json("import", "run", "day", "--into", "after", "--commit")
    assert (done["import"], done["new"], done["estimated"]) == (1, 4 * 92, 0)
    assert done["known_at"] == "2026-03-30T00:00:00Z"
    (again,) = lane.json("import", "run", "day", "--into", "after", "--commit")
    assert (again["imported_before"], again["new"]) == (True, 0)
    assert "nothing changes" in lane.say("import", "run", "day", "--into", "after")
    assert shared(lane, "after") == shared(lane, "lane")


def test_a_run_on_the_readings_of_a_run_meters_the_same(place):
    text = ROUND.partition("sources:")[0] + "generate: {homes: 3, pv_percent: 70}\n"
    (place.folder / "first.yaml").write_text(
        text + "faults: {readings_missing_percent: 3, readings_late_percent: 3}\n"
    )
    place.say("run", "first.yaml", "--out", "first", "-q")
    place.say("readings", "init", "second", "--run", "first")
    done = place.json("import", "run", "first", "--into", "second", "--commit")
    assert sum(each["estimated"] for each in done) > 0
    marks = {each["quality"] for each in place.json("readings", "quality", "second")}
    assert marks == {"measured", "estimated"}
    homes = [f"home-{row:02}" for row in (1, 2, 3)]
    members = [
        f"  - {{id: {home}, load: {{source: meters, column: mp-{home}}}, "
        f'assets: [{{kind: pv, source: meters, column: "mp-{home}:injection"}}]}}\n'
        for home in homes
    ]
    (place.folder / "again.yaml").write_text(ROUND + "".join(members))
    place.say("run", "again.yaml", "--out", "again", "-q")
    columns = ["slot_start", "metering_point", "withdrawal_wh", "injection_wh"]
    one, two = (
        pl.read_parquet(place.folder / name / "readings.parquet", columns=columns).sort(columns)
        for name in ("first", "again")
    )
    assert one.equals(two)


def test_a_run_goes_on_with_what_was_known_as_it_began(lane):
    run(lane)
    files = json.loads((lane.folder / "day" / "run.json").read_text())["files"]
    assert files["meters"]["as_of"] == "2026-04-02T09:30:00Z"
    (lane.folder / "more.csv").write_text(
        (EXAMPLES / "march-29.csv").read_text().replace("61", "60", 1)
    )
    into = ("--map", EXAMPLES / "map.yaml", "--into", "lane", "--commit", "-q")
    lane.say("import", "readings", "more.csv", *into)
    before = (lane.folder / "day" / "result.json").read_text()
    lane.say("run", "--resume", "day", "-q")
    lane.say("run", "--resume", "day", "--data", lane.folder, "-q")
    assert (lane.folder / "day" / "result.json").read_text() == before
    lane.say("import", "readings", EXAMPLES / "march-29.csv", *into[:3], "lane", "--commit",
             "--known-at", "2026-03-29T23:00", "-q")  # fmt: skip
    assert "imported before" in lane.say(
        "import", "readings", EXAMPLES / "march-29.csv", *into[:-1]
    )
    (lane.folder / "late.csv").write_text((lane.folder / "more.csv").read_text() + "\n")
    lane.say("import", "readings", "late.csv", *into, "--known-at", "2026-03-29T23:00")
    told = lane.say("run", "--resume", "day", code=2)
    assert "sources.meters: the data changed since the run began" in told


def test_what_cannot_be_imported_is_told(lane):
    run(lane)
    assert "there is no run in this folder" in lane.say(
        "import", "run", "lane", "--into", "lane", code=2
    )
    (lane.folder / "few.yaml").write_text("gridpact: 1\npoints:\n  - {id: bakery}\n")
    lane.say("readings", "init", "few", "--points", "few.yaml")
    told = lane.say("import", "run", "day", "--into", "few", "--commit", code=2)
    assert "school: the store has no such metering point" in told
    assert "gridpact readings init STORE --run day" in told
    assert lane.json("readings", "imports", "few") == []
    assert "--points FILE or --run DIR" in lane.say("readings", "init", "x", code=2)
