#pragma version 0.4.3
#pragma evm-version london
"""
@title Roots that k of n attesters vouch for, and money that is claimed under them
@notice Does: takes a root over salted leaves with the signatures of a quorum of attesters, and a
        deposit of its whole total; after a window in which it can be disputed, credits each leaf
        once to its account, which collects when it likes.
        Who may call: `attest` and `dispute` anybody who brings the proof; `fund` who acts for the
        payer; `claim` and `collect` anybody, and the money goes to the leaf's account; `object` one attester;
        `decide` whoever brings a quorum's signatures; `refund` anybody, to the payer.
        Stops: council.govern; while it is paused nothing is attested, funded or claimed.
        Upgraded: never in place. Retired, each deposit's rest goes back to its payer, who funds
        the same root at a successor with the paid leaves taken out.
@dev A leaf is that of gridpact.ledger.leaves: SHA-256(salt, body) with kind, period, the account's
     name and two numbers, its index and its units; the tree is RFC 9162's with SHA-256.
     One word per root: units in total (64 bits), paid (64), opening (64), count (32), flags (8).
"""
import council
import purse

initializes: council
initializes: purse
exports: (
    council.govern,
    council.is_member,
    council.members,
    council.quorum,
    council.nonce,
    council.stage,
    purse.collect,
    purse.owed,
)

struct Root:
    subject: bytes32
    what: bytes32
    asset: bytes32
    count: uint32
    total: uint64
    root: bytes32

struct Leaf:
    account: Bytes[64]
    place: uint256
    index: uint256
    units: uint256
    salt: bytes32
    path: DynArray[bytes32, 32]

event Attested:
    id: indexed(bytes32)
    subject: indexed(bytes32)
    what: indexed(bytes32)
    asset: bytes32
    count: uint32
    total: uint64
    root: bytes32

event Funded:
    id: indexed(bytes32)
    payer: indexed(bytes32)

event Objected:
    id: indexed(bytes32)
    by: indexed(address)

event Decided:
    id: indexed(bytes32)
    void: bool

event Disproved:
    id: indexed(bytes32)
    by: indexed(address)

event Claimed:
    id: indexed(bytes32)
    account: indexed(bytes32)
    index: uint256
    units: uint256

event Refunded:
    id: indexed(bytes32)
    payer: indexed(bytes32)
    units: uint256

ROOT_TYPE: constant(bytes32) = keccak256(
    "Root(bytes32 subject,bytes32 what,bytes32 asset,uint32 count,uint64 total,bytes32 root)"
)
DECIDE_TYPE: constant(bytes32) = keccak256("Decide(bytes32 id,bool void)")
FORMAT: constant(bytes16) = 0x6772696470616374206c65616620310a  # gridpact leaf 1 and a new line
SHAPE: constant(bytes5) = 0x0102000000
MASK: constant(uint256) = 2**64 - 1
EVEN_BYTES: constant(uint256) = (2**16 + 1) * (2**32 + 1) * 255
ODD_BYTES: constant(uint256) = (2**16 + 1) * (2**32 + 1) * 255 * 256
EVEN_PAIRS: constant(uint256) = (2**32 + 1) * (2**16 - 1)
ODD_PAIRS: constant(uint256) = (2**32 + 1) * (2**16 - 1) * 2**16
FUNDED: constant(uint256) = 1
OBJECTED: constant(uint256) = 2
HEARD: constant(uint256) = 4
VOID: constant(uint256) = 8
CLOSED: constant(uint256) = 16

ROOM: immutable(address)
WINDOW: immutable(uint256)
LAPSE: immutable(uint256)

root_of: public(HashMap[bytes32, bytes32])
word: public(HashMap[bytes32, uint256])
payer: public(HashMap[bytes32, bytes32])
claimed: public(HashMap[bytes32, HashMap[uint256, uint256]])


@deploy
def __init__(
    attesters: DynArray[address, council.MOST],
    quorum: uint256,
    ledger: address,
    room: address,
    window: uint256,
    lapse: uint256,
):
    """
    @param room Where the tokens are (Holdings)
    @param window Seconds in which a root can be disputed
    @param lapse Seconds after the window when what nobody claimed goes back
    """
    council.__init__("gridpact attested", attesters, quorum, ledger)
    assert room.is_contract and lapse > 0, "attested: deployment"
    ROOM = room
    WINDOW = window
    LAPSE = lapse


