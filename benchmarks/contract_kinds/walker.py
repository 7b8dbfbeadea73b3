"""Terms walked slot by slot in plain Python: what an interpreter without arrays would do."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from math import prod

from gridpact.base.rounding import round_half_even
from gridpact.base.slots import Slots
from gridpact.contracts.cashflows import Flow
from gridpact.contracts.evaluate import literal
from gridpact.contracts.legs import legs
from gridpact.contracts.observables import Choice, Const, Fold, Observable, Op, Series
from gridpact.contracts.terms import Contract
from gridpact.contracts.times import Between, LocalTime


class Walker:
    """Evaluates a tree for one slot after the other; every period is a month's whole.

    Calendar masks are put on the slots beforehand and not counted: a fair interpreter has them.
    """

    def __init__(self, series: Mapping[str, list[int]], slots: Slots) -> None:
        self._series = series
        self._count = slots.count
        self._sums: dict[int, tuple[int, int]] = {}

        @cache
        def mask(node: Between | LocalTime) -> list[int]:
            values: list[int] = literal(node, slots).tolist()
            return values

        self._mask = mask

    def flows(self, contract: Contract) -> dict[Flow, list[int]]:
        """Return the cash flows of a contract, a number a slot."""
        money = [leg for leg in legs(contract) if leg.currency]
        found = {(leg.giver, leg.taker, leg.currency, leg.kind): [0] * self._count for leg in money}
        self._sums.clear()
        for slot in range(self._count):
            for leg in money:
                amounts = found[leg.giver, leg.taker, leg.currency, leg.kind]
                amounts[slot] += self._value(leg.amount, slot)
        return found

    def _value(self, node: Observable, slot: int) -> int:
        match node:
            case Const(value):
                return value
            case Series(name):
                return self._series[name][slot]
            case Op(kind, args):
                return _applied(kind, [self._value(arg, slot) for arg in args])
            case Fold("total", _, arg):
                return self._total(node, arg, slot)
            case Choice():
                return self._decided(node, slot)
            case Between() | LocalTime():
                return self._mask(node)[slot]
        raise TypeError(f"{node!r} does not occur here")

    def _total(self, node: Fold, arg: Observable, slot: int) -> int:
        last, running = self._sums.get(id(node), (-1, 0))
        if last != slot:  # legs may share the node
            running += self._value(arg, slot)
            self._sums[id(node)] = slot, running
        return running if slot == self._count - 1 else 0

    def _decided(self, node: Choice, slot: int) -> int:
        value = self._series[node.key][slot]
        if not self._value(node.low, slot) <= value <= self._value(node.high, slot):
            raise ValueError(f"{node} is outside its bounds")
        return value


def _applied(kind: str, values: list[int]) -> int:
    match kind:
        case "+":
            return sum(values)
        case "-":
            return values[0] - values[1]
        case "*":
            return prod(values)
        case "max":
            return max(values)
        case "min":
            return min(values)
        case ">=":
            return int(values[0] >= values[1])
        case "muldiv":
            return round_half_even(values[0] * values[1], values[2])
    raise TypeError(f"operation {kind!r} does not occur here")
