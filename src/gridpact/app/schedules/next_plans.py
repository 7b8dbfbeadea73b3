"""The plans that a waiting run makes next, as they would be made now: one for each day to come.

What owners and forecasts will say then is not known. It stands for it what they said for the latest
plan of the day, from the slot on in which the next one takes over; all else is as it is by now.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from msgspec.structs import replace

from gridpact.app.record import Kept, Record
from gridpact.app.schedules.posing import Gathered, name_of
from gridpact.base.slots import Slots
from gridpact.base.units import Ints
from gridpact.forecasting.messages import ForecastIssued
from gridpact.kernel.messages import Message
from gridpact.registry.model import Community
from gridpact.scheduling.activation.around import solve_around
from gridpact.scheduling.activation.lasting import lasting
from gridpact.scheduling.handlers import Scheduling
from gridpact.scheduling.messages import (
    NeedsStated,
    PlanDue,
    ScheduleRevised,
    ScheduleSolved,
)
from gridpact.scheduling.needs.book import Book
from gridpact.scheduling.operation.presence import met
from gridpact.scheduling.prepare import full_plan
from gridpact.scheduling.standing.missed import named
from gridpact.scheduling.standing.next_plan import next_plan
from gridpact.scheduling.state import InForce, State

Made = ScheduleSolved | ScheduleRevised
BY_SLOT = ("charge_max_wh", "discharge_max_wh", "lo_wh", "hi_wh", "draw_wh")
"""Columns of what owners state whose last axis is the slot."""


class Ahead(NamedTuple):
    """Plans that are made next, and the schedules that are in force ``at`` now [s, epoch]."""

    at: int
    plans: tuple[Gathered, ...]
    in_force: tuple[InForce, ...]


class Ground(NamedTuple):
    """What a plan was made from ``at`` an instant [s since the epoch]."""

    made: Made
    at: int
    needs: NeedsStated
    forecast: ForecastIssued


class Known(NamedTuple):
    """What a run has come to: scheduling's state, and what the latest plan of each day was from."""

    community: Community
    state: State
    grounds: tuple[Ground, ...]


def known(record: Record) -> Known:
    """Read what a run has come to from its record."""
    community = record.opening().community
    room = Scheduling(community).room()
    kept = (each for kind in room.handlers for each in record.kept(kind))
    state, grounds = room.state, dict[int, Ground]()
    for one in sorted(kept, key=lambda each: each.seq):
        if (ground := _ground(state, one)) is not None:
            grounds[ground.made.window.end] = ground
        state, _ = room.handlers[type(one.message)](state, one.message, one.time)
    return Known(community, state, tuple(grounds[end] for end in sorted(grounds)))


def ahead(run: Known, now: int) -> Ahead:
    """Return the plans that a run which waits at ``now`` [s since the epoch] makes next."""
    latest = [ground for ground in run.grounds if ground.made.window.end > now]
    return Ahead(now, tuple(_plans(run, latest, now)), run.state.plans)


def solved(was: Gathered) -> Gathered:
    """Return a plan that is made next with what its solve comes to."""
    posed = was.whole
    plan = solve_around(posed.problem, posed.held)
    plan = named(plan, posed.problem, posed.needs, posed.bindings, posed.unbound)
    plan = full_plan(plan, posed.needs, len(was.community.runs.ids))
    return was._replace(solved=replace(was.solved, plan=plan))


def _ground(state: State, kept: Kept) -> Ground | None:
    """What a plan is made from; None where a message is no plan."""
    made: Message = kept.message
    if not isinstance(made, ScheduleSolved | ScheduleRevised):
        return None
    name = name_of(made)
    return Ground(made, kept.time, state.needs[name], state.forecasts[name])


def _plans(run: Known, grounds: Sequence[Ground], now: int) -> Iterator[Gathered]:
    for ground in grounds:
        made = ground.made
        day = run.community.calendar.date_of(made.window.end - made.window.step)
        begins = next_plan(run.community, run.state.plans, day, now)
        if begins is not None and begins >= made.window.start:
            due = PlanDue(
                session=name_of(made),
                window=_from(made.window, begins),
                horizon=_from(made.horizon, begins),
            )
            yield _gathered(run.community, _with(run.state, ground, due), ground, due)


def _from(slots: Slots, begins: int) -> Slots:
    skipped = (begins - slots.start) // slots.step
    return Slots(begins, slots.step, slots.count - skipped)


def _with(state: State, ground: Ground, due: PlanDue) -> State:
    """The state in which what the latest plan was made from is gathered for the next."""
    skipped = ground.needs.window.count - due.horizon.count
    return replace(
        state,
        needs={**state.needs, due.session: _needs_from(ground.needs, skipped, due.horizon)},
        forecasts={
            **state.forecasts,
            due.session: replace(
                ground.forecast,
                window=due.horizon,
                load_wh=ground.forecast.load_wh[:, skipped:],
                pv_wh=ground.forecast.pv_wh[:, skipped:],
            ),
        },
    )


def _needs_from(needs: NeedsStated, skipped: int, horizon: Slots) -> NeedsStated:
    """What owners stated, from a later slot on; a run whose last start has passed is not wanted."""
    earliest = np.maximum(needs.run_earliest - skipped, 0)
    latest: Ints = needs.run_latest - skipped
    wanted = (needs.run_earliest >= 0) & (latest >= earliest)
    columns = {name: getattr(needs, name)[:, skipped:] for name in BY_SLOT}
    return replace(
        needs,
        window=horizon,
        run_earliest=np.where(wanted, earliest, -1),
        run_latest=np.where(wanted, latest, -1),
        **columns,
    )


def _gathered(community: Community, state: State, ground: Ground, due: PlanDue) -> Gathered:
    scheduling = Scheduling(community)
    if state.operation is not None:
        seen = met(state.needs[due.session], state.operation, community)
        state = replace(state, needs={**state.needs, due.session: seen})
    whole = scheduling.posed(state, due)
    bare = scheduling.posed(replace(state, book=None, contracts=None), due)
    assert not isinstance(whole, str)  # noqa: S101 - a plan of that day was made already
    assert not isinstance(bare, str)  # noqa: S101
    return Gathered(
        community=community,
        solved=replace(ground.made, window=due.window, horizon=due.horizon),
        whole=whole,
        bare=bare,
        book=state.book or Book(),
        at=ground.at,
        active=lasting(state, due.horizon),
    )
