#pragma version 0.4.3
#pragma evm-version london
"""
@title A plain room of assets, with which contracts beside the ledger are tested
"""
import Holdings

implements: Holdings

event Moved:
    asset: indexed(bytes32)
    giver: bytes32
    taker: bytes32
    units: uint256

registered: public(HashMap[address, bool])
balance_of: public(HashMap[bytes32, HashMap[bytes32, uint256]])
agent: public(HashMap[bytes32, HashMap[address, bool]])
key: HashMap[bytes32, address]
barred: public(HashMap[bytes32, bool])


@view
@external
def room(number: uint256) -> address:
    """
    @notice For a vault: this is the ledger's front and all of its rooms as well
    """
    return self


@view
@external
def signer(who: bytes32) -> address:
    return self.key[who]


@external
def bind(who: bytes32, key: address):
    self.key[who] = key


@external
def register(contract: address):
    self.registered[contract] = True


@external
def endow(asset: bytes32, holder: bytes32, actor: address, units: uint256):
    self.balance_of[asset][holder] += units
    self.agent[holder][actor] = True


@external
def bar(holder: bytes32, barred: bool):
    self.barred[holder] = barred


@external
def hold(asset: bytes32, holder: bytes32, actor: address, units: uint256):
    assert self.registered[msg.sender], "room: not registered"
    assert self.agent[holder][actor] and not self.barred[holder], "room: may not act"
    self._move(asset, holder, self._own(), units)


@external
def release(asset: bytes32, holder: bytes32, units: uint256):
    assert not self.barred[holder], "room: barred"
    self._move(asset, self._own(), holder, units)


@view
@external
def acts(holder: bytes32, actor: address) -> bool:
    return self.agent[holder][actor]


@internal
@view
def _own() -> bytes32:
    return convert(convert(msg.sender, uint256), bytes32)


@internal
def _move(asset: bytes32, giver: bytes32, taker: bytes32, units: uint256):
    assert self.balance_of[asset][giver] >= units, "room: not so much"
    self.balance_of[asset][giver] -= units
    self.balance_of[asset][taker] += units
    log Moved(asset=asset, giver=giver, taker=taker, units=units)
