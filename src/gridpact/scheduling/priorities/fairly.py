"""Solve by levels, and share what one level must miss so that not always the same give.

What a level must miss in all is proven first. What goes missing below one limit is then shared out
over all owners below it (:mod:`.sharing`), and the fleet is solved again with everyone's share at
the level's price and more than it slightly dearer. So shares are kept as far as limits, windows and
batteries allow. That must not make the level miss more in all, nor any before it: where it would,
the difference in price is made smaller, and at last none. Fairness comes before later levels.
"""

from __future__ import annotations

import msgspec
import numpy as np

from gridpact.base.units import Floats, Ints
from gridpact.scheduling.fleet.columns import Fleet, Prices, per_asset, per_slot
from gridpact.scheduling.fleet.options import Options
from gridpact.scheduling.fleet.solve import solve
from gridpact.scheduling.fleet.tree import depths
from gridpact.scheduling.priorities.answer import MISSED_WH, ByLevels
from gridpact.scheduling.priorities.levels import Level
from gridpact.scheduling.priorities.needs import Needs
from gridpact.scheduling.priorities.owners import Owners, refuse_unfair
from gridpact.scheduling.priorities.problem import Problem, Solver
from gridpact.scheduling.priorities.sharing import Memory, remember, share_out
from gridpact.scheduling.priorities.solve import least_losses, problem_of
from gridpact.scheduling.priorities.timeline import FairShares

DEARER = (0.02, 0.002)
"""By how much it is dearer to miss more than one's share, relative to the level's price."""


def solve_fairly(
    fleet: Fleet,
    prices: Prices,
    needs: Needs,
    fairness: tuple[Owners, Memory, Level],
    options: Options | None = None,
    *,
    solver: Solver = solve,
) -> tuple[ByLevels, Memory]:
    """Solve by levels; what one level must miss is shared by weight and memory.

    ``fairness`` is who owns what, what they gave before, and the level (``NEEDS`` or ``WISHES``).
    Returns the answer and the memory with what is missing now. What storage misses counts in store.

    Raises
    ------
    BadInput
        What is wrong with the fleet, its prices or what is asked; owners who are no members, or
        weights that are not above 0.
    """
    owners, memory, level = fairness
    refuse_unfair(fleet, owners, memory, level)
    problem = problem_of(fleet, prices, needs, options or Options(), solver)
    first = least_losses(problem)
    if first.losses[level].missing_wh <= MISSED_WH:
        return first, memory
    pool, able = _pools(first, owners, memory, level), _able(problem, owners, memory, level)
    given = _given(first, owners, memory, level)
    loss = np.zeros(len(fleet.zones.parent) + 1)
    np.add.at(loss, pool, given)
    share = share_out(np.ceil(loss - MISSED_WH).astype(np.int64), pool, able.sums, memory)
    answer = _shared(problem, first, level, able.parts(share))
    final = np.rint(_given(answer, owners, memory, level)).astype(np.int64)
    return answer, remember(final, pool, np.maximum(able.sums, final), memory)


class _Able(msgspec.Struct, frozen=True):
    """What cars and storage may miss [assets] Wh, whose they are, and sums by member (whole Wh)."""

    cars: Floats
    storage: Floats
    owners: Owners
    sums: Ints

    def parts(self, share: Ints) -> tuple[Floats, Floats]:
        """Each asset's part of its owner's share, by what it may miss."""
        part = np.divide(share, self.sums, out=np.zeros(len(share)), where=self.sums > 0)
        return self.cars * part[self.owners.of_car], self.storage * part[self.owners.of_storage]


def _shared(
    problem: Problem, first: ByLevels, level: Level, shares: tuple[Floats, Floats]
) -> ByLevels:
    """Solve with shares; the first answer where they make this level or one before miss more."""
    for dearer in DEARER:
        fair = FairShares(level, *shares, dearer)
        answer = problem.answer(first.ladder, fair)
        if not _worse(first, answer, level, problem.options.gap):
            losses = tuple(
                msgspec.structs.replace(now, least_wh=min(before.least_wh, now.missing_wh))
                for now, before in zip(answer.losses, first.losses, strict=True)
            )
            return msgspec.structs.replace(answer, losses=losses)
    return first


def _worse(first: ByLevels, answer: ByLevels, level: Level, gap: float) -> bool:
    """Whether a level up to this one misses more than before, by more than the gap allows."""
    before = 0.0
    for now, then in zip(answer.losses[: level + 1], first.losses, strict=False):
        before += then.missing_wh * then.price
        if now.missing_wh > then.missing_wh + MISSED_WH * 10 + 2 * gap * before / then.price:
            return True
    return False


def _given(answer: ByLevels, owners: Owners, memory: Memory, level: Level) -> Floats:
    """What each member misses [members] Wh."""
    cars, stores = answer.missing_by_asset(level)
    return _by_member((cars, stores), owners, memory)


def _by_member(amounts: tuple[Floats, Floats], owners: Owners, memory: Memory) -> Floats:
    total = np.zeros(len(memory.member))
    np.add.at(total, owners.of_car, amounts[0])
    np.add.at(total, owners.of_storage, amounts[1])
    return total


def _able(problem: Problem, owners: Owners, memory: Memory, level: Level) -> _Able:
    """What each asset may miss at a level: all that it asks for there."""
    cars = np.zeros(0)
    if problem.fleet.one_way is not None:
        count = len(problem.fleet.one_way.zone)
        wish = per_asset(problem.needs.wish_wh, count)
        due = per_asset(problem.fleet.one_way.energy_wh, count)
        cars = wish if level is Level.WISHES else due - wish
    stores = _storage_able(problem, level)
    sums = np.floor(_by_member((cars, stores), owners, memory) + MISSED_WH)
    return _Able(cars, stores, owners, sums.astype(np.int64))


def _storage_able(problem: Problem, level: Level) -> Floats:
    table = problem.fleet.storage
    if table is None:
        return np.zeros(0)
    count, slots = problem.asked.need.shape
    lo = per_slot(table.lo_wh, count, slots)[:, -1]
    lo = np.maximum(lo, per_asset(table.terminal_wh, count))
    need = np.maximum(problem.asked.need[:, -1], lo)
    wish = np.maximum(problem.asked.wish[:, -1], need)
    return np.asarray(wish - need if level is Level.WISHES else need - lo)


def _pools(answer: ByLevels, owners: Owners, memory: Memory, level: Level) -> Ints:
    """Pool of each member: the highest zone above its assets whose limit makes the level miss.

    Pools are numbered as zones; members below no such limit share one more.
    """
    fleet = answer.fleet
    parent = np.asarray(fleet.zones.parent)
    price = np.maximum(answer.prices.imports, answer.prices.exports).max(axis=1)
    pressed, depth = price >= 0.5 * answer.ladder.price[level], depths(parent)
    top = np.where(pressed, np.arange(len(parent)), len(parent))
    for at in range(1, int(depth.max(initial=0)) + 1):
        zones = np.flatnonzero(depth == at)
        above = top[parent[zones]]
        top[zones] = np.where(above < len(parent), above, top[zones])
    pool = np.full(len(memory.member), len(parent))
    for name, owner in (("one_way", owners.of_car), ("storage", owners.of_storage)):
        if (table := getattr(fleet, name)) is not None:
            np.minimum.at(pool, owner, top[np.asarray(table.zone)])
    return pool
