"""The state of a register, folded from its operations.

metered → issued → transferred* → cancelled | expired | withdrawn. Of each device and span of time
the register keeps what was measured; ``balance_wh`` of a device is what all its claims count as
less the energy of its certificates, those withdrawn left out. What is positive is carried forward;
what is negative was certified too much, cannot be taken back any more, and is made good by the
next energy.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable, Iterator
from typing import Literal, TypeAlias

import msgspec

from gridpact.settlement.certificates.operations import (
    Cancel,
    Device,
    Hour,
    Issue,
    Operation,
    Row,
    Span,
    Transfer,
    Withdraw,
    merged,
)
from gridpact.settlement.certificates.regimes import (
    Regime,
    claimable,
    tradable_until,
    usable_until,
)

Status: TypeAlias = Literal["held", "locked", "expired", "cancelled", "withdrawn"]
"""``locked`` certificates may still be cancelled, but no longer move."""


class Lot(msgspec.Struct, frozen=True):
    """Certificates issued at once for one device and span of time, with their deadlines."""

    serials: Span
    size_wh: int
    device: Device
    start_s: int
    end_s: int
    issued_s: int
    country: str
    issuer: str
    regime: Regime
    tradable_s: int
    usable_s: int
    operation: str


class Piece(msgspec.Struct, frozen=True, order=True):
    """Serials of one lot that have one holder and fate.

    ``fate`` is ``""`` while nothing ended them; ``by`` is the operation that ended or moved them
    last, ``owner`` who holds them or held them at the end.
    """

    span: Span
    owner: str
    by: str
    fate: Literal["", "cancelled", "withdrawn"] = ""


class Holding(msgspec.Struct, frozen=True):
    """A piece with its lot and its status at an instant."""

    lot: Lot
    piece: Piece
    status: Status

    @property
    def energy_wh(self) -> int:
        """Energy that the certificates stand for [Wh]."""
        return (self.piece.span.end - self.piece.span.first) * self.lot.size_wh


class Account:
    """What a register knows of a device: claims by their start, and the energy not certified."""

    def __init__(self) -> None:
        self.claims: dict[int, tuple[int, int]] = {}
        """End and measured energy [Wh] of claims by their beginning."""
        self.starts: list[int] = []
        self.balance_wh = 0

    def overlapping(self, start_s: int, end_s: int) -> list[tuple[int, int]]:
        """Return claims that share time with a span without being it."""
        place = bisect_right(self.starts, start_s)
        found = []
        for start in self.starts[max(place - 1, 0) :]:
            if start >= end_s:
                break
            end = self.claims[start][0]
            if end > start_s and (start, end) != (start_s, end_s):
                found.append((start, end))
        return found

    def measured(self, start_s: int) -> int:
        """Return what was measured in a claim so far; 0 where nothing was claimed [Wh]."""
        return self.claims.get(start_s, (0, 0))[1]


class Register:
    """All certificates, and what energy they stand for.

    ``operations`` maps the names of operations to them, in order.
    """

    def __init__(self) -> None:
        self.operations: dict[str, Operation] = {}
        self.lots: list[Lot] = []
        self.accounts: dict[str, Account] = {}
        self.channels: dict[tuple[str, str], str] = {}
        """Device of each register of a metering point."""
        self.matched: dict[tuple[str, int], int] = {}
        """Energy [Wh] cancelled for a beneficiary in the hour that begins at an instant."""
        self.at_s = 0
        self.next = 1
        self.of_claims: dict[tuple[str, int], list[Lot]] = {}
        """Lots of each claim, by its device and beginning."""
        self._firsts: list[int] = []
        self._pieces: list[list[Piece]] = []

    def holdings(self, at_s: int) -> Iterator[Holding]:
        """Yield all pieces in the order of their serials, as they stand at an instant."""
        for lot, pieces in zip(self.lots, self._pieces, strict=True):
            for piece in pieces:
                yield Holding(lot, piece, status(lot, piece, at_s))

    def within(self, span: Span, at_s: int) -> list[Holding]:
        """Return what serials belong to, cut to the span; serials never issued are in none."""
        found = []
        place = max(bisect_right(self._firsts, span.first) - 1, 0)
        last = bisect_left(self._firsts, span.end)
        for lot, pieces in zip(self.lots[place:last], self._pieces[place:last], strict=True):
            for piece in pieces:
                cut = Span(max(piece.span.first, span.first), min(piece.span.end, span.end))
                if cut.first < cut.end:
                    mine = msgspec.structs.replace(piece, span=cut)
                    found.append(Holding(lot, mine, status(lot, piece, at_s)))
        return found

    def apply(self, operation: Operation) -> None:
        """Take an operation in; ValueError, and nothing changed, where it breaks a rule."""
        if operation.id in self.operations:
            raise ValueError(f"operation {operation.id} is there already")
        if operation.at_s < self.at_s:
            raise ValueError(f"operation {operation.id} is earlier than the one before it")
        match operation:
            case Issue():
                self._issue(operation)
            case Transfer():
                self._change(operation, operation.spans, owner=operation.target)
            case Cancel():
                self._change(operation, operation.spans, fate="cancelled")
                for hour in operation.hours:
                    self._match(operation.beneficiary, hour)
            case Withdraw():
                self._change(operation, operation.spans, fate="withdrawn")
        self.operations[operation.id] = operation
        self.at_s = operation.at_s

    def account(self, device: str) -> Account:
        """Return what is known of a device; nothing yet where it is new."""
        return self.accounts.get(device) or Account()

    def _match(self, beneficiary: str, hour: Hour) -> None:
        key = (beneficiary, hour.start_s)
        self.matched[key] = self.matched.get(key, 0) + hour.matched_wh

    def _issue(self, issue: Issue) -> None:
        self._check_rows(issue)
        account = self.accounts.setdefault(issue.device.id, Account())
        self.channels[issue.device.point, issue.device.register] = issue.device.id
        for row in issue.rows:
            gain = claimable(issue.regime, row.measured_wh)
            gain -= claimable(issue.regime, account.measured(row.start_s))
            back = sum(each.energy_wh for span in row.withdrawn for each in self.within(span, 0))
            if row.start_s not in account.claims:
                insort(account.starts, row.start_s)
            account.claims[row.start_s] = (row.end_s, row.measured_wh)
            account.balance_wh += gain + back - row.count * issue.size_wh
            if row.withdrawn:
                self._end(issue.id, row.withdrawn)
            if row.count:
                self._add(issue, row)

    def _check_rows(self, issue: Issue) -> None:
        """Refuse rows that overlap with claims, or whose certificates their energy does not give.

        A span may be in one row only, so rows are checked one by one against what was before.
        """
        account, serial = self.account(issue.device.id), self.next
        balance, end_before = account.balance_wh, -(1 << 62)
        owner = self.channels.get((issue.device.point, issue.device.register), issue.device.id)
        if owner != issue.device.id:
            raise ValueError(f"{issue.device.point} is metered for {owner}")
        for row in issue.rows:
            if row.start_s < end_before or account.overlapping(row.start_s, row.end_s):
                raise ValueError(f"operation {issue.id} claims the same energy twice")
            spans = [each for span in row.withdrawn for each in self.within(span, issue.at_s)]
            if not all(returnable(each, issue.device, row.start_s) for each in spans):
                raise ValueError(f"operation {issue.id} takes back what it cannot")
            gain = claimable(issue.regime, row.measured_wh)
            gain -= claimable(issue.regime, account.measured(row.start_s))
            balance += gain + sum(each.energy_wh for each in spans)
            if row.count and (row.first != serial or balance < row.count * issue.size_wh):
                raise ValueError(f"operation {issue.id} certifies more than was measured")
            balance -= row.count * issue.size_wh
            serial, end_before = serial + row.count, row.end_s

    def _add(self, issue: Issue, row: Row) -> None:
        span = Span(row.first, row.first + row.count)
        device = issue.device
        lot = Lot(
            span, issue.size_wh, device, row.start_s, row.end_s, issue.at_s,
            issue.country, issue.issuer, issue.regime,
            tradable_until(issue.regime, row.end_s, issue.timezone),
            usable_until(issue.regime, row.end_s, issue.timezone), issue.id,
        )  # fmt: skip
        self.lots.append(lot)
        self.of_claims.setdefault((device.id, row.start_s), []).append(lot)
        self._firsts.append(span.first)
        self._pieces.append([Piece(span, device.owner, issue.id)])
        self.next = span.end

    def _change(
        self,
        operation: Transfer | Cancel | Withdraw,
        spans: tuple[Span, ...],
        owner: str = "",
        fate: Literal["", "cancelled", "withdrawn"] = "",
    ) -> None:
        """Give serials another owner or fate, where all of them may have it."""
        if merged(spans) != spans or not spans:
            raise ValueError(f"operation {operation.id} does not name serials in order")
        holder = getattr(operation, "source", "") or getattr(operation, "holder", "")
        for span in spans:
            found = self.within(span, operation.at_s)
            if sum(each.piece.span.end - each.piece.span.first for each in found) != (
                span.end - span.first
            ):
                raise ValueError(f"operation {operation.id} names serials that are not there")
            for each in found:
                moves = each.status == "held" or (not owner and each.status == "locked")
                if not moves or (holder and each.piece.owner != holder):
                    raise ValueError(f"operation {operation.id} moves what it cannot")
        self._end(operation.id, spans, owner, fate)

    def _end(
        self,
        name: str,
        spans: tuple[Span, ...],
        owner: str = "",
        fate: Literal["", "cancelled", "withdrawn"] = "withdrawn",
    ) -> None:
        for span in spans:
            place = bisect_right(self._firsts, span.first) - 1
            last = bisect_left(self._firsts, span.end)
            for row in range(place, last):
                pieces = self._pieces[row]
                self._pieces[row] = _joined(
                    part for piece in pieces for part in _cut(piece, span, name, owner, fate)
                )


def _cut(
    piece: Piece, span: Span, name: str, owner: str, fate: Literal["", "cancelled", "withdrawn"]
) -> Iterator[Piece]:
    """Yield a piece in parts, of which the one within the span is changed."""
    begin, end = max(piece.span.first, span.first), min(piece.span.end, span.end)
    if begin >= end:
        yield piece
        return
    if piece.span.first < begin:
        yield msgspec.structs.replace(piece, span=Span(piece.span.first, begin))
    yield Piece(Span(begin, end), owner or piece.owner, name, fate)
    if end < piece.span.end:
        yield msgspec.structs.replace(piece, span=Span(end, piece.span.end))


def _joined(pieces: Iterator[Piece]) -> list[Piece]:
    """Merge pieces that touch and have the same owner and fate.

    What is still held merges whichever operation brought it; what ended keeps apart by what ended
    it.
    """
    found: list[Piece] = []
    for piece in pieces:
        last = found[-1] if found else None
        if last and _alike(last, piece):
            by = piece.by if piece.by == last.by else ""
            found[-1] = Piece(Span(last.span.first, piece.span.end), piece.owner, by, piece.fate)
        else:
            found.append(piece)
    return found


def _alike(one: Piece, other: Piece) -> bool:
    same = (one.owner, one.fate) == (other.owner, other.fate)
    return same and (not one.fate or one.by == other.by)


def status(lot: Lot, piece: Piece, at_s: int) -> Status:
    """Return the state of a piece at an instant; deadlines pass without an operation."""
    if piece.fate:
        return piece.fate
    if at_s >= lot.usable_s:
        return "expired"
    return "locked" if at_s >= lot.tradable_s else "held"


def returnable(holding: Holding, device: Device, start_s: int) -> bool:
    """Tell whether a correction may take certificates back: nobody else ever relied on them."""
    same = (holding.lot.device.id, holding.lot.start_s) == (device.id, start_s)
    return same and live(holding) and holding.piece.owner == device.owner


def live(holding: Holding) -> bool:
    """Tell whether certificates can still be cancelled."""
    return holding.status in ("held", "locked")


def folded(operations: Iterable[Operation]) -> Register:
    """Return the register that operations make, in order; ValueError where one breaks a rule."""
    register = Register()
    for operation in operations:
        register.apply(operation)
    return register
