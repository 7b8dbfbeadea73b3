"""Scheduling's part of the loop: gather, solve, keep the schedule in force, dispatch it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import TypeVar

import msgspec
import numpy as np

from gridpact.base.slots import overlap
from gridpact.forecasting.messages import ForecastIssued
from gridpact.kernel.messages import Later, Message
from gridpact.kernel.rooms import Room, Step
from gridpact.market.messages import PricesPublished, SessionCleared, SessionOpened
from gridpact.registry.messages import CommunityOpened
from gridpact.registry.model import Community
from gridpact.scheduling.activation.around import kept_free, solve_around
from gridpact.scheduling.activation.room import activating
from gridpact.scheduling.contracted.deciding import Chooser
from gridpact.scheduling.contracted.exercising import exercising
from gridpact.scheduling.contracted.hearing import contracting
from gridpact.scheduling.diaries.exactness import exact_until
from gridpact.scheduling.messages import (
    DispatchIssued,
    NeedsRequested,
    NeedsStated,
    PlanDue,
    PlanSkipped,
    ScheduleSolved,
    SlotStarted,
    StateNeed,
    TelemetryReceived,
    WithdrawNeed,
)
from gridpact.scheduling.needs.book import Book
from gridpact.scheduling.operation.handlers import rolling
from gridpact.scheduling.operation.in_force import at, cut
from gridpact.scheduling.posing import Posed, Posing, moved
from gridpact.scheduling.prepare import full_plan
from gridpact.scheduling.problem import Problem
from gridpact.scheduling.standing import desk
from gridpact.scheduling.standing.deciding import deciding
from gridpact.scheduling.standing.missed import named
from gridpact.scheduling.standing.places import Places
from gridpact.scheduling.standing.tallies import counted
from gridpact.scheduling.state import InForce, State, forgotten

T = TypeVar("T")
PIECES_KEPT = 3
"""Days of prices and positions kept; plans are kept while any slot of them is to come."""


class Scheduling:
    """Handlers bound to one community.

    ``seconds`` reads a clock that bounds how long rolling operation may solve; without one a solve
    takes the time it takes.
    """

    def __init__(self, community: Community, seconds: Callable[[], float] | None = None) -> None:
        self._community, self._seconds = community, seconds
        self._members = len(community.members.ids)
        self._places = Places(community)
        self._posing = Posing(community, self._places)
        self._chooser = Chooser(community)

    def room(self) -> Room[State]:
        """Return the room for the loop."""
        opening = self._community.storage.opening_wh
        room = Room(
            "scheduling",
            State({}, {}, {}, {}, (), opening, 0),
            {
                CommunityOpened: self.opened,
                SessionOpened: self.session,
                PricesPublished: self.prices,
                NeedsStated: self.stated,
                ForecastIssued: self.forecast,
                ScheduleSolved: self.solved,
                PlanSkipped: self.skipped,
                SessionCleared: self.cleared,
                SlotStarted: self.slot,
                TelemetryReceived: self.telemetry,
                StateNeed: self.state_need,
                WithdrawNeed: self.withdraw_need,
            },
            {PlanDue: self.plan},
        )
        heard = contracting(rolling(room, self._posing, self._seconds), self._posing)
        heard = exercising(heard, self._community)
        made = activating(heard, self._posing)
        return deciding(made, self._community)

    def opened(self, state: State, message: CommunityOpened, now: int) -> Step[State]:
        """Start the clock of slots at the first day's midnight."""
        step = self._community.step_s
        start = self._community.calendar.midnight(date.fromisoformat(message.first_day))
        return state, [Later(start, SlotStarted(slot=start, step=step))]

    def session(self, state: State, message: SessionOpened, now: int) -> Step[State]:
        """Ask owners for their needs and plan once needs, prices and forecast are in."""
        session = message.session
        return state, [
            NeedsRequested(session=session.id, window=session.horizon),
            PlanDue(session=session.id, window=session.window, horizon=session.horizon),
        ]

    def prices(self, state: State, message: PricesPublished, now: int) -> Step[State]:
        """Keep a day's main-market prices and open its positions."""
        nothing = np.zeros((self._members, message.slots.count), np.int64)
        return msgspec.structs.replace(
            state,
            spot=_kept(state.spot, message.day, (message.slots, message.spot_micro_per_kwh)),
            positions=_kept(state.positions, message.day, (message.slots, nothing)),
        ), []

    def stated(self, state: State, message: NeedsStated, now: int) -> Step[State]:
        """Keep what owners need until the session is planned."""
        return msgspec.structs.replace(state, needs={**state.needs, message.session: message}), []

    def forecast(self, state: State, message: ForecastIssued, now: int) -> Step[State]:
        """Keep a session's forecast until the session is planned."""
        forecasts = {**state.forecasts, message.session: _points(message)}
        return msgspec.structs.replace(state, forecasts=forecasts), []

    def plan(self, state: State, message: PlanDue) -> Sequence[Message]:
        """Effect: solve the session's problem, or say what is missing."""
        asked = state.contracts.asked_at if state.contracts else 0
        due = (message.window, message.horizon, asked)
        state, choices = self._chooser(state, due, lambda free: self._free(free, message))
        posed = self.posed(state, message)
        if isinstance(posed, str):
            return [PlanSkipped(session=message.session, reason=posed)]
        plan = solve_around(posed.problem, posed.held)
        plan = named(plan, posed.problem, posed.needs, posed.bindings, posed.unbound)
        return [
            ScheduleSolved(
                session=message.session,
                window=message.window,
                horizon=message.horizon,
                plan=full_plan(plan, posed.needs, len(self._community.runs.ids)),
                exact_until=exact_until(self._community, posed, plan),
                choices=choices,
            )
        ]

    def _free(self, state: State, message: PlanDue) -> Problem | None:
        """Return the problem in which choices are made, None where something is missing."""
        posed = self.posed(state, message)
        return None if isinstance(posed, str) else kept_free(posed.problem, posed.held)

    def posed(self, state: State, message: PlanDue) -> Posed | str:
        """Return the problem of a session as it stands, or what is missing."""
        return self._posing.posed(state, message.session, message.window, message.horizon)

    def solved(self, state: State, message: ScheduleSolved, now: int) -> Step[State]:
        """Put a schedule in force for its window; forget what it was made from."""
        current = tuple(item for item in state.plans if item.window.end >= now)
        plans = (*current, InForce(message.window, cut(message.plan, message.window.count)))
        return forgotten(msgspec.structs.replace(state, plans=plans), message.session), []

    def skipped(self, state: State, message: PlanSkipped, now: int) -> Step[State]:
        """Keep the schedule in force; forget what was gathered."""
        return forgotten(state, message.session), []

    def cleared(self, state: State, message: SessionCleared, now: int) -> Step[State]:
        """Add a session's trades to the day's position: they oblige the next plans."""
        known = state.positions.get(message.session.day)
        if known is None:
            return state, []
        slots, position = known[0], known[1].copy()
        here, there = overlap(slots, message.session.window)
        position[:, here] += (message.bought_wh - message.sold_wh)[:, there]
        positions = {**state.positions, message.session.day: (slots, position)}
        return msgspec.structs.replace(state, positions=positions), []

    def slot(self, state: State, message: SlotStarted, now: int) -> Step[State]:
        """Dispatch a slot from the latest schedule in force, and set the next slot's timer."""
        following = message.slot + message.step
        timer = Later(following, SlotStarted(slot=following, step=message.step))
        item = at(state.plans, message.slot)
        if item is not None:
            return state, [_dispatch(item, message), timer]
        storage, runs = len(state.state_wh), len(self._community.runs.ids)
        idle = DispatchIssued(
            slot=message.slot,
            step=message.step,
            charge_wh=np.zeros(storage, np.int64),
            discharge_wh=np.zeros(storage, np.int64),
            curtail_wh=np.zeros(self._members, np.int64),
            run_start=np.zeros(runs, np.bool_),
            autonomous=True,
        )
        return state, [idle, timer]

    def state_need(self, state: State, message: StateNeed, now: int) -> Step[State]:
        """Take a need that someone states into the book, or refuse it."""
        before = state.book or Book()
        seen = desk.Seen(state.decided, state.plans, tuple(state.spot.values()))
        book, answer = desk.take(self._places, before, message, now, seen)
        return _with_book(state, book), [answer]

    def withdraw_need(self, state: State, message: WithdrawNeed, now: int) -> Step[State]:
        """Take a need out of the book."""
        book, answer = desk.take_back(self._places, state.book or Book(), message, now)
        return _with_book(state, book), [answer]

    def telemetry(self, state: State, message: TelemetryReceived, now: int) -> Step[State]:
        """Note how much energy is stored; of what was not heard, what its plan makes of it."""
        end, stored = message.slot + message.step, message.state_wh
        if not isinstance(message.reported, msgspec.UnsetType):
            stored = np.where(message.reported, stored, moved(self._community, state, end))
        tallies = counted(self._places, state, message) if state.book else ()
        return msgspec.structs.replace(state, state_wh=stored, state_at=end, tallies=tallies), []


def _with_book(state: State, book: Book) -> State:
    """Keep a book in which something was ever written."""
    return msgspec.structs.replace(state, book=book if book.versions else None)


def _kept(pieces: dict[str, T], day: str, piece: T) -> dict[str, T]:
    return dict(sorted({**pieces, day: piece}.items())[-PIECES_KEPT:])


def _points(message: ForecastIssued) -> ForecastIssued:
    """Drop the quantiles, which this solver does not use."""
    none = np.zeros((0, 0, 0), np.int64)
    return msgspec.structs.replace(message, levels=(), load_quantiles_wh=none, pv_quantiles_wh=none)


def _dispatch(item: InForce, message: SlotStarted) -> DispatchIssued:
    place = item.window.index(message.slot)
    return DispatchIssued(
        slot=message.slot,
        step=message.step,
        charge_wh=item.plan.charge_wh[:, place],
        discharge_wh=item.plan.discharge_wh[:, place],
        curtail_wh=item.plan.curtail_wh[:, place],
        run_start=item.plan.run_start == place,
        autonomous=False,
    )
