"""What headroom is found from: the set-points in force, and what owners stated when they were made.

Schedules in force and statements cover windows of their own; here they are laid one over the
other, the latest on top, from a slot on as far as both are known. What owners asked for or switched
off since binds already: an asset is not counted on for more than it may still do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from gridpact.base.slots import Slots, overlap
from gridpact.base.units import Ints
from gridpact.registry.model import Community
from gridpact.registry.tariffs import outside_prices
from gridpact.scheduling.activation.holding import states_after
from gridpact.scheduling.activation.lasting import left_out
from gridpact.scheduling.activation.model import Ground
from gridpact.scheduling.activation.planned import Planned
from gridpact.scheduling.contracted.asked import contracted
from gridpact.scheduling.messages import NeedsStated
from gridpact.scheduling.needs.model import Need
from gridpact.scheduling.posing import moved
from gridpact.scheduling.prepare import foreseen, storage_columns, zone_columns
from gridpact.scheduling.standing.binding import bind, capped
from gridpact.scheduling.standing.decided import closed
from gridpact.scheduling.standing.places import Places
from gridpact.scheduling.standing.tallies import past_of
from gridpact.scheduling.state import State

STATED = ("charge_max_wh", "discharge_max_wh", "lo_wh", "hi_wh", "draw_wh")
"""Columns of a statement by slot."""
PLANNED = ("charge_wh", "discharge_wh", "net_wh", "curtail_wh")
"""Columns of a schedule by slot that are laid over each other."""


def planned_from(places: Places, state: State, begin: int) -> Planned | None:
    """Lay out what is planned and stated from a slot on; None where nothing is for that slot."""
    community = places.community
    grounds = state.activations.grounds if state.activations else ()
    window = _known(state, grounds, begin, community.step_s)
    if window is None or state.operation is None or not state.spot:
        return None
    plans = [(item.window, item.plan) for item in state.plans]
    columns = {name: _laid(window, [(w, getattr(p, name)) for w, p in plans]) for name in PLANNED}
    stated = _stated(grounds, window, len(community.runs.ids))
    days = list(state.spot.values())
    outside = outside_prices(community.tariffs, foreseen(window, days, days[-1]))
    needs: Sequence[Need] = (
        *(state.book.needs if state.book else ()),
        *contracted(places, state.contracts, window, None).needs,
    )
    past = past_of(places, state, begin, outside.all_in_import)
    bound = bind(places, stated, needs, past)
    may = bound.stated
    if state.decided is not None:
        may = closed(community, may, state.decided)
    columns = {**columns, **_allowed(community, may, columns)}
    bounds = {name: getattr(may, name) for name in STATED[:-1]}
    return Planned(
        slots=window,
        storage=community.storage,
        zones=capped(zone_columns(community, window), bound),
        state_wh=_states(community, state, stated, columns["charge_wh"], columns["discharge_wh"]),
        pv_wh=_laid(window, [(ground.needs.window, ground.pv_wh) for ground in grounds]),
        import_price=outside.all_in_import,
        export_price=outside.supplier_export,
        out=left_out(state),
        sums=bound.sums,
        **columns,
        **bounds,
    )


def grounds_with(grounds: tuple[Ground, ...], new: Ground, now: int) -> tuple[Ground, ...]:
    """Keep a statement on top of others; those that it hides, or that are over, are forgotten."""
    hidden = new.needs.window
    kept = (
        each
        for each in grounds
        if each.needs.window.end > now
        and not (
            hidden.start <= max(each.needs.window.start, now)
            and each.needs.window.end <= hidden.end
        )
    )
    return (*kept, new)


def _known(state: State, grounds: Sequence[Ground], begin: int, step: int) -> Slots | None:
    """Slots from an instant on that schedules and statements both cover."""
    ends = [
        _reach(begin, [item.window for item in state.plans]),
        _reach(begin, [ground.needs.window for ground in grounds]),
    ]
    count = (min(ends) - begin) // step
    return Slots(begin, step, count) if count > 0 else None


def _reach(begin: int, windows: Sequence[Slots]) -> int:
    """How far windows reach from an instant on without a gap [s since the epoch]."""
    end = begin
    for window in sorted(windows, key=lambda each: each.start):
        if window.start <= end:
            end = max(end, window.end)
    return end


def _laid(window: Slots, pieces: Sequence[tuple[Slots, Ints]]) -> Ints:
    """Lay pieces [rows, slots] over a window, the last on top."""
    laid = np.zeros((len(pieces[0][1]), window.count), np.int64)
    for slots, values in pieces:
        here, there = overlap(window, slots)
        laid[:, here] = values[:, there]
    return laid


def _stated(grounds: Sequence[Ground], window: Slots, runs: int) -> NeedsStated:
    """What owners stated, for a window; appliances are left out."""
    needs = [ground.needs for ground in grounds]
    columns = {
        name: _laid(window, [(each.window, getattr(each, name)) for each in needs])
        for name in STATED
    }
    nowhere = np.full(runs, -1, np.int64)
    return NeedsStated(
        session="", window=window, run_earliest=nowhere, run_latest=nowhere, **columns
    )


def _allowed(
    community: Community, may: NeedsStated, columns: Mapping[str, Ints]
) -> dict[str, Ints]:
    """Set-points cut to what owners leave, who may have said so after they were made."""
    charge = np.minimum(columns["charge_wh"], may.charge_max_wh)
    discharge = np.minimum(columns["discharge_wh"], may.discharge_max_wh)
    net = columns["net_wh"].copy()
    cut = columns["charge_wh"] - charge - (columns["discharge_wh"] - discharge)
    np.subtract.at(net, community.storage.member, cut)
    return {"charge_wh": charge, "discharge_wh": discharge, "net_wh": net}


def _states(
    community: Community, state: State, stated: NeedsStated, charge_wh: Ints, discharge_wh: Ints
) -> Ints:
    """States [assets, slots] that set-points lead to from what is stored now, whole Wh."""
    begin = stated.window.start
    now = state.state_wh if state.state_at == begin else moved(community, state, begin)
    table = storage_columns(community, stated, now)
    return states_after(table, charge_wh, discharge_wh)


def ground_of(community: Community, state: State, name: str) -> Ground | None:
    """What a session or re-solve of this name was made from; None where it is not known."""
    needs, forecast = state.needs.get(name), state.forecasts.get(name)
    if needs is None or forecast is None:
        return None
    pv = np.zeros((len(community.members.ids), needs.window.count), np.int64)
    here, there = overlap(needs.window, forecast.window)
    np.add.at(pv[:, here], community.pv.member, forecast.pv_wh[:, there])
    return Ground(needs, pv)
