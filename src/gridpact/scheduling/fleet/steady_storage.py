"""Best answers of storage whose powers and bounds stay the same, such as home batteries.

Bellman's equation for the value of stored energy is convex, so a plan follows from one number per
slot and direction: the state up to which it pays to charge, and down to which to discharge. With
the marginal value of stored energy p (the water price), the best state before a slot obeys
``S_t(p) = clip(S_{t+1}(p) + u_t(p), lo, hi)``, where u_t is the slot's full discharge if p is below
what discharging earns, and less the slot's full charge if p is above what charging costs. Evaluated
at the 2T prices at which u changes it gives every such state exactly, without branches. (Kernels
keep -p, with which states rise.)

Where prices are so negative that charging and discharging at once would pay, the slot's cost is
replaced by its convex hull; what the plan then costs above the hull is reported as ``slack``.
"""

from __future__ import annotations

from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from gridpact.base.units import Bools, Floats, Ints
from gridpact.scheduling.fleet.columns import Storage, narrow, per_asset
from gridpact.scheduling.fleet.machine_code import machine_code
from gridpact.scheduling.fleet.oracles import Answers, Layout, Oracle
from gridpact.scheduling.fleet.parts import groups_of

LANES = 16
"""Critical prices handled together; scratch is rounded up to whole blocks of them."""


class Cells(NamedTuple):
    """Arrays of the kernels [assets]: states and energies per slot in kWh of stored energy.

    ``gain`` and ``loss`` are what a slot of full charge adds and of full discharge takes.
    """

    initial: Floats
    gain: Floats
    loss: Floats
    lo: Floats
    hi: Floats
    terminal: Floats
    inward: Floats
    outward: Floats
    wear: Floats


class Scratch(NamedTuple):
    """Work space: critical prices and states by lane (2 per slot, padded to blocks), targets."""

    critical: NDArray[np.floating]
    state: NDArray[np.floating]
    charge_to: NDArray[np.floating]
    discharge_to: NDArray[np.floating]
    bounds: NDArray[np.floating]


@machine_code
def critical_prices(cells: Cells, asset: int, prices: Floats, scratch: Scratch) -> bool:
    """Fill the critical prices of one asset; whether any slot had to be replaced by its hull."""
    gain, loss, wear = cells.gain[asset], cells.loss[asset], cells.wear[asset]
    inward, outward = 1.0 / cells.inward[asset], cells.outward[asset]
    hull = False
    for slot in range(prices.shape[0]):
        charge, discharge = -prices[slot] * inward, -(prices[slot] - wear) * outward
        if charge > discharge and gain > 0.0 and loss > 0.0:
            charge = (charge * gain + discharge * loss) / (gain + loss)
            discharge = charge
            hull = True
        scratch.critical[2 * slot] = charge
        scratch.critical[2 * slot + 1] = discharge
    return hull


