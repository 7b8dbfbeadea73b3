"""Salted leaves: how personal data is committed to without being published, and erased.

A leaf is ``SHA-256(salt ‖ body)``; the body says what, whose, when and the numbers. The salt
comes from a secret that belongs to one participant. The tree is built over leaves, and only its
root goes on the ledger.

*Erasure.* Destroying a participant's secret (and the data) leaves their past leaves in place:
32 bytes that nobody can recompute, guess at or link to one another or to a person, because each
was salted with 256 bits that no longer exist. Roots, and everyone else's proofs, still verify.

*Disclosure.* Handing out one salt opens one leaf (one kind of data, one subject, one period), to
an auditor for example, and says nothing about any other.
"""

from __future__ import annotations

import hmac
import struct
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import NamedTuple

import numpy as np

from gridpact.base.units import Ints
from gridpact.ledger.keys import derived_secret

SALT_BYTES = 32
_FORMAT = b"gridpact leaf 1\n"
_LONGEST_TEXT = 255


class LeafBody(NamedTuple):
    """What a leaf commits to: ``kind`` (such as ``readings``), whose, of when, and int64 values."""

    kind: str
    subject: str
    period: str
    values: Ints


def _text(text: str) -> bytes:
    """ASCII bytes behind their length in one byte, so that no two headers run into each other."""
    data = text.encode("ascii")
    if len(data) > _LONGEST_TEXT:
        raise ValueError(f"text of {len(data)} bytes in a leaf; at most {_LONGEST_TEXT}")
    return bytes([len(data)]) + data


def _shape(shape: Sequence[int]) -> bytes:
    return struct.pack(f"<B{len(shape)}I", len(shape), *shape)


def salt(secret: bytes, kind: str, subject: str, period: str) -> bytes:
    """Salt of one leaf [32 bytes]: HMAC-SHA-256 of its kind, subject and period."""
    return hmac.digest(secret, _text(kind) + _text(period) + _text(subject), "sha256")


def leaf(salt: bytes, body: bytes) -> bytes:
    """Commit to a body [32 bytes]. The salt's fixed length keeps the two parts apart."""
    if len(salt) != SALT_BYTES:
        raise ValueError(f"a salt has {SALT_BYTES} bytes, not {len(salt)}")
    return sha256(salt + body).digest()


def encode(body: LeafBody) -> bytes:
    """Canonical bytes: format, kind, period, subject, shape, then little-endian int64 values."""
    values = np.asarray(body.values)
    _require_whole(values)
    head = _FORMAT + _text(body.kind) + _text(body.period) + _text(body.subject)
    return head + _shape(values.shape) + values.astype("<i8").tobytes()


def decode(data: bytes) -> LeafBody:
    """Read what :func:`encode` wrote; ValueError for any other bytes."""
    if not data.startswith(_FORMAT):
        raise ValueError("not a leaf body")
    at, texts = len(_FORMAT), []
    try:
        for _ in range(3):
            texts.append(data[at + 1 : at + 1 + data[at]].decode("ascii"))
            at += 1 + data[at]
        shape = struct.unpack_from(f"<{data[at]}I", data, at + 1)
        values = np.frombuffer(data[at + 1 + 4 * len(shape) :], dtype="<i8").reshape(shape)
    except (IndexError, struct.error, ValueError) as error:
        raise ValueError("a leaf body is cut short or too long") from error
    kind, period, subject = texts
    return LeafBody(kind, subject, period, values.astype(np.int64))


def leaves(
    kind: str, period: str, subjects: Sequence[str], secrets: Mapping[str, bytes], values: Ints
) -> list[bytes]:
    """Leaves of all subjects for one period, in the subjects' order.

    Parameters
    ----------
    kind, period
        What and when, such as ``"readings"`` and ``"2026-06-15"``.
    subjects : [members]
        Identifiers, each once.
    secrets
        The secret of every subject; ValueError names those that have none.
    values : int64 [members, ...]
        One row per subject; rows that can have gaps carry their presence mask as numbers.

    Returns
    -------
    list of 32-byte leaves, equal to ``leaf(salt(...), encode(...))`` of each row.
    """
    _require_whole(values)
    without = [subject for subject in subjects if subject not in secrets]
    if without or len(set(subjects)) != len(subjects) or len(subjects) != len(values):
        raise ValueError(
            f"{len(subjects)} subjects for {len(values)} rows; without a secret: {without[:5]}"
        )
    when, shape = _text(kind) + _text(period), _shape(values.shape[1:])
    data, width = values.astype("<i8").tobytes(), 8 * int(np.prod(values.shape[1:]))
    found = []
    for row, subject in enumerate(subjects):
        head = when + _text(subject)
        salted = hmac.digest(secrets[subject], head, "sha256")
        numbers = data[row * width : (row + 1) * width]
        found.append(sha256(b"".join((salted, _FORMAT, head, shape, numbers))).digest())
    return found


def _require_whole(values: Ints) -> None:
    if values.dtype != np.int64:
        raise ValueError(f"leaves hold int64 numbers, not {values.dtype}")


def demonstration_secrets(seed: int, subjects: Sequence[str]) -> dict[str, bytes]:
    """Secrets of simulated members, the same for the same seed. Not for real use."""
    master = derived_secret(seed, "leaves")
    return {each: hmac.digest(master, each.encode(), "sha256") for each in subjects}
