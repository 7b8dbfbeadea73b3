"""Scheduling's part of the loop: gather, solve, keep the schedule in force, dispatch it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TypeVar

import msgspec
import numpy as np

from gridpact.base.slots import Slots, covers, overlap
from gridpact.base.units import Ints, checked_add
from gridpact.forecasting.messages import ForecastIssued
from gridpact.kernel.messages import Later, Message
from gridpact.kernel.rooms import Room, Step
from gridpact.market.messages import PricesPublished, SessionCleared, SessionOpened
from gridpact.registry.messages import CommunityOpened
from gridpact.registry.model import Community
from gridpact.scheduling.appliances import begun, running_wh, still_wanted
from gridpact.scheduling.community.solve import solve
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
from gridpact.scheduling.prepare import Inputs, foreseen, full_plan, over, problem
from gridpact.scheduling.problem import Plan, Problem
from gridpact.scheduling.standing import desk
from gridpact.scheduling.standing.binding import Binding, bind, capped
from gridpact.scheduling.standing.missed import named
from gridpact.scheduling.standing.places import Places

T = TypeVar("T")
PIECES_KEPT = 3
"""Days of prices and positions kept; plans are kept while any slot of them is to come."""


class InForce(msgspec.Struct, frozen=True):
    """A schedule and the slots for which it is in force, unless a later one is."""

    window: Slots
    plan: Plan


class State(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is gathered for open sessions, days of prices and positions, plans, stored energy.

    ``state_wh`` [assets] was reported at ``state_at`` [s since the epoch], 0 before any report.
    ``book`` has the needs that stand; None, which is left out of the encoding, before any.
    """

    needs: dict[str, NeedsStated]
    forecasts: dict[str, ForecastIssued]
    spot: dict[str, tuple[Slots, Ints]]
    positions: dict[str, tuple[Slots, Ints]]
    plans: tuple[InForce, ...]
    state_wh: Ints
    state_at: int
    book: Book | None = None


class Posed(msgspec.Struct, frozen=True):
    """A session's problem, and the needs in it, which say which appliances its runs are.

    ``bindings`` are the bounds that needs which stand put on it.
    """

    problem: Problem
    needs: NeedsStated
    bindings: tuple[Binding, ...] = ()


