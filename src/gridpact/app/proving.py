"""Proofs that a leaf is under a root, and that root on the ledger."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from gridpact.app.ledgers.opened import AnyLedger
from gridpact.app.record import Record
from gridpact.base.errors import BadInput, Fault
from gridpact.ledger.entries import Entry, canonical
from gridpact.ledger.merkle import Tree, leaf_hash, verify_inclusion
from gridpact.ledger.messages import Committed
from gridpact.ledger.port import Receipt


class Proof(msgspec.Struct, frozen=True):
    """How the ledger holds something: its leaf, entry and block, and whether the proofs verify."""

    entry: int
    block: int
    leaf: str
    root: str
    tree_root: str
    verified: bool


def prove(
    record: Record, ledger: AnyLedger, key: str, entry: Entry, leaves: Sequence[bytes], row: int
) -> Proof:
    """Prove one of the leaves under the root that ``entry`` holds, and the entry on the ledger.

    ``key`` is what the entry was committed under. BadInput where it is not on the ledger yet.
    """
    receipt, index = _placed(record, ledger, key, entry)
    held = ledger.prove(index)
    hashes = [leaf_hash(body) for body in leaves]
    tree = Tree(hashes)
    inside = verify_inclusion(hashes[row], row, len(hashes), tree.inclusion(row), tree.root())
    outside = verify_inclusion(leaf_hash(canonical(entry)), index, held.size, held.path, held.root)
    return Proof(
        entry=index,
        block=receipt.height,
        leaf=leaves[row].hex(),
        root=tree.root().hex(),
        tree_root=held.root.hex(),
        verified=inside and outside,
    )


def committed(record: Record, ledger: AnyLedger, key: str, entry: Entry) -> int:
    """Return the number of an entry, committed under a key; BadInput where it is not there yet."""
    return _placed(record, ledger, key, entry)[1]


def _placed(record: Record, ledger: AnyLedger, key: str, entry: Entry) -> tuple[Receipt, int]:
    found = [m.receipt for m in record.all(Committed) if m.key == key]
    if not found:
        what, fix = key.split("/", 1)[-1], "let the run go on with 'gridpact run --resume'"
        raise BadInput([Fault("", 0, what, f"{what} is not on the ledger yet", fix)])
    (receipt,) = found[:1]
    held = ledger.entries(receipt.first_index, receipt.first_index + receipt.count)
    if entry not in held:
        fix = "see 'gridpact verify': the ledger or the journal was changed"
        raise BadInput([Fault("", 0, key, "is on the ledger with other content", fix)])
    return receipt, receipt.first_index + held.index(entry)
