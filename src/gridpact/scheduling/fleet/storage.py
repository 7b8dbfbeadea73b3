"""Best answers of storage in its general form: powers, bounds, draw vary, and the state leaks.

The method is that of :mod:`.steady_storage`. Between slots the state leaks to the share ``kept``,
so a water price before a slot is ``kept`` times the one after it, and the state before is what was
aimed at, plus the draw, over ``kept``. Critical prices are therefore compared as what they are
worth after one and the same slot. Slots have them for what they have power for alone: a heater has
half as many as a battery, and a car on the road has none.
"""

from __future__ import annotations

from typing import NamedTuple

import msgspec
import numpy as np

from gridpact.base.units import Bools, Floats, Ints
from gridpact.scheduling.fleet.columns import Storage, per_asset, per_slot, varies
from gridpact.scheduling.fleet.machine_code import machine_code
from gridpact.scheduling.fleet.oracles import Answers, Layout, Oracle
from gridpact.scheduling.fleet.parts import groups_of

LANES = 8
"""Critical prices handled together; work space is rounded up to whole blocks of them."""
FARTHEST = 1e100
"""Stored units that may leak to one before critical prices are taken after an earlier slot."""
FAR = 1e200
"""Stored units that leak to one, where there are more."""
GAIN, LOSS, LO, HI, DRAW, INWARD, CHARGE, DISCHARGE = range(8)
"""Rows of ``Work.by_slot``: an asset's energies, bounds [kWh stored], and critical prices."""


class Stores(NamedTuple):
    """Arrays of the kernels: [assets], or [assets, 1 or slots] from ``gain`` to ``inward``."""

    initial: Floats
    terminal: Floats
    outward: Floats
    kept: Floats
    wear: Floats
    gain: Floats
    loss: Floats
    lo: Floats
    hi: Floats
    draw: Floats
    inward: Floats


class Work(NamedTuple):
    """Work space: what an asset is, slot by slot; critical prices and states by lane; targets.

    Slot ``t`` has the lanes from ``begin[t]``: that of charging, then that of discharging.
    """

    by_slot: Floats
    begin: Ints
    critical: Floats
    state: Floats
    charge_to: Floats
    discharge_to: Floats


@machine_code
def spread(values: Floats, asset: int, into: Floats) -> None:
    """Write one asset's values for every slot."""
    width = values.shape[1]
    for slot in range(into.shape[0]):
        into[slot] = values[asset, slot if width > 1 else 0]


@machine_code
def load(stores: Stores, asset: int, prices: Floats, work: Work) -> bool:
    """Fill one asset's numbers and critical prices; whether a slot was replaced by its hull."""
    by_slot, slots, hull = work.by_slot, prices.shape[0], False
    spread(stores.gain, asset, by_slot[GAIN])
    spread(stores.loss, asset, by_slot[LOSS])
    spread(stores.lo, asset, by_slot[LO])
    spread(stores.hi, asset, by_slot[HI])
    spread(stores.draw, asset, by_slot[DRAW])
    spread(stores.inward, asset, by_slot[INWARD])
    by_slot[LO, slots - 1] = max(by_slot[LO, slots - 1], stores.terminal[asset])
    for slot in range(slots):
        gain, loss = by_slot[GAIN, slot], by_slot[LOSS, slot]
        charge = -prices[slot] / by_slot[INWARD, slot]
        discharge = -(prices[slot] - stores.wear[asset]) * stores.outward[asset]
        if charge > discharge and gain > 0.0 and loss > 0.0:
            charge = (charge * gain + discharge * loss) / (gain + loss)
            discharge = charge
            hull = True
        elif charge > discharge:  # one of the two has no power and is never taken
            charge = discharge = charge if gain > 0.0 else discharge
        by_slot[CHARGE, slot], by_slot[DISCHARGE, slot] = charge, discharge
    return hull


@machine_code
def lay_lanes(work: Work, slots: int) -> None:
    """Say where the lanes of each slot begin."""
    by_slot, lane = work.by_slot, 0
    for slot in range(slots):
        work.begin[slot] = lane
        lane += 1 if by_slot[GAIN, slot] > 0.0 else 0
        lane += 1 if by_slot[LOSS, slot] > 0.0 else 0


@machine_code
def begin_lanes(work: Work, slots: int) -> None:
    """Set every lane to its state after the last slot."""
    critical, state, by_slot = work.critical, work.state, work.by_slot
    lo, hi = by_slot[LO, slots - 1], by_slot[HI, slots - 1]
    for lane in range(state.shape[0]):
        state[lane] = lo if critical[lane] <= 0.0 else hi


