"""Margins for storage of which nothing was heard for long: bounds that narrow with its age.

Stored energy may have gone another way than planned. The rule: in each hour without news it may be
off by a tenth of what the asset can charge or discharge in that hour, whichever is more. By so much
the least to be stored is raised and the most lowered: no further than the asset can follow from
what is believed of it, and never beyond what it holds.
"""

from __future__ import annotations

import msgspec
import numpy as np

from gridpact.base.units import Floats, Ints
from gridpact.registry.model import Community, OperationRules
from gridpact.scheduling.operation.model import Operation
from gridpact.scheduling.problem import StorageColumns

DRIFT = 0.1
"""Share of its power by which the stored energy of an asset may be off after each hour."""


def margin_wh(
    community: Community, operation: Operation, rules: OperationRules, start: int
) -> Ints:
    """Margin [assets] in Wh at an instant [s since the epoch]; 0 where the last report is fresh."""
    storage = community.storage
    age = start - operation.seen_at
    power = np.maximum(storage.charge_w, storage.discharge_w)
    off = np.ceil(DRIFT * power * (age / 3600)).astype(np.int64)
    return np.where(age > rules.stale_s, np.minimum(off, storage.capacity_wh), 0)


def widened(storage: StorageColumns, margin: Ints) -> StorageColumns:
    """Narrow the bounds of storage by a margin [assets] in Wh."""
    rows = np.flatnonzero(margin)
    if not rows.size:
        return storage
    most, least = reach(storage, rows)
    lo, hi = storage.lo_wh[rows], storage.hi_wh[rows]
    by = margin[rows, None]
    raised = np.minimum(np.minimum(lo + by, hi), np.floor(most).astype(np.int64))
    raised = np.maximum(lo, raised)
    lowered = np.maximum(np.maximum(hi - by, raised), np.ceil(least).astype(np.int64))
    lowered = np.minimum(hi, lowered)
    low, high = storage.lo_wh.copy(), storage.hi_wh.copy()
    low[rows], high[rows] = raised, lowered
    return msgspec.structs.replace(storage, lo_wh=low, hi_wh=high)


def reach(storage: StorageColumns, rows: Ints) -> tuple[Floats, Floats]:
    """Most and least that storage can hold after each slot [rows, slots], within its bounds."""
    lo, hi, draw = (each[rows] for each in (storage.lo_wh, storage.hi_wh, storage.draw_wh))
    into = storage.charge_max_wh[rows] * storage.efficiency_in[rows, None]
    out = storage.discharge_max_wh[rows] / storage.efficiency_out[rows, None]
    most, least = np.zeros((2, *lo.shape))
    high = low = storage.initial_wh[rows].astype(float)
    for slot in range(lo.shape[1]):
        high = storage.kept[rows] * high + into[:, slot] - draw[:, slot]
        low = storage.kept[rows] * low - out[:, slot] - draw[:, slot]
        high, low = np.minimum(high, hi[:, slot]), np.maximum(low, lo[:, slot])
        most[:, slot], least[:, slot] = high, low
    return most, least
