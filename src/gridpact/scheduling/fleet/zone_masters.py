"""The masters of all cells: each mixes its groups' answers under the limits of its own zone."""

from __future__ import annotations

import numpy as np

from gridpact.base.units import Bools, Floats, Ints
from gridpact.scheduling.fleet.groups import Groups
from gridpact.scheduling.fleet.limits import SIGN
from gridpact.scheduling.fleet.master_arrays import GROUPS, Limits
from gridpact.scheduling.fleet.portfolio_master import Usage, Weights
from gridpact.scheduling.fleet.restricted import RestrictedMaster


class ZoneMasters:
    """One restricted master per cell; arrays are [cells, ...].

    ``most`` [cells, kinds, slots] are the limits of cells and ``prices`` what exceeding them costs,
    infinite for those that only the penalty excuses; ``low`` and ``high`` are the
    bounds of the prices that masters give them now. ``scale`` [cells] is the largest cost of an
    answer [¤].
    """

    def __init__(self, groups: Groups, most: Floats, prices: Floats, penalty: float) -> None:
        cells, kinds, slots = most.shape
        self.groups, self.most, self.soft = groups, most, np.isfinite(prices)
        self.penalty = np.where(self.soft, prices, penalty)
        self.low, self.high = np.zeros(most.shape), self.penalty.copy()
        self.mix = np.zeros((len(groups.cell), slots))
        self.price = np.zeros(most.shape)
        self.scale, self.own_cost = np.zeros(cells), np.zeros(cells)
        self._known: dict[bytes, tuple[list[Ints], list[Ints]]] = {}
        self._leading = np.flatnonzero(
            np.diff(groups.cell * len(groups.member) + groups.signature, prepend=-1)
        )
        self.masters = [
            RestrictedMaster(
                int(groups.first[cell + 1] - groups.first[cell]),
                slots,
                Limits(
                    resource=np.tile(np.arange(slots), kinds),
                    sign=np.repeat(SIGN[:kinds], slots),
                    limit=most[cell].ravel(),
                    low=self.low[cell].reshape(-1),
                    high=self.high[cell].reshape(-1),
                    active=np.zeros(kinds * slots, np.bool_),
                ),
            )
            for cell in range(cells)
        ]
        for cell, master in enumerate(self.masters):
            master.mix = self.mix[groups.first[cell] : groups.first[cell + 1]]
            master.price = self.price[cell].reshape(-1)
            master.own_cost = self.own_cost[cell : cell + 1]

    def append(self, asked: Bools, energy: Floats, cost: Floats, born: Ints) -> None:
        """Add the answers of the groups ``asked`` for (a mask) [groups]: one column each."""
        np.maximum.at(self.scale, self.groups.cell[asked], np.abs(cost[asked]))
        for master, rows, group in zip(self.masters, *self._rows(asked), strict=True):
            if rows.size:
                master.append(group, energy[rows], cost[rows], born[rows])

    def _rows(self, asked: Bools) -> tuple[list[Ints], list[Ints]]:
        """Groups asked for in each cell: their rows among all groups, and within the cell."""
        key = asked.tobytes()
        if key not in self._known:
            rows, first = np.flatnonzero(asked), self.groups.first
            ends = np.searchsorted(rows, first[1:-1])
            parts = np.split(rows, ends)
            self._known[key] = parts, [part - at for part, at in zip(parts, first, strict=False)]
        return self._known[key]

    def solve(self, extra: Floats, tolerance: Floats, cells: Ints) -> None:
        """Mix again in ``cells``, in this process: to send a master costs as much as to solve it.

        ``extra`` [groups or 0, slots] are coupling prices, ``tolerance`` is [cells].
        """
        first = self.groups.first.tolist()
        for cell in cells.tolist():
            own = extra[first[cell] : first[cell + 1]]
            self.masters[cell].solve(own, float(tolerance[cell]))

    def keep(self, old: ZoneMasters, source: Ints, cell: Ints) -> None:
        """Take over what groups answered in other masters.

        ``source`` [groups] is the group there, -1 where its answers are none any more; ``cell``
        [cells] the cell there. A cell of the same groups and limits goes on from its mix.
        """
        first = self.groups.first.tolist()
        for own, master in enumerate(self.masters):
            known, was = old.masters[cell[own]], int(cell[own])
            if was < 0:
                continue
            self.scale[own] = max(self.scale[own], old.scale[was])
            groups = source[first[own] : first[own + 1]] - old.groups.first[was]
            if self._same(own, old, was, groups):
                master.resume(known)
            else:
                self._keep_columns(master, known, groups)

    def _same(self, cell: int, old: ZoneMasters, was: int, groups: Ints) -> bool:
        """Whether a cell has the groups and limits of another, and it has been mixed."""
        count = int(old.groups.first[was + 1] - old.groups.first[was])
        same_limits = np.array_equal(self.most[cell], old.most[was])
        return same_limits and np.array_equal(groups, np.arange(count))

    def _keep_columns(self, master: RestrictedMaster, known: RestrictedMaster, was: Ints) -> None:
        """Take over the columns of groups that are groups ``was`` there, if not negative."""
        source, columns = known.master, known.columns
        place = np.full(int(source.size[GROUPS]), -1)
        place[was[was >= 0]] = np.flatnonzero(was >= 0)
        group = place[source.group[:columns]]
        chosen = np.flatnonzero(group >= 0)
        if chosen.size:
            values, cost = source.values[chosen], source.cost[chosen]
            master.append(group[chosen], values, cost, source.born[chosen])

    def rounds(self) -> set[int]:
        """Rounds whose answers are columns."""
        born = [one.master.born[: one.columns] for one in self.masters]
        return set(np.unique(np.concatenate(born)).tolist())

    def reprice(self, dearer: Floats) -> None:
        """Let known answers, and mixes of them, cost what energy costs now, ``dearer`` ¤/kWh more.

        ``dearer`` is [groups, slots], or [1, slots] where it is the same for all.
        """
        if not dearer.any():
            return
        paid = np.sum(self.mix * dearer, axis=1)
        self.own_cost += np.add.reduceat(paid, self.groups.first[:-1])
        for first, master in zip(self.groups.first.tolist(), self.masters, strict=False):
            used = slice(0, master.columns)
            values = master.master.values[used]
            if len(dearer) == 1:
                master.master.cost[used] += values @ dearer[0]
            else:
                own = dearer[first + master.master.group[used]]
                master.master.cost[used] += np.einsum("ct,ct->c", own, values)

    def hold(self, centre: Floats, width: float) -> None:
        """Keep prices of limits within ``width`` of ``centre`` [cells, kinds, slots]."""
        np.maximum(centre - width, 0.0, out=self.low)
        np.minimum(centre + width, self.penalty, out=self.high)
        np.minimum(self.low, self.high, out=self.low)

    def raise_penalty(self, penalty: float) -> None:
        """Make missing a limit dearer."""
        self.penalty = np.where(self.soft, self.penalty, penalty)
        self.high[:] = self.penalty

    def usage(self) -> Usage:
        """What cells propose now; what they miss of their limits costs its penalty."""
        groups = self.groups
        energy = np.zeros((len(self.masters), len(groups.member), self.mix.shape[1]))
        if len(self._leading):
            at = groups.cell[self._leading], groups.signature[self._leading]
            energy[at] = np.add.reduceat(self.mix, self._leading, axis=0)
        return self.usage_of(self.own_cost.copy(), energy, self.weights())

    def cost(self) -> float:
        """Cost of the mix, with what is missed of limits at its penalty [¤]."""
        missed = self.missed(np.add.reduceat(self.mix, self.groups.first[:-1], axis=0))
        return float(self.own_cost.sum() + (self.penalty * missed).sum())

    def usage_of(self, own_cost: Floats, energy: Floats, weights: Weights) -> Usage:
        """Usage of this energy [cells, signatures, slots] at its own cost [cells]."""
        missed = self.missed(energy.sum(axis=1))
        spread = (np.where(self.soft, self.penalty, 0.0) * missed).sum(axis=(1, 2))
        hard = np.where(self.soft, 0.0, missed).sum(axis=(1, 2))
        return Usage(own_cost, spread, hard, energy, weights)

    def weights(self) -> Weights:
        """How all cells mix their answers now."""
        cells, groups, borns, shares = [], [], [], []
        for cell, one in enumerate(self.masters):
            columns, share = one.weights()
            cells.append(np.full(len(columns), cell))
            groups.append(one.master.group[columns] + self.groups.first[cell])
            borns.append(one.master.born[columns])
            shares.append(share)
        parts = (cells, groups, borns, shares)
        return Weights(*(np.concatenate(part) for part in parts))

    def missed(self, total: Floats) -> Floats:
        """By how much ``total`` energy [cells, slots] exceeds limits [cells, kinds, slots]."""
        kinds = self.most.shape[1]
        return np.maximum(SIGN[:kinds, None] * total[:, None] - self.most, 0.0)
