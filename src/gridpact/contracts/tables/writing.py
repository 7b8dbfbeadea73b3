"""A world of series as CSV text."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from gridpact.base.slots import Slots, iso
from gridpact.contracts.evaluate import Known, World
from gridpact.contracts.tables.headers import PATH, TIME


def write_world(world: World, slots: Slots, units: Mapping[str, str] | None = None) -> str:
    """Write series [slots] or [paths, slots] as a table that ``read_world`` reads back.

    Paths are numbered from 1; a series without paths is repeated on each. ``units`` (name of a
    series to its unit of terms) go into the headers. Raises ValueError for another shape.
    """
    import polars as pl

    arrays = [each.values if isinstance(each, Known) else each for each in world.values()]
    shape = np.broadcast_shapes((slots.count,), *(array.shape for array in arrays))
    if len(shape) > 2 or shape[-1] != slots.count:
        raise ValueError(f"a table holds [slots] or [paths, slots], not {list(shape)}")
    paths = shape[0] if len(shape) == 2 else 1
    columns = [pl.Series(TIME, [iso(start) for start in slots.starts().tolist()] * paths)]
    if len(shape) == 2:
        columns.insert(0, pl.Series(PATH, np.repeat(np.arange(1, paths + 1), slots.count)))
    for name, entry in world.items():
        unit = (units or {}).get(name, "")
        header = f"{name} [{unit}]" if unit else name
        values = entry.values if isinstance(entry, Known) else entry
        cells = pl.Series(header, np.broadcast_to(values, shape).ravel(), dtype=pl.Int64)
        if isinstance(entry, Known):
            there = pl.Series(np.broadcast_to(entry.present, shape).ravel())
            cells = pl.select(pl.when(there).then(cells).alias(header)).to_series()
        columns.append(cells)
    return pl.DataFrame(columns).write_csv()
