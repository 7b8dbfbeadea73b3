"""Proofs are made, kept as files, and hold against what is trusted and nothing else."""

import json
from hashlib import sha256

import jsonschema
import pytest
from msgspec.structs import replace

from gridpact.base.errors import BadInput, LedgerDamaged
from gridpact.ledger.keys import demonstration_key
from gridpact.ledger.proofs import files
from gridpact.ledger.proofs.checking import check
from gridpact.ledger.proofs.making import of_entry, of_leaf
from gridpact.ledger.proofs.model import Opened, Terms

KINDS = ("readings", "schedules", "executions", "statements", "terms", "entry")


@pytest.mark.parametrize("kind", KINDS)
def test_a_proof_is_read_back_and_holds(kind, proofs, ledger):
    data = files.to_bytes(proofs[kind])
    proof = files.from_bytes(data)
    assert proof == proofs[kind]
    head = ledger.head()
    for trusted in ({"root": head.root}, {"authority": ledger.public_key}):
        found = check(proof, **trusted)
        assert (found.holds, found.broken) == (True, "")
    assert len(data) < 3_000
    jsonschema.validate(json.loads(data), files.schema())


def test_it_says_whose_what_when_and_how_much(proofs, ledger, values):
    words = check(proofs["readings"], root=ledger.head().root).words
    withdrawal, injection, estimated = (sum(map(int, row)) for row in values["readings"])
    assert words[:3] == (
        "readings of m6 in 2026-06-15",
        f"  withdrawal {withdrawal} Wh, injection {injection} Wh",
        f"  {estimated} of 4 slots estimated",
    )
    assert words[3].startswith('under the entry {"count":"11","entry":"root_anchored"')
    assert words[4:] == (
        "entry 0 of 6, in the ledger up to block 5",
        f"of 2026-06-15T05:06:50Z, root {ledger.head().root.hex()}",
        f"signed by {ledger.public_key}",
    )


def test_amounts_are_told_exactly(proofs, ledger, values):
    words = check(proofs["statements"], root=ledger.head().root).words
    (nano, _), (minor, _), (energy, _) = values["statements"].tolist()
    assert words[1] == f"  line 1: {nano / 1e9:.9f}, billed {minor} minor units, {energy} Wh"
    planned = values["schedules"].tolist()
    said = check(proofs["schedules"], root=ledger.head().root).words[1]
    bought = sum(each for each in planned if each > 0)
    sold = -sum(each for each in planned if each < 0)
    assert said == f"  planned over 4 slots: withdrawal {bought} Wh, injection {sold} Wh"


def test_a_proof_that_only_agrees_with_itself_is_refused(proofs):
    with pytest.raises(BadInput, match="nothing is said of what is trusted"):
        check(proofs["entry"])


def test_the_first_thing_that_does_not_hold_is_named(proofs, ledger, opened):
    whole = proofs["readings"]
    leaf, block, other = whole.leaf, whole.block, proofs["statements"]
    flipped = bytes([block.signature[0] ^ 1]) + block.signature[1:]
    said = {
        "not under the root that the entry": replace(
            whole, leaf=replace(leaf, what=opened("readings", 5))
        ),
        "leaf is not under the root": replace(whole, leaf=replace(leaf, index=5)),
        "not as leaves are written": replace(
            whole, leaf=replace(leaf, what=Opened(leaf.what.salt, leaf.what.body[:-1]))
        ),
        "another kind or period": replace(whole, entry=other.entry),
        "anchors no leaves": replace(whole, entry=proofs["entry"].entry),
        "commits no terms": replace(whole, leaf=replace(leaf, what=Terms(bytes(32)))),
        "not in canonical form": replace(whole, entry=whole.entry + b" "),
        "entry is not under": replace(whole, index=1),
        "does not match its hash": replace(whole, block=replace(block, at=block.at + 1)),
        "not by its authority": replace(whole, block=replace(block, signature=flipped)),
    }  # fmt: skip
    for words, proof in said.items():
        found = check(proof, authority=ledger.public_key)
        assert not found.holds
        assert words in found.broken
        assert found.words == ()


def test_it_holds_for_no_other_authority_and_no_other_root(proofs):
    stranger = demonstration_key(8).public
    assert "another key" in check(proofs["entry"], authority=stranger).broken
    assert "ledger's 6 entries" in check(proofs["entry"], root=bytes(32)).broken


