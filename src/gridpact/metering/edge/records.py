"""The canonical bytes of a signed reading, and files of them.

A file is :data:`MAGIC` and then records of :data:`RECORD` (228 bytes), numbers big-endian. What
is signed is :data:`DOMAIN` and the record without its signature; what the next reading of the
device points back to is the SHA-256 of the same bytes.
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

MAGIC = b"gridpact-signed-readings/1\n"
DOMAIN = b"gridpact signed reading 1\x00"
POINT_BYTES, KEY_BYTES, HASH_BYTES, SIGNATURE_BYTES = 64, 32, 32, 64
BODY = np.dtype(
    [
        ("point", f"S{POINT_BYTES}"),
        ("device", f"V{KEY_BYTES}"),
        ("sequence", ">i8"),
        ("slot_start", ">i8"),
        ("step", ">u4"),
        ("withdrawal_wh", ">i8"),
        ("injection_wh", ">i8"),
        ("previous", f"V{HASH_BYTES}"),
    ]
)
RECORD = np.dtype([("body", BODY), ("signature", f"V{SIGNATURE_BYTES}")])
Records: TypeAlias = NDArray[np.void]
Digests: TypeAlias = NDArray[np.void]


class Stream(msgspec.Struct, frozen=True):
    """Signed readings in the order in which they came; ``records`` is :data:`RECORD` [readings].

    ``left_over`` are bytes at the end of a file that make no whole record.
    """

    records: Records
    left_over: int = 0


def bodies(records: Records) -> list[bytes]:
    """Signed bytes of each reading without their domain [readings]."""
    # numpy turns joined arrays to the machine's byte order, which is not what was signed
    packed = np.ascontiguousarray(records["body"], dtype=BODY)
    found: list[bytes] = packed.view(f"V{BODY.itemsize}").tolist()
    return found


def digest(body: bytes) -> bytes:
    """Hash that the next reading points back to [32 bytes]."""
    return sha256(DOMAIN + body).digest()


def encoded_point(point: str) -> bytes:
    """Name of a metering point in a record; ValueError where it does not fit."""
    name = point.encode()
    if not 0 < len(name) <= POINT_BYTES or b"\x00" in name:
        raise ValueError(f"a metering point's name has 1 to {POINT_BYTES} bytes, not {point!r}")
    return name


def to_bytes(records: Records) -> bytes:
    """Write a file of signed readings."""
    return MAGIC + records.astype(RECORD, copy=False).tobytes()


def from_bytes(data: bytes) -> Stream:
    """Read a file of signed readings; ValueError where it does not begin as one."""
    if not data.startswith(MAGIC):
        raise ValueError(f"the file does not begin with {MAGIC[:-1].decode()}")
    count, left = divmod(len(data) - len(MAGIC), RECORD.itemsize)
    return Stream(np.frombuffer(data, RECORD, count, len(MAGIC)), left)


class Signer:
    """A device at one metering point: signs readings one after the other.

    ``genesis`` is the digest of the authority's statement that puts it there; a device that goes on
    after a pause gives the ``sequence`` and digest that come next.
    """

    def __init__(
        self, key: Ed25519PrivateKey, point: str, genesis: bytes, sequence: int = 0
    ) -> None:
        self._key, self._point = key, encoded_point(point)
        self._device = key.public_key().public_bytes_raw()
        self._previous, self._sequence = genesis, sequence

    def sign(self, slot_start: int, step: int, withdrawal_wh: int, injection_wh: int) -> Records:
        """Sign the next reading: a record [1]. The same readings give the same bytes."""
        record = np.zeros(1, RECORD)
        record["body"] = (
            *(self._point, self._device, self._sequence, slot_start, step),
            *(withdrawal_wh, injection_wh, self._previous),
        )
        (body,) = bodies(record)
        record["signature"] = np.frombuffer(self._key.sign(DOMAIN + body), "V64")
        self._previous, self._sequence = digest(body), self._sequence + 1
        return record
