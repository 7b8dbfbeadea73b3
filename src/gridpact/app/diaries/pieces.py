"""The plans that are in force for the diaries of a run, each as it was posed and answered."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import msgspec

from gridpact.app.record import Kept, Record
from gridpact.base.slots import Slots
from gridpact.scheduling.activation.messages import ActivationIssued
from gridpact.scheduling.diaries.difference import Diaries
from gridpact.scheduling.diaries.following import Activated, Solved
from gridpact.scheduling.diaries.why import Asked, Piece
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


def followed_of(record: Record) -> list[Solved | Activated]:
    """Return all that diaries follow, oldest first: schedules and activations."""
    found: list[tuple[int, Solved | Activated]] = [
        (one.seq, Solved(one.window, one.plan, one.at)) for one in solved_of(record)
    ]
    for kept in record.kept(ActivationIssued):
        issued = kept.message
        assert isinstance(issued, ActivationIssued)  # noqa: S101 - narrows the type
        net = issued.charge_wh - issued.discharge_wh
        found.append((kept.seq, Activated(issued.window, net, kept.time)))
    return [one for _, one in sorted(found, key=lambda pair: pair[0])]


def activations_of(record: Record, diaries: Diaries) -> list[Asked]:
    """Return the activations that reach into diaries, oldest first."""
    return [
        Asked(
            each.id,
            each.window,
            each.given_wh,
            each.charge_wh - each.discharge_wh,
            -1 if each.power_w > 0 else 1,
        )
        for each in record.all(ActivationIssued)
        if each.window.end > diaries.begin_s
    ]


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
