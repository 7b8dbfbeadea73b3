"""Reservations of power in a file of orders: contracts under which it is held ready.

::

    reservations:
      - contract: contract-1
        congestion_point: ean.871234567890123456
        first: 2026-06-01
        last: 2026-06-30
        days: working                  # or all, or other
        hours: "17:00-20:00"           # local time
        power_w: -1000                 # to be had on call; the signs are those of orders
        limit_w: 200                   # net withdrawal that the points can be brought to
        fee_per_kw_hour: "0.0125"
        first_percent: 100             # of the fee, in a month after one without orders
"""

from __future__ import annotations

import re
from datetime import date, timedelta
from fractions import Fraction
from typing import Literal, TypeAlias, get_args

import msgspec
import numpy as np

from gridpact.base.documents import Document, Path, Value
from gridpact.base.slots import Calendar, Slots
from gridpact.base.units import MICRO_PER_UNIT
from gridpact.settlement.delivery.days import is_working
from gridpact.settlement.delivery.headroom import Reserved

DAY_S = 86400
EPOCH = date(1970, 1, 1)
Days: TypeAlias = Literal["all", "working", "other"]
KEYS = (
    *("contract", "congestion_point", "first", "last", "days", "hours", "power_w", "limit_w"),
    *("fee_per_kw_hour", "first_percent"),
)
_CLOCK = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])-([01][0-9]|2[0-4]):([0-5][0-9])")
_MOST_W, _MOST_DAYS = 10**12, 800


class Reservation(msgspec.Struct, frozen=True):
    """What a reservation says; times of day in seconds, fee in µ¤ for a kW held over an hour."""

    contract: str
    congestion_point: str
    first: date
    last: date
    days: Days
    from_s: int
    to_s: int
    power_w: int
    limit_w: int
    fee_micro: int
    first_ppm: int

    def months(self) -> tuple[tuple[date, date], ...]:
        """First and last day of each month, as far as the reservation reaches."""
        found, day = list[tuple[date, date]](), self.first
        while day <= self.last:
            following = (day.replace(day=1) + timedelta(days=32)).replace(day=1)
            found.append((day, min(self.last, following - timedelta(days=1))))
            day = following
        return tuple(found)

    def reserved(
        self, span: tuple[date, date], calendar: Calendar, holidays: frozenset[date]
    ) -> Reserved:
        """Lay the reservation over days of it: power in each slot that is wholly in its hours."""
        start, step = calendar.midnight(span[0]), calendar.step
        end = calendar.midnight(span[1] + timedelta(days=1))
        slots = Slots(start - start % step, step, -(-(end - start + start % step) // step))
        day, clock = np.divmod(calendar.local_seconds(slots), DAY_S)
        wanted = [
            number
            for number in np.unique(day).tolist()
            if self._serves(EPOCH + timedelta(days=number), span, holidays)
        ]
        inside = (clock >= self.from_s) & (clock + step <= self.to_s)
        power = np.where(inside & np.isin(day, wanted), self.power_w, 0).astype(np.int64)
        return Reserved(self.contract, self.congestion_point, slots, power, self.limit_w)

    def _serves(self, day: date, span: tuple[date, date], holidays: frozenset[date]) -> bool:
        alike = self.days == "all" or is_working(day, holidays) == (self.days == "working")
        return alike and span[0] <= day <= span[1]


def read_reservations(document: Document, nodes: list[Value]) -> tuple[Reservation, ...]:
    """Read the reservations of a file of orders; what is wrong is noted in the document."""
    found = [_Reader(document, ("reservations", place), node) for place, node in enumerate(nodes)]
    read = [each.reservation() for each in found]
    names = [each.contract for each in read if each]
    for place, name in enumerate(names):
        if name in names[:place]:
            path: Path = ("reservations", place, "contract")
            document.fault(path, "there is such a contract already", "give it another name")
    return tuple(each for each in read if each)


class _Reader:
    """Reads one reservation."""

    def __init__(self, document: Document, path: Path, node: Value) -> None:
        self._document, self._path = document, path
        self._node = node if isinstance(node, dict) else {}
        if not isinstance(node, dict):
            document.fault(path, "is no reservation", f"give it {', '.join(KEYS[:8])}")
        self._faults = len(document.faults)

    def _fault(self, key: str, problem: str, fix: str) -> None:
        self._document.fault((*self._path, key), problem, fix)

    def reservation(self) -> Reservation | None:
        """Return what it says, None where something of it is wrong."""
        if not self._node:
            return None
        for key in self._node.keys() - set(KEYS):
            self._fault(key, "nothing is called so here", f"there are {', '.join(KEYS)}")
        power = self._whole("power_w")
        if not power:
            self._fault("power_w", "reserves nothing", "write watts, negative for less withdrawal")
        (first, last), (from_s, to_s) = self._span(), self._hours()
        found = Reservation(
            contract=self._text("contract"),
            congestion_point=self._text("congestion_point"),
            first=first,
            last=last,
            days=self._days(),
            from_s=from_s,
            to_s=to_s,
            power_w=power,
            limit_w=self._whole("limit_w"),
            fee_micro=self._decimal("fee_per_kw_hour", 10**6, MICRO_PER_UNIT, "0"),
            first_ppm=self._decimal("first_percent", 100, 10_000, "100"),
        )
        return found if len(self._document.faults) == self._faults else None

    def _text(self, key: str) -> str:
        value = self._node.get(key)
        if not isinstance(value, str) or not 0 < len(value) <= 256:
            self._fault(key, "is no name", "write text, in quotes if it is digits only")
        return str(value)

    def _whole(self, key: str) -> int:
        value = self._node.get(key)
        if isinstance(value, bool) or not isinstance(value, int) or abs(value) > _MOST_W:
            self._fault(key, "is no whole number", "write watts")
            return 0
        return value

    def _decimal(self, key: str, most: int, factor: int, default: str) -> int:
        value = self._node.get(key, default)
        text = "" if isinstance(value, bool) else str(value)
        if not re.fullmatch(r"[0-9]{1,7}(\.[0-9]{1,6})?", text) or Fraction(text) > most:
            fix = f'write a number from 0 to {most:,}, such as "0.0125"'
            self._fault(key, f"{text[:40]!r} is no amount", fix)
            return 0
        return round(Fraction(text) * factor)

    def _span(self) -> tuple[date, date]:
        days = []
        for key in ("first", "last"):
            try:
                days.append(date.fromisoformat(str(self._node.get(key))))
            except ValueError:
                self._fault(key, "is no day", "write 2026-06-01")
                days.append(date(2000, 1, 1))
        if not 0 <= (days[1] - days[0]).days <= _MOST_DAYS:
            self._fault("last", "is before first, or years after", "give later days, or fewer")
        return days[0], days[1]

    def _days(self) -> Days:
        value = self._node.get("days", "all")
        for each in get_args(Days):
            if value == each:
                kind: Days = each
                return kind
        self._fault("days", "is no kind of days", f"write one of {', '.join(get_args(Days))}")
        return "all"

    def _hours(self) -> tuple[int, int]:
        match = _CLOCK.fullmatch(str(self._node.get("hours", "00:00-24:00")))
        begin, end = 0, 0
        if match is not None:
            hours, minutes = (match[1], match[3]), (match[2], match[4])
            begin, end = (int(h) * 3600 + int(m) * 60 for h, m in zip(hours, minutes, strict=True))
        if not begin < end <= DAY_S:
            self._fault("hours", "are no hours of a day", 'write "17:00-20:00"')
        return begin, end
