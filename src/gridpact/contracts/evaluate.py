"""Evaluate observables over slots and a world of named series; shared by the readings.

Every distinct node is computed once per sheet, whole arrays at a time: leading axes broadcast, so
one template serves thousands of members.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

import numpy as np

from gridpact.base.errors import GridpactError, MissingSeries, NumberOverflow
from gridpact.base.slots import Slots
from gridpact.base.units import INT64_MAX, Bools, Ints, magnitude
from gridpact.contracts import cells, periods, times
from gridpact.contracts.cells import Cells
from gridpact.contracts.errors import ChoiceOutOfBounds, DivisorNotPositive, IllFormed, NotOnSlots
from gridpact.contracts.needs import children
from gridpact.contracts.observables import (
    Choice,
    Const,
    Fold,
    Observable,
    Op,
    Profile,
    Series,
)
from gridpact.contracts.times import Between, LocalTime


@dataclass(frozen=True, slots=True, eq=False)
class Known:
    """int64 ``values`` [..., slots] and where they are ``present`` (bool, broadcastable)."""

    values: Ints
    present: Bools


World: TypeAlias = Mapping[str, "Ints | Known"]

_OPS: dict[str, Callable[[Sequence[Cells]], Cells]] = {
    "+": cells.add,
    "-": cells.subtract,
    "max": cells.largest,
    "min": cells.smallest,
    ">=": cells.at_least,
    "filled": cells.filled,
}
_FOLDS: dict[str, Callable[[Cells], Cells]] = {
    "total": cells.total,
    "running": cells.running,
    "latch": cells.latch,
    "highest": cells.highest,
    "whole": cells.whole,
}


class Sheet:
    """Values of observables under one world and one run of slots, each computed once.

    With ``open_choices`` a choice that the world does not bind reads as its bounds; otherwise it
    is missing like any series, under the name ``choice:<label>``. With ``cut_periods`` the parts
    of calendar periods at both ends of the slots count as periods; otherwise they raise PeriodCut.
    """

    def __init__(
        self, world: World, slots: Slots, *, open_choices: bool = False, cut_periods: bool = False
    ) -> None:
        self.world = world
        self.slots = slots
        self.open_choices = open_choices
        self.cut_periods = cut_periods
        self._number: dict[int, int] = {}
        self._same: dict[object, int] = {}
        self._values: list[Cells] = []
        self._alive: list[Observable] = []  # keeps the objects whose id() is a key

    def cells(self, node: Observable) -> Cells:
        """Return a node's value; its absent cells are marked, not raised."""
        return self._values[self._numbered(node)]

    def needed(self, node: Observable) -> Cells:
        """Return a node's value; raise MissingSeries where any of it is absent."""
        found = self.cells(node)
        if found.present is not None and not found.present.all():
            raise self._blame(node, ~found.present)
        return found

    def require(self, names: Sequence[str]) -> None:
        """Raise MissingSeries for the first name that the world does not hold at all."""
        for name in names:
            if name not in self.world:
                raise MissingSeries(name, self.slots.starts().tolist())

    def shape(self, names: Sequence[str]) -> tuple[int, ...]:
        """Return the common shape [..., slots] of some series of the world."""
        arrays = [np.shape(_known(self.world[name])[0]) for name in names]
        return np.broadcast_shapes((self.slots.count,), *arrays)

    def _numbered(self, node: Observable) -> int:
        """Compute what is not yet known below a node, children first, without recursion."""
        pending = [node]
        while pending:
            top = pending[-1]
            below = [child for child in children(top) if id(child) not in self._number]
            pending.extend(below)
            if not below:
                pending.pop()
                self._compute(top)
        return self._number[id(node)]

    def _compute(self, node: Observable) -> None:
        if id(node) in self._number:
            return
        # Equal subterms share one value even when parsing made them separate objects.
        key = self._key(node)
        if key not in self._same:
            self._values.append(self._value(node))
            self._same[key] = len(self._values) - 1
        self._number[id(node)] = self._same[key]
        self._alive.append(node)

    def _key(self, node: Observable) -> object:
        below = tuple(self._number[id(child)] for child in children(node))
        match node:
            case Op(kind):
                return (kind, below)
            case Fold(how, period):
                return (how, period, below)
            case Choice(label, by, notice_s=notice_s, unit=unit):
                return (label, by, notice_s, unit, below)
        return node

    def _value(self, node: Observable) -> Cells:
        match node:
            case Const() | Profile() | Between() | LocalTime():
                values = literal(node, self.slots)
                return cells.point(values, None, magnitude(values))
            case Series(name):
                return self._bound(name)
            case Choice():
                return self._chosen(node)
            case Op():
                return self._operation(node)
            case Fold():
                return self._folded(node)
        raise IllFormed(f"{node!r} is not an observable")

    def _operation(self, node: Op) -> Cells:
        args = [self.cells(arg) for arg in node.args]
        if node.kind == "*":
            gaps = any(arg.present is not None for arg in args)
            absorbing = masks_of(node) if gaps else []
            return cells.multiply(args, [self.cells(mask) for mask in absorbing])
        if node.kind == "muldiv":
            return cells.scaled((*args[:2], self._divisor(args[2])))
        return _OPS[node.kind](args)

    def _folded(self, node: Fold) -> Cells:
        within = segments(node.period, self.slots, self.cut_periods)
        return cells.by_segment(_FOLDS[node.how], self._spread(self.cells(node.arg)), within)

    def _divisor(self, arg: Cells) -> Cells:
        if arg.low.min(initial=1) > 0:
            return arg
        bad = arg.low <= 0
        if arg.present is not None:
            bad = bad & arg.present
        if bad.any():
            self._refuse(DivisorNotPositive(self._starts(bad)))
        low = np.maximum(arg.low, 1)  # absent cells must not divide by zero
        return Cells(low, low if arg.is_point else arg.high, arg.present)

    def _chosen(self, node: Choice) -> Cells:
        low, high = self.cells(node.low), self.cells(node.high)
        if self.open_choices and node.key not in self.world:
            ends = np.broadcast_arrays(low.low, high.high)
            made = Cells(ends[0], ends[1])
            bad = made.low > made.high
        else:
            made = self._bound(node.key)
            bad = _outside(made.low, low.low, high.high)
        present = cells.all_present((made, low, high))  # an unknown bound cannot be vouched for
        bad = bad if present is None else bad & present
        if bad.any():
            self._refuse(ChoiceOutOfBounds(node.label, self._starts(bad)))
        return made._replace(present=present)

    def _refuse(self, error: GridpactError) -> None:
        """Raise; who lists all that is wrong notes the error and goes on."""
        raise error

    def _bound(self, name: str) -> Cells:
        self.require([name])
        values, present = _known(self.world[name])
        if values.dtype != np.int64 or values.shape[-1:] != (self.slots.count,):
            raise TypeError(
                f"series {name!r} must be int64 [..., {self.slots.count}], "
                f"got {values.dtype} {list(values.shape)}"
            )
        return known_cells(name, values, present)

    def _spread(self, arg: Cells) -> Cells:
        """Give a value its slot axis, which folds run along."""
        shape = np.broadcast_shapes((self.slots.count,), arg.low.shape, arg.high.shape)
        low = np.broadcast_to(arg.low, shape)
        high = low if arg.is_point else np.broadcast_to(arg.high, shape)
        present = None if arg.present is None else np.broadcast_to(arg.present, shape)
        return Cells(low, high, present)

    def _blame(self, node: Observable, absent: Bools) -> MissingSeries:
        """Find the first series whose absence reaches a node in its absent cells."""
        while True:
            if isinstance(node, Fold):
                absent = np.ones_like(absent)  # another slot may be the one that lacks
            for child in children(node):
                present = self.cells(child).present
                if present is not None and (hit := ~present & absent).any():
                    node, absent = child, hit
                    break
            else:
                break
        name = node.key if isinstance(node, Choice) else str(getattr(node, "name", node))
        return MissingSeries(name, self._starts(absent))

    def _starts(self, where: Bools) -> list[int]:
        spread = np.broadcast_to(where, np.broadcast_shapes(where.shape, (self.slots.count,)))
        flat = spread.reshape(-1, self.slots.count).any(axis=0)
        starts: list[int] = self.slots.starts()[flat].tolist()
        return starts


