"""What owners make of their diaries: accept automatically, be asked, or be off until an instant.

The state of an entry follows from the owner's mode, the answer, and the time alone, the first of
these that applies:

1. What it was when another mode was set, if it was past or decided then.
2. ``OFF``: the asset is off when the entry is due.
3. ``ACCEPTED`` or ``DECLINED``: the owner answered in time. In time is no later than the notice
   before the entry for who wants to be asked, and no later than the entry for all others.
4. ``AUTOMATIC``: the owner accepts automatically, or could never have answered: the entry was told,
   or the mode set, after its deadline; or the entry is there because of what the owner decided.
5. ``ASKED``: there is still time to answer.
6. ``TACITLY_ACCEPTED`` or ``TACITLY_DECLINED``: there was no answer, and the owner has said before
   what silence means. Silence says nothing of who was never asked.

A decided entry stays decided as time passes. An entry that a revision changes is a new one.
"""

from __future__ import annotations

from enum import IntEnum
from typing import TypeAlias

import msgspec
import numpy as np
from msgspec.structs import replace
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
    Before ``off_until_s`` [s since the epoch] the asset is off, whatever its mode. ``since_s`` is
    when the mode was set, :data:`NEVER` for the one that all begin with.
    """

    mode: Codes
    notice_s: Ints
    silence: Codes
    off_until_s: Ints
    since_s: Ints

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
            since_s=np.full(assets, NEVER),
        )


UNASKED = 2**60
"""When an entry is told about which nobody is asked."""
OPEN = -1
"""What is settled of an entry of which nothing is."""


class Answers(msgspec.Struct, frozen=True, kw_only=True):
    """What owners know and said of each entry [entries].

    ``answer`` is an :class:`Answer`, ``given_s`` when it was given, :data:`NEVER` where none was.
    ``told_s`` is when the entry was first told, :data:`UNASKED` where it follows from what the
    owner decided. ``settled`` is its :class:`Status` where a mode that was set later leaves it,
    else :data:`OPEN`.
    """

    answer: Codes
    given_s: Ints
    told_s: Ints
    settled: Codes

    @classmethod
    def none(cls, entries: int) -> Answers:
        """Return no answers to so many entries, told before anybody could decide."""
        never = np.full(entries, NEVER)
        nothing = np.zeros(entries, np.int8)
        return cls(answer=nothing, given_s=never, told_s=never, settled=np.full_like(nothing, OPEN))


def deadlines(instructions: Instructions, modes: Modes) -> Ints:
    """Last instant at which an answer to each entry counts [entries]."""
    asks = modes.mode[instructions.row] == Mode.ASK
    return instructions.at_s - np.where(asks, modes.notice_s[instructions.row], 0)


def status_of(instructions: Instructions, modes: Modes, answers: Answers, now: int) -> Codes:
    """Return where each entry stands at an instant [entries], by the rule above.

    Answers given after ``now`` are not known yet and do not count.
    """
    row, last = instructions.row, deadlines(instructions, modes)
    could_answer = np.maximum(answers.told_s, modes.since_s[row]) <= last
    automatic = (modes.mode[row] == Mode.ACCEPT_AUTOMATICALLY) | ~could_answer
    in_time = (answers.answer != Answer.NONE) & (answers.given_s <= np.minimum(last, now))
    tacit = np.where(
        modes.silence[row] == Answer.ACCEPT, Status.TACITLY_ACCEPTED, Status.TACITLY_DECLINED
    )
    said = np.where(answers.answer == Answer.ACCEPT, Status.ACCEPTED, Status.DECLINED)
    found = np.where(now <= last, Status.ASKED, tacit)
    found = np.where(automatic, Status.AUTOMATIC, found)
    found = np.where(in_time, said, found)
    found = np.where(instructions.at_s < modes.off_until_s[row], Status.OFF, found)
    return np.where(answers.settled != OPEN, answers.settled, found).astype(np.int8)


_BINDING = (Status.AUTOMATIC, Status.ACCEPTED, Status.TACITLY_ACCEPTED)
_DECLINED = (Status.DECLINED, Status.TACITLY_DECLINED)
DECIDED = (Status.ACCEPTED, Status.TACITLY_ACCEPTED, *_DECLINED)
"""States of entries of which an owner has decided, in words or in silence."""


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


def carried(answers: Answers, changed: Difference, now: int) -> Answers:
    """Return what stands in a new revision: of entries left alone all, others are told now."""
    count = len(changed.diaries.instructions)
    found = replace(Answers.none(count), told_s=np.full(count, now))
    same = np.isin(changed.change, (Change.KEPT, Change.DONE))
    after, before = changed.after[same], changed.before[same]
    for name in found.__struct_fields__:
        getattr(found, name)[after] = getattr(answers, name)[before]
    return found
