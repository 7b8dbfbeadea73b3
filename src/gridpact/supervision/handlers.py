"""Supervision's part of the loop: compare what zones carried with what they may carry."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np
from msgspec.structs import replace

from gridpact.base.units import Ints
from gridpact.kernel.messages import Message
from gridpact.kernel.rooms import Room, Step
from gridpact.metering.messages import BoundaryRead, ReadingsReceived
from gridpact.registry.model import Community
from gridpact.scheduling.messages import NeedStated, NeedWithdrawn, TelemetryReceived
from gridpact.scheduling.needs.model import Direction
from gridpact.scheduling.standing.places import Places
from gridpact.supervision.caps import Cap, cap_of, stated, tightest, totals
from gridpact.supervision.groups import (
    Heard,
    assets_over,
    homes_over,
    with_readings,
    without_caps,
)
from gridpact.supervision.messages import LimitExceeded, TotalExceeded


class State(msgspec.Struct, frozen=True, omit_defaults=True):
    """Number of slots in which each zone was over its limit, shape [zones].

    ``caps`` are the limits that operators stated and that stand, in that order; ``heard`` are
    readings of homes of which caps wait for more.
    """

    exceeded: Ints
    caps: tuple[Cap, ...] = ()
    heard: tuple[Heard, ...] = ()


class Supervision:
    """Handlers bound to one community."""

    def __init__(self, community: Community) -> None:
        zones = community.zones
        self._places = Places(community)
        self._import = _per_slot(zones.import_limit_w, community.step_s)
        self._export = _per_slot(zones.export_limit_w, community.step_s)

    def room(self) -> Room[State]:
        """Return the room for the loop."""
        start = State(np.zeros(self._import.size, np.int64))
        return Room(
            "supervision",
            start,
            {
                BoundaryRead: self.boundary,
                ReadingsReceived: self.readings,
                TelemetryReceived: self.telemetry,
                NeedStated: self.stated,
                NeedWithdrawn: self.withdrawn,
            },
        )

    def stated(self, state: State, message: NeedStated, now: int) -> Step[State]:
        """Know a limit that an operator states, from the next slot on."""
        cap = cap_of(self._places, message.need, now)
        return state if cap is None else replace(state, caps=stated(state.caps, cap)), []

    def withdrawn(self, state: State, message: NeedWithdrawn, now: int) -> Step[State]:
        """Forget a limit that is withdrawn."""
        left = tuple(cap for cap in state.caps if cap.need.id != message.id)
        return replace(state, caps=left, heard=without_caps(state.heard, left)), []

    def readings(self, state: State, message: ReadingsReceived, now: int) -> Step[State]:
        """Raise an alarm over what homes carried together, once all of them have reported."""
        fits = len(message.present) == len(message.withdrawal_wh) == len(message.injection_wh)
        if not any(cap.homes for cap in state.caps) or not fits:
            return state, []
        heard, known, of_slot = with_readings(state.heard, state.caps, message)
        over = tuple(homes_over(self._places, state.caps, known, of_slot)) if of_slot else ()
        return replace(state, heard=heard), _alarm(message.slot, over)

    def telemetry(self, state: State, message: TelemetryReceived, now: int) -> Step[State]:
        """Raise an alarm over what assets carried together."""
        if not any(cap.assets for cap in state.caps):
            return state, []
        over = tuple(assets_over(self._places, state.caps, message))
        return state, _alarm(message.slot, over)

    def boundary(self, state: State, message: BoundaryRead, now: int) -> Step[State]:
        """Raise an alarm that names every zone, and zones together, over a limit in the slot."""
        taken = tightest(self._places, self._import, state.caps, Direction.TAKE, message.slot)
        given = tightest(self._places, self._export, state.caps, Direction.GIVE, message.slot)
        over_import = (taken.most_wh >= 0) & (message.import_wh > taken.most_wh)
        over_export = (given.most_wh >= 0) & (message.export_wh > given.most_wh)
        rows = np.flatnonzero(over_import | over_export)
        together = self._together(state.caps, message)
        if not rows.size and not together:
            return state, []
        imports = over_import[rows]
        alarm = LimitExceeded(
            slot=message.slot,
            zones=rows,
            energy_wh=np.where(imports, message.import_wh[rows], -message.export_wh[rows]),
            limit_wh=np.where(imports, taken.most_wh[rows], -given.most_wh[rows]),
            needs=_names(state.caps, np.where(imports, taken.cap[rows], given.cap[rows])),
            together=together,
        )
        exceeded = state.exceeded.copy()
        exceeded[rows] += 1
        return replace(state, exceeded=exceeded), [alarm]

    def _together(self, caps: Sequence[Cap], message: BoundaryRead) -> tuple[TotalExceeded, ...]:
        """Find the limits of several zones together that were exceeded in a slot."""
        net, found = message.import_wh - message.export_wh, list[TotalExceeded]()
        for direction, sign in ((Direction.TAKE, 1), (Direction.GIVE, -1)):
            for one in totals(self._places, caps, direction, message.slot):
                energy, limit = int(net[list(one.rows)].sum()), sign * one.most_wh
                if sign * energy > one.most_wh:
                    found.append(TotalExceeded(caps[one.cap].need.id, one.rows, energy, limit))
        return tuple(found)


def _alarm(slot: int, over: tuple[TotalExceeded, ...]) -> list[Message]:
    """Return the alarm about groups that are no zones, if there is anything to tell."""
    none = np.zeros(0, np.int64)
    made = LimitExceeded(slot=slot, zones=none, energy_wh=none, limit_wh=none, together=over)
    return [made] if over else []


def _names(caps: Sequence[Cap], places: Ints) -> tuple[str, ...]:
    """Identifiers of caps by place, "" for -1; empty where there are none but these."""
    names = tuple(caps[place].need.id if place >= 0 else "" for place in places.tolist())
    return names if any(names) else ()


def _per_slot(limit_w: Ints, step: int) -> Ints:
    return np.where(limit_w < 0, -1, limit_w * step // 3600)