@machine_code
def price_lanes(work: Work, last: int, kept: float) -> int:
    """Fill critical prices of slots up to ``last`` as what they are worth after it.

    Returns the first slot so near that they can be told apart by these numbers.
    """
    by_slot, critical, scale, near = work.by_slot, work.critical, 1.0, last
    grown = 1.0 / kept
    for slot in range(last, -1, -1):
        lane = work.begin[slot]
        if by_slot[GAIN, slot] > 0.0:
            critical[lane] = by_slot[CHARGE, slot] * scale
            lane += 1
        if by_slot[LOSS, slot] > 0.0:
            critical[lane] = by_slot[DISCHARGE, slot] * scale
        near = slot if scale <= FARTHEST else near
        scale = min(scale * grown, FAR)
    return near


@machine_code
def charge_lanes(work: Work, slot: int, grown: float, lanes: int) -> None:
    """Take lanes to the state before a slot that may charge alone; ``grown`` is 1 / kept."""
    by_slot, critical, state = work.by_slot, work.critical, work.state
    lo, hi = by_slot[LO, slot - 1], by_slot[HI, slot - 1]
    draw, charge = by_slot[DRAW, slot], critical[work.begin[slot]]
    less = draw - by_slot[GAIN, slot]
    for lane in range(lanes):
        before = (state[lane] + (less if critical[lane] < charge else draw)) * grown
        low = max(before, lo)
        state[lane] = min(low, hi)


@machine_code
def shift_lanes(work: Work, slot: int, grown: float, lanes: int) -> None:
    """Take lanes to the state before a slot that may discharge; ``grown`` is 1 / kept."""
    by_slot, critical, state = work.by_slot, work.critical, work.state
    lo, hi = by_slot[LO, slot - 1], by_slot[HI, slot - 1]
    gain, loss, draw = by_slot[GAIN, slot], by_slot[LOSS, slot], by_slot[DRAW, slot]
    own = work.begin[slot]
    charge, discharge = critical[own], critical[own + 1 if gain > 0.0 else own]
    for lane in range(lanes):
        price, after = critical[lane], state[lane] + draw
        fuller = after + loss if price > discharge else after
        before = (fuller - gain if price < charge else fuller) * grown
        low = max(before, lo)
        state[lane] = min(low, hi)


