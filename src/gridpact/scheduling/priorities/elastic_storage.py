"""Storage on a timeline with make-up slots: bounds asked for hold once make-up slots are over.

In a make-up slot the state may be lifted at the level's price, by no more than what may be missing;
nothing else happens. Where the state leaks, it would leak in make-up slots too; so states after a
make-up slot are counted in a unit that is smaller by the same share, and energy with them.
"""

from __future__ import annotations

import msgspec
import numpy as np

from gridpact.base.units import Bools, Floats
from gridpact.scheduling.fleet.columns import Storage, Values, per_asset, per_slot, varies
from gridpact.scheduling.priorities.elastic_sums import elastic_sums
from gridpact.scheduling.priorities.levels import Level
from gridpact.scheduling.priorities.needs import NOTHING, Asked
from gridpact.scheduling.priorities.timeline import Timeline


def units(table: Storage, line: Timeline) -> Floats:
    """Unit of the state after each slot [assets, width]: it shrinks in make-up slots as it leaks.

    [1, 1] where nothing leaks.
    """
    kept = per_asset(table.kept, len(table.zone))
    if np.all(kept == 1.0):
        return np.ones((1, 1))
    made = np.zeros(line.width, np.int64)
    made[line.made] = 1
    return np.asarray(kept[:, None] ** np.cumsum(made))


def elastic_storage(
    table: Storage, line: Timeline, asked: Asked, fair: Floats | None, hours: float
) -> tuple[Storage, Floats]:
    """Put a table on a timeline; ``fair`` [assets] is each row's fair share of what is missing.

    Also returns the unit that states are counted in; see :func:`units`.
    """
    count, unit = len(table.zone), units(table, line)
    if unit.size == 1 and not asked.any.any():
        return _idle(table, line), unit
    lo = _hard(table, line.slots)
    floor = _floor(table, line, lo, asked)
    most = _most(line, asked, floor, fair)
    charge = line.spread(per_slot(table.charge_w, count, line.slots))
    charge[:, line.made.ravel()] = most.reshape(count, -1) / hours
    inward = line.spread(per_slot(table.efficiency_in, count, line.slots), 1.0) * unit
    elastic = msgspec.structs.replace(
        table,
        charge_w=charge,
        discharge_w=line.spread(per_slot(table.discharge_w, count, line.slots)),
        lo_wh=_bounds(line, lo, floor, asked) * unit,
        hi_wh=_held(line, per_slot(table.hi_wh, count, line.slots)) * unit,
        terminal_wh=NOTHING,
        efficiency_in=inward,
        draw_wh=_drawn(table, line, unit),
        **elastic_sums(table, line),
    )
    return elastic, unit


def _idle(table: Storage, line: Timeline) -> Storage:
    """Storage that is asked for nothing and does nothing in make-up slots; narrow columns stay."""
    count = len(table.zone)

    def wide(values: Values, fill: float) -> Values:
        return line.spread(np.asarray(values, np.float64), fill) if varies(values) else values

    def held(values: Values) -> Values:
        return _held(line, np.asarray(values, np.float64)) if varies(values) else values

    return msgspec.structs.replace(
        table,
        charge_w=line.spread(per_slot(table.charge_w, count, line.slots)),
        discharge_w=line.spread(per_slot(table.discharge_w, count, line.slots)),
        lo_wh=held(table.lo_wh),
        hi_wh=held(table.hi_wh),
        efficiency_in=wide(table.efficiency_in, 1.0),
        draw_wh=_drawn(table, line, np.ones((1, 1))),
        **elastic_sums(table, line),
    )


def _drawn(table: Storage, line: Timeline, unit: Floats) -> Values:
    count = len(table.zone)
    if not np.any(table.draw_wh):
        return 0.0
    return line.spread(per_slot(table.draw_wh, count, line.slots)) * unit


def _hard(table: Storage, slots: int) -> Floats:
    """Physical lower bounds [assets, slots], the one at the end among them."""
    lo = np.array(per_slot(table.lo_wh, len(table.zone), slots))
    lo[:, -1] = np.maximum(lo[:, -1], per_asset(table.terminal_wh, len(table.zone)))
    return lo


def _floor(table: Storage, line: Timeline, lo: Floats, asked: Asked) -> Floats:
    """Lowest state before a make-up slot [assets, points].

    Storage that does not feed back may fall below its bound by what it leaks and by what is drawn:
    a draw that nothing in store can serve is what goes missing.
    """
    count, points = len(table.zone), line.points
    kept = per_asset(table.kept, count)[:, None]
    feeds = per_slot(table.discharge_w, count, line.slots)[:, points] > 0
    drawn = np.maximum(per_slot(table.draw_wh, count, line.slots)[:, points], 0.0)
    lost = (1 - kept) * np.maximum(lo[:, points], 0.0) + drawn
    lower = lo[:, points] - np.where(feeds, 0.0, lost)
    return np.where(asked.any[:, points], lower, lo[:, points])


def _most(line: Timeline, asked: Asked, floor: Floats, fair: Floats | None) -> Floats:
    """What may be made up for [assets, points, tiers]."""
    most = np.zeros((*floor.shape, len(line.level)))
    need, wish = asked.need[:, line.points], asked.wish[:, line.points]
    below = np.maximum(need, floor)
    amounts = {
        Level.NEEDS: np.maximum(need - floor, 0.0),
        Level.WISHES: np.maximum(wish - below, 0.0),
    }
    for level, amount in amounts.items():
        tiers = line.tiers(level)
        if len(tiers):
            most[:, :, tiers[0]] = amount
        if len(tiers) > 1 and fair is not None:
            share = np.minimum(fair, amount[:, -1])
            most[:, -1, tiers[0]], most[:, -1, tiers[1]] = share, amount[:, -1] - share
    return most


def _bounds(line: Timeline, lo: Floats, floor: Floats, asked: Asked) -> Floats:
    """Lower bounds after every slot: what is asked holds after a point's last make-up slot."""
    wide = line.spread(lo)
    asking: Bools = asked.any[:, line.points]
    wide[:, line.real[line.points]] = floor
    wide[:, line.made.ravel()] = np.repeat(floor, line.made.shape[1], axis=1)
    asked_for = np.maximum(lo, asked.most)[:, line.points]
    wide[:, line.made[:, -1]] = np.where(asking, asked_for, lo[:, line.points])
    return wide


def _held(line: Timeline, values: Floats) -> Floats:
    """Values on the timeline; make-up slots keep those of the slot before."""
    wide = line.spread(values)
    wide[:, line.made.ravel()] = np.repeat(values[:, line.points], line.made.shape[1], axis=1)
    return wide
