"""Choose certificates, and move, cancel or withdraw them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from gridpact.base.slots import iso
from gridpact.settlement.certificates.operations import (
    Cancel,
    Hour,
    Refused,
    Span,
    Transfer,
    Withdraw,
    merged,
)
from gridpact.settlement.certificates.register import Holding, Register, live


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which certificates of a holder are meant.

    ``spans`` name serials; without them, certificates of ``wh`` [Wh] are taken, those that expire
    first before others, of one ``source`` or ``device`` where these are not empty.
    """

    holder: str
    spans: tuple[Span, ...] = ()
    wh: int = 0
    source: str = ""
    device: str = ""


class Use(msgspec.Struct, frozen=True):
    """For whom and what certificates are cancelled, and when the energy was consumed."""

    beneficiary: str
    purpose: str
    start_s: int
    end_s: int


def transfer(
    register: Register, name: str, at_s: int, wanted: Wanted, target: str
) -> Transfer | Refused:
    """Return the operation that moves certificates to another holder, or why there is none."""
    found = chosen(register, at_s, wanted, moving=True)
    if target == wanted.holder:
        return Refused((f"{target} holds them already",))
    if isinstance(found, Refused):
        return found
    return Transfer(id=name, at_s=at_s, source=wanted.holder, target=target, spans=found)


def cancel(
    register: Register, name: str, at_s: int, wanted: Wanted, use: Use, hours: Sequence[Hour] = ()
) -> Cancel | Refused:
    """Return the operation that cancels certificates for a beneficiary, or why there is none."""
    reasons = [] if use.start_s < use.end_s else ["the period of consumption is empty"]
    if not use.beneficiary or not use.purpose:
        reasons.append("a cancellation names a beneficiary and a purpose")
    found = chosen(register, at_s, wanted, moving=False)
    if isinstance(found, Refused):
        reasons += found.reasons
    if reasons or isinstance(found, Refused):
        return Refused(tuple(reasons))
    return Cancel(
        id=name, at_s=at_s, holder=wanted.holder, beneficiary=use.beneficiary,
        purpose=use.purpose, start_s=use.start_s, end_s=use.end_s, spans=found,
        hours=tuple(hours),
    )  # fmt: skip


def withdraw(
    register: Register, name: str, at_s: int, spans: tuple[Span, ...], reason: str
) -> Withdraw | Refused:
    """Return the operation that takes certificates out for a reason, whoever holds them."""
    reasons = [*_time_reasons(register, at_s), *_named_reasons(register, at_s, spans, "")]
    if not reason:
        reasons.append("a withdrawal names its reason")
    if reasons:
        return Refused(tuple(reasons))
    return Withdraw(id=name, at_s=at_s, reason=reason, spans=merged(spans))


def chosen(
    register: Register, at_s: int, wanted: Wanted, *, moving: bool
) -> tuple[Span, ...] | Refused:
    """Return serials that are meant; Refused where the holder cannot move or cancel them.

    ``moving`` asks for certificates that may still be transferred.
    """
    reasons = _time_reasons(register, at_s)
    if wanted.spans:
        reasons += _named_reasons(register, at_s, wanted.spans, wanted.holder, moving=moving)
        return Refused(tuple(reasons)) if reasons else merged(wanted.spans)
    if wanted.wh <= 0:
        reasons.append("no energy is asked for")
    if reasons:
        return Refused(tuple(reasons))
    return _taken(_available(register, at_s, wanted, moving=moving), wanted)


def _time_reasons(register: Register, at_s: int) -> list[str]:
    if at_s >= register.at_s:
        return []
    return [f"the register has an operation of {iso(register.at_s)}, later than this one"]


def _named_reasons(
    register: Register, at_s: int, spans: Sequence[Span], holder: str, *, moving: bool = False
) -> list[str]:
    """Tell what keeps serials from being moved, piece by piece."""
    found, last = list[str](), 0
    for span in sorted(spans):
        if span.first < max(last, 1) or span.first >= span.end:
            found.append(f"{spelled((span,))}: these serials are not in order, or named twice")
            continue
        last, reached = span.end, span.first
        for each in register.within(span, at_s):
            if problem := _problem(each, holder, moving=moving):
                found.append(f"{spelled((each.piece.span,))}: {problem}")
            reached = each.piece.span.end
        if reached < span.end:
            found.append(f"{spelled((Span(reached, span.end),))}: never issued")
    return found or ([] if spans else ["no certificates are named"])


def _problem(each: Holding, holder: str, *, moving: bool) -> str:
    if not live(each):
        return f"they are {each.status}"
    if holder and each.piece.owner != holder:
        return f"{each.piece.owner} holds them, not {holder}"
    if moving and each.status == "locked":
        return f"since {iso(each.lot.tradable_s)} they may only be cancelled"
    return ""


def _available(register: Register, at_s: int, wanted: Wanted, *, moving: bool) -> list[Holding]:
    found = [
        each
        for each in register.holdings(at_s)
        if not _problem(each, wanted.holder, moving=moving)
        and wanted.source in ("", each.lot.device.source)
        and wanted.device in ("", each.lot.device.id)
    ]
    return sorted(found, key=lambda each: (each.lot.usable_s, each.lot.end_s, each.piece.span))


def _taken(available: Iterable[Holding], wanted: Wanted) -> tuple[Span, ...] | Refused:
    """Return certificates that make up the energy asked for, exactly."""
    left, spans, there = wanted.wh, list[Span](), 0
    for each in available:
        there += each.energy_wh
        span, size = each.piece.span, each.lot.size_wh
        count = min(span.end - span.first, left // size)
        if count:
            spans.append(Span(span.first, span.first + count))
            left -= count * size
    if not left:
        return merged(spans)
    if there < wanted.wh:
        return Refused((f"{wanted.holder} has {there:,} Wh of such certificates, not enough",))
    told = f"whole certificates make up {wanted.wh - left:,} Wh of it, not {wanted.wh:,} Wh"
    return Refused((told,))


def spelled(spans: Iterable[Span]) -> str:
    """Write serials for people, such as ``1-10, 15``."""
    return ", ".join(
        f"{span.first}-{span.end - 1}" if span.end - span.first > 1 else f"{span.first}"
        for span in spans
    )
