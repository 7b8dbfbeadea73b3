"""Availability of reserved power, month by month, against readings of a store or a table."""

from __future__ import annotations

from datetime import date, timedelta

import msgspec

from gridpact.app.delivery.checking import delivered_of, metered_of
from gridpact.app.delivery.orders_file import OrdersFile
from gridpact.app.delivery.reservations import Reservation
from gridpact.base.errors import BadInput, Fault
from gridpact.base.slots import Calendar, Slots
from gridpact.settlement.delivery.availability import Availability, Fee, availability
from gridpact.settlement.delivery.headroom import Reserved, headroom
from gridpact.settlement.delivery.orders import Delivered
from gridpact.settlement.delivery.penalties import delivery_ppm


class Month(msgspec.Struct, frozen=True):
    """A month of a reservation, as far as it reaches, and what came of it."""

    reservation: Reservation
    first: date
    last: date
    found: Availability


def availabilities(source: str, told: OrdersFile, as_of: int | None) -> tuple[Month, ...]:
    """Say of each month of each reservation how much of it could be had, and what it earns.

    The fee is multiplied by the delivery of all orders of the month before; where there were none,
    by what the reservation says for that. BadInput where the file has no reservations.
    """
    if not told.reservations:
        fix = "list them: see the page on delivery"
        raise BadInput([Fault(told.file, 0, "reservations", "there are none", fix)])
    delivered = delivered_of(source, told, as_of) if told.orders else []
    calendar = Calendar(told.timezone, told.step_s)
    found = []
    for each in told.reservations:
        for span in each.months():
            reserved = each.reserved(span, calendar, told.holidays)
            mine = [one for one in delivered if _touches(one, reserved)]
            metered = metered_of(source, told, reserved.slots, as_of)
            free, known = headroom(reserved, metered, mine)
            fee = Fee(each.fee_micro, _before(delivered, span[0], calendar), each.first_ppm)
            held = abs(reserved.reserved_w)
            result = availability(held, free, known, told.step_s, fee)
            found.append(Month(each, *span, result))
    return tuple(found)


def _touches(one: Delivered, reserved: Reserved) -> bool:
    slots: Slots = one.order.slots
    return slots.start < reserved.slots.end and slots.end > reserved.slots.start


def _before(delivered: list[Delivered], day: date, calendar: Calendar) -> int | None:
    """Delivery of the orders of the month before a day [ppm]; None where there were none."""
    last = day.replace(day=1) - timedelta(days=1)
    begin, end = (calendar.midnight(each) for each in (last.replace(day=1), day.replace(day=1)))
    return delivery_ppm([one for one in delivered if begin <= one.order.slots.start < end])
