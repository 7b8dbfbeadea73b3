# pragma version 0.4.3
# pragma evm-version london
"""
@title Utility tokens: money's stand-in among those authorised
@notice Made for a deposit, moved, and taken back for a withdrawal, each payment once. At any time
        the supply of a token is what was deposited less what was withdrawn, and the sum of what
        all hold. Units are whole, at most 2^63 - 1 of a token.
        Who may call: `take` is for the ledger, with operations that were signed; reading is for
        anybody. How it stops and how it is upgraded: as every room, see room.vy; its rows are
        balances above zero and payments, and its total is the sum of all balances.
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

interface Before:
    def balance_of(token: bytes32, holder: bytes32) -> uint256: view
    def paid(payment: bytes32) -> bool: view

event TokensMinted:
    token: indexed(bytes32)
    holder: indexed(bytes32)
    units: uint256
    deposit: bytes32

event TokensBurnt:
    token: indexed(bytes32)
    holder: indexed(bytes32)
    units: uint256
    withdrawal: bytes32

event TokensTransferred:
    token: indexed(bytes32)
    sender: indexed(bytes32)
    receiver: indexed(bytes32)
    units: uint256

# kinds, by their place among all of a ledger
TOKENS_MINTED: constant(uint8) = 24
TOKENS_BURNT: constant(uint8) = 25
TOKENS_TRANSFERRED: constant(uint8) = 26

MOST_UNITS: constant(uint256) = 2**63 - 1

balances: HashMap[bytes32, HashMap[bytes32, uint256]]  # by token and holder
supply: public(HashMap[bytes32, uint256])  # by token
paid: public(HashMap[bytes32, bool])  # by keccak-256 of token, way (1 in, 2 out) and name
kept: HashMap[bytes32, uint256]  # of how many tokens somebody has some


@deploy
def __init__(ledger: address, predecessor: address):
    room.__init__(ledger, predecessor)


@external
def take(actor: room.Actor, kind: uint8, words: Bytes[128]):
    """
    @notice Take one operation of an act, or revert
    """
    room._enter()
    token: bytes32 = extract32(words, 0)
    if kind == TOKENS_TRANSFERRED:
        assert len(words) == 128, "words"
        self._transfer(
            actor,
            token,
            extract32(words, 32),
            extract32(words, 64),
            extract32(words, 96, output_type=uint256),
        )
        return
    holder: bytes32 = extract32(words, 32)
    units: uint256 = extract32(words, 64, output_type=uint256)
    payment: bytes32 = extract32(words, 96)
    assert room._may(actor, False, room.OPERATOR, empty(bytes32)), "not for you"
    assert units != 0 and units <= MOST_UNITS, "units"
    if kind == TOKENS_MINTED:
        assert room._acts(holder), "may not act"
        self._pay(token, 1, payment)
        after: uint256 = self.supply[token] + units
        assert after <= MOST_UNITS, "supply"
        self.supply[token] = after
        room.total += units
        self._give(token, holder, units)
        log TokensMinted(token=token, holder=holder, units=units, deposit=payment)
    else:
        assert kind == TOKENS_BURNT, "kind"
        self._pay(token, 2, payment)
        self._draw(token, holder, units)
        self.supply[token] -= units
        room.total -= units
        log TokensBurnt(token=token, holder=holder, units=units, withdrawal=payment)


@internal
def _transfer(
    actor: room.Actor, token: bytes32, sender: bytes32, receiver: bytes32, units: uint256
):
    assert units != 0 and units <= MOST_UNITS, "units"
    assert sender != receiver, "receiver"
    people: room.People = room.People(room._people())
    assert staticcall people.acts(sender), "may not act"
    if actor.first != sender:
        assert staticcall people.has_role(actor.first, room.OPERATOR), "not for you"
    assert staticcall people.acts(receiver), "may not act"
    self._draw(token, sender, units)
    self._give(token, receiver, units)
    log TokensTransferred(token=token, sender=sender, receiver=receiver, units=units)


@internal
def _pay(token: bytes32, way: uint256, name: bytes32):
    """
    @dev Note a payment, once
    """
    payment: bytes32 = keccak256(abi_encode(token, way, name))
    assert not self.paid[payment], "paid before"
    self.paid[payment] = True
    room.rows += 1


@internal
def _give(token: bytes32, holder: bytes32, units: uint256):
    has: uint256 = self.balances[token][holder]
    if has == 0:
        self.kept[holder] += 1
        room.rows += 1
    self.balances[token][holder] = has + units


@internal
def _draw(token: bytes32, holder: bytes32, units: uint256):
    has: uint256 = self.balances[token][holder]
    assert has >= units, "too little"
    self.balances[token][holder] = has - units
    if has == units:
        self.kept[holder] -= 1
        room.rows -= 1


@external
@view
def balance_of(token: bytes32, holder: bytes32) -> uint256:
    """
    @notice What somebody has of a token [units]
    """
    return self.balances[token][holder]


@external
@view
def holds(who: bytes32) -> bool:
    """
    @notice Whether somebody has some of any token
    """
    return self.kept[who] != 0


@external
def adopt(
    tokens: DynArray[bytes32, room.MOST_ADOPTED], holders: DynArray[bytes32, room.MOST_ADOPTED]
):
    """
    @notice Take balances over: one place for each pair of token and holder
    """
    room._adopt()
    assert len(tokens) == len(holders), "not in pairs"
    for n: uint256 in range(len(tokens), bound=room.MOST_ADOPTED):
        token: bytes32 = tokens[n]
        holder: bytes32 = holders[n]
        units: uint256 = staticcall Before(room.PREDECESSOR).balance_of(token, holder)
        assert units != 0, "holds nothing"
        assert self.balances[token][holder] == 0, "adopted before"
        self._give(token, holder, units)
        self.supply[token] += units
        room.total += units


@external
def adopt_payments(payments: DynArray[bytes32, room.MOST_ADOPTED]):
    """
    @notice Take the notes over of payments that count no more
    """
    room._adopt()
    for payment: bytes32 in payments:
        assert staticcall Before(room.PREDECESSOR).paid(payment), "not paid"
        assert not self.paid[payment], "adopted before"
        self.paid[payment] = True
        room.rows += 1
