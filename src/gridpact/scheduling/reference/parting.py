"""Storage that charges and discharges at once for nothing: the same change of state, one way."""

from __future__ import annotations

import msgspec
import numpy as np

from gridpact.base.units import Bools, Floats
from gridpact.scheduling.fleet.columns import per_asset, per_slot
from gridpact.scheduling.reference.highs import Optimum, Search, minimise
from gridpact.scheduling.reference.model import Model
from gridpact.scheduling.reference.storage import Ways

BOTH = 1e-8
"""Energy [kWh] from which a way counts as in use."""
EQUAL = 1e-9
"""Costs [¤] that differ by less, relative to 1 ¤ + the cost, count as equal."""


def both_ways(model: Model, values: Floats) -> Bools:
    """Where storage charges and discharges at once [assets, slots]."""
    if model.ways is None:
        return np.zeros((0, model.fleet.slots), np.bool_)
    charge, discharge = values[model.ways.charge], values[model.ways.discharge]
    return np.asarray((charge > BOTH) & (discharge > BOTH))


def parted(model: Model, found: Optimum, search: Search) -> Optimum | None:
    """Part the two ways and solve for the rest again; None where that costs more or is impossible.

    What parting alone changes is the grid's side: less is drawn for the same change of state.
    """
    ways, arrays = model.ways, model.arrays
    if ways is None:
        return found
    charge, discharge = _one_way(model, ways, found.values)
    lower, upper = arrays.lower.copy(), arrays.upper.copy()
    whole = arrays.whole
    lower[whole] = upper[whole] = found.values[whole]
    for columns, energy in ((ways.charge, charge), (ways.discharge, discharge)):
        kept = np.clip(energy, arrays.lower[columns], arrays.upper[columns])
        lower[columns] = upper[columns] = kept
    fixed = msgspec.structs.replace(
        arrays, lower=lower, upper=upper, whole=np.zeros(len(whole), np.bool_)
    )
    best = minimise(fixed, search)
    if best is None or best.objective > found.objective + EQUAL * (1 + abs(found.objective)):
        return None
    return msgspec.structs.replace(
        best, bound=found.bound, row_dual=found.row_dual, proven=found.proven
    )


def _one_way(model: Model, ways: Ways, values: Floats) -> tuple[Floats, Floats]:
    """Charge and discharge [assets, slots] kWh with the same change of state, parted."""
    table = model.fleet.storage
    charge, discharge = values[ways.charge], values[ways.discharge]
    if table is None:
        return charge, discharge
    inward = per_slot(table.efficiency_in, *charge.shape)
    outward = per_asset(table.efficiency_out, len(charge))[:, None]
    change = inward * charge - discharge / outward
    both = both_ways(model, values)
    charge = np.where(both, np.maximum(change, 0.0) / inward, charge)
    return charge, np.where(both, np.maximum(-change, 0.0) * outward, discharge)
