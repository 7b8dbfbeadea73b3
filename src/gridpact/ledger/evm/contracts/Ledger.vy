# pragma version 0.4.3
# pragma evm-version london
"""
@title A ledger that authorities keep: its front door
@notice Takes acts that their signers signed (EIP-712), checks who signed, that each counts once and
        covers just the entries beside it, hands these to the rooms that know their rules, and
        appends all of them to a tree of which everybody can keep the root (RFC 9162, SHA-256).
        Who may call: `open` is for whoever deployed it, before it is founded, and so is the block
        that founds it; `commit` is for authorities' accounts; `govern` is for anybody who brings
        the signatures of a quorum; reading is for anybody.
        How it stops: a quorum pauses all of it, or one room, and resumes it.
        How it is upgraded: a quorum replaces a paused room by a successor that has taken its rows
        over (see room.vy). This contract itself is never replaced: its address is what acts are
        signed for. A ledger of other rules is another ledger; this one is then paused for good.
"""
import room as shared

interface Keeper:
    def take(actor: shared.Actor, kind: uint8, words: Bytes[MOST_BATCH]): nonpayable
    def set_stage(to: uint8): nonpayable
    def PREDECESSOR() -> address: view
    def rows() -> uint256: view
    def total() -> uint256: view

interface People:
    def signer(who: bytes32) -> address: view
    def known(who: bytes32) -> bool: view

event Sealed:
    height: indexed(uint64)
    sealer: indexed(address)
    at: int64
    key: Bytes[127]
    first: uint64
    count: uint64
    root: bytes32
    hash: bytes32

event Founded:
    quorum: uint256
    skew: uint256

event AuthorityAdded:
    authority: indexed(bytes32)
    key: address

event AuthorityRemoved:
    authority: indexed(bytes32)

event QuorumSet:
    quorum: uint256

event Governed:
    nonce: indexed(uint256)
    action: uint8
    room: uint256
    successor: address

MOST_BATCH: constant(uint256) = 24576  # bytes of a batch
SHORT: constant(uint256) = 288  # bytes of words that are handed on through little memory
TRANSFER: constant(uint256) = 128  # of which there are many in a batch
FOLLOWS: constant(uint256) = 255  # first byte of a batch that names the block it comes after
MOST_IN_ACT: constant(uint256) = 128  # entries that an act covers
MOST_ACTS: constant(uint256) = 128  # acts in a batch
MOST_SIGNERS: constant(uint256) = 32
LEVELS: constant(uint256) = 48  # of the tree
ROOMS: constant(uint256) = 7

# kinds that this contract decides on itself, by their place among all
LEDGER_FOUNDED: constant(uint256) = 0
AUTHORITY_ADDED: constant(uint256) = 1
AUTHORITY_REMOVED: constant(uint256) = 2
QUORUM_SET: constant(uint256) = 3
ACT: constant(uint256) = 4
# room of each kind, 4 bits from the lowest: 5 × none, 10 × 1, 6 × 2, 3 × 3, 3 × 4, 5 × 5, 4 × 6
ROOM_OF: constant(uint256) = 8920275393899481340639139400227094419996672

PAUSE: constant(uint8) = 1
RESUME: constant(uint8) = 2
REPLACE: constant(uint8) = 3

# half of the order of the group that secp256k1 generates (SEC 2)
HALF_ORDER: constant(uint256) = (
    57896044618658097711785492504343953926418782139537452191302581570759080747168
)
DOMAIN_TYPE: constant(bytes32) = keccak256(
    "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
)
ACT_TYPE: constant(bytes32) = keccak256(
    "Act(bytes32 signers,uint64 sequence,int64 at,bytes32 why,bytes32 digest,bytes32 operations)"
)
GOVERN_TYPE: constant(bytes32) = keccak256(
    "Govern(uint256 nonce,uint8 action,uint256 room,address successor)"
)

struct Turn:
    sequence: uint64
    at: int64  # [epoch s]
    why: bytes32
    digest: bytes32  # over the leaves of the entries
    operations: bytes32  # over what contracts reckon with

