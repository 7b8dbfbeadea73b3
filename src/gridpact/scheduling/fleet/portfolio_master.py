"""The portfolio master: mix what cells propose so that limits that couple them hold.

A proposal is the best mix of every cell at given coupling prices. Cells are bundled; each bundle's
proposals are columns of one restricted master, whose rows are the coupling limits: all portfolio
rows, and those limits of upper zones that something exceeded.
"""

from __future__ import annotations

import msgspec
import numpy as np

from gridpact.base.units import Bools, Floats, Ints
from gridpact.scheduling.fleet.limits import SIGN, RowLimits
from gridpact.scheduling.fleet.master_arrays import Limits
from gridpact.scheduling.fleet.restricted import OVER, RestrictedMaster

NO_PRICES = np.zeros((0, 0))
BUNDLES = 200
"""Most bundles of cells: more make the master finer and slower."""


class Coupling(msgspec.Struct, frozen=True):
    """What couples cells.

    ``rows``: portfolio limits. ``most`` [upper zones, kinds, slots]: limits of zones with zones
    below; ``inside`` [upper zones, cells]: which cells lie in them.
    """

    rows: RowLimits
    most: Floats
    inside: Bools

    @property
    def present(self) -> bool:
        """Whether anything couples cells."""
        return bool(len(self.rows.row) or np.any(np.isfinite(self.most)))


class Weights(msgspec.Struct, frozen=True):
    """How cells mix their answers [entries], sorted by cell.

    ``share`` is the weight of the answer of ``group`` in ``cell`` to the prices of round ``born``.
    """

    cell: Ints
    group: Ints
    born: Ints
    share: Floats


class Usage(msgspec.Struct, frozen=True):
    """What cells propose: ``energy`` [cells, signatures, slots] kWh and its cost [cells] ¤.

    ``own_cost`` is what it costs at buying prices, ``spread_cost`` what meters that feed in earn
    less than that; ``missed`` [cells] is the energy by which own limits are exceeded [kWh].
    ``weights`` say how each cell mixes its answers.
    """

    own_cost: Floats
    spread_cost: Floats
    missed: Floats
    energy: Floats
    weights: Weights


class CouplingPrices(msgspec.Struct, frozen=True):
    """Prices of coupling limits [¤/kWh], never negative.

    ``rows`` [portfolio limits]; ``zones`` [upper zones, kinds, slots].
    """

    rows: Floats
    zones: Floats


