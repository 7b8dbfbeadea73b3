"""An order as the message that it is: one line of JSON, written and read back."""

from __future__ import annotations

import msgspec

from gridpact.app.orders.cells import Unclear
from gridpact.app.orders.fields import DEFAULTS, FIELDS, UNITS, Field, Kind
from gridpact.base.slots import iso
from gridpact.market.messages import PlaceOrder
from gridpact.market.orders import Side


def write(message: PlaceOrder) -> str:
    """Write a message as one line of JSON."""
    return msgspec.json.encode(message).decode()


def is_message(text: bytes) -> bool:
    """Whether a line of JSON is meant as a message."""
    return b'"type"' in text and b'"order"' in text


def read(text: bytes) -> dict[str, str]:
    """Read a line of JSON that is a message; return its texts by field, with their units.

    Raises Unclear for any other message, and for one with other fields than it has.
    """
    try:
        message = msgspec.json.decode(text, type=PlaceOrder)
    except msgspec.DecodeError as error:
        fix = "write it as 'gridpact order place … --print-message' does"
        raise Unclear(f"the line is no place-order message ({error})", fix) from error
    order = message.order
    said = {
        name: _text(field, getattr(order, field.into))
        for name, field in FIELDS.items()
        if field.into and getattr(order, field.into) != DEFAULTS.get(field.into)
    }
    return {**said, "session": message.session}


def _text(field: Field, value: int | str | bool) -> str:
    match field.kind:
        case Kind.SIDE:
            return "buy" if value == Side.BUY else "sell"
        case Kind.INSTANT:
            return iso(int(value))
        case Kind.FLAG:
            return "yes"
    return f"{value} {UNITS[field.kind]}" if field.kind in UNITS else str(value)
