"""Energy of devices and members from a store of readings, refused where it is not proven."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Literal, TypeAlias
from zoneinfo import ZoneInfo

import numpy as np

from gridpact.app.sharing.periods import slots_of
from gridpact.base.errors import BadInput, Fault
from gridpact.base.slots import Calendar, Slots, iso
from gridpact.base.units import Bools, Ints
from gridpact.metering.readings import Channel, Intervals, Quality
from gridpact.metering.store.store import Store
from gridpact.settlement.certificates.issuing import Metered
from gridpact.settlement.certificates.matching import HOUR_S
from gridpact.settlement.certificates.operations import Device

Each: TypeAlias = Literal["period", "month", "day", "hour"]
_SHOWN = 5


class Meters:
    """Readings of a period, by the clock of a timezone, as they were known at an instant."""

    def __init__(
        self, url: str, period: str, timezone: str, as_of_s: int, quality: Sequence[Quality]
    ) -> None:
        self._store = Store.open(url)
        self._url, self._period, self._timezone = url, period, timezone
        self._as_of_s = as_of_s
        self._quality = [int(each) for each in quality]

    def produced(self, devices: Sequence[Device], each: Each) -> list[Metered]:
        """Return what devices produced, in one claim or one for each month, day or hour.

        Raises BadInput with all spans of all devices where a reading is missing or its mark does
        not prove it.
        """
        found, faults = list[Metered](), list[Fault]()
        for device in devices:
            told = self._read(Channel(device.point, device.register))
            faults += self._faults(told)
            slots, wh = told.slots, told.wh[0]
            edges = self._edges(slots, each)
            sums = np.add.reduceat(wh, (edges[:-1] - slots.start) // slots.step)
            starts, ends = edges[:-1].tolist(), edges[1:].tolist()
            found.append(Metered(starts, ends, sums.tolist(), self._as_of_s, _digest(told)))
        if faults:
            raise BadInput(faults)
        return found

    def consumed(self, points: Sequence[str]) -> tuple[Slots, dict[int, int]]:
        """Return the period, and what points withdrew in each of its hours [Wh] by its start."""
        found, faults = dict[int, int](), list[Fault]()
        slots = Slots(0, HOUR_S, 0)
        for point in points:
            told = self._read(Channel(point, "withdrawal"))
            faults += self._faults(told)
            slots = told.slots
            edges = self._edges(slots, "hour")
            sums = np.add.reduceat(told.wh[0], (edges[:-1] - slots.start) // slots.step)
            for start, wh in zip(edges[:-1].tolist(), sums.tolist(), strict=True):
                found[start] = found.get(start, 0) + wh
        if faults:
            raise BadInput(faults)
        return slots, found

    def _read(self, channel: Channel) -> Intervals:
        step = self._store.point(channel.point).step_s
        slots = slots_of(self._period, Calendar(self._timezone, step))
        return self._store.intervals((channel,), slots, self._as_of_s)

    def _faults(self, told: Intervals) -> list[Fault]:
        """Name the spans of a channel whose readings prove nothing."""
        unproven = ~np.isin(told.quality[0], self._quality)
        channel, found = told.channels[0], list[Fault]()
        where = f"{channel.point} {channel.register}"
        spans = _runs(unproven)
        for first, last in spans[:_SHOWN]:
            start, end = (int(told.slots.starts()[row]) for row in (first, last - 1))
            marks = sorted(
                {Quality(int(mark)).name.lower() for mark in told.quality[0, first:last]}
            )
            span = f"{iso(start)} to {iso(end + told.slots.step)}"
            problem = f"readings are {' and '.join(marks)} from {span}"
            found.append(Fault(self._url, 0, where, problem, "import or confirm them first"))
        if len(spans) > _SHOWN:
            problem = f"and {len(spans) - _SHOWN} more spans without proof"
            fix = f"list them: gridpact readings gaps {self._url}"
            found.append(Fault(self._url, 0, where, problem, fix))
        return found

    def _edges(self, slots: Slots, each: Each) -> Ints:
        """Return the instants at which claims begin, and the end of the last [s]."""
        starts = slots.starts()
        if each == "hour":
            if slots.start % HOUR_S:
                problem = f"hours of {self._timezone} do not begin with those of UTC"
                raise BadInput([Fault("arguments", 0, "--each", problem, "choose another length")])
            first = starts[starts % HOUR_S == 0]
        elif each == "period":
            first = starts[:1]
        else:
            first = self._local(starts, each)
        return np.append(first, slots.end)

    def _local(self, starts: Ints, each: Each) -> Ints:
        """Return the starts with which a local day or month begins, or the period."""
        zone = ZoneInfo(self._timezone)
        local = [datetime.fromtimestamp(start, zone) for start in starts.tolist()]
        keys = [day.strftime("%Y-%m" if each == "month" else "%Y-%m-%d") for day in local]
        new = [row == 0 or key != keys[row - 1] for row, key in enumerate(keys)]
        return starts[np.array(new, dtype=np.bool_)]


def _runs(flags: Bools) -> list[tuple[int, int]]:
    """Return where flags are set, as first and end of each run."""
    padded = np.concatenate(([False], flags, [False])).astype(np.int8)
    edges = np.flatnonzero(np.diff(padded)).tolist()
    return list(zip(edges[::2], edges[1::2], strict=True))


def _digest(told: Intervals) -> str:
    """Return a SHA-256 by which the readings of a channel are told apart."""
    channel, slots = told.channels[0], told.slots
    head = f"{channel.point} {channel.register} {slots.start} {slots.step} {slots.count}\n"
    body = told.wh.astype("<i8").tobytes() + told.quality.astype("<i1").tobytes()
    return hashlib.sha256(head.encode() + body).hexdigest()
