"""Upper bounds of a swing right: nobody decides better than who knows the path.

Knowing the whole path is worth too much. A dual bound charges for it: who leaves slot ``t`` with
``j`` uses pays ``M_t(j) = W_t+1(j) - E[W_t+1(j) | path to t]`` with a guess ``W`` of the value.
For a policy that does not look ahead the charges are fair, so the best against them is on average
at least the right's value, for any ``W``; with the true value the bound is exact on every path.

That holds only with true conditional expectations. They come here from every price that can
follow, with its chance (a lattice), or from independent draws of it (a simulator), whose noise
is fair as well and only loosens the bound; never from a regression. ``W`` is learnt on paths
other than those it is used for. Sources: L. Rogers, Mathematical Finance 12 (2002); L. Andersen
and M. Broadie, Management Science 50 (2004); D. Brown, J. Smith and P. Sun, Information
relaxations and duality in stochastic dynamic programs, Operations Research 58 (2010).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gridpact.base.slots import Slots
from gridpact.base.units import Floats, Ints
from gridpact.contracts.errors import IllFormed
from gridpact.contracts.evaluate import Known, World
from gridpact.contracts.valuation.payoffs import Payoffs, payoffs
from gridpact.contracts.valuation.regression import halves
from gridpact.contracts.valuation.rights import Swing
from gridpact.contracts.valuation.swing import Learnt, better_now, learn_swing, pathwise
from gridpact.contracts.valuation.tree import check_markov


def foresight_bound(
    plan: Swing, world: World, slots: Slots, discount: Floats | None = None
) -> Floats:
    """Return what the right would bring who knows each path, [paths]; its mean is a bound."""
    amounts = payoffs(plan, world, slots, discount)
    return np.asarray(amounts.base.sum(axis=1) + pathwise(amounts, None)[0], dtype=np.float64)


def dual_bound(
    plan: Swing,
    series: str,
    successors: tuple[Ints, Floats],
    world: World,
    slots: Slots,
    discount: Floats | None = None,
) -> Floats:
    """Return the dual bound on each path, [paths]; its mean estimates an upper bound.

    ``successors`` are what :meth:`Lattice.successors` or :meth:`OneFactor.successors` return for
    the paths of ``series`` in the world: prices and chances [branches, paths, slots]. The other
    series are certain. A notice counts as 0: to know more is worth no less, so that the bound
    holds for every notice.
    """
    check_markov(plan, series)
    _check_certain(world, series)
    drawn, chances = successors
    amounts = payoffs(plan, world, slots, discount).spread(drawn.shape[1])
    states = _states(amounts, _values(world[series]))
    known = list(range(slots.count))
    limit = max(amounts.limits, default=0)
    penalties = np.zeros((slots.count, amounts.rows, limit + 1))
    learnt = [
        (learn_swing(amounts, states, known, learn), decide)
        for learn, decide in halves(amounts.rows)
    ]
    for one, decide in learnt:
        penalties[:, decide] += _guesses(amounts, states, one, decide)
    for prices, chance in zip(drawn, chances, strict=True):
        branch = payoffs(plan, {**world, series: prices}, slots, discount).spread(len(prices))
        seen = _states(branch, prices)
        for one, decide in learnt:
            expected = _guesses(branch, seen, one, decide)
            expected[:-1] *= chance[decide, 1:].T[:, :, None]
            penalties[:, decide] -= expected
    return np.asarray(amounts.base.sum(axis=1) + pathwise(amounts, penalties)[0], np.float64)


def _states(amounts: Payoffs, prices: Ints) -> list[Floats]:
    return [prices.astype(np.float64), np.maximum(amounts.each, 0)]


def _guesses(
    amounts: Payoffs, states: Sequence[Floats], learnt: dict[int, Learnt], rows: Ints
) -> Floats:
    """Return the guessed value of what follows each slot, [slots, rows, uses + 1]."""
    limit = max(amounts.limits, default=0)
    found = np.zeros((amounts.each.shape[1], rows.size, limit + 1))
    for segment, most in zip(amounts.segments, amounts.limits, strict=True):
        for slot in range(segment.start, segment.stop):
            if slot == 0:
                continue
            one = learnt[slot]
            seen = np.array([state[rows, slot] for state in states])
            ahead = one.basis(seen) @ one.ahead
            gain = amounts.each[rows, slot]
            better = better_now(gain, ahead, amounts.allowed[rows, slot])
            used = np.where(better, gain[:, None] + ahead[:, 1:], ahead[:, :most])
            value = np.column_stack([used, ahead[:, most]])
            # a period begins with every right unused, however the one before it ended
            found[slot - 1, :, : most + 1] = value
            if slot == segment.start:
                found[slot - 1] = value[:, :1]
    return found


def _check_certain(world: World, series: str) -> None:
    for name, entry in world.items():
        if name != series and (_values(entry) != np.atleast_2d(_values(entry))[0]).any():
            raise IllFormed(f"series {name!r} has paths of its own, which the successors lack")


def _values(entry: Ints | Known) -> Ints:
    return entry.values if isinstance(entry, Known) else entry
