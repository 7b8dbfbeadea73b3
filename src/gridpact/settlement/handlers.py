"""Settlement's part of the loop: collect what a day is settled on, then write its statements."""

from __future__ import annotations

import msgspec
import numpy as np

from gridpact.base.slots import Slots, overlap
from gridpact.base.units import Bools, Ints, checked_add
from gridpact.kernel.rooms import Room, Step
from gridpact.market.messages import PricesPublished, SessionCleared
from gridpact.metering.messages import DayMetered
from gridpact.registry.model import Community
from gridpact.scheduling.messages import ScheduleSolved
from gridpact.settlement.day import Facts, Trades, laid_over
from gridpact.settlement.messages import ImbalancePublished
from gridpact.settlement.statements import received_minor, settle


class Open(msgspec.Struct, frozen=True):
    """A day not yet settled: what is known of it so far."""

    slots: Slots
    spot_micro_per_kwh: Ints
    trades: tuple[Trades, ...]
    planned_net_wh: Ints
    planned: Bools
    spread_micro_per_kwh: Ints


class State(msgspec.Struct, frozen=True):
    """Open days by ISO date, and the running balance of every member [minor units]."""

    days: dict[str, Open]
    settled_days: int
    balance_minor: Ints


class Settlement:
    """Handlers bound to one community."""

    def __init__(self, community: Community) -> None:
        self._community = community
        self._members = len(community.members.ids)

    def room(self) -> Room[State]:
        """Return the room for the loop."""
        return Room(
            "settlement",
            State({}, 0, np.zeros(self._members, np.int64)),
            {
                PricesPublished: self.prices,
                SessionCleared: self.cleared,
                ScheduleSolved: self.scheduled,
                ImbalancePublished: self.imbalance,
                DayMetered: self.metered,
            },
        )

    def prices(self, state: State, message: PricesPublished, now: int) -> Step[State]:
        """Open a day with its main-market prices."""
        shape = (self._members, message.slots.count)
        fresh = Open(
            message.slots,
            message.spot_micro_per_kwh,
            (),
            np.zeros(shape, np.int64),
            np.zeros(message.slots.count, np.bool_),
            np.zeros(message.slots.count, np.int64),
        )
        return _with(state, message.day, fresh), []

    def cleared(self, state: State, message: SessionCleared, now: int) -> Step[State]:
        """Add a session's trades to its day."""
        day = state.days.get(message.session.day)
        if day is None or not message.traded.any():
            return state, []
        rules = self._community.market.trading(message.session.kind)
        trades = (*day.trades, laid_over(day.slots, message, rules))
        changed = msgspec.structs.replace(day, trades=trades)
        return _with(state, message.session.day, changed), []

    def scheduled(self, state: State, message: ScheduleSolved, now: int) -> Step[State]:
        """Take the schedule's net energy as what members said they would do."""
        for name, day in state.days.items():
            here, there = overlap(day.slots, message.window)
            if here.start == here.stop:
                continue
            planned_net, planned = day.planned_net_wh.copy(), day.planned.copy()
            planned_net[:, here] = message.plan.net_wh[:, there]
            planned[here] = True
            changed = msgspec.structs.replace(day, planned_net_wh=planned_net, planned=planned)
            state = _with(state, name, changed)
        return state, []

    def imbalance(self, state: State, message: ImbalancePublished, now: int) -> Step[State]:
        """Note the imbalance prices of a day."""
        day = state.days.get(message.day)
        if day is None:
            return state, []
        changed = msgspec.structs.replace(day, spread_micro_per_kwh=message.spread_micro_per_kwh)
        return _with(state, message.day, changed), []

    def metered(self, state: State, message: DayMetered, now: int) -> Step[State]:
        """Settle the day; a day without prices stays open, for no statement may guess them."""
        facts = facts_of(state, message)
        if facts is None:
            return state, []
        done = settle(self._community, facts)
        rest = {name: item for name, item in state.days.items() if name != message.day}
        balance = checked_add(state.balance_minor, received_minor(done))
        return State(rest, state.settled_days + 1, balance), [done]


def facts_of(state: State, metered: DayMetered) -> Facts | None:
    """Return all that a metered day is settled on, None where its prices are unknown."""
    day = state.days.get(metered.day)
    if day is None:
        return None
    return Facts(
        metered,
        day.spot_micro_per_kwh,
        day.spread_micro_per_kwh,
        day.trades,
        day.planned_net_wh,
        day.planned,
    )


def _with(state: State, name: str, day: Open) -> State:
    return msgspec.structs.replace(state, days={**state.days, name: day})
