"""Amounts of a period added up block by block, for every cash flow, segment and piece of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np

from gridpact.base.slots import Slots, overlap
from gridpact.base.units import Ints, checked_add, checked_sum
from gridpact.contracts.cashflows import cashflows
from gridpact.contracts.evaluate import Known, World
from gridpact.settlement.periods.energy import Block, of_all
from gridpact.settlement.periods.rules import Span
from gridpact.settlement.periods.segments import Segment, place, slots_in
from gridpact.settlement.periods.terms import Flow
from gridpact.settlement.periods.weights import Column, Weights

CELLS = 1 << 20
"""Members times slots that are worked on at a time."""


class Part(NamedTuple):
    """A cash flow of a segment, divided at ``pieces``: amounts and energy [pieces, members]."""

    flow: Flow
    segment: Segment
    pieces: tuple[Span, ...]
    money: tuple[Column, ...]
    energy: tuple[Column, ...]
    nano: Ints
    energy_wh: Ints


def part_of(flow: Flow, segment: Segment, pieces: list[Span], weights: Weights) -> Part:
    """Return an empty part, its weights put among the period's; raises as :meth:`Weights.add`."""
    shape = (len(pieces), len(segment.rows))
    nano, energy = np.zeros((2, *shape), np.int64)
    money, counted = (
        tuple(weights.add(each, segment.span) for each in some)
        for some in (flow.money, flow.energy)
    )
    return Part(flow, segment, tuple(pieces), money, counted, nano, energy)


def add_sums(parts: list[Part], sums: Mapping[str, Ints], block: Block) -> None:
    """Add the weighted sums of a block, by series [members of the block, columns]."""
    for part in parts:
        into, rows = part.segment.within(block.rows)
        if into.start == into.stop:
            continue
        rows = rows - block.rows.start
        for number, piece in enumerate(part.pieces):
            if _meets(piece, block.slots):
                _add(part.energy_wh[number, into], part.energy, sums, rows)
                _add(part.nano[number, into], part.money, sums, rows)


def _meets(piece: Span, slots: Slots) -> bool:
    """Tell whether a block lies in a piece; blocks are of one local day, and so lie in or out."""
    return piece.first_s <= slots.start and slots.end <= piece.end_s


def _add(total: Ints, columns: tuple[Column, ...], sums: Mapping[str, Ints], rows: Ints) -> None:
    for column in columns:
        total[:] = checked_add(total, sums[column.series][rows, column.at])


def add_slots(
    part: Part, found: Mapping[str, Ints], prices: World, slots: Slots, block: Block
) -> None:
    """Add the amounts of terms that are read slot by slot, from the series of a block."""
    into, rows = part.segment.within(block.rows)
    inside = [at for at, piece in enumerate(part.pieces) if _meets(piece, block.slots)]
    if part.flow.way != "slots" or into.start == into.stop or not inside:
        return
    here, _ = overlap(slots, block.slots)
    names = {of_all(name) for name in part.flow.needs} & found.keys()
    own = {
        name: found[name][rows - block.rows.start].astype(np.int64, copy=False) for name in names
    }
    amount, energy = read(part.flow, world_of(part.flow, own, prices, here), block.slots)
    _put(part.nano[inside[0], into], amount)
    _put(part.energy_wh[inside[0], into], energy)


def add_spans(part: Part, spool: Mapping[str, Ints], prices: World, slots: Slots) -> None:
    """Add the amounts of terms that are read over a whole span; ``spool`` is of all members."""
    if part.flow.way != "span":
        return
    window, here = slots_in(part.segment.span, slots.step), place(part.segment.span, slots)
    names = {of_all(name) for name in part.flow.needs} & spool.keys()
    for some in _blocks(len(part.segment.rows), window.count):
        rows = part.segment.rows[some]
        own = {name: spool[name][rows, here] for name in names}
        amount, energy = read(part.flow, world_of(part.flow, own, prices, here), window)
        for number, piece in enumerate(part.pieces):
            within = place(piece, window)
            _put(part.nano[number, some], amount[..., within])
            _put(part.energy_wh[number, some], energy[..., within])


def _put(total: Ints, amount: Ints) -> None:
    sums = checked_sum(amount, axis=-1)
    total[:] = checked_add(total, np.broadcast_to(sums, total.shape))


def _blocks(members: int, slots: int) -> Iterator[slice]:
    step = max(CELLS // max(slots, 1), 1)
    for first in range(0, members, step):
        yield slice(first, min(first + step, members))


def world_of(flow: Flow, own: Mapping[str, Ints], prices: World, here: slice) -> World:
    """Return the series of a flow under the names that its contract has for them.

    Members' series ``own`` are by name without a method's version; ``here`` are the slots of
    prices that they are on.
    """
    world: dict[str, Ints | Known] = {
        name: _cut(prices[name], here) for name in flow.needs & prices.keys()
    }
    world.update({name: own[of_all(name)] for name in flow.needs if of_all(name) in own})
    return world


def read(flow: Flow, world: World, slots: Slots) -> tuple[Ints, Ints]:
    """Read one cash flow [nano-¤] and the energy behind it [Wh], [members, slots] or [slots].

    Raises as cash flows do.
    """
    (amount,) = cashflows(flow.contract, world, slots, cut_periods=True).values()
    if flow.counted is None:
        return amount, np.zeros(slots.count, np.int64)
    (energy,) = cashflows(flow.counted, world, slots, cut_periods=True).values()
    return amount, energy


def _cut(series: Ints | Known, here: slice) -> Ints | Known:
    if isinstance(series, Known):
        present = np.broadcast_to(series.present, series.values.shape)
        return Known(series.values[..., here], present[..., here])
    return series[..., here]
