"""What storage would do with nobody to plan for it: the baseline that savings are counted from.

Cars charge at full power as soon as they are there, until they hold what is due. Other storage
charges only as far as its lower bounds and draws force it to: batteries rest, heat stays at the
lower edge of its band. It keeps to its own power and bounds as far as it can; shared limits are not
looked at.
"""

from __future__ import annotations

import numpy as np

from gridpact.base.units import Bools, Floats, Ints
from gridpact.scheduling.problem import StorageColumns


def plain_storage(storage: StorageColumns, at_once: Bools) -> Ints:
    """Net energy of storage left to itself [assets, slots], Wh, within its power.

    ``at_once`` [assets] marks storage that charges as cars do.
    """
    inward, draw = storage.efficiency_in, storage.draw_wh
    gain = storage.charge_max_wh * inward[:, None]
    needed, state = _needed(storage, gain, at_once), storage.initial_wh.astype(np.float64)
    taken = np.empty(gain.shape)
    for now in range(gain.shape[1]):
        idle = storage.kept * state - draw[:, now]
        wanted = np.minimum(needed[:, now], storage.hi_wh[:, now]) - idle
        gained = np.clip(wanted, 0.0, gain[:, now])
        taken[:, now] = gained / inward
        state = idle + gained
    whole = np.ceil(taken - 1e-6).astype(np.int64)  # a Wh too much keeps a need, one less does not
    return np.minimum(whole, storage.charge_max_wh)


def _needed(storage: StorageColumns, gain: Floats, at_once: Bools) -> Floats:
    """State to hold after each slot [assets, slots]: what is due then, or too late to do later.

    Where all is done at once, whatever is due from then on counts.
    """
    low = storage.lo_wh.astype(np.float64)
    for slot in range(gain.shape[1] - 2, -1, -1):
        later = low[:, slot + 1] + storage.draw_wh[:, slot + 1]
        ahead = np.where(at_once, later, later - gain[:, slot + 1]) / storage.kept
        low[:, slot] = np.maximum(low[:, slot], ahead)
    return low
