"""``gridpact need``: what it prints, and what it refuses without changing anything."""

import json

import pytest

from gridpact.scheduling.needs.grammar.ebnf import GRAMMAR
from gridpact.scheduling.needs.grammar.examples import EXAMPLES

BATTERY = "battery >= 9 kWh at 20:00"


def test_a_need_is_stated_listed_and_removed(homes):
    done = homes.need("add", "run", BATTERY, "--owner", "home-07", "--note", "guests")
    assert (done.code, done.err) == (0, "")
    assert done.out.splitlines() == [
        "✓ home-07-battery >= 9 kWh at 20:00: need-1 of home-07",
        "    it binds the plans that are made from now on",
        "    to take it back: gridpact need remove run need-1",
    ]
    listed = homes.need("list", "run")
    assert listed.out.splitlines()[1:] == [
        "need-1  home-07  2026-06-15T12:30  home-07-battery >= 9 kWh at 20:00",
        "",
        "1 need",
    ]
    assert homes.need("remove", "run", "need-1", "-q").out == ""
    assert homes.need("list", "run").out == "no needs stand\n"


def test_a_note_is_shown_to_its_owner_alone(homes):
    homes.need("add", "run", BATTERY, "--owner", "home-07", "--note", "guests")
    assert "guests" not in homes.need("list", "run").out
    assert "guests" not in homes.need("list", "run", "--json").out
    assert "guests" in homes.need("list", "run", "--owner", "home-07").out
    (own,) = json.loads(homes.need("list", "run", "--owner", "home-07", "--json").out)
    assert own["need"]["note"] == "guests"
    assert homes.need("list", "run", "--owner", "home-05").out == "no needs stand\n"


def test_interventions_are_told_by_the_local_clock_and_say_when_they_last_till_another_day(homes):
    done = homes.need("add", "run", "car stop until 16:00", "--owner", "home-05")
    assert done.out.splitlines()[0] == (
        "✓ home-05-car stop from 12:30 on 15 June 2026 until 16:00 on 15 June 2026: "
        "need-1 of home-05"
    )
    done = homes.need("add", "run", "battery stop until 12:00", "--owner", "home-07")
    assert "    note: it ends on 2026-06-16 12:00, not on the day it begins" in done.out
    listed = homes.need("list", "run").out
    assert "until 12:00 on 16 June 2026" in listed
    again = listed.splitlines()[2].split("  ")[-1].strip()
    told = homes.need("add", "run", again, "--owner", "home-07", "--json")
    assert json.loads(told.out)["id"] == "need-2"  # what is listed reads as the same need


def test_an_intervention_begins_with_the_next_plan_and_is_offered_times_to_come(homes):
    """The run waits at 12:30, within a slot of an hour."""
    done = homes.need("add", "run", "battery charge until 14:00", "--owner", "home-07")
    assert done.code == 0, done.out
    done = homes.need("add", "run", "battery charge until 12:50", "--owner", "home-07")
    assert (done.code, done.out.splitlines()[1]) == (
        1,
        "    intervention: 2026-06-15 12:50 is within a slot of 3600 s; give 2026-06-15 13:00",
    )
    done = homes.need("add", "run", "battery charge from 14:00 until 15:20", "--owner", "home-07")
    assert "give 2026-06-15 15:00 or 2026-06-15 16:00" in done.out


def test_names_are_found_in_whatever_case(homes, called):
    assert homes.stated("BATTERY >= 9 kWh at 20:00", "Home-07")[0] == 0
    assert "home-07-battery" in homes.need("list", "run", "--owner", "HOME-07").out
    shown = called("diary", "show", "run", "--asset", "Home-07-Battery")
    assert (shown.code, shown.err) == (0, "")
    found = called("schedule", "show", "run", "--asset", "HOME-07-battery")
    assert (found.code, found.out.splitlines()[0]) == (0, "home-07-battery, storage in home-07")
    assert homes.need("remove", "run", "NEED-1").out.startswith("✓ need-1 of home-07")


def test_what_counts_of_two_is_told(homes):
    for power in ("4 kW", "3 kW"):
        sentence = f"zone community <= {power} 17:00-20:00, grid"
        told = homes.stated(sentence, "dso")[1]
    assert told["notes"] == [
        "need-1 of dso caps it at 4 kW at times, too: the lower counts, this one, while both hold"
    ]
    (late,) = homes.stated("car away 13:00-18:00", "home-05")[1]["notes"]
    assert late.startswith("no plan before 19:00: the one in force until then misses it by ")
    done = homes.need("add", "run", "car >= 80% by 17:00", "--owner", "home-05")
    assert "    note: need-3 (unavailable) comes first: home-05-car is not charged" in done.out