class Scheduling:
    """Handlers bound to one community."""

    def __init__(self, community: Community) -> None:
        self._community = community
        self._members = len(community.members.ids)
        self._places = Places(community)

    def room(self) -> Room[State]:
        """Return the room for the loop."""
        opening = self._community.storage.opening_wh
        return Room(
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
        posed = self.posed(state, message)
        if isinstance(posed, str):
            return [PlanSkipped(session=message.session, reason=posed)]
        plan = named(solve(posed.problem), posed.problem, posed.needs, posed.bindings)
        plan = full_plan(plan, posed.needs, len(self._community.runs.ids))
        return [
            ScheduleSolved(
                session=message.session, window=message.window, horizon=message.horizon, plan=plan
            )
        ]

    def posed(self, state: State, message: PlanDue) -> Posed | str:
        """Return the problem of a session as it stands, or what is missing."""
        needs, forecast = state.needs.get(message.session), state.forecasts.get(message.session)
        spot = [piece for piece in state.spot.values() if covers(piece[0], message.window)]
        if needs is None or forecast is None or not spot:
            return "no main-market prices" if not spot else "no needs or no forecast"
        needs, forecast = self._with_runs(state, message.horizon, needs, forecast)
        bound = bind(self._places, needs, state.book.needs if state.book else ())
        inputs = Inputs(
            bound.stated,
            forecast,
            foreseen(message.horizon, list(state.spot.values()), spot[-1]),
            over(message.horizon, list(state.positions.values()), self._members),
            self._expected(state, message.horizon),
        )
        found = problem(self._community, message.horizon, inputs)
        found = msgspec.structs.replace(found, zones=capped(found.zones, bound))
        return Posed(found, bound.stated, bound.bindings)

    def _with_runs(
        self, state: State, horizon: Slots, needs: NeedsStated, forecast: ForecastIssued
    ) -> tuple[NeedsStated, ForecastIssued]:
        """Leave out appliances that have begun by then; what they still take is load."""
        schedules = ((item.window, item.plan.run_start) for item in state.plans)
        begun_at = begun(schedules, horizon, len(self._community.runs.ids))
        load = checked_add(forecast.load_wh, running_wh(self._community, horizon, begun_at))
        return still_wanted(needs, begun_at), msgspec.structs.replace(forecast, load_wh=load)

    def _expected(self, state: State, horizon: Slots) -> Ints:
        """Stored energy expected when a horizon begins: the plan's, moved by what is off now."""
        if state.state_at == horizon.start:
            return state.state_wh
        planned = _planned_state(state.plans, horizon.start)
        if planned is None:
            return state.state_wh
        now = _planned_state(state.plans, state.state_at)
        moved = planned if now is None else planned + state.state_wh - now
        return np.clip(moved, 0, self._community.storage.capacity_wh)

    def solved(self, state: State, message: ScheduleSolved, now: int) -> Step[State]:
        """Put a schedule in force for its window; forget what it was made from."""
        current = tuple(item for item in state.plans if item.window.end >= now)
        plans = (*current, InForce(message.window, _cut(message.plan, message.window.count)))
        return self._forget(msgspec.structs.replace(state, plans=plans), message.session), []

    def skipped(self, state: State, message: PlanSkipped, now: int) -> Step[State]:
        """Keep the schedule in force; forget what was gathered."""
        return self._forget(state, message.session), []

    def _forget(self, state: State, session: str) -> State:
        return msgspec.structs.replace(
            state,
            needs=_without(state.needs, session),
            forecasts=_without(state.forecasts, session),
        )

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
        for item in reversed(state.plans):
            if item.window.start <= message.slot < item.window.end:
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
        book, answer = desk.take(self._places, state.book or Book(), message, now)
        return _with_book(state, book), [answer]

    def withdraw_need(self, state: State, message: WithdrawNeed, now: int) -> Step[State]:
        """Take a need out of the book."""
        book, answer = desk.take_back(self._places, state.book or Book(), message, now)
        return _with_book(state, book), [answer]

    def telemetry(self, state: State, message: TelemetryReceived, now: int) -> Step[State]:
        """Note how much energy is stored."""
        end = message.slot + message.step
        return msgspec.structs.replace(state, state_wh=message.state_wh, state_at=end), []


def _with_book(state: State, book: Book) -> State:
    """Keep a book in which something was ever written."""
    return msgspec.structs.replace(state, book=book if book.versions else None)


def _kept(pieces: dict[str, T], day: str, piece: T) -> dict[str, T]:
    return dict(sorted({**pieces, day: piece}.items())[-PIECES_KEPT:])


def _without(values: dict[str, T], key: str) -> dict[str, T]:
    return {name: value for name, value in values.items() if name != key}


def _points(message: ForecastIssued) -> ForecastIssued:
    """Drop the quantiles, which this solver does not use."""
    none = np.zeros((0, 0, 0), np.int64)
    return msgspec.structs.replace(message, levels=(), load_quantiles_wh=none, pv_quantiles_wh=none)


def _cut(plan: Plan, count: int) -> Plan:
    """Keep the first ``count`` slots."""
    return msgspec.structs.replace(
        plan,
        net_wh=plan.net_wh[:, :count],
        curtail_wh=plan.curtail_wh[:, :count],
        charge_wh=plan.charge_wh[:, :count],
        discharge_wh=plan.discharge_wh[:, :count],
        state_wh=plan.state_wh[:, :count],
        zone_price=plan.zone_price[:, :count],
    )


def _planned_state(plans: tuple[InForce, ...], instant: int) -> Ints | None:
    """Stored energy [assets] that the latest plan foresees at an instant, None if none does."""
    for item in reversed(plans):
        if item.window.start < instant <= item.window.end:
            return item.plan.state_wh[:, (instant - item.window.start) // item.window.step - 1]
    return None


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
