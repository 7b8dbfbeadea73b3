import pytest

from gridpact.agreements.keys import WalletKey
from gridpact.contracts.canonical import keccak256
from gridpact.ledger.kinds.assets import AssetAttested, AttestationEnded
from gridpact.ledger.kinds.money import NetSettled
from gridpact.ledger.kinds.participants import (
    ParticipantAuthorised,
    ParticipantSuspended,
    WalletBound,
)
from gridpact.ledger.kinds.patches import PatchActivated, PatchApproved, PatchProposed, PatchUndone
from gridpact.ledger.kinds.roots import PeriodClosed, RootAnchored
from gridpact.ledger.kinds.terms import (
    AgreementCommitted,
    AgreementEnded,
    AgreementSigned,
    FormCertified,
    FormWithdrawn,
    TermsCommitted,
)

FORM, TERMS, DIGEST = (keccak256(word) for word in (b"form", b"terms", b"digest"))
ROOT = bytes(range(32))
WALLETS = {name: WalletKey(keccak256(name.encode())) for name in ("ada", "bob")}


def committed(revision=1, form=FORM, signer_of=WALLETS, digest=DIGEST):
    signatures = tuple((name, signer_of[name].sign(digest)) for name in ("ada", "bob"))
    return AgreementCommitted("roof", revision, form, TERMS, digest, signatures)


@pytest.fixture
def ready(desk):
    """A desk whose members have wallets, and a form that may be used."""
    bound = [WalletBound(name, key.address) for name, key in WALLETS.items()]
    assert desk.do("auth-a", FormCertified(FORM, "forward"), *bound) == ()
    return desk


def said(found):
    return "\n".join(map(str, found))


def test_an_agreement_holds_with_the_signatures_of_its_parties(ready):
    assert ready.do("lane", committed()) == ()
    assert ready.do("lane", committed(2)) == ()
    assert ready.state.agreements.rows["roof"].parties == ("ada", "bob")
    assert "2 where 3 is next" in said(ready.do("lane", committed(2)))
    assert ready.do("lane", AgreementEnded("roof", 5, "notice")) == ()
    assert "has ended" in said(ready.do("lane", committed(3)))


def test_wallets_sign_this_digest_and_nobody_else_does(ready):
    swapped = {"ada": WALLETS["bob"], "bob": WALLETS["ada"]}
    text = said(ready.do("lane", committed(signer_of=swapped)))
    assert "signatures[0]: is not of ada's wallet" in text
    assert "signatures[1]: is not of bob's wallet" in text
    other = committed(digest=keccak256(b"other"))
    mixed = AgreementCommitted("roof", 1, FORM, TERMS, DIGEST, other.signatures)
    assert "is not of ada's wallet" in said(ready.do("lane", mixed))
    assert "has no signatures" in said(ready.do("lane", AgreementSigned("roof", 1, TERMS, DIGEST)))


def test_only_certified_forms_are_used(ready):
    unknown = committed(form=keccak256(b"own form"))
    assert "let an authority certify the form" in said(ready.do("lane", unknown))
    assert "is not for lane" in said(ready.do("lane", FormCertified(unknown.form, "own")))
    assert ready.do("auth-b", FormWithdrawn(FORM)) == ()
    assert "let an authority certify the form" in said(ready.do("lane", committed()))


def test_a_suspended_party_agrees_to_nothing(ready):
    assert ready.do("auth-a", ParticipantSuspended("bob")) == ()
    assert "bob is suspended" in said(ready.do("lane", committed()))


def test_what_is_attested_is_attested_once_and_ends_once(desk):
    assert desk.do("auth-a", ParticipantAuthorised("tester", "inspector")) == ()
    seen = AssetAttested("roof-1", "ada", "inspection", ROOT, 2_000_000)
    assert desk.do("auth-a", seen) == ()
    assert "attested before" in said(desk.do("auth-a", seen))
    assert "is not for ada" in said(desk.do("ada", seen))
    end = AttestationEnded("roof-1", ROOT, "expired")
    assert desk.do("auth-b", end) == ()
    assert "ended before (expired)" in said(desk.do("auth-b", end))
    strange = AttestationEnded("roof-2", ROOT, "expired")
    assert "not attested of roof-2" in said(desk.do("auth-b", strange))


def test_a_final_period_takes_no_root_and_no_positions(desk):
    def day(root=ROOT, period="2026-06-15"):
        return RootAnchored("readings", "lane", period, 3, root)

    assert desk.do("lane", day()) == ()
    assert "anchored already" in said(desk.do("lane", day()))
    assert desk.do("lane", day(ROOT[::-1])) == ()
    assert desk.do("lane", PeriodClosed("lane", "2026-06")) == ()
    for late in (day(ROOT), day(ROOT, "2026-06"), PeriodClosed("lane", "2026-06-30")):
        assert "of lane is final" in said(desk.do("lane", late))
    settled = NetSettled("2026-06-15", "EUR", (("ada", -1), ("bob", 1)))
    assert "2026-06-15 is final" in said(desk.do("lane", settled))
    assert desk.do("lane", day(ROOT, "2026-07-01"), day(ROOT, "2026-060")) == ()


def test_unknown_subjects_are_refused_by_name(desk):
    settled = NetSettled("2026-06", "EUR", (("ada", -1), ("eve", 0), ("zoe", 1)))
    text = said(desk.do("lane", settled, RootAnchored("readings", "moon", "2026", 1, ROOT)))
    assert all(f"{name} is unknown" in text for name in ("eve", "zoe", "moon"))


def test_a_session_closes_once(desk):
    terms = TermsCommitted("day-ahead/1", 3, ROOT)
    assert desk.do("lane", terms) == ()
    assert "a session closes once" in said(desk.do("lane", terms))


def test_a_patch_needs_a_quorum_to_apply_and_to_be_undone(desk):
    patch = PatchProposed("tariff-2", ROOT)
    assert "is not for lane" in said(desk.do("lane", patch))
    assert desk.do("auth-a", patch) == ()
    assert "1 of 2 authorities approved" in said(desk.do("auth-a", PatchActivated("tariff-2")))
    again = PatchApproved("tariff-2", "activate")
    assert "auth-a approved of this before" in said(desk.do("auth-a", again))
    assert "is proposed, not active" in said(desk.do("auth-b", PatchApproved("tariff-2", "undo")))
    assert desk.do("auth-b", again) == ()
    assert desk.do("auth-c", PatchActivated("tariff-2")) == ()
    undo = PatchApproved("tariff-2", "undo")
    assert desk.do("auth-c", undo) == ()
    assert "1 of 2 authorities approved" in said(desk.do("auth-c", PatchUndone("tariff-2")))
    assert desk.do("auth-b", undo, PatchUndone("tariff-2")) == ()
    assert desk.state.patches.rows["tariff-2"].status == "undone"
    assert "is undone, not proposed" in said(desk.do("auth-b", again))


def test_the_approval_of_an_authority_that_was_removed_counts_no_more(desk):
    from gridpact.ledger.kinds.founding import AuthorityRemoved

    assert desk.do("auth-c", PatchProposed("p", ROOT)) == ()
    assert desk.do(desk.authorities, AuthorityRemoved("auth-c")) == ()
    assert desk.do("auth-a", PatchApproved("p", "activate")) == ()
    assert "1 of 2 authorities approved" in said(desk.do("auth-a", PatchActivated("p")))
