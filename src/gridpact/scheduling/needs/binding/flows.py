"""Needs about power and energy of assets or zones together: caps, floors, energy within a window.

What an operator asks of several is a row of the portfolio, or the limit of a zone; what an owner
asks of one asset is a bound on that asset's own power.
"""

from __future__ import annotations

import numpy as np

from gridpact.scheduling.fleet.additions import Row
from gridpact.scheduling.fleet.columns import UNBOUNDED
from gridpact.scheduling.needs.binding.draft import (
    Ask,
    Draft,
    Located,
    Members,
    Span,
    assets_together,
)
from gridpact.scheduling.needs.directory import is_own_home
from gridpact.scheduling.needs.model import (
    Direction,
    EnergyWithin,
    Group,
    Need,
    PowerCap,
    PowerFloor,
)
from gridpact.scheduling.needs.times import Window
from gridpact.scheduling.priorities.levels import Level

_POWER = {
    ("storage", Direction.TAKE): "charge_w",
    ("storage", Direction.GIVE): "discharge_w",
    ("one_way", Direction.TAKE): "power_w",
    ("generators", Direction.GIVE): "max_w",
}
"""Column that bounds the power of a table's assets in a direction."""
_ONE_WAY_ONLY = {
    ("one_way", Direction.GIVE),
    ("generators", Direction.TAKE),
    ("curtailable", Direction.TAKE),
    ("runs", Direction.GIVE),
}
"""What never flows, so that no cap on it binds."""


def bind_cap(draft: Draft, need: PowerCap) -> None:
    """Bind a cap on power."""
    zone = _one_zone(draft, need)
    if zone is not None and need.level is Level.GRID:
        for span in draft.spans(need, need.window):
            _zone_limit(draft, need, zone, span)
    elif need.level in (Level.GRID, Level.CONTRACTS):
        energy = need.most_w * draft.hours
        bounds = _signed(need.direction, None, energy)
        _each_slot(draft, need, need.window, bounds)
    else:
        _own_cap(draft, need)


def bind_floor(draft: Draft, need: PowerFloor) -> None:
    """Bind a floor under power; what an owner asks of storage gives way as contracts do."""
    bounds = _signed(need.direction, need.least_w * draft.hours, None)
    if need.level in (Level.GRID, Level.CONTRACTS):
        _each_slot(draft, need, need.window, bounds)
    elif all(one.table == "storage" for one in draft.located(need)):
        if draft.is_need(need):
            _each_slot(draft, need, need.window, bounds, Level.CONTRACTS)
    else:
        problem = "a floor under power is of storage, or gives way as the grid's or contracts"
        draft.refuse(need, problem, "ask for energy by a time, or let an operator ask")


def bind_energy(draft: Draft, need: EnergyWithin) -> None:
    """Bind energy within each window."""
    if need.level not in (Level.GRID, Level.CONTRACTS):
        _own_energy(draft, need)
        return
    members = _members(draft, need)
    if members is not None:
        _energy_rows(draft, need, members, need.level)


def _energy_rows(draft: Draft, need: EnergyWithin, members: Members, level: Level) -> None:
    """Bound net energy in each window, which gives way at a level."""
    for span in draft.spans(need, need.window):
        so_far = draft.site.so_far_wh.get(need.id)
        if span.began and so_far is None:
            problem = "a window has begun, and what flowed so far is not known"
            draft.refuse(need, problem, "give so_far_wh")
            continue
        done = so_far if span.began and so_far is not None else 0
        least = None if need.least_wh is None or span.goes_on else need.least_wh - done
        most = None if need.most_wh is None else max(need.most_wh - done, 0)
        if span.goes_on:
            draft.later[need.id] = None
        if (least, most) != (None, None):
            low, high = _signed(need.direction, least, most)
            _share(draft, need, members, span, (low, high), level)


def _share(
    draft: Draft,
    need: Need,
    members: Members,
    span: Span,
    bounds: tuple[float, float],
    level: Level,
) -> None:
    """Add a row on net energy, less what zones of it bought already and leave out."""
    traded, zones = draft.site.traded_wh, list(members.zones)
    done = 0.0 if traded is None else float(traded[zones, span.first : span.end].sum())
    row = Row(*members, span.first, span.end, bounds[0] - done, bounds[1] - done)
    draft.share(need, row, level)


def _signed(direction: Direction, least: float | None, most: float | None) -> tuple[float, float]:
    """Bounds of net energy, positive when taken from the grid."""
    low = -UNBOUNDED if least is None else least
    high = UNBOUNDED if most is None else most
    return (low, high) if direction is Direction.TAKE else (-high, -low)


def _members(draft: Draft, need: Need) -> Members | None:
    """Zones and assets that a need is about; None where refused."""
    if not need.hard:
        draft.is_need(need)
        return None
    zones = _zones(draft, need)
    if zones is not None:
        return Members(tuple(sorted(zones)), ())
    before, assets = len(draft.faults), draft.located(need)
    if len(draft.faults) > before:
        return None
    if not assets:
        draft.refuse(need, "is about no asset of the fleet", "name some that are")
        return None
    return assets_together((one.table, one.row) for one in assets)


def _zones(draft: Draft, need: Need) -> tuple[int, ...] | None:
    """Rows of zones that an operator's need, or one of an own home, is about; None: of assets."""
    subject, site = need.subject, draft.site
    if not isinstance(subject, Group):
        return None
    if not (site.directory.spans_all(need.owner) or is_own_home(need)):
        return None
    if subject.by == "community":
        return tuple(np.flatnonzero(np.asarray(site.fleet.zones.parent) < 0).tolist())
    if subject.by in ("zone", "feeder") and set(subject.names) <= set(site.zones):
        return tuple(site.zones[name] for name in subject.names)
    known = [site.groups.get((subject.by, name)) for name in subject.names]
    homes = {row for rows in known if rows is not None for row in rows}
    return tuple(sorted(homes)) if None not in known else None


