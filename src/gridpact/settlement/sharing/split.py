"""Which producer a member's allocated energy comes from, under a named rule.

Pooled keys say what members receive; who gives it is a rule of the operation. The statute names
none for a pooled key, so a rule is always named:

- ``pro-rata``: producers give pro rata to what they produce in the slot.
- ``in-order``: producers give all they have, one after the other, in their order.

Within a slot each producer's energy goes to members pro rata to what they receive; that of stores
to all needs but charging (:mod:`.storage`).
"""

from __future__ import annotations

import numpy as np

from gridpact.base.rounding import largest_remainder
from gridpact.base.units import Bools, Ints

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


def by_producer(
    given_wh: Ints,
    received_wh: Ints,
    *,
    charging_wh: Ints | None = None,
    stores: Bools | None = None,
) -> Ints:
    """Return what each producer gives to each member, int64 [producers, members, slots].

    Parameters
    ----------
    given_wh, received_wh : int64 [producers, slots], [members, slots]
        With the same total in every slot. Each producer in turn is divided pro rata to what members
        still have to receive, so that rows and columns both add up exactly.
    charging_wh : int64 [members, slots], optional
        How much of what is received charges a store.
    stores : bool [producers], optional
        Whose energy is discharged: it goes, before that of others, to all but charging.

    Raises
    ------
    ValueError
        More or less is given than received, or more charges than is produced.
    """
    if not np.array_equal(given_wh.sum(axis=0), received_wh.sum(axis=0)):
        raise ValueError("more or less is given than received")
    found = np.zeros((len(given_wh), *received_wh.shape), np.int64)
    left = received_wh
    if stores is not None and charging_wh is not None:
        if np.any(charging_wh.sum(axis=0) > given_wh[~stores].sum(axis=0)):
            raise ValueError("more charges than production gives")
        left = received_wh - charging_wh
        left = _divided(given_wh, np.flatnonzero(stores), left, found) + charging_wh
    rows = np.arange(len(given_wh)) if stores is None else np.flatnonzero(~stores)
    _divided(given_wh, rows, left, found)
    return found


def _divided(given_wh: Ints, rows: Ints, left: Ints, found: Ints) -> Ints:
    """Divide what some producers give into ``found``; return what is left to receive."""
    left = left.copy()
    for row in rows.tolist():
        found[row] = largest_remainder(given_wh[row], left)
        left -= found[row]
    return left
