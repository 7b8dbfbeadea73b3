"""Decisions of owners about the diaries of a run: taken, or refused with every fault."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import numpy as np
from msgspec.structs import replace

from gridpact.base.slots import iso
from gridpact.base.units import Bools
from gridpact.scheduling.diaries.difference import Diaries, Difference
from gridpact.scheduling.diaries.following import Switched
from gridpact.scheduling.diaries.holds import Holds, begins_pinned, decided, held_at, off
from gridpact.scheduling.diaries.instructions import NEVER, Instructions, Standing, faults_of
from gridpact.scheduling.diaries.messages import AnswerEntries, BeginDiaries, DiaryFault, SetMode
from gridpact.scheduling.diaries.modes import (
    DECIDED,
    OPEN,
    UNASKED,
    Answer,
    Answers,
    Codes,
    Mode,
    Modes,
    Status,
    carried,
    refusal_of,
    status_of,
)
from gridpact.scheduling.needs.clock import shown

LONGEST_S = 366 * 86400
"""Longest notice and longest time off: a slip of the pen beyond."""
_MODES = {"automatic": Mode.ACCEPT_AUTOMATICALLY, "ask": Mode.ASK}
_ANSWERS = {"accept": Answer.ACCEPT, "decline": Answer.DECLINE}


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """Diaries in force, modes of owners, answers to their entries, and what is held beyond those.

    ``holds`` are decisions about entries that a revision has taken out or changed since; ``told``
    are the spans that the next plan was last told of.
    """

    diaries: Diaries
    modes: Modes
    answers: Answers
    holds: Holds
    told: Holds

    @classmethod
    def begun(cls, diaries: Diaries) -> Kept:
        """Return diaries of which nobody has decided anything."""
        return cls(
            diaries=diaries,
            modes=Modes.automatic(len(diaries.revision)),
            answers=Answers.none(len(diaries.instructions)),
            holds=Holds.none(),
            told=Holds.none(),
        )

    def status(self, now: int) -> Codes:
        """Return where each entry stands with its owner [entries]."""
        return status_of(self.diaries.instructions, self.modes, self.answers, now)

    def held(self, now: int) -> Holds:
        """Return all spans that decisions leave to plans made now."""
        found = decided(self.diaries, self.status(now)).and_also(off(self.modes, now))
        found = found.and_also(self.holds)
        return found.among(found.end_s > now)

    def follow(self, changed: Difference, now: int) -> Kept:
        """Go on with a revision; decisions about what it takes out or changes are kept."""
        before = decided(self.diaries, self.status(now)).and_also(self.holds)
        answers = carried(self.answers, changed, now)
        fresh = answers.told_s == now
        theirs = fresh & held_at(before, changed.diaries.instructions)
        accepted = fresh & begins_pinned(before, changed.diaries)
        answers = replace(
            answers,
            told_s=np.where(theirs, UNASKED, answers.told_s),
            settled=np.where(accepted, Status.ACCEPTED, answers.settled).astype(np.int8),
        )
        return replace(
            self,
            diaries=changed.diaries,
            answers=answers,
            holds=before.among(before.end_s > now),
        )


def taken_up(message: BeginDiaries, assets: int) -> Kept | list[DiaryFault]:
    """Return what diaries begin with, or what is wrong with it."""
    entries = Instructions(
        message.row, message.at_s, message.verb.astype(np.int8), message.target_w
    )
    lengths = {len(entries.at_s), len(entries.verb), len(entries.target_w)}
    by_asset = {len(message.power_w), len(message.changed_s), len(message.revision)}
    if lengths != {len(entries)} or by_asset != {assets}:
        problem = f"columns are not those of {assets} assets and their entries"
        return [DiaryFault("begin-diaries", problem, "derive them from the schedules again")]
    standing = Standing(
        power_w=message.power_w, changed_s=message.changed_s, owed_ws=np.zeros(assets, np.int64)
    )
    faults = [
        DiaryFault(one.where, one.problem, one.fix) for one in faults_of(entries, standing)
    ] or list(_beside(message))
    return faults or Kept.begun(
        Diaries(
            begin_s=message.begin_s,
            end_s=message.end_s,
            instructions=entries,
            standing=standing,
            revision=message.revision,
        )
    )


def _beside(message: BeginDiaries) -> Iterator[DiaryFault]:
    outside = (message.at_s < message.begin_s) | (message.at_s >= message.end_s)
    if outside.any():
        problem = f"{iso(int(message.at_s[outside][0]))} is not in the window"
        yield DiaryFault("at_s", problem, "leave it out")
    if (message.revision < 1).any():
        yield DiaryFault("revision", "counts from 1", "derive them from the schedules again")


def of_owner(assets: Switched, asset: str, by: str) -> int | DiaryFault:
    """Return the row of an owner's asset, or why nothing about it is for ``by`` to decide."""
    if asset not in assets.ids:
        problem = f"{asset[:80]!r} is nothing that schedules switch"
        return DiaryFault("asset", problem, "name storage or an appliance")
    row = assets.ids.index(asset)
    if assets.owners[row] != by:
        problem = f"what {asset} does is for {assets.owners[row]} to decide, not for {by[:80]!r}"
        return DiaryFault("by", problem, f"let {assets.owners[row]} decide")
    return row


