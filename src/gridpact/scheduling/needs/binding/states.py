"""Needs about what is stored: states of charge, comfort bands, hot water, headroom."""

from __future__ import annotations

import math

import numpy as np

from gridpact.base.units import Bools, Floats
from gridpact.scheduling.fleet.heat import WATER_WH_PER_LITRE_K
from gridpact.scheduling.needs.binding.draft import Ask, Draft, Located, Span
from gridpact.scheduling.needs.binding.model import Warmth
from gridpact.scheduling.needs.clock import instants
from gridpact.scheduling.needs.model import Comfort, Headroom, HotWater, Need, StateOfCharge
from gridpact.scheduling.needs.times import Moment
from gridpact.scheduling.priorities.levels import Level


def bind_state(draft: Draft, need: StateOfCharge) -> None:
    """Bound what storage holds, and what assets that only charge are given."""
    for one in draft.located(need):
        if one.table not in ("storage", "one_way"):
            draft.refuse(need, f"{one.asset.id} stores nothing", "name a battery, car or tank")
            continue
        least, most = _wh(draft, need, one, "least"), _wh(draft, need, one, "most")
        for slot in _slots_before(draft, need, need.at):
            if one.table == "one_way":
                _charge_by(draft, need, one, slot, (least, most))
            else:
                ask(draft, need, one, slot, least)
                hold_at_most(draft, need, one, Span(slot, slot + 1), most)


def _wh(draft: Draft, need: StateOfCharge, one: Located, side: str) -> float | None:
    """Bound as energy; a share is one of the capacity."""
    energy: int | None = getattr(need, f"{side}_wh")
    share: int | None = getattr(need, f"{side}_ppm")
    if energy is not None:
        return float(energy)
    if share is None:
        return None
    if one.asset.capacity_wh is None:
        problem = f"the capacity of {one.asset.id} is not known"
        draft.refuse(need, problem, "register it, or ask in kWh")
        return None
    return share * one.asset.capacity_wh / 1e6


def _slots_before(draft: Draft, need: Need, at: Moment) -> list[int]:
    """Slots that end at a moment; one within a slot is refused."""
    site, found = draft.site, []
    for instant, _ in instants(at, site.start, site.end, site.timezone):
        slot, rest = divmod(instant - site.start, site.fleet.step_s)
        if rest:
            draft.refuse_time(need, instant)
        else:
            found.append(slot - 1)
    if not found:
        draft.later[need.id] = None
    return found


def ask(draft: Draft, need: Need, one: Located, slot: int, least_wh: float | None) -> None:
    """Ask storage to hold so much after a slot."""
    if least_wh is None:
        return
    if need.level not in (Level.NEEDS, Level.WISHES) or not need.hard:
        draft.is_need(need)
        return
    least_wh -= min(draft.site.rounding_wh, max(least_wh, 0.0))
    draft.asked.setdefault(one.row, []).append(Ask(slot, least_wh, need))


def hold_at_most(
    draft: Draft, need: Need, one: Located, span: Span, most: float | Floats | None
) -> None:
    """Let storage hold no more after these slots, whatever else."""
    if most is not None and draft.is_need(need):
        most = most + draft.site.rounding_wh
        high = draft.wide("storage", "hi_wh")[one.row]
        high[span.first : span.end] = np.minimum(high[span.first : span.end], most)
        own = float(most) if np.ndim(most) == 0 else None
        draft.note(need, ("storage", one.row), "hi_wh", span, bound=own)


def _charge_by(
    draft: Draft,
    need: StateOfCharge,
    one: Located,
    slot: int,
    bounds: tuple[float | None, float | None],
) -> None:
    """Turn a state into energy at the grid side that is due by the end of a slot."""
    least, most = bounds
    stored = draft.site.charging.get(one.asset.id)
    if stored is None:
        draft.refuse(need, f"what {one.asset.id} holds is not known", "read it, or ask for energy")
        return
    if most is not None:
        draft.refuse(need, f"{one.asset.id} only charges to what is due", "ask for the least")
    if least is None:
        return
    if need.level not in (Level.NEEDS, Level.WISHES) or not need.hard:
        draft.is_need(need)
        return
    energy = max(least - stored.state_wh, 0.0) / stored.efficiency
    draft.due.setdefault(one.row, []).append(Ask(slot, energy, need))


def bind_comfort(draft: Draft, need: Comfort) -> None:
    """Bound the heat of buildings and tanks, at both ends of a window and between."""
    for one in draft.located(need):
        warmth = warmth_of(draft, one)
        if warmth is None:
            problem = f"{one.asset.id} has no model of its heat"
            draft.refuse(need, problem, "give a building or tank")
            continue
        for span in draft.spans(need, need.window):
            after = span._replace(first=max(span.first - 1, 0))  # the state when it begins
            low, high = (
                None if bound is None else warmth.wh_per_k * (bound / 1000 - warmth.reference_c)
                for bound in (need.low_mc, need.high_mc)
            )
            for slot in range(after.first, after.end):
                ask(draft, need, one, slot, low)
            hold_at_most(draft, need, one, after, high)


