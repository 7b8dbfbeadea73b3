"""Issue certificates for metered energy, and take account of readings that were corrected.

Each claim is one span of time of one device. A span that was claimed before, with the same
beginning and end, is a correction: only the difference counts. More energy gives more certificates.
Less takes back certificates of that span which the device's owner still holds; where these do not
suffice, the rest is owed, and the next energy of the device makes it good first. So no Wh carries
two certificates, and no certificate is taken from somebody who relied on it.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from gridpact.base.slots import iso
from gridpact.settlement.certificates.operations import Device, Issue, Refused, Row, Span, merged
from gridpact.settlement.certificates.regimes import (
    Regime,
    claim_fault,
    claimable,
    size_fault,
    usable_until,
)
from gridpact.settlement.certificates.register import Account, Register, returnable


class Metered(msgspec.Struct, frozen=True):
    """Energy [Wh] that a device produced in spans of time, in order."""

    start_s: Sequence[int]
    end_s: Sequence[int]
    wh: Sequence[int]
    known_s: int
    digest: str


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """By which rules, where and by whom certificates are issued; ``size_wh`` is that of each."""

    regime: Regime
    timezone: str
    country: str
    issuer: str
    size_wh: int


def issue(
    register: Register, name: str, at_s: int, device: Device, terms: Terms, metered: Metered
) -> Issue | Refused:
    """Return the operation that issues certificates for a device; Refused with every reason.

    ``name`` is that of the operation, ``at_s`` its instant.
    """
    account = register.account(device.id)
    reasons = [
        *_terms_reasons(register, at_s, device, terms),
        *_span_reasons(account, at_s, terms, metered),
    ]
    if reasons:
        return Refused(tuple(reasons))
    rows = _rows(register, at_s, device, terms, metered)
    if all(_idle(row, account) for row in rows):
        told = f"{device.id}: all of this energy was issued for, and no reading changed since"
        return Refused((told,), idle=True)
    return Issue(
        id=name, at_s=at_s, regime=terms.regime, timezone=terms.timezone, country=terms.country,
        issuer=terms.issuer, device=device, size_wh=terms.size_wh, rows=tuple(rows),
        known_s=metered.known_s, digest=metered.digest,
    )  # fmt: skip


def _terms_reasons(register: Register, at_s: int, device: Device, terms: Terms) -> list[str]:
    found = []
    if at_s < register.at_s:
        found.append(f"the register has an operation of {iso(register.at_s)}, later than this one")
    other = register.channels.get((device.point, device.register), device.id)
    if other != device.id:
        found.append(f"{device.id}: what {device.point} counts is issued for to {other}")
    if fault := size_fault(terms.regime, terms.size_wh):
        found.append(fault)
    return found


def _span_reasons(account: Account, at_s: int, terms: Terms, metered: Metered) -> list[str]:
    found = []
    for start, end, wh in zip(metered.start_s, metered.end_s, metered.wh, strict=True):
        told = f"{iso(start)} to {iso(end)}"
        if wh < 0:
            found.append(f"{told}: energy is negative")
        if end > at_s:
            found.append(f"{told}: not all of it is over at {iso(at_s)}")
        elif usable_until(terms.regime, end, terms.timezone) <= at_s:
            found.append(f"{told}: certificates of it would have expired")
        if fault := claim_fault(terms.regime, start, end, terms.timezone):
            found.append(f"{told}: {fault}")
        for one, other in account.overlapping(start, end):
            found.append(f"{told}: part of it was claimed already, {iso(one)} to {iso(other)}")
    return found


def _rows(
    register: Register, at_s: int, device: Device, terms: Terms, metered: Metered
) -> list[Row]:
    account, serial = register.account(device.id), register.next
    balance, found = account.balance_wh, list[Row]()
    for start, end, wh in zip(metered.start_s, metered.end_s, metered.wh, strict=True):
        gain = claimable(terms.regime, wh)
        gain -= claimable(terms.regime, account.measured(start))
        balance += gain
        spans: tuple[Span, ...] = ()
        if balance < 0 and gain < 0:
            spans, back = _taken_back(register, at_s, device, start, min(-balance, -gain))
            balance += back
        count = max(balance, 0) // terms.size_wh
        found.append(Row(start, end, wh, serial if count else 0, count, spans))
        balance -= count * terms.size_wh
        serial += count
    return found


def _taken_back(
    register: Register, at_s: int, device: Device, start_s: int, need_wh: int
) -> tuple[tuple[Span, ...], int]:
    """Return certificates of a claim to withdraw, the last ones first, and their energy [Wh]."""
    spans, back = list[Span](), 0
    for lot in reversed(register.of_claims.get((device.id, start_s), [])):
        for each in reversed(register.within(lot.serials, at_s)):
            if back >= need_wh or not returnable(each, device, start_s):
                continue
            span = each.piece.span
            count = min(span.end - span.first, -(-(need_wh - back) // lot.size_wh))
            spans.append(Span(span.end - count, span.end))
            back += count * lot.size_wh
    return merged(spans), back


def _idle(row: Row, account: Account) -> bool:
    known = account.claims.get(row.start_s)
    return known == (row.end_s, row.measured_wh) and not row.count and not row.withdrawn
