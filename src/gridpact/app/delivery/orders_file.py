"""Orders of flexibility, and the rules they are settled by, as a YAML file says them."""

from __future__ import annotations

import re
from datetime import date, timedelta
from fractions import Fraction
from pathlib import Path as FilePath
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from gridpact.app.delivery.reservations import Reservation, read_reservations
from gridpact.app.orders import instants
from gridpact.app.readings.named_points import NamedPoint
from gridpact.base.documents import Document, Path, Value, read_mapping, spell
from gridpact.base.errors import BadInput
from gridpact.base.slots import Calendar, Slots
from gridpact.base.units import INT64_MAX, NANO_PER_UNIT
from gridpact.metering.readings import Register
from gridpact.settlement.delivery.methods import (
    METHODS,
    Method,
    Nominated,
    RatioAdjustment,
    whole_minutes,
)
from gridpact.settlement.delivery.orders import Order
from gridpact.settlement.delivery.penalties import PENALTIES, NoPenalty, Penalty

VERSION = "delivery/1"
ROLES: dict[str, tuple[Register, ...]] = {
    "consumer": ("withdrawal",),
    "producer": ("injection",),
    "prosumer": ("withdrawal", "injection"),
    "storage": ("withdrawal", "injection"),
}
_TOP = (
    *("gridpact", "timezone", "slot_minutes", "currency", "points", "control"),
    *("baseline", "penalty", "holidays", "event_days", "orders", "reservations", "suspect"),
)
_ORDER = ("reference", "congestion_point", "start", "power_w", "price", "nominated_wh")
_POSITIVE = (
    *("days", "least_days", "within_days", "highest", "of", "working_days", "other_days"),
    *("minutes", "window_minutes"),
)
_MOST = {"within_days": 400, "cap_ppm": 1_000_000}
SUSPECT = ("refuse", "take")
_BEGIN = f"gridpact: {VERSION}"
_MOST_W = 10**12


class Placed(msgspec.Struct, frozen=True):
    """An order, and the net withdrawal nominated for all points together [Wh], if any was."""

    order: Order
    nominated_wh: tuple[int, ...] | None = None


class OrdersFile(msgspec.Struct, frozen=True):
    """What a file says; ``points`` and ``control`` are names with their roles.

    ``suspect`` says what becomes of readings of an event that validation doubts: its orders are
    not settled (``refuse``), or they count as they are (``take``). Baselines never use them.
    """

    file: str
    timezone: str
    step_s: int
    currency: str
    points: tuple[tuple[str, str], ...]
    control: tuple[tuple[str, str], ...]
    baseline: Method
    penalty: Penalty
    holidays: frozenset[date]
    event_days: frozenset[date]
    orders: tuple[Placed, ...]
    reservations: tuple[Reservation, ...] = ()
    suspect: str = "refuse"
    places: tuple[NamedPoint, ...] = ()
    """Where the file names ``points`` and ``control``."""


def read_orders(path: FilePath) -> OrdersFile:
    """Read a file of orders; BadInput lists every fault with its line."""
    document, root = read_mapping(path, "orders", _BEGIN)
    found = _Reader(document, root).orders()
    if document.faults:
        raise BadInput(document.faults)
    return found


