"""Who is under which clause when, as few groups of rows that share a span.

A period of a million members is mostly one segment: all of them, all of the time. Members who join,
leave or switch suppliers have segments of their own; a tax that changes divides their lines.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

import msgspec
import numpy as np

from gridpact.base.slots import Slots
from gridpact.base.units import Bools, Ints
from gridpact.settlement.periods.rules import Clause, Member, Rules, Span


class Segment(msgspec.Struct, frozen=True):
    """Members ``rows`` [n], ascending, that are under clause ``clause`` over one span."""

    clause: int
    span: Span
    rows: Ints

    def within(self, rows: slice) -> tuple[slice, Ints]:
        """Return where the rows of a block begin and end among these, and which they are."""
        first, last = np.searchsorted(self.rows, (rows.start, rows.stop)).tolist()
        return slice(first, last), self.rows[first:last]


def segments(rules: Rules, period: Span) -> list[Segment]:
    """Return the segments of all clauses of members within a period, clause by clause."""
    found: list[Segment] = []
    spans = [_common(member, period) for member in rules.members]
    names = {member.id: row for row, member in enumerate(rules.members)}
    for number, clause in enumerate(rules.clauses):
        if clause.of != "members":
            continue
        groups: dict[Span, list[int]] = {}
        for row in _rows(clause, names):
            for span in spans_of(rules.members[row], clause, spans[row]):
                groups.setdefault(span, []).append(row)
        for span in sorted(groups):
            found.append(Segment(number, span, np.array(sorted(groups[span]), dtype=np.int64)))
    return found


def _common(member: Member, period: Span) -> Span:
    return member.span & period


def _rows(clause: Clause, names: dict[str, int]) -> Iterable[int]:
    if clause.members is None:
        return range(len(names))
    return [names[name] for name in clause.members if name in names]


def spans_of(member: Member, clause: Clause, within: Span) -> list[Span]:
    """Return the spans over which a member is under a clause, in order; none is empty."""
    common = clause.span & within
    if not clause.supplier:
        return [] if common.empty else [common]
    parts = [
        supply.span & common for supply in member.supplies if supply.supplier == clause.supplier
    ]
    return sorted(part for part in parts if not part.empty)


def active(rules: Rules, slots: Slots) -> Bools:
    """Tell in which slots each member belongs to the community, bool [members, slots].

    One slot wide, [members, 1], where that is the same in all of them.
    """
    first = np.array([member.span.first_s for member in rules.members], dtype=np.int64)
    end = np.array([member.span.end_s for member in rules.members], dtype=np.int64)
    if not np.any((first > slots.start) & (first < slots.end)) and not np.any(
        (end > slots.start) & (end < slots.end)
    ):
        return np.asarray((first <= slots.start) & (end >= slots.end))[:, None]
    starts = slots.starts()
    return np.asarray((first[:, None] <= starts) & (starts < end[:, None]))


def pieces(span: Span, edges: Sequence[int]) -> list[Span]:
    """Divide a span at the edges that lie within it."""
    inner = sorted({edge for edge in edges if span.first_s < edge < span.end_s})
    bounds = [span.first_s, *inner, span.end_s]
    return [Span(first, end) for first, end in pairwise(bounds)]


def place(span: Span, slots: Slots) -> slice:
    """Return the slots of a window that lie within a span, whose edges are slots' own."""
    first = (max(span.first_s, slots.start) - slots.start) // slots.step
    last = (min(span.end_s, slots.end) - slots.start) // slots.step
    return slice(first, max(first, last))


def slots_in(span: Span, step: int) -> Slots:
    """Return the slots of a span."""
    return Slots(span.first_s, step, (span.end_s - span.first_s) // step)
