import msgspec
import pytest

from gridpact.ledger.acts import drafted, missing
from gridpact.ledger.entries import canonical, parse
from gridpact.ledger.kinds.founding import (
    AuthorityAdded,
    AuthorityRemoved,
    LedgerFounded,
    QuorumSet,
)
from gridpact.ledger.kinds.money import NetSettled, TokensMinted
from gridpact.ledger.kinds.participants import (
    ParticipantAuthorised,
    ParticipantBarred,
    ParticipantSuspended,
)
from gridpact.ledger.kinds.terms import FormCertified
from gridpact.ledger.merkle import leaf_hash
from gridpact.ledger.state.admission import Admission, Offered
from gridpact.ledger.state.snapshot import frozen

ADMIT = ParticipantAuthorised("cyd", "consumer")


def told(found):
    return [str(each) for each in found]


def refused(desk, found, *words):
    """Refused with these words, and the state as it was."""
    assert found
    text = "\n".join(told(found))
    assert all(word in text for word in words), text
    assert all(each.fix for each in found)
    assert frozen(desk.replayed()) == frozen(desk.state)
    assert desk.ledger.size() == sum(len(entries) for entries, _, _ in desk.taken)


def test_an_act_is_read_back_as_it_was_signed(desk):
    act, entry = desk.act("auth-a", ADMIT)
    assert parse(canonical(act)) == act
    assert desk.hand_in(act, entry) == ()
    assert desk.state.participants.rows["cyd"].roles == ("consumer",)


def test_signers_sign_one_after_the_other(desk):
    act = drafted(desk.authorities[:2], [ADMIT], sequence=1, at=desk.now, why="x")
    assert missing(act) == desk.authorities[:2]
    act = desk.signed(act, [ADMIT], "auth-b")
    assert missing(act) == ("auth-a",)
    with pytest.raises(ValueError, match="auth-c is no signer"):
        desk.signed(act, [ADMIT], "auth-c")


def test_an_act_counts_once(desk):
    block = desk.act("auth-a", ADMIT)
    assert desk.hand_in(*block) == ()
    refused(desk, desk.hand_in(*block), "act.sequence", "is next for auth-a", "consumer already")


@pytest.mark.parametrize("sequence", [1, 3, 99])
def test_acts_come_in_their_turn(desk, sequence):
    desk.now += 1
    due = desk.state.sequences.rows["auth-a"] + 1
    wrong = sequence if sequence != due else due + 1
    refused(desk, desk.do("auth-a", ADMIT, sequence=wrong), f"{wrong} where {due} is next")


def test_an_act_of_another_ledger_is_none_here(desk):
    act = drafted(["auth-a"], [ADMIT], sequence=4, at=desk.now, why="x")
    foreign = desk.signed(act, [ADMIT], "auth-a", ledger=bytes(32))
    refused(desk, desk.hand_in(foreign, ADMIT), "the one of auth-a does not hold")


