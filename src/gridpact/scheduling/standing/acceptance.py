"""What the day's plan can hold a need to; every other need is refused when it is stated.

A plan has columns for the powers and bounds of storage, for the window in which an appliance's one
run of a day may lie, and for the limits of zones. What these cannot say exactly is refused by name.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gridpact.scheduling.needs.directory import Asset
from gridpact.scheduling.needs.model import (
    Action,
    Asked,
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
from gridpact.scheduling.needs.spelling import listed
from gridpact.scheduling.needs.times import Finding, Window
from gridpact.scheduling.priorities.levels import Level
from gridpact.scheduling.standing.appliances import run_findings
from gridpact.scheduling.standing.places import Places

BOUND: tuple[type[Asked], ...] = (
    StateOfCharge,
    PowerCap,
    Run,
    Quiet,
    Unavailable,
    Intervention,
)
"""Kinds that the day's plan can be held to."""
_ONE_RUN = "an appliance runs once a day without a break"
NOT_BOUND: dict[type[Asked], tuple[str, str]] = {
    EnergyWithin: (
        "the day's plan counts no energy over a window",
        "ask for a state of charge at its end, such as car >= 80% by 07:30",
    ),
    PowerFloor: (
        "the day's plan knows no least power",
        "ask for a state of charge, such as battery >= 5 kWh at 18:00",
    ),
    Comfort: (
        "the community has no model of this building's temperature",
        "ask for a share of the heat that it can store, such as heat >= 50% by 06:00",
    ),
    HotWater: (
        "the community has no model of this tank's temperature",
        "ask for a share of the heat that it can store, such as tank >= 60% by 06:30",
    ),
    RunRest: (f"in the day's plan {_ONE_RUN}", "leave it out"),
    Starts: (f"in the day's plan {_ONE_RUN}", "leave it out"),
    Cycles: (
        "the day's plan counts no cycles",
        "cap the battery's power, such as battery gives <= 1 kW all day",
    ),
    Budget: (
        "the day's plan holds no sum of money below a limit",
        "cap power in dear hours, such as car <= 0 W 17:00-20:00",
    ),
    Headroom: (
        "the day's plan keeps no reserve",
        "ask for a state of charge, such as battery >= 5 kWh at 18:00",
    ),
}
"""Kinds that it cannot be held to: why, and what to ask for instead."""


def findings(need: Need, standing: Sequence[Need], places: Places, now: int) -> list[Finding]:
    """Say why the day's plan cannot be held to a need: field, problem, fix; empty where it can.

    ``standing`` are the needs in force. The need has no fault by itself and its subject is known.
    """
    refused = NOT_BOUND.get(type(need))
    if refused is not None:
        return [("", *refused)]
    found = [*_firmness(need, places)]
    if places.zones(need) is not None:
        return [*found, *_zone(need, places), *_times(need, places, now)]
    assets = places.assets(need)
    if not assets:
        found.append(("subject", "is about no asset", "name one"))
    found += [*_foreign(need, assets), *_of_assets(need, assets, places)]
    if isinstance(need, Run):
        found += run_findings(need, assets, standing, places, now)
    return [*found, *_times(need, places, now)]


def _firmness(need: Need, places: Places) -> Iterator[Finding]:
    if not need.hard:
        yield "worth_micro", "the day's plan weighs no need against money", "leave worth out"
    if places.zones(need) is not None:
        if need.level is not Level.GRID:
            yield "level", "a cap on a zone is a limit of the grid", "say grid"
    elif need.level is Level.WISHES:
        yield "level", "the day's plan knows no wishes", "make it a need"
    elif need.level is not Level.NEEDS:
        problem = f"the {need.level.name.lower()} limit zones in the day's plan, not assets"
        yield "level", problem, "cap a zone, such as zone PL <= 400 kW 18:00-20:00, grid"


def _zone(need: Need, places: Places) -> Iterator[Finding]:
    rows = places.zones(need) or []
    if len(rows) != 1:
        names = [places.community.zones.ids[row] for row in rows]
        problem = f"{listed(names)} together have no limit" if names else "there is no zone"
        yield "subject", problem, "cap one zone at a time"


def _foreign(need: Need, assets: Sequence[Asset]) -> Iterator[Finding]:
    """Refuse assets of others, which operators may name, but not speak for."""
    names = [asset.id for asset in assets if asset.owner != need.owner]
    if names:
        problem = f"what {listed(names)} needs is for the owner to say"
        yield "subject", problem, "cap a zone instead, such as zone PL <= 400 kW 18:00-20:00, grid"


def _of_assets(need: Need, assets: Sequence[Asset], places: Places) -> Iterator[Finding]:
    switched = {*places.storage, *(places.runs if _may_be_runs(need) else ())}
    known = places.runs if isinstance(need, Run) else switched
    others = [asset.id for asset in assets if asset.id not in known]
    if others:
        yield "subject", f"{listed(others)} {_why_not(need)}", _instead(need)
    match need:
        case StateOfCharge():
            yield from _capacities(need, assets)
        case PowerCap() if len(assets) > 1:
            yield "subject", f"{len(assets)} assets together have no cap", "cap one at a time"
        case Intervention(action=Action.CHARGE | Action.SUPPLY):
            problem = f"the day's plan cannot be told to {need.action}"
            fix = "say stop or off, or ask for a state of charge by a time"
            yield "action", problem, fix


def _may_be_runs(need: Need) -> bool:
    return isinstance(need, Quiet | Unavailable | Intervention)


def _why_not(need: Need) -> str:
    match need:
        case StateOfCharge():
            return "stores nothing"
        case Run():
            return "is no appliance"
        case PowerCap():
            return "has a power that the day's plan does not set"
    return "is not switched by the day's plan"


def _instead(need: Need) -> str:
    if isinstance(need, Run):
        return "name an appliance"
    return "name storage or appliances" if _may_be_runs(need) else "name a battery, car or tank"


def _capacities(need: StateOfCharge, assets: Sequence[Asset]) -> Iterator[Finding]:
    for asset in assets:
        most = asset.capacity_wh
        if most is not None and need.least_wh is not None and need.least_wh > most:
            problem = f"{asset.id} holds {most} Wh, not {need.least_wh} Wh"
            yield "least_wh", problem, f"ask for {most} Wh at most"


def _times(need: Need, places: Places, now: int) -> Iterator[Finding]:
    """Refuse times within a slot where a bound holds for whole slots."""
    asked: dict[str, int] = {}
    if isinstance(need, StateOfCharge):
        asked = {"at": need.at.time_s}
    elif isinstance(need, PowerCap):
        window: Window = need.window
        asked = {"window.begin_s": window.begin_s, "window.end_s": window.end_s}
    for field, time_s in asked.items():
        if places.within_slot(time_s, now):
            problem = f"lies within a slot of {places.step_s // 60} minutes"
            yield field, problem, "give a time at which a slot begins"
