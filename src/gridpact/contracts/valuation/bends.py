"""Where payments bend or jump in an amount that is named: at comparisons, maxima and minima.

Between such places payments are affine in the amount, so that among whole numbers the best lies
at one of its bounds or next to a bend. Places are found from the terms alone: what is compared is
resolved into the affine pieces that it can be, and every two pieces that meet give a bend. Some of
them are no bend in the end; a place too many costs time and changes no result.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations, product

import numpy as np

from gridpact.base.slots import Slots
from gridpact.base.units import Ints, checked_add
from gridpact.contracts.errors import IllFormed
from gridpact.contracts.evaluate import Sheet, World
from gridpact.contracts.needs import children
from gridpact.contracts.observables import Choice, Const, Observable, Op
from gridpact.contracts.unit_algebra import ONE
from gridpact.contracts.valuation.substitute import choices_in, rebuilt

MOST_PIECES = 64
MOST_BENDS = 16


@dataclass(frozen=True, slots=True, eq=False)
class Bend:
    """A place where a difference that is affine in an amount changes its sign.

    ``at_none`` and ``at_one`` are the difference where the amount is 0 and 1. With ``jumps`` the
    payments may leap there, otherwise they only bend.
    """

    at_none: Observable
    at_one: Observable
    jumps: bool

    def last_before(self, world: World, slots: Slots, low: Ints) -> Ints:
        """Return the largest amount on the near side of the place; it and the next lie around it.

        Shapes broadcast with ``low``, which stands where there is no such place.
        """
        sheet = Sheet(world, slots, cut_periods=True)
        none, one = sheet.cells(self.at_none), sheet.cells(self.at_one)
        slope = checked_add(one.low, -none.low)
        divisor = np.where(slope == 0, 1, slope)
        place = np.floor_divide(-none.low, divisor)
        if self.jumps:  # rising: the first amount that meets the comparison is already beyond
            place = np.where(slope > 0, -np.floor_divide(none.low, divisor) - 1, place)
        missing = slope == 0
        for cells in (none, one):
            if cells.present is not None:
                missing = missing | ~cells.present
        return np.asarray(np.where(missing, low, place), dtype=np.int64)


def bends(
    choice: Choice, amounts: Iterable[Observable], others: frozenset[str]
) -> tuple[Bend, ...]:
    """Return where some amounts bend in a choice; they are affine in it between these places.

    ``others`` are the labels of further amounts that are named beside it. Raises IllFormed where
    an amount is not piecewise affine in the choice, or is compared with one of the others.
    """
    reader = _Reader(choice, others)
    for amount in amounts:
        for piece in reader.pieces(amount):
            reader.check_affine(piece)
    return reader.bends()


class _Reader:
    """Resolves observables into the affine pieces that they can be, each node once."""

    def __init__(self, choice: Choice, others: frozenset[str]) -> None:
        self._choice = choice
        self._label = frozenset((choice.label,))
        self._others = others
        self._done: dict[int, tuple[Observable, ...]] = {}
        self._alive: list[Observable] = []  # keeps the objects whose id() is a key
        self._met: dict[tuple[Observable, Observable], bool] = {}

    def pieces(self, node: Observable) -> tuple[Observable, ...]:
        """Return every affine function of the choice that a node can be."""
        if id(node) not in self._done:
            self._done[id(node)] = self._pieces(node)
            self._alive.append(node)
        return self._done[id(node)]

    def _pieces(self, node: Observable) -> tuple[Observable, ...]:
        if isinstance(node, Choice) or not choices_in(node, self._label):
            return (node,)
        if not isinstance(node, Op) or node.kind == "muldiv":
            raise self._not_affine(f"under {getattr(node, 'kind', 'a fold')}")
        below = [self.pieces(arg) for arg in node.args]
        if node.kind == ">=":
            self._meet(below, jumps=True)
            return Const(0, ONE), Const(1, ONE)
        if node.kind in ("max", "min"):
            self._meet(below, jumps=False)
            found = tuple(dict.fromkeys(piece for pieces in below for piece in pieces))
        else:
            self._check_count(int(np.prod([len(pieces) for pieces in below], dtype=float)))
            found = tuple(Op(node.kind, args) for args in product(*below))
        self._check_count(len(found))
        return found

    def _meet(self, below: list[tuple[Observable, ...]], *, jumps: bool) -> None:
        for left, right in combinations(below, 2):
            for one, other in product(left, right):
                if choices_in(one, self._label) or choices_in(other, self._label):
                    self._met[one, other] = self._met.get((one, other), False) or jumps
        self._check_count(len(self._met))

    def _check_count(self, count: int) -> None:
        if count > MOST_PIECES:
            raise IllFormed(f"payments bend too often in {self._choice.label!r} to try every place")

    def check_affine(self, piece: Observable) -> None:
        """Raise IllFormed unless a piece is affine in the choice."""
        if _degree(piece, self._choice.label, {}) > 1:
            raise self._not_affine("multiplied by itself")

    def _not_affine(self, how: str) -> IllFormed:
        return IllFormed(f"payments are not affine in {self._choice.label!r}: it is {how}")

    def bends(self) -> tuple[Bend, ...]:
        """Return the places where two pieces met."""
        if len(self._met) > MOST_BENDS:
            self._check_count(MOST_PIECES + 1)
        return tuple(self._bend(*pair, jumps=jumps) for pair, jumps in self._met.items())

    def _bend(self, one: Observable, other: Observable, *, jumps: bool) -> Bend:
        difference = one - other
        self.check_affine(difference)
        if beside := sorted(choices_in(difference, self._others)):
            raise IllFormed(f"{self._choice.label!r} is compared with the choice {beside[0]!r}")
        at_none, at_one = (self._at(difference, value) for value in (0, 1))
        return Bend(at_none, at_one, jumps)

    def _at(self, node: Observable, value: int) -> Observable:
        """Return an observable where the choice is a number, whatever its bounds."""
        number = Const(value, self._choice.unit)
        return rebuilt(node, lambda part: number if part == self._choice else None)


def _degree(node: Observable, label: str, done: dict[int, int]) -> int:
    """Return with which power an amount grows with a choice that no comparison looks at."""
    if id(node) not in done:
        if isinstance(node, Choice):
            return int(node.label == label)
        below = [_degree(part, label, done) for part in children(node)]
        joined = sum if isinstance(node, Op) and node.kind == "*" else max
        done[id(node)] = joined([0, *below])
    return done[id(node)]
