"""Metering's part of the loop: take readings in, refuse what changes nothing, complete the day."""

from __future__ import annotations

from datetime import date, timedelta

import msgspec
import numpy as np

from gridpact.base.slots import Slots, iso
from gridpact.base.units import Bools, Ints
from gridpact.kernel.messages import Later
from gridpact.kernel.rooms import Room, Step
from gridpact.metering.estimation.linear import METHOD, filled
from gridpact.metering.messages import (
    DayClosed,
    DayMetered,
    ReadingsReceived,
    ReadingsRefused,
)
from gridpact.registry.messages import CommunityOpened
from gridpact.registry.model import Community


class Reported(msgspec.Struct, frozen=True):
    """What meters reported of one slot: Wh and mask, shape [members]."""

    slot: int
    withdrawal_wh: Ints
    injection_wh: Ints
    known: Bools


class State(msgspec.Struct, frozen=True):
    """Reported slots by start (ISO), and the instant before which every day is closed."""

    slots: dict[str, Reported]
    closed_until: int
    opens_at: int


class Metering:
    """Handlers bound to one community."""

    def __init__(self, community: Community) -> None:
        self._calendar = community.calendar
        self._cutoff = community.settlement.cutoff_s
        self._members = len(community.members.ids)

    def room(self) -> Room[State]:
        """Return the room for the loop."""
        return Room(
            "metering",
            State({}, 0, 0),
            {
                CommunityOpened: self.opened,
                ReadingsReceived: self.readings,
                DayClosed: self.closed,
            },
        )

    def opened(self, state: State, message: CommunityOpened, now: int) -> Step[State]:
        """Set the first day's cut-off."""
        first = date.fromisoformat(message.first_day)
        start = self._calendar.midnight(first)
        return State({}, start, start), [self._closing(first)]

    def _closing(self, day: date) -> Later:
        slots = self._calendar.day(day)
        return Later(slots.end + self._cutoff, DayClosed(day=str(day), slots=slots))

    def readings(self, state: State, message: ReadingsReceived, now: int) -> Step[State]:
        """Accept what is new; refuse duplicates, conflicts, and what comes too late, by row."""
        if not self._fits(message):
            none = np.zeros(0, np.int64)
            refused = ReadingsRefused(slot=message.slot, rows=none, reasons=("wrong-shape",))
            return state, [refused]
        before = state.slots.get(iso(message.slot)) or self._nothing(message.slot)
        problems = _problems(state, message, before, (now, self._calendar.step))
        taken = message.present & (problems == 0)
        after = Reported(
            message.slot,
            np.where(taken, message.withdrawal_wh, before.withdrawal_wh),
            np.where(taken, message.injection_wh, before.injection_wh),
            before.known | taken,
        )
        outs = []
        if (rows := np.flatnonzero(problems)).size:
            reasons = tuple(_REASONS[code] for code in problems[rows].tolist())
            outs = [ReadingsRefused(slot=message.slot, rows=rows, reasons=reasons)]
        if taken.any():
            state = msgspec.structs.replace(state, slots={**state.slots, iso(message.slot): after})
        return state, outs

    def _fits(self, message: ReadingsReceived) -> bool:
        """Tell whether the columns have one value for each member."""
        columns = (message.withdrawal_wh, message.injection_wh, message.present)
        return all(column.shape == (self._members,) for column in columns)

    def _nothing(self, slot: int) -> Reported:
        zero = np.zeros(self._members, np.int64)
        return Reported(slot, zero, zero, zero.astype(np.bool_))

    def closed(self, state: State, message: DayClosed, now: int) -> Step[State]:
        """Line the day's readings up, estimate what is missing, and set the next cut-off."""
        slots = message.slots
        withdrawal, injection, known = self._lined_up(state, slots)
        metered = DayMetered(
            day=message.day,
            slots=slots,
            withdrawal_wh=filled(withdrawal, known),
            injection_wh=filled(injection, known),
            estimated=~known,
            method=METHOD,
        )
        rest = {name: item for name, item in state.slots.items() if item.slot >= slots.end}
        following = self._closing(date.fromisoformat(message.day) + timedelta(days=1))
        return State(rest, slots.end, state.opens_at), [metered, following]

    def _lined_up(self, state: State, slots: Slots) -> tuple[Ints, Ints, Bools]:
        starts = slots.starts().tolist()
        found = [state.slots.get(iso(start)) or self._nothing(start) for start in starts]
        return (
            np.stack([item.withdrawal_wh for item in found], axis=1),
            np.stack([item.injection_wh for item in found], axis=1),
            np.stack([item.known for item in found], axis=1),
        )


_REASONS = ("", "duplicate", "conflict", "too-late", "negative", "unknown-slot")


def _problems(
    state: State, message: ReadingsReceived, before: Reported, clock: tuple[int, int]
) -> Ints:
    """Code of :data:`_REASONS` per member, 0 where the reading may be taken."""
    negative = (message.withdrawal_wh < 0) | (message.injection_wh < 0)
    same = (message.withdrawal_wh == before.withdrawal_wh) & (
        message.injection_wh == before.injection_wh
    )
    codes = np.zeros(before.known.size, np.int64)
    codes[before.known & same] = 1
    codes[before.known & ~same] = 2
    if message.slot < state.closed_until:
        codes[:] = 3
    codes[negative] = 4
    now, step = clock
    begun = state.opens_at <= message.slot and message.slot + step <= now
    if message.slot % step or not begun:
        codes[:] = 5
    return np.where(message.present, codes, 0)
