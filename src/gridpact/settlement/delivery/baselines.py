"""What points would have withdrawn had nothing been called, by a named method."""

from __future__ import annotations

from datetime import date

import msgspec
import numpy as np

from gridpact.base.rounding import half_even_by, muldiv
from gridpact.base.slots import Slots
from gridpact.base.units import MICRO_PER_UNIT, Bools, Ints, checked_multiply, checked_sum
from gridpact.settlement.delivery.days import (
    Metered,
    PastDays,
    event_day,
    is_working,
    known_at,
    past_days,
    places_of,
)
from gridpact.settlement.delivery.methods import (
    P376,
    ControlGroup,
    HighXOfY,
    MeterBefore,
    Method,
    Nominated,
    RatioAdjustment,
    TenOfTen,
    name_of,
)


class Baseline(msgspec.Struct, frozen=True):
    """Baseline of an event: ``wh`` int64 [points, event slots], 0 where ``reasons`` says why not.

    ``reasons`` [points] is empty where there is a baseline. ``days`` [points] are the days it was
    taken from, the latest first.
    """

    method: str
    event: Slots
    wh: Ints
    reasons: tuple[str, ...]
    days: tuple[tuple[date, ...], ...]

    @property
    def known(self) -> Bools:
        """Which points have a baseline [points]."""
        return np.array([not reason for reason in self.reasons], dtype=np.bool_)


class Told(msgspec.Struct, frozen=True):
    """What some methods need besides readings.

    ``nominated_wh`` [points, event slots] for ``nominated.v1``; ``control``, the readings of the
    control group on the same slots, for ``control-group.v1``.
    """

    nominated_wh: Ints | None = None
    control: Metered | None = None


def baseline(method: Method, metered: Metered, event: Slots, told: Told | None = None) -> Baseline:
    """Return the baseline of an event, of every point that the method has readings for.

    Raises ValueError where the event is not within one local day, or ``told`` lacks or misfits
    what the method needs; NumberOverflow where sums do not fit 64 bits.
    """
    match method:
        case TenOfTen():
            return _ten_of_ten(method, metered, event)
        case HighXOfY():
            return _high_x_of_y(method, metered, event)
        case P376():
            return _p376(method, metered, event)
        case MeterBefore():
            return _meter_before(method, metered, event)
        case Nominated():
            return _nominated(metered, event, told or Told())
        case ControlGroup():
            return _control_group(method, metered, event, told or Told())


def _ten_of_ten(method: TenOfTen, metered: Metered, event: Slots) -> Baseline:
    past = past_days(metered, event, method.within_days, _window(event, method.adjustment))
    complete = _complete(metered, past.at) & _complete(metered, past.before)
    chosen = _latest(complete, method.days)
    few = chosen.sum(axis=1) < method.least_days
    reasons = _reasons(chosen, few, method.least_days)
    return _matched(method, metered, event, past, chosen, reasons)


def _high_x_of_y(method: HighXOfY, metered: Metered, event: Slots) -> Baseline:
    past = past_days(metered, event, method.within_days, _window(event, method.adjustment))
    ranked = past.at if method.rank == "event" else past.whole
    complete = _complete(metered, past.at) & _complete(metered, past.before)
    recent = _latest(complete & _complete(metered, ranked), method.of)
    few = recent.sum(axis=1) < method.of
    total = _summed(metered, ranked)
    low = np.iinfo(np.int64).min
    # a stable sort of the descending totals keeps the later day, which is the lower row, first
    order = np.argsort(-np.where(recent, total, low + 1), axis=1, kind="stable")
    chosen = np.zeros_like(recent)
    np.put_along_axis(chosen, order[:, : method.highest], values=True, axis=1)
    chosen &= recent
    return _matched(method, metered, event, past, chosen, _reasons(recent, few, method.of))


