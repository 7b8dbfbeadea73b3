"""A root of roots over the ledgers of many communities, and proofs that reach up to it.

The other side is ``Shards.vy``. Each epoch has a tree of its own; its leaves are heads of
communities' ledgers. A proof goes from an entry to its community's root, and from that head to the
epoch's root; it is checked without a network. That a community's ledger only grew from one epoch
to the next is shown by the consistency of its two roots (RFC 9162, 2.1.4).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import msgspec

from gridpact.base.errors import BadInput, Fault
from gridpact.contracts.canonical import keccak256
from gridpact.ledger.evm.typed import Domain, digest, words
from gridpact.ledger.evm.words import id_of
from gridpact.ledger.merkle import (
    HASH_BYTES,
    Tree,
    leaf_hash,
    verify_consistency,
    verify_inclusion,
)
from gridpact.ledger.port import Growth, Head, Proof

NAME = "gridpact shards"
MOST_HEADS = 64
"""Heads in one transaction."""
_BATCH = keccak256(b"Batch(uint64 epoch,uint256 first,bytes32 heads,bool last)")
VERSION = "shard/1"


class Shard(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where a community's ledger stands: its name, and its head's size, root and hash."""

    community: str
    size: int
    root: bytes
    hash: bytes

    @classmethod
    def of(cls, community: str, head: Head) -> Shard:
        """Take a ledger's head."""
        return cls(community, head.size, head.root, head.hash)

    def leaf(self, epoch: int) -> bytes:
        """Return the hash of its leaf in the tree of an epoch."""
        numbers = struct.pack(">QQ", epoch, self.size)
        return leaf_hash(id_of(self.community) + numbers + self.root + self.hash)

    @property
    def row(self) -> tuple[bytes, int, bytes, bytes]:
        """The head as ``anchor`` takes it."""
        return id_of(self.community), self.size, self.root, self.hash


class ShardProof(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Shows that an entry was on a community's ledger in an epoch.

    ``entry`` leads from its leaf to the community's root; ``place`` and ``path`` from the head to
    the root of the epoch's ``count`` heads.
    """

    gridpact: str
    entry: Proof
    shard: Shard
    epoch: int
    place: int
    count: int
    path: tuple[bytes, ...]


class Epoch:
    """The heads of one epoch and their tree; BadInput with every fault."""

    def __init__(self, number: int, shards: Sequence[Shard]) -> None:
        if faults := list(_faults(number, shards)):
            raise BadInput(faults)
        self.number, self.shards = number, tuple(shards)
        self.tree = Tree(each.leaf(number) for each in shards)

    @property
    def root(self) -> bytes:
        """The root of roots."""
        return self.tree.root()

    def batches(self) -> Iterator[Batch]:
        """Cut the heads as transactions take them."""
        for first in range(0, len(self.shards), MOST_HEADS):
            some = self.shards[first : first + MOST_HEADS]
            yield Batch(self.number, first, some, first + MOST_HEADS >= len(self.shards))

    def prove(self, community: str, entry: Proof) -> ShardProof:
        """Lead a community's own proof up to the root of roots.

        Raises ValueError where the community is not in this epoch or the proof is not of its root.
        """
        places = [at for at, each in enumerate(self.shards) if each.community == community]
        if not places:
            raise ValueError(f"{community} has no head in epoch {self.number}")
        (place,) = places
        shard = self.shards[place]
        if (entry.size, entry.root) != (shard.size, shard.root):
            raise ValueError(f"the proof is not of {community}'s root at {shard.size} entries")
        path, count = self.tree.inclusion(place), len(self.shards)
        return ShardProof(VERSION, entry, shard, self.number, place, count, path)


class Batch(NamedTuple):
    """Heads of one transaction: the next of an epoch, from place ``first``."""

    epoch: int
    first: int
    shards: tuple[Shard, ...]
    last: bool

    @property
    def rows(self) -> list[tuple[bytes, int, bytes, bytes]]:
        """The heads as ``anchor`` takes them."""
        return [each.row for each in self.shards]

    def digest(self, domain: Domain) -> bytes:
        """Return what each of the quorum signs."""
        heads = words(HASH_BYTES, len(self.shards)) + b"".join(words(*row) for row in self.rows)
        signed = words(self.epoch, self.first, keccak256(heads), int(self.last))
        return digest(domain.separator, keccak256(_BATCH + signed))


def _faults(number: int, shards: Sequence[Shard]) -> Iterator[Fault]:
    where = f"epoch {number}"
    if number < 1 or not shards:
        yield Fault("shards", 0, where, "has no heads or no number", "number epochs from 1")
    names = [each.community for each in shards]
    for name in sorted({each for each in names if names.count(each) > 1} - {""}):
        yield Fault("shards", 0, name, f"stands twice in {where}", "give its latest head alone")
    for each in shards:
        if not each.community or not 0 <= each.size < 1 << 64:
            yield Fault("shards", 0, each.community, "has no name or size", "give its ledger's")
        if len(each.root) != HASH_BYTES or len(each.hash) != HASH_BYTES:
            fix = f"a root and a hash have {HASH_BYTES} bytes"
            yield Fault("shards", 0, each.community, "has no root or hash", fix)


def flaws(proof: ShardProof, root: bytes, count: int, leaf: bytes | None = None) -> list[str]:
    """Say what does not hold of a proof under a root of roots over ``count`` heads.

    Nothing where all does. Root and count are those on the chain, or as seen elsewhere: a root
    does not tell the number of its leaves.

    ``leaf`` is the hash of the entry that is to be proved, where one has it.
    """
    entry, shard = proof.entry, proof.shard
    found = []
    if proof.gridpact != VERSION:
        found.append(f"the proof is of form {proof.gridpact!r}, not {VERSION}")
    if proof.count != count:
        found.append(f"the epoch has {count} heads, not {proof.count}")
    if leaf is not None and entry.leaf != leaf:
        found.append("the proof is of another entry")
    if (entry.size, entry.root) != (shard.size, shard.root):
        found.append("the entry's proof does not lead to the community's head")
    if not verify_inclusion(entry.leaf, entry.index, entry.size, entry.path, entry.root):
        found.append("the entry is not under its community's root")
    if not 0 <= proof.epoch < 1 << 64 or not 0 <= shard.size < 1 << 64:
        found.append("epoch or size is no number of the ledger")
    elif not verify_inclusion(shard.leaf(proof.epoch), proof.place, proof.count, proof.path, root):
        found.append("the community's head is not under the root of roots")
    return found


def grew(old: Shard, new: Shard, growth: Growth) -> bool:
    """Tell whether a community's ledger only grew from one head to a later one."""
    sizes = (growth.old_size, growth.size, growth.root) == (old.size, new.size, new.root)
    same = old.community == new.community
    return (
        same and sizes and verify_consistency(old.size, old.root, new.size, new.root, growth.path)
    )


def to_bytes(proof: ShardProof) -> bytes:
    """Write a proof for others, as JSON with bytes in base64."""
    return msgspec.json.encode(proof)


def from_bytes(data: bytes) -> ShardProof:
    """Read a proof back; BadInput for anything that :func:`to_bytes` would not write."""
    try:
        found = msgspec.json.decode(data, type=ShardProof)
    except (msgspec.DecodeError, RecursionError) as error:
        raise _unreadable(str(error)) from error
    if to_bytes(found) != data:
        raise _unreadable("it is not as it was written")
    return found


def _unreadable(why: str) -> BadInput:
    fix = "take the file from its maker again; it is never edited"
    return BadInput([Fault("proof of a shard", 0, "", f"cannot be read: {why}", fix)])
