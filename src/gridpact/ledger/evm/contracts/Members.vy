# pragma version 0.4.3
# pragma evm-version london
"""
@title Participants: who may take part, in which roles, with which keys, and what is attested
@notice Who may call: `take` is for the ledger, with operations that were signed; reading is for
        anybody. How it stops and how it is upgraded: as every room, see room.vy; its rows are
        participants, their roles, and attestations.
"""
import room

initializes: room
exports: (
    room.LEDGER,
    room.PREDECESSOR,
    room.stage,
    room.epoch,
    room.rows,
    room.total,
    room.set_stage,
)

interface Holdings:
    def holds(who: bytes32) -> bool: view

interface Before:
    def participant(who: bytes32) -> (uint8, uint256, address, address): view
    def role(who: bytes32, role: bytes32) -> bool: view
    def attestation(asset: bytes32, credential: bytes32) -> (bytes32, bytes32): view

event ParticipantAuthorised:
    participant: indexed(bytes32)
    role: indexed(bytes32)

event RoleWithdrawn:
    participant: indexed(bytes32)
    role: indexed(bytes32)

event StatusChanged:
    participant: indexed(bytes32)
    status: uint8

event KeyBound:
    participant: indexed(bytes32)
    key: address

event WalletBound:
    participant: indexed(bytes32)
    wallet: address

event AssetAttested:
    asset: indexed(bytes32)
    credential: indexed(bytes32)
    holder: bytes32
    subject: bytes32
    until: int64

event AttestationEnded:
    asset: indexed(bytes32)
    credential: indexed(bytes32)
    reason: bytes32

# kinds, by their place among all of a ledger
PARTICIPANT_AUTHORISED: constant(uint8) = 5
ROLE_WITHDRAWN: constant(uint8) = 6
PARTICIPANT_SUSPENDED: constant(uint8) = 7
PARTICIPANT_REINSTATED: constant(uint8) = 8
PARTICIPANT_BARRED: constant(uint8) = 9
KEY_BOUND: constant(uint8) = 10
WALLET_BOUND: constant(uint8) = 11
SUBJECT_ERASED: constant(uint8) = 12
ASSET_ATTESTED: constant(uint8) = 13
ATTESTATION_ENDED: constant(uint8) = 14

UNKNOWN: constant(uint256) = 0
AUTHORISED: constant(uint256) = 1
SUSPENDED: constant(uint256) = 2
BARRED: constant(uint256) = 3
ERASED: constant(uint256) = 4

INSPECTOR: constant(bytes32) = keccak256("inspector")
TOKENS: constant(uint256) = 4  # rooms that keep holdings
CERTIFICATES: constant(uint256) = 5

standing: HashMap[bytes32, uint256]  # key << 32 | number of roles << 8 | status
wallets: HashMap[bytes32, address]
roles: HashMap[bytes32, HashMap[bytes32, bool]]
attested: HashMap[bytes32, HashMap[bytes32, bytes32]]  # hash of holder, subject and until
ended: HashMap[bytes32, HashMap[bytes32, bytes32]]  # the reason


@deploy
def __init__(ledger: address, predecessor: address):
    room.__init__(ledger, predecessor)


@external
def take(actor: room.Actor, kind: uint8, words: Bytes[room.MOST_WORDS]):
    """
    @notice Take one operation of an act, or revert
    """
    room._enter()
    if kind == PARTICIPANT_AUTHORISED:
        self._authorise(actor, words)
    elif kind == ROLE_WITHDRAWN:
        self._withdraw(actor, words)
    elif kind == KEY_BOUND or kind == WALLET_BOUND:
        self._bind(actor, kind, words)
    elif kind == ASSET_ATTESTED:
        self._attest(actor, words)
    elif kind == ATTESTATION_ENDED:
        self._end(actor, words)
    else:
        self._turn(actor, kind, words)


@internal
def _authorise(actor: room.Actor, words: Bytes[room.MOST_WORDS]):
    assert actor.authority, "not for you"
    who: bytes32 = empty(bytes32)
    role: bytes32 = empty(bytes32)
    who, role = abi_decode(words, (bytes32, bytes32))
    assert not staticcall room.Front(room.LEDGER).is_authority(who), "an authority"
    before: uint256 = self.standing[who]
    status: uint256 = before & 255
    assert status == UNKNOWN or status == AUTHORISED, "status"
    assert not self.roles[who][role], "has the role"
    if status == UNKNOWN:
        room.rows += 1
        before = AUTHORISED
    self.roles[who][role] = True
    room.rows += 1
    self.standing[who] = before + 256
    log ParticipantAuthorised(participant=who, role=role)


