"""Remember answers and proposals of an earlier solve, as far as they are still plans.

Answers of groups that are as they were stay plans of theirs, whatever energy costs now. Others are
asked again at the prices whose answers they mixed. Mixed by the same weights, both are proposals of
their cells: near the best ones where little has changed.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import numpy as np

from gridpact.base.units import Bools, Floats, Ints
from gridpact.scheduling.fleet.answers import ask
from gridpact.scheduling.fleet.engine import Engine
from gridpact.scheduling.fleet.focus import parts_of
from gridpact.scheduling.fleet.groups import Groups
from gridpact.scheduling.fleet.match import Match
from gridpact.scheduling.fleet.portfolio_master import Weights
from gridpact.scheduling.fleet.prepare import bought
from gridpact.scheduling.fleet.shares import ROUNDING, Shares
from gridpact.scheduling.fleet.zone_masters import ZoneMasters

COMPLETE = 1e-9
"""What the weights of a group may differ from 1 by."""


class Proposed(msgspec.Struct, frozen=True):
    """Weights of answers, and what they come to where that is known.

    ``energy`` [cells, signatures, slots], ``cost`` [cells].
    """

    weights: Weights
    energy: Floats
    cost: Floats


class Known(msgspec.Struct, frozen=True):
    """What of an earlier solve is known again.

    ``stands`` marks groups whose answers are still theirs and good, now at ``dearer`` [groups,
    slots] or [1, slots] ¤/kWh more. The numbers of others' answers are ``later`` by so much.
    """

    found: Match
    stands: Bools
    dearer: Floats
    later: int


def ask_again(engine: Engine, found: Match, changed: Bools, shares: Shares, later: int) -> None:
    """Ask ``changed`` groups (a mask) at the prices whose answers they mixed.

    These are numbered ``later`` by so much.
    """
    case, options = engine.case, engine.options
    groups, source = case.groups, found.group
    known = np.where(changed, np.diff(shares.first)[source], 0)
    for number in range(int(known.max(initial=0))):
        asked = known > number
        born = np.full(len(source), -1)
        born[asked] = shares.born[shares.first[source[asked]] + number] + later
        prices = np.zeros((len(source), case.buy.shape[1]))
        for one in np.unique(born[asked]).tolist():
            own = np.flatnonzero(born == one)
            prices[own] = engine.asked_at[one].of(groups, own)
        spread = options.executor, options.tasks
        answered = ask(groups, parts_of(groups.blocks, asked), prices, spread)
        cost = answered.own_cost + bought(case, answered.energy)
        engine.masters.append(asked, answered.energy, cost, born)


def recall_proposals(engine: Engine, old: Engine, known: Known) -> None:
    """Propose what cells proposed for the last mix: all of it together, then each by itself.

    Where answers of all groups of a cell stand, what it proposed stands; the rest is put together
    anew from answers.
    """
    if engine.portfolio is None:
        return
    found, groups = known.found, engine.case.groups
    stands = _stands(groups, found, known.stands)
    for was in _last_mix(old, found):
        weights = _renumbered(was.weights, known, groups)
        energy, cost, complete = _put_together(engine.masters, weights, ~stands)
        own = np.flatnonzero(stands)
        if own.size:
            cell = found.cell[own]
            energy[own] = was.energy[cell][:, found.signature]
            more = np.broadcast_to(known.dearer, (len(found.group), known.dearer.shape[1]))
            paid = more[groups.first[own]]
            cost[own] = was.cost[cell] + np.einsum("ct,cst->c", paid, energy[own])
        whole = complete & _covered(weights, groups)
        engine.portfolio.add(engine.masters.usage_of(cost, energy, weights), whole)


def _stands(groups: Groups, found: Match, kept: Bools) -> Bools:
    """Mark cells that can only do what they could, and pay one tariff."""
    begin, ends = groups.first[:-1], groups.first[1:] - 1
    lone = np.maximum.reduceat(groups.tariff, begin) == np.minimum.reduceat(groups.tariff, begin)
    if np.any(found.signature < 0):
        return np.zeros(len(begin), np.bool_)
    together = found.group[ends] - found.group[begin] == ends - begin
    return np.asarray(np.logical_and.reduceat(kept, begin) & lone & together)


def _last_mix(old: Engine, found: Match) -> Iterator[Proposed]:
    """What was in the last mix: all together, then each proposal with the cells that mixed it."""
    usages, weight = old.proposals()
    energy = np.einsum("pc,pcst->cst", weight, np.array([one.energy for one in usages]))
    cost = np.sum(weight * np.array([one.own_cost for one in usages]), axis=0)
    parts = [_weighted(usage.weights, own) for usage, own in zip(usages, weight, strict=True)]
    columns = (
        np.concatenate([getattr(part, name) for part in parts])
        for name in Weights.__struct_fields__
    )
    yield Proposed(Weights(*columns), energy, cost)
    if old.portfolio is not None and found.all_cells:
        for usage, own in zip(usages, weight, strict=True):
            if np.any(own > ROUNDING):
                used = _weighted(usage.weights, (own > ROUNDING).astype(np.float64))
                yield Proposed(used, usage.energy, usage.own_cost)


def _weighted(weights: Weights, by_cell: Floats) -> Weights:
    """Weights times those of their cells, without zeros."""
    used = np.flatnonzero(by_cell[weights.cell] > ROUNDING)
    cell = weights.cell[used]
    share = weights.share[used] * by_cell[cell]
    return Weights(cell, weights.group[used], weights.born[used], share)


def _renumbered(was: Weights, known: Known, groups: Groups) -> Weights:
    """Weights of groups and answers as they are numbered now."""
    found = known.found
    now = np.full(int(max(was.group.max(initial=-1), found.group.max(initial=-1))) + 1, -1)
    placed = np.flatnonzero(found.group >= 0)
    now[found.group[placed]] = placed
    own = np.flatnonzero(now[was.group] >= 0)
    group = now[was.group[own]]
    born = was.born[own] + np.where(known.stands[group], 0, known.later)
    return Weights(groups.cell[group], group, born, was.share[own])


def _covered(weights: Weights, groups: Groups) -> Bools:
    """Mark cells of which every group has weights that add up to 1."""
    total = np.bincount(weights.group, weights=weights.share, minlength=len(groups.cell))
    return np.asarray(np.logical_and.reduceat(np.abs(total - 1.0) < COMPLETE, groups.first[:-1]))


def _put_together(
    masters: ZoneMasters, weights: Weights, cells: Bools
) -> tuple[Floats, Floats, Bools]:
    """Energy [cells, signatures, slots] and cost [cells] of weighted answers of these cells.

    Marks cells of which every answer is known, and all others.
    """
    groups, first = masters.groups, masters.groups.first
    energy = np.zeros((len(cells), len(groups.member), masters.mix.shape[1]))
    cost, complete = np.zeros(len(cells)), ~cells
    order = np.argsort(weights.cell, kind="stable")
    ends = np.searchsorted(weights.cell[order], np.arange(len(cells) + 1))
    for cell in np.flatnonzero(cells).tolist():
        own = order[ends[cell] : ends[cell + 1]]
        group, share = weights.group[own], weights.share[own]
        column = _columns(masters, cell, group - first[cell], weights.born[own])
        complete[cell] = bool(np.all(column >= 0))
        arrays = masters.masters[cell].master
        np.add.at(energy[cell], groups.signature[group], share[:, None] * arrays.values[column])
        cost[cell] = share @ arrays.cost[column]
    return energy, cost, complete


def _columns(masters: ZoneMasters, cell: int, group: Ints, born: Ints) -> Ints:
    """Column of each answer in the master of its cell, or -1."""
    arrays, count = masters.masters[cell].master, masters.masters[cell].columns
    known = zip(arrays.group[:count].tolist(), arrays.born[:count].tolist(), strict=True)
    place = {key: at for at, key in enumerate(known)}
    wanted = zip(group.tolist(), born.tolist(), strict=True)
    return np.array([place.get(key, -1) for key in wanted], np.int64)
