"""Golden folders, and baselines once more: dictionaries of days and fractions, no arrays."""

import csv
from datetime import date, datetime, timedelta
from fractions import Fraction
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import numpy as np
import pytest
import yaml

from gridpact.base.slots import Slots
from gridpact.settlement.delivery.baselines import Told
from gridpact.settlement.delivery.days import Metered
from gridpact.settlement.delivery.methods import METHODS
from gridpact.settlement.delivery.orders import Order
from gridpact.settlement.delivery.penalties import PENALTIES


def working(day, holidays):
    return day.isoweekday() <= 5 and day not in holidays


class Point:
    """One point's readings by wall clock; of two equal wall-clock times the first counts."""

    def __init__(self, metered, row):
        self.zone = ZoneInfo(metered.timezone)
        self.metered = metered
        self.exact, self.clock = {}, {}
        for place, start in enumerate(metered.slots.starts().tolist()):
            if metered.known[row, place]:
                wh = int(metered.wh[row, place])
                self.exact[start] = wh
            else:
                wh = None
            self.clock.setdefault(self.local(start), wh)

    def local(self, start):
        return datetime.fromtimestamp(start, self.zone).replace(tzinfo=None)

    def on(self, day, back, starts):
        """Values at the wall-clock times of some slots, but days before; None where one lacks."""
        times = [self.local(start) - timedelta(days=back) for start in starts]
        values = [self.clock.get(time) for time in times]
        return None if None in values else values

    def days(self, event, within, windows):
        """Days alike before an event that have all values, the latest first, with their values."""
        day = self.local(event[0]).date()
        found = []
        for back in range(1, within + 1):
            past = day - timedelta(days=back)
            alike = working(past, self.metered.holidays) == working(day, self.metered.holidays)
            if not alike or past in self.metered.event_days:
                continue
            values = [self.on(day, back, window) for window in windows]
            if None not in values:
                found.append(values)
        return found

    def now(self, starts):
        values = [self.exact.get(start) for start in starts]
        return None if None in values else values


def starts_of(begin, end, step):
    return list(range(begin, end, step))


def adjusted(point, chosen, event, window, rule):
    """Mean of chosen days by slot, as fractions, with the ratio of a window; None where unread."""
    count = len(chosen)
    means = [Fraction(sum(column), count) for column in zip(*[at for at, _ in chosen], strict=True)]
    if rule is None:
        return means
    measured = point.now(window)
    if measured is None:
        return None
    expected = Fraction(sum(sum(before) for _, before in chosen), count)
    if sum(measured) <= 0 or expected <= 0:
        return means
    cap = Fraction(rule.cap_ppm, 1_000_000)
    ratio = min(max(sum(measured) / expected, 1 - cap), 1 + cap)
    return [mean * ratio for mean in means]


def window_of(event, step, rule):
    if rule is None:
        return []
    return starts_of(event[0] - rule.from_hours * 3600, event[0] - rule.to_hours * 3600, step)


def ten_of_ten(method, point, event, step):
    window = window_of(event, step, method.adjustment)
    chosen = point.days(event, method.within_days, [event, window])[: method.days]
    if len(chosen) < method.least_days:
        return None
    return adjusted(point, chosen, event, window, method.adjustment)


def high_x_of_y(method, point, event, step):
    window = window_of(event, step, method.adjustment)
    days = point.days(event, method.within_days, [event, window])[: method.of]
    if len(days) < method.of:
        return None
    ranked = sorted(enumerate(days), key=lambda each: (-sum(each[1][0]), each[0]))
    chosen = [values for _, values in ranked[: method.highest]]
    return adjusted(point, chosen, event, window, method.adjustment)


def p376(method, point, event, step):
    day = point.local(event[0]).date()
    work = working(day, point.metered.holidays)
    count = method.working_days if work else method.other_days
    end = event[0] - method.lead_minutes * 60
    window = starts_of(end - method.window_minutes * 60, end, step)
    chosen = point.days(event, method.within_days, [event, window])[:count]
    measured = point.now(window)
    if len(chosen) < count or measured is None:
        return None
    expected = Fraction(sum(sum(before) for _, before in chosen), count)
    shift = (sum(measured) - expected) / len(window)
    return [
        Fraction(sum(column), count) + shift
        for column in zip(*[at for at, _ in chosen], strict=True)
    ]


def meter_before(method, point, event, step):
    measured = point.now(starts_of(event[0] - method.minutes * 60, event[0], step))
    return None if measured is None else [Fraction(sum(measured), len(measured))] * len(event)


@pytest.fixture(scope="session")
def plain():
    """Independent baselines of one point: lists of fractions, None where there is none."""
    return SimpleNamespace(
        Point=Point,
        ten_of_ten=ten_of_ten,
        high_x_of_y=high_x_of_y,
        p376=p376,
        meter_before=meter_before,
    )


def _instant(text, zone):
    moment = datetime.fromisoformat(str(text))
    return int((moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(zone))).timestamp())


def _dates(listed):
    return frozenset(date.fromisoformat(str(each)) for each in listed)


@pytest.fixture
def golden():
    """Read a golden folder without the application's readers."""

    def read(folder):
        text = (folder / "orders.yaml").read_text(encoding="utf-8")
        told = yaml.load(text, yaml.BaseLoader)  # noqa: S506 - makes only text, lists, mappings
        zone, step = told["timezone"], int(told["slot_minutes"]) * 60
        rows = list(
            csv.DictReader((folder / "readings.csv").read_text(encoding="utf-8").splitlines())
        )
        start = _instant(rows[0]["slot_start"], zone)
        wh, known = _withdrawn(rows, told["points"])
        orders = [
            Order(
                each["reference"],
                each["congestion_point"],
                Slots(_instant(each["start"], zone), step, len(each["power_w"])),
                tuple(int(power) for power in each["power_w"]),
                int(Fraction(each["price"]) * 10**9),
            )
            for each in told["orders"]
        ]
        days = {date.fromisoformat(each["start"][:10]) for each in told["orders"]}
        slots = Slots(start, step, len(rows))
        events = _dates(told.get("event_days", [])) | days
        days = (zone, events, _dates(told.get("holidays", [])))
        metered, given = Metered(slots, wh, known, *days), Told()
        if "control" in told:
            given = Told(control=Metered(slots, *_withdrawn(rows, told["control"]), *days))
        if "nominated_wh" in told["orders"][0]:
            (one,) = told["orders"]
            given = Told(nominated_wh=np.array([[int(each) for each in one["nominated_wh"]]]))
            pooled = (wh.sum(axis=0, keepdims=True), known.all(axis=0, keepdims=True))
            metered = Metered(slots, *pooled, *days)
        rules = [
            _value(told["baseline"], "method", METHODS),
            _value(told["penalty"], "rule", PENALTIES),
        ]
        return SimpleNamespace(
            told=told,
            metered=metered,
            given=given,
            orders=orders,
            method=rules[0],
            penalty=rules[1],
        )

    return read


def _withdrawn(rows, points):
    """Withdrawal of points in a table [points, slots], and where it is known."""
    cells = [[row[f"{each['point']}:withdrawal [Wh]"] for row in rows] for each in points]
    wh = np.array([[int(cell or 0) for cell in line] for line in cells], np.int64)
    return wh, np.array([[cell != "" for cell in line] for line in cells], np.bool_)


def _value(told, tag, kinds):
    fields = {name: int(value) for name, value in told.items() if name != tag}
    return kinds[told[tag]](**fields)
