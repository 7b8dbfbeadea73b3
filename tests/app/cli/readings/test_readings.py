"""From a file of readings to any slot's history, by commands."""

import pytest


def test_an_import_is_tried_first_and_changes_nothing(place):
    before = sorted(place.folder.rglob("*"))
    said = place.say("import", "readings", "march.csv", "--map", "map.yaml", "--into", "store")
    assert "nothing was stored: add --commit" in said
    assert ["bakery", "withdrawal", "95", "0", "0", "1", "0"] in [
        x.split() for x in said.splitlines()
    ]
    assert "2026-03-01T04:00:00Z to 2026-03-01T04:15:00Z: no value (missing.v1)" in said
    assert sorted(place.folder.rglob("*")) == before
    assert place.json("readings", "imports", "store") == []


def test_a_file_imported_twice_changes_nothing(place):
    command = (
        "import",
        "readings",
        "march.csv",
        "--map",
        "map.yaml",
        "--into",
        "store",
        "--commit",
    )
    (first,) = place.json(*command)
    assert first["import"] == 1
    assert [each["new"] for each in first["channels"]] == [96, 95]
    (again,) = place.json(*command)
    assert again["imported_before"]
    assert again["known_at"] == first["known_at"]
    assert "imported before" in place.say(*command)
    assert len(place.json("readings", "imports", "store")) == 1


def test_each_slot_tells_its_value_and_what_it_replaced(stored):
    words = ("readings", "versions", "store", "--point", "bakery", "--slot", "2026-03-01T02:15")
    first, last = stored.json(*words)["versions"]
    assert first["known_at"] == "2026-03-02T06:00:00Z"
    assert (first["wh"], first["replaced_wh"], first["file"]) == (300, None, "march.csv")
    assert (last["wh"], last["replaced_wh"], last["import"]) == (310, 300, 2)
    line = stored.say(*words).splitlines()[2]
    assert line.split("  ")[0] == "2026-03-03T06:00:00Z"
    assert "0.310 kWh" in line
    assert "0.300 kWh" in line
    assert "corrected.csv (import 2)" in line


def test_values_are_shown_as_known_then_and_now(stored):
    words = ("readings", "show", "store", "--point", "bakery", "--register", "withdrawal")
    now, then = stored.json(*words), stored.json(*words, "--as-of", "2026-03-02T12:00")
    values = [{each["slot"]: each["wh"] for each in one[0]["values"]} for one in (then, now)]
    assert [one.get("2026-03-01T01:15:00Z") for one in values] == [300, 310]
    assert [one.get("2026-03-01T04:00:00Z") for one in values] == [None, 240]
    said = stored.say(*words)
    assert "2026-03-01T02:15  0.310 kWh  measured" in said
    assert "96 slots of" in said


def test_longer_slots_are_summed_and_shorter_ones_marked(stored):
    words = ("readings", "show", "store", "--point", "bakery", "--register", "withdrawal")
    (hours,) = stored.json(*words, "--step", "60")
    assert {each["slot"]: each["wh"] for each in hours["values"]}["2026-03-01T01:00:00Z"] == 1060
    (fine,) = stored.json(*words, "--step", "5")
    assert {(each["quality"], each["rule"]) for each in fine["values"]} == {
        ("estimated", "divided.v1")
    }
    assert sum(each["wh"] for each in fine["values"]) == sum(each["wh"] for each in hours["values"])


def test_gaps_are_listed_until_they_are_filled(stored):
    then = stored.json("readings", "gaps", "store", "--as-of", "2026-03-02T12:00")
    assert [(gap["from"], gap["to"], gap["slots"]) for gap in then if gap["point"] == "bakery"] == [
        ("2026-03-01T04:00:00Z", "2026-03-01T04:15:00Z", 1)
    ]
    assert "nothing is missing" in stored.say("readings", "gaps", "store", "--point", "bakery")
    window = ("--from", "2026-03-01T00:00", "--to", "2026-03-01T06:00")
    assert "school" in stored.say("readings", "gaps", "store", *window)


def test_marks_are_counted_by_rule(place):
    place.folder.joinpath("high.csv").write_text(place.table({5: (9000, 0), 6: (-5, 0)}))
    place.say(
        "import", "readings", "high.csv", "--map", "map.yaml", "--into", "store", "--commit", "-q"
    )
    found = place.json("readings", "quality", "store", "--point", "bakery")
    rules = {each["rule"]: (each["quality"], each["slots"]) for each in found if each["rule"]}
    assert rules["range.v1"] == ("suspect", 1)
    assert rules["negative.v1"] == ("suspect", 1)
    assert "range.v1" in place.say("readings", "quality", "store")


def test_compaction_keeps_what_is_shown_and_forgetting_does_not(stored):
    shown = stored.say("readings", "show", "store", "--point", "bakery")
    done = stored.json("readings", "compact", "store")
    assert done["parts"] < done["parts_before"]
    assert stored.say("readings", "show", "store", "--point", "bakery") == shown
    stored.say("readings", "compact", "store", "--forget-before", "2027-01-01")
    assert "holds no readings" in stored.say("readings", "show", "store", code=2)


