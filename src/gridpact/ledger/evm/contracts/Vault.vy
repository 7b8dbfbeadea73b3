#pragma version 0.4.3
#pragma evm-version london
"""
@title The ledger's tokens or certificates, for the contracts beside it
@notice Whatever moves on a ledger moves by an act. So a holder transfers to the vault's own
        participant there, and has as much here, where contracts can hold and release it; whoever
        takes out has it transferred back by an act of the vault's operator.
        Does: keeps who has how much of what the vault holds on the ledger, never more of it.
        Who may call: `hold` and `release` registered contracts; `take_out` who acts for the
        holder; `register`, `bring` and `sent` anybody who brings a quorum's signatures.
        Stops: council.govern; paused or retired, nothing is brought in or held, while release
        and taking out go on.
        Upgraded: never in place. Retired, everybody takes out, and brings to the successor.
@dev Rooms and signers are looked up at the ledger each time, so that it may replace its rooms.
     On the ledger the vault has, for each asset, at least `total`, but for the moment between an
     act that sends something back and `sent`.
"""
import council
import Holdings

initializes: council
implements: Holdings
exports: (
    council.govern,
    council.is_member,
    council.members,
    council.quorum,
    council.nonce,
    council.stage,
)

interface Front:
    def room(number: uint256) -> address: view

interface People:
    def signer(who: bytes32) -> address: view

interface Tokens:
    def balance_of(token: bytes32, holder: bytes32) -> uint256: view

interface Certificates:
    def holding(name: bytes32, who: bytes32) -> (uint256, address): view

event Registered:
    contract: indexed(address)

event Brought:
    asset: indexed(bytes32)
    holder: indexed(bytes32)
    units: uint256
    entry: uint256

event TakenOut:
    number: indexed(uint256)
    asset: indexed(bytes32)
    holder: indexed(bytes32)
    units: uint256

event Sent:
    number: indexed(uint256)
    entry: uint256

event Moved:
    asset: indexed(bytes32)
    giver: indexed(bytes32)
    taker: indexed(bytes32)
    units: uint256

REGISTER_TYPE: constant(bytes32) = keccak256("Register(address contract)")
BRING_TYPE: constant(bytes32) = keccak256(
    "Bring(bytes32 asset,bytes32 holder,uint256 units,uint256 entry)"
)
SENT_TYPE: constant(bytes32) = keccak256("Sent(uint256 number,uint256 entry)")
MEMBERS: constant(uint256) = 1
TOKENS: constant(uint256) = 4
CERTIFICATES: constant(uint256) = 5

FRONT: immutable(address)
ROOM: immutable(uint256)
OWN: immutable(bytes32)

registered: public(HashMap[address, bool])
balance_of: public(HashMap[bytes32, HashMap[bytes32, uint256]])
total: public(HashMap[bytes32, uint256])
used: public(HashMap[uint256, bool])
taken_out: public(uint256)
leaving: HashMap[uint256, uint256]
asset_of: HashMap[uint256, bytes32]


@deploy
def __init__(
    members: DynArray[address, council.MOST],
    quorum: uint256,
    ledger: address,
    front: address,
    room: uint256,
    own: bytes32,
):
    """
    @param ledger Whose decisions count as the council's; zero for none
    @param front The ledger's front contract
    @param room Which room: 4 tokens, 5 certificates
    @param own The vault's participant on the ledger
    """
    council.__init__("gridpact vault", members, quorum, ledger)
    assert front.is_contract and (room == TOKENS or room == CERTIFICATES), "vault: deployment"
    FRONT = front
    ROOM = room
    OWN = own


@external
def register(contract: address, signatures: DynArray[council.Signature, council.MOST]):
    """
    @notice Let a contract hold and release, from now on
    """
    council._running()
    council._agree(keccak256(abi_encode(REGISTER_TYPE, contract)), signatures)
    assert contract.is_contract and not self.registered[contract], "vault: contract"
    self.registered[contract] = True
    log Registered(contract=contract)


@external
def bring(
    asset: bytes32,
    holder: bytes32,
    units: uint256,
    entry: uint256,
    signatures: DynArray[council.Signature, council.MOST],
):
    """
    @notice Note what an entry of the ledger transferred from a holder to the vault, once
    @param entry The entry's place on the ledger
    """
    council._running()
    council._agree(keccak256(abi_encode(BRING_TYPE, asset, holder, units, entry)), signatures)
    assert not self.used[entry] and units > 0 and holder != OWN, "vault: entry"
    assert self.total[asset] + units <= self._on_ledger(asset), "vault: not on the ledger"
    self.used[entry] = True
    self.total[asset] += units
    self.balance_of[asset][holder] += units
    log Brought(asset=asset, holder=holder, units=units, entry=entry)


@external
def take_out(asset: bytes32, holder: bytes32, units: uint256):
    """
    @notice Ask for what one has here to be transferred back on the ledger
    """
    assert self._acts(holder, msg.sender), "vault: may not act"
    assert 0 < units and units <= self.balance_of[asset][holder], "vault: not so much"
    self.balance_of[asset][holder] -= units
    number: uint256 = self.taken_out + 1
    self.taken_out = number
    self.leaving[number] = units
    self.asset_of[number] = asset
    log TakenOut(number=number, asset=asset, holder=holder, units=units)


@external
def sent(number: uint256, entry: uint256, signatures: DynArray[council.Signature, council.MOST]):
    """
    @notice Note that an entry of the ledger sent back what was taken out, once
    """
    council._agree(keccak256(abi_encode(SENT_TYPE, number, entry)), signatures)
    units: uint256 = self.leaving[number]
    assert units > 0 and not self.used[entry], "vault: entry"
    self.used[entry] = True
    self.leaving[number] = 0
    self.total[self.asset_of[number]] -= units
    log Sent(number=number, entry=entry)


@external
def hold(asset: bytes32, holder: bytes32, actor: address, units: uint256):
    """
    @notice Move units from a holder to the calling contract
    """
    council._running()
    assert self.registered[msg.sender], "vault: not registered"
    assert self._acts(holder, actor), "vault: may not act"
    self._move(asset, holder, self._own_id(), units)


@external
def release(asset: bytes32, holder: bytes32, units: uint256):
    """
    @notice Move units from the calling contract to a holder
    """
    assert self.registered[msg.sender], "vault: not registered"
    self._move(asset, self._own_id(), holder, units)


@external
@view
def acts(holder: bytes32, actor: address) -> bool:
    """
    @notice Whether an account is a holder's key on the ledger, and the holder may act there
    """
    return self._acts(holder, actor)


@internal
@view
def _acts(holder: bytes32, actor: address) -> bool:
    if actor == empty(address):
        return False
    people: address = staticcall Front(FRONT).room(MEMBERS)
    return staticcall People(people).signer(holder) == actor


@internal
@view
def _on_ledger(asset: bytes32) -> uint256:
    """What the vault's participant has on the ledger."""
    room: address = staticcall Front(FRONT).room(ROOM)
    if ROOM == TOKENS:
        return staticcall Tokens(room).balance_of(asset, OWN)
    energy: uint256 = 0
    account: address = empty(address)
    energy, account = staticcall Certificates(room).holding(asset, OWN)
    return energy


@internal
@view
def _own_id() -> bytes32:
    return convert(convert(msg.sender, uint256), bytes32)


@internal
def _move(asset: bytes32, giver: bytes32, taker: bytes32, units: uint256):
    assert units <= self.balance_of[asset][giver], "vault: not so much"
    self.balance_of[asset][giver] -= units
    self.balance_of[asset][taker] += units
    log Moved(asset=asset, giver=giver, taker=taker, units=units)
