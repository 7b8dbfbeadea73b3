"""Regimes of guarantees of origin: what one stands for, what becomes of residuals, and deadlines.

``EU``: Directive (EU) 2018/2001, article 19, as amended by (EU) 2023/2413. A guarantee stands for
1 MWh or a fraction of it, in whole Wh (19(2)); it may be moved for 12 months after the energy was
produced, and expires 18 months after it (19(3)), so that the last 6 months are for cancellation
alone. Energy short of a whole certificate is carried forward.

``UK``: the Renewables Obligation and Guarantees of Origin rules that Ofgem administers (REGO, SI
2003/2562 and Ofgem's guidance for generators). One certificate for each MWh of a month that is
claimed, to the nearest whole with halves up, so none below 0.5 MWh; nothing is carried forward. A
certificate counts for the disclosure year from 1 April to 31 March in which its energy was
produced, and must be used by noon on the 1 July after that year.
"""

from __future__ import annotations

from calendar import monthrange
from datetime import date, datetime, time
from typing import Literal, TypeAlias
from zoneinfo import ZoneInfo

import msgspec

MEGAWATT_HOUR = 1_000_000
"""Energy of a standard certificate [Wh]."""
_LONDON = "Europe/London"

Residual: TypeAlias = Literal["carried", "rounded"]
Deadline: TypeAlias = Literal["months-after-production", "after-disclosure-year"]


class Regime(msgspec.Struct, frozen=True, kw_only=True):
    """Rules of guarantees of origin, as values.

    ``least_wh`` is the least energy of one certificate [Wh]; ``residual`` what becomes of energy
    short of a whole one; ``claims`` the local period that is claimed at once, ``""`` for any.
    ``tradable_months`` and ``usable_months`` count from the end of production where ``deadline``
    does. ``cancelled`` and ``withdrawn`` are what the regime calls these states.
    """

    name: str
    title: str
    least_wh: int
    residual: Residual
    deadline: Deadline
    tradable_months: int = 0
    usable_months: int = 0
    claims: Literal["", "month"] = ""
    cancelled: str = "cancelled"
    withdrawn: str = "withdrawn"


EU = Regime(
    name="eu",
    title="Directive (EU) 2018/2001, article 19",
    least_wh=1,
    residual="carried",
    deadline="months-after-production",
    tradable_months=12,
    usable_months=18,
)
UK = Regime(
    name="uk",
    title="Renewable Energy Guarantees of Origin (SI 2003/2562)",
    least_wh=MEGAWATT_HOUR,
    residual="rounded",
    deadline="after-disclosure-year",
    claims="month",
    cancelled="redeemed",
    withdrawn="retired or revoked",
)
REGIMES = {regime.name: regime for regime in (EU, UK)}


def claimable(regime: Regime, wh: int) -> int:
    """Return the energy that measured energy of one claim counts as [Wh]."""
    if regime.residual == "carried":
        return wh
    return (wh + MEGAWATT_HOUR // 2) // MEGAWATT_HOUR * MEGAWATT_HOUR


def size_fault(regime: Regime, size_wh: int) -> str:
    """Tell why certificates of a size are none of a regime's; ``""`` where they are."""
    if size_wh < regime.least_wh:
        return f"a certificate of this regime stands for {regime.least_wh:,} Wh at least"
    if MEGAWATT_HOUR % size_wh:
        return f"{size_wh:,} Wh are no whole fraction of 1 MWh"
    return ""


def claim_fault(regime: Regime, start_s: int, end_s: int, timezone: str) -> str:
    """Tell why a span is not claimed at once; ``""`` where it may be."""
    if regime.claims != "month":
        return ""
    zone = ZoneInfo(timezone)
    first, last = (datetime.fromtimestamp(instant, zone) for instant in (start_s, end_s))
    begin = first.day == 1 and not any((first.hour, first.minute, first.second))
    months = 12 * (last.year - first.year) + last.month - first.month
    whole = last.day == 1 and not any((last.hour, last.minute, last.second))
    return "" if begin and whole and months == 1 else "this regime claims one local month at once"


def tradable_until(regime: Regime, end_s: int, timezone: str) -> int:
    """Return the instant from which certificates of energy that ended then no longer move."""
    if regime.deadline == "after-disclosure-year":
        return usable_until(regime, end_s, timezone)
    return _months_after(end_s, regime.tradable_months, timezone)


def usable_until(regime: Regime, end_s: int, timezone: str) -> int:
    """Return the instant at which certificates of energy that ended then have expired."""
    if regime.deadline == "after-disclosure-year":
        produced = datetime.fromtimestamp(end_s - 1, ZoneInfo(_LONDON)).date()
        year = produced.year + (produced.month >= 4)
        noon = datetime.combine(date(year, 7, 1), time(12), ZoneInfo(_LONDON))
        return int(noon.timestamp())
    return _months_after(end_s, regime.usable_months, timezone)


def _months_after(instant: int, months: int, timezone: str) -> int:
    """Return the same local time some months later, on the month's last day at the latest."""
    local = datetime.fromtimestamp(instant, ZoneInfo(timezone))
    year, month = divmod(12 * local.year + local.month - 1 + months, 12)
    day = min(local.day, monthrange(year, month + 1)[1])
    return int(local.replace(year=year, month=month + 1, day=day).timestamp())
