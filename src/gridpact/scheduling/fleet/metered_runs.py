"""Best answers of single runs of appliances behind a meter that sells for less than it buys.

What the meter adds to an uninterrupted run depends on the slot it starts in alone, not on the price
of energy: it is added up once. The cheapest start is then that of :mod:`.run_programmes` with this
cost beside that of energy: differences of summed prices for one power, sums of products otherwise.
"""

from __future__ import annotations

from typing import NamedTuple

import msgspec
import numpy as np

from gridpact.base.units import Bools, Floats, Ints
from gridpact.scheduling.fleet.columns import Runs, per_asset
from gridpact.scheduling.fleet.machine_code import machine_code
from gridpact.scheduling.fleet.net_metering import Meter, feed_in_cost, rows_of
from gridpact.scheduling.fleet.oracles import Answers, Layout, Oracle
from gridpact.scheduling.fleet.parts import groups_of

INFINITY = np.inf


class Starts(NamedTuple):
    """What the kernels read: slots ``begin ≤ slot < end`` in which a run may start, its steps.

    ``energy`` [runs, longest] of each step [kWh], of which ``length`` count; ``even`` marks one
    power throughout; ``extra`` [runs, slots] is what the meter adds to a start [¤]; ``value`` what
    a run is worth [¤], infinite where it must take place.
    """

    begin: Ints
    end: Ints
    length: Ints
    energy: Floats
    even: Bools
    extra: Floats
    value: Floats


@machine_code
def cheapest(starts: Starts, run: int, prices: Floats, before: Floats) -> tuple[int, float]:
    """Cheapest start, the earliest of equals, and its cost; ``before`` sums earlier prices."""
    best, least, length = -1, INFINITY, starts.length[run]
    power, even = starts.energy[run, 0], starts.even[run]
    for slot in range(starts.begin[run], starts.end[run]):
        cost = 0.0
        if even:
            cost = power * (before[slot + length] - before[slot])
        else:
            for step in range(length):
                cost += starts.energy[run, step] * prices[slot + step]
        cost += starts.extra[run, slot]
        if cost < least:
            best, least = slot, cost
    return best, least


@machine_code
def add_run(starts: Starts, run: int, prices: Floats, before: Floats, into: Floats) -> float:
    """Add a run to ``into`` [slots] where it must or is worth it; return its own cost."""
    value = starts.value[run]
    best, least = cheapest(starts, run, prices, before)
    if not least < value:
        return 0.0
    for step in range(starts.length[run]):
        into[best + step] += starts.energy[run, step]
    own = starts.extra[run, best]
    return float(own - value if value < INFINITY else own)


@machine_code
def sums_before(prices: Floats) -> Floats:
    """Sum of all prices before each slot [slots + 1]."""
    before = np.zeros(len(prices) + 1)
    for slot in range(len(prices)):
        before[slot + 1] = before[slot] + prices[slot]
    return before


@machine_code
def sum_groups(starts: Starts, first: Ints, prices: Floats, energy: Floats, own: Floats) -> None:
    """Sum the plans of all groups into ``energy`` [groups, slots] and ``own`` [groups]."""
    for group in range(len(prices)):
        before = sums_before(prices[group])
        for run in range(first[group], first[group + 1]):
            own[group] += add_run(starts, run, prices[group], before, energy[group])


@machine_code
def write_rows(starts: Starts, rows: Ints, prices: Floats, energy: Floats) -> None:
    """Write the plans of single runs into ``energy`` [rows, slots]."""
    before = sums_before(prices)
    for place in range(len(rows)):
        add_run(starts, rows[place], prices, before, energy[place])


def covers(table: Runs) -> Bools:
    """Mark runs [runs] that take place once at most, and without interruption."""
    count = len(table.zone)
    apart, times = (
        np.broadcast_to(np.asarray(v), (count,)) for v in (table.interruptible, table.times)
    )
    return np.asarray((~apart | (np.asarray(table.length) == 1)) & (times == 1))


class MeteredRunOracle(msgspec.Struct, frozen=True):
    """Oracle of :class:`Runs` that :func:`covers`, each the only asset behind its meter.

    It knows no limits of the meter itself.
    """

    first: Ints
    starts: Starts

    @classmethod
    def build(
        cls, table: Runs, layout: Layout, slots: int, hours: float, meter: Meter
    ) -> MeteredRunOracle:
        """Take the rows of a table, and of ``meter`` beside it, as laid out."""
        count, rows = len(table.zone), layout.rows
        length = np.asarray(table.length, np.int64)[rows]
        energy = np.asarray(table.power_w, np.float64)[rows] * (hours / 1000)
        counted = np.arange(energy.shape[1]) < length[:, None]
        energy = np.where(counted, energy, 0.0)
        starts = Starts(
            begin=np.asarray(table.first, np.int64)[rows],
            end=np.asarray(table.end, np.int64)[rows] - length + 1,
            length=length,
            energy=energy,
            even=np.asarray((~counted | (energy == energy[:, :1])).all(axis=1)),
            extra=_extra(energy, rows_of(meter, rows), slots),
            value=per_asset(table.value, count)[rows] * 1e-6,
        )
        return cls(layout.first, starts)

    @property
    def divisible(self) -> bool:
        """A run cannot take place by halves."""
        return False

    def exact(self) -> Oracle:
        """Itself."""
        return self

    def best(self, prices: Floats) -> Answers:
        """Best answers of all groups; see :class:`Oracle`."""
        energy, own = np.zeros(prices.shape), np.zeros(len(prices))
        sum_groups(self.starts, self.first, np.array(prices, np.float64), energy, own)
        return Answers(energy, own, np.zeros(len(prices)))

    def plans(self, rows: Ints, prices: Floats) -> Floats:
        """Plans of single runs [n, 1, slots]; see :class:`Oracle`."""
        energy = np.zeros((len(rows), len(prices)))
        write_rows(self.starts, np.asarray(rows), np.array(prices, np.float64), energy)
        return energy[:, None]

    def part(self, groups: slice) -> MeteredRunOracle:
        """The same oracle with these groups alone."""
        return MeteredRunOracle(*groups_of(self.first, self.starts, groups))


def _extra(energy: Floats, meter: Meter, slots: int) -> Floats:
    """What meters add to runs by the slot they start in [runs, slots] ¤."""
    extra = np.zeros((len(energy), slots))
    for step in range(min(energy.shape[1], slots)):
        added = feed_in_cost(meter, energy[:, step, None])
        extra[:, : slots - step] += added[:, step:]
    return extra
