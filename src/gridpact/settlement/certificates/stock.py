"""What became of certificates over a span of time, for each holder and source.

opening + issued + received = given + cancelled + withdrawn + expired + closing, to the Wh.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from gridpact.settlement.certificates.operations import (
    Cancel,
    Issue,
    Operation,
    Span,
    Transfer,
    Withdraw,
)
from gridpact.settlement.certificates.register import Register, folded, live


class Stock(msgspec.Struct):
    """Energy of certificates of one holder and source [Wh].

    ``opening`` and ``closing`` are those that could still be cancelled; ``withdrawn`` were taken
    out or back, ``expired`` passed their last instant.
    """

    opening: int = 0
    issued: int = 0
    received: int = 0
    given: int = 0
    cancelled: int = 0
    withdrawn: int = 0
    expired: int = 0
    closing: int = 0

    @property
    def difference(self) -> int:
        """What opening and flows come to, less closing; zero in a register that holds."""
        flows = self.issued + self.received - self.given
        ended = self.cancelled + self.withdrawn + self.expired
        return self.opening + flows - ended - self.closing


Key = tuple[str, str]
"""Holder and source."""


def as_of(register: Register, at_s: int) -> Register:
    """Return a register as the operations before an instant [s since the epoch] left it."""
    return folded(each for each in register.operations.values() if each.at_s < at_s)


def stocks(register: Register, start_s: int, end_s: int) -> dict[Key, Stock]:
    """Return what became of certificates from one instant until another, by holder and source."""
    after = as_of(register, end_s)
    found: dict[Key, Stock] = {}
    _hold(found, as_of(register, start_s), start_s, "opening")
    _hold(found, after, end_s, "closing")
    for operation in after.operations.values():
        if operation.at_s >= start_s:
            for key, name, wh in _flows(after, operation):
                _add(found, key, name, wh)
    for each in after.holdings(end_s):
        if each.status == "expired" and each.lot.usable_s > start_s:
            _add(found, (each.piece.owner, each.lot.device.source), "expired", each.energy_wh)
    return found


def _hold(found: dict[Key, Stock], state: Register, at_s: int, name: str) -> None:
    """Add what can still be cancelled at an instant."""
    for each in state.holdings(at_s):
        if live(each):
            _add(found, (each.piece.owner, each.lot.device.source), name, each.energy_wh)


def _add(found: dict[Key, Stock], key: Key, name: str, wh: int) -> None:
    stock = found.setdefault(key, Stock())
    setattr(stock, name, getattr(stock, name) + wh)


def _flows(register: Register, operation: Operation) -> Iterator[tuple[Key, str, int]]:
    """Yield what an operation adds to whom."""
    if isinstance(operation, Issue):
        device = operation.device
        for row in operation.rows:
            yield (device.owner, device.source), "issued", row.count * operation.size_wh
        back = tuple(span for row in operation.rows for span in row.withdrawn)
        for owner, source, wh in _within(register, back):
            yield (owner, source), "withdrawn", wh
        return
    for owner, source, wh in _within(register, operation.spans):
        match operation:
            case Transfer():
                yield (operation.source, source), "given", wh
                yield (operation.target, source), "received", wh
            case Cancel():
                yield (operation.holder, source), "cancelled", wh
            case Withdraw():
                yield (owner, source), "withdrawn", wh


def _within(register: Register, spans: tuple[Span, ...]) -> Iterator[tuple[str, str, int]]:
    """Yield the owner, source and energy of the pieces that serials belong to."""
    for span in spans:
        for each in register.within(span, 0):
            yield each.piece.owner, each.lot.device.source, each.energy_wh
