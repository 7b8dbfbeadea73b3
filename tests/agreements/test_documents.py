"""Documents: written, signed, read back and checked; every fault is named."""

import json
from dataclasses import replace

import msgspec
import pytest

from gridpact.agreements.addresses import checksummed
from gridpact.agreements.documents import (
    Document,
    countersign,
    life_lines,
    signed_by,
    verify,
    with_signature,
)
from gridpact.agreements.files import from_text, read_signed, to_text, write_signed
from gridpact.agreements.signatures import Signature
from gridpact.agreements.typed_data import digest
from gridpact.base.errors import BadInput, StoreError
from gridpact.contracts.canonical import keccak256, to_bytes
from gridpact.contracts.observables import Const, Series
from gridpact.contracts.terms import One, Scale, pay


def failed(document):
    return {check.name: check.detail for check in verify(document) if not check.holds}


def changed(document, **fields):
    """Change fields and keep the signatures, as a forger would."""
    agreement = msgspec.structs.replace(document.agreement, **fields)
    return Document(agreement, document.signatures)


def test_from_proposal_to_a_document_that_holds(desk, tmp_path):
    document = desk.draft()
    assert set(failed(document)) == {"signature of park", "signature of bakery"}
    document = countersign(document, desk.KEYS["bakery"])
    assert set(failed(document)) == {"signature of park"}
    assert countersign(document, desk.KEYS["bakery"]) == document
    document = countersign(document, desk.KEYS["park"])
    assert failed(document) == {}
    path = tmp_path / "supply.json"
    write_signed(path, document)
    assert read_signed(path) == document
    assert [path] == list(tmp_path.iterdir())


def test_the_file(desk):
    document = desk.signed(desk.draft())
    text = to_text(document)
    whole = json.loads(text)
    assert text == json.dumps(whole, sort_keys=True, indent=2) + "\n"
    assert whole["agreement"]["terms"].encode() == to_bytes(desk.SUPPLY)
    assert whole["agreement"]["start"] == str(desk.START)
    assert whole["agreement"]["terms_hash"] == "0x" + keccak256(to_bytes(desk.SUPPLY)).hex()
    flat = json.dumps(whole, separators=(",", ":")).encode()
    assert from_text(flat, "flat") == document


@pytest.mark.parametrize(
    ("fields", "check"),
    [
        ({"terms": to_bytes(pay(Const(1, "nano"), "park", "bakery", "x", "EUR"))}, "terms hash"),
        ({"terms": b"{}"}, "terms"),
        ({"end": 1_782_864_000 + 7200}, "signature of park"),
        ({"end": 1_782_864_000 + 1}, "fields"),
        ({"version": 2}, "signature of park"),
        ({"version": 0}, "signatures"),
        ({"authority": "somebody"}, "signature of bakery"),
    ],
)
def test_what_was_changed_after_signing(desk, fields, check):
    document = desk.signed(desk.draft())
    assert check in failed(changed(document, **fields))


def test_terms_that_are_not_what_was_signed_though_their_hash_is_theirs(desk):
    terms = to_bytes(pay(Const(1, "nano"), "park", "bakery", "x", "EUR"))
    document = changed(desk.signed(desk.draft()), terms=terms, terms_hash=keccak256(terms))
    assert set(failed(document)) == {"signature of park", "signature of bakery"}


def with_raw(desk, document, party, signature):
    """Put any bytes under a party's name, as a forger would."""
    made = Signature(party, desk.KEYS[party].address, signature)
    return Document(document.agreement, (*document.signatures, made))


def test_signatures_that_do_not_belong(desk):
    document = desk.signed(desk.draft(), ["park"])
    made = desk.KEYS["stranger"].sign(digest(document.agreement))
    stranger = with_raw(desk, document, "bakery", made)
    assert "not of this party" in failed(stranger)["signature of bakery"]
    empty = with_raw(desk, document, "bakery", bytes(65))
    assert failed(empty)["signature of bakery"] == "is no signature"
    assert signed_by(stranger) == signed_by(empty) == ("park",)
    whole = {check.name: check.detail for check in verify(document)}
    assert whole["nobody else signed"] == "1 signature"
    foreign = Signature("stranger", desk.KEYS["stranger"].address, made)
    found = failed(Document(document.agreement, (*document.signatures, foreign)))
    assert found["nobody else signed"] == "stranger who is no party"
    twice = Document(document.agreement, document.signatures * 2)
    assert failed(twice)["nobody else signed"] == "park a second time"
    (own,) = document.signatures
    other = Signature("park", desk.KEYS["stranger"].address, own.signature)
    assert (
        "not this party's wallet"
        in failed(Document(document.agreement, (other,)))["nobody else signed"]
    )


