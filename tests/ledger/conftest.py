import pytest

from gridpact.ledger.keys import demonstration_key
from gridpact.ledger.kinds.money import NetSettled
from gridpact.ledger.kinds.participants import ParticipantAuthorised
from gridpact.ledger.kinds.roots import RootAnchored
from gridpact.ledger.kinds.terms import TermsCommitted
from gridpact.ledger.local import LocalLedger


@pytest.fixture(scope="session")
def authority():
    return demonstration_key(7)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "ledger.db"


@pytest.fixture
def some_entries():
    return [
        ParticipantAuthorised("ada", "prosumer"),
        TermsCommitted("day-ahead/2026-06-15", 3, bytes(range(32))),
        RootAnchored("readings", "community", "2026-06-15", 2, bytes(range(1, 33))),
        NetSettled("2026-06", "EUR", (("ada", -250), ("bob", 100), ("cyd", 150))),
    ]


@pytest.fixture
def filled(path, authority, some_entries):
    """A closed file with three blocks of four, one and two entries; returns its head."""
    with LocalLedger(path, authority) as ledger:
        ledger.commit("first", some_entries, 10)
        ledger.commit("second", some_entries[2:3], 20)
        ledger.commit("third", some_entries[:2], 30)
        return ledger.head()
