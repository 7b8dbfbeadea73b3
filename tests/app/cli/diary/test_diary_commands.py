"""``gridpact diary``: what it prints and writes, and what it refuses without changing anything."""

import json
from pathlib import Path

import icalendar
import pytest
from jsonschema import Draft202012Validator

from gridpact.scheduling.diaries.schema import read_diary

SCHEMA = Path(__file__).resolve().parents[4] / "docs" / "diary.schema.json"


def test_all_diaries_are_listed(street):
    done = street.diary("show", "run")
    assert (done.code, done.err) == (0, "")
    head, *rows, blank, count = done.out.splitlines()
    assert head.split() == [
        "asset", "owner", "mode", "revision", "next", "ahead", "asked", "saves",
    ]  # fmt: skip
    listed = json.loads(street.diary("show", "run", "--json").out)
    assert (blank, count) == ("", f"{len(listed)} assets")
    assert [row.split()[0] for row in rows] == [each["asset"] for each in listed]
    assert all(each["mode"] == "automatic" and each["off_until"] is None for each in listed)
    battery = next(each for each in listed if each["asset"] == "home-07-battery")
    assert battery["ahead"] > 3
    assert battery["expected_saving_nano"] != 0  # less than none: it ends with less than it had
    assert street.diary("show", "run", "-q").out == ""


def test_one_diary_tells_what_why_and_what_it_saves(street):
    told = street.shown("home-07-battery")
    assert told["entries"]
    total = sum(int(each["expected_saving_nano"]) for each in told["entries"])
    assert total == told["expected_saving_nano"]
    done = street.diary("show", "run", "--asset", "home-07-battery")
    lines = done.out.splitlines()
    assert lines[0] == "home-07-battery of home-07: automatic; revision 1"
    assert lines[1].startswith("from 2026-06-15T00:00 to 2026-06-16T00:00 (Europe/Berlin)")
    assert lines[3].split() == ["when", "instruction", "to", "why", "saves", "stands"]
    assert len(lines) == len(told["entries"]) + 6
    assert "the price of energy" in done.out
    none = street.diary("show", "run", "--asset", "home-06-tank")
    assert none.out.splitlines()[-1] == "nothing is told"


def test_looking_changes_nothing(street):
    before = street.rows()
    street.diary("show", "run")
    street.diary("export", "run", "--json", "diaries", "--ics", "calendars", "-q")
    assert street.rows() == before


def test_documents_are_valid_and_name_the_revision_sent_before(street):
    done = street.diary("export", "run", "--json", "diaries")
    assert (done.code, done.out) == (0, "diaries: 10 new documents\n")
    schema = Draft202012Validator(json.loads(SCHEMA.read_text("utf-8")))
    files = sorted(Path("diaries").iterdir())
    for path in files:
        schema.validate(json.loads(path.read_bytes()))
        assert read_diary(path.read_bytes()).asset == path.stem
    again = street.diary("export", "run", "--json", "diaries", "--list")
    assert json.loads(again.out) == {"calendars": [], "documents": []}
    street.diary("mode", "run", "home-07-battery", "ask", "--silence", "accept", "-q")
    sent = json.loads(street.diary("export", "run", "--json", "diaries", "--list").out)
    assert sent["documents"] == ["diaries/home-07-battery.json"]
    second = json.loads(Path("diaries/home-07-battery.json").read_bytes())
    assert (second["revision"], len(second["previous"])) == (2, 64)
    assert {each["state"] for each in second["entries"]} == {"asked", "automatic"}


def events(path):
    calendar = icalendar.Calendar.from_ical(path.read_bytes())
    return {str(each["UID"]): each for each in calendar.walk("VEVENT")}


def test_calendars_are_read_by_others_and_events_keep_their_names(street):
    done = street.diary("export", "run", "--ics", "calendars", "--asset", "home-07-battery")
    assert (done.code, done.out) == (0, "calendars: 1 calendar\n")
    path = Path("calendars/home-07-battery.ics")
    before = events(path)
    assert before
    told = street.shown("home-07-battery")
    starts = {each["at"] for each in told["entries"] if each["verb"] in ("START CHARGE", "SUPPLY")}
    begun = {each["DTSTART"].dt.strftime("%Y-%m-%dT%H:%M:%SZ") for each in before.values()}
    assert begun == starts
    assert {str(each["STATUS"]) for each in before.values()} == {"CONFIRMED"}
    text = path.read_bytes()
    street.diary("export", "run", "--ics", "calendars", "--asset", "home-07-battery", "-q")
    assert path.read_bytes() == text
    # off: what is ahead is cancelled, under the same names
    street.diary("mode", "run", "home-07-battery", "off", "--until", "2026-06-16T00:00", "-q")
    street.diary("export", "run", "--ics", "calendars", "-q")
    after = events(path)
    assert set(after) == set(before)
    ahead = [uid for uid, each in before.items() if each["DTSTART"].dt.timestamp() > 1781492400]
    assert ahead
    assert {str(after[uid]["STATUS"]) for uid in ahead} == {"CANCELLED"}
    assert all(after[uid]["SEQUENCE"] > before[uid]["SEQUENCE"] for uid in ahead)


