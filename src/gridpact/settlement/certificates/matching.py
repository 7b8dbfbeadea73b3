"""Match production and consumption hour by hour, as round-the-clock claims are made.

A certificate counts for an hour only where all of its energy was produced within that hour, so
certificates are issued hourly, of 1 Wh where the regime allows. An hour's certificates never cover
more than its consumption, also when consumption is matched more than once.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from gridpact.settlement.certificates.moving import Wanted
from gridpact.settlement.certificates.operations import Hour, Span, merged
from gridpact.settlement.certificates.register import Holding, Register, live

HOUR_S = 3600


class Matched(msgspec.Struct, frozen=True):
    """Certificates for hours of consumption, and what they come to hour by hour."""

    spans: tuple[Span, ...]
    hours: tuple[Hour, ...]


def match_hours(
    register: Register, at_s: int, wanted: Wanted, beneficiary: str, consumed: Mapping[int, int]
) -> Matched:
    """Return certificates of a holder for the consumption [Wh] of hours, by their beginning.

    Of ``wanted`` the holder, source and device count. Within an hour certificates with earlier
    serials come first. All hours are returned, also those that nothing covers.
    """
    there: dict[int, list[Holding]] = {}
    for each in register.holdings(at_s):
        start = each.lot.start_s // HOUR_S * HOUR_S
        if start in consumed and each.lot.end_s <= start + HOUR_S and _meant(each, wanted):
            there.setdefault(start, []).append(each)
    spans, hours = list[Span](), list[Hour]()
    for start in sorted(consumed):
        before = register.matched.get((beneficiary, start), 0)
        open_wh = max(consumed[start] - before, 0)
        taken, matched_wh = _covering(there.get(start, []), open_wh)
        spans += taken
        hours.append(Hour(start, consumed[start], matched_wh))
    return Matched(merged(spans), tuple(hours))


def _meant(each: Holding, wanted: Wanted) -> bool:
    device = each.lot.device
    named = wanted.source in ("", device.source) and wanted.device in ("", device.id)
    return named and live(each) and each.piece.owner == wanted.holder


def _covering(available: list[Holding], open_wh: int) -> tuple[list[Span], int]:
    """Return certificates of at most some energy [Wh], and their energy."""
    spans, left = list[Span](), open_wh
    for each in available:
        span, size = each.piece.span, each.lot.size_wh
        count = min(span.end - span.first, left // size)
        if count:
            spans.append(Span(span.first, span.first + count))
            left -= count * size
    return spans, open_wh - left


def score_ppm(hours: tuple[Hour, ...]) -> int:
    """Return the share of consumption that was matched within its hour, parts in a million.

    Rounded down, so that only full cover is 1,000,000; 0 where nothing was consumed.
    """
    consumed = sum(hour.consumption_wh for hour in hours)
    matched = sum(hour.matched_wh for hour in hours)
    return 1_000_000 * matched // consumed if consumed else 0
