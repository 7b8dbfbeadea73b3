"""Stability: whether some coalition would do better on its own.

The excess of a coalition is what it is worth less what its members get. Shares are in the core
where no excess is above 0: nobody has a reason to leave. Sources: D. B. Gillies (1959); the least
core is M. Maschler, B. Peleg & L. S. Shapley (1979).
"""

from __future__ import annotations

import msgspec
import numpy as np

from gridpact.base.randomness import stream
from gridpact.base.solver import OPTIMAL, LinearProgramme, load, quiet_solver, run
from gridpact.base.units import Bools, Floats, Ints
from gridpact.market.coalitions.shapley import Worth
from gridpact.market.coalitions.sharing_game import subset_sums


class Stability(msgspec.Struct, frozen=True):
    """The largest excess found [nano-¤] and a coalition that has it, bool [members].

    ``examined`` coalitions were looked at; where that was ``every`` one, shares are in the core
    exactly where the excess is not above 0, otherwise it is the least that the largest can be.
    Neither the empty coalition nor the whole community counts.
    """

    excess_nano: int
    coalition: Bools
    examined: int
    every: bool

    @property
    def in_core(self) -> bool | None:
        """Whether shares are in the core; None where the search was not complete and found none."""
        if self.excess_nano > 0:
            return False
        return True if self.every else None


class LeastCore(msgspec.Struct, frozen=True):
    """Shares [nano-¤, members] whose largest excess is as small as can be, and that excess.

    The core is empty where the least excess is above 0. Shares are rounded to whole nano-¤, so
    an excess of up to a nano-¤ a member is that of rounding.
    """

    nano: Ints
    excess_nano: int

    @property
    def core_is_empty(self) -> bool:
        """Whether no way of sharing keeps every coalition content."""
        return self.excess_nano > self.nano.size


def stability(worths: Ints, shares_nano: Ints) -> Stability:
    """Examine every coalition; ``worths`` [2 ** members], ``shares_nano`` [members].

    Raises ValueError where the shares are not of that many members.
    """
    members = shares_nano.size
    if worths.size != 1 << members:
        raise ValueError(f"{worths.size} worths are not those of {members} members")
    if members < 2:
        return Stability(0, np.zeros(members, dtype=np.bool_), 0, True)
    excess = (worths - subset_sums(shares_nano))[1:-1]
    worst = int(np.argmax(excess)) + 1
    coalition = (worst >> np.arange(members)) & 1 > 0
    return Stability(int(excess[worst - 1]), coalition, excess.size, True)


def sampled_stability(worth: Worth, shares_nano: Ints, *, seed: int, starts: int = 64) -> Stability:
    """Look for a coalition with a large excess: from random ones, by adding or leaving out one.

    Each start climbs by the best single change until none helps. ``worth`` values coalitions
    given as bool [coalitions, members].
    """
    members = shares_nano.size
    if members < 2:
        return Stability(0, np.zeros(members, dtype=np.bool_), 0, True)
    random = stream(seed, "coalitions", "stability", members)
    share = random.random((starts, 1))  # small and large ones alike
    here = _proper(random.random((starts, members)) < share)
    excess = worth(here) - here @ shares_nano
    examined = starts
    while True:
        found, better = _best_change(worth, shares_nano, here)
        examined += starts * members
        climbs = better > excess
        if not climbs.any():
            best = int(np.argmax(excess))
            return Stability(int(excess[best]), here[best], examined, False)
        here[climbs], excess[climbs] = found[climbs], better[climbs]


def _best_change(worth: Worth, shares_nano: Ints, here: Bools) -> tuple[Bools, Ints]:
    """The neighbour of each coalition [starts, members] with the largest excess."""
    starts, members = here.shape
    near = here[:, None, :] ^ np.eye(members, dtype=np.bool_)[None, :, :]
    flat = near.reshape(-1, members)
    excess = worth(flat) - flat @ shares_nano
    size = flat.sum(axis=1)
    excess[(size == 0) | (size == members)] = np.iinfo(np.int64).min
    by_start = excess.reshape(starts, members)
    best = np.argmax(by_start, axis=1)
    every = np.arange(starts)
    return near[every, best], by_start[every, best]


def _proper(coalitions: Bools) -> Bools:
    """Give empty coalitions their first member and take it from the whole community."""
    empty, whole = ~coalitions.any(axis=1), coalitions.all(axis=1)
    coalitions[empty, 0] = True
    coalitions[whole, 0] = False
    return coalitions


def least_core(worths: Ints) -> LeastCore:
    """Shares that minimise the largest excess, by linear programming (HiGHS).

    ``worths`` [2 ** members] by bits of the index. Rounding is by largest remainder of the
    solution; the excess reported is that of the rounded shares, exactly.
    """
    members = worths.size.bit_length() - 1
    if members < 2:
        return LeastCore(worths[1:].copy(), 0)
    scale = float(max(int(np.abs(worths).max()), 1))
    solution = _minimax(worths / scale, members) * scale
    floor = np.floor(solution).astype(np.int64)
    left = int(worths[-1]) - int(floor.sum())
    # what rounding and the solver's tolerance left over is spread evenly, the odd units last
    floor += left // members
    order = np.argsort(floor - solution, kind="stable")
    floor[order[: left % members]] += 1
    return LeastCore(floor, stability(worths, floor).excess_nano)


def _minimax(worths: Floats, members: int) -> Floats:
    """Minimise e where every coalition gets its worth less e, and all together their worth."""
    inside = (np.arange(1, worths.size)[:, None] >> np.arange(members)) & 1 > 0
    slack = np.ones((inside.shape[0], 1), dtype=np.bool_)
    slack[-1] = False  # the whole community is paid its worth exactly
    table = np.hstack([inside, slack])
    column, row = np.nonzero(table.T)
    programme = LinearProgramme(
        cost=np.append(np.zeros(members), 1.0),
        lower=np.full(members + 1, -np.inf),
        upper=np.full(members + 1, np.inf),
        whole=np.zeros(members + 1, dtype=np.bool_),
        row_lower=worths[1:],
        row_upper=np.append(np.full(table.shape[0] - 1, np.inf), worths[-1]),
        start=np.searchsorted(column, np.arange(members + 2)).astype(np.int32),
        index=row.astype(np.int32),
        value=np.ones(row.size),
    )
    highs = quiet_solver(primal_feasibility_tolerance=1e-10, dual_feasibility_tolerance=1e-10)
    load(highs, programme)
    status = run(highs)
    if status != OPTIMAL:
        raise RuntimeError(f"no least core: {status}")
    return np.array(highs.getSolution().col_value)[:members]