@machine_code
def water_states(work: Work, slots: int, kept: float) -> None:
    """Fill the targets of all slots with power, backwards in time."""
    by_slot, begin, state, grown = work.by_slot, work.begin, work.state, 1.0 / kept
    lay_lanes(work, slots)
    near = price_lanes(work, slots - 1, kept)
    begin_lanes(work, slots)
    for slot in range(slots - 1, -1, -1):
        if slot < near:
            near = price_lanes(work, slot, kept)
        gain, loss, lane = by_slot[GAIN, slot], by_slot[LOSS, slot], begin[slot]
        work.charge_to[slot] = state[lane] if gain > 0.0 else -np.inf
        work.discharge_to[slot] = np.inf
        if loss > 0.0:
            work.discharge_to[slot] = state[lane + 1 if gain > 0.0 else lane]
        if slot == 0:
            return
        lanes = -(-lane // LANES) * LANES
        if loss > 0.0:
            shift_lanes(work, slot, grown, lanes)
        else:
            charge_lanes(work, slot, grown, lanes)


@machine_code
def follow(stores: Stores, asset: int, work: Work, stored: Floats) -> None:
    """Go through the slots by the targets; stored energy gained (or lost) into ``stored``."""
    state, kept, by_slot = stores.initial[asset], stores.kept[asset], work.by_slot
    for slot in range(stored.shape[0]):
        idle = kept * state - by_slot[DRAW, slot]
        up = min(idle + by_slot[GAIN, slot], max(work.charge_to[slot], idle))
        state = max(idle - by_slot[LOSS, slot], min(work.discharge_to[slot], up))
        stored[slot] = state - idle


@machine_code
def plan(stores: Stores, asset: int, prices: Floats, work: Work, stored: Floats) -> bool:
    """Make one asset's plan into ``stored`` [slots]; whether hulls were used."""
    hull = load(stores, asset, prices, work)
    water_states(work, prices.shape[0], stores.kept[asset])
    follow(stores, asset, work, stored)
    return hull


@machine_code
def above_hull(stores: Stores, asset: int, prices: Floats, work: Work, stored: Floats) -> float:
    """What a plan costs above the hulls of its slots [¤]."""
    total = 0.0
    for slot in range(prices.shape[0]):
        gain, loss = work.by_slot[GAIN, slot], work.by_slot[LOSS, slot]
        charge = prices[slot] / work.by_slot[INWARD, slot]
        discharge = (prices[slot] - stores.wear[asset]) * stores.outward[asset]
        if charge < discharge and gain > 0.0 and loss > 0.0:
            slope = (charge * gain + discharge * loss) / (gain + loss)
            cost = (charge if stored[slot] > 0.0 else discharge) * stored[slot]
            total += cost - (charge - slope) * gain - slope * stored[slot]
    return total


@machine_code
def answer_groups(
    stores: Stores, first: Ints, prices: Floats, work: Work, energy: Floats, own: Floats
) -> None:
    """Sum plans into ``energy`` [groups, slots], wear and slack into ``own`` [2, groups]."""
    slots = prices.shape[1]
    stored = np.empty(slots)
    for group in range(first.shape[0] - 1):
        for asset in range(first[group], first[group + 1]):
            hull = plan(stores, asset, prices[group], work, stored)
            outward, out = stores.outward[asset], 0.0
            for slot in range(slots):
                gained = stored[slot]
                factor = 1.0 / work.by_slot[INWARD, slot] if gained > 0.0 else outward
                energy[group, slot] += gained * factor
                out -= gained if gained < 0.0 else 0.0
            own[0, group] += out * outward * stores.wear[asset]
            if hull:
                own[1, group] += above_hull(stores, asset, prices[group], work, stored)


@machine_code
def answer_rows(stores: Stores, rows: Ints, prices: Floats, work: Work, stored: Floats) -> None:
    """Write the plans of single assets, stored energy gained, into ``stored`` [rows, slots]."""
    for place in range(rows.shape[0]):
        plan(stores, rows[place], prices, work, stored[place])


def make_work(slots: int) -> Work:
    """Work space for so many slots."""
    lanes = -(-2 * slots // LANES) * LANES
    begin, target = np.zeros(slots, np.int64), np.zeros(slots)
    lane = np.zeros(lanes)
    return Work(np.zeros((8, slots)), begin, lane, lane.copy(), target, target.copy())


def stepwise(table: Storage) -> Bools:
    """Mark storage [assets] whose power is not free between nothing and the most."""
    count, marked = len(table.zone), np.isfinite(per_asset(table.ramp_w, len(table.zone)))
    for name in ("charge_min_w", "discharge_min_w", "charge_step_w", "discharge_step_w"):
        marked |= per_asset(getattr(table, name), count) > 0
    return np.asarray(marked)


class StorageOracle(msgspec.Struct, frozen=True):
    """Oracle of continuous :class:`Storage` of any form."""

    first: Ints
    stores: Stores

    @classmethod
    def build(cls, table: Storage, layout: Layout, slots: int, hours: float) -> StorageOracle:
        """Take rows of a table as laid out; none has a least power, power steps or a ramp."""
        count, rows, to_kwh = len(table.zone), layout.rows, hours / 1000

        def column(name: str) -> Floats:
            return np.asarray(per_asset(getattr(table, name), count)[rows])

        def by_slot(name: str) -> Floats:
            values = getattr(table, name)
            width = slots if varies(values) else 1
            return np.array(per_slot(values, count, slots)[:, :width][rows])

        inward, outward = by_slot("efficiency_in"), column("efficiency_out")
        stores = Stores(
            initial=column("initial_wh") / 1000,
            terminal=column("terminal_wh") / 1000,
            outward=outward,
            kept=column("kept"),
            wear=column("wear") * 1e-6,
            gain=by_slot("charge_w") * inward * to_kwh,
            loss=by_slot("discharge_w") / outward[:, None] * to_kwh,
            lo=by_slot("lo_wh") / 1000,
            hi=by_slot("hi_wh") / 1000,
            draw=by_slot("draw_wh") / 1000,
            inward=inward,
        )
        return cls(layout.first, stores)

    @property
    def divisible(self) -> bool:
        """A mix of plans keeps all bounds."""
        return True

    def exact(self) -> Oracle:
        """Itself."""
        return self

    def best(self, prices: Floats) -> Answers:
        """Best answers of all groups; see :class:`Oracle`."""
        energy, own = np.zeros(prices.shape), np.zeros((2, len(prices)))
        work = make_work(prices.shape[1])
        answer_groups(self.stores, self.first, np.ascontiguousarray(prices), work, energy, own)
        return Answers(energy, own[0], own[1])

    def plans(self, rows: Ints, prices: Floats) -> Floats:
        """Plans of single assets [n, 2, slots]: charge, discharge; see :class:`Oracle`."""
        stored = np.zeros((len(rows), prices.shape[-1]))
        answer_rows(self.stores, rows, prices, make_work(prices.shape[-1]), stored)
        charge = np.maximum(stored, 0.0) / self.stores.inward[rows]
        discharge = np.maximum(-stored, 0.0) * self.stores.outward[rows, None]
        return np.stack([charge, discharge], axis=1)

    def part(self, groups: slice) -> StorageOracle:
        """The same oracle with these groups alone."""
        return StorageOracle(*groups_of(self.first, self.stores, groups))
