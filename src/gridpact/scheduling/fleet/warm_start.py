"""Begin a solve from the answer to a similar one: other prices, other limits, a few other needs.

Answers of groups whose assets are the same stay plans of theirs, whatever energy costs now: they
are kept, at the new prices. Groups with an asset that changed are asked anew. Prices of limits
begin at those of the old bound. Where cells, groups or limits are others, only those prices can
help, and only if there are as many of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

import msgspec
import numpy as np
from numpy.typing import NDArray

from gridpact.base.units import Bools, Floats
from gridpact.scheduling.fleet.engine import Engine
from gridpact.scheduling.fleet.groups import Groups
from gridpact.scheduling.fleet.oracles import Oracle
from gridpact.scheduling.fleet.prepare import Case, Duals
from gridpact.scheduling.fleet.shares import Shares


def begin_from(engine: Engine, old: Engine, shares: Shares) -> None:
    """Give a fresh engine what another one knew, as far as it fits; ``shares`` are of its mix."""
    if _same_shapes(engine.best, old.best):
        engine.duals = engine.best = old.best
    if not _same_groups(engine.case.groups, old.case.groups):
        return
    kept = unchanged(engine.case.groups, old.case.groups)
    if old.fixed is not None:
        kept &= ~old.fixed.held
    engine.asked_at = list(old.asked_at)
    engine.masters.keep(old.masters, kept)
    engine.masters.reprice(_paid(engine.case) - _paid(old.case))
    _ask_changed(engine, ~kept, shares)


def _paid(case: Case) -> Floats:
    """Buying prices of groups [groups, slots], or one row that holds for all."""
    return case.buy if len(case.buy) == 1 else case.buy[case.groups.tariff]


def _ask_changed(engine: Engine, changed: Bools, shares: Shares) -> None:
    """Ask groups that changed at the prices whose answers were in the mix."""
    groups = engine.case.groups
    for block in groups.blocks:
        for own, group in enumerate(block.place.tolist()):
            if not changed[group]:
                continue
            part, cell = block.oracle.part(slice(own, own + 1)), int(groups.cell[group])
            for born, _ in shares.of(group):
                asked = engine.asked_at[born]
                answer = part.best(asked.of(groups, np.array([group])))
                cost = answer.own_cost + answer.energy @ engine.case.buy[groups.tariff[group]]
                place = np.array([group - groups.first[cell]])
                engine.masters.masters[cell].append(place, answer.energy, cost, born)


def unchanged(groups: Groups, old: Groups) -> Bools:
    """Mark groups of which every asset is as it was [groups]."""
    same = np.ones(len(groups.cell), np.bool_)
    for block, before in zip(groups.blocks, old.blocks, strict=True):
        changed = _changed(block.oracle, before.oracle, len(block.layout.rows))
        changed |= block.layout.rows != before.layout.rows
        same[block.place] = ~np.logical_or.reduceat(changed, block.layout.first[:-1])
    return same


def _changed(oracle: Oracle, old: Oracle, assets: int) -> Bools:
    """Mark assets of which any number differs [assets]."""
    changed = np.zeros(assets, np.bool_)
    for now, before in zip(_arrays(oracle), _arrays(old), strict=True):
        if now.shape != before.shape:
            return np.ones(assets, np.bool_)
        if len(now) == assets:
            differs = now != before
            changed |= differs if differs.ndim == 1 else differs.reshape(assets, -1).any(axis=1)
    return changed


def _arrays(oracle: Oracle) -> Iterator[NDArray[np.generic]]:
    """All arrays an oracle consists of, but for where its groups begin."""
    for name in cast("msgspec.Struct", oracle).__struct_fields__:
        value = getattr(oracle, name)
        if isinstance(value, tuple):
            yield from value
        elif isinstance(value, np.ndarray) and name != "first":
            yield value


def _same_shapes(one: Duals, other: Duals) -> bool:
    return (
        one.cells.shape == other.cells.shape
        and one.coupling.rows.shape == other.coupling.rows.shape
        and one.coupling.zones.shape == other.coupling.zones.shape
    )


def _same_groups(one: Groups, other: Groups) -> bool:
    """Whether cells and groups are the same, of the same classes and as many assets."""
    return (
        np.array_equal(one.zone, other.zone)
        and np.array_equal(one.cell, other.cell)
        and np.array_equal(one.signature, other.signature)
        and np.array_equal(one.member, other.member)
        and len(one.blocks) == len(other.blocks)
        and all(
            type(a.oracle) is type(b.oracle) and np.array_equal(a.layout.first, b.layout.first)
            for a, b in zip(one.blocks, other.blocks, strict=True)
        )
    )
