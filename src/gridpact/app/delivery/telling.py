"""A FlexSettlement of a file of orders, to be sent to who delivers."""

from __future__ import annotations

from datetime import date
from hashlib import sha256
from uuid import UUID

import msgspec

from gridpact.app.delivery.checking import Checked
from gridpact.app.delivery.orders_file import OrdersFile
from gridpact.base.errors import BadInput, Fault
from gridpact.base.slots import Calendar, iso
from gridpact.settlement.delivery.flex_settlement import (
    Envelope,
    contract_settlement,
    message,
)


class Address(msgspec.Struct, frozen=True):
    """Internet domains of who sends to whom, the version of UFTP, and when [s since the epoch]."""

    sender: str
    recipient: str
    version: str
    sent_s: int


def flex_settlement(told: OrdersFile, checked: Checked, address: Address) -> bytes:
    """Write the XML; the same settlement at the same instant has the same identifiers.

    Raises BadInput where nothing could be settled, and for what UFTP's types do not allow.
    """
    done = [order for order in checked.orders if not order.reason]
    if not done:
        fix = "see gridpact delivery check for the reasons"
        raise BadInput([Fault(told.file, 0, "orders", "no order could be settled", fix)])
    calendar = Calendar(told.timezone, told.step_s)
    orders = [placed.order for placed in told.orders]
    contracts = [
        contract_settlement(
            each.reserved((each.first, each.last), calendar, told.holidays), orders, told.timezone
        )
        for each in told.reservations
    ]
    days = [order.period for order in done]
    days += [day for contract in contracts for day, _ in contract.periods]
    try:
        blank = _envelope(told, address, days, "")
        number = sha256(message(done, blank, contracts)).hexdigest()
        return message(done, _envelope(told, address, days, number), contracts)
    except ValueError as error:
        fix = "correct the orders, or the option of that name"
        raise BadInput([Fault(told.file, 0, "", str(error), fix)]) from error


def _envelope(told: OrdersFile, address: Address, days: list[date], number: str) -> Envelope:
    """Envelope whose identifiers are made of a digest (hex), as UUIDs of version 8."""
    one, other = (UUID(f"{number[at : at + 32] or '0' * 32}") for at in (0, 32))
    return Envelope(
        sender=address.sender,
        recipient=address.recipient,
        timestamp=iso(address.sent_s),
        message=str(_version_8(one)),
        conversation=str(_version_8(other)),
        first=min(days),
        last=max(days),
        currency=told.currency,
        version=address.version,
    )


def _version_8(number: UUID) -> UUID:
    """Return a UUID with the version and variant bits of RFC 9562."""
    whole = number.int & ~(0xF << 76) & ~(0x3 << 62)
    return UUID(int=whole | 8 << 76 | 2 << 62)
