# pragma version 0.4.3
# pragma evm-version london
"""
@title Guarantees of origin: issued once for metered energy, moved, and ended once
@notice Each issue is a token of its own [Wh], whose id is keccak-256 of its name. The energy of an
        issue is what all hold of it and what has ended.
        Wallets and registers read it by ERC-1155 and ERC-1888. A participant's account is the
        wallet that it bound, or where it bound none, the last 20 bytes of its id. Whoever binds
        another wallet has what it holds moved there with the next change of it, or by `rehome`,
        which anybody may call and which tells it as a transfer: events always add up to balances.
        A claim is a cancellation.
        What writes by those standards is refused with "moves are acts": safeTransferFrom,
        safeBatchTransferFrom, setApprovalForAll, issue, batchIssue, safeTransferAndClaimFrom,
        safeBatchTransferAndClaimFrom. Whatever moves a certificate is an entry of the ledger,
        whose leaf holds names that this contract does not know; a move without one would be
        missing in the log. Receivers are not asked, as they are participants, not contracts.
        Who may call: `take` is for the ledger, with operations that were signed; `rehome` and
        reading are for anybody. How it stops and how it is upgraded: as every room, see room.vy;
        its rows are issues, holdings and claimed balances, its total is the sum of all holdings.
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

interface Authorities:
    def authorities(who: bytes32) -> address: view

interface People:
    def signer(who: bytes32) -> address: view

interface Before:
    def issued(name: bytes32) -> Issue: view
    def holding(name: bytes32, who: bytes32) -> (uint256, address): view
    def claimedBalanceOf(_owner: address, _id: uint256) -> uint256: view

struct Issue:
    device: bytes32
    period: bytes32
    source: bytes32
    issuer: address
    energy: uint256  # [Wh], 0 where there is none
    ended: uint256  # [Wh]

# of ERC-1155
event TransferSingle:
    _operator: indexed(address)
    _from: indexed(address)
    _to: indexed(address)
    _id: uint256
    _value: uint256

# of ERC-1888
event IssuanceSingle:
    _issuer: indexed(address)
    _topic: indexed(uint256)
    _id: uint256
    _value: uint256

event ClaimSingle:
    _claimIssuer: indexed(address)
    _claimSubject: indexed(address)
    _topic: indexed(uint256)
    _id: uint256
    _value: uint256
    _claimData: Bytes[32]

# of this room
event CertificateIssued:
    certificate: indexed(bytes32)
    device: indexed(bytes32)
    holder: bytes32
    period: bytes32
    source: bytes32
    energy: uint256

event CertificateTransferred:
    certificate: indexed(bytes32)
    sender: indexed(bytes32)
    receiver: indexed(bytes32)
    energy: uint256

event CertificateEnded:
    certificate: indexed(bytes32)
    holder: indexed(bytes32)
    kind: uint8
    energy: uint256

# kinds, by their place among all of a ledger
CERTIFICATE_ISSUED: constant(uint8) = 27
CERTIFICATE_TRANSFERRED: constant(uint8) = 28
CERTIFICATE_CANCELLED: constant(uint8) = 29
CERTIFICATE_EXPIRED: constant(uint8) = 30
CERTIFICATE_WITHDRAWN: constant(uint8) = 31

ISSUER: constant(bytes32) = keccak256("issuer")
MOST_ENERGY: constant(uint256) = 2**63 - 1
MOST_READ: constant(uint256) = 128  # balances in one answer

INTERFACES: constant(bytes4[3]) = [
    0x01ffc9a7,  # ERC-165
    0xd9b67a26,  # ERC-1155
    0x8075067e,  # ERC-1888: of the functions that it adds, as its draft names none
]

issues: HashMap[bytes32, Issue]
certified: public(HashMap[bytes32, HashMap[bytes32, bytes32]])  # by device and period
holdings: HashMap[bytes32, HashMap[bytes32, uint256]]  # account << 64 | energy, by issue and who
shown: HashMap[uint256, HashMap[address, uint256]]  # energy, by issue and account
claimed: HashMap[uint256, HashMap[address, uint256]]
kept: HashMap[bytes32, uint256]  # of how many issues somebody has some


@deploy
def __init__(ledger: address, predecessor: address):
    room.__init__(ledger, predecessor)


@external
def take(actor: room.Actor, kind: uint8, words: Bytes[192]):
    """
    @notice Take one operation of an act, or revert
    """
    room._enter()
    name: bytes32 = extract32(words, 0)
    if kind == CERTIFICATE_ISSUED:
        assert room._may(actor, True, ISSUER, empty(bytes32)), "not for you"
        self._issue(
            actor,
            name,
            extract32(words, 64),
            Issue(
                device=extract32(words, 32),
                period=extract32(words, 96),
                source=extract32(words, 128),
                issuer=self._actor(actor),
                energy=extract32(words, 160, output_type=uint256),
                ended=0,
            ),
        )
        return
    who: bytes32 = extract32(words, 32)
    assert self.issues[name].energy != 0, "never issued"
    if kind == CERTIFICATE_TRANSFERRED:
        assert room._may(actor, False, room.OPERATOR, who), "not for you"
        self._transfer(
            actor, name, who, extract32(words, 64), extract32(words, 96, output_type=uint256)
        )
        return
    energy: uint256 = extract32(words, 64, output_type=uint256)
    if kind == CERTIFICATE_CANCELLED:
        assert room._may(actor, False, room.OPERATOR, who), "not for you"
    else:
        assert kind == CERTIFICATE_EXPIRED or kind == CERTIFICATE_WITHDRAWN, "kind"
        assert room._may(actor, True, ISSUER, empty(bytes32)), "not for you"
    account: address = self._draw(name, who, energy)
    self.issues[name].ended += energy
    room.total -= energy
    id: uint256 = convert(name, uint256)
    log TransferSingle(
        _operator=self._actor(actor), _from=account, _to=empty(address), _id=id, _value=energy
    )
    if kind == CERTIFICATE_CANCELLED:
        before: uint256 = self.claimed[id][account]
        if before == 0:
            room.rows += 1
        self.claimed[id][account] = before + energy
        log ClaimSingle(
            _claimIssuer=self._actor(actor),
            _claimSubject=account,
            _topic=convert(self.issues[name].source, uint256),
            _id=id,
            _value=energy,
            _claimData=slice(words, 96, 32),
        )
    log CertificateEnded(certificate=name, holder=who, kind=kind, energy=energy)


@internal
def _issue(actor: room.Actor, name: bytes32, holder: bytes32, issue: Issue):
    """
    @dev Certify a device's period, once, under a name of its own
    """
    assert issue.energy != 0 and issue.energy <= MOST_ENERGY, "energy"
    assert room._acts(holder), "may not act"
    assert self.issues[name].energy == 0, "taken"
    assert self.certified[issue.device][issue.period] == empty(bytes32), "certified before"
    self.issues[name] = issue
    self.certified[issue.device][issue.period] = name
    room.rows += 1
    room.total += issue.energy
    account: address = self._give(name, holder, issue.energy)
    id: uint256 = convert(name, uint256)
    log TransferSingle(
        _operator=issue.issuer, _from=empty(address), _to=account, _id=id, _value=issue.energy
    )
    log IssuanceSingle(
        _issuer=issue.issuer,
        _topic=convert(issue.source, uint256),
        _id=id,
        _value=issue.energy,
    )
    log CertificateIssued(
        certificate=name,
        device=issue.device,
        holder=holder,
        period=issue.period,
        source=issue.source,
        energy=issue.energy,
    )


@internal
def _transfer(
    actor: room.Actor, name: bytes32, sender: bytes32, receiver: bytes32, energy: uint256
):
    assert room._acts(sender) and room._acts(receiver), "may not act"
    origin: address = self._draw(name, sender, energy)
    to: address = self._give(name, receiver, energy)
    log TransferSingle(
        _operator=self._actor(actor),
        _from=origin,
        _to=to,
        _id=convert(name, uint256),
        _value=energy,
    )
    log CertificateTransferred(certificate=name, sender=sender, receiver=receiver, energy=energy)


@internal
def _give(name: bytes32, who: bytes32, energy: uint256) -> address:
    has: uint256 = self._home(name, who)
    if has == 0:
        self.kept[who] += 1
        room.rows += 1
    return self._hold(name, who, has + energy)


@internal
def _draw(name: bytes32, who: bytes32, energy: uint256) -> address:
    has: uint256 = self._home(name, who)
    assert energy != 0 and energy <= has, "too little"
    if has == energy:
        self.kept[who] -= 1
        room.rows -= 1
    return self._hold(name, who, has - energy)


@internal
def _hold(name: bytes32, who: bytes32, energy: uint256) -> address:
    """
    @dev Write what somebody, who is at home, holds of an issue; return the account
    """
    account: address = self._account(who)
    id: uint256 = convert(name, uint256)
    before: uint256 = self.holdings[name][who] & (2**64 - 1)
    packed: uint256 = (convert(convert(account, uint160), uint256) << 64) | energy
    self.holdings[name][who] = packed if energy != 0 else 0
    self.shown[id][account] = self.shown[id][account] + energy - before
    return account


@internal
def _home(name: bytes32, who: bytes32) -> uint256:
    """
    @dev Show a holding under the account that its holder has now; return the energy
    """
    packed: uint256 = self.holdings[name][who]
    energy: uint256 = packed & (2**64 - 1)
    before: address = convert(packed >> 64, address)
    after: address = self._account(who)
    if energy != 0 and before != after:
        id: uint256 = convert(name, uint256)
        self.holdings[name][who] = (convert(convert(after, uint160), uint256) << 64) | energy
        self.shown[id][before] -= energy
        self.shown[id][after] += energy
        log TransferSingle(_operator=after, _from=before, _to=after, _id=id, _value=energy)
    return energy


@internal
@view
def _account(who: bytes32) -> address:
    found: address = room._wallet(who)
    if found == empty(address):
        return convert(convert(convert(who, uint256) & (2**160 - 1), uint160), address)
    return found


@internal
@view
def _actor(actor: room.Actor) -> address:
    if actor.authority:
        return staticcall Authorities(room.LEDGER).authorities(actor.first)
    return self._account(actor.first)


@external
def rehome(name: bytes32, who: bytes32):
    """
    @notice Show what a participant holds of an issue under the wallet that it has now
    """
    assert room.stage == room.OPEN, "room closed"
    assert self._home(name, who) != 0, "holds nothing"


@external
@view
def issued(name: bytes32) -> Issue:
    """
    @notice An issue, and what of it has ended
    """
    return self.issues[name]


@external
@view
def holding(name: bytes32, who: bytes32) -> (uint256, address):
    """
    @notice What somebody holds of an issue [Wh], and under which account it is shown
    """
    packed: uint256 = self.holdings[name][who]
    return packed & (2**64 - 1), convert(packed >> 64, address)


@external
@view
def holds(who: bytes32) -> bool:
    """
    @notice Whether somebody holds some of any issue
    """
    return self.kept[who] != 0


@external
@view
def balanceOf(_owner: address, _id: uint256) -> uint256:
    """
    @notice What an account holds of an issue [Wh] (ERC-1155)
    """
    return self.shown[_id][_owner]


@external
@view
def balanceOfBatch(
    _owners: DynArray[address, MOST_READ], _ids: DynArray[uint256, MOST_READ]
) -> DynArray[uint256, MOST_READ]:
    """
    @notice What accounts hold, pair by pair, at most 128 (ERC-1155)
    """
    assert len(_owners) == len(_ids), "not in pairs"
    found: DynArray[uint256, MOST_READ] = []
    for n: uint256 in range(len(_ids), bound=MOST_READ):
        found.append(self.shown[_ids[n]][_owners[n]])
    return found


@external
@view
def isApprovedForAll(_owner: address, _operator: address) -> bool:
    """
    @notice Nobody is ever approved: who acts for whom is told by roles (ERC-1155)
    """
    return False


@external
@view
def claimedBalanceOf(_owner: address, _id: uint256) -> uint256:
    """
    @notice What an account has cancelled of an issue [Wh] (ERC-1888)
    """
    return self.claimed[_id][_owner]


@external
@view
def claimedBalanceOfBatch(
    _owners: DynArray[address, MOST_READ], _ids: DynArray[uint256, MOST_READ]
) -> DynArray[uint256, MOST_READ]:
    """
    @notice What accounts have cancelled, pair by pair, at most 128 (ERC-1888)
    """
    assert len(_owners) == len(_ids), "not in pairs"
    found: DynArray[uint256, MOST_READ] = []
    for n: uint256 in range(len(_ids), bound=MOST_READ):
        found.append(self.claimed[_ids[n]][_owners[n]])
    return found


@external
@view
def getCertificate(_id: uint256) -> (address, uint256, Bytes[36], Bytes[96]):
    """
    @notice Who issued an issue, the id of its source as topic, a call of `valid`, and the ids of
            device, period and source (ERC-1888)
    """
    found: Issue = self.issues[convert(_id, bytes32)]
    return (
        found.issuer,
        convert(found.source, uint256),
        concat(method_id("valid(uint256)"), convert(_id, bytes32)),
        concat(found.device, found.period, found.source),
    )


@external
@view
def valid(id: uint256) -> bool:
    """
    @notice Whether an issue is there and some of it has not ended
    """
    found: Issue = self.issues[convert(id, bytes32)]
    return found.energy > found.ended


@external
@pure
def supportsInterface(interface_id: bytes4) -> bool:
    """
    @notice Whether the functions of an interface are answered (ERC-165)
    """
    return interface_id in INTERFACES


@external
def __default__():
    """
    @notice What writes by ERC-1155 and ERC-1888 is refused
    """
    raise "moves are acts"


@external
def adopt_issues(names: DynArray[bytes32, room.MOST_ADOPTED]):
    """
    @notice Take issues over, ended ones too
    """
    room._adopt()
    for name: bytes32 in names:
        found: Issue = staticcall Before(room.PREDECESSOR).issued(name)
        assert found.energy != 0, "never issued"
        assert self.issues[name].energy == 0, "adopted before"
        self.issues[name] = found
        self.certified[found.device][found.period] = name
        room.rows += 1


@external
def adopt_holdings(
    names: DynArray[bytes32, room.MOST_ADOPTED], people: DynArray[bytes32, room.MOST_ADOPTED]
):
    """
    @notice Take holdings over: one place for each pair of issue and holder
    """
    room._adopt()
    assert len(names) == len(people), "not in pairs"
    for n: uint256 in range(len(names), bound=room.MOST_ADOPTED):
        name: bytes32 = names[n]
        who: bytes32 = people[n]
        energy: uint256 = 0
        account: address = empty(address)
        energy, account = staticcall Before(room.PREDECESSOR).holding(name, who)
        assert energy != 0, "holds nothing"
        assert self.holdings[name][who] == 0, "adopted before"
        id: uint256 = convert(name, uint256)
        self.holdings[name][who] = (convert(convert(account, uint160), uint256) << 64) | energy
        self.shown[id][account] += energy
        self.kept[who] += 1
        room.rows += 1
        room.total += energy
        log TransferSingle(
            _operator=self, _from=empty(address), _to=account, _id=id, _value=energy
        )


@external
def adopt_claims(
    names: DynArray[bytes32, room.MOST_ADOPTED], accounts: DynArray[address, room.MOST_ADOPTED]
):
    """
    @notice Take claimed balances over: one place for each pair of issue and account
    """
    room._adopt()
    assert len(names) == len(accounts), "not in pairs"
    for n: uint256 in range(len(names), bound=room.MOST_ADOPTED):
        id: uint256 = convert(names[n], uint256)
        energy: uint256 = staticcall Before(room.PREDECESSOR).claimedBalanceOf(accounts[n], id)
        assert energy != 0, "claimed nothing"
        assert self.claimed[id][accounts[n]] == 0, "adopted before"
        self.claimed[id][accounts[n]] = energy
        room.rows += 1
