"""When cars are plugged in at home, and what they have driven.

Held to the residential sessions of Sørensen et al. 2021 (Data in Brief 36:107105): a car comes
home once on a day it is used; some are unplugged the same evening, the others stay until the
next day the car is used.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from gridpact.base.randomness import stream
from gridpact.base.slots import Calendar, Slots
from gridpact.base.units import Bools, Floats, Ints

_LONGEST_STAY_D = 6
_USED = 0.94  # share of days on which a car is driven
_SCORES = (-3.0, -1.645, -1.282, -0.674, 0.0, 0.674, 1.282, 1.645, 2.326)
_PLUG_IN_H = (8.5, 9.6, 11.4, 15.2, 17.4, 20.1, 21.9, 22.8, 23.7)
_TRIP_KWH = (0.8, 2.6, 4.2, 7.4, 13.0, 19.0, 27.0, 35.0, 60.0)
_SHORT_BELOW = -0.02  # score under which a car is unplugged the same evening
_SHORT_H, _SHORT_SPREAD = 2.4, 0.8  # median and log deviation


@dataclass(frozen=True)
class Cars:
    """Cars, shape [cars]: charging power [W] and usable energy of the battery [Wh]."""

    charge_w: Ints
    usable_wh: Ints


@dataclass(frozen=True)
class Sessions:
    """Stays at home, shape [sessions], by car and then by time.

    ``start_s`` and ``end_s`` are epoch seconds; ``trip_wh`` is what the car used since it was
    last plugged in, counted in its battery, and drawn when it arrives.
    """

    car: Ints
    start_s: Ints
    end_s: Ints
    trip_wh: Ints


def car_sessions(seed: int, cars: Cars, calendar: Calendar, slots: Slots) -> Sessions:
    """Sessions that touch the window, whole even where they begin before it or end after it.

    A trip never takes more than 0.7 of the battery, nor more than 0.8 of what the charger could
    give in the stay less half an hour.
    """
    first = calendar.date_of(slots.start) - timedelta(days=_LONGEST_STAY_D + 2)
    count = (calendar.date_of(slots.end) - first).days + 1
    days = [first + timedelta(days=ahead) for ahead in range(count + _LONGEST_STAY_D)]
    drawn = [_day(seed, len(cars.charge_w), calendar, day) for day in days]
    used, leave, back, stay_h, trip_kwh = (
        np.array([row[field] for row in drawn]) for field in range(5)
    )
    until = _next_departure(used > 0, leave, count)
    end = np.minimum(back[:count] + (3600 * stay_h[:count]).astype(np.int64), until) // 60 * 60
    start, end = back[:count].astype(np.int64), end.astype(np.int64)
    trip = _feasible(cars, trip_kwh[:count], (end - start) / 3600)
    touching = (used[:count] > 0) & (start < slots.end) & (end > slots.start)
    car, day = np.nonzero(touching.T)
    return Sessions(car, start[day, car], end[day, car], trip[day, car])


def _day(seed: int, cars: int, calendar: Calendar, day: date) -> tuple[Floats, ...]:
    """One local day, [cars] each: used, departure, plug-in [s], longest stay [h], trip [kWh]."""
    own = stream(seed, "cars").standard_normal((3, cars))
    draw = stream(seed, "car-day", day.toordinal())
    score = draw.standard_normal((4, cars))
    midnight = calendar.midnight(day)
    used = (draw.random(cars) < _USED).astype(np.float64)
    usual, spread = (7.4, 0.6) if day.weekday() < 5 else (9.3, 1.0)
    clock = np.clip(usual + 0.5 * own[0] + spread * score[0], 4.5, 12.0)
    leave = midnight + np.rint(clock * 60) * 60
    home_h = np.interp(0.5 * own[1] + np.sqrt(0.75) * score[1], _SCORES, _PLUG_IN_H)
    back = np.maximum(midnight + np.rint(home_h * 60) * 60, leave + 3600)
    brief = _SHORT_H * np.exp(_SHORT_SPREAD * draw.standard_normal(cars))
    stay = np.where(score[2] < _SHORT_BELOW, np.maximum(brief, 0.75), 24.0 * 8)
    far = 0.45 * score[2] + 0.5 * own[2] + np.sqrt(1 - 0.45**2 - 0.25) * score[3]
    return used, leave, back, stay, np.interp(far, _SCORES, _TRIP_KWH)


def _next_departure(used: Bools, leave: Floats, count: int) -> Ints:
    """Departure on the first later day on which the car is used, [count days, cars]."""
    until = leave[_LONGEST_STAY_D : _LONGEST_STAY_D + count].copy()
    for ahead in range(_LONGEST_STAY_D - 1, 0, -1):
        until = np.where(used[ahead : ahead + count], leave[ahead : ahead + count], until)
    return np.asarray(until, dtype=np.int64)


def _feasible(cars: Cars, trip_kwh: Floats, stay_h: Floats) -> Ints:
    """Trip energy [Wh] that the battery holds and the stay can put back."""
    held = 0.7 * cars.usable_wh
    charged = 0.8 * cars.charge_w * np.maximum(stay_h - 0.5, 0)
    return np.asarray(np.minimum(trip_kwh * 1000, np.minimum(held, charged)), dtype=np.int64)


def plugged_slots(sessions: Sessions, cars: int, slots: Slots) -> Bools:
    """Tell whether a car is plugged in for the whole of a slot, shape [cars, slots]."""
    first, stop = _whole_slots(sessions, slots)
    edges = np.zeros((cars, slots.count + 1), dtype=np.int64)
    np.add.at(edges, (sessions.car, np.clip(first, 0, slots.count)), 1)
    np.add.at(edges, (sessions.car, np.clip(np.maximum(stop, first), 0, slots.count)), -1)
    return np.asarray(np.cumsum(edges, axis=1)[:, :-1] > 0)


def arrival_draw_wh(sessions: Sessions, cars: int, slots: Slots) -> Ints:
    """Energy that trips took out of the battery, in the slot of the arrival [cars, slots]."""
    slot = (sessions.start_s - slots.start) // slots.step
    inside = (slot >= 0) & (slot < slots.count)
    draw = np.zeros((cars, slots.count), dtype=np.int64)
    np.add.at(draw, (sessions.car[inside], slot[inside]), sessions.trip_wh[inside])
    return draw


def departure_target_wh(sessions: Sessions, wanted_wh: Ints, slots: Slots) -> Ints:
    """Stored energy wanted by the end of the last whole plugged slot, 0 elsewhere [cars, slots].

    ``wanted_wh`` [cars] is what the owner wants to leave with. Stays without a whole slot, and
    stays that outlast the window, want nothing in it.
    """
    first, stop = _whole_slots(sessions, slots)
    inside = (stop > first) & (stop >= 1) & (stop <= slots.count) & (sessions.end_s <= slots.end)
    target = np.zeros((len(wanted_wh), slots.count), dtype=np.int64)
    target[sessions.car[inside], stop[inside] - 1] = wanted_wh[sessions.car[inside]]
    return target


def _whole_slots(sessions: Sessions, slots: Slots) -> tuple[Ints, Ints]:
    """First slot that lies wholly in each session and the one after the last, not clipped."""
    first = -((slots.start - sessions.start_s) // slots.step)
    return first, (sessions.end_s - slots.start) // slots.step
