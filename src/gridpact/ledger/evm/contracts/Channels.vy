#pragma version 0.4.3
#pragma evm-version london
"""
@title Payment channels between two
@notice Does: holds the deposits of two parties, who then pay each other by signed updates that
        never come here; pays out by what both signed last. Two operations for any number of
        payments: `open` and `close`.
        Who may call: `open` the first party; `close` anybody who brings both signatures; `leave`
        and `challenge` either party with an update that the other signed; `finish` anybody.
        Stops: council.govern; paused or retired, no channel is opened, and all others go on to
        their end.
        Upgraded: never in place; channels are opened at the successor and end here.
@dev A channel is kept as the hash of its terms and two words. An update of a higher number stands
     over one of a lower; who shows a stale one gains nothing by it once the other answers. For
     each asset, what this contract holds is the sum of the deposits of channels that are not
     closed, and of what is owed (purse).
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

struct Channel:
    first: bytes32
    second: bytes32
    first_key: address
    second_key: address
    asset: bytes32
    first_units: uint256
    second_units: uint256
    challenge: uint256
    salt: bytes32

event Opened:
    channel: indexed(bytes32)
    first: indexed(bytes32)
    second: indexed(bytes32)
    asset: bytes32
    first_units: uint256
    second_units: uint256

event Leaving:
    channel: indexed(bytes32)
    sequence: uint256
    first_units: uint256
    closes_at: uint256

event Closed:
    channel: indexed(bytes32)
    first_units: uint256
    second_units: uint256

CHANNEL_TYPE: constant(bytes32) = keccak256(
    "Channel(bytes32 first,bytes32 second,address firstKey,address secondKey,bytes32 asset,uint256 firstUnits,uint256 secondUnits,uint256 challenge,bytes32 salt)"
)
UPDATE_TYPE: constant(bytes32) = keccak256(
    "Update(bytes32 channel,uint64 sequence,uint256 first,uint256 second)"
)
CLOSE_TYPE: constant(bytes32) = keccak256("Close(bytes32 channel,uint256 first,uint256 second)")
LEAST: constant(uint256) = 60
LONGEST: constant(uint256) = 90 * 86400
OPEN: constant(uint256) = 1
LEAVING: constant(uint256) = 2
CLOSED: constant(uint256) = 3

ROOM: immutable(address)

# stage (8 bits), sequence (64), closing (64)
word: public(HashMap[bytes32, uint256])
# what the first party gets by the update that was shown; the second gets the rest
first_units: public(HashMap[bytes32, uint256])


@deploy
def __init__(
    members: DynArray[address, council.MOST], quorum: uint256, ledger: address, room: address
):
    """
    @param room Where the tokens are (Holdings)
    """
    council.__init__("gridpact channels", members, quorum, ledger)
    assert room.is_contract, "channels: deployment"
    ROOM = room


@external
def open(channel: Channel, signature: council.Signature):
    """
    @notice Open a channel with the deposit of one or both
    @param signature The second party's, of the channel's terms, where it pays in; else zeros
    """
    council._running()
    assert msg.sender == channel.first_key, "channels: not the first party"
    assert channel.first_key != channel.second_key, "channels: one party"
    assert channel.second_key != empty(address), "channels: no second party"
    assert LEAST <= channel.challenge and channel.challenge <= LONGEST, "channels: period"
    assert channel.first_units > 0 or channel.second_units > 0, "channels: nothing"
    id: bytes32 = self._id(channel)
    assert self.word[id] == 0, "channels: opened before"
    self.word[id] = OPEN
    log Opened(
        channel=id,
        first=channel.first,
        second=channel.second,
        asset=channel.asset,
        first_units=channel.first_units,
        second_units=channel.second_units,
    )
    if channel.first_units > 0:
        purse._take(ROOM, channel.asset, channel.first, channel.first_key, channel.first_units)
    if channel.second_units > 0:
        assert council._signer(id, signature) == channel.second_key, "channels: signature"
        purse._take(ROOM, channel.asset, channel.second, channel.second_key, channel.second_units)


@external
def close(channel: Channel, first: uint256, second: uint256, signatures: council.Signature[2]):
    """
    @notice Pay out at once what both signed as the end
    @param signatures The first party's and the second's, of `Close`
    """
    id: bytes32 = self._id(channel)
    stage: uint256 = self.word[id] & 255
    assert stage == OPEN or stage == LEAVING, "channels: not open"
    self._check_sum(channel, first, second)
    signed: bytes32 = keccak256(abi_encode(CLOSE_TYPE, id, first, second))
    assert council._signer(signed, signatures[0]) == channel.first_key, "channels: signature"
    assert council._signer(signed, signatures[1]) == channel.second_key, "channels: signature"
    self._end(id, channel, first)


@external
def leave(
    channel: Channel,
    sequence: uint64,
    first: uint256,
    second: uint256,
    signature: council.Signature,
):
    """
    @notice Begin to close without the other, by the last update that it signed; number 0 is the
            deposits, which nobody has to sign
    """
    id: bytes32 = self._id(channel)
    assert self.word[id] == OPEN, "channels: not open"
    if sequence == 0:
        assert msg.sender in [channel.first_key, channel.second_key], "channels: not a party"
        assert first == channel.first_units and second == channel.second_units, "channels: sum"
    else:
        self._check_update(id, channel, sequence, first, second, signature)
    closes: uint256 = block.timestamp + channel.challenge
    self._note(id, sequence, first, closes)


@external
def challenge(
    channel: Channel,
    sequence: uint64,
    first: uint256,
    second: uint256,
    signature: council.Signature,
):
    """
    @notice Answer within the period with a later update that the other signed
    """
    id: bytes32 = self._id(channel)
    word: uint256 = self.word[id]
    closes: uint256 = word >> 72
    assert word & 255 == LEAVING, "channels: nobody leaves"
    assert block.timestamp < closes, "channels: period is over"
    assert convert(sequence, uint256) > (word >> 8) & (2**64 - 1), "channels: stale"
    self._check_update(id, channel, sequence, first, second, signature)
    self._note(id, sequence, first, closes)


@external
def finish(channel: Channel):
    """
    @notice Pay out after the period by the latest update shown
    """
    id: bytes32 = self._id(channel)
    word: uint256 = self.word[id]
    assert word & 255 == LEAVING, "channels: nobody leaves"
    assert block.timestamp >= word >> 72, "channels: period runs"
    self._end(id, channel, self.first_units[id])


@external
@view
def id_of(channel: Channel) -> bytes32:
    """
    @notice The name of a channel: the EIP-712 hash of its terms
    """
    return self._id(channel)


@internal
@pure
def _id(channel: Channel) -> bytes32:
    return keccak256(abi_encode(CHANNEL_TYPE, channel))


@internal
@pure
def _check_sum(channel: Channel, first: uint256, second: uint256):
    assert first + second == channel.first_units + channel.second_units, "channels: sum"


@internal
@view
def _check_update(
    id: bytes32,
    channel: Channel,
    sequence: uint64,
    first: uint256,
    second: uint256,
    signature: council.Signature,
):
    """Whoever shows an update agrees to it; the other must have signed it."""
    self._check_sum(channel, first, second)
    other: address = channel.first_key
    if msg.sender == channel.first_key:
        other = channel.second_key
    else:
        assert msg.sender == channel.second_key, "channels: not a party"
    signed: bytes32 = keccak256(abi_encode(UPDATE_TYPE, id, sequence, first, second))
    assert council._signer(signed, signature) == other, "channels: signature"


@internal
def _note(id: bytes32, sequence: uint64, first: uint256, closes: uint256):
    self.word[id] = LEAVING | (convert(sequence, uint256) << 8) | (closes << 72)
    self.first_units[id] = first
    log Leaving(
        channel=id,
        sequence=convert(sequence, uint256),
        first_units=first,
        closes_at=closes,
    )


@internal
def _end(id: bytes32, channel: Channel, first: uint256):
    second: uint256 = channel.first_units + channel.second_units - first
    self.word[id] = CLOSED
    log Closed(channel=id, first_units=first, second_units=second)
    purse._pay(ROOM, channel.asset, channel.first, first)
    purse._pay(ROOM, channel.asset, channel.second, second)