def _matched(
    method: TenOfTen | HighXOfY,
    metered: Metered,
    event: Slots,
    past: PastDays,
    chosen: Bools,
    reasons: list[str],
) -> Baseline:
    """Mean of chosen days [points, days], adjusted by a ratio where the method says so."""
    total = _over_days(metered, past.at, chosen)
    days = np.maximum(chosen.sum(axis=1), 1)
    numerator, denominator = np.ones_like(days), days
    if method.adjustment is not None:
        numerator, denominator, told = _ratio(method.adjustment, metered, past, chosen)
        reasons = _either(reasons, told)
    wh = muldiv(total, numerator[:, None], denominator[:, None])
    return _found(method, event, wh, reasons, _dates(past, chosen))


def _ratio(
    rule: RatioAdjustment, metered: Metered, past: PastDays, chosen: Bools
) -> tuple[Ints, Ints, list[str]]:
    """Return numerator and denominator that a sum over days is multiplied by, and what lacks."""
    days = np.maximum(chosen.sum(axis=1), 1)
    before = checked_sum(_over_days(metered, past.before, chosen), axis=1)
    there = known_at(metered, past.before_event)
    measured = checked_sum(np.where(there, metered.wh[:, past.before_event], 0), axis=1)
    apart = _times(checked_multiply(measured, days), MICRO_PER_UNIT)
    high, low = MICRO_PER_UNIT + rule.cap_ppm, MICRO_PER_UNIT - rule.cap_ppm
    above = apart > _times(before, high)
    below = apart < _times(before, low)
    capped = above | below
    numerator = np.where(above, high, np.where(below, low, measured))
    denominator = np.where(capped, days * MICRO_PER_UNIT, before)
    silent = (measured <= 0) | (before <= 0)
    return np.where(silent, 1, numerator), np.where(silent, days, denominator), _unread(there)


def _p376(method: P376, metered: Metered, event: Slots) -> Baseline:
    working = is_working(event_day(metered, event), metered.holidays)
    count = method.working_days if working else method.other_days
    window = _before(event, method.window_minutes * 60, method.lead_minutes * 60)
    past = past_days(metered, event, method.within_days, window)
    complete = _complete(metered, past.at) & _complete(metered, past.before)
    chosen = _latest(complete, count)
    reasons = _reasons(chosen, chosen.sum(axis=1) < count, count)
    there = known_at(metered, past.before_event)
    reasons = _either(reasons, _unread(there))
    wide = max(window.count, 1)
    measured = checked_sum(np.where(there, metered.wh[:, past.before_event], 0), axis=1)
    expected = checked_sum(_over_days(metered, past.before, chosen), axis=1)
    total = _over_days(metered, past.at, chosen)
    # mean of days + (measured - expected mean) / window, over one denominator: one rounding
    shift = _times(measured, count) - expected
    wh = half_even_by(_times(total, wide) + shift[:, None], np.int64(count * wide))
    return _found(method, event, wh, reasons, _dates(past, chosen))


def _meter_before(method: MeterBefore, metered: Metered, event: Slots) -> Baseline:
    event_day(metered, event)
    window = _before(event, method.minutes * 60, 0)
    places = places_of(metered.slots, window)
    there = known_at(metered, places)
    total = checked_sum(np.where(there, metered.wh[:, places], 0), axis=1)
    mean = half_even_by(total, np.int64(window.count))
    wh = np.repeat(mean[:, None], event.count, axis=1)
    return _found(method, event, wh, _unread(there), ((),) * len(wh))


def _nominated(metered: Metered, event: Slots, told: Told) -> Baseline:
    event_day(metered, event)
    due = (len(metered.wh), event.count)
    if told.nominated_wh is None or told.nominated_wh.shape != due:
        raise ValueError(f"nominated.v1 needs what was nominated, {due} points and slots")
    wh = told.nominated_wh.astype(np.int64)
    return _found(Nominated(), event, wh, [""] * len(wh), ((),) * len(wh))


