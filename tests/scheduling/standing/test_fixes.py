"""What a refusal tells people to write can be written, and is about what there is."""

import re

import pytest

from gridpact.base.errors import BadInput
from gridpact.scheduling.messages import NeedRefused, NeedStated, StateNeed
from gridpact.scheduling.needs.grammar.parse import parse
from gridpact.scheduling.standing import desk

SHOWN = re.compile(r"(?:such as|of its heat:|instead:) (.+)$")


@pytest.fixture
def taken(places, say, clock):
    def take(words, owner):
        message = StateNeed(by=owner, need=say(words, owner))
        return desk.take(places, clock.empty, message, clock.at(0))[1]

    return take


@pytest.mark.parametrize(
    ("words", "owner"),
    [
        ("battery <= 2 kW 18:00-20:00, grid", "dso"),
        ("zone street quiet 18:00-20:00", "dso"),
        ("battery-0 <= 2 kW 18:00-20:00, grid", "m000"),
        ("battery-0 >= 50% by 18:00", "dso"),
    ],
)
def test_a_sentence_that_is_shown_reads_and_an_operator_may_say_it(words, owner, taken, say):
    try:
        answer = taken(words, owner)
    except BadInput as unread:
        shown = [fault.fix for fault in unread.faults]
    else:
        assert isinstance(answer, NeedRefused)
        shown = [fault.fix for fault in answer.faults]
    sentences = [found[1] for found in map(SHOWN.search, shown) if found]
    for sentence in sentences:
        assert isinstance(taken(sentence, "dso"), NeedStated)
    assert sentences or "battery" in words


@pytest.mark.parametrize(
    ("words", "owner"),
    [
        ("zone strete <= 2 kW 18:00-20:00", "dso"),
        ("feeder lan <= 2 kW 18:00-20:00", "dso"),
        ("zone Street, LAINE <= 2 kW 18:00-20:00", "dso"),
        ("kind batery <= 2 kW", "dso"),
        ("batery-0 >= 50% by 18:00", "m000"),
        ("battery-0 stop until 02:30 on 28 March 2027", "m000"),
        ("battery-0 => 50% by 18:00", "m000"),
        ("battery-0 >= 50 % by 6 pm", "m000"),
        ("battery-0 50% by 18:00", "m000"),
        ("battery-0 quiet 12:00-12:00", "m000"),
    ],
)
def test_what_is_to_be_written_instead_reads_in_its_place(words, owner, say):
    """Until it reads: what a fix names is put where the fault is, up to the next thing said."""
    for _ in range(4):
        try:
            say(words, owner)
        except BadInput as refused:
            fault = refused.faults[0]
            column = int(fault.where.removeprefix("column ")) - 1
            fix = re.split(r" or (?=[<>\d])|, or ", fault.fix.removeprefix("write "))[0]
            words = words[:column] + re.sub(REPLACED[kind(fix)], fix, words[column:], count=1)
        else:
            return
    pytest.fail(f"{words}: {fault}")


REPLACED = {
    "sign": r"^\S+",
    "amount": r"^[<>=]*\s*[\d.]+ ?%?",
    "time": r"^\d+(:\d+)?(-\d+:\d+)?( [ap]m)?",
    "name": r"^[\w-]+",
}


def kind(fix):
    """What a fix stands in place of."""
    if re.match(r"^[<>]= \d", fix):
        return "amount"
    if fix.startswith((">", "<")):
        return "sign"
    return "time" if re.match(r"^(\d+:|all day)", fix) else "name"


def test_case_does_not_count_where_a_name_is_clear(say, places):
    for words in ("ZONE Street,LANE <= 2 kW 18:00-20:00", "zone street, Lane <= 2 kW 18:00-20:00"):
        need = say(words, "dso")
        assert need.subject.names == ("street", "lane")
        assert need.level.name == "GRID"
    assert say("BATTERY-0 >= 50% by 18:00").subject.ids == ("battery-0",)
    assert say("zone street >= 1 kW 18:00-20:00, contract", "dso").level.name == "CONTRACTS"


def test_an_example_that_no_directory_is_known_for_reads_without_one(said_alone):
    with pytest.raises(BadInput) as refused:
        said_alone(">= 50% by 18:00")
    assert "zone PL" in str(refused.value)


@pytest.fixture
def said_alone(clock):
    from gridpact.scheduling.needs.context import Context

    return lambda words: parse(words, Context("m000", clock.at(0), clock.zone))
