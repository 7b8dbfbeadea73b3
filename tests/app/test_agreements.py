"""Two members of a community sign a contract: the loop that runs the day puts it on the ledger."""

from hashlib import sha256

import pytest

from gridpact.agreements.documents import Conditions, countersign, propose
from gridpact.agreements.keys import WalletKey
from gridpact.agreements.messages import (
    AgreementChanged,
    CountersignAgreement,
    ProposeAgreement,
    RejectAgreement,
)
from gridpact.agreements.record import State
from gridpact.agreements.typed_data import digest
from gridpact.app.bootstrap import Edges, build
from gridpact.app.record import Record
from gridpact.base.slots import Slots
from gridpact.contracts.canonical import terms_hash
from gridpact.contracts.observables import Const
from gridpact.contracts.products.forward import forward
from gridpact.contracts.times import Between
from gridpact.kernel.journal import Journal
from gridpact.ledger.keys import demonstration_key
from gridpact.ledger.kinds.terms import AgreementSigned
from gridpact.ledger.local import LocalLedger

START, DAY = 1_781_568_000, 86_400  # 2026-06-16T00:00Z
NAMES = ("home-1", "home-2")
TERMS = forward(
    *NAMES,
    Const(500, "Wh"),
    Const(80_000, "micro/kWh"),
    Between(START, START + DAY),
    "EUR",
)


def wallet(name):
    return WalletKey(sha256(name.encode()).digest())


@pytest.fixture
def document():
    addresses = {name: wallet(name).address for name in NAMES}
    offered = propose(
        TERMS, "neighbours", addresses, Slots(START, 900, 96), Conditions(offer_until=START - 3600)
    )
    return countersign(countersign(offered, wallet("home-1")), wallet("home-2"))


@pytest.fixture
def stores():
    with LocalLedger(":memory:", demonstration_key(1)) as ledger:
        journal = Journal(":memory:")
        yield journal, ledger
        journal.close()


def asked(document):
    """What the two send: an offer with one signature, and the other signature."""
    agreement, (first, second) = document.agreement, document.signatures
    return (
        ProposeAgreement(party="home-1", agreement=agreement, signature=first.signature),
        CountersignAgreement(
            party="home-2", agreement=agreement.id, version=1, signature=second.signature
        ),
    )


def test_what_both_signed_is_on_the_ledger_and_replays(small_community, document, stores):
    journal, ledger = stores
    loop = build(small_community(2), 1, journal, Edges(ledger=ledger))
    for place, message in enumerate(asked(document)):
        loop.submit(message, START - 2 * DAY + place)
    loop.run(lambda _: False)
    assert ledger.entries() == [
        AgreementSigned("neighbours", 1, terms_hash(TERMS), digest(document.agreement))
    ]
    told = [message.after for message in Record(journal).all(AgreementChanged)]
    assert told == [State.PROPOSED, State.COUNTERSIGNED, State.ACTIVE, State.EXPIRED]
    again = build(small_community(2), 1, journal, Edges())
    again.recover(from_snapshot=False)
    assert again.state_hash() == loop.state_hash()


def test_what_one_rejects_is_not(small_community, document, stores):
    journal, ledger = stores
    offer, late = asked(document)
    loop = build(small_community(2), 1, journal, Edges(ledger=ledger))
    loop.submit(offer, START - 2 * DAY)
    loop.submit(RejectAgreement(party="home-2", agreement="neighbours", version=1), START - DAY)
    loop.submit(late, START - DAY + 1)
    loop.run(lambda _: False)
    assert ledger.entries() == []
    told = [message.after for message in Record(journal).all(AgreementChanged)]
    assert told == [State.PROPOSED, State.REJECTED]
