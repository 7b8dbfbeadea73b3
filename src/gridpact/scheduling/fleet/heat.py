"""Heat in people's terms: buildings and water tanks, told as storage of heat.

A building is one heat capacity C behind one loss U to the outside: C·dT/dt = heat + gains −
U·(T − outside), which with everything constant within a slot of h hours has the exact solution

    T' = kept · T + (1 − kept) · (outside + (heat + gains) / U),   kept = exp(−U·h / C).

Its state as storage is C·(T − reference) [Wh], so a comfort band is a band of states, and outside
temperatures and gains are draws. A water tank is the same with its room outside. (The simplest of
the models compared by P. Bacher and H. Madsen, Energy and Buildings 43, 2011, 1511–1522.)
"""

from __future__ import annotations

import msgspec
import numpy as np

from gridpact.base.units import Floats
from gridpact.scheduling.fleet.assets import HeatPump, Series, Tank

KELVIN = 273.15
"""0 °C in K."""
WATER_WH_PER_LITRE_K = 4.186 / 3.6
"""Heat to warm a litre of water by a kelvin [Wh]."""
LABEL_K = 45.0
"""Temperature above its room at which a tank's standing loss counts as stated: 65 °C in 20 °C."""
LEAST_LIFT_K = 15.0
"""A smaller lift counts as this one; Carnot's machine would need no power at all at 0."""
AIR, GROUND, GROUNDWATER = 0.4, 0.55, 0.5
"""Share of Carnot's coefficient that heat pumps reach by source (VDE ETG, Potenziale für Strom im
Wärmemarkt bis 2050, 2015).
"""


class Building(msgspec.Struct, frozen=True, kw_only=True):
    """A building with a heat pump; temperatures in °C, one number or one per slot.

    ``capacity_wh_per_k`` is heat to warm it by a kelvin, ``loss_w_per_k`` what it loses per kelvin
    above ``outside_c``. After every slot it is between ``coolest_c`` and ``warmest_c``. ``gains_w``
    are sun, people and devices. The heat pump draws ``power_w``, or at least ``least_w``, and heats
    to ``flow_c``; ``quality`` is its share of Carnot's coefficient.
    """

    zone: str
    power_w: float
    capacity_wh_per_k: float
    loss_w_per_k: float
    initial_c: float
    coolest_c: Series
    warmest_c: Series
    outside_c: Series
    gains_w: Series = 0.0
    flow_c: float = 35.0
    quality: float = AIR
    least_w: float = 0.0


class WaterTank(msgspec.Struct, frozen=True, kw_only=True):
    """Hot water in a tank, well mixed; temperatures in °C, one number or one per slot.

    ``drawn_litres`` per slot leave the tap at ``tap_c``, mixed from the tank and from the mains at
    ``mains_c``. The tank is between ``coolest_c`` and ``warmest_c`` after every slot and loses
    ``standing_loss_w`` at 45 K above its room. Without ``outside_c`` a rod heats it; with it, a
    heat pump that heats to 5 K above ``warmest_c``.
    """

    zone: str
    power_w: float
    litres: float
    initial_c: float
    warmest_c: float
    coolest_c: Series = 45.0
    drawn_litres: Series = 0.0
    standing_loss_w: float = 0.0
    tap_c: float = 40.0
    mains_c: float = 10.0
    room_c: float = 20.0
    outside_c: Series | None = None
    quality: float = AIR
    least_w: float = 0.0


def coefficient_of_performance(outside_c: Series, flow_c: float, quality: float = AIR) -> Floats:
    """Heat per electric energy of a heat pump from outside (or ground) temperature to its flow.

    ``quality · T_flow / (T_flow − T_outside)``, temperatures in K: Carnot's coefficient times the
    share of it that is reached.
    """
    lift = np.maximum(flow_c - np.asarray(outside_c, np.float64), LEAST_LIFT_K)
    return np.asarray(quality * (flow_c + KELVIN) / lift)


def heated_building(building: Building, step_s: int) -> HeatPump:
    """Return a building as storage of heat above the coolest temperature it may ever have."""
    kept, counted = _decay(building.capacity_wh_per_k, building.loss_w_per_k, step_s)
    reference = float(np.min(building.coolest_c))
    drive = building.loss_w_per_k * (np.asarray(building.outside_c, np.float64) - reference)
    incoming = (drive + np.asarray(building.gains_w, np.float64)) * (step_s / 3600)
    cop = coefficient_of_performance(building.outside_c, building.flow_c, building.quality)
    return HeatPump(
        zone=building.zone,
        capacity_wh=building.capacity_wh_per_k * (np.asarray(building.warmest_c) - reference),
        power_w=building.power_w,
        initial_wh=building.capacity_wh_per_k * (building.initial_c - reference),
        draw_wh=_series(-counted * incoming),
        least_wh=building.capacity_wh_per_k * (np.asarray(building.coolest_c) - reference),
        heat_per_wh=_series(counted * cop),
        kept=kept,
        min_w=building.least_w,
    )


def heated_tank(tank: WaterTank, step_s: int) -> Tank:
    """Return a water tank as storage of heat above the temperature of its room."""
    capacity = tank.litres * WATER_WH_PER_LITRE_K
    kept, counted = _decay(capacity, tank.standing_loss_w / LABEL_K, step_s)
    taken = np.asarray(tank.drawn_litres, np.float64) * (tank.tap_c - tank.mains_c)
    cop: Series = 1.0
    if tank.outside_c is not None:
        cop = coefficient_of_performance(tank.outside_c, tank.warmest_c + 5.0, tank.quality)
    return Tank(
        zone=tank.zone,
        capacity_wh=capacity * (tank.warmest_c - tank.room_c),
        power_w=tank.power_w,
        initial_wh=capacity * (tank.initial_c - tank.room_c),
        draw_wh=_series(counted * taken * WATER_WH_PER_LITRE_K),
        least_wh=_series(capacity * (np.asarray(tank.coolest_c) - tank.room_c)),
        heat_per_wh=_series(counted * np.asarray(cop, np.float64)),
        kept=kept,
        min_w=tank.least_w,
    )


def building_temperature(building: Building, state_wh: Floats) -> Floats:
    """Temperatures [°C] of a building from states of its storage [Wh], any shape."""
    return np.asarray(float(np.min(building.coolest_c)) + state_wh / building.capacity_wh_per_k)


def tank_temperature(tank: WaterTank, state_wh: Floats) -> Floats:
    """Temperatures [°C] of a tank from states of its storage [Wh], any shape."""
    return np.asarray(tank.room_c + state_wh / (tank.litres * WATER_WH_PER_LITRE_K))


def _decay(capacity: float, loss: float, step_s: int) -> tuple[float, float]:
    """Share of heat kept over a slot, and of heat given evenly during it that is left after it.

    ``capacity`` Wh/K, ``loss`` W/K.
    """
    exponent = loss * (step_s / 3600) / capacity
    counted = float(-np.expm1(-exponent) / exponent) if exponent > 0 else 1.0
    return float(np.exp(-exponent)), counted


def _series(values: Floats) -> Series:
    """One number where there is but one."""
    return float(values) if np.ndim(values) == 0 else values
