"""The energy of a settled period followed again, from the readings that its run was made of.

What a run kept of energy are sums over the period. Reports that hold it against meters need more:
every slot of the community, and what each supplier's members had while it supplied them.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import numpy as np

from gridpact.app.explaining.sources import RunReadings
from gridpact.app.reporting.settled import Settled
from gridpact.base.errors import BadInput, Fault
from gridpact.base.rounding import muldiv
from gridpact.base.slots import Slots
from gridpact.base.units import MICRO_PER_UNIT, Ints
from gridpact.settlement.periods.energy import SOURCES, Block, energy
from gridpact.settlement.periods.segments import Memberships
from gridpact.settlement.residual import position
from gridpact.settlement.sharing.coefficients import realised

CELLS = 1 << 22
OF_SUPPLIERS = (*SOURCES[:6], "supplier:in", "supplier:out")
"""Series that are added up for each supplier while it supplies a member."""


class Followed(msgspec.Struct, frozen=True):
    """Energy of a period [Wh].

    ``members_wh`` [sources, members] and ``slots_wh`` [sources, slots] are sums over slots and
    over members. ``supplied_wh`` maps a supplier to [:data:`OF_SUPPLIERS`, members], what counts
    while it supplies each member. ``coefficients_wh`` [members] is what each is allocated by who
    applies coefficients of six decimals to pooled surplus, rounded in every slot to the Wh.
    """

    members_wh: Ints
    slots_wh: Ints
    supplied_wh: dict[str, Ints]
    coefficients_wh: Ints

    def of(self, source: str) -> Ints:
        """Return a source's energy by slot, of all members."""
        return np.asarray(self.slots_wh[SOURCES.index(source)])

    @property
    def stayed_wh(self) -> int:
        """Energy that was injected and withdrawn in one slot: it never left the community."""
        both = np.minimum(self.of("metered:withdrawal"), self.of("metered:injection"))
        return int(both.sum())


def follow(settled: Settled, cells: int = CELLS, readings: RunReadings | None = None) -> Followed:
    """Follow the energy of a period; ``cells`` are members times slots worked on at a time.

    ``readings`` are those of the run where they were opened before.
    Raises BadInput where the readings of the run are not there any more.
    """
    readings = readings or RunReadings(settled.book.folder, settled.made)
    now = readings.told.digest_now
    if now and now != settled.run.readings:
        raise _gone(settled, "readings are not those that the run was made of")
    following = _Following(settled, readings)
    for block in _blocks(settled, cells):
        following.add(block)
    return following.found


class _Following:
    def __init__(self, settled: Settled, readings: RunReadings) -> None:
        members, slots = len(settled.members), settled.slots
        self._settled, self._inputs = settled, readings.whole()
        self._who = Memberships(settled.rules)
        self._produces = _producing(settled, readings)
        self.found = Followed(
            np.zeros((len(SOURCES), members), np.int64),
            np.zeros((len(SOURCES), slots.count), np.int64),
            {
                name: np.zeros((len(OF_SUPPLIERS), members), np.int64)
                for name in self._who.suppliers
            },
            np.zeros(members, np.int64),
        )

    def add(self, block: tuple[slice, Slots]) -> None:
        rows, slots = block
        active = self._who.active(slots)[rows]
        if not active.any():
            return
        series, gaps = energy(self._inputs, Block(rows, slots, active), {*SOURCES})
        if gaps:
            lacking = len({gap.member for gap in gaps})
            raise _gone(self._settled, f"readings of {lacking} members are missing now")
        first = (slots.start - self._settled.slots.start) // slots.step
        here = slice(first, first + slots.count)
        for row, name in enumerate(SOURCES):
            if name in series:
                values = series[name].astype(np.int64, copy=False)
                self.found.members_wh[row, rows] += values.sum(axis=1)
                self.found.slots_wh[row, here] += values.sum(axis=0)
        self._supplied(series, rows, slots)
        if self._inputs.share is not None:
            self._allocated(series)

    def _supplied(self, series: dict[str, Ints], rows: slice, slots: Slots) -> None:
        """Add for each supplier what members had while it supplied them.

        Supplies begin and end at local midnights, and a block is within a local day.
        """
        who = self._who
        inside = (who.supply_row >= rows.start) & (who.supply_row < rows.stop)
        inside &= (who.supply_first_s <= slots.start) & (who.supply_end_s >= slots.end)
        for at, name in enumerate(who.suppliers):
            row = who.supply_row[inside & (who.supply_of == at)]
            for side, source in enumerate(OF_SUPPLIERS):
                if source in series:
                    sums = series[source][row - rows.start].sum(axis=1)
                    np.add.at(self.found.supplied_wh[name][side], row, sums)

    def _allocated(self, series: dict[str, Ints]) -> None:
        """Add what coefficients of six decimals allocate; all members are in a block here."""
        nothing = np.zeros_like(series["metered:withdrawal"], dtype=np.int64)
        registers = (series[name] for name in ("metered:withdrawal", "metered:injection"))
        traded = (series.get(name, nothing) for name in ("trade:bought", "trade:sold"))
        surplus, _ = position(*registers, *traded)
        pooled = surplus[self._produces].sum(axis=0)
        ppm = realised(series["shared:in"], pooled)
        told = muldiv(ppm, np.broadcast_to(pooled, ppm.shape), np.asarray(MICRO_PER_UNIT))
        self.found.coefficients_wh[:] += told.sum(axis=1)


def _producing(settled: Settled, readings: RunReadings) -> Ints:
    """Return the rows of members whose surplus is shared."""
    points = {*readings.sharing.producers} if readings.sharing else set[str]()
    rows = [at for at, member in enumerate(settled.rules.members) if member.point in points]
    return np.array(rows, np.int64)


def _blocks(settled: Settled, cells: int) -> Iterator[tuple[slice, Slots]]:
    """Yield blocks of a local day: of all members where energy is shared, of all slots else."""
    members, at = len(settled.members), settled.slots.start
    shared = bool(settled.made.sharing)
    while at < settled.slots.end:
        day = settled.calendar.day(settled.calendar.date_of(at))
        step = max(cells // max(members, 1), 1) if shared else day.count
        most = members if shared else max(cells // day.count, 1)
        for begin in range(0, day.count, step):
            slots = Slots(day.start + begin * day.step, day.step, min(step, day.count - begin))
            for first in range(0, members, max(most, 1)):
                yield slice(first, min(first + most, members)), slots
        at = day.end


def _gone(settled: Settled, problem: str) -> BadInput:
    fix = "bring them back, or make the report that needs only what was booked: gridpact report tax"
    return BadInput([Fault(settled.made.readings, 0, settled.run.period, problem, fix)])
