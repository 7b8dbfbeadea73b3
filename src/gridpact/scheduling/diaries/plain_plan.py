"""What storage of a day's problem would do by itself, in whole Wh."""

from __future__ import annotations

import numpy as np

from gridpact.base.units import Bools, Ints
from gridpact.scheduling.diaries.plain import stored_plainly
from gridpact.scheduling.fleet.columns import Storage
from gridpact.scheduling.problem import StorageColumns


def plain_storage(storage: StorageColumns, step_s: int, at_once: Bools) -> Ints:
    """Net energy of storage left to itself [assets, slots], Wh, within its power.

    ``at_once`` [assets] marks storage that charges as cars do
    (:func:`~gridpact.scheduling.diaries.plain.stored_plainly`).
    """
    per_hour = 3600 / step_s
    table = Storage(
        zone=storage.home,
        initial_wh=storage.initial_wh.astype(np.float64),
        charge_w=storage.charge_max_wh.astype(np.float64) * per_hour,
        discharge_w=storage.discharge_max_wh.astype(np.float64) * per_hour,
        lo_wh=storage.lo_wh.astype(np.float64),
        hi_wh=storage.hi_wh.astype(np.float64),
        efficiency_in=storage.efficiency_in,
        efficiency_out=storage.efficiency_out,
        kept=storage.kept,
        draw_wh=storage.draw_wh.astype(np.float64),
    )
    slots = storage.lo_wh.shape[1]
    taken = stored_plainly(table, slots, step_s / 3600, at_once)
    whole = np.ceil(taken - 1e-6).astype(np.int64)  # a Wh too much keeps a need, one less does not
    return np.minimum(whole, storage.charge_max_wh)
