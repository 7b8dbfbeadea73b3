"""The value of a swing right on a lattice, by an exact dynamic programme.

For node ``n`` of slot ``t`` and ``j`` rights used in the period::

    V_t(n, j) = max( E[V_t+1(., j)], g_t(n) + E[V_t+1(., j + 1)] )

With a notice the decision on slot ``t`` is taken in the last slot whose price is known, on the
expectation of ``g_t`` from there. Payoffs are evaluated from the terms on every node. Source: P.
Jaillet, E. Ronn and S. Tompaidis, Valuation of commodity-based swing options, Management Science
50 (2004).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gridpact.base.units import Bools, Floats, Ints
from gridpact.contracts.errors import IllFormed
from gridpact.contracts.evaluate import Known, World
from gridpact.contracts.legs import legs
from gridpact.contracts.needs import nodes
from gridpact.contracts.observables import Fold, Series
from gridpact.contracts.valuation.lattice import Lattice
from gridpact.contracts.valuation.payoffs import Payoffs, payoffs
from gridpact.contracts.valuation.regression import known_slot
from gridpact.contracts.valuation.rights import Swing
from gridpact.contracts.valuation.swing import backwards, better_now, placed


@dataclass(frozen=True, slots=True, eq=False)
class TreeValue:
    """What a right is worth to its author [nano-¤] under the best policy, on one lattice.

    ``expectation`` is of all that the choice's payments bring, ``without`` of those that come
    when nothing is exercised; their difference is what the right adds. ``better[t]`` tells where
    to exercise, by node known and uses, [nodes, limit].
    """

    expectation: float
    without: float
    known: tuple[int, ...]
    better: tuple[Bools, ...]

    def decide(self, amounts: Payoffs, walks: Ints) -> Ints:
        """Return the exercises of the best policy on walks [walks, slots], as zeros and ones."""
        seen = {
            slot: better[walks[:, max(self.known[slot], 0)]]
            for slot, better in enumerate(self.better)
        }
        return placed(amounts.segments, seen, walks.shape)


def swing_on_lattice(
    plan: Swing, lattice: Lattice, world: World, discount: Floats | None = None
) -> TreeValue:
    """Value a right where one price moves on a lattice.

    ``world`` has the other series, int64 [slots], certain. Raises IllFormed where another series
    has paths, or where a fold looks at the lattice's price, so that a node does not tell all.
    """
    amounts = lattice_payoffs(plan, lattice, world, discount)
    slots = lattice.slots
    known = tuple(known_slot(slot, plan.choice.notice_s, slots) for slot in range(slots.count))
    better: dict[int, Bools] = {}
    later, level = np.zeros((lattice.prices[-1].size, 1)), slots.count - 1
    for slot, limit, settled in backwards(amounts):
        here = max(known[slot], 0)
        later, level = _back(lattice, later, level, here), here
        if settled is not None:
            later = later[:, :1] + _back(lattice, _nodes(settled, lattice, slot), slot, here)
        gain = _back(lattice, _nodes(amounts.each[:, slot], lattice, slot), slot, here)
        better[slot] = better_now(gain, later, _open(amounts, lattice, slot, here))
        used = gain[:, None] + later[:, 1:]
        later = np.column_stack([np.where(better[slot], used, later[:, :limit]), later[:, limit]])
    without = sum(
        float(chance @ amounts.base[: chance.size, slot])
        for slot, chance in enumerate(lattice.chances())
    )
    added = float(_back(lattice, later, level, 0)[0, 0])
    ordered = tuple(better[slot] for slot in range(slots.count))
    return TreeValue(without + added, without, known, ordered)


def lattice_payoffs(
    plan: Swing, lattice: Lattice, world: World, discount: Floats | None = None
) -> Payoffs:
    """Evaluate the terms of a right on every node; rows are nodes."""
    check_markov(plan, lattice.series)
    others = {name: entry for name, entry in world.items() if name != lattice.series}
    for name, entry in others.items():
        values = entry.values if isinstance(entry, Known) else entry
        if values.ndim > 1:
            raise IllFormed(f"series {name!r} has paths, beside a lattice it must be certain")
    column = lattice.column()
    found = payoffs(plan, {**others, lattice.series: column}, lattice.slots, discount)
    return found.spread(len(column))


def check_markov(plan: Swing, series: str) -> None:
    """Raise IllFormed where a right's payments look at more of a series than its own slot."""
    amounts = [leg.amount for terms in (plan.each, plan.settled) for leg in legs(terms)]
    for part in nodes([*amounts, plan.choice.high]):
        if isinstance(part, Fold) and any(
            isinstance(leaf, Series) and leaf.name == series for leaf in nodes([part.arg])
        ):
            raise IllFormed(f"a fold looks at {series!r} over several slots")


def _nodes(values: Floats, lattice: Lattice, slot: int) -> Floats:
    """Return the rows that are nodes of a slot."""
    return values[: lattice.prices[slot].size]


def _back(lattice: Lattice, values: Floats, slot: int, earlier: int) -> Floats:
    """Return the expectations of values on the nodes of a slot in those of an earlier one."""
    for step in reversed(lattice.steps[earlier:slot]):
        values = step.expect(values)
    return values


def _open(amounts: Payoffs, lattice: Lattice, slot: int, here: int) -> Bools:
    allowed = amounts.allowed[: lattice.prices[slot].size, slot]
    if here == slot:
        return allowed
    if (allowed != allowed[0]).any():
        raise IllFormed("whether the right is open is not known at its notice")
    return np.broadcast_to(allowed[0], (lattice.prices[here].size,))