def test_the_message_printed_is_the_message_taken(homes):
    before = homes.rows()
    printed = homes.need("add", "run", BATTERY, "--owner", "home-07", "--print-message")
    message = json.loads(printed.out)
    assert (message["type"], message["by"]) == ("state-need", "home-07")
    assert homes.rows() == before
    done = homes.need("add", "run", printed.out.strip(), "--json")
    assert json.loads(done.out)["need"] == message["need"]
    alone = homes.need("add", "run", json.dumps(message["need"]), "--json")
    assert json.loads(alone.out)["id"] == "need-1"


def test_the_place_that_does_not_read_is_marked(homes):
    before = homes.rows()
    done = homes.need("add", "run", "battery >= 80 by 20:00", "--owner", "home-07")
    assert done.code == 2
    first, second, *rest = done.err.splitlines()
    assert (first, second.index("^")) == ("battery >= 80 by 20:00", first.index("by"))
    assert "column 15" in "".join(rest)
    assert "nothing was changed" in rest[0]
    assert homes.rows() == before


def test_characters_that_command_a_terminal_are_not_printed(homes):
    done = homes.need("add", "run", "\x1b[2J >= 80% at 20:00", "--owner", "home-07")
    assert done.code == 2
    assert "\x1b[2J" not in done.err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("add", "run", BATTERY), "--owner: nobody is named"),
        (("add", "run", BATTERY, "--owner", "home-7"), "there is no party 'home-7'"),
        (("add", "run", BATTERY, "--owner", "home-05"), "battery"),
        (
            ("add", "run", BATTERY + ", wish", "--owner", "home-07", "--level", "grid"),
            "say it once",
        ),
        (("add", "run", BATTERY, "--owner", "home-07", "--note", "a\x07"), "cannot be printed"),
        (("add", "run", "battery >= 50% at 12:00 on 15 June", "--owner", "home-07"), "was over"),
        (("add", "run", '{"kind": "quiet"}', "--owner", "home-07"), "missing required field"),
        (("add", "run", '{"type": "state-need"}'), "is no state-need message"),
        (("add", "run", "{", "--owner", "home-07"), "truncated"),
        (("add", "nothing", BATTERY, "--owner", "home-07"), "there is no such folder"),
        (("add", "run", "battery >= 120% at 20:00", "--owner", "home-07"), "120 % is out of range"),
        (("add", "run", "battery >= 120% at 20:00", "--owner", "home-07"), "give 0 % to 100 %"),
        (("remove", "run", "need-9"), "there is no need 'need-9'"),
        (("list", "run", "--owner", "nobody"), "there is no party 'nobody'"),
        (("list", "nothing"), "there is no such folder"),
    ],
)
def test_bad_input_is_named_and_changes_nothing(homes, words, told):
    before = homes.rows()
    done = homes.need(*words)
    assert done.code == 2, done.out
    assert told in " ".join(done.err.split())
    assert homes.rows() == before


def test_what_no_plan_holds_to_is_refused_with_every_reason(homes):
    done = homes.need("add", "run", "heating 20..22 C 06:00-22:00", "--owner", "home-05")
    assert done.code == 1
    assert done.out.splitlines()[0] == "✗ home-05-heat-pump 20..22 C 06:00-22:00: refused"
    code, told = homes.stated("battery >= 90 kWh at 20:10, contract", "home-07")
    assert (code, told["stated"], told["id"]) == (1, False, "")
    assert {fault["where"].partition(".")[2] for fault in told["faults"]} == {
        "least_wh",
        "level",
        "at",
    }
    assert homes.need("list", "run").out == "no needs stand\n"


def test_a_need_of_another_is_not_removed(homes):
    homes.need("add", "run", BATTERY, "--owner", "home-07")
    done = homes.need("remove", "run", "need-1", "--owner", "home-05")
    assert (done.code, "you have no such need" in done.out) == (1, True)
    told = json.loads(homes.need("remove", "run", "need-1", "--json").out)
    assert told == {"id": "need-1", "withdrawn": True, "faults": []}


def test_a_run_that_does_not_wait_takes_no_need(homes, called):
    assert called("run", "--resume", "run", "-q").code == 0
    done = homes.need("add", "run", BATTERY, "--owner", "home-07")
    assert done.code == 2
    assert "the run has finished" in done.err
    assert homes.need("list", "run").out == "no needs stand\n"


def test_the_grammar_is_printed_with_an_example_of_each_kind(homes):
    told = homes.need("grammar").out
    assert told.startswith(GRAMMAR)
    assert all(words in told for words in EXAMPLES.values())
    found = json.loads(homes.need("grammar", "--json").out)
    assert found["grammar"] == GRAMMAR
    kinds = {each["kind"]: each["sentence"] for each in found["examples"]}
    assert list(kinds.values()) == list(EXAMPLES.values())