def _one_zone(draft: Draft, need: Need) -> int | None:
    zones, unlimited = _zones(draft, need), draft.site.unlimited_from
    if zones is None or len(zones) != 1:
        return None
    return zones[0] if unlimited is None or zones[0] < unlimited else None


def _zone_limit(draft: Draft, need: PowerCap, zone: int, span: Span) -> None:
    column = "import_limit_w" if need.direction is Direction.TAKE else "export_limit_w"
    limit = draft.wide("zones", column)[zone]
    limit[span.first : span.end] = np.minimum(limit[span.first : span.end], need.most_w)
    draft.note(need, ("zones", zone), column, span, firm=False, bound=float(need.most_w))


def _each_slot(
    draft: Draft,
    need: Need,
    window: Window,
    bounds: tuple[float, float],
    level: Level | None = None,
) -> None:
    members = _members(draft, need)
    if members is None:
        return
    for span in draft.spans(need, window):
        for slot in range(span.first, span.end):
            own = need.level if level is None else level
            _share(draft, need, members, Span(slot, slot + 1), bounds, own)


def _own_cap(draft: Draft, need: PowerCap) -> None:
    """Bound the power of one asset, or of storage together, which gives way as contracts do."""
    assets = draft.located(need)
    if len(assets) > 1 and all(one.table == "storage" for one in assets):
        if draft.is_need(need):
            bounds = _signed(need.direction, None, need.most_w * draft.hours)
            _each_slot(draft, need, need.window, bounds, Level.CONTRACTS)
    elif len(assets) > 1:
        problem = f"{len(assets)} assets together have no bound of their own"
        draft.refuse(need, problem, "name one asset, or let an operator ask")
    elif assets and draft.is_need(need):
        for span in draft.spans(need, need.window):
            cap_power(draft, need, assets[0], span, (need.direction, need.most_w))


def cap_power(
    draft: Draft, need: Need, one: Located, span: Span, cap: tuple[Direction, float]
) -> None:
    """Bound the power of one asset in these slots, whatever else."""
    direction, most = cap
    column = _POWER.get((one.table, direction))
    if (one.table, direction) in _ONE_WAY_ONLY:
        return
    if one.table == "curtailable":
        _cap_solar(draft, need, one, span, most)
    elif column is None:
        problem = f"the power of {one.asset.id} is fixed while it runs"
        draft.refuse(need, problem, "bound when it runs instead")
    else:
        power = draft.wide(one.table, column)[one.row]
        power[span.first : span.end] = np.minimum(power[span.first : span.end], most)
        if one.table == "generators":
            least = draft.wide(one.table, "min_w")[one.row, span.first : span.end]
            least[:] = np.where(power[span.first : span.end] > 0, least, 0.0)
        draft.note(need, (one.table, one.row), column, span)


def _cap_solar(draft: Draft, need: Need, one: Located, span: Span, most: float) -> None:
    """Solar power above a cap is never there to be paid for: exact where cutting costs nothing."""
    free = not draft.number("curtailable", "cost", one.row)
    if not free or draft.number("curtailable", "least", one.row):
        problem = f"cutting {one.asset.id} costs something, or it may not be cut"
        draft.refuse(need, problem, "let an operator ask")
        return
    given = draft.wide("curtailable", "forecast_wh")[one.row]
    given[span.first : span.end] = np.minimum(given[span.first : span.end], most * draft.hours)
    draft.note(need, ("curtailable", one.row), "forecast_wh", span)


def _own_energy(draft: Draft, need: EnergyWithin) -> None:
    """Make energy due of one asset that only charges; that of storage gives way as contracts do."""
    assets = draft.located(need)
    if assets and all(one.table == "storage" for one in assets):
        if draft.is_need(need):
            members = assets_together((one.table, one.row) for one in assets)
            _energy_rows(draft, need, members, Level.CONTRACTS)
        return
    charges = len(assets) == 1 and assets[0].table == "one_way"
    only_least = need.direction is Direction.TAKE and need.most_wh is None
    if not (charges and only_least) or need.least_wh is None:
        problem = "an owner's energy within a window is of storage, or due of what only charges"
        draft.refuse(need, problem, "name storage, or one such asset")
        return
    spans = list(draft.spans(need, need.window))
    if len(spans) > 1 or any(span.goes_on for span in spans):
        draft.later[need.id] = None
    for span in [one for one in spans if not one.goes_on][:1]:
        _due_within(draft, need, assets[0], span, need.least_wh)


def _due_within(draft: Draft, need: Need, one: Located, span: Span, least_wh: int) -> None:
    """Ask for energy by the end of a window, and let it be drawn within the window alone."""
    so_far = draft.site.so_far_wh.get(need.id)
    if span.began and so_far is None:
        problem = "a window has begun, and what flowed so far is not known"
        draft.refuse(need, problem, "give so_far_wh")
    elif need.level in (Level.NEEDS, Level.WISHES) and need.hard:
        due = max(least_wh - (so_far or 0 if span.began else 0), 0)
        draft.due.setdefault(one.row, []).append(Ask(span.end - 1, float(due), need))
        power = draft.wide("one_way", "power_w")[one.row]
        power[: span.first] = 0.0
        draft.note(need, ("one_way", one.row), "power_w", span)
    else:
        draft.is_need(need)
