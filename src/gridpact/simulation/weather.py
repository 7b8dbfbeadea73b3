"""Air temperature and clear-sky index of one place, seeded and the same in every window."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gridpact.base.slots import Slots
from gridpact.base.units import Floats
from gridpact.simulation.windows import DAY_S, QUARTERS, ar1, day_quarters, mean_on, utc_days

YEAR_D = 365.2425
# The clear-sky index at standard normal scores: often dull, often nearly clear, as in central
# Europe, so that a south roof at 52° north yields about 1,100 kWh per kW and year.
_SCORES = (-3.5, -1.645, -1.282, -0.674, 0.0, 0.674, 1.5, 3.5)
_INDEX = (0.03, 0.08, 0.13, 0.31, 0.64, 0.92, 1.00, 1.10)
_SLOW_SHARE = 0.66  # of the variance, from fronts that stay for days; the rest is passing cloud
_SLOW_MEMORY = 0.59  # autocorrelation after a day
_FAST_MEMORY = 0.865**QUARTERS  # 0.865 after a quarter-hour


@dataclass(frozen=True)
class Site:
    """A place: degrees north, degrees east, metres above the sea."""

    latitude: float
    longitude: float
    altitude_m: float = 100.0


def air_temperature(seed: int, site: Site, slots: Slots) -> Floats:
    """Air temperature [°C], shape [slots.count].

    Season (coldest on 20 January north of the equator), time of day (warmest at 15 h solar time)
    and weather of 3 K standard deviation that is correlated 0.8 from day to day. Annual mean and
    swing follow latitude roughly: 10.5 °C ± 8.5 K at 52°, 19 °C ± 6 K at 36°.
    """
    days = utc_days(slots)
    solar_s = day_quarters(days).starts() + site.longitude * 240
    swing = 0.163 * site.latitude  # negative in the south, where January is warm
    season = -swing * np.cos(2 * np.pi * (solar_s / DAY_S % YEAR_D - 20) / YEAR_D)
    hour_angle = 2 * np.pi * (solar_s % DAY_S / 3600 - 15) / 24
    spread = np.maximum(0.3, 2.6 + 1.3 * ar1(seed, "cloud-slow", days, 96, _SLOW_MEMORY).ravel())
    weather = 3.0 * ar1(seed, "temperature", days, QUARTERS, 0.8).ravel()
    mean = 27.0 - 0.0061 * site.latitude**2 - 0.0065 * site.altitude_m
    kelvin = mean + season + spread * np.cos(hour_angle) + weather
    return np.asarray(np.round(mean_on(kelvin, slots), 3))


def clear_sky_index(seed: int, slots: Slots) -> Floats:
    """Irradiance over clear-sky irradiance, in (0, 1.1], shape [slots.count].

    Two time scales, so that neighbouring quarter-hours are correlated 0.94 and the same
    quarter-hours of neighbouring days 0.36.
    """
    days = utc_days(slots)
    slow = ar1(seed, "cloud-slow", days, QUARTERS, _SLOW_MEMORY)
    fast = ar1(seed, "cloud-fast", days, QUARTERS, _FAST_MEMORY)
    score = np.sqrt(_SLOW_SHARE) * slow + np.sqrt(1 - _SLOW_SHARE) * fast
    return np.asarray(np.round(mean_on(np.interp(score.ravel(), _SCORES, _INDEX), slots), 6))
