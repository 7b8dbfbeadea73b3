"""Orders held against readings of a store or a table."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import msgspec
import numpy as np

from gridpact.app.delivery.orders_file import ROLES, OrdersFile, Placed
from gridpact.app.readings.named_points import check_points
from gridpact.app.readings.tables import table_of
from gridpact.base.errors import BadInput, Fault
from gridpact.base.slots import Calendar, Slots
from gridpact.base.units import Bools, Ints
from gridpact.metering.readings import Channel, Quality
from gridpact.settlement.delivery.baselines import Baseline, Told, baseline
from gridpact.settlement.delivery.days import Metered, places_of
from gridpact.settlement.delivery.flex_settlement import OrderSettlement, settled
from gridpact.settlement.delivery.methods import Nominated
from gridpact.settlement.delivery.orders import Delivered, deliveries
from gridpact.settlement.delivery.penalties import delivery_ppm

_SOUND, _ESTIMATED = (int(Quality.MEASURED),), (int(Quality.ESTIMATED), int(Quality.EDITED))
_THERE = (*_SOUND, *_ESTIMATED, int(Quality.SUSPECT))


class EventMarks(msgspec.Struct, frozen=True):
    """How many readings of an event were suspect, and estimated or edited: slots of points."""

    suspect: int
    estimated: int


class Checked(msgspec.Struct, frozen=True):
    """Settled orders in the order of the file; ``delivery_ppm`` of all, None where none was.

    ``marks`` are those of each order's event, by its reference.
    """

    method: str
    currency: str
    orders: tuple[OrderSettlement, ...]
    delivery_ppm: int | None
    marks: dict[str, EventMarks]


class Read(msgspec.Struct, frozen=True):
    """Readings of points with their marks: ``estimated`` bool [points, slots] were not measured."""

    metered: Metered
    estimated: Bools

    def settling(self, rule: str) -> Metered:
        """Return what is settled on; by the rule ``take`` also what is suspect."""
        suspect = self.metered.suspect
        if rule != "take" or suspect is None:
            return self.metered
        return msgspec.structs.replace(self.metered, known=self.metered.known | suspect)

    def marks(self, event: Slots) -> EventMarks:
        """Count marks in the slots of an event."""
        places = places_of(self.metered.slots, event)
        places = places[places >= 0]
        suspect = self.metered.suspect
        doubted = 0 if suspect is None else np.count_nonzero(suspect[:, places])
        return EventMarks(int(doubted), int(np.count_nonzero(self.estimated[:, places])))


def check(source: str, told: OrdersFile, as_of: int | None) -> Checked:
    """Hold orders against readings of ``source``, a store, or a CSV or Parquet table.

    Raises BadInput for points that are not there, a table of other slots, and a baseline whose
    window does not fit the slots. Readings that are missing are told in the result, and so are
    those that are suspect, which settle only where the file says ``suspect: take``.
    """
    if not told.orders:
        fix = "list them, one after a dash each"
        raise BadInput([Fault(told.file, 0, "orders", "there are no orders", fix)])
    read = _read(source, told, told.points, _slots(told), as_of)
    found, every = dict[str, OrderSettlement](), _delivered(source, told, read, as_of)
    for each in every:
        reason = _named(each.reason, told)
        delivered = msgspec.structs.replace(each, reason=reason)
        found[each.order.reference] = settled(delivered, told.penalty, told.timezone)
    return Checked(
        method=every[0].method,
        currency=told.currency,
        orders=tuple(found[placed.order.reference] for placed in told.orders),
        delivery_ppm=delivery_ppm(every),
        marks={each.order.reference: read.marks(each.order.slots) for each in every},
    )


def delivered_of(source: str, told: OrdersFile, as_of: int | None) -> list[Delivered]:
    """Hold the orders of a file, of which there are some, against their baselines, by event."""
    read = _read(source, told, told.points, _slots(told), as_of)
    return _delivered(source, told, read, as_of)


def _delivered(source: str, told: OrdersFile, read: Read, as_of: int | None) -> list[Delivered]:
    control = None
    if told.control:
        control = _read(source, told, told.control, _slots(told), as_of).metered
    every = list[Delivered]()
    for event, placed in _by_event(told.orders).items():
        own, expected = _expected(told, read, control, event, placed[0])
        every.extend(deliveries(tuple(each.order for each in placed), expected, own))
    return every


def metered_of(source: str, told: OrdersFile, slots: Slots, as_of: int | None) -> Metered:
    """Read the net withdrawal of all points of a file on slots; of a table, on its own.

    What is suspect is known where the file takes it.
    """
    return _read(source, told, told.points, slots, as_of).settling(told.suspect)


def _expected(
    told: OrdersFile, read: Read, control: Metered | None, event: Slots, placed: Placed
) -> tuple[Metered, Baseline]:
    """Return the readings that an event is held against, and its baseline of sound ones."""
    metered = read.settling(told.suspect)
    if isinstance(told.baseline, Nominated):
        pooled = _pooled(metered)
        nominated = np.array([placed.nominated_wh], dtype=np.int64)
        return pooled, baseline(told.baseline, pooled, event, Told(nominated_wh=nominated))
    try:
        return metered, baseline(told.baseline, read.metered, event, Told(control=control))
    except ValueError as error:
        fix = "change the fields of the method, or the slots"
        raise BadInput([Fault(told.file, 0, "baseline", str(error), fix)]) from error


def _pooled(metered: Metered) -> Metered:
    """Add up points: known is a slot of which all are, suspect one of which all have a value."""
    known = metered.known.all(axis=0, keepdims=True)
    there = metered.known if metered.suspect is None else metered.known | metered.suspect
    return msgspec.structs.replace(
        metered,
        wh=metered.wh.sum(axis=0, keepdims=True),
        known=known,
        suspect=there.all(axis=0, keepdims=True) & ~known,
    )


def _named(reason: str, told: OrdersFile) -> str:
    """Name points in a reason, which counts them."""
    if isinstance(told.baseline, Nominated):
        return reason.replace("point 1: ", "")
    for place in range(len(told.points), 0, -1):
        reason = reason.replace(f"point {place}:", f"{told.points[place - 1][0]}:")
    return reason


def _by_event(orders: tuple[Placed, ...]) -> dict[Slots, list[Placed]]:
    found = dict[Slots, list[Placed]]()
    for placed in orders:
        found.setdefault(placed.order.slots, []).append(placed)
    return found


def _slots(told: OrdersFile) -> Slots:
    """Slots of all orders and of the days before them that the baseline looks at."""
    calendar = Calendar(told.timezone, told.step_s)
    back = timedelta(days=getattr(told.baseline, "within_days", 0) + 1)
    starts = [placed.order.slots.start for placed in told.orders]
    begin = calendar.midnight(calendar.date_of(min(starts)) - back)
    end = calendar.midnight(calendar.date_of(max(starts)) + timedelta(days=1))
    begin -= begin % told.step_s
    return Slots(begin, told.step_s, -(-(end - begin) // told.step_s))


def _read(
    source: str,
    told: OrdersFile,
    points: tuple[tuple[str, str], ...],
    slots: Slots,
    as_of: int | None,
) -> Read:
    channels = tuple(Channel(point, register) for point, role in points for register in ROLES[role])
    if "://" not in source and Path(source).is_file():
        slots, wh, known = _of_table(source, channels, told.step_s, as_of)
        quality = known.astype(np.int8)
    else:
        from gridpact.metering.store.store import Store

        store = Store.open(source)
        check_points(store, told.file, told.places)
        found = store.intervals(channels, slots, as_of)
        wh, quality = found.wh, found.quality
    sign = np.array([1 if each.register == "withdrawal" else -1 for each in channels])
    rows = [
        [row for row, each in enumerate(channels) if each.point == point] for point, _ in points
    ]
    calendar = Calendar(told.timezone, told.step_s)
    days = {calendar.date_of(placed.order.slots.start) for placed in told.orders}
    there, sound, estimated = (
        np.isin(quality, marks) for marks in (_THERE, (*_SOUND, *_ESTIMATED), _ESTIMATED)
    )
    known = np.array([sound[each].all(axis=0) for each in rows], dtype=np.bool_)
    metered = Metered(
        slots=slots,
        wh=np.array([(wh[each] * sign[each, None]).sum(axis=0) for each in rows], dtype=np.int64),
        known=known,
        timezone=told.timezone,
        event_days=told.event_days | days,
        holidays=told.holidays,
        suspect=np.array([there[each].all(axis=0) for each in rows], dtype=np.bool_) & ~known,
    )
    return Read(metered, np.array([estimated[each].any(axis=0) for each in rows], dtype=np.bool_))


def _of_table(
    source: str, channels: tuple[Channel, ...], step: int, as_of: int | None
) -> tuple[Slots, Ints, Bools]:
    slots, wh, known, _ = table_of(source, channels, as_of)
    if slots.step != step:
        fix = f"write slot_minutes: {slots.step // 60}, or resample the table"
        problem = f"the table has slots of {slots.step} s, the orders of {step} s"
        raise BadInput([Fault(source, 0, "slot_start", problem, fix)])
    return slots, wh, known
