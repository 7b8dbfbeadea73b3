"""What a chain takes less of than a file: told before it is sent, and refused by contracts."""

import pytest

from gridpact.agreements.keys import WalletKey
from gridpact.ledger.evm.batches import unfit
from gridpact.ledger.evm.words import id_of, operation
from gridpact.ledger.kinds.money import NetSettled
from gridpact.ledger.kinds.participants import ParticipantAuthorised, WalletBound
from gridpact.ledger.kinds.roots import RootAnchored
from gridpact.ledger.kinds.terms import AgreementCommitted, FormCertified

ROOT = bytes(range(32))


def settled(number):
    return NetSettled("2026", "EUR", tuple((f"p{place:03d}", 0) for place in range(number)))


def committed(number, wallet=None):
    made = wallet.sign(ROOT) if wallet else bytes(65)
    rows = tuple((f"p{place:03d}", made) for place in range(number))
    return AgreementCommitted("roof", 1, ROOT, ROOT, ROOT, rows)


@pytest.mark.parametrize(
    ("fits", "more", "field"),
    [
        (settled(384), settled(385), "positions"),
        (committed(64), committed(65), "signatures"),
        (
            RootAnchored("terms", "lane", "2026", 1, b"\1" * 32),
            RootAnchored("terms", "lane", "2026", 1, bytes(32)),
            "root",
        ),
    ],
)
def test_what_is_beyond_is_told_before_it_is_sent(fits, more, field):
    assert unfit([fits]) == ()
    (found,) = unfit([more])
    assert found.where.endswith(f".{field}")
    assert found.fix


def test_words_of_the_most_positions_are_what_the_contract_takes():
    assert len(operation(settled(384)).words) == 15_552
    assert len(operation(committed(64)).words) == 6_368


def test_a_root_of_zeros_is_refused(twin):
    entry = RootAnchored("terms", "lane", "2026", 1, bytes(32))
    data = twin.data(*twin.act("lane", entry))
    assert "same root" in twin.chain.why(twin.chain.front, data)


@pytest.mark.slow
def test_an_agreement_of_64_is_taken(twin):
    wallet = WalletKey(b"\7" * 32)
    names = [name for name, _ in committed(64).signatures]
    for start in range(0, 64, 32):
        part = names[start : start + 32]
        admitted = [ParticipantAuthorised(name, "prosumer") for name in part]
        assert twin.do("auth-a", *admitted) == ""
        assert twin.do("auth-a", *[WalletBound(name, wallet.address) for name in part]) == ""
    assert twin.do("auth-a", FormCertified(ROOT, "lease")) == ""
    assert twin.do("lane", committed(64, wallet)) == ""
    assert twin.ask("Terms", "agreement", id_of("roof"))[0] == 1
