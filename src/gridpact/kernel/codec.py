"""One binary form for messages, snapshots and the state hash: msgpack with columns.

Arrays travel as an extension: item type, shape, bytes. Whole numbers are stored in the narrowest
of 1, 2, 4 or 8 bytes that holds them all, and always come back as int64; equal values therefore
have equal bytes. Keys of maps are text, and sorted. All numbers are little-endian.
"""

from __future__ import annotations

import hashlib
import math
import struct
from collections.abc import Iterable
from typing import Any, Union

import msgspec
import numpy as np
from numpy.typing import NDArray

from gridpact.kernel.messages import Message

_ARRAY = 1
_WIDTHS = tuple(
    (int(np.iinfo(width).min), int(np.iinfo(width).max), np.dtype(width).newbyteorder("<"), code)
    for width, code in ((np.int8, b"1"), (np.int16, b"2"), (np.int32, b"4"), (np.int64, b"8"))
)
_WIDTH_OF = {code[0]: width for _, _, width, code in _WIDTHS}


def _narrow(values: NDArray[Any]) -> tuple[bytes, bytes]:
    if values.dtype == np.bool_:
        return b"b", np.packbits(values.ravel()).tobytes()
    if values.dtype.kind == "f":
        return b"f", values.astype("<f8").tobytes()
    if values.dtype.kind not in "iu":
        raise TypeError(f"cannot store an array of {values.dtype}")
    low, high = (int(values.min()), int(values.max())) if values.size else (0, 0)
    for least, most, width, code in _WIDTHS:
        if least <= low and high <= most:
            return code, values.astype(width).tobytes()
    raise TypeError(f"cannot store {high} of {values.dtype} in 64 signed bits")


def _pack(value: object) -> msgspec.msgpack.Ext:
    if not isinstance(value, np.ndarray):
        raise TypeError(f"cannot store {type(value).__name__}")
    code, data = _narrow(value)
    shape = struct.pack(f"<{1 + value.ndim}i", value.ndim, *value.shape)
    return msgspec.msgpack.Ext(_ARRAY, code + shape + data)


def _unpack(kind: int, data: memoryview) -> NDArray[Any]:
    if kind != _ARRAY:
        raise ValueError(f"unknown extension {kind}")
    code = data[0]
    dimensions = int.from_bytes(data[1:5], "little")
    shape = struct.unpack_from(f"<{dimensions}i", data, 5)
    body = data[5 + 4 * dimensions :]
    if code == ord("b"):
        count = math.prod(shape)
        bits = np.unpackbits(np.frombuffer(body, dtype=np.uint8), count=count)
        return bits.astype(np.bool_).reshape(shape)
    if code == ord("f"):
        return np.frombuffer(body, dtype="<f8").reshape(shape).astype(np.float64)
    return np.frombuffer(body, dtype=_WIDTH_OF[code]).reshape(shape).astype(np.int64)


def _as_array(wanted: type, value: object) -> object:
    if isinstance(value, np.ndarray):
        return value
    raise TypeError(f"expected {wanted}, got {type(value).__name__}")


_encoder = msgspec.msgpack.Encoder(enc_hook=_pack, order="deterministic")


def encode(value: object) -> bytes:
    """Encode a message, a room's state or a map of them; equal values give equal bytes."""
    return _encoder.encode(value)


def decode(data: bytes, wanted: Any) -> Any:
    """Decode bytes of :func:`encode` into a value of the wanted type."""
    return msgspec.msgpack.decode(data, type=wanted, ext_hook=_unpack, dec_hook=_as_array)


def digest(value: object) -> bytes:
    """SHA-256 of the encoded value: the state hash."""
    return hashlib.sha256(encode(value)).digest()


class Codec:
    """Encodes and decodes the messages of a given vocabulary."""

    def __init__(self, vocabulary: Iterable[type[Message]]) -> None:
        kinds = {kind.__struct_config__.tag: kind for kind in vocabulary}
        self._kinds: dict[Any, type[Message]] = kinds
        wanted: Any = Union[tuple(kinds.values())]  # noqa: UP007 - built at run time
        self._decoder = msgspec.msgpack.Decoder(wanted, ext_hook=_unpack, dec_hook=_as_array)

    def encode(self, message: Message) -> bytes:
        """Encode one message, its tag included."""
        return encode(message)

    def decode(self, data: bytes) -> Message:
        """Decode one message; raises ``msgspec.ValidationError`` for an unknown tag or shape."""
        message = self._decoder.decode(data)
        assert isinstance(message, Message)  # noqa: S101 - narrows the union for the type checker
        return message


def tag_of(message: Message | type[Message]) -> str:
    """Return the tag under which a message is journalled."""
    return str(message.__struct_config__.tag)
