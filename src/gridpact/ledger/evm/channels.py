"""Payment channels between two: terms, updates signed off the chain, and what they are worth.

The other side is ``Channels.vy``. An update says what each party gets if the channel ends now, and
has a number; of two, the higher stands. Whoever pays signs an update that leaves the other more.
:mod:`.tills` keeps them.
"""

from __future__ import annotations

import struct
from functools import cached_property
from typing import NamedTuple

import msgspec

from gridpact.contracts.canonical import keccak256
from gridpact.ledger.evm.typed import digest, words

NAME = "gridpact channels"
MOST_UNITS = (1 << 63) - 1
LEAST_CHALLENGE, LONGEST_CHALLENGE = 60, 90 * 86_400
HASH_BYTES, ADDRESS_BYTES = 32, 20
_CHANNEL = keccak256(
    b"Channel(bytes32 first,bytes32 second,address firstKey,address secondKey,bytes32 asset,"
    b"uint256 firstUnits,uint256 secondUnits,uint256 challenge,bytes32 salt)"
)
_UPDATE = keccak256(b"Update(bytes32 channel,uint64 sequence,uint256 first,uint256 second)")
_CLOSE = keccak256(b"Close(bytes32 channel,uint256 first,uint256 second)")
_TERMS = struct.Struct(">32s32s20s20s32sQQQ32s")
_SIGNED = struct.Struct(">32sQQQ65s")
TERMS_BYTES, SIGNED_BYTES = _TERMS.size, _SIGNED.size
_UPDATED = struct.Struct(">24xQ24xQ24xQ")
"""Number and units as words of 32 bytes, for what is signed thousands of times a second."""


class Channel(msgspec.Struct, frozen=True, dict=True):
    """Terms of a channel: who, with which keys [20 bytes], and what each pays in.

    Names are ids on chain [32 bytes]. ``challenge`` is for how long the other can answer one who
    leaves alone [s]; ``salt`` tells channels of the same terms apart.
    """

    first: bytes
    second: bytes
    first_key: bytes
    second_key: bytes
    asset: bytes
    first_units: int
    second_units: int
    challenge: int
    salt: bytes

    @cached_property
    def id(self) -> bytes:
        """Hash of the terms (EIP-712), by which the contract and updates know the channel."""
        return keccak256(_CHANNEL + words(*self.row))

    @property
    def row(self) -> tuple[bytes, bytes, bytes, bytes, bytes, int, int, int, bytes]:
        """The terms as the contract takes them."""
        keys = self.first, self.second, self.first_key, self.second_key, self.asset
        return (*keys, self.first_units, self.second_units, self.challenge, self.salt)

    @property
    def total(self) -> int:
        """What both paid in."""
        return self.first_units + self.second_units

    def begun(self) -> Update:
        """Return what stands before any payment: number 0, which nobody signs."""
        return Update(self.id, 0, self.first_units, self.second_units)

    def to_bytes(self) -> bytes:
        """Write the terms at fixed places."""
        return _TERMS.pack(*self.row)

    @classmethod
    def from_bytes(cls, data: bytes) -> Channel:
        """Read terms back; struct.error for another length."""
        return cls(*_TERMS.unpack(data))


class Update(NamedTuple):
    """What each party gets if the channel ends now; the higher ``sequence`` stands."""

    channel: bytes
    sequence: int
    first: int
    second: int

    def digest(self, separator: bytes) -> bytes:
        """Return what whoever gives this update signs, under a contract's domain separator."""
        row = _UPDATED.pack(self.sequence, self.first, self.second)
        return digest(separator, keccak256(_UPDATE + self.channel + row))

    def closing(self, separator: bytes) -> bytes:
        """Return what both sign to end the channel at once with these units."""
        row = words(self.channel, self.first, self.second)
        return digest(separator, keccak256(_CLOSE + row))


class Signed(NamedTuple):
    """An update and one party's signature of it [65 bytes]."""

    update: Update
    signature: bytes

    def to_bytes(self) -> bytes:
        """Write it at fixed places [121 bytes]."""
        return _SIGNED.pack(*self.update, self.signature)

    @classmethod
    def from_bytes(cls, data: bytes) -> Signed:
        """Read it back; ValueError for another length."""
        if len(data) != _SIGNED.size:
            raise ValueError(f"a signed update has {_SIGNED.size} bytes, not {len(data)}")
        *row, signature = _SIGNED.unpack(data)
        return cls(Update(*row), signature)


class Declined(NamedTuple):
    """An update or payment that was not taken, and why; nothing has changed."""

    channel: bytes
    reason: str


def faults_of(channel: Channel) -> list[tuple[str, str]]:
    """Say what the contract or this side would not take of a channel's terms, and what it would."""
    found = []
    for name in ("first", "second", "asset", "salt"):
        if len(getattr(channel, name)) != HASH_BYTES:
            found.append((f"{name} is no id", f"give {HASH_BYTES} bytes"))
    for name in ("first_key", "second_key"):
        if len(getattr(channel, name)) != ADDRESS_BYTES or not any(getattr(channel, name)):
            found.append((f"{name} is no address", f"give {ADDRESS_BYTES} bytes, not all zero"))
    if channel.first_key == channel.second_key:
        found.append(("both parties have one key", "give each a key of its own"))
    if min(channel.first_units, channel.second_units) < 0 or not 0 < channel.total <= MOST_UNITS:
        fix = f"pay in 0 or more each, 1 to {MOST_UNITS} together"
        found.append(("the deposits are none", fix))
    if not LEAST_CHALLENGE <= channel.challenge <= LONGEST_CHALLENGE:
        fix = f"give {LEAST_CHALLENGE} to {LONGEST_CHALLENGE} seconds"
        found.append((f"a challenge period of {channel.challenge} s", fix))
    return found
