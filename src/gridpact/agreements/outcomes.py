"""Why a request is refused: an outcome to expect, not an error."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class Reason(StrEnum):
    """Codes of refusals; they are journalled, so they are only ever added to."""

    UNKNOWN = "unknown"
    ILL_FORMED = "ill-formed"
    WRONG_STATE = "wrong-state"
    WRONG_VERSION = "wrong-version"
    ALREADY_PROPOSED = "already-proposed"
    ALREADY_SIGNED = "already-signed"
    OFFER_OPEN = "offer-open"
    TOO_LATE = "too-late"
    OUTSIDE_TERM = "outside-term"
    OFF_SLOTS = "off-slots"
    OUT_OF_BOUNDS = "out-of-bounds"
    BAD_SIGNATURE = "bad-signature"
    NOT_A_PARTY = "not-a-party"
    NOT_THE_AUTHOR = "not-the-author"
    NOT_THE_PROPOSER = "not-the-proposer"
    NOT_THE_AUTHORITY = "not-the-authority"
    NO_NOTICE_AGREED = "no-notice-agreed"
    ENDED = "ended"


class Refused(msgspec.Struct, frozen=True):
    """A request that changed nothing, with a code for programs and a sentence for people."""

    reason: Reason
    sentence: str