FOUNDER: public(immutable(address))
GENESIS: public(immutable(bytes32))
rooms: address[ROOMS]
authorities: public(HashMap[bytes32, address])
sealed_by: public(HashMap[address, bytes32])  # whose key it is or was
settings: uint256  # number of authorities << 192 | quorum << 128 | skew
counters: uint256  # height << 128 | size << 64 | time
sequences: public(HashMap[bytes32, uint64])
heights: public(HashMap[bytes32, uint64])  # by the SHA-256 of a commit's key
edge: bytes32[LEVELS]  # root of each complete subtree, by its level
hash: bytes32  # of the last block's header
nonce: public(uint256)  # of the next act of governing
paused: public(bool)


@deploy
def __init__():
    FOUNDER = msg.sender
    GENESIS = keccak256(
        abi_encode(
            DOMAIN_TYPE, keccak256("gridpact ledger"), keccak256("1"), chain.id, self
        )
    )
    self.hash = GENESIS


@external
def open(rooms: address[6]):
    """
    @notice Let the rooms in, once, in the order of their numbers from 1
    """
    assert msg.sender == FOUNDER, "not the founder"
    assert self.rooms[1] == empty(address), "open already"
    for n: uint256 in range(6):
        assert rooms[n] != empty(address), "a room is missing"
        self.rooms[n + 1] = rooms[n]
        extcall Keeper(rooms[n]).set_stage(shared.OPEN)