def test_points_are_listed_and_added(place):
    more = place.folder / "more.yaml"
    more.write_text("gridpact: 1\npoints:\n  - {id: mill, step_s: 3600}\n")
    assert len(place.json("readings", "points", "store")) == 2
    said = place.say("readings", "points", "store", "--add", "more.yaml")
    assert "3 metering points" in said
    assert any(line.split()[:2] == ["mill", "community"] for line in said.splitlines())


def test_several_files_are_tried_one_after_the_other(place):
    (place.folder / "corrected.csv").write_text(place.table({9: (310, 0), 20: (240, 0)}))
    words = ("import", "readings", "march.csv", "corrected.csv", "--map", "map.yaml")
    said = place.say(*words, "--into", "store", code=2)
    assert "has another value known since" in said
    assert place.json("readings", "imports", "store") == []


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("points.yaml", "gridpact: 1\npoints:\n  - {id: a, step_s: 7}\n", "points.yaml:3: step_s"),
        (
            "points.yaml",
            "gridpact: 1\npoints:\n  - {id: a, stepp: 7}\n",
            "points.yaml:3: points[0]",
        ),
        ("points.yaml", "gridpact: 1\npoints: [{id: a}, {id: a}]\n", "'a' is listed twice"),
        ("points.yaml", "gridpact: 1\npoints: [{id: a, timezone: Moon}]\n", "is no time zone"),
        ("points.yaml", "gridpact: 1\npoints: [{id: a, community: ../b}]\n", "names no folder"),
        ("points.yaml", "gridpact: 2\npoints: [{id: a}]\n", "begin with gridpact: 1"),
        ("points.yaml", "points:\n", "there are no points"),
        ("points.yaml", "", "the file is empty"),
    ],
)
def test_bad_points_are_refused_with_their_line(place, name, text, expected):
    (place.folder / name).write_text(text)
    assert expected in place.say("readings", "init", "other", "--points", name, code=2)
    assert not (place.folder / "other").exists()


def test_every_fault_of_every_file_is_told_before_anything_is_stored(place):
    bad = place.table({3: (250, 0)}).replace("0,250", "0,25x", 1)
    (place.folder / "bad.csv").write_text(bad)
    (place.folder / "cut.csv").write_bytes(b"")
    words = ("import", "readings", "march.csv", "bad.csv", "cut.csv", "none.csv")
    said = place.say(*words, "--map", "map.yaml", "--into", "store", "--commit", code=2)
    assert "bad.csv:2: Bezug: '0,25x' is not a number" in said
    assert "cut.csv: the file is empty" in said
    assert "none.csv" in said
    assert place.json("readings", "imports", "store") == []


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("readings", "show", "none"), "there is no store of readings"),
        (("readings", "show", "store"), "holds no readings yet"),
        (("readings", "init", "store", "--points", "points.yaml"), "there is a store"),
        (("readings", "versions", "store", "--point", "x", "--slot", "2026-03-01T00:00"),
         "no such metering point"),
        (("readings", "versions", "store", "--point", "school", "--slot", "2026-03-01T00:07"),
         "no slot begins then"),
        (("readings", "versions", "store", "--point", "school", "--slot", "2026-03-29T02:30"),
         "does not exist in Europe/Berlin"),
        (("import", "readings", "march.csv", "--map", "none.yaml", "--into", "store"), "none.yaml"),
        (("import", "readings", "march.csv", "--map", "map.yaml", "--into", "store",
          "--known-at", "2999-01-01T00:00"), "nothing can be known from it yet"),
    ],
)  # fmt: skip
def test_bad_arguments_are_refused_with_a_reason(place, words, expected):
    assert expected in place.say(*words, code=2)


def test_unknown_points_are_named(place):
    mapping = (place.folder / "map.yaml").read_text().replace("point: bakery", "point: bakkery")
    (place.folder / "map.yaml").write_text(mapping)
    said = place.say(
        "import", "readings", "march.csv", "--map", "map.yaml", "--into", "store", code=2
    )
    assert "bakkery: the store has no such metering point" in said


def test_options_of_times_are_checked(stored):
    words = ("readings", "show", "store", "--point", "bakery")
    assert "divide a day" in stored.say(*words, "--step", "7", code=2)
    window = ("--from", "2026-03-02T00:00", "--to", "2026-03-01T00:00")
    assert "not after --from" in stored.say(*words, *window, code=2)