def test_nobody_signs_beside_a_signature_that_does_not_hold(desk):
    park, bakery = desk.KEYS["park"], desk.KEYS["bakery"]
    signed = desk.signed(desk.draft())
    renamed = changed(signed, id="another")
    assert signed_by(renamed) == ()
    with pytest.raises(BadInput) as caught:
        countersign(renamed, park)
    (fault,) = caught.value.faults
    assert (fault.where, "bakery sign again" in fault.fix) == ("bakery", True)
    zeroed = with_raw(desk, desk.draft(), "park", bytes(65))
    with pytest.raises(BadInput, match="park: the signature is no signature"):
        countersign(zeroed, bakery)
    made = desk.KEYS["stranger"].sign(digest(signed.agreement))
    foreign = Signature("stranger", desk.KEYS["stranger"].address, made)
    beside = Document(signed.agreement, (foreign, *signed.signatures))
    with pytest.raises(BadInput, match="stranger signed who is no party"):
        countersign(beside, park)
    with pytest.raises(BadInput, match="bakery signed a second time"):
        countersign(Document(signed.agreement, signed.signatures * 2), park)


def test_an_own_signature_that_does_not_hold_is_replaced_in_its_place(desk):
    park, bakery = desk.KEYS["park"], desk.KEYS["bakery"]
    whole = desk.signed(desk.draft())
    zeroed = with_raw(desk, desk.draft(), "park", bytes(65))
    assert countersign(countersign(zeroed, park), bakery) == whole
    garbage = with_raw(desk, desk.draft(), "park", b"\7" * 65)
    assert countersign(countersign(garbage, park), bakery) == whole
    good, other = whole.signatures
    twice = Document(whole.agreement, (replace(good, signature=bytes(65)), other, good))
    assert countersign(twice, park) == whole
    wallet = replace(good, address=bakery.address)
    assert countersign(Document(whole.agreement, (wallet, other)), park) == whole


def test_a_signature_made_elsewhere_tells_whose_it_is(desk):
    draft = desk.draft()
    made = desk.KEYS["bakery"].sign(digest(draft.agreement))
    wanted = countersign(draft, desk.KEYS["bakery"])
    assert with_signature(draft, made) == wanted
    assert with_signature(draft, made[:-1] + bytes([made[-1] - 27])) == wanted
    for wrong in (b"", bytes(65), made[:-1], made[:-1] + b"\2", made[:-1] + b"\x1d"):
        with pytest.raises(BadInput, match="is no signature"):
            with_signature(draft, wrong)
    other = desk.draft(authority="dso")
    with pytest.raises(BadInput, match="no party's wallet"):
        with_signature(other, made)


def test_a_file_with_v_of_0_or_1_is_read_as_wallets_mean_it(desk):
    document = desk.signed(desk.draft())
    bare = [
        replace(each, signature=each.signature[:-1] + bytes([each.signature[-1] - 27]))
        for each in document.signatures
    ]
    text = to_text(Document(document.agreement, tuple(bare)))
    assert text != to_text(document)
    assert from_text(text.encode(), "bare") == document


def test_whoever_the_terms_name_is_a_party(desk):
    choice = desk.SUPPLY
    with pytest.raises(BadInput, match="'bakery' is named and no party"):
        desk.draft(choice, parties={"park": bytes(20), "mill": b"\1" * 20})
    with pytest.raises(BadInput, match="'dso' is named and no party"):
        desk.draft(Scale(Series("x", "Wh"), One("energy", "park", "dso")))


def test_what_cannot_be_proposed_is_told_whole(desk):
    with pytest.raises(BadInput) as caught:
        desk.draft(
            Scale(Const(1, "W"), One("energy", "park", "bakery")),
            name="Not An Id",
            parties={"park": bytes(20), "bakery": bytes(20)},
            authority="no name!",
        )
    assert sorted(fault.where for fault in caught.value.faults) == [
        "authority",
        "id",
        "parties",
        "terms",
    ]
    with pytest.raises(BadInput, match="offer end before"):
        desk.draft(offer_until=desk.START + 1)
    with pytest.raises(BadInput) as caught:
        desk.draft(parties={"park": "0x12", "bakery": "nothing"})
    assert len(caught.value.faults) == 2


