"""Forecasting's part of the loop: remember what was measured, forecast what a session needs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import msgspec
import numpy as np

from gridpact.base.slots import Slots, covers, iso
from gridpact.base.units import Ints
from gridpact.forecasting.climatology import LEVELS, climatology, same_time
from gridpact.forecasting.memory import Past, Recent, columns, extended
from gridpact.forecasting.messages import (
    ForecastDue,
    ForecastIssued,
    HistoryLoaded,
    HistoryRequested,
)
from gridpact.forecasting.update import LOAD_MEMORY_S, SOLAR_MEMORY_S, Seen, updated
from gridpact.kernel.messages import Message
from gridpact.kernel.rooms import Room, Step
from gridpact.market.messages import SessionOpened
from gridpact.metering.messages import DayMetered, ReadingsReceived
from gridpact.registry.messages import CommunityOpened
from gridpact.registry.model import Community
from gridpact.scheduling.messages import TelemetryReceived

HISTORY_DAYS = 28
LATEST_SLOTS = 4
"""How many of the latest slots speak for the current forecast error."""


class Base(msgspec.Struct, frozen=True):
    """A day's forecast, which later ones of the same day update."""

    window: Slots
    load_wh: Ints
    pv_wh: Ints


class State(msgspec.Struct, frozen=True):
    """The measured past, the newest slots by start (ISO), and the day-ahead forecasts in use."""

    past: Past
    recent: dict[str, Recent]
    bases: tuple[Base, ...]