class PortfolioMaster:
    """Proposals so far, and their best mix.

    ``alone`` marks cells that propose anew while others do not: bundles keep the two apart.
    """

    def __init__(self, coupling: Coupling, penalty: float, alone: Bools) -> None:
        self.coupling, self.penalty, cells = coupling, penalty, len(alone)
        usual = np.arange(cells) * min(cells, BUNDLES) // max(cells, 1)
        edge = (np.diff(usual, prepend=0) != 0) | np.diff(alone, prepend=alone[:1])
        self.bundle = np.cumsum(edge)
        self.proposals: dict[int, Usage] = {}
        self._number, self._begin = 0, np.flatnonzero(np.diff(self.bundle, prepend=-1))
        self._of_bundles: dict[int, Bools] = {}
        self._zone_rows: list[tuple[int, int, int]] = []
        self._master = self._fresh()

    def add(self, usage: Usage, cells: Bools) -> None:
        """Add what ``cells`` (a mask) propose now; bundles are in it with all their cells."""
        number, self._number = self._number, self._number + 1
        self.proposals[number] = usage
        self._of_bundles[number] = np.logical_and.reduceat(cells, self._begin)
        self._append(number)
        self._forget()

    def _forget(self) -> None:
        """Let go of proposals that the master has dropped."""
        known = set(np.unique(self._master.master.born[: self._master.columns]).tolist())
        for number in self.proposals.keys() - known:
            del self.proposals[number], self._of_bundles[number]

    @property
    def complete(self) -> bool:
        """Whether there is a proposal of every bundle."""
        known = self._master.master.group[: self._master.columns]
        return len(np.unique(known)) == len(self._begin)

    def rounds(self) -> set[int]:
        """Rounds whose answers are in a proposal."""
        return {
            born for one in self.proposals.values() for born in np.unique(one.weights.born).tolist()
        }

    def solve(self, tolerance: float) -> CouplingPrices:
        """Mix the proposals; return the prices of the coupling limits."""
        while True:
            self._master.solve(NO_PRICES, tolerance)
            exceeded = self._exceeded()
            if not exceeded:
                break
            self._zone_rows += exceeded
            self._rebuild()
        return self._prices()

    def shares(self) -> Floats:
        """Weight of each proposal in each cell [proposals, cells]; a cell's sum to 1."""
        columns, weights = self._master.weights()
        share, numbers = np.zeros((len(self.proposals), len(self._begin))), sorted(self.proposals)
        master = self._master.master
        place = np.searchsorted(numbers, master.born[columns])
        share[place, master.group[columns]] = weights
        return np.asarray(share[:, self.bundle])

    def energy(self) -> Floats:
        """What cells take in the mix [cells, signatures, slots]."""
        proposals = list(self.proposals.values())
        total = np.zeros(proposals[0].energy.shape)
        for share, proposal in zip(self.shares(), proposals, strict=True):
            used = np.flatnonzero(share)
            total[used] += share[used, None, None] * proposal.energy[used]
        return total

    def cost(self) -> float:
        """Cost of the mix, with what is missed of the limits at the penalty [¤]."""
        limits = self._master.limits
        over = limits.sign * self._master.mix.sum(axis=0) - limits.limit
        return float(self._master.own_cost[0]) + self.penalty * float(np.maximum(over, 0.0).sum())

    def missed(self, energy: Floats) -> tuple[Floats, Floats]:
        """By how much limits are exceeded [portfolio limits], [upper zones, kinds, slots]."""
        rows, most = self.coupling.rows, self.coupling.most
        over = rows.sign * row_energy(rows, energy.sum(axis=0)) - rows.most
        within = self.coupling.inside.astype(np.float64) @ energy.sum(axis=1)
        above = SIGN[None, :, None] * within[:, None] - most
        return np.maximum(over, 0.0), np.maximum(above, 0.0)

    def hold(self, centre: CouplingPrices, width: float) -> None:
        """Keep prices of limits within ``width`` of ``centre``."""
        limits = self._master.limits
        middle = np.append(centre.rows, [centre.zones[at] for at in self._zone_rows])
        np.maximum(middle - width, 0.0, out=limits.low)
        np.minimum(middle + width, self.penalty, out=limits.high)
        np.minimum(limits.low, limits.high, out=limits.low)

    def raise_penalty(self, penalty: float) -> None:
        """Make missing a limit dearer."""
        self.penalty = penalty
        self._rebuild()

    def _cost(self, usage: Usage) -> Floats:
        """What a proposal costs [cells] at the penalty in force."""
        return np.asarray(usage.own_cost + usage.spread_cost + self.penalty * usage.missed)

    def _rebuild(self) -> None:
        """Make the master anew from all proposals and known rows."""
        self._master = self._fresh()
        for number in self.proposals:
            self._append(number)

    def _fresh(self) -> RestrictedMaster:
        """An empty master with the rows known so far."""
        rows, zone_rows = self.coupling.rows, self._zone_rows
        most = [self.coupling.most[at] for at in zone_rows]
        count = len(rows.row) + len(zone_rows)
        limits = Limits(
            resource=np.arange(count),
            sign=np.concatenate([rows.sign, SIGN[[kind for _, kind, _ in zone_rows]]]),
            limit=np.concatenate([rows.most, most]),
            low=np.zeros(count),
            high=np.full(count, self.penalty),
            active=np.zeros(count, np.bool_),
        )
        return RestrictedMaster(len(self._begin), count, limits)

    def _append(self, number: int) -> None:
        """Make one proposal a column of each bundle that is in it."""
        usage, rows = self.proposals[number], self.coupling.rows
        energy = np.add.reduceat(usage.energy, self._begin, axis=0)
        values = list(row_energy(rows, energy))
        total = usage.energy.sum(axis=1)
        for at, (zone, _, slot) in enumerate(self._zone_rows):
            taken = np.where(self.coupling.inside[zone], total[:, slot], 0.0)
            by_bundle = np.add.reduceat(taken, self._begin)
            if at == 0:
                values = [np.append(one, np.zeros(len(self._zone_rows))) for one in values]
            for bundle, amount in enumerate(by_bundle):
                values[bundle][len(rows.row) + at] = amount
        cost = np.add.reduceat(self._cost(usage), self._begin)
        own = np.flatnonzero(self._of_bundles[number])
        self._master.append(own, np.array(values)[own], cost[own], number)

    def _exceeded(self) -> list[tuple[int, int, int]]:
        """Limits of upper zones that the mix exceeds and that are no rows yet."""
        if not np.any(np.isfinite(self.coupling.most)):
            return []
        _, above = self.missed(self.energy())
        bound = OVER * (1 + np.abs(np.where(above > 0, self.coupling.most, 0.0)))
        found = [(int(z), int(k), int(t)) for z, k, t in np.argwhere(above > bound)]
        return [at for at in found if at not in set(self._zone_rows)]

    def _prices(self) -> CouplingPrices:
        price, rows = self._master.price, len(self.coupling.rows.row)
        zones = np.zeros(self.coupling.most.shape)
        for at, place in enumerate(self._zone_rows):
            zones[place] = price[rows + at]
        return CouplingPrices(price[:rows], zones)


def row_energy(rows: RowLimits, energy: Floats) -> Floats:
    """Energy of each limit's set [..., limits] from that of signatures [..., signatures, slots]."""
    total = np.zeros((*energy.shape[:-1], energy.shape[-1] + 1))
    np.cumsum(energy, axis=-1, out=total[..., 1:])
    window = total[..., rows.end] - total[..., rows.first]
    return np.asarray(np.sum(rows.member.T * window, axis=-2))
