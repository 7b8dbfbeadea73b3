"""The problem of a session as it stands: needs, prices, forecast, and what is expected stored."""

from __future__ import annotations

import msgspec
import numpy as np

from gridpact.base.slots import Slots, covers
from gridpact.base.units import Ints, checked_add
from gridpact.forecasting.messages import ForecastIssued
from gridpact.registry.model import Community
from gridpact.registry.tariffs import outside_prices
from gridpact.scheduling.activation.holding import Held
from gridpact.scheduling.activation.lasting import held_over, lasting, with_runs
from gridpact.scheduling.appliances import begun, running_wh, still_wanted
from gridpact.scheduling.contracted.asked import Contracted, contracted
from gridpact.scheduling.contracted.naming import by_agreement, in_name_of
from gridpact.scheduling.messages import NeedsStated
from gridpact.scheduling.needs.model import Need
from gridpact.scheduling.prepare import Inputs, foreseen, over, problem, wanted_runs
from gridpact.scheduling.problem import Firm, Problem
from gridpact.scheduling.standing.binding import capped
from gridpact.scheduling.standing.bound_sums import Binding
from gridpact.scheduling.standing.day_site import Past, floor_wh
from gridpact.scheduling.standing.decided import closed, fixed
from gridpact.scheduling.standing.places import Places
from gridpact.scheduling.standing.tallies import past_of
from gridpact.scheduling.standing.tiers import bind_tiers, soft_of, wished_of
from gridpact.scheduling.state import InForce, State


class Posed(msgspec.Struct, frozen=True):
    """A session's problem, and the needs in it, which say which appliances its runs are.

    ``bindings`` are the bounds that needs which stand put on it; ``held`` are set-points that it
    must keep while activations last, or because owners decided so. ``unbound`` are needs that
    cannot be held to as things are, ``past`` is what they were bound beside. ``contracts`` are the
    needs among them that agreements make, each binding in the name of its agreement.
    """

    problem: Problem
    needs: NeedsStated
    bindings: tuple[Binding, ...] = ()
    held: Held | None = None
    unbound: tuple[str, ...] = ()
    past: Past = Past()
    contracts: tuple[Need, ...] = ()


