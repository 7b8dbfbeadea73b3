"""A line followed back to the slots that it adds up, and to the energy in them.

A line is traced on its own: its cash flow is read slot by slot over the span that its terms look
at, whichever way the period was added up, and what other members have is read only where a sharing
key or a balance group makes the line depend on it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import msgspec
import numpy as np

from gridpact.base.slots import Calendar, Slots
from gridpact.base.units import Ints, checked_add, checked_sum
from gridpact.contracts.evaluate import Known, World
from gridpact.settlement.allocation import Allocation
from gridpact.settlement.lines import Head, Lines
from gridpact.settlement.periods.adding import CELLS, read, world_of
from gridpact.settlement.periods.energy import (
    BOUGHT,
    OF_FILES,
    OF_MEMBERS,
    SOLD,
    SOURCES,
    Block,
    Gap,
    Inputs,
    Share,
    energy,
    of_all,
)
from gridpact.settlement.periods.grouping import Entity, bound, entities, series_of
from gridpact.settlement.periods.rules import Clause, Rules, Span
from gridpact.settlement.periods.segments import (
    Memberships,
    pieces,
    place,
    segments,
    slots_in,
)
from gridpact.settlement.periods.terms import Flow, flows

REGISTERS = SOURCES[:2]
DIVIDED = frozenset(SOURCES) - {*REGISTERS, BOUGHT, SOLD}
"""Series that say what became of energy after trades: shared, left for the supplier, networks."""


class Shared(NamedTuple):
    """What a sharing key was given and gave, of all members together, int64 [slots] in Wh."""

    over_wh: Ints
    needed_wh: Ints
    shared_wh: Ints


class Traced(msgspec.Struct, frozen=True):
    """A line and the slots of its span, in which its amounts add up to it.

    ``nano`` [nano-¤] and ``energy_wh`` are int64 [slots]. ``series`` are those of the owner and
    ``prices`` those that are the same for all, on the same slots, as far as the cash flow reads
    them or they follow the energy that it reads. ``shared`` is what the sharing key divided, None
    where the line does not depend on it. ``members`` are the rows of those whose readings are
    behind the line, and ``gaps`` are readings that are missing; then the amounts are none.
    """

    clause: Clause
    flow: Flow
    slots: Slots
    nano: Ints
    energy_wh: Ints
    series: dict[str, Ints]
    prices: dict[str, Ints]
    shared: Shared | None
    members: tuple[int, ...]
    gaps: tuple[Gap, ...] = ()


class NotTracedError(ValueError):
    """No clause of the rules has the line."""


def alone(rules: Rules, row: int) -> Rules:
    """Return the rules for one member, as if there were nobody else."""
    return msgspec.structs.replace(rules, members=(rules.members[row],), groups=())


def depends_on_others(rules: Rules, inputs: Inputs, head: Head, *, shared: bool) -> bool:
    """Tell whether lines of a head depend on what other members have than their owner.

    ``shared`` says whether a key divides energy; inputs may be those of the owner alone. Raises
    NotTracedError where no clause of the rules has such lines.
    """
    clause, flow = _found(rules, inputs, head)
    return clause.of != "members" or (shared and _is_divided(flow))


def trace(rules: Rules, period: Slots, inputs: Inputs, lines: Lines, row: int) -> Traced:
    """Trace a line of a period settled by some rules.

    ``lines`` are of the clauses, not of taxes. Where the line does not depend on others, rules and
    inputs may be those of its owner alone.

    Raises
    ------
    NotTracedError
        No clause of the rules has the line.
    MissingSeries
        A price is missing that was there when the period was settled.
    NumberOverflow
        An amount does not fit 64 bits.
    """
    head, owner = lines.heads[lines.head[row]], lines.owners[lines.owner[row]]
    span = Span(int(lines.first_s[row]), int(lines.end_s[row]))
    clause, flow = _found(rules, inputs, head)
    tracer = _Tracer(rules, period, inputs, flow)
    if clause.of == "members":
        tracer.read_member(clause, owner, span)
    else:
        tracer.read_entity(clause, owner)
    return tracer.traced(clause, span)


def _found(rules: Rules, inputs: Inputs, head: Head) -> tuple[Clause, Flow]:
    """Return the clause and the cash flow whose lines have a head."""
    own = {*OF_MEMBERS} - {*OF_FILES} | {*inputs.own}
    for clause in rules.clauses:
        if clause.name == head.clause:
            for flow in flows(rules, clause, own):
                if head in _heads(rules, clause, flow):
                    return clause, flow
    raise NotTracedError(f"no clause of the rules has lines {head.name}")


def _heads(rules: Rules, clause: Clause, flow: Flow) -> Iterator[Head]:
    """Yield the heads that lines of a cash flow have."""
    if clause.of == "members":
        yield flow.head
        return
    for entity in entities(rules):
        if entity.of == clause.of:
            yield bound(flow, entity.responsible)


def _is_shared(inputs: Inputs, flow: Flow) -> bool:
    return inputs.share is not None and _is_divided(flow)


def _is_divided(flow: Flow) -> bool:
    return not DIVIDED.isdisjoint(map(of_all, flow.needs))


class _Tracer:
    """Reads the span of one cash flow of one owner."""

    def __init__(self, rules: Rules, period: Slots, inputs: Inputs, flow: Flow) -> None:
        self._rules, self._period, self._inputs, self._flow = rules, period, inputs, flow
        self._needed = {of_all(name) for name in flow.needs}
        if not DIVIDED.isdisjoint(self._needed):
            self._needed |= {*SOURCES}
        self._series: dict[str, Ints] = {}
        self._shared: list[Shared] = []
        self._gaps: list[Gap] = []
        self._members: tuple[int, ...] = ()
        self._window = period

    def read_member(self, clause: Clause, owner: str, span: Span) -> None:
        """Read the energy of one member over the span in which a clause's terms look at it."""
        row = next(n for n, member in enumerate(self._rules.members) if member.id == owner)
        own = msgspec.structs.replace(alone(self._rules, row), clauses=(clause,))
        whole = Span(self._period.start, self._period.end)
        mine = [each.span for each in segments(own, Memberships(own), whole)]
        around = next((each for each in mine if (each & span) == span), None)
        if around is None:
            raise NotTracedError(f"{owner} is not under {clause.name} in the span of the line")
        self._window, self._members = slots_in(around, self._rules.step_s), (row,)
        shared = _is_shared(self._inputs, self._flow)
        rows = slice(0, len(self._rules.members)) if shared else slice(row, row + 1)
        for found, block in self._blocks(rows, self._needed):
            at = row - block.rows.start
            self._put(block, {name: values[at] for name, values in found.items()})
        self._gaps = [gap for gap in self._gaps if shared or gap.member == row]

    def read_entity(self, clause: Clause, owner: str) -> None:
        """Read the energy of a balance group, or what a party activated."""
        entity = next(each for each in entities(self._rules) if each.owner == owner)
        span = clause.span & Span(self._period.start, self._period.end)
        self._window = slots_in(span, self._rules.step_s)
        self._members = tuple(entity.rows.tolist())
        for found, block in self._blocks(slice(0, len(self._rules.members)), self._wanted(entity)):
            rows = entity.rows[(entity.rows >= block.rows.start) & (entity.rows < block.rows.stop)]
            mine = {
                name: checked_sum(values[rows - block.rows.start].astype(np.int64), axis=0)
                for name, values in series_of(entity, found).items()
            }
            self._put(block, mine)

    def _wanted(self, entity: Entity) -> set[str]:
        changed = {f"activated:{entity.name}"} if entity.of == "activations" else set[str]()
        return self._needed | changed | {"metered:net", "plan:held", "imbalance:deviation"}

    def _blocks(self, rows: slice, needed: set[str]) -> Iterator[tuple[dict[str, Ints], Block]]:
        """Yield the energy of some members, a day at a time and of all of them where it is one."""
        who = Memberships(self._rules)
        inputs = msgspec.structs.replace(self._inputs, share=self._share())
        wanted = needed & ({*OF_MEMBERS} - {*OF_FILES} | {*self._inputs.own})
        for slots in self._stretches():
            active = who.active(slots)
            together = rows.stop - rows.start
            step = together if inputs.share else max(CELLS // slots.count, 1)
            for first in range(rows.start, rows.stop, step):
                block_rows = slice(first, min(first + step, rows.stop))
                block = Block(block_rows, slots, active[block_rows])
                found, gaps = energy(inputs, block, wanted)
                self._gaps += gaps
                yield found, block

    def _share(self) -> Share | None:
        """Return the sharing key, noting what it divides; None where it does not matter."""
        divide = self._inputs.share
        if divide is None or not _is_shared(self._inputs, self._flow):
            return None

        def share(slots: Slots, surplus_wh: Ints, need_wh: Ints) -> Allocation:
            found = divide(slots, surplus_wh, need_wh)
            sums = (checked_sum(each, axis=0) for each in (surplus_wh, need_wh, found.in_wh))
            self._shared.append(Shared(*sums))
            return found

        return share

    def _stretches(self) -> list[Slots]:
        """Return the local days of the window."""
        calendar, edges = Calendar(self._rules.timezone, self._rules.step_s), []
        at = self._window.start
        while at < self._window.end:
            edges.append(at)
            at = calendar.day(calendar.date_of(at)).end
        span = Span(self._window.start, self._window.end)
        return [slots_in(piece, self._window.step) for piece in pieces(span, edges)]

    def _put(self, block: Block, values: Mapping[str, Ints]) -> None:
        """Lay the energy of a block on the window; that of other members in its slots is added."""
        here = place(Span(block.slots.start, block.slots.end), self._window)
        for name, mine in values.items():
            if name not in self._series:
                self._series[name] = np.zeros(self._window.count, np.int64)
            whole = self._series[name][here]
            whole[:] = checked_add(whole, mine.astype(np.int64)) if block.rows.start else mine

    def traced(self, clause: Clause, span: Span) -> Traced:
        """Return the line's slots, cut from all that its terms look at."""
        within, count = place(span, self._window), self._window.count
        here = place(Span(self._window.start, self._window.end), self._period)
        own = {name: values[None] for name, values in self._series.items()}
        world = world_of(self._flow, own, self._inputs.prices, here)
        amounts = [np.zeros(count, np.int64)] * 2
        if not self._gaps:
            found = read(self._flow, world, self._window)
            amounts = [np.broadcast_to(np.atleast_2d(each)[0], count) for each in found]
        shared = [np.concatenate(each)[within] for each in zip(*self._shared, strict=True)]
        return Traced(
            clause=clause,
            flow=self._flow,
            slots=slots_in(span, self._rules.step_s),
            nano=amounts[0][within],
            energy_wh=amounts[1][within],
            series={name: values[within] for name, values in self._series.items()},
            prices=_prices(world, {*self._inputs.prices} & self._flow.needs, within),
            shared=Shared(*shared) if shared else None,
            members=self._members,
            gaps=tuple(self._gaps),
        )


def _prices(world: World, names: set[str], within: slice) -> dict[str, Ints]:
    found = {}
    for name in sorted(names):
        series = world[name]
        found[name] = (series.values if isinstance(series, Known) else series)[..., within]
    return found