def test_a_signature_of_another_key_or_bit_is_refused(desk):
    refused(desk, desk.do("auth-a", ADMIT, keys={"auth-a": desk.key_of("ada")}), "does not hold")
    act, entry = desk.act("auth-a", ADMIT)
    for bit in range(0, 512, 37):
        flipped = bytearray(act.signatures[0])
        flipped[bit // 8] ^= 1 << bit % 8
        wrong = msgspec.structs.replace(act, signatures=(bytes(flipped),))
        refused(desk, desk.hand_in(wrong, entry), "does not hold")


def test_the_other_form_of_a_signature_is_refused(desk):
    """Two forms verify alike where a library does not look (malleability)."""
    act, entry = desk.act("auth-a", ADMIT)
    malleable = msgspec.structs.replace(act, signatures=(desk.other_form(act.signatures[0]),))
    refused(desk, desk.hand_in(malleable, entry), "does not hold")


def test_a_missing_signature_is_refused(desk):
    act = drafted(["auth-a"], [ADMIT], sequence=4, at=desk.now, why="x")
    refused(desk, desk.hand_in(act, ADMIT), "auth-a has not signed")
    none = msgspec.structs.replace(act, signatures=())
    refused(desk, desk.hand_in(none, ADMIT), "0 signatures of 1 signers")


def test_an_act_covers_just_its_entries(desk):
    act, entry = desk.act("auth-a", ADMIT)
    refused(desk, desk.hand_in(entry), "is covered by no act")
    refused(desk, desk.hand_in(act), "is not of the entries that follow")
    other = ParticipantAuthorised("cyd", "operator")
    refused(desk, desk.hand_in(act, other), "is not of the entries that follow")
    refused(desk, desk.hand_in(act, entry, entry), "is covered by no act")


def test_nobody_signs_twice_or_unknown(desk):
    act, entry = desk.act("auth-a", ADMIT)
    twice = msgspec.structs.replace(act, by=("auth-a", "auth-a"), signatures=act.signatures * 2)
    refused(desk, desk.hand_in(twice, entry), "names nobody, or somebody twice")
    refused(desk, desk.do("eve", ADMIT), "eve may not sign here")
    assert desk.do("auth-a", ParticipantSuspended("ada")) == ()
    refused(desk, desk.do("ada", TokensMinted("eur", "ada", 1, "d")), "ada may not sign here")


@pytest.mark.parametrize("apart", [-301, 301, 10**12])
def test_clocks_that_are_too_far_apart_are_refused(desk, apart):
    refused(desk, desk.do("auth-a", ADMIT, at=desk.now + apart), "s from the block's time")


def test_clocks_may_differ_a_little_and_a_block_may_not_go_back(desk):
    assert desk.do("auth-a", ADMIT, at=desk.now - 300) == ()
    other = desk.act("auth-a", ParticipantSuspended("cyd"), at=desk.now - 600)
    refused(desk, desk.hand_in(*other, at=desk.now - 600), "before the last block")


def test_only_an_authority_that_stands_seals(desk):
    block = desk.act("auth-a", ADMIT)
    refused(desk, desk.hand_in(*block, sealer="ada"), "is no authority's key")
    assert desk.do(desk.authorities[:2], AuthorityRemoved("auth-c")) == ()
    block = desk.act("auth-a", ADMIT)
    refused(desk, desk.hand_in(*block, sealer="auth-c"), "is no authority's key")
    assert desk.hand_in(*block, sealer="auth-b") == ()


def test_a_quorum_decides_on_authorities(desk):
    more = AuthorityAdded("auth-d", desk.key_of("auth-d").public.raw)
    refused(desk, desk.do("auth-a", more), "1 of 2 authorities signed")
    refused(desk, desk.do(("auth-a", "lane"), more), "1 of 2 authorities signed")
    assert desk.do(("auth-a", "auth-b"), more) == ()
    taken = AuthorityAdded("ada", desk.key_of("x").public.raw)
    refused(desk, desk.do(desk.authorities, taken), "ada is taken")
    same = AuthorityAdded("auth-e", desk.key_of("auth-a").public.raw)
    refused(desk, desk.do(desk.authorities, same), "another authority's")
    refused(desk, desk.do(desk.authorities, QuorumSet(5)), "5 of 4 authorities")
    assert desk.do(desk.authorities, QuorumSet(4)) == ()
    four = (*desk.authorities, "auth-d")
    refused(desk, desk.do(four, AuthorityRemoved("auth-a")), "3 would be left, and 4 decide")
    refused(desk, desk.do(desk.authorities, ParticipantBarred("ada")), "3 of 4 authorities signed")


def test_no_act_without_its_role(desk):
    refused(desk, desk.do("ada", ADMIT), "is not for ada to do", "it is for an authority")
    mint = TokensMinted("eur", "ada", 5, "payment-1")
    refused(desk, desk.do("auth-a", mint), "is not for auth-a to do", "the operator")
    refused(desk, desk.do("ada", mint), "is not for ada to do")
    assert desk.do("lane", mint) == ()


def test_everything_wrong_in_a_block_is_told_at_once(desk):
    first = desk.act("ada", ADMIT, at=desk.now + 999)
    second = desk.act("bob", NetSettled("2026-06", "EUR", (("eve", 1), ("zoe", -1))), sequence=7)
    found = desk.hand_in(*first, *second)
    places = [(each.file, each.where) for each in found]
    assert places == [
        ("entry 0", "act.at"),
        ("entry 1", "participant_authorised."),
        ("entry 2", "act.sequence"),
        ("entry 3", "net_settled."),
    ]


def test_a_ledger_of_one_key_takes_what_it_took_before(desk):
    plain = Admission(desk.genesis)
    key = desk.key_of("auth-a").public.raw
    entries = [ADMIT, TokensMinted("eur", "ada", 1, "d")]
    leaves = [leaf_hash(canonical(each)) for each in entries]
    assert plain.take(Offered(entries[:1], leaves[:1], 0, key)) == ()
    found = plain.take(Offered(entries, leaves, 0, key))
    assert [each.where for each in found] == ["tokens_minted."]
    late = LedgerFounded((("auth-a", key),), 1, 1)
    (one,) = plain.take(Offered([late], [leaf_hash(canonical(late))], 0, key))
    assert "needs a ledger of authorities" in str(one)


def test_who_may_no_more_is_stopped_within_the_act(desk):
    forms = [FormCertified(bytes([number] * 32), f"form-{number}") for number in (1, 2, 3)]
    gone = AuthorityRemoved("auth-a")
    block = desk.act(("auth-a", "auth-b"), forms[0], forms[1], gone, forms[2])
    refused(desk, desk.hand_in(*block), "entry 4", "form_certified", "is not for auth-a to do")
    block = desk.act(("auth-a", "auth-b"), forms[0], forms[1], gone)
    assert desk.hand_in(*block) == ()
