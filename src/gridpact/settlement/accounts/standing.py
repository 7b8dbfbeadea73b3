"""How accounts stand: balances, holds for collateral and limits, and what may be done to them.

What is available on an account is what its holder is owed there, less what is held:

available = credit − holds ≥ −limit.

Settled lines and reversals, such as of a payment that a bank returned, are facts and are booked
whatever they come to. Everything else is refused where it would take what is not available.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

import msgspec

from gridpact.settlement.accounts.chart import UNBOUNDED, Chart
from gridpact.settlement.accounts.transfers import Balances, Leg, Transfer, moved, problem, reversal

Key: TypeAlias = tuple[str, str]
"""An account and a currency."""


class Hold(msgspec.Struct, frozen=True, tag="hold"):
    """Money on an account that is set aside as collateral, from ``value_s`` [s]."""

    id: str
    account: str
    currency: str
    minor: int
    value_s: int
    note: str = ""


class Capture(msgspec.Struct, frozen=True, tag="capture"):
    """A hold is drawn on: ``minor`` of it goes to an account, and the rest is free again."""

    id: str
    hold: str
    to: str
    minor: int
    value_s: int
    note: str = ""


class Release(msgspec.Struct, frozen=True, tag="release"):
    """A hold ends, and what it set aside is available again."""

    id: str
    hold: str
    value_s: int


class Limit(msgspec.Struct, frozen=True, tag="limit"):
    """How far an account may be drawn below nothing [minor units], from now on."""

    id: str
    account: str
    currency: str
    minor: int
    value_s: int


Operation: TypeAlias = Transfer | Hold | Capture | Release | Limit


class Standing:
    """Balances, holds and limits of all accounts, changed by one operation after another.

    ``balances`` are debits less credits by account and currency, as settled lines leave them;
    they are what the chart's accounts begin with. ``transfers`` are those that moved money, by
    identifier.
    """

    def __init__(self, chart: Chart, balances: Balances = {}) -> None:  # noqa: B006 - only read
        self.chart = chart
        self.balances = dict(balances)
        self.holds: dict[str, Hold] = {}
        self.limits: dict[Key, int] = {}
        self.transfers: dict[str, Transfer] = {}
        self._held: dict[Key, int] = {}
        self._ids: set[str] = set()
        self._back: set[str] = set()

    def held(self, account: str, currency: str) -> int:
        """Return what is set aside on an account."""
        return self._held.get((account, currency), 0)

    def available(self, account: str, currency: str) -> int:
        """Return what an account's holder is owed there and may use."""
        return -self.balances.get((account, currency), 0) - self.held(account, currency)

    def limit(self, account: str, currency: str) -> int | None:
        """Return how far an account may be drawn below nothing; None where nothing bounds it."""
        if account in UNBOUNDED:
            return None
        return self.limits.get((account, currency), 0)

    def settle(self, balances: Balances) -> None:
        """Add what settled lines come to; they are not refused."""
        mine = self.balances
        for key, minor in balances.items():  # of every member, in every run
            mine[key] = mine.get(key, 0) + minor

    def apply(self, operation: Operation) -> str:
        """Do an operation, or tell why it is refused; then nothing has changed."""
        refused = self.refusal(operation)
        if not refused:
            self._ids.add(operation.id)
            self._do(operation)
        return refused

    def refusal(self, operation: Operation) -> str:
        """Tell why an operation is refused; ``""`` where it is not."""
        if operation.id in self._ids:
            return f"{operation.id} was booked already"
        match operation:
            case Transfer():
                return problem(operation, self.chart) or self._transfer_refused(operation)
            case Hold():
                return self._hold_refused(operation)
            case Limit():
                return self._limit_refused(operation)
        return self._end_refused(operation)

    def _transfer_refused(self, transfer: Transfer) -> str:
        if not transfer.of:
            return self._short(transfer.legs)
        booked = self.transfers.get(transfer.of)
        if booked is None or reversal("", 0, booked).legs != transfer.legs:
            return f"{transfer.of} is no transfer that it takes back"
        return f"{transfer.of} was taken back already" if transfer.of in self._back else ""

    def _hold_refused(self, hold: Hold) -> str:
        found = self.chart.problem(hold.account)
        if found or hold.minor <= 0:
            return found or "a hold is of more than nothing"
        return self._short((Leg(hold.account, hold.currency, hold.minor),))

    def _limit_refused(self, limit: Limit) -> str:
        found = self.chart.problem(limit.account)
        if found or limit.minor < 0:
            return found or "a limit is not negative"
        if limit.account in UNBOUNDED:
            return f"{limit.account} has no limit"
        lacks = -limit.minor - self.available(limit.account, limit.currency)
        lowered = limit.minor < self.limits.get((limit.account, limit.currency), 0)
        return f"{limit.account} is drawn {lacks} further already" if lowered and lacks > 0 else ""

    def _end_refused(self, operation: Capture | Release) -> str:
        hold = self.holds.get(operation.hold)
        if hold is None:
            return f"there is no hold {operation.hold}"
        if isinstance(operation, Release):
            return ""
        if not 0 < operation.minor <= hold.minor:
            return f"{hold.minor} is held, which {operation.minor} is not a part of"
        return problem(captured(operation, hold), self.chart)

    def _short(self, legs: Iterable[Leg]) -> str:
        """Tell the first account that would be drawn beyond its limit."""
        taken: dict[Key, int] = {}
        for leg in legs:
            key = (leg.account, leg.currency)
            taken[key] = taken.get(key, 0) + leg.minor
        for (account, currency), minor in taken.items():
            limit = self.limit(account, currency)
            left = self.available(account, currency) + (limit or 0)
            if limit is not None and minor > 0 and minor > left:
                return f"{account} has {left} minor units available, and {minor} are asked for"
        return ""

    def _do(self, operation: Operation) -> None:
        match operation:
            case Transfer():
                self._move(operation)
            case Hold():
                self.holds[operation.id] = operation
                self._set_aside(operation, operation.minor)
            case Limit():
                self.limits[operation.account, operation.currency] = operation.minor
            case Release():
                self._ended(operation.hold)
            case Capture():
                self._move(captured(operation, self._ended(operation.hold)))

    def _ended(self, name: str) -> Hold:
        hold = self.holds.pop(name)
        self._set_aside(hold, -hold.minor)
        return hold

    def _set_aside(self, hold: Hold, minor: int) -> None:
        key = hold.account, hold.currency
        self._held[key] = self._held.get(key, 0) + minor

    def _move(self, transfer: Transfer) -> None:
        self.transfers[transfer.id] = transfer
        self._back.add(transfer.of)
        for leg in transfer.legs:
            self._add((leg.account, leg.currency), leg.minor)

    def _add(self, key: Key, minor: int) -> None:
        self.balances[key] = self.balances.get(key, 0) + minor


def captured(capture: Capture, hold: Hold) -> Transfer:
    """Return the transfer that a capture of a hold is."""
    amount, sides = (capture.minor, hold.currency), (hold.account, capture.to)
    note = capture.note or f"of {hold.id}"
    return moved(capture.id, capture.value_s, sides, amount, "capture", note)
