"""Appliances' runs: the cheapest time for each to given prices, exactly.

- Uninterrupted, one power: every start by differences of summed prices. A programme of powers:
  every start by its sum of products. Several runs: a dynamic programme over slots and runs left.
- Interruptible: the cheapest slots of the window. With least lengths of stretches and pauses, or a
  number of starts: with ``n`` slots still to run, from slot ``t`` on, ``p`` the prices,

      off[t, n] = min(off[t + 1, n], p[t] + … + p[t + on - 1] + on[t + on, n - on])
      on[t, n]  = min(p[t] + on[t + 1, n - 1], off[t + least pause, n]),

  one such pair for every number of starts left where that is bounded.

A run with a value takes place only if its energy costs less. A run that must wait for another is
one run with ``times``; windows on several days are several rows.
"""

from __future__ import annotations

import msgspec
import numpy as np

from gridpact.base.units import Floats, Ints
from gridpact.scheduling.fleet.columns import Runs, per_asset
from gridpact.scheduling.fleet.oracles import Answers, Layout, Oracle
from gridpact.scheduling.fleet.parts import groups_of
from gridpact.scheduling.fleet.run_kernels import (
    CHEAPEST,
    ONCE,
    REPEATED,
    STRETCHES,
    Programmes,
    Work,
    plans,
    sums,
)


class RunOracle(msgspec.Struct, frozen=True):
    """Oracle of a table of :class:`Runs`; exact for all of them."""

    first: Ints
    runs: Programmes

    @classmethod
    def build(cls, table: Runs, layout: Layout, slots: int, hours: float) -> RunOracle:
        """Take the rows of a table as laid out."""
        count, rows = len(table.zone), layout.rows

        def whole(values: Ints | int) -> Ints:
            spread = np.broadcast_to(np.asarray(values, np.int64), (count,))[rows]
            return np.asarray(np.minimum(spread, slots), np.int64)

        energy = np.asarray(table.power_w, np.float64)[rows] * (hours / 1000)
        length, least = whole(table.length), whole(table.min_on)
        counted = np.arange(energy.shape[1]) < length[:, None]
        # more starts than fit bind nothing, and would only make layers
        starts = whole(table.most_starts)
        starts = np.where(starts >= length // least, 0, starts)
        apart = np.broadcast_to(np.asarray(table.interruptible, np.bool_), (count,))[rows]
        free = (least == 1) & (whole(table.min_off) == 1) & (starts == 0)
        loose = np.where(free, CHEAPEST, STRETCHES)
        again = whole(table.times) > 1
        runs = Programmes(
            begin=whole(table.first),
            end=whole(table.end),
            length=length,
            energy=energy,
            even=np.asarray((~counted | (energy == energy[:, :1])).all(axis=1)),
            kind=np.where(apart, loose, np.where(again, REPEATED, ONCE)),
            min_on=least,
            min_off=whole(table.min_off),
            times=whole(table.times),
            pause=whole(table.pause),
            most_starts=starts,
            value=per_asset(table.value, count)[rows] * 1e-6,
        )
        return cls(layout.first, runs)

    @property
    def divisible(self) -> bool:
        """A run cannot take place by halves."""
        return False

    def exact(self) -> Oracle:
        """Itself."""
        return self

    def best(self, prices: Floats) -> Answers:
        """Best answers of all groups; see :class:`Oracle`."""
        work = self._work(prices.shape[1])
        energy, own = sums(self.runs, self.first, np.array(prices, np.float64), work)
        return Answers(energy, own, np.zeros(len(own)))

    def plans(self, rows: Ints, prices: Floats) -> Floats:
        """Plans of single runs [n, 1, slots]; see :class:`Oracle`."""
        work = self._work(len(prices))
        return plans(self.runs, np.asarray(rows), np.array(prices, np.float64), work)

    def part(self, groups: slice) -> RunOracle:
        """The same oracle with these groups alone."""
        return RunOracle(*groups_of(self.first, self.runs, groups))

    def _work(self, slots: int) -> Work:
        """Scratch large enough for the run that needs most."""
        runs = self.runs
        several, apart = runs.kind == REPEATED, runs.kind == STRETCHES
        layers = 1 + max(_most(runs.most_starts[apart]), _most(runs.times[several]))
        shape = (layers, slots + 1, 1 + _most(runs.length[apart]))
        off, on = np.zeros(shape), np.zeros(shape)
        starts, stops = np.zeros(shape, np.bool_), np.zeros(shape, np.bool_)
        return Work(off, on, starts, stops, np.zeros(slots + 1))


def _most(values: Ints) -> int:
    return int(values.max(initial=0))
