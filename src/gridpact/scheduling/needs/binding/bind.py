"""Bind needs to a fleet: each kind in its file, then all of it put together.

A bound that storage is asked for gives way at its level where the solver by levels can let it
(:mod:`gridpact.scheduling.priorities.refusals`); elsewhere a need becomes a firm bound, and a wish
is refused. Whatever cannot be bound exactly is refused by name; the other needs are bound.
"""

from __future__ import annotations

from collections.abc import Sequence

from gridpact.scheduling.needs.binding.assemble import assembled
from gridpact.scheduling.needs.binding.draft import Draft
from gridpact.scheduling.needs.binding.flows import bind_cap, bind_energy, bind_floor
from gridpact.scheduling.needs.binding.model import Bound, Site
from gridpact.scheduling.needs.binding.money import bind_budget, bind_cycles
from gridpact.scheduling.needs.binding.one_way import settle_dues
from gridpact.scheduling.needs.binding.powers import bind_intervention, bind_rest
from gridpact.scheduling.needs.binding.states import (
    bind_comfort,
    bind_headroom,
    bind_hot_water,
    bind_state,
)
from gridpact.scheduling.needs.binding.work import bind_run_rest, bind_starts, runs_of
from gridpact.scheduling.needs.model import (
    Budget,
    Comfort,
    Cycles,
    EnergyWithin,
    Headroom,
    HotWater,
    Intervention,
    Need,
    PowerCap,
    PowerFloor,
    Quiet,
    Run,
    RunRest,
    Starts,
    StateOfCharge,
    Unavailable,
)

ORDER = (
    StateOfCharge,
    Comfort,
    HotWater,
    Quiet,
    Unavailable,
    PowerCap,
    PowerFloor,
    EnergyWithin,
    RunRest,
    Starts,
    Intervention,
    Headroom,
    Cycles,
)
"""Kinds in the order in which they are bound; budgets and runs come last."""


def bind(site: Site, needs: Sequence[Need]) -> Bound:
    """Bind needs, whose identifiers are given, to a fleet; the order of needs changes nothing."""
    order = sorted(needs, key=lambda need: need.id)
    draft = drafted(site, order)
    runs = runs_of(draft, [need for need in order if isinstance(need, Run) or _on_runs(need)])
    return assembled(draft, runs)


def drafted(site: Site, needs: Sequence[Need]) -> Draft:
    """Bind needs to the columns of a fleet, but for the runs of appliances.

    Powers are taken away before anything is held back of them, and budgets look at what is due, so
    kinds are bound in a fixed order, each by identifier.
    """
    draft = Draft(site)
    order = sorted(needs, key=lambda need: need.id)
    by_kind: dict[type[Need], list[Need]] = {}
    for need in order:
        by_kind.setdefault(type(need), []).append(need)
    for kind in ORDER:
        for need in by_kind.get(kind, ()):
            _bind(draft, need)
    settle_dues(draft)
    for need in order:
        if isinstance(need, Budget):
            bind_budget(draft, need)
    return draft


def _bind(draft: Draft, need: Need) -> None:
    """Bind one need by its kind."""
    match need:
        case StateOfCharge():
            bind_state(draft, need)
        case Comfort():
            bind_comfort(draft, need)
        case HotWater():
            bind_hot_water(draft, need)
        case Headroom():
            bind_headroom(draft, need)
        case Quiet() | Unavailable():
            bind_rest(draft, need)
        case Intervention():
            bind_intervention(draft, need)
        case _:
            _bind_other(draft, need)


def _bind_other(draft: Draft, need: Need) -> None:
    match need:
        case PowerCap():
            bind_cap(draft, need)
        case PowerFloor():
            bind_floor(draft, need)
        case EnergyWithin():
            bind_energy(draft, need)
        case RunRest():
            bind_run_rest(draft, need)
        case Starts():
            bind_starts(draft, need)
        case Cycles():
            bind_cycles(draft, need)


def _on_runs(need: Need) -> bool:
    return isinstance(need, Quiet | Unavailable | Intervention | RunRest | Starts)
