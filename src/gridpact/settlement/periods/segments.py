"""Who is under which clause when, as few groups of rows that share a span.

A period of a million members is mostly one segment: all of them, all of the time. Members who join,
leave or switch suppliers have segments of their own; a tax that changes divides their lines.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import msgspec
import numpy as np

from gridpact.base.slots import Slots
from gridpact.base.units import Bools, Ints
from gridpact.settlement.periods.rules import Clause, Rules, Span


class Segment(msgspec.Struct, frozen=True):
    """Members ``rows`` [n], ascending, that are under clause ``clause`` over one span."""

    clause: int
    span: Span
    rows: Ints

    def within(self, rows: slice) -> tuple[slice, Ints]:
        """Return where the rows of a block begin and end among these, and which they are."""
        first, last = np.searchsorted(self.rows, (rows.start, rows.stop)).tolist()
        return slice(first, last), self.rows[first:last]


class Memberships:
    """When members belong to the community and who supplies them, as columns.

    ``first_s`` and ``end_s`` are int64 [members]; of supplies int64 [supplies], with the member's
    row and its supplier, a place in ``suppliers``.
    """

    def __init__(self, rules: Rules) -> None:
        self.members = rules.members
        self.first_s = np.array([member.span.first_s for member in rules.members], dtype=np.int64)
        self.end_s = np.array([member.span.end_s for member in rules.members], dtype=np.int64)
        listed = [(row, s) for row, member in enumerate(rules.members) for s in member.supplies]
        self.suppliers = sorted({supply.supplier for _, supply in listed})
        place = {name: at for at, name in enumerate(self.suppliers)}
        self.supply_row = np.array([row for row, _ in listed], dtype=np.int64)
        self.supply_of = np.array([place[s.supplier] for _, s in listed], dtype=np.int64)
        self.supply_first_s = np.array([s.span.first_s for _, s in listed], dtype=np.int64)
        self.supply_end_s = np.array([s.span.end_s for _, s in listed], dtype=np.int64)

    def under(self, clause: Clause, period: Span) -> tuple[Ints, Ints, Ints]:
        """Return rows of members, and from when until when each is under a clause; none empty."""
        if clause.supplier:
            known = clause.supplier in self.suppliers
            at = self.suppliers.index(clause.supplier) if known else -1
            mine = np.flatnonzero(self.supply_of == at)
            rows, first, end = (
                each[mine] for each in (self.supply_row, self.supply_first_s, self.supply_end_s)
            )
        else:
            rows = np.arange(len(self.members), dtype=np.int64)
            first, end = self.first_s, self.end_s
        span = clause.span & period
        first = np.maximum(np.maximum(first, self.first_s[rows]), span.first_s)
        end = np.minimum(np.minimum(end, self.end_s[rows]), span.end_s)
        keep = first < end
        if clause.members is not None:
            named = {*clause.members}
            keep &= np.array([self.members[row].id in named for row in rows], dtype=np.bool_)
        return rows[keep], first[keep], end[keep]

    def active(self, slots: Slots) -> Bools:
        """Tell in which slots each member belongs to the community, bool [members, slots].

        One slot wide, [members, 1], where that is the same in all of them.
        """
        edges = np.concatenate([self.first_s, self.end_s])
        if not np.any((edges > slots.start) & (edges < slots.end)):
            return np.asarray((self.first_s <= slots.start) & (self.end_s >= slots.end))[:, None]
        starts = slots.starts()
        return np.asarray((self.first_s[:, None] <= starts) & (starts < self.end_s[:, None]))


def segments(rules: Rules, who: Memberships, period: Span) -> list[Segment]:
    """Return the segments of all clauses of members within a period, clause by clause."""
    found: list[Segment] = []
    for number, clause in enumerate(rules.clauses):
        if clause.of == "members":
            rows, first, end = who.under(clause, period)
            spans, group = np.unique(np.stack([first, end]), axis=1, return_inverse=True)
            order = np.lexsort((rows, group))
            edges = np.flatnonzero(np.diff(group[order])) + 1
            parts = np.split(rows[order], edges)
            for (begin, until), some in zip(spans.T.tolist(), parts, strict=False):
                found.append(Segment(number, Span(begin, until), some))
    return found


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
