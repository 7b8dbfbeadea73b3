"""Agreements of a scenario: read with their terms, checked with their fixes, signed and decided."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from gridpact.agreements import handlers as room
from gridpact.agreements.messages import (
    AgreementRefused,
    ChoiceExercised,
    CountersignAgreement,
    ExerciseChoice,
    ProposeAgreement,
    TermsSigned,
)
from gridpact.base.errors import BadInput
from gridpact.base.slots import Slots
from gridpact.simulation.papers import Papers
from gridpact.simulation.scenarios import load
from gridpact.simulation.scenarios.model import Decision

HEAD = """\
gridpact: 1
run: {from: 2026-06-15}
zones: [{id: town}]
generate: {homes: 2, prefix: home}
agreements:
"""
CALL = 'choice: call, at: "2026-06-15T18:00", lasts_minutes: 30, value: 150'
ONE = f"  - {{id: down, contract: down.yaml, authority: dso, decisions: [{{{CALL}}}]}}\n"


@pytest.fixture
def read(tmp_path, going_down):
    def scenario(listed=ONE, provider="home-1", offered="0.2 kWh", head=HEAD):
        terms = going_down(provider, offered)
        (tmp_path / "down.yaml").write_text(terms, encoding="utf-8")
        path = tmp_path / "scenario.yaml"
        path.write_text(head + listed, encoding="utf-8")
        return load(path)

    return scenario


def at(hour, minute=0, day=15):
    zone = ZoneInfo("Europe/Berlin")
    return int(datetime(2026, 6, day, hour, minute, tzinfo=zone).timestamp())


def test_it_runs_with_the_run_unless_it_says_otherwise(read):
    (one,) = read().agreements
    assert (one.id, one.parties, one.authority) == ("down", ("home-1", "aggregator"), "dso")
    assert (one.start, one.end) == (at(0), at(0, day=16))
    # told two slots before the notice of a quarter of an hour ends
    assert one.decisions == (Decision("call", at(18), 2, 150, at(17, 15)),)
    said = ONE.replace(
        "authority", 'from: "2026-06-15T06:00", until: "2026-06-15T20:00", authority'
    )
    (one,) = read(said.replace("value: 150", 'value: 150, told: "2026-06-15T12:00"')).agreements
    assert (one.start, one.end) == (at(6), at(20))
    assert one.decisions[0].told == at(12)


def test_a_scenario_without_agreements_has_none(read):
    assert read("  []\n").agreements == ()


@pytest.mark.parametrize(
    ("change", "told", "where"),
    [
        (("down.yaml", "up.yaml"), "no such file", ""),
        (("T18:00", "T18:10"), "not the start of a slot", "agreements[0].decisions[0].at"),
        (("lasts_minutes: 30", "lasts_minutes: 40"), "not whole slots", "lasts_minutes"),
        (("choice: call", "choice: cal"), "no choice 'cal'", "decisions[0].choice"),
        (("06-15T18", "06-16T18"), "outside the agreement's time", "decisions[0].at"),
        (("2026-06-15T18:00", "2026-10-25T02:15"), "occurs twice", "decisions[0].at"),
        (("authority", 'from: "2026-06-14T18:00", authority'), "before the run", "from"),
        (("authority", 'until: "2026-06-15T00:00", authority'), "before it begins", "until"),
        (("id: down", "id: down, name: x"), "name", "agreements[0]"),
        (("value: 150", "value: much"), "value", "decisions[0].value"),
        (("contract: down.yaml, ", ""), "contract is missing", "agreements[0]"),
    ],
)
def test_bad_agreements_are_named(read, change, told, where):
    with pytest.raises(BadInput) as caught:
        read(ONE.replace(*change))
    shown = [str(fault) for fault in caught.value.faults]
    assert any(told in one for one in shown), shown
    assert any(where in fault.where for fault in caught.value.faults), shown
    assert all(fault.fix for fault in caught.value.faults)


def test_an_identifier_is_given_once(read):
    with pytest.raises(BadInput, match="listed before"):
        read(ONE + ONE)


def test_faults_of_the_terms_are_those_of_their_file(read):
    with pytest.raises(BadInput) as caught:
        read(offered="0.2 kW")
    assert {fault.file.rsplit("/", 1)[-1] for fault in caught.value.faults} == {"down.yaml"}


def test_terms_that_nobody_could_sign_are_refused(read):
    with pytest.raises(BadInput, match="aggregator gives"):
        read(provider="aggregator")


def test_the_signatures_are_good_and_decisions_come_in_time(read):
    """The agreements' room takes all of it: every signature is that of the party's wallet."""
    scenario = read()
    papers = Papers(scenario.agreements, at(0))
    signed = papers.signed(900, 7)
    assert [type(one) for one in signed] == [ProposeAgreement, CountersignAgreement]
    assert papers.signed(900, 7) == signed
    assert papers.signed(900, 8) != signed
    agreements = room.room()
    state, told = agreements.state, []

    def send(message, now):
        nonlocal state, told
        state, outs = agreements.handlers[type(message)](state, message, now)
        told += outs

    for message in signed:
        send(message, at(12, day=14))
    assert sum(isinstance(one, TermsSigned) for one in told) == 1
    slots = range(at(0), at(23), 900)
    (slot,) = [slot for slot in slots if papers.decided(slot, 900)]
    assert slot + 900 == at(17, 15)
    (decision,) = papers.decided(slot, 900)
    assert isinstance(decision, ExerciseChoice)
    assert (decision.party, decision.slots) == ("aggregator", Slots(at(18), 900, 2))
    send(decision, slot + 900)
    assert any(isinstance(one, ChoiceExercised) for one in told)
    assert not any(isinstance(one, AgreementRefused) for one in told)


def test_what_is_told_before_the_run_is_told_as_it_begins(read):
    early = read(ONE.replace("value: 150", 'value: 150, told: "2026-06-14T20:00"'))
    papers = Papers(early.agreements, at(0))
    assert isinstance(papers.signed(900, 7)[-1], ExerciseChoice)
    assert not any(papers.decided(slot, 900) for slot in range(at(0), at(23), 900))
