"""Deliveries as rows of UFTP's FlexSettlement, and as its XML.

Source: Shapeshifter specification 3, message description *FlexSettlement* and the attribute types
of UFTP-common.xsd. Of the schema for aggregators and grid operators that could be looked at, one
version misspells PowerDeficiency and lacks OrderReference; the message description is followed.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Sequence
from datetime import date

import msgspec

from gridpact.base.rounding import round_half_even
from gridpact.base.slots import Calendar
from gridpact.settlement.delivery.orders import Delivered
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


def message(orders: Sequence[OrderSettlement], envelope: Envelope) -> bytes:
    """Write a FlexSettlement as UTF-8 XML; orders of which nothing can be told are left out.

    Amounts are rounded half to even to four decimals, and NetSettlement is the difference of the
    two that are written. Raises ValueError, naming the attribute, for a value that its type does
    not allow.
    """
    root = ET.Element("FlexSettlement", _head(envelope))
    for order in orders:
        if not order.reason:
            root.append(_order(order))
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