@internal
def _withdraw(actor: room.Actor, words: Bytes[room.MOST_WORDS]):
    assert actor.authority, "not for you"
    who: bytes32 = empty(bytes32)
    role: bytes32 = empty(bytes32)
    who, role = abi_decode(words, (bytes32, bytes32))
    assert self.roles[who][role], "without the role"
    self.roles[who][role] = False
    room.rows -= 1
    self.standing[who] -= 256
    log RoleWithdrawn(participant=who, role=role)


@internal
def _turn(actor: room.Actor, kind: uint8, words: Bytes[room.MOST_WORDS]):
    """
    @dev Suspend, reinstate, bar or erase
    """
    who: bytes32 = abi_decode(words, bytes32)
    before: uint256 = self.standing[who]
    status: uint256 = before & 255
    after: uint256 = UNKNOWN
    if kind == PARTICIPANT_SUSPENDED:
        assert actor.authority, "not for you"
        assert status == AUTHORISED, "status"
        after = SUSPENDED
    elif kind == PARTICIPANT_REINSTATED:
        assert actor.authority, "not for you"
        assert status == SUSPENDED, "status"
        after = AUTHORISED
    elif kind == PARTICIPANT_BARRED:
        assert actor.agree >= actor.quorum, "no quorum"
        assert status == AUTHORISED or status == SUSPENDED, "status"
        after = BARRED
    else:
        assert kind == SUBJECT_ERASED, "kind"
        assert self._may(actor, room.OPERATOR, who), "not for you"
        assert status != UNKNOWN and status != ERASED, "status"
        for number: uint256 in [TOKENS, CERTIFICATES]:
            keeper: address = staticcall room.Front(room.LEDGER).room(number)
            assert not staticcall Holdings(keeper).holds(who), "holds something"
        after = ERASED
        before = before & (2**32 - 1)  # its key goes
        self.wallets[who] = empty(address)
    self.standing[who] = (before - status) | after
    log StatusChanged(participant=who, status=convert(after, uint8))


@internal
def _bind(actor: room.Actor, kind: uint8, words: Bytes[room.MOST_WORDS]):
    who: bytes32 = empty(bytes32)
    what: uint256 = 0
    who, what = abi_decode(words, (bytes32, uint256))
    assert self._may(actor, empty(bytes32), who), "not for you"
    assert self._stands(who), "may not act"
    bound: address = convert(what, address)  # reverts beyond 20 bytes
    if kind == KEY_BOUND:
        assert bound != empty(address), "no key"
        self.standing[who] = (self.standing[who] & (2**32 - 1)) | (what << 32)
        log KeyBound(participant=who, key=bound)
    else:
        self.wallets[who] = bound
        log WalletBound(participant=who, wallet=bound)


@internal
def _attest(actor: room.Actor, words: Bytes[room.MOST_WORDS]):
    assert self._may(actor, INSPECTOR, empty(bytes32)), "not for you"
    asset: bytes32 = empty(bytes32)
    holder: bytes32 = empty(bytes32)
    subject: bytes32 = empty(bytes32)
    credential: bytes32 = empty(bytes32)
    until: int64 = 0
    asset, holder, subject, credential, until = abi_decode(
        words, (bytes32, bytes32, bytes32, bytes32, int64)
    )
    assert self._stands(holder), "may not act"
    assert self.attested[asset][credential] == empty(bytes32), "attested before"
    self.attested[asset][credential] = keccak256(abi_encode(holder, subject, until))
    room.rows += 1
    log AssetAttested(
        asset=asset, credential=credential, holder=holder, subject=subject, until=until
    )


@internal
def _end(actor: room.Actor, words: Bytes[room.MOST_WORDS]):
    assert self._may(actor, INSPECTOR, empty(bytes32)), "not for you"
    asset: bytes32 = empty(bytes32)
    credential: bytes32 = empty(bytes32)
    reason: bytes32 = empty(bytes32)
    asset, credential, reason = abi_decode(words, (bytes32, bytes32, bytes32))
    assert self.attested[asset][credential] != empty(bytes32), "not attested"
    assert self.ended[asset][credential] == empty(bytes32), "ended before"
    self.ended[asset][credential] = reason
    log AttestationEnded(asset=asset, credential=credential, reason=reason)


