"""Forms, sessions and agreements: each rule as in Python (state/agreed.py)."""

from gridpact.agreements.addresses import ORDER
from gridpact.ledger.evm.signing import demonstration_key
from gridpact.ledger.evm.words import id_of
from gridpact.ledger.kinds.participants import ParticipantAuthorised, ParticipantSuspended
from gridpact.ledger.kinds.terms import (
    AgreementCommitted,
    AgreementEnded,
    AgreementSigned,
    FormCertified,
    FormWithdrawn,
    TermsCommitted,
)
from gridpact.ledger.merkle import EMPTY_ROOT

FORM, TERMS, DIGEST = bytes(range(32)), bytes(range(1, 33)), bytes(range(2, 34))
CERTIFIED = FormCertified(FORM, "lease-1")


def signature(name, digest=DIGEST):
    return demonstration_key(23, name).wallet.sign(digest)


def committed(revision=1, names=("ada", "bob"), digest=DIGEST, **signed):
    rows = tuple((name, signed.get(name) or signature(name, digest)) for name in names)
    return AgreementCommitted("roof-2026", revision, FORM, TERMS, digest, rows)


def flipped(made):
    """The other signature of the same digest by the same wallet: the higher s."""
    s = ORDER - int.from_bytes(made[32:64], "big")
    return made[:32] + s.to_bytes(32, "big") + bytes([27 + 28 - made[64]])


def test_versions_of_an_agreement_follow_one_another_until_it_ends(twin):
    assert "not certified" in twin.do("lane", committed())
    assert twin.do("auth-a", CERTIFIED) == ""
    assert "revision" in twin.do("lane", committed(2))
    assert twin.do("lane", committed()) == ""
    assert "revision" in twin.do("lane", committed())
    assert "parties" in twin.do("lane", committed(2, ("ada", "cyd")))
    assert "parties" in twin.do("lane", committed(2, ("ada", "bob", "cyd")))
    assert twin.do("auth-b", FormWithdrawn(FORM)) == ""
    assert "not certified" in twin.do("lane", committed(2))
    assert twin.do("auth-b", CERTIFIED) == ""
    assert twin.do("lane", committed(2, digest=TERMS)) == ""
    found = twin.ask("Terms", "agreement", id_of("roof-2026"))
    assert found[:5] == (2, False, 0, FORM, TERMS)
    assert twin.do("auth-a", AgreementEnded("roof-2026", -7, "moved-out")) == ""
    for late in (committed(3), AgreementEnded("roof-2026", 1, "again")):
        assert "ended" in twin.do("lane", late)
    assert twin.ask("Terms", "agreement", id_of("roof-2026"))[:3] == (2, True, -7)


REFUSED = [
    (committed(names=("ada",)), "parties"),
    (committed(names=("ada", "zoe")), "may not act"),
    (committed(names=("ada", "lane")), "no wallet"),
    (committed(bob=signature("cyd")), "signature"),
    (committed(bob=signature("bob", TERMS)), "signature"),
    (committed(bob=bytes(65)), "signature"),
    (committed(bob=flipped(signature("bob"))), "signature"),
    (committed(bob=signature("bob")[:64] + b"\x01"), "signature"),
    (committed(names=("ada", "ada")), "order"),
]


def test_what_not_all_wallets_signed_is_no_agreement(twin):
    assert twin.do("auth-a", CERTIFIED) == ""
    for entry, why in REFUSED:
        assert why in twin.do("lane", entry), entry
    assert twin.do("lane", committed()) == ""


def test_only_those_who_may_act_are_parties(twin):
    assert twin.do("auth-a", CERTIFIED, ParticipantSuspended("bob")) == ""
    assert "may not act" in twin.do("lane", committed())


def test_who_may(twin):
    for by in ("lane", "ada"):
        assert "not for you" in twin.do(by, CERTIFIED)
        assert "not for you" in twin.do(by, FormWithdrawn(FORM))
    assert "not certified" in twin.do("auth-a", FormWithdrawn(FORM))
    assert twin.do("auth-a", CERTIFIED) == ""
    assert "certified" in twin.do("auth-b", CERTIFIED)
    for by in ("ada", "auth-a"):
        assert "not for you" in twin.do(by, committed())
        assert "not for you" in twin.do(by, TermsCommitted("s", 3, TERMS))
    assert "unknown" in twin.do("lane", AgreementEnded("roof-2026", 1, "x"))
    assert "not for you" in twin.do("ada", AgreementEnded("roof-2026", 1, "x"))
    unsigned = AgreementSigned("roof-2026", 1, TERMS, DIGEST)
    assert "without signatures" in twin.do("lane", unsigned)
    assert twin.do("auth-a", ParticipantAuthorised("ada", "operator")) == ""
    assert twin.do("ada", committed()) == ""


def test_a_session_closes_once(twin):
    assert twin.do("lane", TermsCommitted("s", 3, TERMS), TermsCommitted("t", 0, EMPTY_ROOT)) == ""
    assert twin.ask("Terms", "session", id_of("s")) == (3, TERMS, True)
    assert twin.ask("Terms", "session", id_of("t")) == (0, EMPTY_ROOT, True)
    assert twin.ask("Terms", "session", id_of("u")) == (0, bytes(32), False)
    for session in ("s", "t"):
        assert "closed before" in twin.do("lane", TermsCommitted(session, 3, TERMS))
    assert "count" in twin.do("lane", TermsCommitted("u", 0, TERMS))
