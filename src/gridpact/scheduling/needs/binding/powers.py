"""Needs that take power away or prescribe it: quiet hours, absence, interventions."""

from __future__ import annotations

import numpy as np

from gridpact.base.units import Floats
from gridpact.scheduling.fleet.additions import Row
from gridpact.scheduling.fleet.columns import UNBOUNDED
from gridpact.scheduling.needs.binding.draft import Draft, Located, Span, assets_together
from gridpact.scheduling.needs.binding.flows import cap_power
from gridpact.scheduling.needs.binding.states import per_slot_row
from gridpact.scheduling.needs.clock import shown
from gridpact.scheduling.needs.model import (
    Action,
    Direction,
    Intervention,
    Quiet,
    Unavailable,
)
from gridpact.scheduling.priorities.levels import Level

BOTH = (Direction.TAKE, Direction.GIVE)


def bind_rest(draft: Draft, need: Quiet | Unavailable) -> None:
    """Leave an asset no power; slots that are touched are closed whole."""
    if not draft.is_need(need):
        return
    spans = list(draft.spans(need, need.window, outward=True))
    for one in draft.located(need, skip_appliances=True):
        for span in spans if one.table != "runs" else ():
            _close(draft, need, one, span, BOTH)


def bind_intervention(draft: Draft, need: Intervention) -> None:
    """Do what a person says: stop and off close slots, charge and supply prescribe power."""
    site = draft.site
    begin, end = max(need.begin, site.start), min(need.end, site.end)
    if end <= begin or not draft.is_need(need):
        return
    closes = need.action in (Action.STOP, Action.OFF)
    span = draft.span(need, begin, end, outward=closes)
    if span is None:
        return
    for one in draft.located(need, skip_appliances=closes):
        if need.action is Action.STOP:
            _close(draft, need, one, span, (Direction.TAKE,))
        elif need.action is Action.OFF:
            _close(draft, need, one, span, BOTH)
        else:
            _prescribe(draft, need, one, span)


def _close(
    draft: Draft,
    need: Quiet | Unavailable | Intervention,
    one: Located,
    span: Span,
    ways: tuple[Direction, ...],
) -> None:
    if one.table == "curtailable" and Direction.GIVE in ways:
        draft.wide("curtailable", "forecast_wh")[one.row, span.first : span.end] = 0.0
        draft.note(need, ("curtailable", one.row), "forecast_wh", span)
        return
    for way in ways:
        cap_power(draft, need, one, span, (way, 0.0))


def _prescribe(draft: Draft, need: Intervention, one: Located, span: Span) -> None:
    """Bound power by the target from above, and ask for it from below as a contract does."""
    way = Direction.TAKE if need.action is Action.CHARGE else Direction.GIVE
    if one.table != "storage" and (one.table, way) != ("one_way", Direction.TAKE):
        draft.refuse(need, f"{one.asset.id} is not told to {need.action}", "name storage")
        return
    if one.table == "storage":
        column = "charge_w" if way is Direction.TAKE else "discharge_w"
        power = np.array(per_slot_row(draft, column, one.row)[span.first : span.end])
    else:
        power = draft.wide("one_way", "power_w")[one.row, span.first : span.end]
    if need.target_w is not None and need.target_w > power.min():
        draft.refuse(need, *_too_little(draft, need, one, span, power))
        return
    target = power if need.target_w is None else np.full(len(power), float(need.target_w))
    other = Direction.GIVE if way is Direction.TAKE else Direction.TAKE
    cap_power(draft, need, one, span, (other, 0.0))
    if need.target_w is not None:
        cap_power(draft, need, one, span, (way, need.target_w))
    for slot, watts in zip(range(span.first, span.end), target.tolist(), strict=True):
        _ask_for(draft, need, one, slot, (way, watts * draft.hours))


def _too_little(
    draft: Draft, need: Intervention, one: Located, span: Span, power: Floats
) -> tuple[str, str]:
    """Say that a span's power [slots] W never, or not always, reaches a target: problem, fix."""
    least, name = int(power.argmin()), one.asset.id
    own_w = one.asset.charge_w if need.action is Action.CHARGE else one.asset.discharge_w
    if power[least] > 0 or (own_w or 0) < (need.target_w or 0):
        problem = f"{name} has {power[least]:g} W, not {need.target_w} W"
        return problem, "give a target that it can reach"
    at = draft.site.start + (span.first + least) * draft.site.fleet.step_s
    when = shown(at, draft.site.timezone)
    return f"{name} is away or off at {when}", "ask for hours in which it is there"


def _ask_for(
    draft: Draft, need: Intervention, one: Located, slot: int, energy: tuple[Direction, float]
) -> None:
    way, wh = energy
    bounds = (wh, UNBOUNDED) if way is Direction.TAKE else (-UNBOUNDED, -wh)
    members = assets_together([(one.table, one.row)])
    draft.share(need, Row(*members, slot, slot + 1, *bounds), Level.CONTRACTS)