@external
def attest(root: Root, signatures: DynArray[council.Signature, council.MOST]):
    """
    @notice Take a root that a quorum of attesters signed
    @dev `what` is the keccak-256 of kind and period, each behind its length in one byte
    """
    council._running()
    council._agree(
        keccak256(
            abi_encode(ROOT_TYPE, root)
        ),
        signatures,
    )
    id: bytes32 = keccak256(abi_encode(root.subject, root.what, root.asset))
    assert self.root_of[id] == empty(bytes32), "attested: there already"
    assert root.root != empty(bytes32) and root.count > 0 and root.total > 0, "attested: empty"
    self.root_of[id] = root.root
    opens: uint256 = block.timestamp + WINDOW
    self.word[id] = (
        convert(root.total, uint256) | (opens << 128) | (convert(root.count, uint256) << 192)
    )
    log Attested(
        id=id,
        subject=root.subject,
        what=root.what,
        asset=root.asset,
        count=root.count,
        total=root.total,
        root=root.root,
    )


@external
def fund(subject: bytes32, what: bytes32, asset: bytes32, payer: bytes32):
    """
    @notice Put the whole total behind a root
    """
    council._running()
    id: bytes32 = keccak256(abi_encode(subject, what, asset))
    word: uint256 = self.word[id]
    assert word != 0 and (word >> 224) & (FUNDED | VOID | CLOSED) == 0, "attested: not to be funded"
    self.word[id] = word | (FUNDED << 224)
    self.payer[id] = payer
    log Funded(id=id, payer=payer)
    purse._take(ROOM, asset, payer, msg.sender, word & MASK)


@external
def claim(
    subject: bytes32,
    what: Bytes[128],
    asset: bytes32,
    account: Bytes[64],
    index: uint256,
    units: uint256,
    salt: bytes32,
    path: DynArray[bytes32, 32],
):
    """
    @notice Credit one leaf, once, to its account; `collect` pays out what it has
    @param what Kind and period, each behind its length in one byte
    @param account The account's name; its keccak-256 is the holder
    """
    council._running()
    id: bytes32 = keccak256(abi_encode(subject, keccak256(what), asset))
    word: uint256 = self.word[id]
    assert (word >> 224) & 255 & ~HEARD == FUNDED, "attested: not open"
    assert block.timestamp >= (word >> 128) & MASK, "attested: in its window"
    taken: uint256 = self.claimed[id][index >> 8]
    assert (taken >> (index & 255)) & 1 == 0, "attested: claimed already"
    paid: uint256 = ((word >> 64) & MASK) + units
    assert paid <= word & MASK, "attested: over the total"
    leaf: bytes32 = self._leaf(what, account, index, units, salt)
    assert self._found(leaf, index, (word >> 192) & (2**32 - 1), path) == self.root_of[id], "attested: no such leaf"
    self.claimed[id][index >> 8] = taken | (1 << (index & 255))
    self.word[id] = (word & ~(MASK << 64)) | (paid << 64)
    holder: bytes32 = keccak256(account)
    log Claimed(id=id, account=holder, index=index, units=units)
    purse._credit(ROOM, asset, holder, units)


@external
def dispute(subject: bytes32, what: Bytes[128], asset: bytes32, shown: DynArray[Leaf, 8]):
    """
    @notice Void a root within its window by leaves that cannot be right: one that says another
            index than its place has, as where two leaves say one index, or some in rising order
            of their places whose units are more than the total
    """
    id: bytes32 = keccak256(abi_encode(subject, keccak256(what), asset))
    word: uint256 = self._disputable(id)
    root: bytes32 = self.root_of[id]
    count: uint256 = (word >> 192) & (2**32 - 1)
    sum: uint256 = 0
    next: uint256 = 0
    wrong: bool = False
    for each: Leaf in shown:
        assert each.place >= next, "attested: order"
        leaf: bytes32 = self._leaf(what, each.account, each.index, each.units, each.salt)
        assert self._found(leaf, each.place, count, each.path) == root, "attested: no such leaf"
        wrong = wrong or each.index != each.place
        sum += each.units
        next = each.place + 1
    assert wrong or sum > word & MASK, "attested: disproves nothing"
    self.word[id] = word | (VOID << 224)
    log Disproved(id=id, by=msg.sender)


