"""Settle an agreement: the cash flows of its terms over the life it really had.

A version counts from its start until it ends: as agreed, when it was terminated, or where the
next version takes over. Slots in which the agreement was suspended do not count at all: their
data are not needed, folds pass over them, and what falls due at the end of a period falls due in
the last slot of it that counts. Where a life begins or ends within a calendar period, the part
counts as a period, so that a termination settles what is open.

Choices are read from the record and nowhere else: a slot that nobody decided has the choice's low
bound, and a value beyond a bound that turned out narrower counts up to it.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from gridpact.agreements.outcomes import Reason, Refused
from gridpact.agreements.record import Chosen, Record, Version, contract_of
from gridpact.base.slots import Slots, iso
from gridpact.base.units import Bools, Ints, checked_add
from gridpact.contracts import cells, periods
from gridpact.contracts.cashflows import Flows
from gridpact.contracts.cells import Cells, all_present, by_segment, point
from gridpact.contracts.errors import PeriodCut
from gridpact.contracts.evaluate import Known, Sheet, World
from gridpact.contracts.legs import legs
from gridpact.contracts.needs import factors, needs, nodes
from gridpact.contracts.observables import Choice, Fold
from gridpact.contracts.terms import Contract

_FOLDS: dict[str, Callable[[Cells], Cells]] = {
    "total": cells.total,
    "running": cells.running,
    "latch": cells.latch,
    "highest": cells.highest,
    "whole": cells.whole,
}
_LOOK_AHEAD = ("total", "whole")
"""Folds of which a slot's value depends on later slots."""


