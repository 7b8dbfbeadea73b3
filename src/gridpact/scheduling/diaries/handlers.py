"""Diaries' part of the loop: they follow schedules, and decisions of owners bind the next plan.

The room sleeps until somebody decides something about a diary: until then diaries follow from the
recorded schedules alone (:func:`.following.followed`), and nothing of them is in the journal.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np
from msgspec.structs import replace

from gridpact.base.units import Ints
from gridpact.kernel.codec import digest
from gridpact.kernel.messages import Message
from gridpact.kernel.rooms import Room, Step
from gridpact.registry.model import Community
from gridpact.scheduling.activation.messages import ActivationIssued
from gridpact.scheduling.diaries.decisions import (
    Kept,
    answer_faults,
    mode_faults,
    of_owner,
    taken_up,
    with_answer,
    with_mode,
)
from gridpact.scheduling.diaries.difference import Diaries, Difference
from gridpact.scheduling.diaries.following import (
    Activated,
    Solved,
    activated,
    revised,
    switched,
)
from gridpact.scheduling.diaries.messages import (
    AnswerEntries,
    BeginDiaries,
    DiariesRevised,
    DiaryFault,
    DiaryRefused,
    EntriesAnswered,
    ModeSet,
    PowersHeld,
    SetMode,
)
from gridpact.scheduling.diaries.modes import Answer, Mode
from gridpact.scheduling.messages import PlanDue, ReplanDue, ScheduleRevised, ScheduleSolved

_ASLEEP = DiaryFault(
    "asset", "nothing has been told to any asset yet", "let the run come to its first schedule"
)


class State(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is kept of diaries; None, which is left out of the encoding, before any decision."""

    kept: Kept | None = None


class Diarist:
    """Handlers bound to one community."""

    def __init__(self, community: Community) -> None:
        self._community = community
        self._assets = switched(community)

    def room(self) -> Room[State]:
        """Return the room for the loop."""
        return Room(
            "diaries",
            State(),
            {
                BeginDiaries: self.begin,
                ScheduleSolved: self.solved,
                ScheduleRevised: self.solved,
                ActivationIssued: self.activated,
                PlanDue: self.due,
                ReplanDue: self.due,
                SetMode: self.set_mode,
                AnswerEntries: self.answer,
            },
        )

    def begin(self, state: State, message: BeginDiaries, now: int) -> Step[State]:
        """Take up diaries as they were told so far; once they are kept, nothing changes them so."""
        if state.kept is not None:
            return state, []
        found = taken_up(message, len(self._assets.ids))
        if isinstance(found, Kept):
            return State(found), [_revision(found.diaries, np.arange(len(self._assets.ids)))]
        return state, [DiaryRefused(by="", asset="", faults=tuple(found))]

    def solved(
        self, state: State, message: ScheduleSolved | ScheduleRevised, now: int
    ) -> Step[State]:
        """Revise the diaries by a schedule that is now in force."""
        if state.kept is None:
            return state, []
        solved = solved_by(message, now)
        return self._follow(state.kept, revised(self._community, state.kept.diaries, solved), now)

    def activated(self, state: State, message: ActivationIssued, now: int) -> Step[State]:
        """Revise the diaries by the set-points of an activation."""
        if state.kept is None or message.window.start >= state.kept.diaries.end_s:
            return state, []
        given = given_by(message, now)
        return self._follow(state.kept, activated(self._community, state.kept.diaries, given), now)

    def _follow(self, kept: Kept, changed: Difference, now: int) -> Step[State]:
        rows = np.flatnonzero(changed.diaries.revision > kept.diaries.revision)
        return State(kept.follow(changed, now)), [_revision(changed.diaries, rows)]

    def due(self, state: State, message: PlanDue | ReplanDue, now: int) -> Step[State]:
        """Tell a plan that is about to be made what decisions, and silence, leave to it."""
        return self._tell(state, now)

    def set_mode(self, state: State, message: SetMode, now: int) -> Step[State]:
        """Put an owner's asset into a mode, or say why not."""
        row = of_owner(self._assets, message.asset, message.by)
        faults = (
            [row]
            if isinstance(row, DiaryFault)
            else mode_faults(message, now, self._community.timezone)
        )
        if state.kept is None and not faults:
            faults = [_ASLEEP]
        if faults or isinstance(row, DiaryFault) or state.kept is None:
            return state, [_refused(message, faults)]
        kept = with_mode(state.kept, row, message, now)
        after, outs = self._tell(State(kept), now)
        return after, [_mode_of(kept, row, message, now), *outs]

    def answer(self, state: State, message: AnswerEntries, now: int) -> Step[State]:
        """Note an owner's answer to entries, or say why it does not count."""
        row = of_owner(self._assets, message.asset, message.by)
        if isinstance(row, DiaryFault) or state.kept is None:
            return state, [_refused(message, [row if isinstance(row, DiaryFault) else _ASLEEP])]
        timezone = self._community.timezone
        faults = answer_faults(state.kept, row, message, now, timezone)
        if faults:
            return state, [_refused(message, faults)]
        after, outs = self._tell(State(with_answer(state.kept, row, message, now)), now)
        answered = EntriesAnswered(
            by=message.by,
            asset=message.asset,
            revision=message.revision,
            at_s=message.at_s,
            answer=message.answer,
        )
        return after, [answered, *outs]

    def _tell(self, state: State, now: int) -> Step[State]:
        """Say what is held where it is other than was said last."""
        if state.kept is None:
            return state, []
        held = state.kept.held(now)
        told = state.kept.told.among(state.kept.told.end_s > now)
        if np.array_equal(held.table, told.table):
            return state, []
        return State(replace(state.kept, told=held)), [PowersHeld(holds=held)]


def solved_by(message: ScheduleSolved | ScheduleRevised, at: int) -> Solved:
    """Return what diaries follow of a schedule that came into force at an instant."""
    exact = None if isinstance(message.exact_until, msgspec.UnsetType) else message.exact_until
    return Solved(message.window, message.plan, at, exact)


def given_by(message: ActivationIssued, at: int) -> Activated:
    """Return what diaries follow of an activation that was issued at an instant."""
    net = message.charge_wh - message.discharge_wh
    return Activated(message.window, net, at)


def _refused(message: SetMode | AnswerEntries, faults: Sequence[DiaryFault]) -> Message:
    return DiaryRefused(by=message.by, asset=message.asset, faults=tuple(faults))


def _mode_of(kept: Kept, row: int, message: SetMode, now: int) -> Message:
    modes = kept.modes
    until = int(modes.off_until_s[row])
    return ModeSet(
        by=message.by,
        asset=message.asset,
        mode="ask" if modes.mode[row] == Mode.ASK else "automatic",
        notice_s=int(modes.notice_s[row]),
        silence="accept" if modes.silence[row] == Answer.ACCEPT else "decline",
        until_s=until if until > now else 0,
    )


def _revision(diaries: Diaries, rows: Ints) -> Message:
    return DiariesRevised(
        begin_s=diaries.begin_s,
        end_s=diaries.end_s,
        assets=rows,
        revision=diaries.revision[rows],
        entries=len(diaries.instructions),
        digest=digest(diaries).hex(),
    )
