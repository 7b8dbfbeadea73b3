"""Needs about one asset that clash whatever all others do, in closed form."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from gridpact.scheduling.explanation.model import Conflict, Member, Unbound
from gridpact.scheduling.explanation.quickxplain import minimal_conflict
from gridpact.scheduling.explanation.relaxations import assets_asked, proposals
from gridpact.scheduling.explanation.trial import Trial, firm_fleet, reachable_wh, stuck
from gridpact.scheduling.fleet.columns import Fleet, per_asset
from gridpact.scheduling.needs.binding.model import Bound, Site
from gridpact.scheduling.needs.model import Need

TOGETHER = "what is asked of it does not go together"


class Own(NamedTuple):
    """Conflicts about single assets; needs that are in none; what cannot be bound at all."""

    conflicts: tuple[Conflict, ...]
    rest: tuple[Need, ...]
    unbound: tuple[Unbound, ...]


def own_conflicts(trial: Trial, needs: Sequence[Need]) -> Own:
    """Find conflicts about single assets, one after another, leaving out what they consist of."""
    rest, found, unbound = list(needs), list[Conflict](), list[Unbound]()
    while True:
        bound = trial.bound(rest)
        suspect = _suspect(trial.site, bound, rest)
        if suspect is None:
            return Own(tuple(found), tuple(rest), tuple(unbound))
        near, why = suspect
        alone = [
            Unbound(need, fault.problem, fault.fix)
            for need in near
            for fault in trial.bound([need]).refused[:1]
        ]
        if alone:
            unbound += alone
            gone = {one.need.id for one in alone}
        else:
            conflict = _conflict(trial, near, why)
            found.append(conflict)
            gone = {need.id for member in conflict.members for need in member.needs}
        rest = [need for need in rest if need.id not in gone]


def _suspect(site: Site, bound: Bound, needs: Sequence[Need]) -> tuple[list[Need], str] | None:
    """Needs about an asset that is asked for what it cannot do, and why; None where none is."""
    if bound.refused:
        fault = bound.refused[0]
        near = _about(site, needs, fault.where)
        return near, fault.problem
    fleet = firm_fleet(bound)
    for table, rows in stuck(fleet).items():
        for row in np.flatnonzero(rows).tolist():
            own = {one.need for one in bound.origins if (one.table, one.row) == (table, row)}
            return [need for need in needs if need.id in own], _why(fleet, table, row)
    return None


def _about(site: Site, needs: Sequence[Need], name: str) -> list[Need]:
    """A need and all that are about an asset of it; what is asked of the grid is not."""
    rows = {need.id: assets_asked(site, need) for need in needs}
    return [need for need in needs if need.id == name or rows[need.id] & rows[name]]


def _why(fleet: Fleet, table: str, row: int) -> str:
    if table != "one_way" or fleet.one_way is None:
        return "what is asked of it cannot be reached from what it holds"
    due = per_asset(fleet.one_way.energy_wh, len(fleet.one_way.zone))[row]
    most = reachable_wh(fleet, fleet.one_way)[row]
    return f"{due:.0f} Wh are due, and {most:.0f} Wh can be drawn in the time there is"


def _conflict(trial: Trial, near: Sequence[Need], why: str) -> Conflict:
    order = sorted(near, key=lambda need: (-need.level, need.id))
    clashing = minimal_conflict(order, lambda some: _clash(trial, some))
    members = tuple(Member((need,)) for need in clashing)
    offers = tuple(proposals(trial, clashing, members, np.inf))
    if len({need.owner for need in near}) > 1:
        why = TOGETHER  # the reason may tell one owner what another asks
    return Conflict(zones=(), members=members, proposals=offers, why=why)


def _clash(trial: Trial, needs: Sequence[Need]) -> bool:
    bound = trial.bound(needs)
    return bool(bound.refused) or any(rows.any() for rows in stuck(firm_fleet(bound)).values())
