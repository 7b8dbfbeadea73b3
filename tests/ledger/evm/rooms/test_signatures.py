"""Signatures that the front contract refuses by itself, as the rules in Python do."""

import msgspec

from gridpact.agreements.addresses import ORDER
from gridpact.ledger.kinds.participants import ParticipantAuthorised

ADMIT = ParticipantAuthorised("eve", "prosumer")


def test_a_signature_counts_in_one_form_of_one_key_alone(twin):
    act, entry = twin.act("auth-a", ADMIT)
    (made,) = act.signatures
    tail = int.from_bytes(made[32:], "big")
    s, parity = tail % 2**255, tail >> 255
    other = made[:32] + ((ORDER - s) ^ ((1 - parity) << 255)).to_bytes(32, "big")
    turned = made[:32] + (tail ^ 1 << 255).to_bytes(32, "big")
    flipped = bytes([made[0] ^ 1]) + made[1:]
    beyond = ORDER.to_bytes(32, "big") + made[32:]
    for wrong in (other, turned, flipped, beyond, bytes(64), made[:32] + bytes(32)):
        changed = msgspec.structs.replace(act, signatures=(wrong,))
        assert twin.hand_in(changed, entry) == "signature", wrong.hex()
    (foreign,) = twin.act("auth-b", ADMIT)[0].signatures
    assert twin.hand_in(msgspec.structs.replace(act, signatures=(foreign,)), entry) == "signature"
    assert twin.hand_in(act, entry) == ""


def test_quorums_count_each_signer_once(twin):
    (act, entry) = twin.act(("auth-a", "auth-b"), ADMIT)
    twice = msgspec.structs.replace(act, by=("auth-a", "auth-a"))
    assert twin.hand_in(twice, entry) == "signed twice"
    assert twin.hand_in(*twin.act("eve", ADMIT)) == "may not sign"


def test_an_act_counts_once_in_its_turn_and_time(twin):
    block = twin.act("auth-a", ParticipantAuthorised("eve", "dso"))
    assert twin.hand_in(*block) == ""
    assert twin.hand_in(*block) == "sequence"
    assert twin.hand_in(*twin.act("auth-a", ADMIT, at=1_000_301)) == "clocks"
    assert twin.hand_in(*twin.act("lane", ADMIT)) == "not for you"
