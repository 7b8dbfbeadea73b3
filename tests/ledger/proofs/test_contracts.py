"""Proofs from a ledger on a chain: a root is trusted, as a contract signs nothing."""

import json
import subprocess
import sys

import pytest

from gridpact.base.errors import BadInput
from gridpact.ledger.keys import Contract
from gridpact.ledger.proofs import files
from gridpact.ledger.proofs.checking import check
from gridpact.ledger.proofs.making import of_entry, of_leaf

FRONT = Contract(31337, bytes(range(20)))


@pytest.fixture
def proof(ledger, trees, opened):
    """As of a chain: what a log's block is, with a contract in place of its key."""
    return of_leaf(ledger, 0, trees["readings"], 6, opened("readings", 6), (FRONT,))


def test_a_contract_is_written_as_chains_write_accounts():
    text = "eip155:31337:0x000102030405060708090a0b0c0d0e0f10111213"
    assert str(FRONT) == text
    assert Contract.parse(text) == FRONT
    for wrong in ("eip155:0:0x" + "0" * 40, text[:-1], text.upper(), "ed25519:" + "0" * 64):
        with pytest.raises(ValueError, match="not a contract"):
            Contract.parse(wrong)


def test_it_is_read_back_and_holds_under_the_root(proof):
    assert files.from_bytes(files.to_bytes(proof)) == proof
    found = check(proof, root=proof.block.tree_root)
    assert found.holds
    assert found.words[-1].startswith(f"taken by {FRONT} in transaction 0x")
    assert check(proof, root=proof.block.tree_root, authority=FRONT).holds


def test_a_contract_alone_is_not_enough_and_another_is_none(proof):
    with pytest.raises(BadInput, match="signs no proof"):
        check(proof, authority=FRONT)
    other = Contract(1, FRONT.address)
    assert "another key" in check(proof, root=proof.block.tree_root, authority=other).broken
    assert "root trusted" in check(proof, root=bytes(32)).broken


def test_the_script_says_the_same(proof, tmp_path):
    files.write(tmp_path / "a.proof", proof)
    script = files.write_checker(tmp_path)
    root = proof.block.tree_root.hex()
    for trusted, code, said in (
        (("--root", root), 0, f"taken by {FRONT}"),
        (("--root", root, "--authority", str(FRONT)), 0, "it holds"),
        (("--root", "0" * 64), 1, "the root trusted is not that of"),
        (("--authority", str(FRONT)), 1, "a contract signs no proof"),
    ):
        done = subprocess.run(
            [sys.executable, "-I", script, tmp_path / "a.proof", *trusted],
            capture_output=True,
            text=True,
        )
        assert (done.returncode, said in done.stdout + done.stderr) == (code, True), done


def test_other_content_is_found(ledger, proof):
    value = json.loads(files.to_bytes(of_entry(ledger, 1, (FRONT,))))
    value["block"]["at"] = "1"
    text = json.dumps(value, sort_keys=True, separators=(",", ":")) + "\n"
    found = check(files.from_bytes(text.encode()), root=proof.block.tree_root)
    assert found.broken == "the block's content does not match its hash"
