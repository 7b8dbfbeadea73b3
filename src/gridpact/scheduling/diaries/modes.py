"""What owners make of their diaries: accept automatically, be asked, or be off until an instant.

The state of an entry follows from the owner's mode, the answer, and the time alone, the first of
these that applies:

1. ``OFF``: the asset is off when the entry is due.
2. ``ACCEPTED`` or ``DECLINED``: the owner answered in time. In time is no later than the notice
   before the entry for who wants to be asked, and no later than the entry for all others.
3. ``AUTOMATIC``: the owner accepts automatically.
4. ``ASKED``: there is still time to answer.
5. ``TACITLY_ACCEPTED`` or ``TACITLY_DECLINED``: there was no answer, and the owner has said before
   what silence means. So it is at once for an entry proposed after its own deadline.

A decided entry stays decided as time passes. An entry that a revision changes is a new one.
"""

from __future__ import annotations

from enum import IntEnum
from typing import TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

from gridpact.base.units import Bools, Ints
from gridpact.scheduling.diaries.difference import Change, Difference
from gridpact.scheduling.diaries.instructions import NEVER, Instructions
from gridpact.scheduling.needs.clock import shown

Codes: TypeAlias = NDArray[np.int8]


class Mode(IntEnum):
    """What an owner does with entries."""

    ACCEPT_AUTOMATICALLY = 0
    ASK = 1


class Answer(IntEnum):
    """What an owner said of an entry; also what silence means."""

    NONE = 0
    ACCEPT = 1
    DECLINE = 2


class Status(IntEnum):
    """Where an entry stands with the owner."""

    AUTOMATIC = 0
    ASKED = 1
    ACCEPTED = 2
    DECLINED = 3
    TACITLY_ACCEPTED = 4
    TACITLY_DECLINED = 5
    OFF = 6


class Modes(msgspec.Struct, frozen=True, kw_only=True):
    """Modes of the owners of assets [assets] each.

    ``mode`` is a :class:`Mode`; ``notice_s`` ≥ 0 is how long before an entry the owner answers,
    and ``silence`` an :class:`Answer` other than none: both count for those who are asked.
    Before ``off_until_s`` [s since the epoch] the asset is off, whatever its mode.
    """

    mode: Codes
    notice_s: Ints
    silence: Codes
    off_until_s: Ints

    def __post_init__(self) -> None:
        if np.any(self.notice_s < 0):
            raise ValueError("a notice is not negative")
        if not np.all(np.isin(self.silence, (Answer.ACCEPT, Answer.DECLINE))):
            raise ValueError("silence means to accept or to decline")
        if not np.all(np.isin(self.mode, list(Mode))):
            raise ValueError("a mode is to accept automatically, or to ask")

    @classmethod
    def automatic(cls, assets: int) -> Modes:
        """Return the modes of owners who accept everything automatically."""
        return cls(
            mode=np.zeros(assets, np.int8),
            notice_s=np.zeros(assets, np.int64),
            silence=np.full(assets, Answer.DECLINE, np.int8),
            off_until_s=np.full(assets, NEVER),
        )


class Answers(msgspec.Struct, frozen=True):
    """The answer to each entry, and when it was given [entries]; :data:`NEVER` where none was."""

    answer: Codes
    given_s: Ints

    @classmethod
    def none(cls, entries: int) -> Answers:
        """Return no answers to so many entries."""
        return cls(np.zeros(entries, np.int8), np.full(entries, NEVER))


def deadlines(instructions: Instructions, modes: Modes) -> Ints:
    """Last instant at which an answer to each entry counts [entries]."""
    asks = modes.mode[instructions.row] == Mode.ASK
    return instructions.at_s - np.where(asks, modes.notice_s[instructions.row], 0)


def status_of(instructions: Instructions, modes: Modes, answers: Answers, now: int) -> Codes:
    """Return where each entry stands at an instant [entries], by the rule above.

    Answers given after ``now`` are not known yet and do not count.
    """
    row, last = instructions.row, deadlines(instructions, modes)
    in_time = (answers.answer != Answer.NONE) & (answers.given_s <= np.minimum(last, now))
    tacit = np.where(
        modes.silence[row] == Answer.ACCEPT, Status.TACITLY_ACCEPTED, Status.TACITLY_DECLINED
    )
    said = np.where(answers.answer == Answer.ACCEPT, Status.ACCEPTED, Status.DECLINED)
    found = np.where(now <= last, Status.ASKED, tacit)
    found = np.where(modes.mode[row] == Mode.ACCEPT_AUTOMATICALLY, Status.AUTOMATIC, found)
    found = np.where(in_time, said, found)
    off = instructions.at_s < modes.off_until_s[row]
    return np.where(off, Status.OFF, found).astype(np.int8)


_BINDING = (Status.AUTOMATIC, Status.ACCEPTED, Status.TACITLY_ACCEPTED)
_DECLINED = (Status.DECLINED, Status.TACITLY_DECLINED)


def binding(status: Codes) -> Bools:
    """Mark entries that a device is to carry out [entries]."""
    return np.isin(status, _BINDING)


def declined(status: Codes) -> Bools:
    """Mark entries that an owner does not want [entries]."""
    return np.isin(status, _DECLINED)


def refusal_of(
    instructions: Instructions, entry: int, modes: Modes, now: int, timezone: str = "UTC"
) -> str | None:
    """Return why an answer to an entry comes too late at an instant, None where it counts.

    Instants are told by the clock of a timezone.
    """
    last = int(deadlines(instructions.of(slice(entry, entry + 1)), modes)[0])
    if now <= last:
        return None
    return f"an answer counted until {shown(last, timezone)}; it is {shown(now, timezone)}"


def carried(answers: Answers, changed: Difference) -> Answers:
    """Return the answers that stand in a new revision: those to entries that it leaves alone."""
    found = Answers.none(len(changed.diaries.instructions))
    same = np.isin(changed.change, (Change.KEPT, Change.DONE))
    after, before = changed.after[same], changed.before[same]
    found.answer[after], found.given_s[after] = answers.answer[before], answers.given_s[before]
    return found
