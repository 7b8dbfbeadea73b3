"""Needs about one asset that clash whatever all others do, in closed form."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from gridpact.scheduling.explanation.model import Conflict, Member, Unbound, Way
from gridpact.scheduling.explanation.quickxplain import minimal_conflict
from gridpact.scheduling.explanation.relaxations import assets_asked, proposals
from gridpact.scheduling.explanation.trial import Trial, firm_fleet, reachable_wh, stuck
from gridpact.scheduling.fleet.columns import Fleet, per_asset
from gridpact.scheduling.needs.binding.model import Site
from gridpact.scheduling.needs.model import Need


class Own(NamedTuple):
    """Conflicts about single assets; needs that are in none; what cannot be bound at all."""

    conflicts: tuple[Conflict, ...]
    rest: tuple[Need, ...]
    unbound: tuple[Unbound, ...]


def own_conflicts(trial: Trial, needs: Sequence[Need]) -> Own:
    """Find conflicts about single assets, one after another, leaving out what had better give.

    So every need that clashes with what is kept is told of, with how far it would have to give.
    """
    rest, found, unbound = list(needs), list[Conflict](), list[Unbound]()
    while (suspect := _suspect(trial, rest)) is not None:
        alone = [need for need in suspect.near if trial.bound([need]).refused]
        if alone:
            near = alone[:1]
        elif suspect.refused is None or _clash(trial, suspect.near):
            near = suspect.near
        else:
            unbound.append(suspect.refused)
            rest = [need for need in rest if need is not suspect.refused.need]
            continue
        conflict = _conflict(trial, near)
        gone = {need.id for need in conflict.members[0].needs}
        rest = [need for need in rest if need.id not in gone]
        if not alone or any(one.way is not Way.DROP for one in conflict.proposals):
            found.append(conflict)
        else:
            fault = trial.bound(alone[:1]).refused[0]
            unbound.append(Unbound(alone[0], fault.problem, fault.fix))
    return Own(tuple(found), tuple(rest), tuple(unbound))


class _Suspect(NamedTuple):
    """Needs about an asset that is asked for what it cannot do, and why; the one refused."""

    near: list[Need]
    why: str
    refused: Unbound | None = None


def _suspect(trial: Trial, needs: Sequence[Need]) -> _Suspect | None:
    """The first asset that is asked for what it cannot do; None where none is."""
    bound = trial.bound(needs)
    if bound.refused:
        fault = bound.refused[0]
        own = next(need for need in needs if need.id == fault.where)
        refused = Unbound(own, fault.problem, fault.fix)
        return _Suspect(_about(trial.site, needs, own), fault.problem, refused)
    fleet = firm_fleet(bound)
    for table, rows in stuck(fleet).items():
        for row in np.flatnonzero(rows).tolist():
            names = {one.need for one in bound.origins if (one.table, one.row) == (table, row)}
            near = [need for need in needs if need.id in names]
            return _Suspect(near, _why(fleet, table, row))
    return None


def _about(site: Site, needs: Sequence[Need], own: Need) -> list[Need]:
    """A need and all that are about an asset of it; what is asked of the grid is not."""
    rows = assets_asked(site, own)
    return [need for need in needs if need is own or rows & assets_asked(site, need)]


def _why(fleet: Fleet, table: str, row: int) -> str:
    if table != "one_way" or fleet.one_way is None:
        return "what is asked of it cannot be reached from what it holds"
    due = per_asset(fleet.one_way.energy_wh, len(fleet.one_way.zone))[row]
    most = reachable_wh(fleet, fleet.one_way)[row]
    return f"{due:.0f} Wh are due, and {most:.0f} Wh can be drawn in the time there is"


def _conflict(trial: Trial, near: Sequence[Need]) -> Conflict:
    order = sorted(near, key=lambda need: (-need.level, need.id))
    clashing = minimal_conflict(order, lambda some: _clash(trial, some))
    members = tuple(Member((need,)) for need in clashing)
    offers = tuple(proposals(trial, clashing, members, np.inf))
    reason = _suspect(trial, clashing)
    why = "" if reason is None else reason.why
    owners = {need.owner for need in near}
    told = owners.pop() if len(owners) == 1 else ""  # it may tell one owner what another asks
    return Conflict(zones=(), members=members, proposals=offers, why=why, why_for=told)


def _clash(trial: Trial, needs: Sequence[Need]) -> bool:
    bound = trial.bound(needs)
    return bool(bound.refused) or any(rows.any() for rows in stuck(firm_fleet(bound)).values())
