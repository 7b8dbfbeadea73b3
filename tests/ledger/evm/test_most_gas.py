"""What a block is allowed is above what the like of it was measured to take, on any chain."""

import json
from pathlib import Path

import pytest

from gridpact.ledger.acts import drafted
from gridpact.ledger.evm.gas import most_gas
from gridpact.ledger.evm.sealing import call
from gridpact.ledger.kinds.certificates import CertificateCancelled, CertificateIssued
from gridpact.ledger.kinds.founding import AuthorityRemoved, LedgerFounded
from gridpact.ledger.kinds.money import NetSettled, TokensMinted, TokensTransferred
from gridpact.ledger.kinds.participants import KeyBound, ParticipantAuthorised
from gridpact.ledger.kinds.roots import PeriodClosed, RootAnchored
from gridpact.ledger.kinds.terms import FormCertified, TermsCommitted

MEASURED = json.loads(Path(__file__).with_name("gas.json").read_text())
BLOCK = 30_000_000  # gas of a block on most chains
KAIA = 100 - 16  # gas that a byte of data takes more there
ROOT = bytes(range(32))
HOMES = [f"member-{number:03}" for number in range(200)]
EVEN = tuple((name, 100 if number % 2 else -100) for number, name in enumerate(HOMES))
MOVED = TokensTransferred("eur", HOMES[0], HOMES[1], 1)
COVERED = {
    "one joins with a key": [
        ParticipantAuthorised("lane", "operator"),
        KeyBound("lane", bytes(32)),
    ],
    "100 join": [ParticipantAuthorised(name, "prosumer") for name in HOMES[:100]],
    "a session's terms": [TermsCommitted("day-ahead/1", 3, ROOT)],
    "a root is anchored": [RootAnchored("readings", "lane", "2026-03-01", 3, ROOT)],
    "200 parties settle for the first time": [NetSettled("2026-03", "EUR", EVEN)],
    "200 parties settle again": [NetSettled("2026-04", "EUR", EVEN)],
    "a period is closed": [PeriodClosed("lane", "2026-03")],
    "tokens are minted": [TokensMinted("eur", HOMES[0], 900, "p/1")],
    "tokens are transferred": [MOVED],
    "tokens are transferred, new holder": [MOVED],
    "50 transfers": [MOVED] * 50,
    "a certificate is issued": [CertificateIssued("go/1", "a", "b", "2026-03", "solar", 900)],
    "a certificate is cancelled in part": [CertificateCancelled("go/1", "b", 400, "own-use")],
    "a form is certified": [FormCertified(ROOT, "forward")],
    "an authority leaves": [AuthorityRemoved("auth-c")],
}


def block_of(name):
    if name == "founded by 3":
        names = tuple((name, bytes(32)) for name in ("auth-a", "auth-b", "auth-c"))
        return [LedgerFounded(names, 2, 300)]
    by = ("auth-a", "auth-b", "auth-c") if name == "an authority leaves" else ("auth-a",)
    return [drafted(by, COVERED[name], sequence=1, at=1, why="measured"), *COVERED[name]]


@pytest.mark.parametrize("name", ["founded by 3", *COVERED])
def test_a_block_is_allowed_more_than_it_takes(name):
    block = block_of(name)
    size = len(call("key", block, 1, "before"))
    assert MEASURED[f"Ledger.commit, {name}"] + KAIA * size < most_gas(block, size) < BLOCK


def test_every_block_that_is_measured_is_looked_at():
    commits = {name for name in MEASURED if name.startswith("Ledger.commit, ")}
    assert commits == {f"Ledger.commit, {name}" for name in ("founded by 3", *COVERED)}