def test_estimates_are_named_and_give_way_to_what_is_measured(place):
    store = ("--map", "map.yaml", "--into", "store", "--commit", "-q")
    place.say("import", "readings", "march.csv", *store, "--known-at", "2026-03-02T06:00")
    words = ("readings", "estimate", "store", "--point", "bakery", "--register", "withdrawal")
    (tried,) = place.json(*words)
    assert (tried["method"], tried["slots"], tried["wh"]) == ("linear.v1", 1, 250)
    assert "nothing was stored" in place.say(*words)
    assert len(place.json("readings", "gaps", "store", "--point", "bakery")) == 1
    assert "stored" in place.say(*words, "--commit")
    assert "nothing is to be estimated" in place.say(*words, "--commit")
    (place.folder / "late.csv").write_text(place.table({9: (300, 0), 20: (240, 0)}))
    place.say("import", "readings", "late.csv", *store, "--known-at", "2026-03-03T06:00")
    slot = ("readings", "versions", "store", "--point", "bakery", "--slot", "2026-03-01T05:00")
    found = place.json(*slot)["versions"]
    told = [(each["quality"], each["rule"], each["wh"], each["in_force"]) for each in found]
    assert told == [("measured", "", 240, True), ("estimated", "linear.v1", 250, False)]
    shown = place.json("readings", "show", "store", "--point", "bakery")[0]["values"]
    assert {each["quality"] for each in shown} == {"measured"}


MIXED = """\
gridpact: 1
points:
  - {id: fine, timezone: Europe/Berlin, step_s: 900}
  - {id: rough, timezone: Europe/London, step_s: 3600}
  - {id: silent, timezone: Europe/Berlin, step_s: 900}
"""
HOURS = """\
gridpact: 1
time: t
timezone: Europe/Berlin
columns: [{column: v, point: POINT}]
"""


@pytest.fixture
def mixed(place):
    """A store of points with slots of 15 and of 60 min: each has eight, without the fourth."""
    (place.folder / "mixed.yaml").write_text(MIXED)
    place.say("readings", "init", "mixed", "--points", "mixed.yaml")
    for point, minutes in (("fine", 15), ("rough", 60)):
        (place.folder / f"{point}.yaml").write_text(HOURS.replace("POINT", point))
        rows = [
            f"2026-03-01T{slot * minutes // 60:02}:{slot * minutes % 60:02},"
            f"{'' if slot == 3 else 0.25}"
            for slot in range(8)
        ]
        (place.folder / f"{point}.csv").write_text("\n".join(["t,v", *rows, ""]))
        words = ("--map", f"{point}.yaml", "--into", "mixed", "--commit", "-q")
        place.say("import", "readings", f"{point}.csv", *words)
    return place


@pytest.mark.parametrize("command", ["quality", "gaps", "show"])
def test_points_of_several_steps_are_each_told_by_their_own(mixed, command):
    both = mixed.json("readings", command, "mixed", "--register", "withdrawal")
    own = [each for point in ("fine", "rough")
           for each in mixed.json("readings", command, "mixed", "--point", point,
                                  "--register", "withdrawal")]  # fmt: skip
    assert [each for each in both if each["point"] != "silent"] == own
    assert {each["point"] for each in own} == {"fine", "rough"}


def test_gaps_are_told_by_the_clock_of_each_point_and_of_points_without_readings(mixed):
    rows = [line.split() for line in mixed.say("readings", "gaps", "mixed").splitlines()[1:4]]
    assert rows == [
        ["fine", "withdrawal", "2026-03-01T00:45", "2026-03-01T01:00", "1"],
        ["silent", "withdrawal", "2026-02-28T01:00", "2026-03-02T01:00", "192"],
        ["rough", "withdrawal", "2026-03-01T02:00", "2026-03-01T03:00", "1"],
    ]


def test_slots_are_counted_from_the_first_value_to_the_last(mixed):
    words = ("readings", "show", "mixed", "--point", "fine", "--register", "withdrawal")
    assert "7 slots of 8, 1.750 kWh" in mixed.say(*words)
    day = ("--from", "2026-03-01", "--to", "2026-03-02")
    assert "7 slots of 96, 1.750 kWh" in mixed.say(*words, *day)
    assert mixed.json(*words, *day) == mixed.json(
        *words, "--from", "2026-03-01T00:00", "--to", "2026-03-02T00:00"
    )


def test_what_had_not_happened_cannot_have_been_known(place):
    words = ("import", "readings", "march.csv", "--map", "map.yaml", "--into", "store", "--commit")
    said = place.say(*words, "--known-at", "2026-03-01T12:00", code=2)
    assert "readings until 2026-03-01T23:00:00Z were not known at 2026-03-01T12:00:00Z" in said
    assert place.json("readings", "imports", "store") == []
    place.say(*words, "--known-at", "2026-03-01T23:00")


def test_a_file_that_was_forgotten_can_be_imported_again(stored):
    show = ("readings", "show", "store", "--point", "bakery", "--register", "withdrawal")
    before = stored.json(*show)
    (stored.folder / "april.csv").write_text(
        stored.table({}).replace("2026-03-01", "2026-04-01"), "utf-8"
    )
    into = ("--map", "map.yaml", "--into", "store", "--commit")
    stored.say("import", "readings", "april.csv", *into)
    stored.say("readings", "compact", "store", "--forget-before", "2026-03-15")
    (again,) = stored.json("import", "readings", "corrected.csv", *into)
    assert not again["imported_before"]
    assert [each["new"] for each in again["channels"]] == [96, 96]
    day = ("--from", "2026-03-01", "--to", "2026-03-02")
    assert stored.json(*show, *day)[0]["values"] == before[0]["values"]
    (kept,) = stored.json("import", "readings", "april.csv", *into)
    assert kept["imported_before"]
