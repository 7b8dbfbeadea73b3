"""Work that cannot be interrupted: at once, at the least expected cost, or once it is cheap enough.

With ``P`` the prices and ``L`` slots of work that begin in slot ``h``, the cost is
``Σ_{t=h}^{h+L−1} P_t`` times the energy of a slot. *Normal* work starts at once; by *prediction* it
starts where the expected cost is least; by *cost acceptance* at the first ``h`` where the expected
cost is at most ``C_max``.
"""

from __future__ import annotations

import numpy as np

from gridpact.base.errors import BadInput, Fault
from gridpact.base.units import Floats
from gridpact.scheduling.fleet.columns import Values, per_asset
from gridpact.scheduling.working.columns import (
    Appliances,
    Starts,
    price_table,
    refuse_faults,
)
from gridpact.scheduling.working.pattern_kernels import Windows, first_costs, least_sums


def start_at_once(appliances: Appliances, prices: Values) -> Starts:
    """Start in the first slot of the window (normal).

    Parameters
    ----------
    appliances : Appliances
        Windows and work.
    prices : [slots] or [zones, slots]
        µ¤/kWh.

    Raises
    ------
    BadInput
        Of columns or prices out of range, or work that does not fit its window. So do all others
        here.
    """
    table = price_table("prices", prices)
    refuse_faults(appliances, *table.shape)
    before, begin = sums_before(table), np.asarray(appliances.first, np.int64)
    total = before[appliances.zone, begin + appliances.length] - before[appliances.zone, begin]
    return Starts(begin, total * appliances.energy())


def start_cheapest(appliances: Appliances, expected: Values) -> Starts:
    """Start where the expected cost is least, the earliest of equals (prediction).

    ``expected`` [slots] or [zones, slots] are the expected prices, µ¤/kWh; by linearity nothing
    else of their distribution matters to work that is planned once and for all.
    """
    table = price_table("expected", expected)
    refuse_faults(appliances, *table.shape)
    slot, total = least_sums(windows_of(appliances), sums_before(table))
    return Starts(slot, total * appliances.energy())


def start_acceptable(
    appliances: Appliances, expected: Values, most_nano: Values, *, must: bool = True
) -> Starts:
    """Start as soon as the expected cost is at most ``most_nano`` (cost acceptance).

    Parameters
    ----------
    appliances : Appliances
        Windows and work.
    expected : [slots], [zones, slots] or [zones, slots, slots]
        Expected prices, µ¤/kWh. The last is a forecast for each slot of issue, ``[zone, issue,
        slot]``: whether to start in a slot is decided by the forecast issued in it, which only
        needs to hold for that slot and later ones.
    most_nano : one number or [appliances]
        ``C_max``, the most the work may be expected to cost [nano-¤].
    must : bool
        Start at the last moment where no start is acceptable; otherwise it does not take place.
    """
    forecasts = np.ascontiguousarray(np.asarray(expected, np.float64))
    if forecasts.ndim < 3:
        forecasts = price_table("expected", forecasts)[:, None]
    elif forecasts.ndim > 3 or forecasts.shape[1] != forecasts.shape[2]:
        problem, fix = f"has shape {forecasts.shape}", "give [zones, slots, slots]"
        raise BadInput([Fault("appliances", 0, "expected", problem, fix)])
    zones, _, slots = forecasts.shape
    refuse_faults(appliances, zones, slots)
    # what was issued about slots gone by is not read, and may be missing
    known = np.arange(slots) >= np.arange(forecasts.shape[1])[:, None]
    table = price_table("expected", np.where(known, forecasts, 0.0).reshape(-1, slots))
    energy = appliances.energy()
    most = per_asset(most_nano, len(energy))
    before = sums_before(table).reshape(zones, -1, slots + 1)
    return Starts(*first_costs(windows_of(appliances), before, energy, most, must))


def windows_of(appliances: Appliances) -> Windows:
    """Columns that kernels read."""
    columns = (appliances.zone, appliances.first, appliances.end, appliances.length)
    return Windows(*(np.ascontiguousarray(column, np.int64) for column in columns))


def sums_before(prices: Floats) -> Floats:
    """Sums of the prices before each slot, [rows, slots + 1]."""
    before: Floats = np.zeros((prices.shape[0], prices.shape[1] + 1))
    np.cumsum(prices, axis=1, out=before[:, 1:])
    return before
