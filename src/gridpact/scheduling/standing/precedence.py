"""What comes first where a need that is taken meets what stands already: told with the answer.

Needs that cannot both hold are refused (:mod:`..needs.contradictions`). Those here can, for one of
them counts and the other gives: the lower of two caps, and what is off or not there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from gridpact.scheduling.diaries.holds import Hold, Holds
from gridpact.scheduling.needs.clock import first_and_last, instants, local_date, shown, stretches
from gridpact.scheduling.needs.model import (
    Action,
    Asked,
    Direction,
    EnergyWithin,
    HotWater,
    Intervention,
    Need,
    PowerCap,
    PowerFloor,
    Quiet,
    Run,
    StateOfCharge,
    Unavailable,
)
from gridpact.scheduling.needs.overlaps import meet
from gridpact.scheduling.needs.ranks import gives_way
from gridpact.scheduling.needs.spelling import listed
from gridpact.scheduling.needs.times import DAY_S, Moment, Window
from gridpact.scheduling.standing.places import Places
from gridpact.scheduling.together.before import held_before

LOOKED_AHEAD_S = 8 * DAY_S
"""Weekdays repeat: what never meets within these days after its first one never does."""
_OFF = (Action.STOP, Action.OFF)


def notes(
    places: Places, need: Need, standing: Sequence[Need], decided: Holds | None, now: int
) -> tuple[str, ...]:
    """Say what counts where a need meets others of its owner, other limits, or an asset off."""
    others = [one for one in standing if one.id != need.id and not gives_way(one)]
    found = [*_ends_later(places, need)]
    if gives_way(need):  # nothing else gives for it
        return (*found, *off_notes(places, need, decided, now))
    if places.zones(need) is not None and isinstance(need, PowerCap):
        found += _caps(places, need, others, now)
    else:
        found += _closed(places, need, others, now)
        found += off_notes(places, need, decided, now)
        found += held_before(places, need, others, now)
    return tuple(found)


def off_notes(places: Places, need: Need, decided: Holds | None, now: int) -> Iterator[str]:
    """Say which assets of a need their owner has off at a time at which it asks for something."""
    rows = {**places.storage, **{k: v + len(places.storage) for k, v in places.runs.items()}}
    for asset in places.assets(need) if decided is not None else ():
        for row, _, end, hold, _ in decided.table.tolist() if decided is not None else ():
            same = row == rows.get(asset.id) and hold == Hold.OFF
            if same and _asks(need, now, end, places.timezone):
                until = shown(end, places.timezone)
                yield f"{asset.id} is off until {until}, which comes first: no plan uses it before"


def _ends_later(places: Places, need: Need) -> Iterator[str]:
    """Say that an intervention lasts beyond the day on which it begins."""
    if isinstance(need, Intervention):
        begin, end = (local_date(at, places.timezone) for at in (need.begin, need.end - 1))
        if begin < end:
            yield f"it ends on {shown(need.end, places.timezone)}, not on the day it begins"


def _caps(places: Places, cap: PowerCap, others: Sequence[Need], now: int) -> Iterator[str]:
    today, rows = local_date(now, places.timezone), places.outermost(places.zones(cap) or [])
    yield from _own_limits(places, cap, rows)
    for one in others:
        if not isinstance(one, PowerCap) or one.direction is not cap.direction:
            continue
        if places.outermost(places.zones(one) or []) == rows and meet(cap, one, today):
            lower = "both say the same" if one.most_w == cap.most_w else _lower(cap, one)
            yield f"{one.id} of {one.owner} caps it at {_kw(one.most_w)} at times, too: {lower}"


def _own_limits(places: Places, cap: PowerCap, rows: Sequence[int]) -> Iterator[str]:
    """Say where zones' own limits leave less than a cap on all of them together."""
    zones = places.community.zones
    takes = cap.direction is Direction.TAKE
    limits = (zones.import_limit_w if takes else zones.export_limit_w)[list(rows)]
    total, names = int(limits.sum()), listed([zones.ids[row] for row in rows])
    if total >= cap.most_w or (limits < 0).any():
        return
    if len(rows) == 1:
        yield f"the limit of {names} itself, {_kw(total)}, is lower and counts"
    else:
        yield f"the limits of {names} themselves, {_kw(total)} in all, are lower and count"


