"""Hold a session's problem to the needs that stand: bounds of storage, runs, limits, sums.

Needs are bound as to any fleet (:mod:`gridpact.scheduling.needs.binding`), here to that of the day,
and read back into whole Wh: a bound is rounded so that the need is kept. The one run that an
appliance has a day is moved within its usual hours. Times are resolved on the horizon by the
community's clock; a window that has passed does nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from msgspec.structs import replace

from gridpact.base.errors import Fault
from gridpact.base.units import Floats, Ints
from gridpact.scheduling.messages import NeedsStated
from gridpact.scheduling.needs.binding.bind import drafted
from gridpact.scheduling.needs.binding.draft import Draft
from gridpact.scheduling.needs.model import Intervention, Need, Quiet, Run, Unavailable
from gridpact.scheduling.problem import Sum, ZoneColumns
from gridpact.scheduling.standing.appliances import Ground, start_of
from gridpact.scheduling.standing.bound_sums import Binding, sums_of
from gridpact.scheduling.standing.day_site import Past, day_site, of_zones
from gridpact.scheduling.standing.places import Places

NOISE = 1e-6
"""Wh by which real numbers may be off whole ones."""
_SIDES = {
    ("storage", "lo_wh"): "lo",
    ("storage", "hi_wh"): "hi",
    ("storage", "draw_wh"): "draw",
    ("zones", "import_limit_w"): "import",
    ("zones", "export_limit_w"): "export",
}
"""Columns whose bounds a plan may miss, and what they are called."""
_POWERS = {("storage", "charge_w"): "charge", ("storage", "discharge_w"): "discharge"}
"""Columns of power, which only a wish may miss."""


class Bound(NamedTuple):
    """Needs of owners with those that stand bound to them, caps on zones, and what came of whom.

    ``import_cap_wh`` and ``export_cap_wh`` [zones, slots] are -1 where no need caps a zone.
    ``refused`` names needs that turned out not to be possible to bind. ``powers`` are bounds of
    power, which no plan misses.
    """

    stated: NeedsStated
    import_cap_wh: Ints
    export_cap_wh: Ints
    bindings: tuple[Binding, ...]
    sums: tuple[Sum, ...] = ()
    refused: tuple[Fault, ...] = ()
    powers: tuple[Binding, ...] = ()


def bind(
    places: Places, stated: NeedsStated, needs: Sequence[Need], past: Past | None = None
) -> Bound:
    """Bind needs to what owners stated for a window; the tighter of two bounds counts."""
    community = places.community
    none = np.full((len(community.zones.ids), stated.window.count), -1, np.int64)
    if not needs:
        return Bound(stated, none, none.copy(), ())
    asked = tuple(of_zones(places, need) for need in needs if not isinstance(need, Run))
    draft = drafted(day_site(places, stated, asked, past or Past()), asked)
    sums, of_sums = sums_of(draft)
    price = None if past is None else past.import_price
    earliest, latest, of_runs = _moved(Ground(stated.window, places, price), stated, needs)
    bound = replace(_columns(draft, stated), run_earliest=earliest, run_latest=latest)
    return Bound(
        bound,
        _cap(draft, "import_limit_w", none),
        _cap(draft, "export_limit_w", none),
        (*_bindings(draft), *of_sums, *of_runs),
        sums,
        tuple(sorted(set(draft.faults))),
        tuple(_of_origins(draft, _POWERS)),
    )


def capped(zones: ZoneColumns, bound: Bound) -> ZoneColumns:
    """Tighten the limits of zones to the caps that stand."""
    return replace(
        zones,
        import_limit_wh=_tighter(zones.import_limit_wh, bound.import_cap_wh),
        export_limit_wh=_tighter(zones.export_limit_wh, bound.export_cap_wh),
    )


def _tighter(limit: Ints, cap: Ints) -> Ints:
    """Return the lower of two limits, -1 being none."""
    return np.where(limit < 0, cap, np.where(cap < 0, limit, np.minimum(limit, cap)))


def _up(values: Floats | float) -> Ints:
    """Whole numbers that are no less."""
    return np.ceil(np.asarray(values) - NOISE).astype(np.int64)


def _down(values: Floats | float) -> Ints:
    """Whole numbers that are no more."""
    return np.floor(np.asarray(values) + NOISE).astype(np.int64)


def _columns(draft: Draft, stated: NeedsStated) -> NeedsStated:
    """What owners stated with the columns of storage that were changed."""
    found, hours = dict[str, Ints](), draft.hours
    for name, own in (("charge_w", "charge_max_wh"), ("discharge_w", "discharge_max_wh")):
        if ("storage", name) in draft.columns:
            power = _down(draft.columns["storage", name] * hours)
            found[own] = np.clip(power, 0, getattr(stated, own))
    if ("storage", "draw_wh") in draft.columns:
        found["draw_wh"] = _up(draft.columns["storage", "draw_wh"])
    if ("storage", "hi_wh") in draft.columns:
        found["hi_wh"] = np.minimum(stated.hi_wh, _down(draft.columns["storage", "hi_wh"]))
    low = stated.lo_wh.copy()
    if ("storage", "lo_wh") in draft.columns:
        low = np.maximum(low, _up(draft.columns["storage", "lo_wh"]))
    for row, asks in draft.asked.items():
        for ask in asks:
            low[row, ask.slot] = max(low[row, ask.slot], int(_up(ask.energy_wh)))
    return replace(stated, lo_wh=low, **found)


def _cap(draft: Draft, column: str, none: Ints) -> Ints:
    """Caps on zones of a column [zones, slots] Wh, -1 where there is none."""
    if ("zones", column) not in draft.columns:
        return none.copy()
    most = draft.columns["zones", column][: len(none)] * draft.hours
    return np.where(np.isfinite(most), _down(np.where(np.isfinite(most), most, 0.0)), -1)


def _bindings(draft: Draft) -> list[Binding]:
    """Bounds that a plan may miss, and the needs behind them."""
    found = []
    for row, asks in sorted(draft.asked.items()):
        for ask in asks:
            least = int(_up(ask.energy_wh))
            found.append(Binding(ask.need.id, "lo", row, ask.slot, ask.slot + 1, least))
    return [*found, *_of_origins(draft, _SIDES)]


def _of_origins(draft: Draft, sides: Mapping[tuple[str, str], str]) -> Iterator[Binding]:
    """Yield bounds in these columns."""
    for one in draft.origins:
        side = sides.get((one.table, one.column))
        if side is None:
            continue
        hours = 1.0 if side in ("lo", "hi", "draw") else draft.hours
        values = draft.columns[one.table, one.column][one.row, one.first : one.end]
        values = values if one.bound is None else np.full(len(values), one.bound)
        whole = (_up if side in ("lo", "draw") else _down)(values * hours)
        for first, end in _level_stretches(whole):
            span = one.first + first, one.first + end
            yield Binding(one.need, side, one.row, *span, int(whole[first]))


def _level_stretches(values: Ints) -> list[tuple[int, int]]:
    """Stretches (first, end) of equal values."""
    edges = [0, *(np.flatnonzero(np.diff(values)) + 1).tolist(), len(values)]
    return [pair for pair in pairwise(edges) if pair[0] < pair[1]]


def _moved(
    ground: Ground, stated: NeedsStated, needs: Sequence[Need]
) -> tuple[Ints, Ints, list[Binding]]:
    """First and last starts of appliances [runs] that are still to run, and what moved them."""
    earliest, latest = stated.run_earliest.copy(), stated.run_latest.copy()
    found = list[Binding]()
    for row, own in sorted(_about_runs(ground.places, needs).items()):
        if earliest[row] >= 0:
            usual = int(earliest[row]), int(latest[row])
            start = start_of(row, usual, own, ground)
            earliest[row], latest[row] = start.earliest, start.latest
            found += [Binding(name, "run", row, *usual, 0) for name in start.needs]
    return earliest, latest, found


def _about_runs(places: Places, needs: Sequence[Need]) -> dict[int, list[Need]]:
    """Needs about each appliance, by row."""
    about: dict[int, list[Need]] = {}
    for need in needs:
        if isinstance(need, Run | Quiet | Unavailable | Intervention):
            for asset in places.assets(need):
                if asset.id in places.runs:
                    about.setdefault(places.runs[asset.id], []).append(need)
    return about
