"""Where the diaries of a run stand: modes of owners, what comes next, what waits for an answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import msgspec
import numpy as np

from gridpact.app.diaries.looking import Seen
from gridpact.app.diaries.words import kilowatts
from gridpact.app.diaries.writing import document
from gridpact.base.slots import iso
from gridpact.scheduling.diaries.document import Entry
from gridpact.scheduling.diaries.following import entries_of as instructions_of
from gridpact.scheduling.diaries.instructions import Verb
from gridpact.scheduling.diaries.modes import Answer, Mode, Status


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """An asset's diary in short; instants in UTC, money in nano-¤.

    ``off_until`` is None where the asset is not off, ``next_at`` where nothing is ahead; ``ahead``
    counts entries that are, ``asked`` those of them that wait for an answer.
    """

    asset: str
    owner: str
    mode: Literal["automatic", "ask"]
    notice_s: int
    silence: Literal["accept", "decline"]
    off_until: str | None
    revision: int
    next_at: str | None
    next_told: str
    ahead: int
    asked: int
    expected_saving_nano: int


def summaries(seen: Seen, rows: Sequence[int] | None = None) -> list[Summary]:
    """Return where diaries stand, of all assets or some."""
    chosen = range(len(seen.assets.ids)) if rows is None else rows
    return [_summary(seen, row) for row in chosen]


def _summary(seen: Seen, row: int) -> Summary:
    kept, modes = seen.kept, seen.kept.modes
    told = instructions_of(kept.diaries, row)
    place = int(np.searchsorted(kept.diaries.instructions.row, row))
    own = slice(place, place + len(told))
    ahead = np.flatnonzero(told.at_s >= seen.at)
    until = int(modes.off_until_s[row])
    asked = seen.status[own] == Status.ASKED
    first = ahead[:1].tolist()
    return Summary(
        asset=seen.assets.ids[row],
        owner=seen.assets.owners[row],
        mode="ask" if modes.mode[row] == Mode.ASK else "automatic",
        notice_s=int(modes.notice_s[row]),
        silence="accept" if modes.silence[row] == Answer.ACCEPT else "decline",
        off_until=iso(until) if until > seen.at else None,
        revision=int(kept.diaries.revision[row]),
        next_at=iso(int(told.at_s[first[0]])) if first else None,
        next_told=_words(int(told.verb[first[0]]), int(told.target_w[first[0]])) if first else "",
        ahead=len(ahead),
        asked=int(asked.sum()),
        expected_saving_nano=int(seen.savings_nano[own].sum()),
    )


def _words(verb: int, target_w: int) -> str:
    return f"{Verb(verb).words} {kilowatts(target_w)}" if target_w else Verb(verb).words


def entries_of(seen: Seen, row: int) -> tuple[Entry, ...]:
    """Return the entries of an asset's diary with their reasons, savings and states."""
    return document(seen, row).entries
