"""Thresholds of validation from a file: what they change, and every fault of it."""

import pytest

RULES = """\
gridpact: 1
default:
  range: {largest_w: 1000, tolerance_percent: 0, points: {school: 5000}}
  stuck: "off"
injection:
  range: {largest_w: 3000, points: {bakery: 8000}}
"""
FAULTS = """\
gridpact: 2
defaults: {}
default:
  spikes: {times: 3}
  spike: {times: 0, percent: 99, least_w: many}
  missing: {hours: 3}
  range: {points: {mill: 1, bakery: -1}}
  stuck: "no"
injection: [spike]
"""


def counts(told):
    return {(row["register"], row["quality"], row["rule"]): row["slots"] for row in told}


def test_thresholds_of_each_register(place):
    (place.folder / "rules.yaml").write_text(RULES)
    (place.folder / "march.csv").write_text(place.table({9: (300, 700), 12: (250, 2001)}))
    command = ("import", "readings", "march.csv", "--map", "map.yaml", "--into", "store")
    assert not place.json(*command)[0]["findings"]
    place.say(*command, "--rules", "rules.yaml", "--commit")
    found = counts(place.json("readings", "quality", "store", "--point", "bakery"))
    # the store says 20 kW of the bakery's withdrawal, the file 8 kW of its injection
    assert found[("injection", "suspect", "range.v1")] == 1
    assert ("withdrawal", "suspect", "range.v1") not in found
    assert found[("withdrawal", "measured", "")] == 96


def test_thresholds_tried_on_what_is_stored(place):
    command = ("import", "readings", "march.csv", "--map", "map.yaml", "--into", "store")
    place.say(*command, "--commit")
    look = ("readings", "quality", "store", "--point", "bakery")
    before = place.json(*look)
    text = RULES.replace("points: {school: 5000}", "points: {bakery: 1100}")
    (place.folder / "rules.yaml").write_text(text)
    found = counts(place.json(*look, "--rules", "rules.yaml"))
    assert found[("withdrawal", "suspect", "range.v1")] == 1
    assert found[("withdrawal", "measured", "")] == 94
    assert found[("withdrawal", "missing", "missing.v1")] == 1
    assert place.json(*look) == before


def test_what_the_file_of_before_marked_is_measured_again(place):
    (place.folder / "rules.yaml").write_text(RULES.replace("school: 5000", "bakery: 1100"))
    (place.folder / "none.yaml").write_text("gridpact: 1\n")
    command = ("import", "readings", "march.csv", "--map", "map.yaml", "--into", "store")
    place.say(*command, "--rules", "rules.yaml", "--commit")
    stored = counts(place.json("readings", "quality", "store"))
    assert stored[("withdrawal", "suspect", "range.v1")] == 1
    again = counts(place.json("readings", "quality", "store", "--rules", "none.yaml"))
    assert again[("withdrawal", "measured", "")] == 95


def test_every_fault_with_its_line_and_nothing_stored(place):
    (place.folder / "rules.yaml").write_text(FAULTS)
    command = ("import", "readings", "march.csv", "--map", "map.yaml", "--into", "store")
    told = place.say(*command, "--rules", "rules.yaml", "--commit", code=2)
    for line, problem in (
        (1, "the version is not 1"),
        (2, "no such key"),
        (4, "no such rule; write spike"),
        (5, "0 is out of range; write a whole number from 1 to 1,000"),
        (5, "the rule has no such threshold; use times, share_percent, least_w"),
        (5, "'many' is no threshold"),
        (6, "the rule has no such threshold; leave it out: the rule has none"),
        (7, "the store has no such point"),
        (7, "-1 is out of range"),
        (8, "these are no thresholds"),
        (9, "this holds no rules"),
    ):
        (found,) = [
            each
            for each in told.splitlines()
            if problem.split(";")[0] in each and f"rules.yaml:{line}" in each
        ] or [""]
        assert found, f"{line}: {problem}\n{told}"
    assert not place.json("readings", "imports", "store")


@pytest.mark.parametrize("text", ["", "- spike\n", "gridpact: 1\ndefault: [\n"])
def test_files_that_hold_no_rules(place, text):
    (place.folder / "rules.yaml").write_text(text)
    place.say("readings", "quality", "store", "--rules", "rules.yaml", code=2)


def test_a_file_that_is_not_there(place):
    told = place.say("readings", "quality", "store", "--rules", "none.yaml", code=2)
    assert "none.yaml" in told
