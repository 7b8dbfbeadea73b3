"""When a car of a conflict is away, so that nobody wonders why it does not charge."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gridpact.base.units import Bools
from gridpact.scheduling.explanation.concessions import charging
from gridpact.scheduling.explanation.model import Conflict
from gridpact.scheduling.needs.binding.model import Site
from gridpact.scheduling.needs.clock import instants, shown, stretches
from gridpact.scheduling.needs.directory import Unclear
from gridpact.scheduling.needs.model import EnergyWithin, Need, PowerFloor, StateOfCharge

CAR = "car"


def absences(seen: Conflict, site: Site) -> Iterator[str]:
    """Say when the one car that a conflict is about is away while its needs would have it charge.

    ``seen`` is cut to what is told: of cars of others nothing is said.
    """
    needs = [need for member in seen.members for need in member.needs]
    names = {name for need in needs for name in _assets(site, need)}
    if len(names) != 1:
        return
    (name,) = names
    table, row = site.places.get(name, ("", 0))
    if table and site.directory.assets[site.directory.by_id[name]].kind == CAR:
        asked = np.zeros(site.fleet.slots, np.bool_)
        for need in needs:
            asked |= _asked(site, need)
        away = ~charging(site.fleet, table, row)
        if (away & asked).any():
            yield f"{name} is away {_listed(site, away, asked)}."


def _assets(site: Site, need: Need) -> Iterator[str]:
    rows = site.directory.rows(need.subject, need.owner)
    if not isinstance(rows, Unclear):
        yield from (site.directory.assets[row].id for row in rows.tolist())


def _asked(site: Site, need: Need) -> Bools:
    """Slots in which charging would serve a need [slots]."""
    slots, step = site.fleet.slots, site.fleet.step_s
    asked = np.zeros(slots, np.bool_)
    span = (site.start, site.end, site.timezone)
    match need:
        case StateOfCharge(at=at):
            for instant, _ in instants(at, *span):
                asked[: (instant - site.start) // step] = True
        case EnergyWithin(window=window) | PowerFloor(window=window):
            for one in stretches(window, *span):
                first = max(one.begin - site.start, 0) // step
                asked[first : -(-(one.end - site.start) // step)] = True
    return asked


def _listed(site: Site, away: Bools, asked: Bools) -> str:
    """Stretches of slots in which an asset is away, of those that matter."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], away.astype(np.int8), [0]])))
    said = [
        " to ".join(
            shown(site.start + slot * site.fleet.step_s, site.timezone) for slot in (first, end)
        )
        for first, end in edges.reshape(-1, 2).tolist()
        if asked[first:end].any()
    ]
    return "from " + " and from ".join(said)