def settle(record: Record, world: World, slots: Slots) -> Flows | Refused:
    """Evaluate an agreement's versions over their lives, within some slots.

    Parameters
    ----------
    record : Record
        Versions that never bound pay nothing. What has not happened yet counts as the record has
        it: a version that runs is settled up to its agreed end.
    world : mapping of name to int64 [..., slots] or Known
        The series that the terms need, on ``slots``; needed only in slots that count. Choices in
        it are not read.
    slots : Slots
        What to settle. Their step is the agreement's; their ends either lie outside a life or on
        the edges of every period that its terms fold over.

    Returns
    -------
    dict of (payer, payee, currency, kind) to int64 [..., slots], as
    :func:`gridpact.contracts.cashflows.cashflows` gives it; or why it is refused: another step.

    Raises
    ------
    PeriodCut
        The slots cut a period within a life; ``all`` is a period as long as the life. Folds that
        look back alone (running, latch, highest) need the begin of a period, not its end.
    MissingSeries and the other errors of :func:`gridpact.contracts.cashflows.cashflows`
    """
    flows: Flows = {}
    for version in record.versions:
        agreement = version.agreement
        begin, end = max(slots.start, agreement.start), min(slots.end, version.ends)
        if version.bound_at < 0 or begin >= end:
            continue
        if agreement.step != slots.step:
            return Refused(
                Reason.OFF_SLOTS,
                f"version {agreement.version} is settled by slots of {agreement.step} s",
            )
        life = Slots(begin, slots.step, (end - begin) // slots.step)
        contract = contract_of(agreement.terms)
        _check_periods(contract, version, life)
        counts = ~record.stands_still(life)
        sheet = LifeSheet(_cut(world, slots, life), life, counts, version.chosen)
        _add(flows, sheet.flows(contract), slots, life)
    return flows


class LifeSheet(Sheet):
    """Evaluates over the slots of a life of which only some count, with recorded choices.

    In a slot that does not count every series reads 0, and no fold looks at it.
    """

    def __init__(
        self, world: World, slots: Slots, counts: Bools, chosen: dict[str, Chosen]
    ) -> None:
        super().__init__(world, slots, cut_periods=True)
        self._counts, self._recorded = counts, chosen

    def flows(self, contract: Contract) -> Flows:
        """Return the cash flows of a contract, 0 in slots that do not count."""
        names = [need.name for need in needs(contract).series]
        self.require(names)
        shape, flows = self.shape(names), Flows()
        for leg in legs(contract):
            if leg.currency:
                amount = np.where(self._counts, self.needed(leg.amount).low, 0)
                key = (leg.giver, leg.taker, leg.currency, leg.kind)
                flows[key] = checked_add(flows[key], amount) if key in flows else amount
        return {key: np.broadcast_to(amount, shape) for key, amount in flows.items()}

    def _bound(self, name: str) -> Cells:
        made = super()._bound(name)
        values = np.where(self._counts, made.low, 0)
        return point(values, None if made.present is None else made.present | ~self._counts)

    def _chosen(self, node: Choice) -> Cells:
        low, high = self.cells(node.low), self.cells(node.high)
        if node.label not in self._recorded:
            return low
        values, decided = self._recorded[node.label].on(self.slots)
        within = np.maximum(np.minimum(values, high.low), low.low)
        either = all_present((low, high))
        if either is not None and low.present is not None:
            either = np.where(decided, either, low.present)
        elif either is not None:
            either = either | ~decided
        return point(np.where(decided, within, low.low), either)

    def _divisor(self, arg: Cells) -> Cells:
        low = np.where(self._counts, arg.low, 1)
        return super()._divisor(point(low, arg.present))

    def _folded(self, node: Fold) -> Cells:
        """Fold over what counts alone; 0 elsewhere, where it is not looked at."""
        if self._counts.all():
            return super()._folded(node)
        found = self._spread(self.cells(node.arg))
        shape = found.low.shape
        kept = point(
            found.low[..., self._counts],
            None if found.present is None else found.present[..., self._counts],
        )
        whole = periods.segments(node.period, self.slots, cut=True)
        ends = np.cumsum(self._counts)[[segment.stop - 1 for segment in whole]].tolist()
        parts = [
            slice(first, last)
            for first, last in zip([0, *ends], ends, strict=False)
            if first < last
        ]
        folded = by_segment(_FOLDS[node.how], kept, parts or [slice(0, 0)])
        low = np.zeros(shape, np.int64)
        low[..., self._counts] = folded.low
        if folded.present is None:
            return point(low)
        present = np.ones(shape, np.bool_)
        present[..., self._counts] = folded.present
        return point(low, present)


def _check_periods(contract: Contract, version: Version, part: Slots) -> None:
    """Raise PeriodCut where a part of a life begins or ends in the midst of a period."""
    folds = {(n.how, n.period) for n in nodes(factors(contract)) if isinstance(n, Fold)}
    cut: list[tuple[str, int]] = []
    if part.start != version.agreement.start:
        cut += [(period, part.start) for _, period in folds]
    if part.end != version.ends:
        cut += [(period, part.end) for how, period in folds if how in _LOOK_AHEAD]
    for period, edge in sorted(cut):
        around = Slots(edge - part.step, part.step, 2)
        if len(periods.segments(period, around, cut=True)) == 1:
            raise PeriodCut(period, iso(edge))


def _cut(world: World, slots: Slots, life: Slots) -> World:
    """Return every series on a part of the slots."""
    first = (life.start - slots.start) // slots.step
    part = slice(first, first + life.count)
    found: dict[str, Ints | Known] = {}
    for name, entry in world.items():
        values = entry.values if isinstance(entry, Known) else entry
        if values.shape[-1:] != (slots.count,):
            shape = list(values.shape)
            raise TypeError(f"series {name!r} must be [..., {slots.count}], got {shape}")
        if isinstance(entry, Known):
            present = np.broadcast_to(entry.present, values.shape)
            found[name] = Known(values[..., part], present[..., part])
        else:
            found[name] = values[..., part]
    return found


def _add(flows: Flows, found: Flows, slots: Slots, life: Slots) -> None:
    """Put the flows of a part of the slots into those of all."""
    first = (life.start - slots.start) // slots.step
    for key, amount in found.items():
        whole = np.zeros((*amount.shape[:-1], slots.count), np.int64)
        whole[..., first : first + life.count] = amount
        flows[key] = checked_add(flows[key], whole) if key in flows else whole
