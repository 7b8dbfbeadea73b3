"""Schedules to be looked at: of a solved fleet, or of a plan that a run recorded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec
import numpy as np

from gridpact.app.needs.late import Late
from gridpact.app.schedules.agreed import AgreedView, agreed_views
from gridpact.app.schedules.limits import LEAST_PRICE
from gridpact.app.schedules.model import Solved
from gridpact.app.schedules.posing import SessionProblem
from gridpact.app.schedules.tables import net_energy
from gridpact.base.slots import Slots
from gridpact.base.units import Floats, Ints
from gridpact.scheduling.fleet.columns import TABLES, per_slot
from gridpact.scheduling.problem import Plan, Problem

BUSY_WH = 0.5
"""Energy in a slot from which an asset counts as busy."""


class AssetView(msgspec.Struct, frozen=True):
    """What one asset does: ``takes`` and ``gives`` [slots] Wh at the grid side.

    ``state_wh`` is what storage holds after each slot, None for all others.
    """

    name: str
    kind: str
    zone: str
    takes: list[float]
    gives: list[float]
    state_wh: list[float] | None

    @property
    def takes_wh(self) -> float:
        """Energy taken in all."""
        return sum(self.takes)

    @property
    def gives_wh(self) -> float:
        """Energy given in all."""
        return sum(self.gives)

    @property
    def busy(self) -> int:
        """Slots in which it takes or gives anything."""
        return sum(one + other > BUSY_WH for one, other in zip(self.takes, self.gives, strict=True))


class ZoneView(msgspec.Struct, frozen=True):
    """A zone [slots]: net energy [Wh], limits [W, None: none] and their prices [µ¤/kWh]."""

    name: str
    net_wh: list[float]
    import_limit_w: list[float | None]
    export_limit_w: list[float | None]
    import_price: list[float]
    export_price: list[float]
    step: int

    @property
    def takes_wh(self) -> float:
        """Net energy taken in slots in which it takes any."""
        return sum(max(net, 0.0) for net in self.net_wh)

    @property
    def gives_wh(self) -> float:
        """Net energy given in slots in which it gives any."""
        return sum(max(-net, 0.0) for net in self.net_wh)

    @property
    def peak_w(self) -> float:
        """Largest net power either way."""
        return max(map(abs, self.net_wh), default=0.0) * 3600 / self.step

    @property
    def priced(self) -> int:
        """Slots in which a limit has a price."""
        pairs = zip(self.import_price, self.export_price, strict=True)
        return sum(one + other > LEAST_PRICE for one, other in pairs)


class MissedView(msgspec.Struct, frozen=True):
    """What a plan could not keep: by its conflict's ``kind``, of an asset, zone or need ``name``.

    It is missed from the slot that begins at ``start`` [s since the epoch] on, as
    :class:`~gridpact.scheduling.problem.Conflict` counts; ``needs`` are stated needs behind it.
    """

    kind: str
    name: str
    start: int
    missing_wh: int
    needs: tuple[str, ...]
    missing_nano: int = 0


class View(msgspec.Struct, frozen=True, kw_only=True):
    """Assets and zones of a session; ``starts`` are its slots [s since the epoch].

    ``missed`` is what a plan of a run could not keep, ``agreed`` what agreements ask of it.
    """

    title: str
    session: str
    currency: str
    timezone: str
    step: int
    starts: list[int]
    assets: tuple[AssetView, ...]
    zones: tuple[ZoneView, ...]
    missed: tuple[MissedView, ...] = ()
    agreed: tuple[AgreedView, ...] = ()


def of_solved(solved: Solved) -> View:
    """Show a solved fleet."""
    return View(
        title=solved.title,
        session=solved.session,
        currency=solved.currency,
        timezone=solved.timezone,
        step=solved.slots.step,
        starts=solved.slots.starts().tolist(),
        assets=tuple(_assets(solved)),
        zones=_zones(solved),
    )


def _assets(solved: Solved) -> Iterator[AssetView]:
    schedules = solved.solution.schedules()
    for table in TABLES:
        names = getattr(solved.names, table)
        if not names:
            continue
        net, zones = net_energy(schedules, table), getattr(solved.fleet, table).zone
        states = schedules.state_wh if table == "storage" else None
        for row, name in enumerate(names):
            state = None if states is None else states[row]
            yield _asset((name, table, solved.names.zones[int(zones[row])]), net[row], state)


def _asset(
    named: tuple[str, str, str], net: Floats | Ints, state: Floats | Ints | None
) -> AssetView:
    return AssetView(
        *named,
        takes=np.maximum(net, 0).tolist(),
        gives=np.maximum(-net, 0).tolist(),
        state_wh=None if state is None else state.tolist(),
    )


def _zones(solved: Solved) -> tuple[ZoneView, ...]:
    solution, zones = solved.solution, solved.fleet.zones
    shape = solution.net_wh.shape
    columns = (
        solution.net_wh,
        per_slot(zones.import_limit_w, *shape),
        per_slot(zones.export_limit_w, *shape),
        solution.prices.imports,
        solution.prices.exports,
    )
    named = enumerate(solved.names.zones)
    return tuple(
        _zone(name, [column[row] for column in columns], solved.slots) for row, name in named
    )


def _zone(name: str, columns: list[Floats], slots: Slots) -> ZoneView:
    net, imports, exports, import_price, export_price = columns
    return ZoneView(
        name,
        net.tolist(),
        [limit if np.isfinite(limit) else None for limit in imports.tolist()],
        [limit if np.isfinite(limit) else None for limit in exports.tolist()],
        import_price.tolist(),
        export_price.tolist(),
        slots.step,
    )


def of_plan(found: SessionProblem, late: Sequence[Late] = ()) -> View:
    """Show the plan that a run recorded, with the zones of its community.

    ``late`` are needs of the run that came too late for any plan.
    """
    slots = found.problem.slots
    return View(
        title=found.community.name,
        session=found.session,
        currency=found.community.currency,
        timezone=found.community.timezone,
        step=slots.step,
        starts=slots.starts().tolist(),
        assets=tuple(_planned(found)),
        zones=tuple(_planned_zones(found)),
        missed=(*missed_views(found), *late_views(late, found)),
        agreed=tuple(agreed_views(found)),
    )


def missed_views(found: SessionProblem, plan: Plan | None = None) -> Iterator[MissedView]:
    """Name what a plan could not keep; None is the plan that the run recorded."""
    plan = plan or found.recorded
    slots, community = found.problem.slots, found.community
    rows = {
        **dict.fromkeys(("need", "wished-state", "wished-power"), community.storage.ids),
        **dict.fromkeys(("run", "wished-run"), found.runs),
    }
    for one in plan.conflicts:
        if one.kind in ("sum", "unbound", "wished-sum", "soft"):
            name = ", ".join(one.needs)
        else:
            name = rows.get(one.kind, community.zones.ids)[one.row]
        start = slots.start + one.first_slot * slots.step
        yield MissedView(one.kind, name, start, one.missing_wh, one.needs, one.missing_nano)


def amount(one: MissedView, currency: str) -> str:
    """Write what is missing: money of what may not cost more, else energy."""
    if one.missing_nano:
        return f"{one.missing_nano / 1e9:,.4f} {currency}"
    return f"{one.missing_wh / 1000:,.3f} kWh"


def late_views(late: Sequence[Late], found: SessionProblem) -> Iterator[MissedView]:
    """Name what needs asked for on the day of a plan before any plan knew them."""
    calendar = found.community.calendar
    day = calendar.date_of(found.problem.slots.start)
    for need, unheld in late:
        if calendar.date_of(unheld.begin) == day:
            yield MissedView("late", need.id, unheld.begin, unheld.missing_wh, (need.id,))


def unmet(found: SessionProblem, solved: Solved) -> list[MissedView]:
    """Name what assets were asked for and a solve could not give them, with the needs behind it."""
    if solved.plan is None:
        return []
    return [one for one in missed_views(found, solved.plan) if not one.kind.startswith("zone")]


def _planned(found: SessionProblem) -> Iterator[AssetView]:
    problem, plan, community = found.problem, found.recorded, found.community
    members = community.members.ids
    net = plan.charge_wh - plan.discharge_wh
    for row, name in enumerate(community.storage.ids):
        home = members[int(problem.storage.home[row])]
        yield _asset((name, "storage", home), net[row], plan.state_wh[row])
    output = problem.pv_wh - plan.curtail_wh
    for plant in np.flatnonzero(problem.pv_wh.any(axis=1)).tolist():
        owner = members[plant]
        yield _asset((f"{owner}-solar", "curtailable", owner), -output[plant], None)
    yield from _planned_runs(found)


def _planned_runs(found: SessionProblem) -> Iterator[AssetView]:
    runs, members = found.problem.runs, found.community.members.ids
    ids = found.community.runs.ids
    for row, name in enumerate(found.runs):
        energy = np.zeros(found.problem.slots.count, np.int64)
        start = int(found.recorded.run_start[ids.index(name)])
        if start >= 0:
            energy[start : start + int(runs.length[row])] = runs.energy_wh[row]
        yield _asset((name, "runs", members[int(runs.home[row])]), energy, None)


def _planned_zones(found: SessionProblem) -> Iterator[ZoneView]:
    problem, plan = found.problem, found.recorded
    per_wh = 3600 / problem.slots.step
    net = zone_energy(problem, plan)
    price = plan.zone_price.astype(float)
    for row, name in enumerate(found.community.zones.ids):
        limits = [
            np.where(limit[row] >= 0, limit[row] * per_wh, np.inf)
            for limit in (problem.zones.import_limit_wh, problem.zones.export_limit_wh)
        ]
        sides = [np.maximum(price[row], 0.0), np.maximum(-price[row], 0.0)]
        yield _zone(name, [net[row].astype(float), *limits, *sides], problem.slots)


def zone_energy(problem: Problem, plan: Plan) -> Ints:
    """Net energy of zones with all below them [zones, slots] Wh."""
    zones = problem.zones
    net = np.zeros((len(zones.parent), plan.net_wh.shape[1]), np.int64)
    for home, own in enumerate(zones.zone.tolist()):
        above = own
        while above >= 0:
            net[above] += plan.net_wh[home]
            above = int(zones.parent[above])
    return net