@external
@nonreentrant
def commit(key: Bytes[127], at: int64, batch: Bytes[MOST_BATCH]):
    """
    @notice Put a block on the ledger, all of it or nothing
    @param key Names the block, so that it counts once
    @param at Time of the block [epoch s]
    @param batch Its entries one after the other, each: length of its body (3 bytes), length of its
           words (3 bytes), a zero byte, its body, its kind (1 byte), its words. Before them there
           may be 255 and the SHA-256 of the key of a block, without which this one is refused
    """
    assert not self.paused, "paused"
    assert msg.sender == tx.origin, "not an account"  # a block is read off its transaction
    size: uint256 = (self.counters >> 64) & (2**64 - 1)
    first: uint256 = size
    place: uint256 = 0
    if size == 0:
        assert msg.sender == FOUNDER, "not the founder"
        assert self.rooms[1] != empty(address), "without rooms"
        head: uint256 = extract32(batch, 0, output_type=uint256)
        words: uint256 = (head >> 208) & (2**24 - 1)
        place = 7 + (head >> 232)
        assert (head >> 200) & 255 == 0, "batch"
        assert convert(slice(batch, place, 1), uint256) == LEDGER_FOUNDED, "not founded"
        self._append(sha256(slice(batch, 6, place - 6)), 0)
        size = 1
        number: uint256 = (words - 64) // 64
        assert words == 64 + 64 * number and number <= MOST_SIGNERS, "founding"
        self._found(
            extract32(batch, place + 1, output_type=uint256),
            extract32(batch, place + 33, output_type=uint256),
            number,
        )
        place += 65
        for _: uint256 in range(number, bound=MOST_SIGNERS):
            self._seat(extract32(batch, place), extract32(batch, place + 32, output_type=uint256))
            place += 64
    self._begin(key, at)
    assert len(batch) != 0, "empty"
    if place == 0 and convert(slice(batch, 0, 1), uint256) == FOLLOWS:
        assert self.heights[extract32(batch, 1)] != 0, "follows"
        place = 33
    for _: uint256 in range(MOST_ACTS):
        if place == len(batch):
            break
        # the act itself
        head: uint256 = extract32(batch, place, output_type=uint256)
        words: uint256 = (head >> 208) & (2**24 - 1)
        kind: uint256 = place + 7 + (head >> 232)
        assert (head >> 200) & 255 == 0, "batch"
        assert convert(slice(batch, kind, 1), uint256) == ACT, "covered by no act"
        self._append(sha256(slice(batch, place + 6, kind - place - 6)), size)
        size += 1
        number: uint256 = (words - 160) // 96
        assert words == 160 + 96 * number, "act"
        signers: DynArray[bytes32, MOST_SIGNERS] = []
        for n: uint256 in range(number, bound=MOST_SIGNERS):
            signers.append(extract32(batch, kind + 161 + 96 * n))
        count: uint256 = extract32(batch, kind + 97, output_type=uint256)
        assert count != 0, "covers nothing"
        place = kind + 1 + words
        # what it covers
        leaves: DynArray[bytes32, MOST_IN_ACT] = []
        operations: DynArray[bytes32, MOST_IN_ACT] = []
        begin: uint256 = place
        for _n: uint256 in range(count, bound=MOST_IN_ACT):
            one: uint256 = extract32(batch, place, output_type=uint256)
            assert (one >> 200) & 255 == 0, "batch"
            middle: uint256 = place + 7 + (one >> 232)
            length: uint256 = 1 + ((one >> 208) & (2**24 - 1))
            leaf: bytes32 = sha256(slice(batch, place + 6, middle - place - 6))
            leaves.append(leaf)
            operations.append(keccak256(slice(batch, middle, length)))
            self._append(leaf, size)
            size += 1
            place = middle + length
        assert sha256(
            slice(abi_encode(leaves), 64, 32 * count)
        ) == extract32(batch, kind + 129), "digest"
        # who signed it
        digest: bytes32 = self._turn(
            signers,
            Turn(
                sequence=extract32(batch, kind + 1, output_type=uint64),
                at=extract32(batch, kind + 33, output_type=int64),
                why=extract32(batch, kind + 65),
                digest=extract32(batch, kind + 129),
                operations=keccak256(slice(abi_encode(operations), 64, 32 * count)),
            ),
            at,
        )
        for n: uint256 in range(number, bound=MOST_SIGNERS):
            signed: uint256 = kind + 161 + 96 * n
            self._check(
                digest,
                self._key_of(signers[n]),
                extract32(batch, signed + 32, output_type=uint256),
                extract32(batch, signed + 64, output_type=uint256),
            )
        # and that it may be done
        actor: shared.Actor = self._actor(signers, at)
        for _n: uint256 in range(count, bound=MOST_IN_ACT):
            one: uint256 = extract32(batch, begin, output_type=uint256)
            middle: uint256 = begin + 7 + (one >> 232)
            length: uint256 = (one >> 208) & (2**24 - 1)
            what: uint256 = convert(slice(batch, middle, 1), uint256)
            number_of_room: uint256 = (ROOM_OF >> (4 * what)) & 15
            if number_of_room != 0:
                keeper: Keeper = Keeper(self.rooms[number_of_room])
                # memory costs by the farthest byte used, and what is sliced takes a batch's room
                if length == TRANSFER:
                    extcall keeper.take(
                        actor, convert(what, uint8), slice(batch, middle + 1, TRANSFER)
                    )
                elif length <= SHORT:
                    at_least: uint256 = min(middle + 1, len(batch) - SHORT)
                    extcall keeper.take(
                        actor,
                        convert(what, uint8),
                        slice(slice(batch, at_least, SHORT), middle + 1 - at_least, length),
                    )
                else:
                    extcall keeper.take(
                        actor, convert(what, uint8), slice(batch, middle + 1, length)
                    )
            else:
                assert actor.agree >= actor.quorum, "no quorum"
                assert length == (64 if what == AUTHORITY_ADDED else 32), "words"
                second: uint256 = 0
                if length == 64:
                    second = extract32(batch, middle + 33, output_type=uint256)
                self._govern_self(what, extract32(batch, middle + 1), second)
                actor = self._actor(signers, at)
            begin = middle + 1 + length
    assert place == len(batch), "too many acts"
    self._seal(key, at, first, size)


@internal
def _found(quorum: uint256, skew: uint256, number: uint256):
    assert quorum != 0 and quorum <= number, "quorum"
    assert skew != 0 and skew < 2**63, "skew"
    self.settings = (number << 192) | (quorum << 128) | skew
    self.counters = 0  # time: the earliest
    log Founded(quorum=quorum, skew=skew)


@internal
def _seat(who: bytes32, key: uint256):
    """
    @dev Let an authority stand, with a key that is and was nobody else's
    """
    bound: address = convert(key, address)  # reverts beyond 20 bytes
    assert bound != empty(address), "no key"
    assert self.authorities[who] == empty(address), "name taken"
    owner: bytes32 = self.sealed_by[bound]
    assert owner == empty(bytes32) or owner == who, "key taken"
    self.authorities[who] = bound
    self.sealed_by[bound] = who
    log AuthorityAdded(authority=who, key=bound)


