#pragma version 0.4.3
#pragma evm-version london
"""
@title Shards by community, with a root of roots for each epoch
@notice Does: takes the heads of communities' ledgers (size, root, hash) in batches that a quorum
        signed, and keeps one root over all heads of an epoch. A community's ledger may only grow.
        Who may call: `anchor` anybody who brings a quorum's signatures.
        Stops: council.govern; paused or retired, nothing is anchored, and roots stay readable.
        Upgraded: never in place. A successor begins with the epoch after the last one here, and
        holds each community's next head against its last one here.
@dev A head is a leaf of an RFC 9162 tree with SHA-256: 0x00, community, epoch, size, root, hash,
     numbers in eight bytes, the highest first. Between batches only the tree's right edge is kept.
"""
import council

initializes: council
exports: (
    council.govern,
    council.is_member,
    council.members,
    council.quorum,
    council.nonce,
    council.stage,
)

struct Head:
    community: bytes32
    size: uint64
    root: bytes32
    hash: bytes32

struct Last:
    epoch: uint64
    size: uint64
    root: bytes32

interface Before:
    def epoch() -> uint64: view
    def stage() -> uint256: view
    def last(community: bytes32) -> Last: view

event Anchored:
    community: indexed(bytes32)
    epoch: indexed(uint64)
    place: uint256
    size: uint64
    root: bytes32
    hash: bytes32

event Sealed:
    epoch: indexed(uint64)
    count: uint256
    root: bytes32

BATCH_TYPE: constant(bytes32) = keccak256(
    "Batch(uint64 epoch,uint256 first,bytes32 heads,bool last)"
)
MOST: constant(uint256) = 64
LEVELS: constant(uint256) = 24

PREDECESSOR: immutable(address)

epoch: public(uint64)
count: public(uint256)
parts: HashMap[uint256, bytes32]
root_of: public(HashMap[uint64, bytes32])
count_of: public(HashMap[uint64, uint256])
words: HashMap[bytes32, uint256]
roots: HashMap[bytes32, bytes32]


@deploy
def __init__(
    members: DynArray[address, council.MOST],
    quorum: uint256,
    ledger: address,
    predecessor: address,
):
    """
    @param predecessor The retired contract that this one follows; zero for none
    """
    council.__init__("gridpact shards", members, quorum, ledger)
    PREDECESSOR = predecessor
    if predecessor != empty(address):
        assert staticcall Before(predecessor).stage() == council.RETIRED, "shards: predecessor runs"
        self.epoch = staticcall Before(predecessor).epoch()


@external
def anchor(
    heads: DynArray[Head, MOST],
    last: bool,
    signatures: DynArray[council.Signature, council.MOST],
):
    """
    @notice Take the next heads of this epoch, each community's once in it
    @param last Whether these end the epoch
    """
    council._running()
    epoch: uint64 = self.epoch + 1
    first: uint256 = self.count
    digest: bytes32 = keccak256(abi_encode(heads))
    council._agree(keccak256(abi_encode(BATCH_TYPE, epoch, first, digest, last)), signatures)
    assert len(heads) > 0 and first + len(heads) < 2**LEVELS, "shards: count"
    place: uint256 = first
    for head: Head in heads:
        self._grow(head, epoch)
        self._append(
            place,
            sha256(
                concat(
                    x"00",
                    head.community,
                    convert(epoch, bytes8),
                    convert(head.size, bytes8),
                    head.root,
                    head.hash,
                )
            ),
        )
        log Anchored(
            community=head.community,
            epoch=epoch,
            place=place,
            size=head.size,
            root=head.root,
            hash=head.hash,
        )
        place += 1
    self.count = place
    if last:
        self._seal(epoch, place)


@external
@view
def last(community: bytes32) -> Last:
    """
    @notice The last epoch, size and root of a community's ledger
    """
    return self._last(community)


@internal
@view
def _last(community: bytes32) -> Last:
    word: uint256 = self.words[community]
    if word == 0 and PREDECESSOR != empty(address):
        return staticcall Before(PREDECESSOR).last(community)
    return Last(
        epoch=convert(word & (2**64 - 1), uint64),
        size=convert(word >> 64, uint64),
        root=self.roots[community],
    )


@internal
def _grow(head: Head, epoch: uint64):
    """Hold a head against the last one of its community."""
    before: Last = self._last(head.community)
    assert head.community != empty(bytes32), "shards: community"
    assert before.epoch < epoch, "shards: twice"
    assert head.size >= before.size, "shards: shorter"
    if before.epoch > 0 and head.size == before.size:
        assert head.root == before.root, "shards: another history"
    self.words[head.community] = convert(epoch, uint256) | (convert(head.size, uint256) << 64)
    if head.root != before.root:
        self.roots[head.community] = head.root


@internal
def _append(place: uint256, leaf: bytes32):
    """Add a leaf to the tree, whose complete subtrees are kept by level."""
    merged: bytes32 = leaf
    size: uint256 = place
    for level: uint256 in range(LEVELS):
        if size & 1 == 0:
            self.parts[level] = merged
            return
        merged = sha256(concat(x"01", self.parts[level], merged))
        size = size >> 1
    raise "shards: count"


@internal
def _seal(epoch: uint64, count: uint256):
    """Join the complete subtrees from the right, and begin the next epoch."""
    found: bytes32 = empty(bytes32)
    begun: bool = False
    for level: uint256 in range(LEVELS):
        if (count >> level) & 1 == 1:
            part: bytes32 = self.parts[level]
            found = sha256(concat(x"01", part, found)) if begun else part
            begun = True
    self.root_of[epoch] = found
    self.count_of[epoch] = count
    self.epoch = epoch
    self.count = 0
    log Sealed(epoch=epoch, count=count, root=found)
