"""Supervision's part of the loop: compare what zones carried with what they may carry."""

from __future__ import annotations

import msgspec
import numpy as np

from gridpact.base.units import Ints
from gridpact.kernel.rooms import Room, Step
from gridpact.metering.messages import BoundaryRead
from gridpact.registry.model import Community
from gridpact.supervision.messages import LimitExceeded


class State(msgspec.Struct, frozen=True):
    """Number of slots in which each zone was over its limit, shape [zones]."""

    exceeded: Ints


class Supervision:
    """Handlers bound to one community."""

    def __init__(self, community: Community) -> None:
        zones = community.zones
        self._import = _per_slot(zones.import_limit_w, community.step_s)
        self._export = _per_slot(zones.export_limit_w, community.step_s)

    def room(self) -> Room[State]:
        """Return the room for the loop."""
        start = State(np.zeros(self._import.size, np.int64))
        return Room("supervision", start, {BoundaryRead: self.boundary})

    def boundary(self, state: State, message: BoundaryRead, now: int) -> Step[State]:
        """Raise an alarm that names every zone over its limit in the slot."""
        over_import = (self._import >= 0) & (message.import_wh > self._import)
        over_export = (self._export >= 0) & (message.export_wh > self._export)
        rows = np.flatnonzero(over_import | over_export)
        if not rows.size:
            return state, []
        imports = over_import[rows]
        alarm = LimitExceeded(
            slot=message.slot,
            zones=rows,
            energy_wh=np.where(imports, message.import_wh[rows], -message.export_wh[rows]),
            limit_wh=np.where(imports, self._import[rows], -self._export[rows]),
        )
        exceeded = state.exceeded.copy()
        exceeded[rows] += 1
        return State(exceeded), [alarm]


def _per_slot(limit_w: Ints, step: int) -> Ints:
    return np.where(limit_w < 0, -1, limit_w * step // 3600)