def warmth_of(draft: Draft, one: Located) -> Warmth | None:
    """How the energy that an asset stores is its temperature; None where it is not known."""
    if one.table != "storage":
        return None
    building, tank = draft.site.buildings.get(one.asset.id), draft.site.tanks.get(one.asset.id)
    if building is not None:
        return Warmth(building.capacity_wh_per_k, float(np.min(building.coolest_c)))
    if tank is not None:
        whole = tank.litres * WATER_WH_PER_LITRE_K
        return Warmth(whole, tank.room_c, tank.litres, tank.mains_c)
    return draft.site.warmth.get(one.asset.id)


def bind_hot_water(draft: Draft, need: HotWater) -> None:
    """Draw water in the slot that begins then; the tank is as warm as asked before."""
    for one in draft.located(need):
        tank = warmth_of(draft, one)
        if tank is None or not tank.litres:
            draft.refuse(need, f"{one.asset.id} has no model of a tank", "name a tank")
            continue
        warm = need.temperature_mc / 1000
        heat = need.litres * (warm - tank.mains_c) * tank.wh_per_k / tank.litres
        least = tank.wh_per_k * (warm - tank.reference_c)
        for slot in _slots_before(draft, need, need.at):
            if slot + 1 >= draft.site.fleet.slots:
                draft.later[need.id] = None
                continue
            ask(draft, need, one, slot, least)
            kept = draft.number("storage", "kept", one.row)
            counted = (1 - kept) / -math.log(kept) if kept < 1 else 1.0
            draft.wide("storage", "draw_wh")[one.row, slot + 1] += counted * heat
            draft.note(need, ("storage", one.row), "draw_wh", Span(slot + 1, slot + 2))


def bind_headroom(draft: Draft, need: Headroom) -> None:
    """Keep power back, and the energy to sustain it, while it may be called and until it ends."""
    for one in draft.located(need):
        if one.table != "storage":
            draft.refuse(need, f"{one.asset.id} cannot hold power back", "name storage")
        elif (need.level is Level.CONTRACTS and need.hard) or draft.is_need(need):
            _keep_back(draft, need, one, list(draft.spans(need, need.window)))


def _keep_back(draft: Draft, need: Headroom, one: Located, spans: list[Span]) -> None:
    """Lower both powers in the window; keep energy until what begins last in it has ended."""
    slots, lasts = draft.site.fleet.slots, -(-need.sustained_s // draft.site.fleet.step_s)
    within, until = np.zeros(slots, np.bool_), np.zeros(slots, np.bool_)
    for span in spans:
        within[span.first : span.end] = True
        until[max(span.first - 1, 0) : span.end + lasts] = True
    powers = (("discharge_w", "give", need.up_w), ("charge_w", "take", need.down_w))
    for column, way, watts in powers if spans else ():
        most = draft.wide("storage", column)[one.row, within].min()
        if watts > most:
            problem = f"{one.asset.id} can {way} {most:g} W from standstill, not {watts} W"
            fix = "ask for no more than that: what it would stop doing is not counted"
            draft.refuse(need, problem, fix)
            return
    for column, _, watts in powers:
        if watts:
            draft.wide("storage", column)[one.row, within] -= watts
            note_each(draft, need, ("storage", one.row), column, within)
    _keep_energy(draft, need, one, until)


def _keep_energy(draft: Draft, need: Headroom, one: Located, until: Bools) -> None:
    place, hours = ("storage", one.row), need.sustained_s / 3600
    outward = draft.number("storage", "efficiency_out", one.row)
    if need.up_w:
        draft.wide("storage", "lo_wh")[one.row, until] += need.up_w * hours / outward
        note_each(draft, need, place, "lo_wh", until)
    if need.down_w:
        # less discharge leaves more in store than as much charge puts in
        inward = per_slot_row(draft, "efficiency_in", one.row)[until]
        feeds = per_slot_row(draft, "discharge_w", one.row).max() > 0
        gain = np.maximum(inward, 1 / outward) if feeds else inward
        draft.wide("storage", "hi_wh")[one.row, until] -= need.down_w * hours * gain
        note_each(draft, need, place, "hi_wh", until)


def per_slot_row(draft: Draft, column: str, row: int) -> Floats:
    """One row of a column of storage as it is now [slots], without widening the column."""
    if ("storage", column) in draft.columns:
        return np.asarray(draft.columns["storage", column][row])
    values = np.asarray(getattr(draft.site.fleet.storage, column), np.float64)
    own = values if values.ndim == 0 else values[row]
    return np.broadcast_to(own, (draft.site.fleet.slots,))


def note_each(draft: Draft, need: Need, place: tuple[str, int], column: str, where: Bools) -> None:
    """Note a bound for every stretch of slots that are marked."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], where.astype(np.int64), [0]])))
    for first, end in edges.reshape(-1, 2).tolist():
        draft.note(need, place, column, Span(first, end))
