"""Operations of a register: the only way in which certificates come to be, move and end.

Certificates have serial numbers, one sequence for a whole register. Those issued for one device
and span of time are a lot; operations name ranges of serials, so a million are one row. Every
operation holds all that it does, hence a register is its operations, one after the other.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, TypeAlias

import msgspec

from gridpact.settlement.certificates.regimes import Regime

Support: TypeAlias = Literal["none", "investment", "operating", "both"]


class Device(msgspec.Struct, frozen=True, kw_only=True):
    """A production device, with what a guarantee says of it (article 19(7) of the Directive).

    ``source`` is the energy source, ``technology`` the type of installation, ``site`` where it
    is, ``capacity_w`` its capacity [W], ``support`` the kind of support it had, ``commissioned``
    the day (ISO) on which it began to run. ``point`` and ``register`` are what meters it.
    """

    id: str
    owner: str
    point: str
    register: Literal["injection", "withdrawal"] = "injection"
    source: str
    technology: str
    site: str
    country: str
    capacity_w: int
    support: Support
    commissioned: str


class Span(msgspec.Struct, frozen=True, order=True):
    """Serials from ``first`` up to but not including ``end``."""

    first: int
    end: int


class Row(msgspec.Struct, frozen=True):
    """A span of time claimed for a device: what was measured in it, and what became of that.

    ``measured_wh`` is what the span is known to have now; ``first`` the first of ``count`` serials
    issued; ``withdrawn`` are serials of the span that a lower reading takes back.
    """

    start_s: int
    end_s: int
    measured_wh: int
    first: int
    count: int
    withdrawn: tuple[Span, ...] = ()


class Issue(msgspec.Struct, frozen=True, kw_only=True, tag="issue"):
    """Certificates are issued for metered energy, or corrected readings are taken account of.

    ``at_s`` is the instant of issue [s since the epoch]; ``country`` and ``issuer`` say where and
    by whom. ``known_s`` is as when readings were known, ``digest`` what they are told apart by.
    """

    id: str
    at_s: int
    regime: Regime
    timezone: str
    country: str
    issuer: str
    device: Device
    size_wh: int
    rows: tuple[Row, ...]
    known_s: int
    digest: str


class Transfer(msgspec.Struct, frozen=True, kw_only=True, tag="transfer"):
    """Certificates go from one holder to another."""

    id: str
    at_s: int
    source: str
    target: str
    spans: tuple[Span, ...]


class Hour(msgspec.Struct, frozen=True):
    """Consumption of an hour that begins at ``start_s``, and the energy cancelled for it [Wh]."""

    start_s: int
    consumption_wh: int
    matched_wh: int


class Cancel(msgspec.Struct, frozen=True, kw_only=True, tag="cancel"):
    """Certificates are used up for the consumption of a beneficiary in a period.

    ``hours`` are there where production and consumption were matched hour by hour.
    """

    id: str
    at_s: int
    holder: str
    beneficiary: str
    purpose: str
    start_s: int
    end_s: int
    spans: tuple[Span, ...]
    hours: tuple[Hour, ...] = ()


class Withdraw(msgspec.Struct, frozen=True, kw_only=True, tag="withdraw"):
    """Certificates are taken out without being used, for a reason."""

    id: str
    at_s: int
    reason: str
    spans: tuple[Span, ...]


Operation: TypeAlias = Issue | Transfer | Cancel | Withdraw


class Refused(msgspec.Struct, frozen=True):
    """Why an operation is not done; nothing changes. ``idle`` where there is nothing to do."""

    reasons: tuple[str, ...]
    idle: bool = False


def canonical(operation: Operation) -> bytes:
    """Return the bytes that an operation is signed, hashed or put into a ledger as.

    JSON without spaces, its keys in order, UTF-8: the same operation always gives the same bytes.
    """
    return msgspec.json.encode(operation, order="sorted")


def decoded(data: bytes) -> Operation:
    """Read an operation back; msgspec.DecodeError where there is none."""
    found: Operation = msgspec.json.decode(data, type=Operation)
    return found


def certificate_id(issuer: str, serial: int) -> str:
    """Return the name of one certificate, which no other has."""
    return f"{issuer}-{serial:012}"


def merged(spans: Iterable[Span]) -> tuple[Span, ...]:
    """Return spans in order, with those that touch as one."""
    found: list[Span] = []
    for span in sorted(spans):
        if found and found[-1].end == span.first:
            found[-1] = Span(found[-1].first, span.end)
        else:
            found.append(span)
    return tuple(found)