def test_a_proof_is_made_only_of_what_is_there(ledger, trees, opened):
    with pytest.raises(IndexError, match="no entry 6"):
        of_entry(ledger, 6)
    with pytest.raises(IndexError, match="no entry -1"):
        of_entry(ledger, -1)
    with pytest.raises(ValueError, match="not under the root"):
        of_leaf(ledger, 0, trees["readings"], 6, opened("readings", 7))
    with pytest.raises(ValueError, match="another kind"):
        of_leaf(ledger, 1, trees["readings"], 6, opened("readings", 6))
    with pytest.raises(LedgerDamaged, match="none of 1 keys"):
        of_entry(ledger, 0, [demonstration_key(8).public])


def test_any_of_several_authorities_may_have_sealed(ledger):
    keys = [demonstration_key(8).public, ledger.public_key]
    assert of_entry(ledger, 0, keys).block.authority == ledger.public_key


def changed(data, *path, to):
    value = json.loads(data)
    at = value
    for name in path[:-1]:
        at = at[name]
    at[path[-1]] = to
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode() + b"\n"


@pytest.mark.parametrize(
    ("path", "to"),
    [
        (("block", "hash"), "AB" * 32),
        (("block", "hash"), "ab" * 31),
        (("block", "hash"), "ab" * 32 + "\n"),
        (("block", "height"), 3),
        (("block", "height"), "03"),
        (("block", "height"), "-1"),
        (("block", "height"), "٣"),
        (("block", "height"), "1" * 19),
        (("block", "at"), "-0"),
        (("block", "authority"), "ab" * 32),
        (("block", "key"), "a b"),
        (("block", "extra"), "1"),
        (("entry", "path"), ["ab" * 32] * 65),
        (("entry", "path"), "ab" * 32),
        (("entry", "body"), "ä"),
        (("leaf", "salt"), "ab" * 31),
        (("leaf", "body"), "abc"),
        (("leaf", "size"), "3"),
        (("leaf",), None),
        (("gridpact",), "proof/2"),
        (("more",), {}),
    ],
)  # fmt: skip
def test_a_file_of_another_form_is_refused(path, to, proofs):
    data = files.to_bytes(proofs["readings"])
    with pytest.raises(BadInput) as caught:
        files.from_bytes(changed(data, *path, to=to), "my.proof")
    assert len(caught.value.faults) == 1
    assert caught.value.faults[0].file == "my.proof"
    assert len(str(caught.value)) < 500


def test_every_fault_is_in_one_error(proofs):
    data = changed(files.to_bytes(proofs["readings"]), "block", "hash", to="x")
    data = changed(data, "entry", "index", to="-")
    data = changed(data, "leaf", "salt", to=1)
    with pytest.raises(BadInput) as caught:
        files.from_bytes(data)
    assert [fault.where for fault in caught.value.faults] == [
        "block.hash",
        "entry.index",
        "leaf.salt",
    ]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda data: data[:-1],
        lambda data: data + b"\n",
        lambda data: b" " + data,
        lambda data: data.replace(b'"at":', b'"at": '),
        lambda data: data.replace(b'{"block"', b'{"gridpact":"proof/1","block"'),
        lambda data: json.dumps(json.loads(data), indent=1).encode(),
        lambda data: data.replace(b"proof/1", b"proof\\/1"),
    ],
)
def test_other_bytes_of_the_same_value_are_refused(spoil, proofs):
    with pytest.raises(BadInput, match="canonical JSON"):
        files.from_bytes(spoil(files.to_bytes(proofs["readings"])))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[" * 100_000,
        b'"' + b"a" * 2_000_000 + b'"',
        b"\xff",
        b"nul",
        b"1" * 9_000,
        b"{}",
        b"3\n",
    ],
)
def test_what_is_no_proof_at_all_is_refused_in_one_line_a_fault(data):
    with pytest.raises(BadInput) as caught:
        files.from_bytes(data)
    assert all(len(str(fault)) < 400 for fault in caught.value.faults)


def test_a_file_is_written_whole_and_read(tmp_path, proofs):
    files.write(tmp_path / "a.proof", proofs["terms"])
    assert files.read(tmp_path / "a.proof") == proofs["terms"]
    with pytest.raises(BadInput, match="cannot be read"):
        files.read(tmp_path / "b.proof")
    (tmp_path / "large").write_bytes(b" " * (files.MAX_BYTES + 1))
    with pytest.raises(BadInput, match="more than 1,048,576 bytes"):
        files.read(tmp_path / "large")


def test_a_leaf_hides_what_it_commits_to(proofs):
    opened = proofs["readings"].leaf.what
    assert opened.data() == sha256(opened.salt + opened.body).digest()
    assert opened.body.hex().encode() not in files.to_bytes(proofs["statements"])