def _control_group(method: ControlGroup, metered: Metered, event: Slots, told: Told) -> Baseline:
    group = told.control
    if group is None or not len(group.wh) or group.slots != metered.slots:
        raise ValueError("control-group.v1 needs the readings of a group on the same slots")
    none = Slots(event.start, event.step, 0)
    past = past_days(metered, event, method.within_days, none)
    both = _complete(metered, past.at) & _complete(group, past.at).all(axis=0)
    chosen = _latest(both, method.days)
    reasons = _reasons(chosen, chosen.sum(axis=1) < method.least_days, method.least_days)
    own = checked_sum(_over_days(metered, past.at, chosen), axis=1)
    pooled = np.broadcast_to(_summed(group, past.at).sum(axis=0), chosen.shape)
    whole = np.asarray(np.where(chosen, pooled, 0).sum(axis=1), dtype=np.int64)
    now = known_at(group, past.at_event)
    drawn = checked_sum(np.where(now, group.wh[:, past.at_event], 0), axis=0)
    lack = "" if now.all() else "readings of the control group are missing or suspect"
    reasons = [
        reason or lack or ("" if enough else "the control group withdrew nothing on past days")
        for reason, enough in zip(reasons, whole > 0, strict=True)
    ]
    wh = muldiv(drawn[None, :], own[:, None], np.maximum(whole, 1)[:, None])
    return _found(method, event, wh, reasons, _dates(past, chosen))


def _window(event: Slots, rule: RatioAdjustment | None) -> Slots:
    if rule is None:
        return Slots(event.start, event.step, 0)
    return _before(event, (rule.from_hours - rule.to_hours) * 3600, rule.to_hours * 3600)


def _before(event: Slots, length_s: int, lead_s: int) -> Slots:
    """Slots of a window that ends ``lead_s`` before an event."""
    count, rest = divmod(length_s, event.step)
    if rest or lead_s % event.step or count < 1 or lead_s < 0:
        raise ValueError(f"a window before the event is of whole slots of {event.step} s")
    return Slots(event.start - lead_s - length_s, event.step, count)


def _complete(metered: Metered, places: Ints) -> Bools:
    """Tell on which days all of some slots are known [points, days]; ``places`` [days, slots]."""
    return np.asarray(known_at(metered, places).all(axis=2), dtype=np.bool_)


def _latest(complete: Bools, most: int) -> Bools:
    return np.asarray(complete & (np.cumsum(complete, axis=1) <= most), dtype=np.bool_)


def _summed(metered: Metered, places: Ints) -> Ints:
    """Energy of each day in some slots [points, days]; what is not known counts as nothing."""
    known = known_at(metered, places)
    return checked_sum(np.where(known, metered.wh[:, places], 0), axis=2)


def _over_days(metered: Metered, places: Ints, chosen: Bools) -> Ints:
    """Sum over chosen days [points, slots]."""
    return checked_sum(np.where(chosen[:, :, None], metered.wh[:, places], 0), axis=1)


def _reasons(chosen: Bools, few: Bools, needed: int) -> list[str]:
    counts = chosen.sum(axis=1).tolist()
    return [
        f"{count} eligible days, {needed} are needed" if less else ""
        for count, less in zip(counts, few.tolist(), strict=True)
    ]


def _unread(there: Bools) -> list[str]:
    lack = "readings before the event are missing or suspect"
    return ["" if row.all() else lack for row in there]


def _either(reasons: list[str], others: list[str]) -> list[str]:
    return [one or other for one, other in zip(reasons, others, strict=True)]


def _times(values: Ints, count: int) -> Ints:
    return checked_multiply(values, np.array(count, dtype=np.int64))


def _dates(past: PastDays, chosen: Bools) -> tuple[tuple[date, ...], ...]:
    return tuple(tuple(past.dates[place] for place in np.flatnonzero(row)) for row in chosen)


def _found(
    method: Method,
    event: Slots,
    wh: Ints,
    reasons: list[str],
    days: tuple[tuple[date, ...], ...],
) -> Baseline:
    known = np.array([not reason for reason in reasons], dtype=np.bool_)
    return Baseline(name_of(method), event, np.where(known[:, None], wh, 0), tuple(reasons), days)