class Forecasting:
    """Handlers bound to one community."""

    def __init__(self, community: Community) -> None:
        self._calendar = community.calendar
        self._storage, self._runs = community.storage.member, community.runs.member
        self._plants = community.pv.member
        self._shape = (len(community.members.ids), len(community.pv.ids))

    def room(self) -> Room[State]:
        """Return the room for the loop."""
        past = Past.empty(*self._shape, self._calendar.step)
        return Room(
            "forecasting",
            State(past, {}, ()),
            {
                CommunityOpened: self.opened,
                HistoryLoaded: self.history,
                SessionOpened: self.session,
                TelemetryReceived: self.telemetry,
                ReadingsReceived: self.readings,
                DayMetered: self.day,
                ForecastIssued: self.issued,
            },
            {ForecastDue: self.forecast},
        )

    def opened(self, state: State, message: CommunityOpened, now: int) -> Step[State]:
        """Ask for the weeks before the first day."""
        step = self._calendar.step
        midnight = self._calendar.midnight(self._calendar.date_of(now) - timedelta(HISTORY_DAYS))
        start = -(-midnight // step) * step  # before a clock change days may begin within a slot
        return state, [HistoryRequested(slots=Slots(start, step, (now - start) // step))]

    def history(self, state: State, message: HistoryLoaded, now: int) -> Step[State]:
        """Take over what was measured before the run."""
        past = Past(
            message.slots, message.load_wh, message.load_known, message.pv_wh, message.pv_known
        )
        return msgspec.structs.replace(state, past=past), []

    def session(self, state: State, message: SessionOpened, now: int) -> Step[State]:
        """Forecast the horizon of every session that opens."""
        session = message.session
        return state, [ForecastDue(session=session.id, kind=session.kind, window=session.horizon)]

    def telemetry(self, state: State, message: TelemetryReceived, now: int) -> Step[State]:
        """Note what solar plants and flexible assets did; the load follows from the readings."""
        members = self._shape[0]
        flexible = _by_member(self._storage, message.charge_wh - message.discharge_wh, members)
        flexible += _by_member(self._runs, message.run_wh, members)
        own_pv = _by_member(self._plants, message.pv_wh, members)
        nothing = np.zeros(members, np.int64)
        unheard = None
        if not isinstance(message.reported, msgspec.UnsetType):
            unheard = _by_member(self._storage, ~message.reported * 1, members) > 0
        slot = Recent(
            message.slot,
            message.pv_wh,
            flexible,
            own_pv,
            nothing,
            nothing.astype(np.bool_),
            unheard,
        )
        return msgspec.structs.replace(state, recent={**state.recent, iso(message.slot): slot}), []

    def readings(self, state: State, message: ReadingsReceived, now: int) -> Step[State]:
        """Derive the inflexible load of the members whose meters reported."""
        slot = state.recent.get(iso(message.slot))
        if slot is None:  # no telemetry, so load and flexible use cannot be told apart
            return state, []
        if message.present.shape != slot.load_known.shape:  # metering refuses it whole
            return state, []
        net = message.withdrawal_wh - message.injection_wh
        load = np.maximum(net - slot.flexible_wh + slot.own_pv_wh, 0)
        sound = (message.withdrawal_wh >= 0) & (message.injection_wh >= 0)
        fresh = message.present & sound & ~slot.load_known
        if slot.unheard is not None:
            fresh &= ~slot.unheard
        slot = msgspec.structs.replace(
            slot,
            load_wh=np.where(fresh, load, slot.load_wh),
            load_known=slot.load_known | fresh,
        )
        return msgspec.structs.replace(state, recent={**state.recent, iso(message.slot): slot}), []

    def day(self, state: State, message: DayMetered, now: int) -> Step[State]:
        """Make a finished day part of the past."""
        end = message.slots.end
        keep = HISTORY_DAYS * 86400 // self._calendar.step
        return State(
            extended(state.past, state.recent, end, keep),
            {name: slot for name, slot in state.recent.items() if slot.slot >= end},
            tuple(base for base in state.bases if base.window.end > end),
        ), []

    def issued(self, state: State, message: ForecastIssued, now: int) -> Step[State]:
        """Keep a new day's forecast as the base of its updates."""
        if any(covers(base.window, message.window) for base in state.bases):
            return state, []
        base = Base(message.window, message.load_wh, message.pv_wh)
        return msgspec.structs.replace(state, bases=(*state.bases, base)), []

    def forecast(self, state: State, message: ForecastDue) -> Sequence[Message]:
        """Effect: forecast a window from the past, or update the day's forecast."""
        for base in state.bases:
            if covers(base.window, message.window):
                return [self._updated(state, base, message)]
        positions = same_time(self._calendar, state.past.slots, message.window)
        load, load_levels = climatology(state.past.load_wh, state.past.load_known, positions)
        pv, pv_levels = climatology(state.past.pv_wh, state.past.pv_known, positions)
        return [
            ForecastIssued(
                session=message.session,
                window=message.window,
                load_wh=load,
                pv_wh=pv,
                levels=LEVELS,
                load_quantiles_wh=load_levels,
                pv_quantiles_wh=pv_levels,
            )
        ]

    def _updated(self, state: State, base: Base, message: ForecastDue) -> ForecastIssued:
        first = base.window.index(message.window.start)
        latest = max(
            (slot.slot for slot in state.recent.values()),
            default=base.window.start - base.window.step,
        )
        seen = _latest(base.window, latest)
        found = columns(state.recent, seen, self._shape)
        lead = message.window.starts() - latest
        place = slice(base.window.index(seen.start), base.window.index(seen.start) + seen.count)
        rest = slice(first, first + message.window.count)
        load = updated(
            base.load_wh[:, rest],
            lead,
            Seen(found.load_wh, found.load_known, base.load_wh[:, place]),
            LOAD_MEMORY_S,
        )
        pv = updated(
            base.pv_wh[:, rest],
            lead,
            Seen(found.pv_wh, found.pv_known, base.pv_wh[:, place]),
            SOLAR_MEMORY_S,
        )
        none = np.zeros((0, 0, message.window.count), np.int64)
        return ForecastIssued(
            session=message.session,
            window=message.window,
            load_wh=load,
            pv_wh=pv,
            levels=(),
            load_quantiles_wh=none,
            pv_quantiles_wh=none,
        )


def _by_member(rows: Ints, values: Ints, members: int) -> Ints:
    """Sum asset values [assets] by their member row, shape [members]."""
    total = np.zeros(members, np.int64)
    np.add.at(total, rows, values)
    return total


def _latest(window: Slots, latest: int) -> Slots:
    """The last few slots of a window up to the one that starts at ``latest``."""
    end = min(max(latest + window.step, window.start), window.end)
    start = max(end - LATEST_SLOTS * window.step, window.start)
    # index() needs a slot inside the window, also when nothing has been seen yet
    start = min(start, window.end - window.step)
    return Slots(start, window.step, (end - start) // window.step if end > start else 0)
