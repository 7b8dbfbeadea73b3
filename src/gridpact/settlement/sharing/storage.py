"""Storage in a sharing operation: charging is a consumer, discharging a producer.

Two bounds hold in every slot (Code de l'énergie, D315-1 ff.): what is allocated to charging and to
consumers is at most the production, and what is allocated to consumers is at most production and
discharge. A store is a member like any other, with one more rule: what is discharged meets
consumers' needs and does not charge another store.

The statute names no rule for slots in which a key would give stores more than is produced. Here
they then have all of the production, pro rata to what the key gave them. Nor does it say who gives:
here producers give at least what charges, and only consumers' needs are met from discharge. Under
full dynamic keys, coefficients of a store for stores count for nothing.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from gridpact.base.rounding import largest_remainder
from gridpact.base.units import Bools, Ints, checked_sum
from gridpact.settlement.allocation import Allocation


def overcharged(found: Allocation, surplus_wh: Ints, storage: Bools) -> Ints:
    """Slots in which stores would charge with more than is produced beside discharging.

    ``surplus_wh`` is int64 [members, slots], ``storage`` bool [members] says who stores.
    """
    charging = checked_sum(found.used_wh[storage], axis=0)
    return np.flatnonzero(charging > checked_sum(surplus_wh[~storage], axis=0))


def charging_from_production(
    found: Allocation, surplus_wh: Ints, need_wh: Ints, storage: Bools
) -> Ints:
    """Return needs of which those of stores are all of the production together.

    All arrays are of slots that are overcharged: int64 [members, slots].
    """
    bounded = need_wh.copy()
    produced = checked_sum(surplus_wh[~storage], axis=0)
    bounded[storage] = largest_remainder(produced, found.used_wh[storage])
    return bounded


def stores_first(surplus_wh: Ints, need_wh: Ints, storage: Bools) -> Allocation:
    """Meet the needs of stores whole, and with what is left those of others pro rata.

    Raises ValueError where stores need more than there is.
    """
    received = need_wh.copy()
    left = checked_sum(surplus_wh, axis=0) - checked_sum(need_wh[storage], axis=0)
    if left.min(initial=0) < 0:
        raise ValueError("stores need more than there is")
    others = need_wh[~storage]
    received[~storage] = largest_remainder(np.minimum(left, checked_sum(others, axis=0)), others)
    return Allocation(received, largest_remainder(checked_sum(received, axis=0), surplus_wh))


def giving_for_charging(
    found: Allocation, surplus_wh: Ints, storage: Bools, split: Callable[[Ints, Ints, Bools], Ints]
) -> Allocation:
    """Let production give at least what charges, in slots in which it would give less.

    Parameters
    ----------
    found : Allocation
        Under a pooled key, with charging bounded by production; int64 [members, slots].
    surplus_wh, storage : int64 [members, slots], bool [members]
        As in :func:`overcharged`.
    split : function of (total [slots], surplus [rows, slots], rows as bool [members])
        What some members give of a total: int64 [rows, slots].
    """
    charging = checked_sum(found.used_wh[storage], axis=0)
    short = np.flatnonzero(charging > checked_sum(found.out_wh[~storage], axis=0))
    if not short.size:
        return found
    total = checked_sum(found.in_wh[:, short], axis=0)
    given = found.out_wh.copy()
    for rows, amount in ((~storage, charging[short]), (storage, total - charging[short])):
        given[np.ix_(rows, short)] = split(amount, surplus_wh[np.ix_(rows, short)], rows)
    return Allocation(found.in_wh, given, found.kept_wh)