class Posing:
    """Puts problems together for one community."""

    def __init__(self, community: Community, places: Places) -> None:
        self.community, self.places = community, places

    def posed(self, state: State, name: str, window: Slots, horizon: Slots) -> Posed | str:
        """Return the problem of what was gathered under a name, or what is missing."""
        needs, forecast = state.needs.get(name), state.forecasts.get(name)
        spot = [piece for piece in state.spot.values() if covers(piece[0], window)]
        if needs is None or forecast is None or not spot:
            return "no main-market prices" if not spot else "no needs or no forecast"
        needs, forecast = self._with_runs(state, horizon, needs, forecast)
        prices = foreseen(horizon, list(state.spot.values()), spot[-1])
        agreed = self._agreed(state, horizon, forecast)
        standing = (*(state.book.needs if state.book else ()), *agreed.needs)
        past = self._past(state, prices, horizon.start)
        tiers = bind_tiers(self.places, needs, standing, past)
        bound = tiers.bound
        active = lasting(state, horizon)
        stated = with_runs(self.community, state, active, bound.stated)
        if state.decided is not None:
            stated = closed(self.community, stated, state.decided)
        inputs = Inputs(
            stated,
            forecast,
            prices,
            over(horizon, list(state.positions.values()), len(self.community.members.ids)),
            expected(self.community, state, horizon.start),
        )
        found = problem(self.community, horizon, inputs)
        zones, firm = capped(found.zones, bound), self._firm(needs, stated)
        wished, soft = wished_of(tiers.wished, stated), soft_of(tiers.soft, stated)
        changes = {"sums": bound.sums, "firm": firm, "wished": wished, "soft": soft}
        found = msgspec.structs.replace(found, zones=zones, **changes)
        held = held_over(self.community, state, active, horizon) if active else None
        if state.decided is not None:
            found, held = fixed(self.community, found, state.decided, held)
        unbound = tuple(dict.fromkeys((*by_agreement(bound.refused), *agreed.unsaid)))
        bindings = tuple(in_name_of(one) for one in bound.bindings)
        return Posed(found, stated, bindings, held, unbound, past, agreed.needs)

    def _agreed(self, state: State, horizon: Slots, forecast: ForecastIssued) -> Contracted:
        """What agreements ask for; where nothing was planned, from what is taken at rest on."""
        if state.contracts is None:
            return Contracted()
        rest = forecast.load_wh.copy()
        np.subtract.at(rest, self.community.pv.member, forecast.pv_wh)
        return contracted(self.places, state.contracts, horizon, rest)

    def _firm(self, needs: NeedsStated, stated: NeedsStated) -> Firm:
        """What holds in any case: ``needs`` of owners but a car's departures, before others bound.

        Appliances are left out where a limit asks for it.
        """
        floor = np.minimum(floor_wh(self.community, needs), stated.lo_wh)
        runs = np.zeros(len(wanted_runs(stated)), np.bool_)
        return Firm(floor.astype(np.int64), runs, np.maximum(needs.hi_wh, stated.hi_wh))

    def _past(self, state: State, spot_micro_per_kwh: Ints, start: int) -> Past:
        """What is known of what came before, and prices, from those of the main market [slots]."""
        outside = outside_prices(self.community.tariffs, spot_micro_per_kwh)
        return past_of(self.places, state, start, outside.all_in_import)

    def _with_runs(
        self, state: State, horizon: Slots, needs: NeedsStated, forecast: ForecastIssued
    ) -> tuple[NeedsStated, ForecastIssued]:
        """Leave out appliances that have begun by then; what they still take is load."""
        schedules = ((item.window, item.plan.run_start) for item in state.plans)
        begun_at = begun(schedules, horizon, len(self.community.runs.ids))
        load = checked_add(forecast.load_wh, running_wh(self.community, horizon, begun_at))
        return still_wanted(needs, begun_at), msgspec.structs.replace(forecast, load_wh=load)


def expected(community: Community, state: State, instant: int) -> Ints:
    """Stored energy [assets] expected at an instant: the plan's, moved by what is off now."""
    return state.state_wh if state.state_at == instant else moved(community, state, instant)


def moved(community: Community, state: State, instant: int) -> Ints:
    """Stored energy [assets] at an instant, if storage has done since the report as planned."""
    planned = planned_state(state.plans, instant)
    if planned is None:
        return state.state_wh
    if state.operation is not None:
        found: Ints = state.state_wh + planned_change(state.plans, state.state_at, instant)
    else:
        now = planned_state(state.plans, state.state_at)
        found = planned if now is None else planned + state.state_wh - now
    return np.clip(found, 0, community.storage.capacity_wh)


def planned_change(plans: tuple[InForce, ...], begin: int, end: int) -> Ints:
    """How plans change what is stored between two instants [assets], each from its own beginning.

    There is at least one of ``plans``, and their windows do not overlap: so with rolling operation.
    """
    total = np.zeros(len(plans[0].plan.state_wh), np.int64)
    for item in plans:
        first, last = max(item.window.start, begin), min(item.window.end, end)
        if first < last:
            total += _held(item, last) - _held(item, first)
    return total


def _held(item: InForce, instant: int) -> Ints:
    """Stored energy [assets] that a plan foresees at an instant within its window or at its end."""
    place = (instant - item.window.start) // item.window.step - 1
    if place < 0:
        return item.plan.state_wh[:, 0] if item.begins_wh is None else item.begins_wh
    return item.plan.state_wh[:, place]


def planned_state(plans: tuple[InForce, ...], instant: int) -> Ints | None:
    """Stored energy [assets] that the latest plan foresees at an instant, None if none does."""
    for item in reversed(plans):
        if item.window.start < instant <= item.window.end:
            return item.plan.state_wh[:, (instant - item.window.start) // item.window.step - 1]
    return None
