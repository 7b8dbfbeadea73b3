"""What a loop hands in, put into acts on a ledger of authorities."""

import pytest

from gridpact.app.ledgers.acted import Acted, handed_in
from gridpact.app.ledgers.comparing.engines import sqlite_engine
from gridpact.ledger.kinds.money import NetSettled
from gridpact.ledger.kinds.participants import ParticipantAuthorised
from gridpact.ledger.kinds.roots import RootAnchored
from gridpact.ledger.kinds.terms import AgreementSigned
from gridpact.ledger.port import Receipt, Refused

PEOPLE = (
    ParticipantAuthorised("ada", "prosumer"),
    ParticipantAuthorised("lane-op", "operator"),
    ParticipantAuthorised("street", "dso"),
)
DAY = (
    RootAnchored("readings", "street", "2026-06-15", 1, bytes(range(32))),
    NetSettled("2026-06-15", "EUR", (("ada", -5), ("lane-op", 5))),
)


@pytest.fixture
def engine(tmp_path):
    made = sqlite_engine(tmp_path, 1)
    yield made
    made.close()


@pytest.fixture
def acted(engine):
    return Acted(engine.ledger, engine, "lane-op", "auth-a")


def test_entries_are_acts_of_those_who_may(engine, acted):
    assert isinstance(acted.commit("participants", PEOPLE, 100), Receipt)
    assert isinstance(
        acted.commit("day", (*DAY, PEOPLE[0].__class__("bob", "consumer")), 200), Receipt
    )
    state = engine.ledger.state()
    assert {name: one.roles for name, one in state.participants.rows.items()} == {
        "ada": ("prosumer",),
        "bob": ("consumer",),
        "lane-op": ("operator",),
        "street": ("dso",),
    }
    assert state.sequences.rows == {"auth-a": 2, "lane-op": 1}
    assert handed_in(engine.ledger.entries())[:5] == [*PEOPLE, *DAY]
    engine.ledger.verify()


def test_a_key_that_comes_again_changes_nothing(engine, acted):
    first = acted.commit("participants", PEOPLE, 100)
    acted.commit("day", DAY, 200)
    head = engine.ledger.head()
    assert acted.commit("participants", PEOPLE, 999) == first
    other = acted.commit("participants", PEOPLE[:2], 100)
    assert isinstance(other, Refused)
    assert "used for other entries, in block 1" in other.reason
    assert engine.ledger.head() == head


def test_what_the_rules_refuse_is_refused(engine, acted):
    acted.commit("participants", PEOPLE, 100)
    head = engine.ledger.head()
    stranger = NetSettled("2026-06-15", "EUR", (("eve", -5), ("lane-op", 5)))
    for entry, why in (
        (stranger, "eve is unknown"),
        (AgreementSigned("a", 1, bytes(32), bytes(32)), "has no signatures with it"),
        (PEOPLE[0], "prosumer already"),
    ):
        answer = acted.commit(f"x/{why[:3]}", (entry,), 300)
        assert isinstance(answer, Refused)
        assert why in answer.reason
    assert engine.ledger.head() == head