def test_decisions_are_told_in_words_and_json(street):
    done = street.diary("mode", "run", "home-07-battery", "ask", "--notice", "30")
    assert done.out.splitlines() == [
        "✓ home-07-battery of home-07: ask, 30 min before, else decline",
        "    it binds the plans that are made from now on",
    ]
    asked = [
        each["at"]
        for each in street.shown("home-07-battery")["entries"]
        if each["state"] == "asked"
    ]
    done = street.diary("accept", "run", "home-07-battery", "--json")
    told = json.loads(done.out)
    assert (told["set"], told["answer"], told["at"]) == (True, "accept", asked)
    done = street.diary("decline", "run", "home-07-battery", "--at", asked[-1])
    assert done.out.splitlines()[0].startswith("✓ home-07-battery: declined 1 instruction from")
    states = [each["state"] for each in street.shown("home-07-battery")["entries"]]
    assert states[-1] == "declined"
    assert set(states[-len(asked) : -1]) == {"accepted"}
    done = street.diary(
        "mode", "run", "home-05-car", "off", "--until", "2026-06-15T20:00", "--json"
    )
    assert json.loads(done.out)["diary"]["off_until"] == "2026-06-15T18:00:00Z"
    assert json.loads(done.out)["notes"] == []
    assert street.diary("mode", "run", "home-05-car", "automatic", "-q").out == ""


def test_a_need_of_an_asset_that_is_off_is_told_with_what_counts(street, called):
    """Whichever of the two is said first; a need for a time after it says nothing."""
    for sentence in ("car >= 80% by 18:00", "car >= 80% by 22:00"):
        assert called("need", "add", "run", sentence, "--owner", "home-05").code == 0
    done = street.diary("mode", "run", "home-05-car", "off", "--until", "2026-06-15T20:00")
    counts = "home-05-car is off until 2026-06-15 20:00, which comes first: no plan uses it before"
    assert done.out.splitlines() == [
        "✓ home-05-car of home-05: off until 2026-06-15T20:00",
        f"    note: need-1 of home-05: {counts}",
        "    it binds the plans that are made from now on",
    ]
    added = called("need", "add", "run", "car >= 60% by 17:00", "--owner", "home-05")
    assert f"    note: {counts}" in added.out.splitlines()
    added = called("need", "add", "run", "car >= 60% by 21:00", "--owner", "home-05")
    assert "note" not in added.out


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("show", "nothing"), 2, "there is no such folder"),
        (("show", "run", "--asset", "home-07-batery"), 2, "write home-07-battery"),
        (("export", "run"), 2, "name a folder"),
        (("export", "run", "--json", "d", "--asset", "home-9"), 2, "no schedule switches"),
        (("mode", "run", "home-07-battery", "never"), 2, "'never' is not one of"),
        (("mode", "run", "home-07-battery", "off"), 2, "say off --until INSTANT"),
        (("mode", "run", "home-07-battery", "automatic", "--notice", "5"), 2, "belong to ask"),
        (("mode", "run", "home-07-battery", "ask", "--notice", "-5"), 2, "not in the range"),
        (
            ("mode", "run", "home-07-battery", "off", "--until", "2026-06-15T04:00"),
            1,
            "is not within 366 days",
        ),
        (
            ("mode", "run", "home-07-battery", "off", "--until", "2026-03-29T02:30"),
            2,
            "clocks skip it",
        ),
        (("mode", "run", "home-07-battery", "ask", "--owner", "home-05"), 1, "for home-07 to"),
        (("mode", "run", "home-07-battery\x1b[2J", "ask"), 2, "no schedule switches"),
        (("accept", "run", "home-07-battery"), 2, "is being asked about"),
        (("accept", "run", "home-07-battery", "--at", "2026-06-15T10:07"), 1, "06-15 10:07"),
        (("accept", "run", "home-07-battery", "--at", "noon"), 2, "is no instant such as"),
        (("decline", "run", "home-07-battery", "--at", "2026-06-15T00:00"), 1, "an answer counted"),
        (
            ("decline", "run", "home-07-battery", "--at", "2026-06-15T22:00", "--revision", "7"),
            1,
            "the diary is at revision 1",
        ),
    ],
)  # fmt: skip
def test_bad_input_is_named_and_binds_nothing(street, words, code, told):
    before = street.diary("show", "run", "--json").out
    done = street.diary(*words)
    assert done.code == code
    assert told in done.out + done.err
    assert "\x1b[2J" not in done.out + done.err
    assert street.diary("show", "run", "--json").out == before


def test_what_is_no_diary_is_not_written_over(street):
    Path("diaries").mkdir()
    other = Path("diaries/home-07-battery.json")
    for text, told in (("{}", "is a required property"), ("[", "not JSON")):
        other.write_text(text, "utf-8")
        done = street.diary("export", "run", "--json", "diaries")
        assert (done.code, told in done.err) == (2, True)
        assert other.read_text("utf-8") == text
        assert len(list(Path("diaries").iterdir())) == 1
    Path("calendars").mkdir()
    Path("calendars/events.json").write_text("no", "utf-8")
    done = street.diary("export", "run", "--ics", "calendars")
    assert (done.code, "cannot be read" in done.err) == (2, True)


def test_a_run_that_has_finished_is_read_but_not_decided_about(street):
    street.resumed(until="")
    assert street.diary("show", "run").code == 0
    done = street.diary("mode", "run", "home-07-battery", "ask")
    assert (done.code, "the run has finished" in done.err) == (2, True)
