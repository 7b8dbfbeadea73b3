# pragma version 0.4.3
# pragma evm-version london
"""
@title What every room of a ledger shares
@notice A room keeps one family of a ledger's state, such as tokens, and the rules of it. It takes
        operations from its ledger alone, which has checked who signed them; whether those may do
        this is for the room to check.
        Who may call: `set_stage` is for the ledger, upon acts of a quorum.
        How it stops: paused, it takes nothing until it is resumed; retired, nothing ever again.
        How it is upgraded: a successor is deployed with this room as its predecessor; while this
        one is paused, anybody may let the successor adopt its rows, a bounded number at a time,
        as they are read from here; it opens only when it has counted the same rows and the same
        total, all of them since the same pause.
"""

struct Actor:
    first: bytes32  # id of whoever acts
    authority: bool  # whether that is an authority
    agree: uint256  # how many authorities signed
    quorum: uint256  # how many decide together
    at: int64  # time of the act [epoch s]

interface Front:
    def room(number: uint256) -> address: view
    def is_authority(who: bytes32) -> bool: view

interface People:
    def acts(who: bytes32) -> bool: view
    def known(who: bytes32) -> bool: view
    def has_role(who: bytes32, role: bytes32) -> bool: view
    def wallet(who: bytes32) -> address: view

interface Room:
    def stage() -> uint8: view
    def epoch() -> uint256: view
    def rows() -> uint256: view
    def total() -> uint256: view

event Staged:
    stage: uint8

MOST_WORDS: constant(uint256) = 192  # bytes of the words of an operation of fixed length
MOST_ADOPTED: constant(uint256) = 64  # rows that a successor takes over in one call
OPERATOR: constant(bytes32) = keccak256("operator")
MEMBERS: constant(uint256) = 1  # the room of participants

NEW: constant(uint8) = 0
OPEN: constant(uint8) = 1
PAUSED: constant(uint8) = 2
RETIRED: constant(uint8) = 3

LEDGER: public(immutable(address))
PREDECESSOR: public(immutable(address))
stage: public(uint8)
epoch: public(uint256)  # how often the stage has changed
adopting: uint256  # the predecessor's epoch, at which rows are taken over
rows: public(uint256)  # how many rows there are
total: public(uint256)  # the sum over what rows hold, where they hold amounts


@deploy
def __init__(ledger: address, predecessor: address):
    LEDGER = ledger
    PREDECESSOR = predecessor


@external
def set_stage(to: uint8):
    """
    @notice Open, pause, resume or retire this room
    """
    assert msg.sender == LEDGER, "not the ledger"
    if self.stage == NEW:
        assert to == OPEN, "stage"
        if PREDECESSOR != empty(address):
            assert staticcall Room(PREDECESSOR).stage() == RETIRED, "predecessor stands"
            assert staticcall Room(PREDECESSOR).epoch() == self.adopting + 1, "changed since"
            assert staticcall Room(PREDECESSOR).rows() == self.rows, "rows missing"
            assert staticcall Room(PREDECESSOR).total() == self.total, "total differs"
    else:
        assert (
            (self.stage == OPEN and to == PAUSED)
            or (self.stage == PAUSED and (to == OPEN or to == RETIRED))
        ), "stage"
    self.stage = to
    self.epoch += 1
    log Staged(stage=to)


@internal
@view
def _enter():
    """
    @dev First thing of every `take`
    """
    assert msg.sender == LEDGER, "not the ledger"
    assert self.stage == OPEN, "room closed"


@internal
def _adopt():
    """
    @dev First thing of every `adopt`
    """
    assert self.stage == NEW and PREDECESSOR != empty(address), "nothing to adopt"
    assert staticcall Room(PREDECESSOR).stage() == PAUSED, "predecessor runs"
    found: uint256 = staticcall Room(PREDECESSOR).epoch()
    assert self.adopting == 0 or self.adopting == found, "changed since"
    self.adopting = found


@internal
@view
def _people() -> address:
    return staticcall Front(LEDGER).room(MEMBERS)


@internal
@view
def _known(who: bytes32) -> bool:
    return staticcall People(self._people()).known(who)


@internal
@view
def _acts(who: bytes32) -> bool:
    return staticcall People(self._people()).acts(who)


@internal
@view
def _has_role(who: bytes32, role: bytes32) -> bool:
    return staticcall People(self._people()).has_role(who, role)


@internal
@view
def _wallet(who: bytes32) -> address:
    return staticcall People(self._people()).wallet(who)


@internal
@view
def _may(actor: Actor, authority: bool, role: bytes32, own: bytes32) -> bool:
    """
    @dev Whether one of these suffices: an authority acts (where `authority`), somebody of the
         role, or `own` itself; an empty role or own is none
    """
    if authority and actor.authority:
        return True
    if role != empty(bytes32) and self._has_role(actor.first, role):
        return True
    return own != empty(bytes32) and own == actor.first and self._acts(own)