@internal
def _begin(key: Bytes[127], at: int64):
    """
    @dev Who seals, that the key is new, and the clock
    """
    owner: bytes32 = self.sealed_by[msg.sender]
    assert owner != empty(bytes32) and self.authorities[owner] == msg.sender, "no authority"
    assert len(key) != 0 and self.heights[sha256(key)] == 0, "key used"
    skew: uint256 = self.settings & (2**64 - 1)
    assert convert(convert(at, int256) + 2**63, uint256) + skew >= self.counters & (2**64 - 1), "clock"


@internal
def _seal(key: Bytes[127], at: int64, first: uint256, size: uint256):
    """
    @dev Append the block: its header is hashed as that of a local ledger's
    """
    counters: uint256 = self.counters
    height: uint256 = (counters >> 128) + 1
    time: uint256 = convert(convert(at, int256) + 2**63, uint256)
    latest: uint256 = max(time, counters & (2**64 - 1))
    root: bytes32 = self._root(size)
    name: bytes32 = sha256(key)
    numbers: uint256 = (
        (height << 192) | ((time ^ 2**63) << 128) | (first << 64) | (size - first)
    )
    self.hash = sha256(
        concat(
            b"gridpact ledger block 1\n", convert(numbers, bytes32), name, root, self.hash
        )
    )
    self.counters = (height << 128) | (size << 64) | latest
    self.heights[name] = convert(height, uint64)
    log Sealed(
        height=convert(height, uint64),
        sealer=msg.sender,
        at=at,
        key=key,
        first=convert(first, uint64),
        count=convert(size - first, uint64),
        root=root,
        hash=self.hash,
    )


@internal
def _turn(signers: DynArray[bytes32, MOST_SIGNERS], act: Turn, at: int64) -> bytes32:
    """
    @dev That an act comes in its turn and time; return the digest that its signers signed
    """
    assert len(signers) != 0, "signers"
    for n: uint256 in range(len(signers), bound=MOST_SIGNERS):
        for m: uint256 in range(n, bound=MOST_SIGNERS):
            assert signers[m] != signers[n], "signed twice"
    assert act.sequence == self.sequences[signers[0]] + 1, "sequence"
    self.sequences[signers[0]] = act.sequence
    apart: int256 = abs(convert(act.at, int256) - convert(at, int256))
    assert convert(apart, uint256) <= self.settings & (2**64 - 1), "clocks"
    return self._typed(
        keccak256(
            abi_encode(
                ACT_TYPE,
                keccak256(slice(abi_encode(signers), 64, 32 * len(signers))),
                act.sequence,
                act.at,
                act.why,
                act.digest,
                act.operations,
            )
        )
    )


@internal
@view
def _typed(struct_hash: bytes32) -> bytes32:
    return keccak256(concat(x"1901", GENESIS, struct_hash))


@internal
@view
def _check(digest: bytes32, key: address, r: uint256, parity_and_s: uint256):
    """
    @dev That a compact signature (EIP-2098) is of this key, with the lower s (EIP-2)
    """
    assert key != empty(address), "may not sign"
    s: uint256 = parity_and_s & (2**255 - 1)
    assert s <= HALF_ORDER, "signature"
    assert ecrecover(digest, 27 + (parity_and_s >> 255), r, s) == key, "signature"


@internal
@view
def _key_of(who: bytes32) -> address:
    found: address = self.authorities[who]
    if found == empty(address):
        found = staticcall People(self.rooms[shared.MEMBERS]).signer(who)
    return found


@internal
@view
def _actor(signers: DynArray[bytes32, MOST_SIGNERS], at: int64) -> shared.Actor:
    agree: uint256 = 0
    for who: bytes32 in signers:
        if self.authorities[who] != empty(address):
            agree += 1
    return shared.Actor(
        first=signers[0],
        authority=self.authorities[signers[0]] != empty(address),
        agree=agree,
        quorum=(self.settings >> 128) & (2**64 - 1),
        at=at,
    )


@internal
def _govern_self(kind: uint256, what: bytes32, key: uint256):
    """
    @dev What a quorum decides on authorities
    """
    settings: uint256 = self.settings
    number: uint256 = settings >> 192
    quorum: uint256 = (settings >> 128) & (2**64 - 1)
    if kind == AUTHORITY_ADDED:
        assert not staticcall People(self.rooms[shared.MEMBERS]).known(what), "name taken"
        self._seat(what, key)
        number += 1
    elif kind == AUTHORITY_REMOVED:
        assert self.authorities[what] != empty(address), "no authority"
        assert number - 1 >= quorum, "too few left"
        self.authorities[what] = empty(address)
        number -= 1
        log AuthorityRemoved(authority=what)
    else:
        assert kind == QUORUM_SET, "kind"
        quorum = convert(what, uint256)
        assert quorum != 0 and quorum <= number, "quorum"
        log QuorumSet(quorum=quorum)
    self.settings = (number << 192) | (quorum << 128) | (settings & (2**64 - 1))


