"""Sharing keys: who gets how much of the community's surplus in each slot, to the last Wh.

Collective self-consumption of the French kind (Code de l'énergie, L315-4 and D315-1 ff.): in every
settlement slot the energy that members inject together is allocated to members who withdraw at
the same time. An allocation never exceeds the member's own need, and all allocations together
never exceed the injection; what is left is surplus and goes to the supplier, as do needs that
remain. Two keys:

- *default dynamic* (D315-6, applied where no other key was declared): pro rata to need.
- *static*: member i is entitled to a constant share k_i of the injection, capped by its need. What
  the cap takes away is not redistributed; it stays surplus.

Example with needs of 3, 1 and 0 kWh and 2 kWh to share: default dynamic gives 1.5, 0.5 and 0 kWh
without surplus. Static thirds entitle to 667, 667 and 666 Wh (2000 Wh ÷ 3 by largest remainder,
the lower rows first), allocate 667, 667 and 0 Wh and leave 666 Wh.

Givers are reduced pro rata to their surplus. All arrays are int64 [members, slots] in Wh.
"""

from __future__ import annotations

import msgspec
import numpy as np

from gridpact.base.rounding import largest_remainder
from gridpact.base.units import MICRO_PER_UNIT, Ints, checked_sum


class Allocation(msgspec.Struct, frozen=True):
    """Shared energy [members, slots]: received ``in_wh`` and given ``out_wh``.

    Both sum to the same total in every slot. Where a key makes members owners of what it allocates,
    ``kept_wh`` is what they received beyond their need and sell on themselves; it is None, for
    nothing, under keys that never allocate more than the need.
    """

    in_wh: Ints
    out_wh: Ints
    kept_wh: Ints | None = None

    @property
    def used_wh(self) -> Ints:
        """Energy received that met a need in the same slot, int64 [members, slots]."""
        return self.in_wh if self.kept_wh is None else self.in_wh - self.kept_wh


def default_dynamic(surplus_wh: Ints, need_wh: Ints) -> Allocation:
    """Share pro rata to need, given pro rata to surplus.

    Parameters
    ----------
    surplus_wh, need_wh : int64 [members, slots]
        Non-negative.

    Returns
    -------
    Allocation
        The shared total per slot is the lesser of total surplus and total need.
    """
    _check(surplus_wh, need_wh)
    shared = np.minimum(checked_sum(surplus_wh, axis=0), checked_sum(need_wh, axis=0))
    return Allocation(largest_remainder(shared, need_wh), largest_remainder(shared, surplus_wh))


def static(surplus_wh: Ints, need_wh: Ints, share_ppm: Ints) -> Allocation:
    """Share by a declared key, capped by need; nothing is redistributed.

    Parameters
    ----------
    surplus_wh, need_wh : int64 [members, slots]
        Non-negative.
    share_ppm : int64 [members] or [members, slots]
        Each member's share of the community's surplus in millionths; at most 1,000,000 together.
        Shares that differ from slot to slot are the organiser's own ("simple dynamic") key.
        What they leave of the whole goes to nobody.

    Raises
    ------
    ValueError
        A negative share or amount, or shares beyond the whole.
    """
    _check(surplus_wh, need_wh)
    by_slot = share_ppm if share_ppm.ndim == 2 else share_ppm[:, None]
    # What nobody is entitled to takes part in the rounding as one more row, the last.
    unassigned = MICRO_PER_UNIT - by_slot.sum(axis=0, keepdims=True)
    if np.any(by_slot < 0) or np.any(unassigned < 0):
        raise ValueError("shares must be non-negative and add up to at most 1,000,000 ppm")
    weights = np.concatenate([by_slot, unassigned])
    weights = np.broadcast_to(weights, (weights.shape[0], surplus_wh.shape[1]))
    entitled = largest_remainder(checked_sum(surplus_wh, axis=0), weights)[:-1]
    received = np.minimum(entitled, need_wh)
    shared = received.sum(axis=0)
    return Allocation(received, largest_remainder(shared, surplus_wh))


def _check(surplus_wh: Ints, need_wh: Ints) -> None:
    if surplus_wh.shape != need_wh.shape:
        raise ValueError(f"surplus {surplus_wh.shape} and need {need_wh.shape} differ in shape")
    if np.any(surplus_wh < 0) or np.any(need_wh < 0):
        raise ValueError("surplus and need must not be negative")
