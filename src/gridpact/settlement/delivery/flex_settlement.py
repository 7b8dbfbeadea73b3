"""Deliveries as rows of UFTP's FlexSettlement, and as its XML.

Source: Shapeshifter specification 3, message description *FlexSettlement* and the attribute types
of UFTP-common.xsd. Of the schema for aggregators and grid operators that could be looked at, one
version misspells PowerDeficiency and lacks OrderReference; the message description is followed.
The schema has at least one ContractSettlement in each message: a message of orders without any
reserved power has none, and who holds to the schema refuses it.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Sequence
from datetime import date

import msgspec
import numpy as np

from gridpact.base.rounding import round_half_even
from gridpact.base.slots import Calendar, overlap
from gridpact.settlement.delivery.headroom import Reserved
from gridpact.settlement.delivery.orders import Delivered, Order
from gridpact.settlement.delivery.penalties import Penalty, penalty_nano

_PATTERNS = {
    "Version": r"\d+\.\d+\.\d+",
    "SenderDomain": r"([a-z0-9]+(-[a-z0-9]+)*\.)+[a-z]{2,}",
    "RecipientDomain": r"([a-z0-9]+(-[a-z0-9]+)*\.)+[a-z]{2,}",
    "TimeStamp": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)",
    "MessageID": r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}",
    "ConversationID": r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}",
    "Currency": r"[A-Z]{3}",
    "CongestionPoint": r"(ea1\.[0-9]{4}-[0-9]{2}\..{1,244}:.{1,244}|ean\.[0-9]{12,34})",
}
_NANO_PER_LEAST = 100_000
"""Amounts have four decimals: 10⁻⁴ ¤ are 10⁵ nano-¤."""


class IspRow(msgspec.Struct, frozen=True):
    """One imbalance settlement period [W]; ``start`` counts from 1 at local midnight."""

    start: int
    baseline_power: int
    ordered_flex_power: int
    actual_power: int
    delivered_flex_power: int
    power_deficiency: int


class OrderSettlement(msgspec.Struct, frozen=True):
    """What one order comes to: price less penalty [nano-¤], and a row for each ISP.

    Where ``reason`` is not empty nothing can be told, and there are neither rows nor amounts.
    """

    period: date
    order_reference: str
    congestion_point: str
    baseline_reference: str
    price_nano: int
    penalty_nano: int
    isps: tuple[IspRow, ...]
    reason: str = ""

    @property
    def net_settlement_nano(self) -> int:
        """Price less penalty."""
        return self.price_nano - self.penalty_nano


class Envelope(msgspec.Struct, frozen=True):
    """Who sends a FlexSettlement to whom, when, and over which days; text as in the XML."""

    sender: str
    recipient: str
    timestamp: str
    message: str
    conversation: str
    first: date
    last: date
    currency: str
    version: str = "3.0.0"


class ContractIsp(msgspec.Struct, frozen=True):
    """Power reserved in one imbalance settlement period [W], and what was ordered of it, if any."""

    start: int
    reserved_power: int
    ordered_power: int | None = None


class ContractSettlement(msgspec.Struct, frozen=True):
    """Power that a contract held ready, by local day: the periods with any."""

    contract: str
    periods: tuple[tuple[date, tuple[ContractIsp, ...]], ...]


def settled(delivered: Delivered, penalty: Penalty, timezone: str) -> OrderSettlement:
    """Settle one order by a penalty rule, on the local day it is of."""
    order = delivered.order
    calendar = Calendar(timezone, order.slots.step)
    day = calendar.date_of(order.slots.start)
    told = not delivered.reason
    return OrderSettlement(
        period=day,
        order_reference=order.reference,
        congestion_point=order.congestion_point,
        baseline_reference=delivered.method,
        price_nano=order.price_nano if told else 0,
        penalty_nano=penalty_nano(penalty, delivered) if told else 0,
        isps=tuple(_rows(delivered, calendar.midnight(day))) if told else (),
        reason=delivered.reason,
    )


def _rows(delivered: Delivered, midnight: int) -> Iterable[IspRow]:
    slots = delivered.order.slots
    first = (slots.start - midnight) // slots.step + 1
    columns = (
        *(delivered.baseline_w, delivered.ordered_w, delivered.actual_w),
        *(delivered.delivered_w, delivered.deficiency_w),
    )
    for place, row in enumerate(zip(*(column.tolist() for column in columns), strict=True)):
        yield IspRow(first + place, *row)


def contract_settlement(
    reserved: Reserved, orders: Sequence[Order], timezone: str
) -> ContractSettlement:
    """Lay out what a contract reserved, with what was ordered at its congestion point meanwhile."""
    calendar, slots = Calendar(timezone, reserved.slots.step), reserved.slots
    ordered, known = np.zeros((2, slots.count), np.int64)
    for order in orders:
        if order.congestion_point == reserved.congestion_point:
            here, there = overlap(slots, order.slots)
            ordered[here] += np.array(order.power_w, dtype=np.int64)[there]
            known[here] = 1
    days = dict[date, list[ContractIsp]]()
    for place in np.flatnonzero(reserved.reserved_w).tolist():
        at = slots.start + place * slots.step
        day = calendar.date_of(at)
        number = (at - calendar.midnight(day)) // slots.step + 1
        told = int(ordered[place]) if known[place] else None
        row = ContractIsp(number, int(reserved.reserved_w[place]), told)
        days.setdefault(day, []).append(row)
    periods = tuple((day, tuple(rows)) for day, rows in days.items())
    return ContractSettlement(reserved.contract, periods)


def message(
    orders: Sequence[OrderSettlement],
    envelope: Envelope,
    contracts: Sequence[ContractSettlement] = (),
) -> bytes:
    """Write a FlexSettlement as UTF-8 XML; orders of which nothing can be told are left out.

    Amounts are rounded half to even to four decimals, and NetSettlement is the difference of the
    two that are written. Raises ValueError, naming the attribute, for a value that its type does
    not allow.
    """
    root = ET.Element("FlexSettlement", _head(envelope))
    for order in orders:
        if not order.reason:
            root.append(_order(order))
    for contract in contracts:
        if contract.periods:
            root.append(_contract(contract))
    ET.indent(root)
    return bytes(ET.tostring(root, encoding="UTF-8", xml_declaration=True)) + b"\n"


def _head(envelope: Envelope) -> dict[str, str]:
    return _typed(
        {
            "Version": envelope.version,
            "SenderDomain": envelope.sender,
            "RecipientDomain": envelope.recipient,
            "TimeStamp": envelope.timestamp,
            "MessageID": envelope.message,
            "ConversationID": envelope.conversation,
            "Result": "Accepted",
            "PeriodStart": envelope.first.isoformat(),
            "PeriodEnd": envelope.last.isoformat(),
            "Currency": envelope.currency,
        }
    )


def _order(order: OrderSettlement) -> ET.Element:
    price, penalty = (
        round_half_even(amount, _NANO_PER_LEAST)
        for amount in (order.price_nano, order.penalty_nano)
    )
    found = ET.Element(
        "FlexOrderSettlement",
        _typed(
            {
                "Period": order.period.isoformat(),
                "BaselineReference": order.baseline_reference,
                "OrderReference": order.order_reference,
                "CongestionPoint": order.congestion_point,
                "Price": _amount(price),
                "Penalty": _amount(penalty),
                "NetSettlement": _amount(price - penalty),
            }
        ),
    )
    for row in order.isps:
        ET.SubElement(found, "ISP", _isp(row))
    return found


def _contract(contract: ContractSettlement) -> ET.Element:
    found = ET.Element("ContractSettlement", {"ContractID": contract.contract})
    for day, rows in contract.periods:
        period = ET.SubElement(found, "Period", {"Period": day.isoformat()})
        for row in rows:
            told = {"Start": str(row.start), "ReservedPower": str(row.reserved_power)}
            if row.ordered_power is not None:
                told["OrderedPower"] = str(row.ordered_power)
            ET.SubElement(period, "ISP", told)
    return found


def _isp(row: IspRow) -> dict[str, str]:
    return {
        "Start": str(row.start),
        "BaselinePower": str(row.baseline_power),
        "OrderedFlexPower": str(row.ordered_flex_power),
        "ActualPower": str(row.actual_power),
        "DeliveredFlexPower": str(row.delivered_flex_power),
        "PowerDeficiency": str(row.power_deficiency),
    }


def _typed(attributes: dict[str, str]) -> dict[str, str]:
    for name, value in attributes.items():
        if name in _PATTERNS and not re.fullmatch(_PATTERNS[name], value, re.ASCII):
            raise ValueError(f"{name} cannot be {value[:60]!r}")
    return attributes


def _amount(least: int) -> str:
    sign, size = "-" if least < 0 else "", abs(least)
    return f"{sign}{size // 10_000}.{size % 10_000:04}"
