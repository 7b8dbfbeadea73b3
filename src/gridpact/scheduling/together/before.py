"""What must be stored before a window in which an asset may take little, for what is asked then.

Both can hold, so nothing is refused; but it hangs on what happens before, and is told.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gridpact.scheduling.needs.clock import clock_text, instants, shown, stretches
from gridpact.scheduling.needs.model import Direction, EnergyWithin, Need, PowerCap, StateOfCharge
from gridpact.scheduling.needs.times import DAY_S
from gridpact.scheduling.standing.places import Places

LOOKED_AHEAD_S = 8 * DAY_S
SOON_S = 3600
"""A state that is asked for so soon after a window hangs on it."""


def held_before(places: Places, need: Need, others: Sequence[Need], now: int) -> Iterator[str]:
    """Say what an asset has to hold when a window begins that lets it take too little."""
    for one in others:
        for cap, asked in ((need, one), (one, need)):
            if one.owner == need.owner and isinstance(asked, StateOfCharge):
                yield from _told(places, cap, asked, now)


def _told(places: Places, cap: Need, asked: StateOfCharge, now: int) -> Iterator[str]:
    if not isinstance(cap, EnergyWithin | PowerCap) or cap.direction is not Direction.TAKE:
        return
    limited = {one.id for one in places.assets(cap)}
    most = _most_wh(cap)
    for asset in places.assets(asked):
        row = places.storage.get(asset.id)
        if most is None or row is None or limited != {asset.id}:
            continue
        table = places.community.storage
        least = _least_wh(asked, int(table.capacity_wh[row]))
        before = least - most * float(table.efficiency_in[row])
        at = _moment_after(places, cap, asked, now)
        if at is not None and before > 0:
            name = f" ({cap.id})" if cap.id else ""
            window = f"{clock_text(cap.window.begin_s)}-{clock_text(cap.window.end_s % DAY_S)}"
            yield (
                f"{asset.id} takes at most {most / 1000:g} kWh {window}{name}: for what is asked "
                f"at {shown(at, places.timezone)} it has to hold {before / 1000:.3g} kWh before"
            )


def _most_wh(cap: EnergyWithin | PowerCap) -> float | None:
    """The most that a window lets through [Wh]; None where it has no limit."""
    if isinstance(cap, PowerCap):
        return cap.most_w * cap.window.length_s / 3600
    return None if cap.most_wh is None else float(cap.most_wh)


def _least_wh(asked: StateOfCharge, capacity_wh: int) -> float:
    if asked.least_ppm is not None:
        return asked.least_ppm * capacity_wh / 1e6
    return float(asked.least_wh or 0)


def _moment_after(
    places: Places, cap: EnergyWithin | PowerCap, asked: StateOfCharge, now: int
) -> int | None:
    """First instant that is asked about within a window, or soon after it."""
    end, zone = now + LOOKED_AHEAD_S, places.timezone
    windows = list(stretches(cap.window, now, end, zone))
    for at, _ in instants(asked.at, now, end, zone):
        if any(one.begin < at <= one.end + SOON_S for one in windows):
            return at
    return None
