"""Main-market prices: a day-ahead price by the hour and the spread of the imbalance price."""

from __future__ import annotations

import numpy as np

from gridpact.base.slots import Calendar, Slots
from gridpact.base.units import Floats, Ints
from gridpact.simulation.windows import (
    DAY_S,
    ar1,
    day_quarters,
    local_seconds,
    price_on,
    utc_days,
)

# Mean German-Austrian day-ahead price of 2016 and 2017 by local hour less the mean of all hours
# [¤/MWh]: working days, Saturdays, Sundays.
_SHAPE = np.array(
    [
        row.split()
        for row in (
            "-6 -7 -8 -9 -8 -6 2 10 12 10 8 7 4 3 2 4 5 10 12 12 8 4 1 -3",
            "-4 -6 -7 -8 -8 -8 -8 -5 -2 0 -1 -3 -4 -7 -8 -7 -5 0 3 3 0 -2 -3 -7",
            "-10 -13 -14 -15 -15 -15 -15 -14 -12 -10 -11 -9 -12 -16 -18 -16 -13 -6 0 2 1 -1 -1 -7",
        )
    ],
    dtype=np.float64,
)
_SHAPE -= np.average(_SHAPE.mean(axis=1), weights=[5, 1, 1])
_SLOW = (7.6, 0.95)  # standard deviation [¤/MWh] and autocorrelation after a day: fuel, season
_WIND = (7.4, 0.45)  # weather of the next days
_HOURLY = (1.2, 0.02)
_SCARCE, _SURPLUS = 24.0, -28.5  # deviations [¤/MWh] beyond which the supply curve is steep
_STEEPER = 2.2


def day_ahead_price(seed: int, mean: int, calendar: Calendar, slots: Slots) -> Ints:
    """Day-ahead price [µ¤/kWh], one value an hour, shape [slots.count].

    ``mean`` is the mean price [µ¤/kWh]; deviations from it, whatever it is, are those of the
    German-Austrian zone in 2016 and 2017: working-day shape, weeks that stay high or low, windy
    days, and a supply curve that is steep at both ends, which makes spikes and negative hours.
    """
    days = utc_days(slots)
    quarters = day_quarters(days)
    noise = sum(
        (
            spread * ar1(seed, f"price-{name}", days, 24, memory)
            for name, (spread, memory) in zip("abc", (_SLOW, _WIND, _HOURLY), strict=True)
        ),
        start=np.zeros((len(days), 24)),
    )
    hours = Slots(quarters.start, 3600, 24 * len(days))
    deviation = _steepen(_shape_of(calendar, hours) + noise.ravel())
    hourly = mean + 1000 * np.rint(100 * deviation).astype(np.int64) // 100
    return price_on(np.repeat(hourly, 4), slots)


def _shape_of(calendar: Calendar, hours: Slots) -> Floats:
    local = local_seconds(calendar, hours)
    weekday = (local // DAY_S + 3) % 7
    return np.asarray(_SHAPE[np.maximum(weekday - 4, 0), local % DAY_S // 3600])


def _steepen(deviation: Floats) -> Floats:
    scarce = np.maximum(deviation - _SCARCE, 0)
    surplus = np.minimum(deviation - _SURPLUS, 0)
    return np.asarray(deviation + _STEEPER * scarce + _STEEPER * surplus)


def imbalance_spread(seed: int, spread: int, slots: Slots) -> Ints:
    """Imbalance price less the day-ahead price [µ¤/kWh], shape [slots.count].

    Positive where the system is short of energy, negative where it is long. Mean zero, standard
    deviation ``spread``, heavy tails, and persistent: a quarter-hour resembles the one before
    (0.8 in its normal score). Slots longer than the quarter-hour carry the mean.
    """
    days = utc_days(slots)
    score = ar1(seed, "imbalance", days, 96, 0.8**96).ravel()
    heavy = np.sinh(score) / np.sqrt((np.e**2 - 1) / 2)  # unit variance for a normal score
    return price_on(np.rint(spread * heavy).astype(np.int64), slots)