@external
def object(id: bytes32):
    """
    @notice Hold a root up within its window until a quorum has decided; once for each root
    """
    assert council.is_member[msg.sender], "attested: not an attester"
    word: uint256 = self._disputable(id)
    assert (word >> 224) & (OBJECTED | HEARD) == 0, "attested: heard"
    self.word[id] = word | (OBJECTED << 224)
    log Objected(id=id, by=msg.sender)


@external
def decide(id: bytes32, void: bool, signatures: DynArray[council.Signature, council.MOST]):
    """
    @notice Void a root that was objected to, or let it stand
    """
    word: uint256 = self.word[id]
    assert (word >> 224) & (OBJECTED | HEARD | VOID | CLOSED) == OBJECTED, "attested: nothing to decide"
    council._agree(keccak256(abi_encode(DECIDE_TYPE, id, void)), signatures)
    flags: uint256 = HEARD | (VOID if void else 0)
    self.word[id] = (word & ~(OBJECTED << 224)) | (flags << 224)
    log Decided(id=id, void=void)


@external
def refund(subject: bytes32, what: bytes32, asset: bytes32):
    """
    @notice Give the payer back what is left of a void or lapsed root, or of any once this
            contract is retired
    """
    id: bytes32 = keccak256(abi_encode(subject, what, asset))
    word: uint256 = self.word[id]
    flags: uint256 = (word >> 224) & 255
    lapsed: bool = block.timestamp >= ((word >> 128) & MASK) + LAPSE and flags & OBJECTED == 0
    assert flags & FUNDED != 0 and flags & CLOSED == 0, "attested: nothing to refund"
    assert lapsed or flags & VOID != 0 or council._stage() == council.RETIRED, "attested: not to be refunded"
    units: uint256 = (word & MASK) - ((word >> 64) & MASK)
    self.word[id] = word | (CLOSED << 224)
    log Refunded(id=id, payer=self.payer[id], units=units)
    purse._pay(ROOM, asset, self.payer[id], units)


@internal
@view
def _disputable(id: bytes32) -> uint256:
    word: uint256 = self.word[id]
    assert word != 0 and (word >> 224) & (VOID | CLOSED) == 0, "attested: not there"
    open: bool = block.timestamp < (word >> 128) & MASK
    assert open or (word >> 224) & OBJECTED != 0, "attested: its window is over"
    return word


@internal
@view
def _leaf(
    what: Bytes[128], account: Bytes[64], index: uint256, units: uint256, salt: bytes32
) -> bytes32:
    """The hash of one leaf in the tree."""
    assert index < 2**63 and units < 2**63, "attested: number"
    salted: bytes32 = sha256(
        concat(
            salt,
            FORMAT,
            what,
            convert(convert(len(account), uint8), bytes1),
            account,
            SHAPE,
            self._little(index),
            self._little(units),
        )
    )
    return sha256(concat(0x00, salted))


@internal
@pure
def _little(number: uint256) -> bytes8:
    """Eight bytes, the lowest first."""
    x: uint256 = number
    x = ((x & ODD_BYTES) >> 8) | ((x & EVEN_BYTES) << 8)
    x = ((x & ODD_PAIRS) >> 16) | ((x & EVEN_PAIRS) << 16)
    x = (x >> 32) | ((x & (2**32 - 1)) << 32)
    return convert(convert(x, uint64), bytes8)


@internal
@view
def _found(leaf: bytes32, index: uint256, count: uint256, path: DynArray[bytes32, 32]) -> bytes32:
    """The root that a leaf's path leads to (RFC 9162, 2.1.3.2)."""
    assert index < count, "attested: place"
    place: uint256 = index
    last: uint256 = count - 1
    found: bytes32 = leaf
    for sibling: bytes32 in path:
        assert last > 0, "attested: path"
        if place & 1 == 1 or place == last:
            found = sha256(concat(0x01, sibling, found))
            for level: uint256 in range(32):
                if place == 0 or place & 1 == 1:
                    break
                place = place >> 1
                last = last >> 1
        else:
            found = sha256(concat(0x01, found, sibling))
        place = place >> 1
        last = last >> 1
    assert last == 0, "attested: path"
    return found
