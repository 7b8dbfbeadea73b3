"""The plans that are in force for the diaries of a run, each as it was posed and answered."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from msgspec.structs import replace

from gridpact.app.record import Kept, Record
from gridpact.app.schedules.posing import with_choices
from gridpact.base.slots import Slots
from gridpact.registry.model import Community
from gridpact.scheduling.activation.messages import ActivationIssued
from gridpact.scheduling.contracted.model import agreement_of
from gridpact.scheduling.contracted.naming import in_names
from gridpact.scheduling.diaries.difference import Diaries
from gridpact.scheduling.diaries.following import Activated, Solved
from gridpact.scheduling.diaries.handlers import given_by, solved_by
from gridpact.scheduling.diaries.holds import Holds
from gridpact.scheduling.diaries.pieces import Asked, Piece
from gridpact.scheduling.diaries.without import Without
from gridpact.scheduling.handlers import Scheduling
from gridpact.scheduling.messages import ScheduleRevised, ScheduleSolved
from gridpact.scheduling.posing import Posed, Posing
from gridpact.scheduling.problem import Plan
from gridpact.scheduling.standing.places import Places
from gridpact.scheduling.state import State


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
    found: list[tuple[int, Solved | Activated]] = []
    for kind in (ScheduleSolved, ScheduleRevised, ActivationIssued):
        for kept in record.kept(kind):
            message = kept.message
            if isinstance(message, ActivationIssued):
                found.append((kept.seq, given_by(message, kept.time)))
            else:
                assert isinstance(message, ScheduleSolved | ScheduleRevised)  # noqa: S101
                found.append((kept.seq, solved_by(message, kept.time)))
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
    community = record.opening().community
    room = Scheduling(community).room()
    state, wanted = room.state, {one.seq: one for one in made}
    for kept in sorted(
        (each for kind in room.handlers for each in record.kept(kind)), key=lambda each: each.seq
    ):
        if kept.seq in wanted:
            made_in = with_choices(community, state, kept.message, kept.time)
            yield _piece(community, made_in, wanted[kept.seq])
        state, _ = room.handlers[type(kept.message)](state, kept.message, kept.time)


def _piece(community: Community, state: State, made: Made) -> Piece:
    """Pose a plan's problem as it stood, with what an owner would have had, undecided."""
    posing = Posing(community, Places(community))

    def pose(left_out: frozenset[str], state: State = state) -> Posed:
        book = state.book
        if book is not None:
            kept = tuple(need for need in book.needs if need.id not in left_out)
            state = replace(state, book=replace(book, needs=kept))
        if state.contracts is not None:
            kept_of = state.contracts
            for name in left_out:
                kept_of = kept_of.without(agreement_of(name))
            state = replace(state, contracts=kept_of)
        posed = posing.posed(state, made.name, made.window, made.horizon)
        assert not isinstance(posed, str)  # noqa: S101 - it was solved: nothing was missing
        return posed

    free = pose(frozenset(), replace(state, decided=None))
    return Piece(
        problem=free.problem,
        plan=made.plan,
        stated=free.needs,
        bindings=free.bindings,
        needs=(*(state.book.needs if state.book else ()), *in_names(free.contracts)),
        holds=state.decided or Holds.none(),
        without=Without(community, pose, made.plan),
        first_s=made.window.start,
        end_s=made.window.end,
    )


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
