#pragma version 0.4.3
#pragma evm-version london
"""
@title A purse: what a contract holds for others at rooms of tokens or certificates
@notice A module of Attested, Escrow and Channels.
        Does: takes in and pays out through `Holdings`. What is credited, or what a room
        refuses to pay out at that moment, is kept as owed until it is collected, so that nobody's
        refusal holds up another's money.
        Who may call: `collect` by anybody; it pays whom it is owed to, and nobody else.
        Stops: never; paying out what is owed cannot be stopped.
        Upgraded: with the contract that uses it.
"""
import Holdings

event Owed:
    room: indexed(address)
    asset: indexed(bytes32)
    holder: indexed(bytes32)
    units: uint256

event Collected:
    room: indexed(address)
    asset: indexed(bytes32)
    holder: indexed(bytes32)
    units: uint256

owed: public(HashMap[address, HashMap[bytes32, HashMap[bytes32, uint256]]])


@internal
def _take(room: address, asset: bytes32, holder: bytes32, actor: address, units: uint256):
    extcall Holdings(room).hold(asset, holder, actor, units)


@internal
def _pay(room: address, asset: bytes32, holder: bytes32, units: uint256):
    """Release units; the caller has written before that they are no longer its own."""
    if units == 0:
        return
    done: bool = raw_call(
        room,
        abi_encode(
            asset, holder, units, method_id=method_id("release(bytes32,bytes32,uint256)")
        ),
        revert_on_failure=False,
    )
    if not done:
        self.owed[room][asset][holder] += units
        log Owed(room=room, asset=asset, holder=holder, units=units)


@internal
def _credit(room: address, asset: bytes32, holder: bytes32, units: uint256):
    """Note units as owed, to be collected; the caller no longer counts them as its own."""
    self.owed[room][asset][holder] += units


@external
def collect(room: address, asset: bytes32, holder: bytes32):
    """
    @notice Pay a holder what it is owed
    """
    units: uint256 = self.owed[room][asset][holder]
    assert units > 0, "purse: nothing owed"
    self.owed[room][asset][holder] = 0
    extcall Holdings(room).release(asset, holder, units)
    log Collected(room=room, asset=asset, holder=holder, units=units)
