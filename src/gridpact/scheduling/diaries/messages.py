"""Messages of diaries: what owners decide of them, what became of it, and what it holds."""

from __future__ import annotations

from typing import ClassVar, Literal

import msgspec

from gridpact.base.units import Ints
from gridpact.kernel.messages import Message
from gridpact.kernel.phases import Phase
from gridpact.scheduling.diaries.holds import Holds


class BeginDiaries(Message, frozen=True, kw_only=True, tag="begin-diaries"):
    """What assets had been told when somebody first decided anything about a diary of a run.

    Until then diaries follow from the schedules alone and nothing of them is recorded. The columns
    are those of :class:`~gridpact.scheduling.diaries.difference.Diaries`: entries ``row``,
    ``at_s``, ``verb`` and ``target_w`` [entries]; by asset ``power_w`` and ``changed_s`` when the
    window begins, and ``revision`` [assets].
    """

    phase: ClassVar[Phase] = Phase.READING
    begin_s: int
    end_s: int
    row: Ints
    at_s: Ints
    verb: Ints
    target_w: Ints
    power_w: Ints
    changed_s: Ints
    revision: Ints


class SetMode(Message, frozen=True, kw_only=True, tag="set-diary-mode"):
    """What ``by``, the owner, wants done with the diary of an asset from now on.

    ``automatic`` accepts every entry. ``ask`` asks about each; an answer counts until ``notice_s``
    before it is due, and ``silence`` says what none means. ``off`` leaves the asset without power
    until ``until_s`` [s since the epoch] and its mode as it was; either of the others ends that.
    What is past or decided stays so, but ``automatic`` gives up answers about what is ahead.
    """

    phase: ClassVar[Phase] = Phase.READING
    by: str
    asset: str
    mode: Literal["automatic", "ask", "off"]
    notice_s: int = 0
    silence: Literal["accept", "decline"] = "decline"
    until_s: int = 0


class AnswerEntries(Message, frozen=True, kw_only=True, tag="answer-entries"):
    """An owner's answer to entries of an asset's diary, named by when they are due.

    ``revision`` is the one that the owner has read, ``at_s`` [entries] when entries are due.
    """

    phase: ClassVar[Phase] = Phase.READING
    by: str
    asset: str
    revision: int
    at_s: Ints
    answer: Literal["accept", "decline"]


class ModeSet(Message, frozen=True, kw_only=True, tag="diary-mode-set"):
    """The mode of an asset's diary is as its owner wants it; off until ``until_s``, 0: not off."""

    phase: ClassVar[Phase] = Phase.READING
    by: str
    asset: str
    mode: Literal["automatic", "ask"]
    notice_s: int
    silence: Literal["accept", "decline"]
    until_s: int


class EntriesAnswered(Message, frozen=True, kw_only=True, tag="entries-answered"):
    """An owner's answer to entries counts; it binds the next plan."""

    phase: ClassVar[Phase] = Phase.READING
    by: str
    asset: str
    revision: int
    at_s: Ints
    answer: Literal["accept", "decline"]


class DiaryFault(msgspec.Struct, frozen=True):
    """One thing for which a decision is refused: the field, what is wrong, how to put it right."""

    where: str
    problem: str
    fix: str


class DiaryRefused(Message, frozen=True, kw_only=True, tag="diary-refused"):
    """A decision about a diary was not taken; everything stands as it stood.

    ``asset`` is "" for what is about all assets.
    """

    phase: ClassVar[Phase] = Phase.READING
    by: str
    asset: str
    faults: tuple[DiaryFault, ...]


class DiariesRevised(Message, frozen=True, kw_only=True, tag="diaries-revised"):
    """A schedule made a new revision of diaries, in force for ``begin_s ≤ instant < end_s``.

    ``assets`` and ``revision`` [same shape] are the rows whose diary changed, and its number;
    ``entries`` counts all. ``digest`` is the SHA-256 of all columns, in hexadecimal: what was told,
    which anybody can derive again from the schedules and decisions before it.
    """

    phase: ClassVar[Phase] = Phase.PLAN
    begin_s: int
    end_s: int
    assets: Ints
    revision: Ints
    entries: int
    digest: str


class PowersHeld(Message, frozen=True, kw_only=True, tag="powers-held"):
    """The spans that decisions of owners now leave to plans; they replace all told before."""

    phase: ClassVar[Phase] = Phase.PLAN
    holds: Holds
