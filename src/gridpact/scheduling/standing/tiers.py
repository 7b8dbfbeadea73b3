"""Bind needs tier by tier: what must be first, then what is wished, then what has a worth.

A wish is bound as a need would be, beside what needs leave of power and of starts, and becomes
bounds and sums of their own that give way to everything else. What has a worth is bound in the same
way, need by need, and is weighed against money.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from msgspec.structs import replace

from gridpact.base.errors import Fault
from gridpact.scheduling.messages import NeedsStated
from gridpact.scheduling.needs.model import Comfort, Need
from gridpact.scheduling.needs.ranks import gives_way
from gridpact.scheduling.prepare import wanted_runs
from gridpact.scheduling.priorities.levels import Level
from gridpact.scheduling.problem import Soft, Sum, Wished
from gridpact.scheduling.standing.binding import Bound, bind
from gridpact.scheduling.standing.bound_sums import Binding
from gridpact.scheduling.standing.day_site import Past
from gridpact.scheduling.standing.places import Places

HOUR_S = 3600
WH = 1000
"""Wh in a kWh."""


class Tiers(NamedTuple):
    """Needs that must be held, and beside them all as tight as wishes have it.

    ``wished`` is what owners would have stated for it, None where nothing is wished. Runs among
    what is ``soft`` are rows of all appliances.
    """

    bound: Bound
    wished: NeedsStated | None = None
    soft: tuple[Soft, ...] = ()


def as_need(places: Places, need: Need) -> Need:
    """The same as a need that must be, or of a group as a contract; others stay as they are."""
    if not gives_way(need):
        return need
    level = Level.CONTRACTS if places.shared(need) else Level.NEEDS
    return replace(need, level=level, hard=True, worth_micro=None)


def bind_tiers(
    places: Places, stated: NeedsStated, needs: Sequence[Need], past: Past | None = None
) -> Tiers:
    """Bind needs to what owners stated for a window, each in its tier."""
    bound = bind(places, stated, [need for need in needs if not gives_way(need)], past)
    wishes = [as_need(places, need) for need in needs if need.hard and gives_way(need)]
    soft = [need for need in needs if not need.hard]
    if not wishes and not soft:
        return Tiers(bound)
    ground = replace(bound.stated, lo_wh=stated.lo_wh, hi_wh=stated.hi_wh)
    wished = None
    if wishes:
        found = bind(places, ground, wishes, past)
        low = np.maximum(bound.stated.lo_wh, found.stated.lo_wh)
        high = np.minimum(bound.stated.hi_wh, found.stated.hi_wh)
        wished = replace(found.stated, lo_wh=low, hi_wh=high)
        bound = _with_wishes(bound, found)
    weighed = tuple(
        each
        for need in soft
        for each in _weighed(
            places, ground, need, bind(places, ground, [as_need(places, need)], past)
        )
    )
    bindings = tuple(
        Binding(need, "soft", row, one.first, one.end, 0) for row, (need, one) in enumerate(weighed)
    )
    bound = bound._replace(bindings=(*bound.bindings, *bindings))
    return Tiers(bound, wished, tuple(one for _, one in weighed))


def _with_wishes(bound: Bound, found: Bound) -> Bound:
    """What needs are bound to, with the sums of wishes and what came of whom."""
    clashes = {place for place, one in enumerate(found.sums) if _clashes(one, bound.sums)}
    place = {old: at for at, old in enumerate(sorted({*range(len(found.sums))} - clashes))}
    sums = tuple(replace(found.sums[old], level=Level.WISHES) for old in place)
    bindings, faults = list[Binding](), list[Fault]()
    for one in (*found.bindings, *found.powers):
        if one.side != "sum":
            bindings.append(one._replace(wish=True))
        elif one.row in place:
            row = len(bound.sums) + place[one.row]
            bindings.append(one._replace(row=row, wish=True))
        else:
            problem = "there is a budget for some of that time already"
            faults.append(Fault("need", 0, one.need, problem, "let windows be the same, or apart"))
    return bound._replace(
        sums=(*bound.sums, *sums),
        bindings=(*bound.bindings, *bindings),
        refused=tuple(sorted({*bound.refused, *found.refused, *faults})),
    )


def _clashes(wish: Sum, sums: Sequence[Sum]) -> bool:
    """Whether a budget overlaps one that is needed, in other slots: a storage has one at a time."""
    return wish.kind != "net" and any(
        (one.kind, one.storage) == (wish.kind, wish.storage)
        and one.first < wish.end
        and wish.first < one.end
        and (one.first, one.end) != (wish.first, wish.end)
        for one in sums
    )


def _weighed(
    places: Places, ground: NeedsStated, need: Need, found: Bound
) -> Iterator[tuple[str, Soft]]:
    """Yield what a soft need bounds, with its name."""
    worth = need.worth_micro or 0
    for one in (*found.bindings, *found.powers):
        if one.side in ("lo", "hi", "charge", "discharge"):
            price = _of_heat(places, one.row, worth, ground) if isinstance(need, Comfort) else worth
            yield need.id, Soft(*one[1:6], price)
    for total in found.sums:
        yield need.id, Soft("sum", 0, total.first, total.end, 0, worth, total)
    earliest, latest = found.stated.run_earliest, found.stated.run_latest
    moved = (earliest != ground.run_earliest) | (latest != ground.run_latest)
    for row in np.flatnonzero(moved & (ground.run_earliest >= 0)).tolist():
        yield need.id, Soft("run", row, int(earliest[row]), int(latest[row]) + 1, 0, worth)


def _of_heat(places: Places, row: int, worth_micro: int, stated: NeedsStated) -> int:
    """What a kWh that lacks during a slot is worth, where a Kelvin for an hour has a worth."""
    heat = places.warmth[places.community.storage.ids[row]]
    return round(worth_micro * WH / heat.wh_per_k * stated.window.step / HOUR_S)


def wished_of(wished: NeedsStated | None, stated: NeedsStated) -> Wished | None:
    """Return what is wished of a problem in which owners state what is ``stated``."""
    if wished is None:
        return None
    rows = wanted_runs(stated)
    return Wished(
        charge_max_wh=wished.charge_max_wh,
        discharge_max_wh=wished.discharge_max_wh,
        lo_wh=wished.lo_wh,
        hi_wh=wished.hi_wh,
        earliest=wished.run_earliest[rows],
        latest=wished.run_latest[rows],
    )


def soft_of(soft: Sequence[Soft], stated: NeedsStated) -> tuple[Soft, ...]:
    """Return soft bounds with runs as rows of a problem; those of runs not wanted bind nothing."""
    rows = {row: place for place, row in enumerate(wanted_runs(stated).tolist())}
    return tuple(
        one if one.side != "run" else _of_run(one, rows, stated.window.count) for one in soft
    )


def _of_run(one: Soft, rows: dict[int, int], slots: int) -> Soft:
    if one.row in rows:
        return replace(one, row=rows[one.row])
    return replace(one, side="charge", row=0, first=slots, end=slots)  # of no slot