def test_who_may_sign_and_what(desk):
    with pytest.raises(BadInput, match="not the wallet of a party"):
        countersign(desk.draft(), desk.KEYS["stranger"])
    with pytest.raises(BadInput, match="is not the hash of the terms"):
        countersign(changed(desk.draft(), terms_hash=bytes(32)), desk.KEYS["park"])


def test_a_later_version_names_the_one_before(desk):
    first = desk.draft()
    second = desk.draft(amends=first.agreement)
    assert second.agreement.version == 2
    assert second.agreement.previous == digest(first.agreement)


def test_what_is_agreed_beside_the_terms_is_told(desk):
    first = desk.draft()
    told = life_lines(first)
    assert [label for label, _ in told].count("party") == 2
    assert ("party", f"bakery, {checksummed(desk.KEYS['bakery'].address)}") in told
    assert [line for line in told if line[0] != "party"] == [
        ("agreement", "supply"),
        ("version", "1"),
        ("slots of", "1 h"),
        ("from", "2026-07-01T00:00:00Z"),
        ("until", "2026-07-02T00:00:00Z"),
        ("amends", "nothing"),
        ("offer until", "2026-07-01T00:00:00Z"),
        ("leave after", "never, by one party alone"),
        ("authority", "nobody"),
    ]
    later = desk.draft(
        amends=first.agreement,
        offer_until=desk.START - 60,
        termination_notice_s=30 * 86_400,
        authority="dso",
    )
    changed_lines = dict(line for line in life_lines(later) if line not in told)
    assert changed_lines == {
        "version": "2",
        "amends": f"the version with digest 0x{digest(first.agreement).hex()}",
        "offer until": "2026-06-30T23:59:00Z",
        "leave after": "30 d of notice, by one party alone",
        "authority": "dso",
    }


def faults_of(whole):
    text = whole if isinstance(whole, str) else json.dumps(whole, indent=1)
    with pytest.raises(BadInput) as caught:
        from_text(text.encode(), "a.json")
    return caught.value.faults


def test_every_fault_of_a_file_with_its_line(desk):
    whole = json.loads(to_text(desk.signed(desk.draft())))
    agreement, signature = whole["agreement"], whole["signatures"][0]
    agreement["version"] = 1
    agreement["start"] = "01"
    agreement["end"] = str(2**63)
    agreement["terms"] = "é"
    agreement["previous"] = "0x00"
    agreement["colour"] = "blue"
    agreement["parties"][1]["address"] = "0x" + "g" * 40
    del agreement["step"]
    signature["signature"] = "AB"
    del whole["document"]
    assert [fault.where for fault in faults_of(whole)] == [""]  # the whole is not a document
    whole["document"] = "gridpact-agreement/9"
    found = {fault.where: fault for fault in faults_of(whole)}
    assert set(found) == {"agreement", "agreement.colour", "document", "signatures[0].signature"}
    agreement["step"] = "3600"
    del agreement["colour"]
    found = {fault.where: fault for fault in faults_of(whole)}
    assert set(found) == {
        "document",
        "agreement.version",
        "agreement.start",
        "agreement.end",
        "agreement.terms",
        "agreement.previous",
        "agreement.parties[1].address",
        "signatures[0].signature",
    }
    lines = json.dumps(whole, indent=1).splitlines()
    assert '"start"' in lines[found["agreement.start"].line - 1]
    assert all(fault.line and fault.fix for fault in found.values())


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "empty"),
        ("[]", "not an object"),
        ("{", "not YAML"),
        ('{"document": "x", "document": "y"}', "document"),
        ("[" * 10_000, "deep"),
        ("{" + " " * 17_000_000 + "}", "read at most"),
    ],
)
def test_what_is_no_document(text, problem):
    assert any(problem in str(fault) for fault in faults_of(text))


def test_fields_that_contradict_each_other(desk):
    whole = json.loads(to_text(desk.draft()))
    whole["agreement"]["end"] = whole["agreement"]["start"]
    (fault,) = faults_of(whole)
    assert (fault.where, fault.problem) == ("agreement.end", "is not after the start")
    assert fault.line > 1


def test_files_that_cannot_be_used(desk, tmp_path):
    with pytest.raises(StoreError, match="No such file"):
        read_signed(tmp_path / "none.json")
    with pytest.raises(StoreError, match="No such file"):
        write_signed(tmp_path / "none" / "a.json", desk.draft())
