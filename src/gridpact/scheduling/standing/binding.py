"""Hold a session's problem to the needs that stand: bounds of storage, starts of runs, limits.

Times are resolved on the horizon by the community's clock; a window that has passed does nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import msgspec
import numpy as np

from gridpact.base.slots import Slots
from gridpact.base.units import Ints
from gridpact.scheduling.messages import NeedsStated
from gridpact.scheduling.needs.clock import instants
from gridpact.scheduling.needs.directory import Asset
from gridpact.scheduling.needs.model import (
    Action,
    Direction,
    Intervention,
    Need,
    PowerCap,
    Quiet,
    Run,
    StateOfCharge,
    Unavailable,
)
from gridpact.scheduling.problem import ZoneColumns
from gridpact.scheduling.standing.appliances import Ground, start_of
from gridpact.scheduling.standing.places import Places, touched

PPM = 1_000_000


class Binding(NamedTuple):
    """A bound that a need put on ``row`` for slots ``first ≤ slot < end``.

    ``side`` is ``lo`` or ``hi`` of storage, ``import`` or ``export`` of a zone, ``run`` of an
    appliance; ``bound_wh`` is the bound, 0 for a run.
    """

    need: str
    side: str
    row: int
    first: int
    end: int
    bound_wh: int


class Bound(NamedTuple):
    """Needs of owners with those that stand bound to them, caps on zones, and what came of whom.

    ``import_cap_wh`` and ``export_cap_wh`` [zones, slots] are -1 where no need caps a zone.
    """

    stated: NeedsStated
    import_cap_wh: Ints
    export_cap_wh: Ints
    bindings: tuple[Binding, ...]


def bind(places: Places, stated: NeedsStated, needs: Sequence[Need]) -> Bound:
    """Bind needs to what owners stated for a window; the tighter of two bounds counts."""
    draft = _Draft(places, stated)
    for need in needs:
        zones = places.zones(need)
        if isinstance(need, PowerCap) and zones is not None:
            draft.cap_zones(need, zones)
        else:
            for asset in places.assets(need):
                draft.bind(need, asset)
    draft.move_runs(needs)
    return draft.bound()


def capped(zones: ZoneColumns, bound: Bound) -> ZoneColumns:
    """Tighten the limits of zones to the caps that stand."""
    return msgspec.structs.replace(
        zones,
        import_limit_wh=_tighter(zones.import_limit_wh, bound.import_cap_wh),
        export_limit_wh=_tighter(zones.export_limit_wh, bound.export_cap_wh),
    )


def _tighter(limit: Ints, cap: Ints) -> Ints:
    """Return the lower of two limits, -1 being none."""
    return np.where(limit < 0, cap, np.where(cap < 0, limit, np.minimum(limit, cap)))


class _Draft:
    """Columns of a session while needs are bound to them."""

    def __init__(self, places: Places, stated: NeedsStated) -> None:
        self.places, self.stated = places, stated
        self.horizon: Slots = stated.window
        self.charge, self.discharge = stated.charge_max_wh.copy(), stated.discharge_max_wh.copy()
        self.lo, self.hi = stated.lo_wh.copy(), stated.hi_wh.copy()
        self.earliest, self.latest = stated.run_earliest.copy(), stated.run_latest.copy()
        none = np.full((len(places.community.zones.ids), self.horizon.count), -1, np.int64)
        self.imports, self.exports = none, none.copy()
        self.bindings: list[Binding] = []

    def bound(self) -> Bound:
        """What has been bound."""
        stated = msgspec.structs.replace(
            self.stated,
            charge_max_wh=self.charge,
            discharge_max_wh=self.discharge,
            lo_wh=self.lo,
            hi_wh=self.hi,
            run_earliest=self.earliest,
            run_latest=self.latest,
        )
        return Bound(stated, self.imports, self.exports, tuple(self.bindings))

    def bind(self, need: Need, asset: Asset) -> None:
        """Bind a need to one storage; other assets are bound elsewhere."""
        row = self.places.storage.get(asset.id)
        if row is None:
            return
        match need:
            case StateOfCharge():
                self._state(need, row, asset.capacity_wh or 0)
            case Quiet() | Unavailable():
                for first, end in self.places.touched(need.window, self.horizon):
                    self._close(row, slice(first, end), give=True)
            case Intervention(action=Action.STOP | Action.OFF):
                span = slice(*touched(self.horizon, need.begin, need.end))
                self._close(row, span, give=need.action is Action.OFF)
            case PowerCap():
                self._cap(need, row)

    def _state(self, need: StateOfCharge, row: int, capacity_wh: int) -> None:
        least, most = _least(need, capacity_wh), _most(need, capacity_wh)
        window, zone = self.horizon, self.places.timezone
        for instant, _ in instants(need.at, window.start, window.end, zone):
            slot = (instant - window.start) // window.step - 1
            if least is not None:
                self.lo[row, slot] = max(self.lo[row, slot], least)
                self.bindings.append(Binding(need.id, "lo", row, slot, slot + 1, least))
            if most is not None:
                self.hi[row, slot] = min(self.hi[row, slot], most)
                self.bindings.append(Binding(need.id, "hi", row, slot, slot + 1, most))

    def _close(self, row: int, slots: slice, give: bool) -> None:
        self.charge[row, slots] = 0
        if give:
            self.discharge[row, slots] = 0

    def _cap(self, need: PowerCap, row: int) -> None:
        takes = need.direction is Direction.TAKE
        power = (self.charge if takes else self.discharge)[row]
        most = need.most_w * self.horizon.step // 3600
        for first, end in self.places.touched(need.window, self.horizon):
            power[first:end] = np.minimum(power[first:end], most)

    def cap_zones(self, need: PowerCap, rows: Sequence[int]) -> None:
        """Cap what zones take or give."""
        side = "import" if need.direction is Direction.TAKE else "export"
        caps = self.imports if side == "import" else self.exports
        most = need.most_w * self.horizon.step // 3600
        for first, end in self.places.touched(need.window, self.horizon):
            for row in rows:
                now = caps[row, first:end]
                caps[row, first:end] = np.where(now < 0, most, np.minimum(now, most))
                self.bindings.append(Binding(need.id, side, row, first, end, most))

    def move_runs(self, needs: Sequence[Need]) -> None:
        """Move the starts of appliances that are still to run."""
        about: dict[int, list[Need]] = {}
        for need in needs:
            if isinstance(need, Run | Quiet | Unavailable | Intervention):
                for asset in self.places.assets(need):
                    about.setdefault(self.places.runs.get(asset.id, -1), []).append(need)
        for row, own in sorted(about.items()):
            if row >= 0 and self.earliest[row] >= 0:
                self._move(row, own)

    def _move(self, row: int, needs: Sequence[Need]) -> None:
        usual = int(self.earliest[row]), int(self.latest[row])
        start = start_of(row, usual, needs, Ground(self.horizon, self.places))
        self.earliest[row], self.latest[row] = start.earliest, start.latest
        self.bindings += [Binding(name, "run", row, *usual, 0) for name in start.needs]


def _least(need: StateOfCharge, capacity_wh: int) -> int | None:
    """Least stored energy, a share rounded up to whole Wh."""
    if need.least_ppm is not None:
        return -(-need.least_ppm * capacity_wh // PPM)
    return need.least_wh


def _most(need: StateOfCharge, capacity_wh: int) -> int | None:
    """Most stored energy, a share rounded down to whole Wh."""
    return need.most_wh if need.most_ppm is None else need.most_ppm * capacity_wh // PPM
