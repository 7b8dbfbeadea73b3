"""A diary of one asset as a document that others can read and carry out (docs/diaries.md).

Documents are JSON. Their canonical form has sorted keys, no spaces, UTF-8 and no number but
integers below 2⁵³; it is that of RFC 8785 (JSON Canonicalization Scheme) for such values.
"""

from __future__ import annotations

import hashlib
from typing import Annotated, Literal, TypeAlias

import msgspec
from msgspec import Meta

FORMAT, VERSION = "gridpact-diary", 1
EXACT = 2**53 - 1
"""Largest integer that every reader of JSON reads exactly (RFC 7493)."""

Instant: TypeAlias = Annotated[
    str,
    Meta(
        pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$",
        description="An instant in UTC (RFC 3339), to the second.",
    ),
]
Name: TypeAlias = Annotated[str, Meta(pattern="^[^\\u0000-\\u001f]*$", max_length=200)]
Digest: TypeAlias = Annotated[
    str,
    Meta(pattern="^[0-9a-f]{64}$", description="SHA-256 of a document's canonical form."),
]
Spoken: TypeAlias = Literal[
    "START CHARGE", "STOP CHARGE", "SUPPLY", "STOP SUPPLY", "REDUCE RATE", "INCREASE RATE"
]
ReasonKind: TypeAlias = Literal["intervention", "activation", "need", "limit", "contract", "price"]
State: TypeAlias = Literal[
    "automatic",
    "asked",
    "accepted",
    "declined",
    "tacitly-accepted",
    "tacitly-declined",
    "off",
]
BINDING = ("automatic", "accepted", "tacitly-accepted")
"""States in which an entry is to be carried out."""


class Reason(msgspec.Struct, frozen=True):
    """Why an entry is there, as far as the asset's owner may know."""

    kind: ReasonKind
    id: Annotated[Name, Meta(description="Its identifier; empty where it has none to tell.")] = ""


class Asking(msgspec.Struct, frozen=True):
    """Until when an answer counts, and what silence means."""

    until: Instant
    silence: Literal["accept", "decline"]


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One instruction."""

    at: Annotated[Instant, Meta(description="When it takes effect (UTC, RFC 3339).")]
    verb: Spoken
    target_w: Annotated[
        int, Meta(ge=0, le=EXACT, description="Power from then on [W], without sign; 0 at a stop.")
    ]
    state: Annotated[State, Meta(description="Where it stands with the owner.")]
    asking: Annotated[
        Asking | None, Meta(description="Present where the owner is being asked.")
    ] = None
    reason: Reason
    expected_saving_nano: Annotated[
        str,
        Meta(
            pattern="^(0|-?[1-9][0-9]{0,18})$",
            description="Expected saving by this entry, in billionths of the currency unit.",
        ),
    ]


class Window(msgspec.Struct, frozen=True):
    """Half-open: from ``begin`` until just before ``end``."""

    begin: Instant
    end: Instant


class Diary(msgspec.Struct, frozen=True, kw_only=True):
    """The diary of one asset in one revision."""

    format: Literal["gridpact-diary"] = "gridpact-diary"
    version: Annotated[
        int, Meta(ge=1, le=EXACT, description="Of the format; see the rule for versions.")
    ] = VERSION
    asset: Annotated[Name, Meta(min_length=1, description="Identifier of the asset.")]
    issued: Annotated[Instant, Meta(description="When this revision was made (UTC, RFC 3339).")]
    window: Window
    revision: Annotated[
        int, Meta(ge=1, le=EXACT, description="Counts up; the highest is in force.")
    ]
    previous: Annotated[
        Digest | None, Meta(description="Hash of the revision before; null for the first.")
    ]
    begin_power_w: Annotated[
        int,
        Meta(
            ge=-EXACT,
            le=EXACT,
            description="Power when the window begins [W]: positive charges, negative supplies.",
        ),
    ]
    entries: Annotated[tuple[Entry, ...], Meta(description="In order of time, one at a time.")]


_ENCODER = msgspec.json.Encoder(order="sorted")


def canonical(diary: Diary) -> bytes:
    """Write a diary in its canonical form."""
    return _ENCODER.encode(diary)


def digest(diary: Diary) -> str:
    """Return the hash by which the next revision names this one: SHA-256, hexadecimal."""
    return hashlib.sha256(canonical(diary)).hexdigest()


def digest_of(text: bytes) -> str:
    """Return the hash of a document as it was received, fields that are not known included."""
    return hashlib.sha256(_ENCODER.encode(msgspec.json.decode(text))).hexdigest()
