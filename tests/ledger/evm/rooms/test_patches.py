"""Patches: each rule taken and refused on the chain as in Python (state/patches.py)."""

from gridpact.ledger.evm.signing import demonstration_key
from gridpact.ledger.evm.words import id_of
from gridpact.ledger.kinds.founding import AuthorityAdded, AuthorityRemoved, QuorumSet
from gridpact.ledger.kinds.patches import PatchActivated, PatchApproved, PatchProposed, PatchUndone

ROOT = bytes(range(32))
PROPOSED = PatchProposed("tariff-2", ROOT)
YES, BACK = PatchApproved("tariff-2", "activate"), PatchApproved("tariff-2", "undo")
ON, OFF = PatchActivated("tariff-2"), PatchUndone("tariff-2")


def test_a_patch_needs_a_quorum_to_apply_and_to_be_undone(twin):
    for entry in (PROPOSED, YES, ON, OFF):
        assert "not for you" in twin.do("lane", entry)
    for entry in (YES, ON, BACK, OFF):
        assert "status" in twin.do("auth-a", entry)
    assert twin.do("auth-a", PROPOSED) == ""
    assert "taken" in twin.do("auth-b", PROPOSED)
    assert "no quorum" in twin.do("auth-a", ON)
    assert "approved before" in twin.do("auth-a", YES)
    assert "status" in twin.do("auth-b", BACK)
    assert twin.do("auth-b", YES) == ""
    assert twin.do("auth-c", ON) == ""
    assert twin.ask("Patches", "patch", id_of("tariff-2")) == (2, ROOT)
    assert "status" in twin.do("auth-c", ON)
    assert twin.do("auth-c", BACK) == ""
    assert "no quorum" in twin.do("auth-c", OFF)
    assert twin.do("auth-b", BACK, OFF) == ""
    assert twin.ask("Patches", "patch", id_of("tariff-2")) == (3, ROOT)
    given = twin.ask("Patches", "approvals", id_of("tariff-2"), 1)
    assert given == (id_of("auth-c"), id_of("auth-b"))
    for entry in (YES, BACK, ON, OFF):
        assert "status" in twin.do("auth-b", entry)


def test_the_approval_of_an_authority_that_was_removed_counts_no_more_until_it_is_back(twin):
    key = demonstration_key(23, "auth-c").public.raw
    assert twin.do("auth-c", PROPOSED) == ""
    assert twin.do(("auth-a", "auth-b"), AuthorityRemoved("auth-c")) == ""
    assert twin.do("auth-a", YES) == ""
    assert "no quorum" in twin.do("auth-a", ON)
    assert twin.do(("auth-a", "auth-b"), AuthorityAdded("auth-c", key)) == ""
    assert twin.do("auth-a", ON) == ""


def test_a_quorum_that_was_lowered_in_the_same_act_counts(twin):
    assert twin.do(("auth-a", "auth-b"), PROPOSED, QuorumSet(1), ON) == ""