@internal
@view
def _stands(who: bytes32) -> bool:
    found: uint256 = self.standing[who]
    return found & 255 == AUTHORISED and (found >> 8) & (2**24 - 1) != 0


@internal
@view
def _may(actor: room.Actor, role: bytes32, own: bytes32) -> bool:
    """
    @dev An authority, somebody of the role, or `own` itself
    """
    if actor.authority:
        return True
    if not self._stands(actor.first):
        return False
    return (role != empty(bytes32) and self.roles[actor.first][role]) or own == actor.first


@external
@view
def signer(who: bytes32) -> address:
    """
    @notice The key of a participant who may act now, empty where there is none
    """
    if not self._stands(who):
        return empty(address)
    return convert(self.standing[who] >> 32, address)


@external
@view
def acts(who: bytes32) -> bool:
    """
    @notice Whether a participant may take part now
    """
    return self._stands(who)


@external
@view
def known(who: bytes32) -> bool:
    """
    @notice Whether somebody was ever authorised under this id
    """
    return self.standing[who] != 0


@external
@view
def has_role(who: bytes32, role: bytes32) -> bool:
    """
    @notice Whether somebody may take part now in this role
    """
    return self._stands(who) and self.roles[who][role]


@external
@view
def role(who: bytes32, role: bytes32) -> bool:
    """
    @notice Whether somebody has a role, also while suspended
    """
    return self.roles[who][role]


@external
@view
def wallet(who: bytes32) -> address:
    """
    @notice The wallet of a participant, empty where there is none
    """
    return self.wallets[who]


@external
@view
def participant(who: bytes32) -> (uint8, uint256, address, address):
    """
    @notice Status (0 unknown, 1 authorised, 2 suspended, 3 barred, 4 erased), number of roles,
            key and wallet
    """
    found: uint256 = self.standing[who]
    key: address = convert(found >> 32, address)
    return convert(found & 255, uint8), (found >> 8) & (2**24 - 1), key, self.wallets[who]


@external
@view
def attestation(asset: bytes32, credential: bytes32) -> (bytes32, bytes32):
    """
    @notice keccak-256 of holder, subject and until as the ABI has them, and why it ended
    """
    return self.attested[asset][credential], self.ended[asset][credential]


@external
def adopt(
    people: DynArray[bytes32, room.MOST_ADOPTED], roles: DynArray[bytes32, room.MOST_ADOPTED]
):
    """
    @notice Take participants over, each with as many of `roles` as it has: one place for each
            pair, the same participant beside each of its roles; an empty role stands for none
    """
    room._adopt()
    assert len(people) == len(roles), "not in pairs"
    before: Before = Before(room.PREDECESSOR)
    for n: uint256 in range(len(people), bound=room.MOST_ADOPTED):
        who: bytes32 = people[n]
        if self.standing[who] == 0:
            status: uint8 = 0
            number: uint256 = 0
            key: address = empty(address)
            bound: address = empty(address)
            status, number, key, bound = staticcall before.participant(who)
            assert status != 0, "unknown"
            packed: uint256 = convert(convert(key, uint160), uint256) << 32
            self.standing[who] = packed | (number << 8) | convert(status, uint256)
            self.wallets[who] = bound
            room.rows += 1
        if roles[n] != empty(bytes32):
            assert staticcall before.role(who, roles[n]), "without the role"
            assert not self.roles[who][roles[n]], "adopted before"
            self.roles[who][roles[n]] = True
            room.rows += 1


@external
def adopt_attestations(
    assets: DynArray[bytes32, room.MOST_ADOPTED],
    credentials: DynArray[bytes32, room.MOST_ADOPTED],
):
    """
    @notice Take attestations over, ended ones too
    """
    room._adopt()
    assert len(assets) == len(credentials), "not in pairs"
    for n: uint256 in range(len(assets), bound=room.MOST_ADOPTED):
        found: bytes32 = empty(bytes32)
        reason: bytes32 = empty(bytes32)
        found, reason = staticcall Before(room.PREDECESSOR).attestation(assets[n], credentials[n])
        assert found != empty(bytes32), "not attested"
        assert self.attested[assets[n]][credentials[n]] == empty(bytes32), "adopted before"
        self.attested[assets[n]][credentials[n]] = found
        self.ended[assets[n]][credentials[n]] = reason
        room.rows += 1
