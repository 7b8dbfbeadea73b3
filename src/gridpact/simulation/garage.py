"""When cars are at home: from data, from stated hours, or from drawn habits."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, time, timedelta

import numpy as np

from gridpact.base.randomness import stream
from gridpact.base.slots import Calendar, Slots
from gridpact.base.units import Ints
from gridpact.registry.model import Storage
from gridpact.simulation.cars import Cars, Sessions, car_sessions
from gridpact.simulation.scenarios.data import Data
from gridpact.simulation.scenarios.specs import StorageSpecs

_MARGIN_DAYS = 2
_LATE_S, _TRIP_SPREAD, _USED = 1200, 0.35, 0.94
"""A driver with stated hours is off them by so many seconds (standard deviation), drives so
unevenly (log deviation), and uses the car on this share of days."""


class Garage:
    """Sessions of all storage rows that are cars; each row has one of the three kinds."""

    def __init__(
        self,
        storage: Storage,
        specs: StorageSpecs,
        data: Data,
        calendar: Calendar,
        seed: int,
    ) -> None:
        self._specs, self._calendar, self._seed = specs, calendar, seed
        is_car = np.array([kind == "car" for kind in storage.kind], np.bool_)
        from_data = np.array([each is not None for each in specs.sessions], np.bool_)
        stated = specs.leave_s >= 0
        self._stated = np.flatnonzero(is_car & stated)
        self._habitual = np.flatnonzero(is_car & ~from_data & ~stated)
        self._cars = Cars(storage.charge_w[self._habitual], storage.capacity_wh[self._habitual])
        self._capacity = storage.capacity_wh
        self._measured = _measured(specs, data)

    def sessions(self, slots: Slots, *, stated: bool) -> Sessions:
        """Sessions that touch a window; with ``stated`` as owners say beforehand they will be."""
        drawn = car_sessions(self._seed, self._cars, self._calendar, slots)
        habitual = Sessions(self._habitual[drawn.car], drawn.start_s, drawn.end_s, drawn.trip_wh)
        return _joined([habitual, self._daily(slots, stated=stated), self._from_data(slots)])

    def _daily(self, slots: Slots, *, stated: bool) -> Sessions:
        """Stays from the stated return to the next stated departure."""
        rows = [self._stay(day, stated=stated) for day in self._days(slots)]
        return _touching(_joined(rows), slots)

    def _days(self, slots: Slots) -> Iterator[date]:
        first = self._calendar.date_of(slots.start) - timedelta(days=_MARGIN_DAYS)
        last = self._calendar.date_of(slots.end) + timedelta(days=1)
        return (first + timedelta(days=ahead) for ahead in range((last - first).days))

    def _stay(self, day: date, *, stated: bool) -> Sessions:
        rows, specs = self._stated, self._specs
        back = self._clock(day, specs.back_s[rows])
        leave = self._clock(day + timedelta(days=1), specs.leave_s[rows])
        trip = specs.trip_wh[rows]
        if not stated:
            late, _ = self._luck(day, rows.size)
            _, early = self._luck(day + timedelta(days=1), rows.size)
            back, leave = back + late, np.maximum(leave + early, back + late + 3600)
            draw = stream(self._seed, "driver", day.toordinal())
            factor = np.exp(_TRIP_SPREAD * draw.standard_normal(rows.size) - _TRIP_SPREAD**2 / 2)
            used = draw.random(rows.size) < _USED
            trip = np.minimum(np.rint(trip * factor * used), 0.7 * self._capacity[rows])
        return Sessions(rows, back, leave, trip.astype(np.int64))

    def _clock(self, day: date, seconds: Ints) -> Ints:
        moments = [
            self._calendar.at(day, time(s // 3600, s % 3600 // 60)) for s in seconds.tolist()
        ]
        return np.array(moments, dtype=np.int64)

    def _luck(self, day: date, count: int) -> tuple[Ints, Ints]:
        """How late drivers come back and leave on a day [s], shape [cars] each."""
        drawn = stream(self._seed, "driver-hours", day.toordinal()).standard_normal((2, count))
        late, early = np.rint(np.clip(drawn, -2.5, 2.5) * _LATE_S / 60).astype(np.int64) * 60
        return late, early

    def _from_data(self, slots: Slots) -> Sessions:
        return _touching(self._measured, slots)


def _measured(specs: StorageSpecs, data: Data) -> Sessions:
    """Sessions of the cars that have recorded ones."""
    parts = []
    for row, each in enumerate(specs.sessions):
        if each is not None:
            arrive, leave, energy_wh = data.of_user(each)
            parts.append(Sessions(np.full(arrive.size, row, np.int64), arrive, leave, energy_wh))
    return _joined(parts)


def _joined(parts: list[Sessions]) -> Sessions:
    """All sessions together, by car and then by time."""
    none = np.zeros(0, np.int64)
    columns = [
        np.concatenate([none, *(getattr(part, name) for part in parts)])
        for name in ("car", "start_s", "end_s", "trip_wh")
    ]
    order = np.lexsort((columns[1], columns[0]))
    return Sessions(*(column[order] for column in columns))


def _touching(sessions: Sessions, slots: Slots) -> Sessions:
    inside = (sessions.start_s < slots.end) & (sessions.end_s > slots.start)
    return Sessions(
        sessions.car[inside],
        sessions.start_s[inside],
        sessions.end_s[inside],
        sessions.trip_wh[inside],
    )
