"""Heat needs counted in the electricity that makes them: buildings and hot-water tanks.

Both come as truth (seeded) and as the expectation that a planner may know.
"""

from __future__ import annotations

import numpy as np

from gridpact.base.randomness import stream
from gridpact.base.slots import Calendar, Slots
from gridpact.base.units import Floats, Ints
from gridpact.simulation.weather import Site, air_temperature
from gridpact.simulation.windows import (
    DAY_S,
    QUARTER_S,
    QUARTERS,
    day_quarters,
    energy_on,
    local_seconds,
    utc_days,
)

HEATING_LIMIT_C = 15.0  # outdoors; above it sun and people heat the building (VDI 4655)
FLOW_C = 40.0  # water temperature of underfloor heating and large radiators
_BUILDING_NOISE = 0.15
# Relative chance of drawing hot water by local hour: a morning and an evening peak, no one at
# night (the shape of Jordan and Vajen 2001, in round numbers).
_TAP_HOURS = np.array(
    [1, 0.5, 0.5, 0.5, 1, 4, 9, 10, 8, 6, 4, 4, 5, 4, 3, 3, 4, 6, 8, 8, 7, 5, 3, 2],
    dtype=np.float64,
)
# Chances a day, probability of each, share of the day's hot water (Jordan and Vajen 2001: short
# and medium draws 50 %, showers 40 % and two a day, baths 10 % and one a week).
_TAPS = ((12, 1.0, 0.5), (4, 0.5, 0.4), (1, 1 / 7, 0.1))


def heat_pump_cop(temperature_c: Floats) -> Floats:
    """Heat per electricity of an air-source heat pump (Staffell et al. 2012, regression).

    ``6.81 − 0.121 ΔT + 0.000630 ΔT²`` with ΔT from outdoors to the flow, held to 15..60 K.
    """
    lift = np.clip(FLOW_C - np.asarray(temperature_c), 15.0, 60.0)
    return np.asarray(6.81 - 0.121 * lift + 0.000630 * lift**2)


def expected_building_wh(loss_w_per_k: Floats, temperature_c: Floats, step_s: int) -> Ints:
    """Electricity that keeps buildings warm at an outdoor temperature [assets, slots] in Wh.

    ``loss_w_per_k`` [assets] is the heat lost per kelvin between :data:`HEATING_LIMIT_C` and
    outdoors, 100 to 300 for homes; ``temperature_c`` [slots] the known or forecast mean of each
    slot of ``step_s`` seconds.
    """
    return np.rint(_building(loss_w_per_k, temperature_c) * step_s / 3600).astype(np.int64)


def _building(loss_w_per_k: Floats, temperature_c: Floats) -> Floats:
    degrees = np.maximum(HEATING_LIMIT_C - temperature_c, 0) / heat_pump_cop(temperature_c)
    return np.asarray(loss_w_per_k)[:, None] * degrees


def building_need_wh(
    seed: int, site: Site, loss_w_per_k: Floats, slots: Slots, measured_c: Floats | None = None
) -> Ints:
    """Electricity that buildings truly need [assets, slots] in Wh, the same in every window.

    The expectation at the true temperature, times each building's own hourly factor of mean 1
    for wind, sun and windows left open. ``measured_c`` is the temperature in the quarter-hours
    of ``utc_days(slots)``, where it is not made up.
    """
    days = utc_days(slots)
    quarters = day_quarters(days)
    air_c = air_temperature(seed, site, quarters) if measured_c is None else measured_c
    power = _building(loss_w_per_k, air_c)
    need = np.zeros(power.shape, dtype=np.int64)
    for position, day in enumerate(days):
        part = slice(position * QUARTERS, (position + 1) * QUARTERS)
        score = stream(seed, "buildings", day).standard_normal((len(loss_w_per_k), 24))
        own = np.exp(_BUILDING_NOISE * score - _BUILDING_NOISE**2 / 2)
        need[:, part] = np.rint(power[:, part] * np.repeat(own, 4, axis=1) * QUARTER_S / 3600)
    return energy_on(need, slots)


def _tap_weight(calendar: Calendar, quarters: Slots) -> Floats:
    """Share of a day's hot water in each quarter-hour, [quarters], summing to 1 per UTC day."""
    clock = local_seconds(calendar, quarters) % DAY_S
    weight = _TAP_HOURS[clock // 3600].reshape(-1, QUARTERS)
    return np.asarray((weight / weight.sum(axis=1, keepdims=True)).ravel())


def tank_draw_wh(seed: int, daily_wh: Ints, calendar: Calendar, slots: Slots) -> Ints:
    """Hot water drawn from tanks [assets, slots], in Wh of the electricity that heats it.

    ``daily_wh`` [assets] is each tank's mean day. Draws are short: each falls in one
    quarter-hour.
    """
    days = utc_days(slots)
    draws = np.zeros((len(daily_wh), len(days) * QUARTERS), dtype=np.int64)
    for position, day in enumerate(days):
        weight = _tap_weight(calendar, day_quarters(range(day, day + 1)))
        part = slice(position * QUARTERS, (position + 1) * QUARTERS)
        draws[:, part] = _taps_of_day(seed, daily_wh, weight, day)
    return energy_on(draws, slots)


def _taps_of_day(seed: int, daily_wh: Ints, weight: Floats, day: int) -> Ints:
    """Draws of one UTC day [assets, 96]."""
    edges = np.cumsum(weight)[:-1]
    total = np.zeros(len(daily_wh) * QUARTERS)
    for row, (chances, probability, share) in enumerate(_TAPS):
        draw = stream(seed, "taps", day, row)
        asset = np.nonzero(draw.random((len(daily_wh), chances)) < probability)[0]
        mean_wh = daily_wh[asset] * share / (chances * probability)
        size = np.rint(mean_wh * draw.uniform(0.5, 1.5, len(asset)))
        quarter = np.searchsorted(edges, draw.random(len(asset)), "right")
        total += np.bincount(asset * QUARTERS + quarter, size, len(total))
    return total.astype(np.int64).reshape(-1, QUARTERS)


def expected_tank_wh(daily_wh: Ints, calendar: Calendar, slots: Slots) -> Ints:
    """Mean draw profile of tanks [assets, slots] in Wh: what a planner expects of any day."""
    weight = _tap_weight(calendar, day_quarters(utc_days(slots)))
    return energy_on(np.rint(daily_wh[:, None] * weight).astype(np.int64), slots)
