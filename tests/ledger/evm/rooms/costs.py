"""Gas of blocks on a ledger of three authorities, two of whom decide; gas.py keeps the figures."""

import importlib.util
from pathlib import Path

from gridpact.ledger.evm.artifacts import ROOMS, contract
from gridpact.ledger.kinds.certificates import CertificateCancelled, CertificateIssued
from gridpact.ledger.kinds.founding import AuthorityRemoved
from gridpact.ledger.kinds.money import NetSettled, TokensMinted, TokensTransferred
from gridpact.ledger.kinds.participants import KeyBound, ParticipantAuthorised
from gridpact.ledger.kinds.roots import PeriodClosed, RootAnchored
from gridpact.ledger.kinds.terms import FormCertified, TermsCommitted

PARTIES = 200
ROOT = bytes(range(32))


def _twins():
    place = Path(__file__).with_name("conftest.py")
    spec = importlib.util.spec_from_file_location("gridpact_gas_rooms", place)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def costs():
    """Yield what is done on the ledger with the gas that it takes."""
    twins = _twins()
    chain = twins.Chain()
    front = chain.front
    made = chain.send("", contract("Ledger").creation())
    yield "Ledger: deployment", made["gas_used"]
    for name in ROOMS.values():
        made = chain.send("", contract(name).creation(front, twins.NOBODY))
        yield f"{name}: deployment", made["gas_used"]
    twin = twins.Twin(chain)
    yield "Ledger.commit, founded by 3", twin.latest["gas_used"]

    def did(by, *entries):
        assert twin.do(by, *entries) == "", entries
        return twin.latest["gas_used"]

    key = KeyBound("lane", twins.key_of("lane").public.raw)
    joined = did("auth-a", ParticipantAuthorised("lane", "operator"), key)
    yield "Ledger.commit, one joins with a key", joined
    names = [f"member-{number:03}" for number in range(PARTIES)]
    admitted = [ParticipantAuthorised(name, "prosumer") for name in names]
    yield "Ledger.commit, 100 join", did("auth-a", *admitted[:100])
    did("auth-a", *admitted[100:])
    yield "Ledger.commit, a session's terms", did("lane", TermsCommitted("day-ahead/1", 3, ROOT))
    anchored = RootAnchored("readings", "lane", "2026-03-01", 3, ROOT)
    yield "Ledger.commit, a root is anchored", did("lane", anchored)
    even = [(name, 100 if number % 2 else -100) for number, name in enumerate(names)]
    for period, what in (("2026-03", "for the first time"), ("2026-04", "again")):
        settled = NetSettled(period, "EUR", tuple(even))
        yield f"Ledger.commit, {PARTIES} parties settle {what}", did("lane", settled)
    yield "Ledger.commit, a period is closed", did("lane", PeriodClosed("lane", "2026-03"))
    yield "Ledger.commit, tokens are minted", did("lane", TokensMinted("eur", names[0], 900, "p/1"))
    moved = [TokensTransferred("eur", names[0], names[1], 1)] * 50
    yield "Ledger.commit, tokens are transferred, new holder", did("lane", moved[0])
    yield "Ledger.commit, tokens are transferred", did("lane", moved[0])
    yield "Ledger.commit, 50 transfers", did("lane", *moved)
    issue = CertificateIssued("go/1", "roof", names[0], "2026-03", "solar", 900)
    yield "Ledger.commit, a certificate is issued", did("auth-a", issue)
    cancelled = CertificateCancelled("go/1", names[0], 400, "own-use")
    yield "Ledger.commit, a certificate is cancelled in part", did("lane", cancelled)
    yield "Ledger.commit, a form is certified", did("auth-b", FormCertified(ROOT, "forward"))
    yield "Ledger.commit, an authority leaves", did(twins.AUTHORITIES, AuthorityRemoved("auth-c"))
