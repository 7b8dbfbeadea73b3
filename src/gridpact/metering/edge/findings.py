"""What verification of signed readings tells: findings, ends of chains, places of readings."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from gridpact.base.units import Bools, Ints
from gridpact.metering.edge.records import Digests, Records

Kind: TypeAlias = Literal[
    "bad-signature",
    "wrong-device",
    "replay",
    "fork",
    "broken-chain",
    "gap",
    "out-of-order",
    "clock-back",
    "impossible",
    "pause",
    "cut-off",
    "left-over",
]
OF_OTHERS: tuple[Kind, ...] = ("gap", "cut-off", "left-over")
"""What is told at a reading, but of those that are not there."""
DOUBTED: tuple[Kind, ...] = ("fork", "broken-chain", "clock-back", "impossible")
"""What the device signed but contradicts itself in: it is kept, as SUSPECT by ``KIND.v1``."""


class Finding(msgspec.Struct, frozen=True, order=True):
    """Something wrong: ``row`` is the reading's place in the stream, its length at the end."""

    row: int
    kind: Kind
    point: str
    words: str


class Head(msgspec.Struct, frozen=True, order=True):
    """How far a device's chain is known: its last sequence, that reading's digest, its slot's end.

    A device of which nothing is known yet has no head.
    """

    point: str
    device: bytes
    sequence: int
    digest: bytes
    end_s: int


class Placed(msgspec.Struct, frozen=True):
    """What becomes of readings in a store: those remembered, then those of a stream [readings].

    ``kept`` readings hold their sequence; of these ``fresh`` ones were not known before, and
    ``touched`` ones are of the stream or stand otherwise because of it. ``doubt`` numbers from 1
    what a reading contradicts, in the order of :data:`DOUBTED`, 0 for nothing;
    ``back`` ones begin before another one ended. ``sides`` are rows
    of readings of sequences that another one holds, not known before. ``known_s`` is when a reading
    became known, 0 in the stream, which begins at ``begin``.
    """

    records: Records
    digest: Digests
    known_s: Ints
    kept: Bools
    fresh: Bools
    touched: Bools
    doubt: Ints
    back: Bools
    sides: Ints
    begin: int
