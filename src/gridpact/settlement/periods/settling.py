"""A billing period settled: from readings to lines, in one pass over blocks of members and slots.

Energy is followed slot by slot to its sources, and every clause's cash flows are summed exactly
[nano-¤] over each member's span. The sums are rounded once. Neither how the period is cut into
blocks nor the order in which they come can change a line.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import numpy as np

from gridpact.base.slots import Calendar, Slots
from gridpact.base.units import Ints
from gridpact.settlement.lines import Lines, joined, nonzero
from gridpact.settlement.periods import checks
from gridpact.settlement.periods.adding import (
    CELLS,
    Part,
    add_slots,
    add_spans,
    add_sums,
    part_of,
)
from gridpact.settlement.periods.energy import (
    OF_FILES,
    OF_MEMBERS,
    SOURCES,
    Block,
    Gap,
    Inputs,
    energy,
    of_all,
)
from gridpact.settlement.periods.grouping import Groups
from gridpact.settlement.periods.lacking import Lacking
from gridpact.settlement.periods.rules import Rules, Span
from gridpact.settlement.periods.segments import Memberships, pieces, segments, slots_in
from gridpact.settlement.periods.taxing import lines_of, taxed
from gridpact.settlement.periods.terms import Flow, flows
from gridpact.settlement.periods.weights import Weights


class Settled(msgspec.Struct, frozen=True):
    """A period's lines, and where members' energy came from and went.

    ``energy_wh`` is int64 [sources, members] in the order of
    :data:`~gridpact.settlement.periods.energy.SOURCES` and of the rules' members.
    """

    lines: Lines
    energy_wh: Ints


def settle(rules: Rules, period: Slots, inputs: Inputs, *, cells: int = CELLS) -> Settled:
    """Settle a billing period.

    Parameters
    ----------
    rules : Rules
        Who owes what to whom.
    period : Slots
        Whole local days of the rules' time zone.
    inputs : Inputs
        Readings, prices, plans and the sharing key.
    cells : int
        Members times slots that are worked on at a time; it does not change the result.

    Raises
    ------
    BadInput
        Lists everything that is missing or does not fit: readings, tariffs, rates, series.
    NumberOverflow
        An amount does not fit 64 bits.
    """
    whole = _Period(rules, period, inputs)
    gaps = whole.read(cells)
    found = whole.settled()
    faults = [*checks.told_gaps(rules, gaps), *whole.lacking.problems()]
    if faults:
        raise checks.refuse(rules, faults)
    return found


class _Period:
    """Everything that is added up while a period is read."""

    def __init__(self, rules: Rules, period: Slots, inputs: Inputs) -> None:
        self._rules, self._slots, self._inputs = rules, period, inputs
        self._span = Span(period.start, period.end)
        self._own = {*OF_MEMBERS} - {*OF_FILES} | {*inputs.own}
        self.lacking, self._who = Lacking(), Memberships(rules)
        compiled = {
            number: flows(rules, clause, self._own) for number, clause in enumerate(rules.clauses)
        }
        self._check(compiled)
        self._weights = Weights(inputs.prices, period)
        self._parts = self._made(compiled)
        beside = [
            each
            for n, some in compiled.items()
            if rules.clauses[n].of != "members"
            for each in some
        ]
        self._groups = Groups(rules, period, beside)
        self._ones = {name: self._weights.add_all(name) for name in SOURCES}
        self._energy = np.zeros((len(SOURCES), len(rules.members)), np.int64)
        self._spool = self._spooled()

    def _check(self, compiled: dict[int, list[Flow]]) -> None:
        every = [flow for some in compiled.values() for flow in some]
        found = [
            *checks.problems(self._rules, self._who, self._span),
            *checks.unknown_series(every, {*self._inputs.prices}, self._own),
            *checks.parties_unknown(self._rules, every),
        ]
        if found:
            raise checks.refuse(self._rules, found)

    def _made(self, compiled: dict[int, list[Flow]]) -> list[Part]:
        """Return the parts of members' clauses; notes every price that lacks a value."""
        edges = {tax.name: checks.edges_of(tax, self._span) for tax in self._rules.taxes}
        found = list[Part]()
        for segment in segments(self._rules, self._who, self._span):
            for flow in compiled[segment.clause]:
                cut = pieces(segment.span, [at for name in flow.head.taxes for at in edges[name]])
                with self.lacking.noted(flow):
                    found.append(part_of(flow, segment, cut, self._weights))
        return found

    def _spooled(self) -> dict[str, Ints]:
        """Room for the series of terms that look over many slots, of all members."""
        names = {
            of_all(name)
            for part in self._parts
            if part.flow.way == "span"
            for name in part.flow.needs
            if of_all(name) in self._own
        }
        shape = len(self._rules.members), self._slots.count
        return {name: np.zeros(shape, np.int64) for name in sorted(names)}

    def _needed(self) -> set[str]:
        names = {of_all(name) for part in self._parts for name in part.flow.needs}
        return (names | {*SOURCES} | self._groups.needed) & self._own

    def read(self, cells: int) -> list[Gap]:
        """Read the period block by block; return what is missing."""
        needed, gaps = self._needed(), list[Gap]()
        for block in self._blocks(cells):
            if not block.active.any():
                continue
            found, missing = energy(self._inputs, block, needed)
            gaps += missing
            self._add(found, block)  # with gaps as well: prices that lack are told beside them
        return gaps

    def _blocks(self, cells: int) -> Iterator[Block]:
        """Yield blocks within one stretch of slots: of all members where energy is shared."""
        members = len(self._rules.members)
        shared = self._inputs.share is not None
        for stretch in self._stretches():
            most = members if shared else max(cells // max(stretch.count, 1), 1)
            step = max(cells // max(members, 1), 1) if shared else stretch.count
            for begin in range(0, stretch.count, step):
                count = min(step, stretch.count - begin)
                slots = Slots(stretch.start + begin * stretch.step, stretch.step, count)
                for first in range(0, members, max(most, 1)):
                    rows = slice(first, min(first + most, members))
                    yield Block(rows, slots, self._who.active(slots)[rows])

    def _stretches(self) -> list[Slots]:
        """Local days, cut where a part begins or ends, so that a block is in a part or out."""
        edges = {at for part in self._parts for p in part.pieces for at in (p.first_s, p.end_s)}
        calendar, at = Calendar(self._rules.timezone, self._rules.step_s), self._slots.start
        while at < self._slots.end:
            edges.add(at)
            at = calendar.day(calendar.date_of(at)).end
        return [slots_in(piece, self._slots.step) for piece in pieces(self._span, sorted(edges))]

    def _add(self, found: dict[str, Ints], block: Block) -> None:
        sums = {
            name: self._weights.sums(name, found[name], block.slots)
            for name in self._weights.series
            if name in found
        }
        for row, name in enumerate(SOURCES):
            if name in sums:
                self._energy[row, block.rows] += sums[name][:, self._ones[name].at]
        add_sums(self._parts, sums, block)
        for part in self._parts:
            with self.lacking.noted(part.flow):
                add_slots(part, found, self._inputs.prices, self._slots, block)
        begin = (block.slots.start - self._slots.start) // block.slots.step
        for name, room in self._spool.items():
            room[block.rows, begin : begin + block.slots.count] = found[name]
        self._groups.add(found, block)

    def settled(self) -> Settled:
        """Read what looks over many slots, round, and tax."""
        for part in self._parts:
            with self.lacking.noted(part.flow):
                add_spans(part, self._spool, self._inputs.prices, self._slots)
        own = self._groups.lines(self._inputs.prices, self.lacking)
        lines = [*lines_of(self._rules, self._parts), own]
        self._parts.clear()  # what they hold is in the lines now
        lines += taxed(self._rules, lines, self._span)
        return Settled(nonzero(joined(lines)), self._energy)