@machine_code
def water_states(scratch: Scratch, slots: int) -> None:
    """Fill the targets of all slots from the critical prices, backwards in time."""
    critical, state = scratch.critical, scratch.state
    gain, loss, lo, hi, terminal = scratch.bounds
    for lane in range(state.shape[0]):
        state[lane] = terminal if critical[lane] <= 0.0 else hi
    for slot in range(slots - 1, -1, -1):
        scratch.charge_to[slot], scratch.discharge_to[slot] = state[2 * slot], state[2 * slot + 1]
        charge, discharge = critical[2 * slot], critical[2 * slot + 1]
        for lane in range(-(-2 * slot // LANES) * LANES):
            filled = min(state[lane] + loss, hi)
            kept = filled if critical[lane] > discharge else state[lane]
            emptied = max(kept - gain, lo)
            state[lane] = emptied if critical[lane] < charge else kept


@machine_code
def targets(cells: Cells, asset: int, prices: Floats, scratch: Scratch) -> bool:
    """Fill the states to charge up to and discharge down to; whether hulls were used."""
    hull = critical_prices(cells, asset, prices, scratch)
    scratch.bounds[0], scratch.bounds[1] = cells.gain[asset], cells.loss[asset]
    scratch.bounds[2], scratch.bounds[3] = cells.lo[asset], cells.hi[asset]
    scratch.bounds[4] = cells.terminal[asset]
    water_states(scratch, prices.shape[0])
    return hull


@machine_code
def follow(cells: Cells, asset: int, scratch: Scratch, energy: Floats) -> None:
    """Go through the slots by the targets; stored energy gained (or lost) into ``energy`` [slots].

    Targets in float32 may lie beside a bound by rounding; a state stays where the bounds can be
    kept in float64.
    """
    state, gain, loss = cells.initial[asset], cells.gain[asset], cells.loss[asset]
    lo, hi = cells.lo[asset], cells.hi[asset]
    needed = cells.terminal[asset] - gain * (energy.shape[0] - 1)
    for slot in range(energy.shape[0]):
        least = max(lo, needed)
        up = min(max(scratch.charge_to[slot], least), hi)
        down = min(max(scratch.discharge_to[slot], least), hi)
        after = state
        if state < up:
            after = min(state + gain, up)
        elif state > down:
            after = max(state - loss, down)
        energy[slot] = after - state
        state = after
        needed += gain


@machine_code
def above_hull(cells: Cells, asset: int, prices: Floats, stored: Floats) -> float:
    """What a plan costs above the hulls of its slots [¤]."""
    gain, loss, total = cells.gain[asset], cells.loss[asset], 0.0
    for slot in range(prices.shape[0]):
        charge = prices[slot] / cells.inward[asset]
        discharge = (prices[slot] - cells.wear[asset]) * cells.outward[asset]
        if charge < discharge and gain > 0.0 and loss > 0.0:
            slope = (charge * gain + discharge * loss) / (gain + loss)
            cost = (charge if stored[slot] > 0.0 else discharge) * stored[slot]
            total += cost - (charge - slope) * gain - slope * stored[slot]
    return total


@machine_code
def answer_groups(
    cells: Cells, first: Ints, prices: Floats, scratch: Scratch, energy: Floats, own: Floats
) -> None:
    """Sum plans into ``energy`` [groups, slots], wear and slack into ``own`` [2, groups]."""
    slots = prices.shape[1]
    stored = np.empty(slots)
    for group in range(first.shape[0] - 1):
        taken = energy[group]
        for asset in range(first[group], first[group + 1]):
            hull = targets(cells, asset, prices[group], scratch)
            follow(cells, asset, scratch, stored)
            inward, outward, out = 1.0 / cells.inward[asset], cells.outward[asset], 0.0
            for slot in range(slots):
                gained = stored[slot]
                taken[slot] += gained * (inward if gained > 0.0 else outward)
                out -= gained if gained < 0.0 else 0.0
            own[0, group] += out * outward * cells.wear[asset]
            if hull:
                own[1, group] += above_hull(cells, asset, prices[group], stored)


@machine_code
def answer_rows(cells: Cells, rows: Ints, prices: Floats, scratch: Scratch, stored: Floats) -> None:
    """Write the plans of single assets, stored energy gained, into ``stored`` [rows, slots]."""
    for place in range(rows.shape[0]):
        targets(cells, rows[place], prices, scratch)
        follow(cells, rows[place], scratch, stored[place])


def make_scratch(slots: int, single: bool) -> Scratch:
    """Work space for so many slots, in float32 if ``single``."""
    kind = np.float32 if single else np.float64
    lanes = -(-2 * slots // LANES) * LANES
    lane: NDArray[np.floating] = np.zeros(lanes, kind)
    target: NDArray[np.floating] = np.zeros(slots, kind)
    return Scratch(lane, lane.copy(), target, target.copy(), np.zeros(5, kind))


def steady(table: Storage, slots: int) -> Bools:
    """Mark storage that this oracle answers for [assets]: nothing varies, leaks or is drawn."""
    count = len(table.zone)
    drawn = narrow(table.draw_wh, count, slots).any(axis=1)
    marked = (per_asset(table.kept, count) == 1.0) & ~drawn
    for name in ("charge_w", "discharge_w", "lo_wh", "hi_wh", "efficiency_in"):
        values = getattr(table, name)
        if np.ndim(values) == 2:
            marked &= np.all(np.asarray(values) == np.asarray(values)[:, :1], axis=1)
    return np.asarray(marked)


class SteadyStorageOracle(msgspec.Struct, frozen=True):
    """Oracle of steady :class:`Storage`; targets in float32 unless ``single`` is false."""

    first: Ints
    cells: Cells
    single: bool = True

    @classmethod
    def build(cls, table: Storage, layout: Layout, slots: int, hours: float) -> SteadyStorageOracle:
        """Take rows of a table as laid out, all of which are :func:`steady`."""
        count, rows = len(table.zone), layout.rows

        def column(name: str) -> Floats:
            return np.asarray(narrow(getattr(table, name), count, slots)[rows, 0])

        inward, outward = column("efficiency_in"), column("efficiency_out")
        lo = column("lo_wh") / 1000
        cells = Cells(
            initial=column("initial_wh") / 1000,
            gain=column("charge_w") * inward * (hours / 1000),
            loss=column("discharge_w") / outward * (hours / 1000),
            lo=lo,
            hi=column("hi_wh") / 1000,
            terminal=np.maximum(column("terminal_wh") / 1000, lo),
            inward=inward,
            outward=outward,
            wear=column("wear") * 1e-6,
        )
        return cls(layout.first, cells)

    @property
    def divisible(self) -> bool:
        """A mix of plans keeps all bounds."""
        return True

    def exact(self) -> Oracle:
        """The same with targets in float64."""
        return SteadyStorageOracle(self.first, self.cells, single=False)

    def best(self, prices: Floats) -> Answers:
        """Best answers of all groups; see :class:`Oracle`."""
        energy, own = np.zeros(prices.shape), np.zeros((2, len(prices)))
        scratch = make_scratch(prices.shape[1], self.single)
        answer_groups(self.cells, self.first, np.ascontiguousarray(prices), scratch, energy, own)
        return Answers(energy, own[0], own[1])

    def plans(self, rows: Ints, prices: Floats) -> Floats:
        """Plans of single assets [n, 2, slots]: charge, discharge; see :class:`Oracle`."""
        stored = np.zeros((len(rows), prices.shape[-1]))
        answer_rows(self.cells, rows, prices, make_scratch(prices.shape[-1], self.single), stored)
        charge = np.maximum(stored, 0.0) / self.cells.inward[rows, None]
        discharge = np.maximum(-stored, 0.0) * self.cells.outward[rows, None]
        return np.stack([charge, discharge], axis=1)

    def part(self, groups: slice) -> SteadyStorageOracle:
        """The same oracle with these groups alone."""
        return SteadyStorageOracle(*groups_of(self.first, self.cells, groups), self.single)
