"""Balance groups, and parties that activated: what members deviate together.

A group's deviation is the sum of its members', so that what one has too much helps another who
has too little. A party that changed members' plans carries what it changed: members are held to
the plan as changed, and the party to having changed nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import msgspec
import numpy as np

from gridpact.base.slots import Slots
from gridpact.base.units import Ints, checked_add, checked_sum
from gridpact.contracts.evaluate import World
from gridpact.settlement.lines import MEMBER, Head, Lines, joined
from gridpact.settlement.periods.adding import read, world_of
from gridpact.settlement.periods.checks import edges_of
from gridpact.settlement.periods.energy import (
    ACTIVATED,
    DEVIATION,
    HELD,
    NET,
    PLANNED,
    Block,
    of_all,
)
from gridpact.settlement.periods.lacking import Lacking
from gridpact.settlement.periods.rules import Rules, Span
from gridpact.settlement.periods.segments import pieces, place, slots_in
from gridpact.settlement.periods.taxing import rounded
from gridpact.settlement.periods.terms import Flow


class Entity(NamedTuple):
    """A balance group, or a party that activated: ``responsible`` settles for members ``rows``."""

    of: str
    name: str
    responsible: str
    rows: Ints

    @property
    def owner(self) -> str:
        """Owner of its lines, such as ``group:lane`` or ``activation:dso``."""
        return f"{self.of.removesuffix('s')}:{self.name}"


class Groups:
    """Series of balance groups and activating parties, added up while a period is read."""

    def __init__(self, rules: Rules, period: Slots, some: Sequence[Flow]) -> None:
        self._rules, self._slots, self._flows = rules, period, some
        kinds = {clause.name: clause.of for clause in rules.clauses}
        self._of = {flow.head.clause: kinds[flow.head.clause] for flow in some}
        self._entities = [each for each in entities(rules) if each.of in self._of.values()]
        self._names = {of_all(name) for flow in some for name in flow.needs}
        self._sums: dict[tuple[str, str], Ints] = {}

    @property
    def needed(self) -> set[str]:
        """Series of members that are added up."""
        changed = {f"{ACTIVATED}{party}" for party in self._rules.activating}
        wanted = self._names | {NET, HELD, DEVIATION, PLANNED} if self._entities else set()
        return wanted | (changed if "activations" in self._of.values() else set())

    def add(self, found: Mapping[str, Ints], block: Block) -> None:
        """Add a block's series of members."""
        here = place(Span(block.slots.start, block.slots.end), self._slots)
        for entity in self._entities:
            rows = entity.rows[(entity.rows >= block.rows.start) & (entity.rows < block.rows.stop)]
            for name, values in series_of(entity, found).items():
                empty = np.zeros(self._slots.count, np.int64)
                total = self._sums.setdefault((entity.owner, name), empty)
                mine = checked_sum(values[rows - block.rows.start], axis=0)
                total[here] = checked_add(total[here], mine)

    def lines(self, prices: World, lacking: Lacking) -> Lines:
        """Return the lines of all groups and activating parties; notes prices that lack."""
        found: list[Lines] = []
        for flow in self._flows:
            for entity in self._entities:
                if entity.of == self._of[flow.head.clause]:
                    with lacking.noted(flow):
                        found += self._lines(flow, entity, prices)
        return joined(found)

    def _lines(self, flow: Flow, entity: Entity, prices: World) -> Iterator[Lines]:
        """Yield a cash flow's lines of one entity, a line for each piece of its span."""
        clause = next(each for each in self._rules.clauses if each.name == flow.head.clause)
        span = clause.span & Span(self._slots.start, self._slots.end)
        if span.empty or not any(owner == entity.owner for owner, _ in self._sums):
            return  # over before the period begins, or nobody belongs to the community in it
        window, here = slots_in(span, self._slots.step), place(span, self._slots)
        own = {
            name: values[None, here]
            for (owner, name), values in self._sums.items()
            if owner == entity.owner
        }
        found = read(flow, world_of(flow, own, prices, here), window)
        amount, energy = (np.atleast_2d(each) for each in found)
        head = bound(flow, entity.responsible)
        edges = [
            at
            for tax in self._rules.taxes
            if tax.name in flow.head.taxes
            for at in edges_of(tax, span)
        ]
        for piece in pieces(span, edges):
            cut = place(piece, window)
            sums = (checked_sum(energy[:, cut], axis=-1), checked_sum(amount[:, cut], axis=-1))
            whose = ((entity.owner,), np.zeros(1, np.int64))
            yield rounded(self._rules, head, piece, whose, sums)


def entities(rules: Rules) -> Iterator[Entity]:
    """Yield the balance groups and the activating parties of some rules."""
    rows = {member.id: row for row, member in enumerate(rules.members)}
    for group in rules.groups:
        mine = np.array(sorted(rows[name] for name in group.members), dtype=np.int64)
        yield Entity("groups", group.name, group.responsible, mine)
    for party in rules.activating:
        yield Entity("activations", party, party, np.arange(len(rows), dtype=np.int64))


def series_of(entity: Entity, found: Mapping[str, Ints]) -> dict[str, Ints]:
    """Return members' series as they count for an entity."""
    if entity.of == "groups":
        return {name: values for name, values in found.items() if not name.startswith(ACTIVATED)}
    changed = found[f"{ACTIVATED}{entity.name}"]
    return {NET: changed, HELD: np.zeros_like(changed), DEVIATION: changed}


def bound(flow: Flow, responsible: str) -> Head:
    """Return a flow's head with the responsible party in place of the member."""
    head = flow.head
    payer, payee = (responsible if side == MEMBER else side for side in (head.payer, head.payee))
    return msgspec.structs.replace(head, payer=payer, payee=payee)
