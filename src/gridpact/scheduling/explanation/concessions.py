"""How a need may give, step by step: by amount, or by time.

Each step asks for less than the one before, so that what fits at one fits at all later ones.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
from msgspec.structs import replace

from gridpact.base.units import Bools
from gridpact.scheduling.explanation.model import Member, Way
from gridpact.scheduling.fleet.columns import Fleet, per_slot
from gridpact.scheduling.needs.binding.model import Site
from gridpact.scheduling.needs.clock import (
    instants,
    local_date,
    moment_at,
    read_clock,
    stretches,
)
from gridpact.scheduling.needs.directory import Unclear
from gridpact.scheduling.needs.model import (
    Budget,
    Comfort,
    Cycles,
    EnergyWithin,
    Headroom,
    HotWater,
    Need,
    PowerCap,
    PowerFloor,
    Run,
    StateOfCharge,
)
from gridpact.scheduling.needs.times import DAY_S, Window

PERCENT = 10_000
"""One percent in ppm."""
TENTH_MC = 100
"""A tenth of a degree in m°C."""
CENT_NANO = 10**7
"""A hundredth of the currency unit."""
ENDLESS = 2**40
"""Steps of what has no end."""


class Concession(NamedTuple):
    """A way to give in ``most`` steps; ``changed`` [1 … most] says what is then asked.

    ``step_wh`` is about how much energy a step gives; a guess that only saves time.
    """

    way: Way
    most: int
    changed: Callable[[int], tuple[Need, ...]]
    step_wh: float = 0.0


def concessions(member: Member, site: Site) -> Iterator[Concession]:
    """Yield every way in which a member may give, but for not being kept at all."""
    if len(member.needs) == 1:
        need = member.needs[0]
        amounts = _amount(need, site)
        if amounts is not None and amounts[0] > 0:
            most, change, step_wh = amounts
            yield Concession(Way.AMOUNT, most, lambda step: (change(step),), step_wh)
    elif all(isinstance(need, StateOfCharge | EnergyWithin | HotWater) for need in member.needs):
        yield Concession(
            Way.AMOUNT, 99, lambda step: tuple(_share(need, 100 - step) for need in member.needs)
        )
    later = [_later(need, site) for need in member.needs]
    if all(most > 0 for most, _ in later):
        yield Concession(
            Way.TIME,
            min(most for most, _ in later),
            lambda step: tuple(change(step) for _, change in later),
        )


Steps = tuple[int, Callable[[int], Need], float]
"""Most steps, what is asked after each, and about how much energy one of them is [Wh]."""


def step_of(value: int) -> int:
    """Steps of three digits: 1 Wh up to 999 Wh, 10 Wh up to 9,990 Wh, and so on."""
    return int(10 ** max(len(str(abs(value))) - 3, 0))


def _amount(need: Need, site: Site) -> Steps | None:
    """Ask for less, in round numbers."""
    match need:
        case StateOfCharge(least_ppm=int(share)) if share > 0:
            size = _capacity(need, site) / 100
            return _down(need, "least_ppm", (share, PERCENT), size)
        case StateOfCharge(least_wh=int(energy)) | EnergyWithin(least_wh=int(energy)) if energy > 0:
            return _down(need, "least_wh", (energy, step_of(energy)), step_of(energy))
        case StateOfCharge(most_ppm=int(share)):
            room = (100 * PERCENT - share) // PERCENT
            return (
                room,
                lambda step: replace(need, most_ppm=min(_up(share, PERCENT, step), 10**6)),
                _capacity(need, site) / 100,
            )
        case StateOfCharge(most_wh=int(energy)) | EnergyWithin(most_wh=int(energy)):
            size = step_of(energy)
            return ENDLESS, lambda step: replace(need, most_wh=_up(energy, size, step)), size
    return _power(need, site) or _comfort(need) or _sum(need)


def _power(need: Need, site: Site) -> Steps | None:
    """Give on power: caps go up, floors and headroom down."""
    match need:
        case PowerCap(most_w=watts):
            size = step_of(watts or 1)
            hours = need.window.length_s / 3600
            return ENDLESS, lambda step: replace(need, most_w=_up(watts, size, step)), size * hours
        case PowerFloor(least_w=watts) if watts > 0:
            hours = need.window.length_s / 3600
            return _down(need, "least_w", (watts, step_of(watts)), step_of(watts) * hours)
        case Headroom(up_w=up, down_w=down):
            return (
                99,
                lambda step: replace(
                    need, up_w=up * (100 - step) // 100, down_w=down * (100 - step) // 100
                ),
                0.0,
            )
    return None


def _sum(need: Need) -> Steps | None:
    """Give on what sums up over a window or a day."""
    match need:
        case Budget(most_nano=money):
            size = step_of(money)
            return ENDLESS, lambda step: replace(need, most_nano=_up(money, size, step)), 0.0
        case Run(most_cost_nano=int(money)):
            size = max(step_of(money), CENT_NANO)
            return ENDLESS, lambda step: replace(need, most_cost_nano=_up(money, size, step)), 0.0
        case Cycles(per_day_ppm=int(share)):
            return ENDLESS, lambda step: replace(need, per_day_ppm=_up(share, PERCENT, step)), 0.0
        case Cycles(throughput_wh_per_year=int(energy)):
            size = step_of(energy)
            return (
                ENDLESS,
                lambda step: replace(need, throughput_wh_per_year=_up(energy, size, step)),
                0.0,
            )
    return None


def _comfort(need: Need) -> Steps | None:
    match need:
        case Comfort(low_mc=int(low)):
            return 400, lambda step: replace(need, low_mc=low - step * TENTH_MC), 0.0
        case Comfort(high_mc=int(high)):
            return 400, lambda step: replace(need, high_mc=high + step * TENTH_MC), 0.0
        case HotWater(litres=litres) if litres > 1:
            return litres - 1, lambda step: replace(need, litres=litres - step), 0.0
    return None


def _down(need: Need, field: str, value: tuple[int, int], step_wh: float) -> Steps:
    """Go down to round values above 0; ``value`` and the size of a step."""
    asked, size = value
    first = -(-asked // size)  # a value that is not round is rounded first

    def change(step: int) -> Need:
        return replace(need, **{field: (first - step) * size})

    return first - 1, change, step_wh


def _up(value: int, size: int, step: int) -> int:
    """Round value some steps above."""
    return (value // size + step) * size


def _capacity(need: Need, site: Site) -> float:
    """Capacity of all assets of a need [Wh]."""
    rows = site.directory.rows(need.subject, need.owner)
    if isinstance(rows, Unclear):
        return 0.0
    return float(sum(site.directory.assets[row].capacity_wh or 0 for row in rows.tolist()))


def _share(need: Need, percent: int) -> Need:
    """A share of what is asked, in percent, rounded down to whole units."""
    match need:
        case StateOfCharge(least_ppm=int(share)):
            return replace(need, least_ppm=share * percent // 100)
        case StateOfCharge(least_wh=int(energy)) | EnergyWithin(least_wh=int(energy)):
            return replace(need, least_wh=energy * percent // 100)
        case HotWater(litres=litres):
            return replace(need, litres=max(litres * percent // 100, 1))
    return need


def _later(need: Need, site: Site) -> tuple[int, Callable[[int], Need]]:
    """Allow more time, slot by slot up to the end of the horizon, for one occasion of a need."""
    match need:
        case StateOfCharge(at=at) | HotWater(at=at):
            found = list(instants(at, site.start, site.end, site.timezone))
            if len(found) == 1:
                return _later_moment(need, found[0][0], site)
        case Run(window=window) | EnergyWithin(window=window):
            spans = list(stretches(window, site.start, site.end, site.timezone))
            if len(spans) == 1 and spans[0].end <= site.end:
                return _later_end(need, window, (spans[0].begin, spans[0].end), site)
    return 0, lambda _: need


def _later_moment(
    need: StateOfCharge | HotWater, instant: int, site: Site
) -> tuple[int, Callable[[int], Need]]:
    step_s, usual = site.fleet.step_s, need.at.date is None

    def change(step: int) -> Need:
        later = moment_at(instant + step * step_s, site.timezone)
        return replace(need, at=replace(need.at, time_s=later.time_s) if usual else later)

    first = (instant - site.start) // step_s
    room = _stays(site, need, first)
    if usual:  # it stays a need of every such day, and so by the end of the day
        room = min(room, (DAY_S - 1 - need.at.time_s) // step_s)
    return room, change


def _stays(site: Site, need: Need, first: int) -> int:
    """Slots from ``first`` on in which every asset of a need can go on charging without a break.

    Later than that is no offer: a car is gone then, or does not charge any more.
    """
    rows = site.directory.rows(need.subject, need.owner)
    names = [] if isinstance(rows, Unclear) else [site.directory.assets[row].id for row in rows]
    found = [site.fleet.slots - first]
    for table, row in (site.places[name] for name in names if name in site.places):
        idle = ~charging(site.fleet, table, row)[first:]
        found.append(int(np.argmax(idle)) if idle.any() else len(idle))
    return min(found)


def charging(fleet: Fleet, table: str, row: int) -> Bools:
    """Slots in which an asset has power to charge [slots]."""
    assets, slot = getattr(fleet, table), np.arange(fleet.slots)
    if table == "one_way":
        there = (slot >= assets.arrive[row]) & (slot < assets.leave[row])
        return np.asarray(there & (per_slot(assets.power_w, len(assets.zone), len(slot))[row] > 0))
    if table == "storage":
        return np.asarray(per_slot(assets.charge_w, len(assets.zone), len(slot))[row] > 0)
    return np.zeros(fleet.slots, np.bool_)


def _later_end(
    need: Run | EnergyWithin, window: Window, span: tuple[int, int], site: Site
) -> tuple[int, Callable[[int], Need]]:
    step_s, (begin, end) = site.fleet.step_s, span
    day = local_date(begin, site.timezone)
    if read_clock(day, window.begin_s, site.timezone).first != begin:
        return 0, lambda _: need

    def change(step: int) -> Need:
        until = moment_at(end + step * step_s, site.timezone).time_s
        return replace(need, window=replace(window, end_s=until))

    room = min(site.end - end, begin + DAY_S - step_s - end)
    return max(room // step_s, 0), change
