"""Who gives how much of what must be missed: by weight, and by what each gave before.

The rule is weighted max-min fairness (D. Bertsekas and R. Gallager, Data Networks, 1987, 6.5.2)
with memory: members are filled like vessels joined at the bottom, each as wide as its weight and
already holding what it gave beyond its part in the past. So whoever gave least for its weight gives
first. Counting what was given in units of weight is what fair queueing does with its virtual
time (A. Demers, S. Keshav and S. Shenker, SIGCOMM 1989); a balance carried on in whole units is
that of deficit round robin (M. Shreedhar and G. Varghese, SIGCOMM 1995).
"""

from __future__ import annotations

import msgspec
import numpy as np

from gridpact.base.units import Bools, Floats, Ints

MILLI = 1000
TINY = 1e-9
"""Weight that is nothing but rounding."""


class Memory(msgspec.Struct, frozen=True):
    """What members gave beyond their part so far.

    ``member`` [members] are numbers that stay with members and tell equal ones apart. ``weight``
    [members], positive: the parts in which they are to give. ``balance_milli_wh`` [members], whole
    thousandths of a Wh, so that parts of small events are not lost: given beyond one's part;
    negative for those who are behind. What is beyond ``most_wh`` either way is forgotten.
    """

    member: Ints
    weight: Floats
    balance_milli_wh: Ints
    most_wh: int = 1_000_000_000

    @property
    def balance_wh(self) -> Floats:
        """Given beyond one's part [members] Wh."""
        return self.balance_milli_wh / MILLI


def blank(member: Ints, weight: Floats) -> Memory:
    """Begin with nobody having given anything."""
    return Memory(member, weight, np.zeros(len(member), np.int64))


def share_out(loss_wh: Ints, pool: Ints, able_wh: Ints, memory: Memory) -> Ints:
    """Split what each pool must miss over its members.

    Parameters
    ----------
    loss_wh : Ints
        What is to be given [pools], Wh.
    pool : Ints
        Pool of each member [members].
    able_wh : Ints
        Most that each can give [members], Wh.
    memory : Memory
        Weights, and what each gave before.

    Returns
    -------
    Ints
        What each gives [members], whole Wh: together exactly ``loss_wh`` of each pool, or all it is
        able to where that is less.
    """
    pools = len(loss_wh)
    able = np.asarray(able_wh, np.int64)
    total = np.bincount(pool, weights=able, minlength=pools)
    due = np.minimum(np.asarray(loss_wh, np.int64), total.astype(np.int64))
    level = _level(due, pool, able, memory)[pool]
    exact = np.clip(memory.weight * level - memory.balance_wh, 0.0, able)
    given = np.floor(exact).astype(np.int64)
    while True:
        rest = due - _sums(given, pool, pools)
        if not rest.any():
            return given
        more = np.where(rest[pool] > 0, 1, -1)
        open_ = (rest[pool] != 0) & np.where(more > 0, given < able, given > 0)
        first = _first(pool, more * (exact - given), memory.member, open_)
        given = given + more * (first < np.abs(rest)[pool])


def remember(given_wh: Ints, pool: Ints, able_wh: Ints, memory: Memory) -> Memory:
    """Add one event to the memory: who was able to give had its part by weight to give."""
    pools = int(pool.max(initial=-1)) + 1
    parts = np.where(np.asarray(able_wh) > 0, memory.weight, 0.0)
    all_parts = np.bincount(pool, weights=parts, minlength=pools)[pool]
    milli = np.asarray(given_wh, np.int64) * MILLI
    given = _sums(milli, pool, pools)
    exact = given[pool] * np.divide(parts, all_parts, out=np.zeros(len(pool)), where=all_parts > 0)
    part = np.floor(exact).astype(np.int64)
    rest = (given - _sums(part, pool, pools))[pool]
    part = part + (_first(pool, exact - part, memory.member, parts > 0) < rest)
    most = memory.most_wh * MILLI
    balance = np.clip(memory.balance_milli_wh + milli - part, -most, most)
    return msgspec.structs.replace(memory, balance_milli_wh=balance)


def _sums(values: Ints, pool: Ints, pools: int) -> Ints:
    """Sum of each pool [pools]."""
    total = np.zeros(pools, np.int64)
    np.add.at(total, pool, values)
    return total


def _first(pool: Ints, wanting: Floats | Ints, member: Ints, able: Bools) -> Ints:
    """Rank of each member in its pool: those who want most first, those unable never."""
    order = np.lexsort([member, -wanting, ~able, pool])
    begin = np.searchsorted(pool[order], pool[order])
    rank = np.empty(len(pool), np.int64)
    rank[order] = np.arange(len(pool)) - begin
    return np.where(able, rank, len(pool))


def _level(due: Ints, pool: Ints, able: Ints, memory: Memory) -> Floats:
    """How high each pool is filled [pools]: given and balance together, per weight.

    Going up, a member begins to give at its balance and ends when it can give no more; in between,
    what the pool has given is a line.
    """
    weight, balance = memory.weight, memory.balance_wh
    height = np.concatenate([balance / weight, (balance + able) / weight])
    slope = np.concatenate([weight, -weight])
    owner = np.concatenate([pool, pool])
    order = np.lexsort([height, owner])
    owner, height, slope = owner[order], height[order], slope[order]
    begin = np.searchsorted(owner, np.arange(len(due) + 1))
    full = np.append(0.0, np.cumsum(slope))
    wide = full[1:] - full[begin[owner]]
    steps = np.where(np.diff(owner, prepend=-1) == 0, np.diff(height, prepend=0.0), 0.0)
    filled = np.cumsum(np.append(0.0, wide[:-1])[: len(steps)] * steps)
    filled -= filled[begin[owner]]
    reached = np.bincount(owner, weights=filled <= due[owner], minlength=len(due)).astype(np.int64)
    level = np.zeros(len(due))
    some = np.flatnonzero(reached)
    at = begin[some] + reached[some] - 1
    rest = np.divide(due[some] - filled[at], wide[at], out=np.zeros(len(at)), where=wide[at] > TINY)
    level[some] = height[at] + rest
    return level
