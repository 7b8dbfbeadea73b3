"""What the day's plan can hold a need to; every other need is refused when it is stated.

What cannot be bound to the day exactly is refused by name, with what to ask for instead: by rules
for needs as such, then by binding the need to a day on which all is as registered.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date

from gridpact.scheduling.needs.binding.model import Warmth
from gridpact.scheduling.needs.clock import local_date
from gridpact.scheduling.needs.directory import Asset
from gridpact.scheduling.needs.model import (
    Asked,
    Assets,
    Budget,
    Comfort,
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
from gridpact.scheduling.needs.overlaps import cross
from gridpact.scheduling.needs.ranks import gives_way
from gridpact.scheduling.needs.spelling import listed
from gridpact.scheduling.needs.times import DAY_S, Finding
from gridpact.scheduling.priorities.levels import Level
from gridpact.scheduling.standing.appliances import run_findings
from gridpact.scheduling.standing.nominal import unbound
from gridpact.scheduling.standing.places import Places, is_place

_ONE_RUN = "in the day's plan an appliance runs once a day without a break"
_BOTH = "empty_c and full_c"
_SHARED = (PowerCap, PowerFloor, EnergyWithin)
"""Kinds that operators may ask of zones."""
_NEVER_MISSED: Mapping[type[Asked], str] = {
    HotWater: "what is drawn is drawn, whatever the plan is",
    Unavailable: "what is away is away",
    Intervention: "what a person makes an asset do is done",
}
"""Kinds that no plan can miss, and why."""
_WITHOUT_WORTH: Mapping[type[Asked], str] = {
    Budget: "a budget is money itself",
    Headroom: "power that is kept ready moves no energy",
    RunRest: "how an appliance rests moves no energy",
    Starts: "how often an appliance starts moves no energy",
}
"""Kinds that may be wished for, but miss no energy that could be paid for."""


def findings(need: Need, standing: Sequence[Need], places: Places, now: int) -> list[Finding]:
    """Say why the day's plan cannot be held to a need: field, problem, fix; empty where it can.

    ``standing`` are the needs in force. The need has no fault by itself and its subject is known.
    """
    found = [*_firmness(need, places)]
    if places.zones(need) is None and places.homes(need) is None:
        assets = places.assets(need)
        if not assets:
            found.append(("subject", "is about no asset", "name one"))
        found += [*_foreign(need, assets, places), *_of_assets(need, assets, places)]
        if isinstance(need, Run):
            found += run_findings(need, assets, standing, places, now)
        if isinstance(need, Budget):
            found += _budgets(need, assets, standing, local_date(now, places.timezone))
    elif places.zones(need) is None and not places.homes(need):
        found.append(("subject", "nobody is connected there", "name another place"))
    elif places.zones(need) == []:
        found.append(("subject", "there is no zone", "name a zone of the community"))
    found += _times(need, places, now)
    return found or unbound(need, places, now)


def _firmness(need: Need, places: Places) -> Iterator[Finding]:
    shared, level = places.shared(need), need.level
    if gives_way(need):
        yield from _giving_way(need, shared)
    elif shared and isinstance(need, PowerCap) and level is not Level.GRID:
        yield "level", "a cap on a group is a limit of the grid or a wish", "say grid or wish"
    elif shared and level not in (Level.GRID, Level.CONTRACTS):
        problem = "what is asked of a group is a limit of the grid, a contract or a wish"
        yield "level", problem, "say grid"
    elif not shared and level is not Level.NEEDS:
        problem = f"only a group has limits at the level {level.name.lower()}, not an asset"
        yield "level", problem, f"cap a zone, such as {_cap_on_a_zone(places)}"


def _giving_way(need: Need, shared: bool) -> Iterator[Finding]:
    """Refuse what cannot be missed for what others need, or has no kWh that could be paid for."""
    field, word = ("level", "a wish") if need.hard else ("worth_micro", "weighed against money")
    if type(need) in _NEVER_MISSED:
        yield field, f"{_NEVER_MISSED[type(need)]}: it cannot be {word}", "make it a need"
    elif need.hard:
        return
    elif need.worth_micro == 0:
        yield field, "0 asks for nothing", "give a worth above 0, such as 0.30"
    elif shared:
        problem = "what is asked of a group is not weighed against what its members pay"
        yield field, problem, "say wish, or leave worth out"
    elif need.level is not Level.NEEDS:
        problem = "a wish comes before all cost, and what has a worth does not"
        yield "level", problem, "say wish, or worth"
    elif type(need) in _WITHOUT_WORTH:
        yield field, f"{_WITHOUT_WORTH[type(need)]}: it has no worth by the kWh", "say wish"


def _foreign(need: Need, assets: Sequence[Asset], places: Places) -> Iterator[Finding]:
    """Refuse assets of others, which operators may name, but not speak for."""
    names = [asset.id for asset in assets if asset.owner != need.owner]
    if places.shared(need):
        return
    if names:
        problem = f"what {listed(names)} needs is for the owner to say"
        yield "subject", problem, f"cap a zone instead, such as {_cap_on_a_zone(places)}"


def _cap_on_a_zone(places: Places) -> str:
    """A sentence that an operator may say."""
    zones = places.community.zones.ids
    return f"{f'zone {zones[0]}' if zones else 'community'} <= 400 kW 18:00-20:00, grid"


def _of_assets(need: Need, assets: Sequence[Asset], places: Places) -> Iterator[Finding]:
    switched = {*places.storage, *(places.runs if _may_be_runs(need) else ())}
    known = places.runs if isinstance(need, Run) else switched
    known = places.runs if isinstance(need, RunRest | Starts) else known
    others = [asset.id for asset in assets if asset.id not in known]
    if others and isinstance(need, _SHARED) and is_place(need.subject):
        own = [asset.id for asset in assets if asset.id in places.storage]
        problem = "what a part of the grid takes and gives is for an operator to limit"
        fix = f"name storage of your own: {listed(own)}" if own else "ask the operator"
        yield "subject", problem, fix
        return
    if others:
        yield "subject", f"{listed(others)} {_why_not(need)}", _instead(need)
        return
    match need:
        case RunRest() | Starts():
            yield from _once_a_day(need, assets, places)
        case Comfort() | HotWater():
            yield from _heat(need, assets, places)
        case StateOfCharge():
            yield from _capacities(need, assets)


def _budgets(
    need: Budget, assets: Sequence[Asset], standing: Sequence[Need], today: date
) -> Iterator[Finding]:
    """Refuse a wish for a budget that no plan keeps: an asset has one at a time."""
    names = {asset.id for asset in assets}
    for other in standing if gives_way(need) else ():
        same = isinstance(other.subject, Assets) and names & {*other.subject.ids}
        if same and isinstance(other, Budget) and cross(need.window, other.window, today):
            told = f"the wish {other.id}" if gives_way(other) else other.id
            problem = f"{told} is a budget for some of these hours: an asset has one at a time"
            yield "window", problem, f"give the hours of {other.id}, or hours apart from them"


def _once_a_day(
    need: RunRest | Starts, assets: Sequence[Asset], places: Places
) -> Iterator[Finding]:
    """Refuse what the one run that an appliance has a day may not keep anyway."""
    runs = places.community.runs
    for row in [places.runs[asset.id] for asset in assets]:
        lasts = int(runs.duration_s[row])
        rests = DAY_S - int(runs.latest_s[row] - runs.earliest_s[row])
        if isinstance(need, Starts):
            over_midnight = need.window.end_s <= need.window.begin_s
            if need.most < 1 + over_midnight:
                fix = f"say {1 + over_midnight} starts or more, or quiet for none"
                yield "most", _ONE_RUN, fix
        elif need.least_run_s > lasts:
            problem = f"a run of {runs.ids[row]} lasts {lasts // 60} min"
            yield "least_run_s", problem, f"ask for {lasts // 60} min at most"
        elif need.least_rest_s > rests:
            problem = f"two days' runs of {runs.ids[row]} may be {rests // 60} min apart"
            yield "least_rest_s", problem, "narrow the hours of its runs instead"


def _heat(need: Comfort | HotWater, assets: Sequence[Asset], places: Places) -> Iterator[Finding]:
    """Refuse temperatures of what has none in the scenario."""
    known = places.warmth
    for asset in assets:
        own = known.get(asset.id)
        if own is None or (isinstance(need, HotWater) and not own.litres):
            keys = "litres, empty_c and full_c" if isinstance(need, HotWater) else _BOTH
            share = f"{asset.id} >= 60% by 06:30"
            problem = f"the community has no model of {asset.id}'s temperature"
            fix = f"give its {keys} in the scenario, or ask for a share of its heat: {share}"
            yield "", problem, fix
        else:
            yield from _out_of_reach(need, asset, own)


def _out_of_reach(need: Comfort | HotWater, asset: Asset, own: Warmth) -> Iterator[Finding]:
    """Refuse temperatures that what stores heat never has."""
    empty_c = own.reference_c
    full_c = round(empty_c + (asset.capacity_wh or 0) / own.wh_per_k, 3)
    field, least_mc = "temperature_mc", need.temperature_mc if isinstance(need, HotWater) else None
    if isinstance(need, Comfort):
        field, least_mc = "low_mc", need.low_mc
        if need.high_mc is not None and need.high_mc < empty_c * 1000:
            problem = f"{asset.id} is never under {empty_c:g} C, its empty_c"
            yield "high_mc", problem, f"allow {empty_c:g} C or more"
    if least_mc is not None and least_mc > full_c * 1000:
        problem = f"{asset.id} is never over {full_c:g} C, its full_c"
        yield field, problem, f"ask for {full_c:g} C at most"


def _may_be_runs(need: Need) -> bool:
    return isinstance(need, Quiet | Unavailable | Intervention)


def _why_not(need: Need) -> str:
    match need:
        case StateOfCharge():
            return "stores nothing"
        case Run():
            return "is no appliance"
        case PowerCap() | PowerFloor() | EnergyWithin() | Budget() | Headroom():
            return "has a power that the day's plan does not set"
        case RunRest() | Starts():
            return "is switched as often as its schedule asks"
    return "is not switched by the day's plan"


def _instead(need: Need) -> str:
    if isinstance(need, Run | RunRest | Starts):
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
    if isinstance(need, StateOfCharge | HotWater):
        asked = {"at": need.at.time_s}
    elif isinstance(need, (*_SHARED, Comfort, Budget, Headroom)):
        window = need.window
        asked = {"window.begin_s": window.begin_s, "window.end_s": window.end_s}
    for field, time_s in asked.items():
        if places.within_slot(time_s, now):
            problem = f"lies within a slot of {places.step_s // 60} minutes"
            beside = " or ".join(places.slots_beside(time_s, now))
            yield field, problem, f"give a time at which a slot begins, such as {beside}"
