"""Storage in a sharing operation: charging is a consumer, discharging a producer.

Two bounds hold in every slot (Code de l'énergie, D315-1 ff.): what is allocated to charging and to
consumers is at most the production, and what is allocated to consumers is at most production and
discharge. A store is a member like any other, with one more rule: what is discharged meets
consumers' needs and does not charge another store.
"""

from __future__ import annotations

import numpy as np

from gridpact.base.rounding import largest_remainder
from gridpact.base.units import Bools, Ints, checked_sum


def charging_from_production(surplus_wh: Ints, need_wh: Ints, storage: Bools) -> Ints:
    """Return needs of which charging takes no more than what is produced beside discharging.

    ``surplus_wh`` and ``need_wh`` are int64 [members, slots], ``storage`` bool [members] says who
    stores. Stores that would charge with more are reduced pro rata to their need.
    """
    produced = checked_sum(surplus_wh[~storage], axis=0)
    charging = need_wh[storage]
    most = np.minimum(checked_sum(charging, axis=0), produced)
    bounded = need_wh.copy()
    bounded[storage] = largest_remainder(most, charging)
    return bounded
