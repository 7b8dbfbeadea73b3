"""Which producer a member's allocated energy comes from, under a named rule.

Pooled keys say what members receive; who gives it is a rule of the operation. The statute names
none for a pooled key, so a rule is always named:

- ``pro-rata``: producers give pro rata to what they produce in the slot.
- ``in-order``: producers give all they have, one after the other, in their order.

Within a slot each producer's energy goes to members pro rata to what they receive.
"""

from __future__ import annotations

import numpy as np

from gridpact.base.rounding import largest_remainder
from gridpact.base.units import Ints

SPLITS = ("pro-rata", "in-order")


def given_by(rule: str, shared_wh: Ints, surplus_wh: Ints, order: Ints | None = None) -> Ints:
    """Return what each producer gives of a shared total.

    Parameters
    ----------
    rule : str
        One of :data:`SPLITS`; ValueError for any other.
    shared_wh : int64 [slots]
        At most the whole surplus.
    surplus_wh : int64 [producers, slots]
        What each could give.
    order : int64 [producers], optional
        Rows in the order that ``in-order`` takes; the rows' own order without it.

    Returns
    -------
    int64 [producers, slots]
        Sums to ``shared_wh``; never more than the surplus.
    """
    if rule == "pro-rata":
        return largest_remainder(shared_wh, surplus_wh)
    if rule != "in-order":
        raise ValueError(f"there is no split {rule!r}")
    rows = np.arange(len(surplus_wh)) if order is None else order
    before = np.cumsum(surplus_wh[rows], axis=0) - surplus_wh[rows]
    given = np.zeros_like(surplus_wh)
    given[rows] = np.clip(shared_wh - before, 0, surplus_wh[rows])
    return given


def by_producer(given_wh: Ints, received_wh: Ints) -> Ints:
    """Return what each producer gives to each member, int64 [producers, members, slots].

    ``given_wh`` [producers, slots] and ``received_wh`` [members, slots] have the same total in
    every slot. Each producer in turn is divided pro rata to what members still have to receive, so
    that rows and columns both add up exactly.
    """
    if not np.array_equal(given_wh.sum(axis=0), received_wh.sum(axis=0)):
        raise ValueError("more or less is given than received")
    found = np.empty((len(given_wh), *received_wh.shape), np.int64)
    left = received_wh.copy()
    for row, given in enumerate(given_wh):
        found[row] = largest_remainder(given, left)
        left -= found[row]
    return found
