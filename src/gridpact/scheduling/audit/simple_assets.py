"""Check cars that only charge and generation that may be cut; return what they cost [nano-¤]."""

from __future__ import annotations

import numpy as np

from gridpact.base.units import Floats
from gridpact.scheduling.audit.columns import Rows
from gridpact.scheduling.audit.report import Breaches
from gridpact.scheduling.audit.sums import check_budget


def check_one_way(breaches: Breaches, own: Rows, energy: Floats) -> Floats:
    """Charging stays within window and power, and adds up to the energy due."""
    slot = np.arange(own.slots)
    arrive, leave = own.whole("arrive")[:, None], own.whole("leave")[:, None]
    most = np.where((slot >= arrive) & (slot < leave), own.energy("power_w"), 0.0)
    breaches.above("charges beyond its power or window", own.name, own.rows, energy - most)
    breaches.above("feeds in", own.name, own.rows, -energy)
    missing = np.abs(energy.sum(axis=1) - own.number("energy_wh"))
    breaches.above("does not get the energy due", own.name, own.rows, missing)
    check_budget(breaches, own, energy)
    return np.zeros(len(energy))


def check_curtailable(breaches: Breaches, own: Rows, output: Floats) -> Floats:
    """Output lies between what must not be cut and the forecast."""
    forecast = own.by_slot("forecast_wh")
    breaches.above("gives more than its forecast", own.name, own.rows, output - forecast)
    least = forecast * own.number("least")[:, None]
    breaches.above("is cut too far", own.name, own.rows, least - output)
    return np.asarray(own.number("cost") * (forecast - output).sum(axis=1))
