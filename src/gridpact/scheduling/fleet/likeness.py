"""Numbers by which assets are put in order, so that the order they are given in changes nothing."""

from __future__ import annotations

import msgspec
import numpy as np

from gridpact.base.units import Floats, Ints
from gridpact.scheduling.fleet.columns import Storage


def likeness(table: msgspec.Struct, rows: Ints) -> list[Floats]:
    """Keys [rows] by which like assets lie together, most telling first; then all there is."""
    if isinstance(table, Storage):
        with np.errstate(divide="ignore", invalid="ignore"):
            hours = _flat(table.hi_wh, rows) / _flat(table.charge_w, rows)
        leading = [np.nan_to_num(hours)]
    else:
        leading = []
    columns = [getattr(table, name) for name in table.__struct_fields__ if name != "zone"]
    return leading + [_flat(values, rows) for values in columns if np.ndim(values)]


def _flat(values: object, rows: Ints) -> Floats:
    """One number per row: the value, or for values by slot a sum that tells rows apart."""
    array = np.asarray(values, np.float64)
    if array.ndim == 0:
        return np.full(len(rows), float(array))
    if array.ndim == 1:
        return np.asarray(array[rows])
    own = array[rows]
    finite = np.isfinite(own)
    if not finite.all():
        own = np.where(finite, own, -1.0)  # limits may be infinite
    return np.asarray(own @ np.linspace(1.0, 2.0, array.shape[1]))
