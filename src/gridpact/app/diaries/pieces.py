"""The plans that are in force for the diaries of a run, each as it was posed and answered."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import msgspec

from gridpact.app.record import Kept, Record
from gridpact.base.slots import Slots
from gridpact.scheduling.diaries.difference import Diaries
from gridpact.scheduling.diaries.why import Piece
from gridpact.scheduling.handlers import Scheduling
from gridpact.scheduling.messages import PlanDue, ScheduleRevised, ScheduleSolved
from gridpact.scheduling.problem import Plan


class Made(NamedTuple):
    """A schedule of a run: its row in the journal, what it is called, and what was solved."""

    seq: int
    name: str
    window: Slots
    horizon: Slots
    plan: Plan
    at: int


def solved_of(record: Record) -> list[Made]:
    """Return all schedules that came into force, oldest first."""
    kinds = (ScheduleSolved, ScheduleRevised)
    found = (_made(kept) for kind in kinds for kept in record.kept(kind))
    return sorted(found, key=lambda one: one.seq)


def _made(kept: Kept) -> Made:
    message = kept.message
    assert isinstance(message, ScheduleSolved | ScheduleRevised)  # noqa: S101 - narrows the type
    name = message.session if isinstance(message, ScheduleSolved) else message.name
    return Made(kept.seq, name, message.window, message.horizon, message.plan, kept.time)


def pieces_of(record: Record, diaries: Diaries) -> list[Piece]:
    """Return the plans that reach into diaries, oldest first, with the time each is in force."""
    made = [one for one in solved_of(record) if one.window.end > diaries.begin_s]
    found = []
    for place, whole in enumerate(_posed(record, made)):
        later = [other.window for other in made[place + 1 :]]
        for first, end in _left(made[place].window, later):
            found.append(whole._replace(first_s=first, end_s=end))
    return found


def _posed(record: Record, made: list[Made]) -> Iterator[Piece]:
    """Pose each plan's problem again, with the needs that then stood."""
    scheduling = Scheduling(record.opening().community)
    room = scheduling.room()
    state, wanted = room.state, {one.seq: one for one in made}
    for kept in sorted(
        (each for kind in room.handlers for each in record.kept(kind)), key=lambda each: each.seq
    ):
        if kept.seq in wanted:
            one = wanted[kept.seq]
            free = msgspec.structs.replace(state, decided=None)  # what an owner would have had
            due = PlanDue(session=one.name, window=one.window, horizon=one.horizon)
            posed = scheduling.posed(free, due)
            assert not isinstance(posed, str)  # noqa: S101 - it was solved: nothing was missing
            needs = state.book.needs if state.book else ()
            span = (one.window.start, one.window.end)
            yield Piece(posed.problem, one.plan, posed.needs, posed.bindings, needs, *span)
        state, _ = room.handlers[type(kept.message)](state, kept.message, kept.time)


def _left(window: Slots, later: list[Slots]) -> list[tuple[int, int]]:
    """Parts of a window that later ones leave; an empty one where they leave none."""
    parts = [(window.start, window.end)]
    for other in later:
        cut = [
            piece
            for first, end in parts
            for piece in ((first, min(end, other.start)), (max(first, other.end), end))
        ]
        parts = [(first, end) for first, end in cut if first < end]
    return parts or [(window.start, window.start)]
