"""Find an owner's needs that cannot all hold, a new one among them, and by how much.

Needs that only close an asset for a while come first and are told with the answer
(:mod:`..standing.precedence`), where all that is asked can still be had before or after.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import NamedTuple

import numpy as np

from gridpact.base.slots import Slots
from gridpact.base.units import Ints
from gridpact.registry.tariffs import outside_prices
from gridpact.scheduling.explanation.quickxplain import minimal_conflict
from gridpact.scheduling.needs.clock import first_and_last, local_date
from gridpact.scheduling.needs.model import Action, Intervention, Need, Run, RunRest, Starts
from gridpact.scheduling.needs.ranks import gives_way
from gridpact.scheduling.needs.times import DAY_S, Moment, Window
from gridpact.scheduling.priorities.levels import Level
from gridpact.scheduling.standing.places import Places
from gridpact.scheduling.standing.tiers import as_need
from gridpact.scheduling.together.ground import bound
from gridpact.scheduling.together.misses import Missed, holds, least_missed

DAYS, MOST_SLOTS, MOST_HORIZONS = 8, 2000, 6
"""Days that show what weekdays repeat, but no more than so many slots; horizons looked at."""
Known = Sequence[tuple[Slots, Ints]]
"""Main-market prices [slots] µ¤/kWh that are published."""


class Clash(NamedTuple):
    """Needs that cannot all hold; each could without any one of the others.

    They can until the local ``day``, and miss ``missing_wh`` at the least by its end. The plan that
    misses least of all days misses ``most_wh`` at one place. ``why`` is said instead where they
    cannot even be bound together.
    """

    needs: tuple[Need, ...]
    missing_wh: float
    most_wh: float
    day: date
    why: str = ""


class _Ground(NamedTuple):
    """Where needs are looked at: storage by ``rows``, slots and least prices."""

    places: Places
    rows: Ints
    slots: Slots
    price: Ints

    def missed(self, needs: Sequence[Need]) -> Missed:
        kinds = self.places.community.storage.kind
        drains = np.array([kinds[row] != "battery" for row in self.rows.tolist()], np.bool_)
        return least_missed(bound(self.places, self.rows, needs, self.slots, self.price), drains)


def clash_of(
    places: Places, new: Need, standing: Sequence[Need], now: int, known: Known = ()
) -> Clash | None:
    """Find needs of one owner that cannot all hold with a new one; None where all can.

    All have identifiers. Only needs about storage are looked at: what zones carry together hangs on
    load. A budget counts where prices are ``known``, or do not follow the main market's. A wish
    or what has a worth clashes with itself alone: beside others it gives way.
    """
    alone, new = gives_way(new), as_need(places, new)
    if not _counts(places, new):
        return None
    others = [] if alone else [one for one in standing if _counts(places, one)]
    rows, near = _near(places, new, others)
    for slots in _horizons(places, new, near, now):
        ground = _Ground(places, rows, slots, _least_prices(places, slots, known))
        if found := _clash(ground, new, near):
            return found
    return None


def _counts(places: Places, need: Need) -> bool:
    """Whether a need is one of its owner's storage that must hold."""
    if not need.hard or need.level is not Level.NEEDS or isinstance(need, Run | RunRest | Starts):
        return False
    if isinstance(need, Intervention) and need.action in (Action.STOP, Action.OFF):
        return False  # a hand on the device comes before all else
    return bool(_rows(places, need))


def _rows(places: Places, need: Need) -> set[int]:
    return {places.storage[one.id] for one in places.assets(need) if one.id in places.storage}


def _near(places: Places, new: Need, others: Sequence[Need]) -> tuple[Ints, list[Need]]:
    """Rows of storage that a need touches, by way of others as well, and these others."""
    rows, near, left = _rows(places, new), list[Need](), list(others)
    while more := [one for one in left if _rows(places, one) & rows]:
        near += more
        left = [one for one in left if one not in more]
        rows = rows.union(*(_rows(places, one) for one in more))
    return np.array(sorted(rows), np.int64), sorted(near, key=others.index)


def _horizons(places: Places, new: Need, near: Sequence[Need], now: int) -> Iterator[Slots]:
    """Slots in which a need and those near it apply: from now on, and around dates to come."""
    calendar, step = places.community.calendar, places.step_s
    midnight = calendar.midnight(local_date(now, places.timezone))
    count = min(DAYS * DAY_S // step, max(MOST_SLOTS, 2 * DAY_S // step))
    horizon = Slots(midnight - (midnight - now) // step * step, step, count)
    starts = {horizon.start} if _first(new) is None or _within(places, new, horizon) else set()
    for need in (new, *near):
        first = _first(need)
        if first is not None and not _within(places, need, horizon):
            starts.add(calendar.midnight(date.fromordinal(first.toordinal() - 1)))
    for start in sorted(one for one in starts if one >= horizon.start)[:MOST_HORIZONS]:
        yield Slots(start, step, count)


def _first(need: Need) -> date | None:
    """First local day that a need names; None where it names none."""
    for field in need.__struct_fields__:
        times = getattr(need, field)
        if isinstance(times, Moment | Window):
            return first_and_last(times)[0]
    return None


def _within(places: Places, need: Need, horizon: Slots) -> bool:
    """Whether the first day that a need names begins within a horizon."""
    first = _first(need)
    return first is None or places.community.calendar.midnight(first) < horizon.end


def _least_prices(places: Places, slots: Slots, known: Known) -> Ints:
    """The least that a kWh may cost [slots] µ¤/kWh: 0 where its price is still to come."""
    tariffs, nothing = places.community.tariffs, np.zeros(slots.count, np.int64)
    price = nothing if tariffs.import_spot_ppm else outside_prices(tariffs, nothing).all_in_import
    price = price.copy()
    for span, spot in known:
        places_of = (slots.starts() - span.start) // slots.step
        here = (places_of >= 0) & (places_of < span.count)
        if (span.start - slots.start) % slots.step == 0:
            found = outside_prices(tariffs, spot[places_of[here]]).all_in_import
            price[here] = found
    return price


def _clash(ground: _Ground, new: Need, near: Sequence[Need]) -> Clash | None:
    """Find a clash with a new need; what clashed before it stands aside."""
    others = list(near)
    while True:
        if holds(ground.missed([new, *others])):
            return None
        items = [new, *others]
        found = minimal_conflict(items, lambda some: not holds(ground.missed(some)))
        if new in found:
            missed = ground.missed(found)
            day, first = _first_day(ground, found)
            return Clash(found, first.total_wh, missed.most_wh, day, missed.why)
        others.remove(found[-1])


def _first_day(ground: _Ground, needs: Sequence[Need]) -> tuple[date, Missed]:
    """Find the first local day by whose end needs cannot all hold, and what is missed by then."""
    slots, calendar = ground.slots, ground.places.community.calendar
    first = local_date(slots.start, ground.places.timezone)
    for number in range(DAYS):
        day = date.fromordinal(first.toordinal() + number)
        midnight = calendar.midnight(date.fromordinal(day.toordinal() + 1))
        count = (midnight - slots.start) // slots.step
        if count >= slots.count:
            break
        part = Slots(slots.start, slots.step, count)
        missed = ground._replace(slots=part, price=ground.price[:count]).missed(needs)
        if not holds(missed):
            return day, missed
    return local_date(slots.end - 1, ground.places.timezone), ground.missed(needs)