def mode_faults(message: SetMode, now: int, timezone: str) -> list[DiaryFault]:
    """Return what is wrong with a mode by itself; instants by the clock of a timezone."""
    found = []
    if not 0 <= message.notice_s <= LONGEST_S:
        problem = f"a notice of {message.notice_s} s is no time before an entry"
        found.append(DiaryFault("notice_s", problem, "give 0 s to 366 days"))
    if message.mode == "off" and not now < message.until_s <= now + LONGEST_S:
        until, today = shown(message.until_s, timezone), shown(now, timezone)
        problem = f"{until} is not within 366 days of {today}"
        found.append(DiaryFault("until_s", problem, "give a later instant, at most 366 days ahead"))
    return found


def with_mode(kept: Kept, row: int, message: SetMode, now: int) -> Kept:
    """Put an asset into a mode.

    What is past stays what it was. To be asked leaves what is decided already as it is; to accept
    automatically gives up answers about what is ahead.
    """
    modes = kept.modes
    status = kept.status(now)
    if message.mode == "off":
        modes = replace(modes, off_until_s=_set(modes.off_until_s, row, message.until_s))
        past = kept.diaries.instructions.at_s < now
        return _settled(replace(kept, modes=modes), row, status, past)
    modes = replace(
        modes,
        mode=_set(modes.mode, row, _MODES[message.mode]),
        notice_s=_set(modes.notice_s, row, message.notice_s),
        silence=_set(modes.silence, row, _ANSWERS[message.silence]),
        off_until_s=_set(modes.off_until_s, row, NEVER),
        since_s=_set(modes.since_s, row, now),
    )
    past = kept.diaries.instructions.at_s < now
    if message.mode == "ask":
        return _settled(replace(kept, modes=modes), row, status, past | np.isin(status, DECIDED))
    mine = kept.diaries.instructions.row == row
    answers = _answered(kept.answers, mine & ~past, Answer.NONE, NEVER)
    holds = kept.holds.among(kept.holds.row != row)
    return _settled(replace(kept, modes=modes, answers=answers, holds=holds), row, status, past)


def _settled(kept: Kept, row: int, status: Codes, chosen: Bools) -> Kept:
    """Leave entries of an asset at the status that they have, whatever its mode is."""
    stays = chosen & (kept.diaries.instructions.row == row)
    settled = np.where(stays, status, kept.answers.settled).astype(np.int8)
    return replace(kept, answers=replace(kept.answers, settled=settled))


def answer_faults(
    kept: Kept, row: int, message: AnswerEntries, now: int, timezone: str
) -> list[DiaryFault]:
    """Return why an answer does not count: another revision, no such entry, or too late.

    Instants are told by the clock of a timezone.
    """
    current = int(kept.diaries.revision[row])
    if message.revision != current:
        problem = f"the diary is at revision {current}, not {message.revision}"
        return [DiaryFault("revision", problem, "read it again, and answer what it says now")]
    if not message.at_s.size:
        return [DiaryFault("at_s", "names no entry", "say when the entries are due")]
    entries = kept.diaries.instructions
    found = []
    for at in message.at_s.tolist():
        places = np.flatnonzero((entries.row == row) & (entries.at_s == at))
        if not places.size:
            problem = f"no entry is due at {shown(at, timezone)}"
            found.append(DiaryFault("at_s", problem, "name instants that the diary has"))
        elif (late := refusal_of(entries, int(places[0]), kept.modes, now, timezone)) is not None:
            found.append(
                DiaryFault("at_s", f"{shown(at, timezone)}: {late}", "answer earlier next time")
            )
        elif at < kept.modes.off_until_s[row]:
            until = shown(int(kept.modes.off_until_s[row]), timezone)
            problem = f"the asset is off until {until}"
            found.append(DiaryFault("at_s", problem, "set its mode to automatic or ask first"))
    return found


def with_answer(kept: Kept, row: int, message: AnswerEntries, now: int) -> Kept:
    """Note an answer to entries of an asset; what was held before gives way to what is accepted."""
    entries = kept.diaries.instructions
    chosen = (entries.row == row) & np.isin(entries.at_s, message.at_s)
    kept = replace(kept, answers=_answered(kept.answers, chosen, _ANSWERS[message.answer], now))
    if message.answer == "decline":
        return kept
    accepted = np.where(chosen, Status.ACCEPTED, Status.ASKED).astype(np.int8)
    return replace(kept, holds=kept.holds.less(decided(kept.diaries, accepted)))


def _answered(answers: Answers, chosen: Bools, answer: Answer, given_s: int) -> Answers:
    return replace(
        answers,
        answer=np.where(chosen, answer, answers.answer).astype(np.int8),
        given_s=np.where(chosen, given_s, answers.given_s),
        settled=np.where(chosen, OPEN, answers.settled).astype(np.int8),
    )


def _set(values: np.ndarray, row: int, value: int) -> np.ndarray:
    found = values.copy()
    found[row] = value
    return found