def _lower(cap: PowerCap, other: PowerCap) -> str:
    counts = "this one" if cap.most_w < other.most_w else other.id
    return f"the lower counts, {counts}, while both hold"


def _closed(places: Places, need: Need, others: Sequence[Need], now: int) -> Iterator[str]:
    """Say which of two needs of an asset counts where one of them closes it."""
    mine = {asset.id for asset in places.assets(need)}
    for one in others:
        shared = mine & {asset.id for asset in places.assets(one)}
        if not shared or one.owner != need.owner:
            continue
        if _closes(one) and _meet(need, one, now, places.timezone):
            yield f"{_at(one)} comes first: {', '.join(sorted(shared))} {_left(one, need)}"
        elif _closes(need) and _meet(one, need, now, places.timezone):
            yield f"it comes before {one.id}: {', '.join(sorted(shared))} {_left(need, one)}"


def _at(need: Need) -> str:
    return f"{need.id} ({need.action if isinstance(need, Intervention) else _name(need)})"


def _name(need: Need) -> str:
    return "quiet" if isinstance(need, Quiet) else "unavailable"


def _left(closing: Need, asking: Need) -> str:
    """What a need that closes an asset leaves of one that asks something of it."""
    if isinstance(asking, StateOfCharge | HotWater):
        return "is not charged while it lasts, so what is asked then has to be held before"
    gives = isinstance(closing, Intervention) and closing.action is Action.STOP
    return "takes nothing while it lasts" if gives else "is left out while it lasts"


def _closes(need: Need) -> bool:
    """Whether a need leaves its assets without power for a time."""
    return isinstance(need, Quiet | Unavailable) or (
        isinstance(need, Intervention) and need.action in _OFF
    )


def _meet(asking: Need, closing: Need, now: int, timezone: str) -> bool:
    """Whether one need ever asks for something while the other closes its assets."""
    if isinstance(closing, Intervention):
        return _asks(asking, max(closing.begin, now), closing.end, timezone)
    if not isinstance(closing, Quiet | Unavailable):
        return False
    return any(
        _asks(asking, one.begin, one.end, timezone)
        for begin in _from(asking, closing, now, timezone)
        for one in stretches(closing.window, begin, begin + LOOKED_AHEAD_S, timezone)
    )


def _from(one: Need, other: Need, now: int, timezone: str) -> list[int]:
    """Instants from which to look whether two needs meet: now, and the first day of each."""
    today = local_date(now, timezone)
    firsts = (first_and_last(times)[0] for need in (one, other) for times in _times(need))
    days = {first for first in firsts if first is not None and first > today}
    return [now, *(now + DAY_S * _days(today, day) for day in sorted(days))]


def _days(today: date, day: date) -> int:
    return day.toordinal() - today.toordinal() - 1


def _times(need: Asked) -> list[Moment | Window]:
    values = (getattr(need, field) for field in need.__struct_fields__)
    return [value for value in values if isinstance(value, Moment | Window)]


def _asks(need: Need, begin: int, end: int, timezone: str) -> bool:
    """Whether a need asks an asset for something later than ``begin`` and by ``end``."""
    match need:
        case StateOfCharge() if need.least_ppm is None and need.least_wh is None:
            return False
        case StateOfCharge(at=at) | HotWater(at=at):
            return any(True for _ in instants(at, begin, end, timezone))
        case EnergyWithin(window=window) | PowerFloor(window=window) | Run(window=window):
            return any(True for _ in stretches(window, begin, end, timezone))
    return False


def _kw(power_w: int) -> str:
    return f"{power_w / 1000:g} kW"
