"""Numbers by which assets are put in order, so that the order they are given in changes nothing."""

from __future__ import annotations

import msgspec
import numpy as np

from gridpact.base.units import Floats, Ints
from gridpact.scheduling.fleet.columns import Storage
from gridpact.scheduling.fleet.machine_code import machine_code, read_only


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
    sums = np.empty(len(rows))
    _sum_rows(read_only(array), rows, sums)
    return sums


@machine_code
def _sum_rows(values: Floats, rows: Ints, sums: Floats) -> None:
    """Write weighted sums of rows of ``values`` [assets, slots] into ``sums`` [rows].

    Weights grow from 1 to 2; what is infinite counts as -1.
    """
    slots = values.shape[1]
    for place in range(rows.shape[0]):
        total, row = 0.0, rows[place]
        for slot in range(slots):
            value = values[row, slot]
            weight = 1.0 + slot / max(slots - 1, 1)
            total += weight * (value if np.isfinite(value) else -1.0)
        sums[place] = total