def known_cells(name: str, values: Ints, present: Bools | None) -> Cells:
    """Return a world's values as cells; ``name`` is whose they are, for an error's message."""
    if present is not None:
        present = np.broadcast_to(np.asarray(present, dtype=np.bool_), values.shape)
        if present.all():
            present = None
        else:
            values = np.where(present, values, 0)
    peak = int(values.view(np.uint64).max(initial=0))  # one look suffices where none is negative
    peak = peak if peak <= INT64_MAX else magnitude(values)
    if peak > INT64_MAX:
        raise NumberOverflow(f"series {name!r} holds the one int64 that cannot be negated")
    return cells.point(values, present, peak)


def masks_of(product: Op) -> list[Observable]:
    """Return the masks among the factors of a product and of the products among them."""
    found: list[Observable] = []
    pending: list[Observable] = [product]
    seen: set[int] = set()  # shared factors once: a power by squaring has as many as its value
    while pending:
        node = pending.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, Op) and node.kind == "*":
            pending.extend(node.args)
        elif node.is_mask:
            found.append(node)
    return found


def literal(node: Const | Profile | Between | LocalTime, slots: Slots) -> Ints:
    """Return what the terms alone say: 0-d for a constant, else [slots.count]."""
    match node:
        case Const(value):
            return np.array(value, dtype=np.int64)
        case Profile():
            return on_slots(node, slots)
        case Between():
            return times.between(node, slots)
    return times.local_time(node, slots)


def on_slots(profile: Profile, slots: Slots) -> Ints:
    """Return a profile's values on some slots, 0 outside its window; shape [slots.count].

    Raises NotOnSlots where steps differ: whether to split or repeat is not ours to guess.
    """
    if profile.step != slots.step:
        raise NotOnSlots(f"a profile by {profile.step} s does not fit slots of {slots.step} s")
    values = np.zeros(slots.count, dtype=np.int64)
    first = (profile.start - slots.start) // slots.step
    begin, end = max(first, 0), min(first + len(profile.values), slots.count)
    if begin < end:
        values[begin:end] = profile.values[begin - first : end - first]
    return values


@lru_cache(maxsize=256)
def segments(period: str, slots: Slots, cut: bool) -> tuple[slice, ...]:
    """Return the periods of :func:`gridpact.contracts.periods.segments`, looked up once."""
    return tuple(periods.segments(period, slots, cut=cut))


def _outside(values: Ints, low: Ints, high: Ints) -> Bools:
    """Return where values leave ``[low, high]``; looks at the extremes before every cell."""
    if values.size and values.min() >= low.max() and values.max() <= high.min():
        return np.zeros(1, dtype=np.bool_)
    return np.asarray((values < low) | (values > high))


def _known(entry: Ints | Known) -> tuple[Ints, Bools | None]:
    return (entry.values, entry.present) if isinstance(entry, Known) else (entry, None)
