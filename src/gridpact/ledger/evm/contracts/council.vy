#pragma version 0.4.3
#pragma evm-version london
"""
@title A council: k of n who decide together by signatures, and who can stop the contract
@notice A module of Attested, Escrow, Channels and Shards.
        Does: keeps members and quorum; counts compact signatures (EIP-2098) of EIP-712 digests.
        Who may call: `govern` by anybody who brings a quorum's signatures, or by the Ledger that
        was named at deployment, whose authorities have decided there.
        Stops: govern(PAUSE), until govern(RESUME); govern(RETIRE) for ever.
        Upgraded: never in place; a retired contract only gives back what it holds.
@dev Signatures stand in rising order of their signers, so that none counts twice.
"""

struct Signature:
    r: bytes32
    vs: bytes32

event Governed:
    act: indexed(uint256)
    member: indexed(address)
    quorum: uint256
    nonce: uint256

MOST: constant(uint256) = 32
PAUSE: constant(uint256) = 1
RESUME: constant(uint256) = 2
RETIRE: constant(uint256) = 3
ADD: constant(uint256) = 4
REMOVE: constant(uint256) = 5
QUORUM: constant(uint256) = 6

DOMAIN_TYPE: constant(bytes32) = keccak256(
    "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
)
GOVERN_TYPE: constant(bytes32) = keccak256(
    "Govern(uint256 act,address member,uint256 quorum,uint256 nonce)"
)

DOMAIN: immutable(bytes32)
LEDGER: immutable(address)

RUNNING: constant(uint256) = 0
PAUSED: constant(uint256) = 1
RETIRED: constant(uint256) = 2

is_member: public(HashMap[address, bool])
# quorum (8 bits), members (8), stage (8: running, paused, retired), nonce (64): read together
seats: uint256


@deploy
def __init__(
    title: String[32], members: DynArray[address, MOST], quorum: uint256, ledger: address
):
    """
    @param title The contract's name in the EIP-712 domain
    @param ledger The Ledger whose decisions count as the council's; zero for none
    """
    DOMAIN = keccak256(
        abi_encode(DOMAIN_TYPE, keccak256(title), keccak256("1"), chain.id, self)
    )
    LEDGER = ledger
    for each: address in members:
        assert each != empty(address) and not self.is_member[each], "council: member"
        self.is_member[each] = True
    assert 0 < quorum and quorum <= len(members), "council: quorum"
    self._seat(quorum, len(members), RUNNING, 0)


@external
@view
def quorum() -> uint256:
    """
    @notice How many members decide together
    """
    return self.seats & 255


@external
@view
def members() -> uint256:
    """
    @notice How many members there are
    """
    return (self.seats >> 8) & 255


@external
@view
def stage() -> uint256:
    """
    @notice 0 running, 1 paused, 2 retired
    """
    return self._stage()


@external
@view
def nonce() -> uint256:
    """
    @notice How often the council has decided; stands in what it signs next
    """
    return self.seats >> 24


@internal
@view
def _stage() -> uint256:
    return (self.seats >> 16) & 255


@internal
def _seat(quorum: uint256, members: uint256, stage: uint256, nonce: uint256):
    self.seats = quorum | (members << 8) | (stage << 16) | (nonce << 24)


@internal
@view
def _digest(what: bytes32) -> bytes32:
    return keccak256(concat(x"1901", DOMAIN, what))


@internal
@view
def _signer(what: bytes32, signature: Signature) -> address:
    """Whose signature of a struct's hash it is; zero for none."""
    v: uint256 = 27 + (convert(signature.vs, uint256) >> 255)
    s: uint256 = convert(signature.vs, uint256) & (max_value(uint256) >> 1)
    return ecrecover(self._digest(what), v, convert(signature.r, uint256), s)


@internal
@view
def _agree(what: bytes32, signatures: DynArray[Signature, MOST]):
    """Revert unless a quorum signed a struct's hash."""
    digest: bytes32 = self._digest(what)
    last: uint256 = 0
    for each: Signature in signatures:
        v: uint256 = 27 + (convert(each.vs, uint256) >> 255)
        s: uint256 = convert(each.vs, uint256) & (max_value(uint256) >> 1)
        who: address = ecrecover(digest, v, convert(each.r, uint256), s)
        assert convert(who, uint256) > last, "council: order"
        assert self.is_member[who], "council: not a member"
        last = convert(who, uint256)
    assert len(signatures) >= self.seats & 255, "council: no quorum"


@internal
@view
def _running():
    assert self._stage() == RUNNING, "stopped"


@external
def govern(
    act: uint256, member: address, quorum: uint256, signatures: DynArray[Signature, MOST]
):
    """
    @notice Carry out what a quorum decided
    @param act 1 pause, 2 resume, 3 retire, 4 add a member, 5 remove one, 6 set the quorum
    @param member Whom to add or remove, else zero
    @param quorum The quorum from now on for acts 4 to 6, else zero
    """
    nonce: uint256 = self.seats >> 24
    stage: uint256 = self._stage()
    if msg.sender != LEDGER or LEDGER == empty(address):
        self._agree(keccak256(abi_encode(GOVERN_TYPE, act, member, quorum, nonce)), signatures)
    assert stage != RETIRED, "council: retired"
    members: uint256 = (self.seats >> 8) & 255
    if act >= ADD:
        members = self._change(act, member, members)
        assert 0 < quorum and quorum <= members, "council: quorum"
        self._seat(quorum, members, stage, nonce + 1)
    else:
        assert member == empty(address) and quorum == 0, "council: act"
        self._seat(self.seats & 255, members, self._next(act, stage), nonce + 1)
    log Governed(act=act, member=member, quorum=quorum, nonce=nonce)


@internal
@pure
def _next(act: uint256, stage: uint256) -> uint256:
    """The stage that follows upon an act."""
    if act == PAUSE:
        assert stage == RUNNING, "council: stage"
        return PAUSED
    if act == RESUME:
        assert stage == PAUSED, "council: stage"
        return RUNNING
    assert act == RETIRE, "council: act"
    return RETIRED


@internal
def _change(act: uint256, member: address, members: uint256) -> uint256:
    """How many members there are once one has come or gone."""
    if act == ADD:
        assert member != empty(address) and not self.is_member[member], "council: member"
        assert members < MOST, "council: member"
        self.is_member[member] = True
        return members + 1
    if act == REMOVE:
        assert self.is_member[member], "council: member"
        self.is_member[member] = False
        return members - 1
    assert act == QUORUM and member == empty(address), "council: act"
    return members