class _Reader:
    """Reads one document, and notes in it what is wrong."""

    def __init__(self, document: Document, root: dict[str, Value]) -> None:
        self._document, self._root = document, root
        self._fault = document.fault
        self._places = list[NamedPoint]()

    def orders(self) -> OrdersFile:
        """Return what the document says, as far as it can be read."""
        self._known((), self._root, _TOP)
        if self._root.get("gridpact") != VERSION:
            self._fault(("gridpact",), f"this is not {VERSION}", f"write {_BEGIN}")
        calendar = Calendar(self._timezone(), self._step_s())
        points, control = self._points("points"), self._points("control")
        method = self._value("baseline", "method", METHODS)
        if isinstance(method, Method):
            self._check_lengths(method, calendar.step // 60)
        penalty = self._penalty()
        both = {name for name, _ in points} & {name for name, _ in control}
        for name in sorted(both):
            self._fault(("control",), f"{name} is among the points as well", "keep one of them")
        if not points:
            self._fault(("points",), "there are no points", "list them: - {point: bakery}")
        return OrdersFile(
            file=self._document.file,
            timezone=calendar.timezone,
            step_s=calendar.step,
            currency=self._currency(),
            points=points,
            control=control,
            baseline=method if isinstance(method, Method) else Nominated(),
            penalty=penalty,
            holidays=self._dates("holidays"),
            event_days=self._dates("event_days"),
            orders=self._all_orders(calendar, isinstance(method, Nominated)),
            reservations=read_reservations(self._document, self._list("reservations")),
            suspect=self._suspect(),
            places=tuple(self._places),
        )

    def _known(self, path: Path, node: dict[str, Value], names: tuple[str, ...]) -> None:
        for name in node:
            if name not in names:
                fix = f"there are {', '.join(names)}" if names else "remove it"
                self._fault((*path, name), "nothing is called so here", fix)

    def _timezone(self) -> str:
        name = self._root.get("timezone")
        try:
            ZoneInfo(name if isinstance(name, str) else "")
        except (ValueError, OSError, ZoneInfoNotFoundError):
            fix = "name one such as Europe/Paris"
            self._fault(("timezone",), f"there is no time zone {str(name)[:40]!r}", fix)
            return "UTC"
        return str(name)

    def _step_s(self) -> int:
        minutes = self._root.get("slot_minutes", 15)
        if isinstance(minutes, int) and minutes > 0 and 60 % minutes == 0:
            return minutes * 60
        self._fault(("slot_minutes",), "slots do not divide an hour", "write 15, 30 or 60")
        return 900

    def _currency(self) -> str:
        code = self._root.get("currency", "EUR")
        if not isinstance(code, str) or not re.fullmatch(r"[A-Z]{3}", code):
            self._fault(("currency",), "is no code of ISO 4217", "write one such as EUR")
        return str(code)

    def _suspect(self) -> str:
        chosen = self._root.get("suspect", SUSPECT[0])
        if chosen not in SUSPECT:
            self._fault(("suspect",), "is no rule", f"write one of {', '.join(SUSPECT)}")
        return str(chosen)

    def _points(self, name: str) -> tuple[tuple[str, str], ...]:
        found = dict[str, str]()
        for place, node in enumerate(self._list(name)):
            path: Path = (name, place)
            if not isinstance(node, dict) or not isinstance(node.get("point"), str):
                self._fault(path, "names no point", "write it as - {point: bakery, role: consumer}")
                continue
            self._known(path, node, ("point", "role"))
            point, role = str(node["point"]), node.get("role", "prosumer")
            if not isinstance(role, str) or role not in ROLES:
                self._fault((*path, "role"), "is no role", f"write one of {', '.join(ROLES)}")
            elif point in found:
                self._fault((*path, "point"), f"{point} is listed already", "keep one")
            else:
                found[point] = role
                where: Path = (*path, "point")
                self._places.append(NamedPoint(point, spell(where), self._document.line(where)))
        return tuple(found.items())

    def _list(self, name: str) -> list[Value]:
        value = self._root.get(name, [])
        if isinstance(value, list):
            return value
        self._fault((name,), "is no list", "write each on a line of its own after a dash")
        return []

    def _dates(self, name: str) -> frozenset[date]:
        found = set[date]()
        for place, value in enumerate(self._list(name)):
            try:
                found.add(date.fromisoformat(str(value)))
            except ValueError:
                self._fault((name, place), f"{str(value)[:40]!r} is no day", "write 2026-03-15")
        return frozenset(found)

    def _penalty(self) -> Penalty:
        found = self._value("penalty", "rule", PENALTIES)
        return found if isinstance(found, Penalty) else NoPenalty()

    def _value(
        self, name: str, tag: str, kinds: dict[str, type[Method]] | dict[str, type[Penalty]]
    ) -> Method | Penalty | None:
        """Read a named value with its fields; None where it cannot be."""
        node = self._root.get(name)
        chosen = node.get(tag) if isinstance(node, dict) else None
        if not isinstance(node, dict) or not isinstance(chosen, str) or chosen not in kinds:
            shown = f"{name}: {{{tag}: {next(iter(kinds))}}}"
            self._fault((name,), f"names no {tag}", f"write {shown}; there are {', '.join(kinds)}")
            return None
        kind = kinds[chosen]
        before = len(self._document.faults)
        self._known((name,), node, (tag, *kind.__struct_fields__))
        self._numbers((name,), node)
        if len(self._document.faults) > before:
            return None
        try:
            return msgspec.convert(node, kind)
        except msgspec.ValidationError as error:
            self._fault((name,), str(error), "see the page on delivery for its fields")
            return None

    def _check_lengths(self, method: Method, slot: int) -> None:
        """Check that what a baseline looks at before an event are whole slots, and some."""
        for name, minutes in whole_minutes(method).items():
            if minutes % slot:
                problem = f"{minutes} minutes are no whole slots of {slot} minutes"
                fix = f"write a multiple of {slot}, or slot_minutes that divide {minutes}"
                self._fault(("baseline", name), problem, fix)
        rule = getattr(method, "adjustment", None)
        if isinstance(rule, RatioAdjustment) and rule.from_hours <= rule.to_hours:
            path: Path = ("baseline", "adjustment", "from_hours")
            self._fault(path, "no hours are between from_hours and to_hours", "begin earlier")

    def _numbers(self, path: Path, node: dict[str, Value]) -> None:
        for name, value in node.items():
            if isinstance(value, dict):
                self._numbers((*path, name), value)
            if isinstance(value, bool) or not isinstance(value, int):
                continue
            least, most = int(name in _POSITIVE), _MOST.get(name, 10**12)
            if not least <= value <= most:
                fix = f"write a whole number from {least:,} to {most:,}"
                self._fault((*path, name), f"{value} is out of range", fix)

    def _all_orders(self, calendar: Calendar, nominated: bool) -> tuple[Placed, ...]:
        if not self._list("orders") and not self._list("reservations"):
            self._fault(("orders",), "there are no orders", "list them, one after a dash each")
        found, seen = list[tuple[int, Placed]](), set[str]()
        for place, node in enumerate(self._list("orders")):
            if not isinstance(node, dict):
                self._fault(("orders", place), "is no order", f"give it {', '.join(_ORDER[:5])}")
                continue
            placed = self._order(("orders", place), node, calendar, nominated)
            if placed and placed.order.reference in seen:
                path: Path = ("orders", place, "reference")
                self._fault(path, "there is such an order already", "give it another reference")
            elif placed:
                seen.add(placed.order.reference)
                found.append((place, placed))
        self._check_apart(found)
        return tuple(placed for _, placed in found)

    def _order(
        self, path: Path, node: dict[str, Value], calendar: Calendar, nominated: bool
    ) -> Placed | None:
        before = len(self._document.faults)
        self._known(path, node, _ORDER)
        texts = [self._text(path, node, name) for name in ("reference", "congestion_point")]
        power = self._whole((*path, "power_w"), node.get("power_w"))
        told = None
        if nominated or node.get("nominated_wh") is not None:
            told = self._whole((*path, "nominated_wh"), node.get("nominated_wh"))
            if len(told) != len(power):
                self._fault((*path, "nominated_wh"), "has other slots", "give as many as power_w")
        start = self._start((*path, "start"), node.get("start"), calendar, len(power))
        price = self._price((*path, "price"), node.get("price"))
        if len(self._document.faults) > before:
            return None
        slots = Slots(start, calendar.step, len(power))
        return Placed(Order(texts[0], texts[1], slots, power, price), told)

    def _text(self, path: Path, node: dict[str, Value], name: str) -> str:
        value = node.get(name)
        if not isinstance(value, str) or not 0 < len(value) <= 256:
            self._fault((*path, name), "is no name", "write text, in quotes if it is digits only")
        return str(value)

    def _whole(self, path: Path, value: Value) -> tuple[int, ...]:
        if not isinstance(value, list) or not value:
            self._fault(path, "is no list of whole numbers", "write one a slot: [-1000, -1000]")
            return ()
        for place, each in enumerate(value):
            if isinstance(each, bool) or not isinstance(each, int) or abs(each) > _MOST_W:
                self._fault((*path, place), f"{str(each)[:40]!r} is no whole number", "round it")
        return tuple(each if isinstance(each, int) else 0 for each in value)

    def _start(self, path: Path, value: Value, calendar: Calendar, count: int) -> int:
        try:
            start = instants.epoch(instants.parse(str(value)), calendar.timezone)
        except ValueError as error:
            self._fault(path, str(error), "write it such as 2026-03-15T17:00")
            return 0
        if start % calendar.step:
            self._fault(path, "is within a slot", "begin where a slot begins")
            return 0
        day = calendar.date_of(start)
        if start + count * calendar.step > calendar.midnight(day + timedelta(days=1)):
            self._fault(path, "the order goes beyond midnight", "write an order for each day")
        return start

    def _price(self, path: Path, value: Value) -> int:
        """Read an amount of at most nine decimals, exactly; a YAML number by its digits."""
        text = "" if isinstance(value, bool) else str(value)
        if not re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?", text):
            fix = 'write an amount of at most nine decimals, such as "12.50"'
            self._fault(path, f"{text[:40]!r} is no price", fix)
            return 0
        return min(int(Fraction(text) * NANO_PER_UNIT), INT64_MAX)

    def _check_apart(self, found: list[tuple[int, Placed]]) -> None:
        """Orders of the same points are on the same slots and to one side, or apart."""
        for later, (place, placed) in enumerate(found):
            for _, other in found[:later]:
                one, two = placed.order, other.order
                if one.slots.end <= two.slots.start or two.slots.end <= one.slots.start:
                    continue
                path: Path = ("orders", place)
                if one.slots != two.slots:
                    fix = "give both the same slots, with 0 where nothing is ordered"
                    self._fault(path, f"overlaps order {two.reference} in part", fix)
                elif any(a * b < 0 for a, b in zip(one.power_w, two.power_w, strict=True)):
                    problem = f"asks for more where order {two.reference} asks for less"
                    self._fault(path, f"{problem}, or the reverse", "net the two")
                elif placed.nominated_wh != other.nominated_wh:
                    fix = "nominate the same for both"
                    self._fault((*path, "nominated_wh"), f"differs from {two.reference}", fix)
