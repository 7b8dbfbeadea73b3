"""Weights of the answers that groups mix, put together from all masters."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import numpy as np

from gridpact.base.units import Floats, Ints
from gridpact.scheduling.fleet.groups import Groups
from gridpact.scheduling.fleet.portfolio_master import Usage

ROUNDING = 1e-12
"""Weights below this are left out."""


class Shares(msgspec.Struct, frozen=True):
    """Weights of groups: group ``g`` mixes its answers to ``born[at]`` for ``first[g] ≤ at``.

    ``share`` [entries] sums to 1 within ``first[g] : first[g + 1]``.
    """

    first: Ints
    born: Ints
    share: Floats

    def of(self, group: int) -> Iterator[tuple[int, float]]:
        """Rounds and weights of one group."""
        for at in range(int(self.first[group]), int(self.first[group + 1])):
            yield int(self.born[at]), float(self.share[at])


def shares_of(groups: Groups, proposals: list[Usage], weight: Floats) -> Shares:
    """Weights of groups from those of proposals [proposals, cells] and of answers in them."""
    group, born, share = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)], [np.zeros(0)]
    for own, usage in zip(weight, proposals, strict=True):
        mixed = usage.weights
        used = np.flatnonzero(own[mixed.cell] > ROUNDING)
        group.append(mixed.group[used])
        born.append(mixed.born[used])
        share.append(mixed.share[used] * own[mixed.cell[used]])
    of_group, rounds = np.concatenate(group), np.concatenate(born)
    return _summed(len(groups.cell), of_group, rounds, np.concatenate(share))


def _summed(count: int, group: Ints, born: Ints, share: Floats) -> Shares:
    """Add up equal pairs of group and round, and scale every group to a sum of 1."""
    rounds = int(born.max(initial=0)) + 1
    key, inverse = np.unique(group * rounds + born, return_inverse=True)
    total = np.bincount(inverse, weights=share, minlength=len(key)).astype(np.float64)
    of_group = key // rounds
    total = total / np.bincount(of_group, weights=total, minlength=count)[of_group]
    kept = total > ROUNDING
    first = np.searchsorted(of_group[kept], np.arange(count + 1)).astype(np.int64)
    return Shares(first, (key % rounds)[kept], total[kept])