@internal
def _append(leaf: bytes32, size: uint256):
    """
    @dev Add a leaf to a tree of so many
    """
    node: bytes32 = leaf
    left: uint256 = size
    for level: uint256 in range(LEVELS):
        if left & 1 == 0:
            self.edge[level] = node
            return
        node = sha256(concat(x"01", self.edge[level], node))
        left = left >> 1
    raise "full"


@internal
@view
def _root(size: uint256) -> bytes32:
    found: bytes32 = empty(bytes32)
    started: bool = False
    left: uint256 = size
    for level: uint256 in range(LEVELS):
        if left == 0:
            break
        if left & 1 == 1:
            found = sha256(concat(x"01", self.edge[level], found)) if started else self.edge[level]
            started = True
        left = left >> 1
    return found if started else sha256(b"")


@external
def govern(
    action: uint8,
    number: uint256,
    successor: address,
    signers: DynArray[bytes32, MOST_SIGNERS],
    signatures: DynArray[uint256[2], MOST_SIGNERS],
):
    """
    @notice Pause (1) or resume (2) a room, or this ledger (room 0); replace (3) a paused room by a
            successor that has taken over all of its rows
    @param signers Ids of authorities, a quorum of those that stand, with their compact signatures
           of Govern(nonce, action, room, successor)
    """
    digest: bytes32 = self._typed(
        keccak256(abi_encode(GOVERN_TYPE, self.nonce, action, number, successor))
    )
    assert len(signers) == len(signatures), "signers"
    assert len(signers) >= max((self.settings >> 128) & (2**64 - 1), 1), "no quorum"
    for n: uint256 in range(len(signers), bound=MOST_SIGNERS):
        for m: uint256 in range(n, bound=MOST_SIGNERS):
            assert signers[m] != signers[n], "signed twice"
        self._check(digest, self.authorities[signers[n]], signatures[n][0], signatures[n][1])
    log Governed(nonce=self.nonce, action=action, room=number, successor=successor)
    self.nonce += 1
    if number == 0:
        assert action == PAUSE or action == RESUME, "action"
        assert self.paused == (action == RESUME), "so already"
        self.paused = action == PAUSE
        return
    old: address = self.rooms[number]
    if action == REPLACE:
        assert staticcall Keeper(successor).PREDECESSOR() == old, "not its successor"
        assert staticcall Keeper(successor).rows() == staticcall Keeper(old).rows(), "rows missing"
        assert staticcall Keeper(successor).total() == staticcall Keeper(old).total(), "total differs"
        self.rooms[number] = successor
        extcall Keeper(old).set_stage(shared.RETIRED)
        extcall Keeper(successor).set_stage(shared.OPEN)
    else:
        assert action == PAUSE or action == RESUME, "action"
        extcall Keeper(old).set_stage(shared.PAUSED if action == PAUSE else shared.OPEN)


@external
@view
def room(number: uint256) -> address:
    """
    @notice The room of a number: 1 members, 2 terms, 3 roots, 4 tokens, 5 certificates, 6 patches
    """
    return self.rooms[number]


@external
@view
def is_authority(who: bytes32) -> bool:
    """
    @notice Whether an authority stands under this id
    """
    return self.authorities[who] != empty(address)


@external
@view
def head() -> (uint256, uint256, bytes32, bytes32):
    """
    @notice Height, number of entries, the root over them, and the hash of the last block
    """
    size: uint256 = (self.counters >> 64) & (2**64 - 1)
    return self.counters >> 128, size, self._root(size), self.hash


@external
@view
def rules() -> (uint256, uint256, uint256, int256):
    """
    @notice Number of authorities, quorum, how far clocks may be apart [s], time of the last block
    """
    found: uint256 = self.settings
    return (
        found >> 192,
        (found >> 128) & (2**64 - 1),
        found & (2**64 - 1),
        convert(self.counters & (2**64 - 1), int256) - 2**63,
    )
