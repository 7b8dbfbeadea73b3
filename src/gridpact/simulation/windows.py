"""What every generator shares: whole UTC days, local time, exact resampling, addressable noise.

A generator draws per UTC day from ``stream(seed, name, day)``, so a value depends on the seed and
on its own instant, never on the window in which it was asked for.
"""

from __future__ import annotations

import math

import numpy as np

from gridpact.base.randomness import stream
from gridpact.base.rounding import half_even
from gridpact.base.slots import Calendar, Slots
from gridpact.base.units import Floats, Ints

DAY_S = 86_400
QUARTER_S = 900
QUARTERS = 96  # of one UTC day


def utc_days(slots: Slots) -> range:
    """Whole UTC days (counted since the epoch) that cover ``slots``."""
    return range(slots.start // DAY_S, -(-slots.end // DAY_S))


def day_quarters(days: range) -> Slots:
    """Quarter-hours of whole UTC days."""
    return Slots(days.start * DAY_S, QUARTER_S, len(days) * QUARTERS)


def local_seconds(calendar: Calendar, slots: Slots) -> Ints:
    """Seconds of local wall-clock time since 1970-01-01 at each slot's start, shape [count]."""
    if slots.count == 0:
        return np.zeros(0, dtype=np.int64)
    clock = calendar.seconds_of_day(slots) - slots.starts()
    # Offsets are known modulo a day; the date of the first slot settles which day, and from
    # there on they change by an hour at most.
    epoch_day = calendar.date_of(slots.start).toordinal() - 719_163
    first = epoch_day * DAY_S + int(calendar.seconds_of_day(slots)[0]) - slots.start
    change = (clock - clock[0] + DAY_S // 2) % DAY_S - DAY_S // 2
    return np.asarray(slots.starts() + first + change, dtype=np.int64)


def energy_on(quarters_wh: Ints, slots: Slots) -> Ints:
    """Energy per slot [..., slots.count] from quarter-hours of ``utc_days(slots)``.

    Longer slots add quarters up; shorter ones split a quarter so that the parts add up to it.
    Raises ValueError where neither step divides the other.
    """
    first = slots.start - slots.start // DAY_S * DAY_S
    if slots.step % QUARTER_S == 0:
        each = slots.step // QUARTER_S
        cut = quarters_wh[..., first // QUARTER_S :][..., : slots.count * each]
        shape = (*cut.shape[:-1], slots.count, each)
        return np.asarray(cut.reshape(shape).sum(axis=-1), dtype=np.int64)
    parts = _parts(slots)
    part = (slots.starts() // slots.step) % parts
    whole = quarters_wh[..., (slots.starts() - slots.start + first) // QUARTER_S]
    return np.asarray(whole * (part + 1) // parts - whole * part // parts, dtype=np.int64)


def mean_on(quarters: Floats, slots: Slots) -> Floats:
    """Mean per slot of a quantity that does not add up (temperature, index), as in energy_on."""
    first = slots.start - slots.start // DAY_S * DAY_S
    if slots.step % QUARTER_S == 0:
        each = slots.step // QUARTER_S
        cut = quarters[..., first // QUARTER_S :][..., : slots.count * each]
        return np.asarray(cut.reshape(*cut.shape[:-1], slots.count, each).mean(axis=-1))
    _parts(slots)
    return np.asarray(quarters[..., (slots.starts() - slots.start + first) // QUARTER_S])


def price_on(quarters: Ints, slots: Slots) -> Ints:
    """Mean price per slot, half to even; shorter slots carry the quarter's price."""
    if slots.step % QUARTER_S:
        return np.asarray(mean_on(quarters.astype(np.float64), slots), dtype=np.int64)
    return half_even(energy_on(quarters, slots), slots.step // QUARTER_S)


def _parts(slots: Slots) -> int:
    parts, rest = divmod(QUARTER_S, slots.step)
    if rest:
        raise ValueError(f"{slots.step} s slots neither divide nor fill quarter-hours")
    return parts


def daily_normals(seed: int, name: str, days: range, width: int) -> Floats:
    """Standard normal numbers, ``width`` of them per UTC day, shape [days, width]."""
    rows = [stream(seed, name, day).standard_normal(width) for day in days]
    return np.array(rows).reshape(len(days), width)


def ar1(seed: int, name: str, days: range, per_day: int, day_memory: float) -> Floats:
    """First-order autoregressive noise of unit variance, the same in every window.

    Shape [days, per_day], ``per_day`` steps of a UTC day. ``day_memory`` in (0, 1) is the
    autocorrelation after one whole day. The recursion ``x' = φ x + √(1 − φ²) ε`` starts from
    zero so many days earlier that what is cut off weighs less than 10⁻⁶.
    """
    phi = day_memory ** (1 / per_day)
    back = max(1, math.ceil(math.log(1e-6) / math.log(day_memory)))
    noise = daily_normals(seed, name, range(days.start - back, days.stop), per_day)
    inside = np.sqrt(1 - phi**2) * noise
    for step in range(1, per_day):
        inside[:, step] += phi * inside[:, step - 1]
    opening = np.zeros(len(days))
    for ago in range(back, 0, -1):  # ends of earlier days, oldest first: a fixed order of addition
        opening += day_memory ** (ago - 1) * inside[back - ago : back - ago + len(days), -1]
    fade = phi ** np.arange(1, per_day + 1)
    return np.asarray(inside[back:] + opening[:, None] * fade)
