"""Begin a solve from the answer to a similar one: other prices, other limits, other needs, later.

Prices of limits begin at those of the old bound, moved to what energy costs now
(:mod:`.warm_prices`), answers and proposals at those of the old mix (:mod:`.recall`). Where some
cells are as they were, and cost what they cost, the others are asked alone (:mod:`.focus`).
"""

from __future__ import annotations

import numpy as np

from gridpact.base.units import Floats, Ints
from gridpact.scheduling.fleet.columns import Fleet
from gridpact.scheduling.fleet.engine import BOX, Engine
from gridpact.scheduling.fleet.focus import Focus, parts_of
from gridpact.scheduling.fleet.match import NONE, Match, match, shifted
from gridpact.scheduling.fleet.mixture import Mixture
from gridpact.scheduling.fleet.prepare import Case, Duals, GroupPrices, Surcharge, group_prices
from gridpact.scheduling.fleet.recall import Known, ask_again, recall_proposals
from gridpact.scheduling.fleet.warm_prices import Earlier, prices_now

NEARER = 0.02
"""What :data:`~.engine.BOX` is at first where slots changed their prices by themselves: answers to
the prices to begin at are known then."""

LOWER = 0.2
"""Where limits of all cells fell by more than this part, a solve is as quick from nothing."""


def begin_from(engine: Engine, fleet: Fleet, last: Mixture, passed: int) -> None:
    """Give a fresh engine what another one knew ``passed`` slots ago, as far as it fits."""
    old, case = last.engine, engine.case
    found = match(case.groups, old.case.groups)
    if passed == 0 and _tightened(case, old.case, found):
        return
    start = prices_now(Earlier(last, found, passed), case, fleet)
    together = passed == 0 and case.buy.shape[1] == old.case.buy.shape[1]
    kept, free = found.same & together, found.group >= 0
    if old.fixed is not None:
        free &= ~old.fixed.held[found.group]
    kept &= free
    for born, asked in old.asked_at.items():
        engine.asked_at[born] = _later(asked, case, found, passed)
    engine.masters.keep(old.masters, np.where(kept, found.group, NONE), found.cell)
    dearer = _dearer(case, old.case, found)
    engine.masters.reprice(dearer)
    anew = start.apart > engine.options.gap
    later = _ask_apart(engine, last, found, (start.best, passed)) if anew else 0
    stands = kept & (not anew)
    ask_again(engine, found, free & ~stands, last.shares, later)
    engine.begin_at(start.best, NEARER if anew else BOX)
    if together and old.fixed is None:
        _focus(engine, old, found)
    recall_proposals(engine, old, Known(found, stands, dearer, later))
    if anew and kept.all():
        recall_proposals(engine, old, Known(found, kept, dearer, 0))
    if engine.portfolio is not None and not engine.portfolio.complete:
        engine.look_up()


def _tightened(case: Case, old: Case, found: Match) -> bool:
    """Whether each cell has a slot with a limit so much lower that old prices tell little."""
    if case.most.shape[1:] != old.most.shape[1:] or np.any(found.cell < 0):
        return False
    was = old.most[found.cell]
    fell = np.isfinite(was) & (was > 0) & (case.most < (1 - LOWER) * was)
    return bool(fell.any(axis=(1, 2)).all())


def _ask_apart(engine: Engine, last: Mixture, found: Match, now: tuple[Duals, int]) -> int:
    """Number anew the prices whose answers are mixed, at what energy and limits cost now.

    Returns by how much the numbers are higher. Where slots change their prices by themselves, the
    answers of before are plans still, but poor ones. Assets are asked as far beside the prices to
    begin at, ``now`` with the slots passed, as they were beside those of the old bound.
    """
    old, case = last.engine, engine.case
    best, passed = now
    was = _later(group_prices(old.case, old.best), case, found, passed).limits
    limits, later = group_prices(case, best).limits, max(engine.asked_at) + 1
    for born in np.unique(last.shares.born).tolist():
        asked = engine.asked_at[born].limits
        cell = asked.cell + limits.cell - was.cell
        moved = Surcharge(cell, asked.signature + limits.signature - was.signature)
        engine.asked_at[later + born] = GroupPrices(case.buy, moved)
    return later


def _later(asked: GroupPrices, case: Case, found: Match, passed: int) -> GroupPrices:
    """Prices that groups were asked at, for the groups and slots there are now."""
    same_signatures = np.array_equal(found.signature, np.arange(len(asked.limits.signature)))
    same_cells = found.all_cells and len(found.cell) == len(asked.limits.cell)
    if passed == 0 and same_cells and same_signatures and asked.buy.shape == case.buy.shape:
        return asked
    slots = case.buy.shape[1]
    tariff = np.minimum(np.arange(len(case.buy)), len(asked.buy) - 1)
    limits = asked.limits
    return GroupPrices(
        shifted(asked.buy[tariff], passed, case.buy),
        Surcharge(
            _moved(limits.cell, found.cell, passed, slots),
            _moved(limits.signature, found.signature, passed, slots),
        ),
    )


def _moved(values: Floats, place: Ints, passed: int, slots: int) -> Floats:
    """Rows of ``values`` by their old places, shifted; zero where there are none."""
    moved = np.zeros((len(place), slots))
    own = np.flatnonzero(place >= 0)
    moved[own] = shifted(values[place[own]], passed, moved[own])
    return moved


def _dearer(case: Case, old: Case, found: Match) -> Floats:
    """What groups that were kept pay more than before [groups, slots], or one row for all."""
    if case.buy.shape[1] != old.buy.shape[1]:
        return np.zeros((1, case.buy.shape[1]))  # nothing is kept
    if len(case.buy) == len(old.buy) == 1:
        return np.asarray(case.buy - old.buy)
    was = np.where(found.group >= 0, old.groups.tariff[found.group], 0)
    return np.asarray(case.buy[case.groups.tariff] - old.buy[was])


def _focus(engine: Engine, old: Engine, found: Match) -> None:
    """Ask alone the cells that changed, where the others' least cost at these prices is known."""
    case, was, groups = engine.case, old.case, engine.case.groups
    if not np.array_equal(case.coupling.rows.most, was.coupling.rows.most):
        return
    if not np.array_equal(case.coupling.most, was.coupling.most):
        return
    now = group_prices(case, engine.best).of(groups)
    before = group_prices(was, old.best).of(was.groups)
    same = found.same & np.all(now == before[found.group], axis=1)
    value = np.where(same, old.known[found.group], np.nan)
    kept = (found.cell >= 0) & np.logical_and.reduceat(np.isfinite(value), groups.first[:-1])
    kept &= np.all(case.most == was.most[found.cell], axis=(1, 2))
    kept &= np.all(case.penalty == was.penalty[found.cell], axis=(1, 2))
    kept &= np.diff(groups.first) == np.diff(was.groups.first)[found.cell]
    cells = ~kept
    if kept.any():
        asked = cells[groups.cell]
        engine.look_at(Focus(cells, asked, parts_of(groups.blocks, asked), value))
