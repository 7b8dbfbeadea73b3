"""Terms as a graph in which equal subterms are one node, however they were built."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterator

from gridpact.contracts.needs import children
from gridpact.contracts.observables import Choice, Const, Fold, Observable, Op
from gridpact.contracts.terms import All, Contract, Scale
from gridpact.contracts.unit_algebra import ONE

_ONE = Const(1, ONE)


class Graph:
    """Numbers the subterms of a contract: equal ones get one number. Linear in distinct nodes."""

    def __init__(self, contract: Contract) -> None:
        self._numbers: dict[int, int] = {}  # by identity; the nodes are kept in _kept
        self._keys: dict[Hashable, int] = {}
        self._kept: list[Observable] = []
        self._distinct: list[Observable] = []
        self._uses: Counter[int] = Counter()
        for factor in coefficients(contract):
            self._uses[self.number(factor)] += 1

    def number(self, node: Observable) -> int:
        """Return a node's number; nodes that are equal have the same."""
        found = self._numbers.get(id(node))
        if found is not None:
            return found
        below = [self.number(child) for child in children(node)]
        key = _key(node, below)
        if key not in self._keys:
            self._keys[key] = len(self._distinct)
            self._distinct.append(node)
            self._uses.update(below)
        self._kept.append(node)
        self._numbers[id(node)] = self._keys[key]
        return self._keys[key]

    def uses(self, node: Observable) -> int:
        """Return in how many places of distinct terms a node stands."""
        return self._uses[self.number(node)]

    def nodes(self) -> list[Observable]:
        """Return every distinct node, each after those it is built from."""
        return list(self._distinct)


def coefficients(contract: Contract) -> Iterator[Observable]:
    """Yield the coefficient of every Scale, in the order agreed, shared ones as often as used."""
    match contract:
        case All(parts):
            for part in parts:
                yield from coefficients(part)
        case Scale(by, of):
            yield by
            yield from coefficients(of)


def negated(node: Observable) -> Observable | None:
    """Return the mask that a node is the opposite of, None where it is no ``1 - mask``."""
    match node:
        case Op("-", (Const(1, "1"), mask)) if mask.is_mask:
            return mask
    return None


def period_end(node: Observable) -> str | None:
    """Return the period whose last slots a node is the mask of, None where it is no ``at_end``."""
    match node:
        case Op(">=", (Fold("total", period, Const(1, "1")), Const(1, "1"))):
            return period
    return None


def is_share(node: Observable) -> bool:
    """Tell whether a node is a share, in parts per million, of a value."""
    match node:
        case Op("muldiv", (_, part, Const(1_000_000, "ppm"))):
            return part.unit == "ppm"
    return False


def is_decision(node: Observable) -> bool:
    """Tell whether a node is a yes or no that a party decides."""
    return isinstance(node, Choice) and node.low == Const(0, ONE) and node.high == _ONE


def _key(node: Observable, below: list[int]) -> Hashable:
    match node:
        case Op(kind):
            return ("op", kind, *below)
        case Fold(how, period):
            return ("fold", how, period, *below)
        case Choice(label, by, notice_s=notice, unit=unit):
            return ("choice", label, by, notice, unit, *below)
    return node
