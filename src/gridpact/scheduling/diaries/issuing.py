"""Documents of diaries that are kept as columns: one for each asset, as its owner may read it."""

from __future__ import annotations

from typing import Literal

import msgspec
import numpy as np

from gridpact.base.slots import iso
from gridpact.base.units import Ints
from gridpact.scheduling.diaries.difference import Diaries
from gridpact.scheduling.diaries.document import (
    Asking,
    Diary,
    Entry,
    Reason,
    ReasonKind,
    Spoken,
    State,
    Window,
    digest,
)
from gridpact.scheduling.diaries.instructions import Verb
from gridpact.scheduling.diaries.modes import Answer, Codes, Modes, Status, deadlines
from gridpact.scheduling.diaries.reasons import Cause, Kind, Reasons, readable

_VERBS: dict[int, Spoken] = {
    Verb.START_CHARGE: "START CHARGE",
    Verb.STOP_CHARGE: "STOP CHARGE",
    Verb.SUPPLY: "SUPPLY",
    Verb.STOP_SUPPLY: "STOP SUPPLY",
    Verb.REDUCE_RATE: "REDUCE RATE",
    Verb.INCREASE_RATE: "INCREASE RATE",
}
_STATES: dict[int, State] = {
    Status.AUTOMATIC: "automatic",
    Status.ASKED: "asked",
    Status.ACCEPTED: "accepted",
    Status.DECLINED: "declined",
    Status.TACITLY_ACCEPTED: "tacitly-accepted",
    Status.TACITLY_DECLINED: "tacitly-declined",
    Status.OFF: "off",
}
_KINDS: dict[Kind, ReasonKind] = {
    Kind.INTERVENTION: "intervention",
    Kind.ACTIVATION: "activation",
    Kind.NEED: "need",
    Kind.LIMIT: "limit",
    Kind.CONTRACT: "contract",
    Kind.PRICE: "price",
}
_SILENCES: dict[int, Literal["accept", "decline"]] = {
    Answer.ACCEPT: "accept",
    Answer.DECLINE: "decline",
}


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """All that is told of the entries of diaries [entries], and of their owners' modes."""

    reasons: Reasons
    causes: tuple[Cause, ...]
    savings_nano: Ints
    status: Codes
    modes: Modes


class Recipient(msgspec.Struct, frozen=True):
    """An asset, whose owner is to read its diary."""

    row: int
    asset: str
    owner: str


def document_of(
    diaries: Diaries, told: Told, recipient: Recipient, issued_s: int, previous: Diary | None = None
) -> Diary:
    """Return the document of one asset's diary.

    ``previous`` is the revision before, which is named by its hash; without it this is revision 1.
    Otherwise the revision is that of ``diaries``, and later than the one before in any case, so
    that an owner's answer makes a revision, too.
    """
    row = recipient.row
    first, end = np.searchsorted(diaries.instructions.row, (row, row + 1)).tolist()
    counted = 1 if previous is None else max(int(diaries.revision[row]), previous.revision + 1)
    return Diary(
        asset=recipient.asset,
        issued=iso(issued_s),
        window=Window(iso(diaries.begin_s), iso(diaries.end_s)),
        revision=counted,
        previous=None if previous is None else digest(previous),
        begin_power_w=int(diaries.standing.power_w[row]),
        entries=tuple(_entry(diaries, told, recipient, place) for place in range(first, end)),
    )


def _entry(diaries: Diaries, told: Told, recipient: Recipient, place: int) -> Entry:
    instructions = diaries.instructions
    return Entry(
        at=iso(int(instructions.at_s[place])),
        verb=_VERBS[int(instructions.verb[place])],
        target_w=int(instructions.target_w[place]),
        state=_STATES[int(told.status[place])],
        asking=_asking(diaries, told, place),
        reason=_reason(told, recipient.owner, place),
        expected_saving_nano=str(int(told.savings_nano[place])),
    )


def _reason(told: Told, owner: str, place: int) -> Reason:
    cause = int(told.reasons.cause[place])
    if cause < 0:
        return Reason("price")
    shown = readable(told.causes[cause], owner)
    return Reason(_KINDS[shown.kind], shown.id)


def _asking(diaries: Diaries, told: Told, place: int) -> Asking | None:
    if told.status[place] != Status.ASKED:
        return None
    one = diaries.instructions.of(slice(place, place + 1))
    until = int(deadlines(one, told.modes)[0])
    return Asking(iso(until), _SILENCES[int(told.modes.silence[one.row[0]])])
