"""The sharing game: what a coalition saves when its members share energy.

Alone, a member buys what it lacks at its supplier's import price and sells what it has left at the
export price. Together, in every slot, those who have left supply those who lack, as far as both
gain. The worth of a coalition is the bill it saves: the greatest welfare of trades inside it. It
is the least, over all prices, of what its members would gain at that price (linear-programming
duality of the assignment of supply to demand; Shapley & Shubik 1971), so no matching is needed,
and coalitions are valued many at once. With one import price m and one export price e it is
``(m - e) × min(surplus, deficit)`` where m > e, and 0 otherwise.
"""

from __future__ import annotations

import numpy as np

from gridpact.base.units import Bools, Ints, checked_multiply, checked_sum

_BLOCK = 1 << 22
"""Numbers worked on at once: 32 MiB."""
MOST_MEMBERS = 20
"""Up to here every coalition can be valued: a million of them."""


class SharingGame:
    """A game in characteristic form over the members of a community.

    Parameters
    ----------
    net_wh : int64 [members, slots]
        What a member needs from outside in a slot, negative where it has energy left.
    import_micro_per_kwh, export_micro_per_kwh : int64 [slots] or [members, slots]
        The supplier's prices, one tariff for all or one for each.

    Raises
    ------
    NumberOverflow
        Where what all members might gain does not fit 64 bits.
    """

    def __init__(
        self, net_wh: Ints, import_micro_per_kwh: Ints, export_micro_per_kwh: Ints
    ) -> None:
        self.members, self.slots = net_wh.shape
        limit = np.where(net_wh > 0, import_micro_per_kwh, export_micro_per_kwh)
        price = _candidates(np.asarray(limit, dtype=np.int64))
        energy, own = np.broadcast_to(net_wh[:, None, :], (self.members, *price.shape)), limit
        gain = np.maximum(np.sign(energy) * (own[:, None, :] - price), 0)
        self._gain = checked_multiply(np.abs(energy), gain)  # [members, prices, slots]
        checked_sum(checked_sum(self._gain, axis=0).max(axis=0, initial=0))

    def worth(self, coalitions: Bools) -> Ints:
        """Worth of given coalitions [nano-¤, coalitions]; ``coalitions`` [coalitions, members]."""
        total = np.zeros(coalitions.shape[0], dtype=np.int64)
        which = coalitions.astype(np.int64)
        for part in self._parts(coalitions.shape[0]):
            flat = part.reshape(self.members, part.shape[1] * part.shape[2])
            total += _least(which @ flat, part.shape[1:])
        return total

    def worths(self) -> Ints:
        """Worth of every coalition [nano-¤, 2 ** members].

        Member i is in coalition c where bit i of c is 1. Raises ValueError beyond
        :data:`MOST_MEMBERS` members.
        """
        check_members(self.members)
        total = np.zeros(1 << self.members, dtype=np.int64)
        for part in self._parts(total.size):
            flat = part.reshape(self.members, part.shape[1] * part.shape[2])
            total += _least(subset_sums(flat), part.shape[1:])
        return total

    def _parts(self, coalitions: int) -> list[Ints]:
        """Gains by runs of slots, so that ``coalitions`` of them fit one block."""
        width = max(1, _BLOCK // max(1, coalitions * self._gain.shape[1]))
        return [self._gain[:, :, at : at + width] for at in range(0, self.slots, width)]


def check_members(members: int) -> None:
    """Raise ValueError where there are too many members to value every coalition."""
    if members > MOST_MEMBERS:
        raise ValueError(f"{members} members have too many coalitions to look at each")


def subset_sums(values: Ints) -> Ints:
    """Sum over every subset of rows: [rows, ...] gives [2 ** rows, ...], by bits of the index."""
    sums = np.zeros((1 << values.shape[0], *values.shape[1:]), dtype=values.dtype)
    for row in range(values.shape[0]):
        np.add(sums[: 1 << row], values[row], out=sums[1 << row : 2 << row])
    return sums


def _candidates(limit: Ints) -> Ints:
    """Different limit prices of each slot [prices, slots], filled up with the highest.

    What members gain is convex and piecewise linear in the price, so its least is at a limit.
    """
    if not limit.shape[0]:
        return np.zeros((1, limit.shape[1]), dtype=np.int64)
    ordered = np.sort(limit, axis=0)
    again = np.zeros(ordered.shape, dtype=np.bool_)
    again[1:] = ordered[1:] == ordered[:-1]
    distinct = np.where(again, ordered[-1], ordered)
    return np.sort(distinct, axis=0)[: int(np.max(np.sum(~again, axis=0), initial=1))]


def _least(gain: Ints, shape: tuple[int, ...]) -> Ints:
    """Least over prices, summed over slots; ``gain`` [coalitions, prices × slots]."""
    each = gain.reshape(gain.shape[0], *shape)
    return np.asarray(each.min(axis=1).sum(axis=1), dtype=np.int64)
