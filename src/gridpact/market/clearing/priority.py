"""Who comes first, and who gets the odd Wh: the orderings that mechanisms share."""

from __future__ import annotations

from enum import StrEnum

import numpy as np

from gridpact.base.units import INT64_MAX, Ints

_KEY_BITS = 63


class Ties(StrEnum):
    """How orders of one price share what is left for them."""

    PRO_RATA = "pro-rata"
    """In proportion to quantity, by largest remainder in whole Wh, the lower sequence first."""
    TIME = "time"
    """One after the other in full, the lower sequence first."""


def ranked(group: Ints, cost: Ints, sequence: Ints) -> Ints:
    """Rows by group, then rising cost, then rising sequence, shape [rows].

    Groups count from 0; sequences are unique within an equal group and cost. Group, cost and row
    usually fit one 63-bit number, and sorting plain numbers is several times faster than sorting
    by several columns. O(n log n).
    """
    if not group.size:
        return np.empty(0, dtype=np.int64)
    if np.any(sequence[1:] < sequence[:-1]):  # then rows do not stand for sequences
        first = np.argsort(sequence, kind="stable")
        return first[_ranked_by_row(group[first], cost[first])]
    return _ranked_by_row(group, cost)


def _ranked_by_row(group: Ints, cost: Ints) -> Ints:
    """Rows by (group, cost, row)."""
    low = int(cost.min())
    cost_bits = (int(cost.max()) - low).bit_length()
    row_bits = (group.size - 1).bit_length()
    if int(group.max()).bit_length() + cost_bits + row_bits > _KEY_BITS:
        return np.lexsort((cost, group))  # stable: equal ones stay in row order
    key = group << (cost_bits + row_bits)
    key |= (cost - low) << row_bits
    key |= np.arange(group.size)
    key.sort()
    key &= (1 << row_bits) - 1
    return np.asarray(key, dtype=np.int64)


def pro_rata(total: Ints, size: Ints, weight: Ints, sequence: Ints) -> Ints:
    """Divide totals [groups] among the ``size`` [groups] rows of each in proportion to weight.

    The rows [sum of sizes] of a group stand next to each other. Largest remainder in whole Wh,
    the lower sequence first among equal remainders. A total must not exceed its weights' sum;
    then no share exceeds its weight. Every group has at least one row.
    """
    if not size.size:
        return weight.copy()
    starts = np.cumsum(size) - size
    group = np.repeat(np.arange(size.size), size)
    whole = np.add.reduceat(weight, starts)
    shares = weight
    if int(total.max()) * int(weight.max()) > INT64_MAX:
        shares = weight.astype(object)  # Python's integers do not wrap; only giant ties get here
    product = shares * total[group]
    base = (product // whole[group]).astype(np.int64)
    rest = (product % whole[group]).astype(np.int64)
    left = total - np.add.reduceat(base, starts)
    order = np.lexsort((sequence, -rest, group))
    rank = np.arange(group.size) - starts[group]
    base[order] += rank < left[group]
    return np.asarray(base, dtype=np.int64)


def in_turn(total: Ints, size: Ints, weight: Ints, sequence: Ints) -> Ints:
    """Divide totals [groups] by filling the rows of each one after the other, by sequence.

    Parameters as those of :func:`pro_rata`.
    """
    group = np.repeat(np.arange(size.size), size)
    order = np.lexsort((sequence, group))
    ends = np.cumsum(weight[order])
    starts = ends - weight[order]
    first = np.repeat(starts[np.cumsum(size) - size], size)  # sorted, groups stand as before
    filled = np.empty_like(weight)
    filled[order] = np.clip(total[group] - (starts - first), 0, weight[order])
    return filled


SHARES = {Ties.PRO_RATA: pro_rata, Ties.TIME: in_turn}
