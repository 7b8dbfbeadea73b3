"""Checking a proof against what one trusts: a root, or an authority's key."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from gridpact.base.errors import BadInput, Fault
from gridpact.ledger.keys import Contract, PublicKey
from gridpact.ledger.leaves import decode
from gridpact.ledger.merkle import leaf_hash, verify_inclusion
from gridpact.ledger.proofs.model import Opened, ProofFile, Under
from gridpact.ledger.proofs.words import told


class Checked(msgspec.Struct, frozen=True):
    """Whether a proof holds, the first thing that does not, and in words what it proves."""

    holds: bool
    broken: str = ""
    words: tuple[str, ...] = ()


def check(
    proof: ProofFile, *, root: bytes | None = None, authority: PublicKey | Contract | None = None
) -> Checked:
    """Check a proof from the leaf up to what is trusted.

    ``root`` is that of the ledger's tree after the proof's block, as seen elsewhere; ``authority``
    the key that must have signed it. BadInput where neither is given: a proof that only agrees
    with itself proves nothing.
    """
    if root is None and not isinstance(authority, PublicKey):
        raise BadInput([_untrusted(authority)])
    broken = next((text for step in _STEPS for text in step(proof)), "")
    broken = broken or next(_trusted(proof, root, authority), "")
    return Checked(False, broken) if broken else Checked(True, "", tuple(told(proof)))


def _untrusted(contract: Contract | None) -> Fault:
    if contract is not None:
        problem, fix = f"{contract} is a contract, which signs no proof", "the root that it shows"
    else:
        problem = "nothing is said of what is trusted"
        fix = "the root that you saw, or the authority's key"
    return Fault("arguments", 0, "", problem, f"give {fix}")


def _entry(proof: ProofFile) -> Iterator[str]:
    """Check that the entry is a JSON object in canonical form."""
    try:
        value = json.loads(proof.entry)
        form = json.dumps(value, sort_keys=True, separators=(",", ":")).encode()
    except (ValueError, RecursionError):
        value, form = None, b""
    if not isinstance(value, dict) or form != proof.entry:
        yield "the entry is not in canonical form"


def _under(proof: ProofFile) -> Iterator[str]:
    """Check that the leaf is what the entry anchors, and stands under its root."""
    if proof.leaf is None:
        return
    held, leaf = json.loads(proof.entry), proof.leaf
    yield from _fits(leaf, held)
    try:
        count, root = int(held["count"]), bytes.fromhex(held["root"])
    except (KeyError, TypeError, ValueError):
        yield "the entry holds no root of leaves"
        return
    if not verify_inclusion(leaf_hash(leaf.what.data()), leaf.index, count, leaf.path, root):
        yield "the leaf is not under the root that the entry holds"


def _fits(leaf: Under, held: dict[str, Any]) -> Iterator[str]:
    """Check that leaf and entry are about the same kind and period."""
    what, kind = leaf.what, held.get("entry")
    if not isinstance(what, Opened):
        if kind != "terms_committed":
            yield "the entry commits no terms"
        return
    try:
        body = decode(what.body)
    except ValueError:
        yield "the leaf's body is not as leaves are written"
        return
    if kind != "root_anchored":
        yield "the entry anchors no leaves"
    elif (body.kind, body.period) != (held.get("kind"), held.get("period")):
        yield "the leaf is of another kind or period than the entry"


def _on_ledger(proof: ProofFile) -> Iterator[str]:
    block, leaf = proof.block, leaf_hash(proof.entry)
    if not verify_inclusion(leaf, proof.index, block.size, proof.path, block.tree_root):
        yield "the entry is not under the block's root"


def _sealed(proof: ProofFile) -> Iterator[str]:
    block = proof.block
    if block.content_hash() != block.hash:
        yield "the block's content does not match its hash"
    elif not block.sealed():
        yield "the block's signature is not by its authority"


_STEPS: tuple[Callable[[ProofFile], Iterator[str]], ...] = (_entry, _under, _on_ledger, _sealed)


def _trusted(
    proof: ProofFile, root: bytes | None, authority: PublicKey | Contract | None
) -> Iterator[str]:
    if authority is not None and authority != proof.block.authority:
        yield "the block is signed by another key than the one trusted"
    if root is not None and root != proof.block.tree_root:
        yield f"the root trusted is not that of the ledger's {proof.block.size} entries"
