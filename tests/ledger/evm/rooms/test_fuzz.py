"""Calls of every function of every contract: only the valid one moves money or grants a role."""

import hypothesis.strategies as st
import pytest
from eth_abi import encode
from hypothesis import HealthCheck, given, settings

from gridpact.ledger.entries import canonical
from gridpact.ledger.evm.artifacts import ROOMS, contract
from gridpact.ledger.evm.batches import packed
from gridpact.ledger.evm.signing import demonstration_key, signed
from gridpact.ledger.evm.words import id_of, operation
from gridpact.ledger.kinds.certificates import CertificateIssued
from gridpact.ledger.kinds.money import NetSettled, TokensMinted, TokensTransferred
from gridpact.ledger.kinds.participants import ParticipantAuthorised

ACTOR = (id_of("auth-a"), True, 3, 2, 1_000_000)
FRONT = "Ledger"


def writing(name):
    return [
        each["name"]
        for each in contract(name).artifact["abi"]
        if (each["type"], each.get("stateMutability")) == ("function", "nonpayable")
    ]


def places(twin):
    return {FRONT: twin.chain.front, **twin.chain.rooms}


def kept(twin):
    """Root of the storage of each contract: what they know, whoever paid for the call."""
    view = twin.chain.tester.backend.chain.get_vm().state
    return {
        name: view._account_db._get_account(bytes.fromhex(place[2:])).storage_root
        for name, place in places(twin).items()
    }


def filled(twin):
    assert twin.do("lane", TokensMinted("eur", "ada", 10, "d1")) == ""
    issue = CertificateIssued("go/1", "roof", "ada", "2026", "solar", 5)
    assert twin.do("auth-a", issue) == ""
    assert twin.do("lane", NetSettled("2026", "EUR", (("ada", -1), ("bob", 1)))) == ""


def drawn(types):
    """Draw arguments of these types, some of them known here."""
    known = {
        "bytes32": st.sampled_from([id_of(each) for each in ("ada", "bob", "eur", "go/1", "lane")]),
        "address": st.sampled_from(["0x" + demonstration_key(23, each).address.hex()
                                    for each in ("auth-a", "ada", "lane")]),
        "bool": st.booleans(),
        "bytes": st.binary(max_size=300),
        "bytes4": st.binary(min_size=4, max_size=4),
    }  # fmt: skip
    actor = st.just(ACTOR)
    numbers = st.sampled_from((0, 1, 2, 3, 5, 24, 27, 60))

    def of(kind):
        if kind.endswith("]"):
            inner, _, size = kind.removesuffix("]").rpartition("[")
            size = int(size) if size else None
            return st.lists(of(inner), min_size=size or 0, max_size=size or 2)
        return actor if kind.startswith("(") else known.get(kind, numbers)

    return st.tuples(*map(of, types))


@pytest.mark.parametrize("name", [FRONT, *ROOMS.values()])
def test_no_call_of_a_stranger_changes_what_contracts_keep(twin, name):
    """Each function that writes, with arguments that fit and with bytes that do not."""
    filled(twin)
    before, to, chain = kept(twin), places(twin)[name], twin.chain

    @settings(deadline=None, max_examples=8, suppress_health_check=list(HealthCheck))
    @given(st.data())
    def calls(data):
        function = data.draw(st.sampled_from(writing(name)))
        found = contract(name).functions[function]
        arguments = data.draw(drawn(found.inputs))
        whole = found.selector + encode(found.inputs, arguments)
        cut = data.draw(st.integers(0, len(whole)))
        junk = data.draw(st.binary(max_size=80))
        by = data.draw(st.sampled_from((1, "auth-a", "auth-b")))
        for sent in (whole, whole[:cut], found.selector + junk, junk, whole[:cut] + junk):
            if isinstance(chain.call(to, sent, by), bytes):  # taken: it must change nothing
                assert chain.send(to, sent, by)["status"]
        assert kept(twin) == before

    calls()


def test_every_room_takes_operations_from_its_ledger_alone(twin):
    filled(twin)
    before = kept(twin)
    for name in ROOMS.values():
        for kind in range(5, 36, 3):
            data = contract(name).data("take", ACTOR, kind, id_of("eur") + id_of("ada"))
            assert "not the ledger" in twin.chain.why(twin.chain.rooms[name], data, "auth-a")
        for stage in range(1, 4):
            data = contract(name).data("set_stage", stage)
            assert "not the ledger" in twin.chain.why(twin.chain.rooms[name], data, "auth-a")
    assert kept(twin) == before


def test_a_changed_byte_of_a_valid_call_makes_it_none(twin):
    """The sealing authority sends it itself; what it may choose is the key and the time.

    The contract takes any body of the act itself, which nobody can sign as it holds the
    signatures: whoever follows the ledger compares that with the words.
    """
    filled(twin)
    entries = twin.act("ada", TokensTransferred("eur", "ada", "bob", 4))
    valid, batch = twin.data(*entries), packed(entries)
    start, body = valid.index(batch), len(canonical(entries[0]))
    for place in (*range(start, start + 7), *range(start + 7 + body, start + len(batch), 23)):
        wrong = bytearray(valid)
        wrong[place] ^= 1 << (place % 8)
        assert isinstance(twin.chain.call(twin.chain.front, bytes(wrong)), str), place
    assert isinstance(twin.chain.call(twin.chain.front, valid, by=1), str)
    before = kept(twin)
    assert twin.chain.send(twin.chain.front, valid)["status"]
    changed = {name for name, root in kept(twin).items() if root != before[name]}
    assert changed == {FRONT, "Tokens"}


def test_an_act_signed_by_others_than_it_names_grants_nothing(twin):
    admitted = ParticipantAuthorised("eve", "operator")
    act, entry = twin.act("auth-a", admitted)
    for name in ("ada", "auth-b", "lane"):
        forged = signed(act, twin.genesis, "auth-a", demonstration_key(23, name), [entry])
        assert "signature" in twin.hand_in(forged, entry)
    # words that differ from the body are not what was signed
    other = operation(ParticipantAuthorised("ada", "operator"))
    data = twin.data(act, entry).replace(operation(entry).words, other.words)
    assert "signature" in twin.chain.why(twin.chain.front, data)
    assert not twin.ask("Members", "known", id_of("eve"))
