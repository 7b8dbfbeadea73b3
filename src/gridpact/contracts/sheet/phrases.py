"""Observables in words: values as nouns, and the definitions that they need."""

from __future__ import annotations

from gridpact.contracts.amounts import ANY_CURRENCY
from gridpact.contracts.observables import Choice, Const, Fold, Observable, Op, Profile, Series
from gridpact.contracts.sheet import names, times, units
from gridpact.contracts.sheet.conditions import Conditions, is_condition
from gridpact.contracts.sheet.graph import Graph, is_decision, is_share
from gridpact.contracts.sheet.tables import table
from gridpact.contracts.sheet.weights import IN_CLAUSE, Weights

SIGNS = {"+": "plus", "-": "minus", "*": "times"}
SEVERAL = {"+": "the sum of", "*": "the product of"}
EXTREMES = {
    "max": ("the larger of", "the largest of"),
    "min": ("the smaller of", "the smallest of"),
}
FOLDED = {
    "total": "the total of {arg} over {period}, counted in its last slot, 0 before",
    "whole": "the total of {arg} over {period}, counted in every slot of it",
    "running": "the running total of {arg} from the beginning of {period}",
    "highest": "the highest value of {arg} from the beginning of {period}",
}
COUNTED = {
    "total": "the number of slots over {period} in which {arg}, counted in its last slot, 0 before",
    "whole": "the number of slots over {period} in which {arg}, counted in every slot of it",
    "running": "the number of slots from the beginning of {period} in which {arg}",
}
_CHAIN = {"+": "+-", "-": "+-", "*": "*"}  # what may stand left of a sign without brackets


class Phrases(Conditions):
    """Writes observables and gathers the definitions that they come to need.

    ``sole`` is the contract's only currency, or ``""``.
    """

    def __init__(self, graph: Graph, sole: str) -> None:
        self.graph = graph
        self.weights = Weights(graph)
        self.sole = sole
        self._currency = sole or ANY_CURRENCY
        self._letters: dict[int, str] = {}
        self._pending: list[Observable] = []

    def definitions(self) -> list[str]:
        """Return the definitions not yet returned, and those which they need in turn."""
        found = []
        while self._pending:
            pending, self._pending = self._pending, []
            found += [f"{self.letter(node)} {self._definition(node)}." for node in pending]
        return found

    def slot(self, node: Observable) -> str:
        """Write a value as one part of a clause, without what would blur where it ends."""
        if self.weights.defined(node, IN_CLAUSE):
            return self.letter(node)
        return self._masked(node, "") or self._unmasked(node)

    def _unmasked(self, node: Observable) -> str:
        return self.operand(node) if _runs_on(node) else self._value(node)

    def operand(self, node: Observable) -> str:
        """Write a value so that it stands for itself beside others."""
        if self.weights.defined(node):
            return self.letter(node)
        simple = isinstance(node, Const | Series | Choice) and not is_decision(node)
        return self._value(node) if simple else f"({self._value(node)})"

    def letter(self, node: Observable) -> str:
        """Return the reference of a definition, and note that it is needed."""
        number = self.graph.number(node)
        if number not in self._letters:
            self._letters[number] = names.letter(len(self._letters))
            self._pending.append(node)
        return self._letters[number]

    def _definition(self, node: Observable) -> str:
        if isinstance(node, Profile):
            return table(node, self._currency)
        return f"holds {self.when(node)}" if is_condition(node) else f"is {self._value(node)}"

    def _value(self, node: Observable) -> str:
        if is_condition(node):
            return f"1 {self.adverbial(node)}, else 0"
        match node:
            case Const(value, unit):
                return units.amount(value, unit, self._currency)
            case Series(name):
                return names.data(name)
            case Choice(label, by):
                return f"the decision {names.quoted(label)} of {names.party(by)}"
            case Fold(how, period, arg):
                return self._folded(how, times.period(period), arg)
            case Op("muldiv" | "filled", args):
                return self._composed(args)
            case Op(kind, args):
                return self._masked(node, ", else 0") or self._joined(kind, args)
        raise AssertionError(f"{node!r} is no value")

    def _masked(self, node: Observable, otherwise: str) -> str | None:
        """Write a value that counts under a condition; the order of factors shows as a comma."""
        match node:
            case Op("*", (mask, value)) if is_condition(mask) and not value.is_mask:
                shown = self.operand(value) if _runs_on(value) else self._bare(value)
                return f"{shown}, {self.adverbial(mask)}{otherwise}"
            case Op("*", (value, mask)) if is_condition(mask) and not value.is_mask:
                return f"{self.operand(value)} {self.adverbial(mask)}{otherwise}"
        return None

    def _joined(self, kind: str, args: tuple[Observable, ...]) -> str:
        if kind in EXTREMES:
            head = EXTREMES[kind][len(args) > 2]
        elif len(args) > 2:
            head = SEVERAL[kind]
        else:
            return f"{self._left(kind, args[0])} {SIGNS[kind]} {self.operand(args[1])}"
        return f"{head} {names.listed([self.operand(arg) for arg in args])}"

    def _left(self, kind: str, node: Observable) -> str:
        """Write the left of two operands; a chain of like signs goes on without brackets."""
        chains = isinstance(node, Op) and len(node.args) == 2 and node.kind in _CHAIN[kind]
        if chains and not _runs_on(node) and self.graph.uses(node) == 1:
            return self._value(node)
        return self.operand(node)

    def _bare(self, node: Observable) -> str:
        return self.letter(node) if self.weights.defined(node) else self._value(node)

    def _folded(self, how: str, period: str, arg: Observable) -> str:
        if how in COUNTED and is_condition(arg):
            return COUNTED[how].format(arg=self.member(arg), period=period)
        return FOLDED[how].format(arg=self.operand(arg), period=period)

    def _composed(self, args: tuple[Observable, ...]) -> str:
        """Write a fill (of two), a share or a ratio (of three)."""
        match args:
            case (value, instead):
                return f"{self.operand(value)}, or where it is missing, {self.operand(instead)}"
            case (value, Const() as part, Const(1_000_000, "ppm")) if part.unit == "ppm":
                return f"{self.operand(part)} of {self.operand(value)}"
            case (value, part, Const(1_000_000, "ppm")) if part.unit == "ppm":
                return f"the share {self.operand(part)} of {self.operand(value)}"
            case (value, Const(1, "1"), divisor):
                return f"{self.operand(value)} divided by {self.operand(divisor)} and rounded"
        value, factor, divisor = args
        return (
            f"{self.operand(value)} multiplied by {self.operand(factor)}, divided by "
            f"{self.operand(divisor)} and rounded"
        )


def _runs_on(node: Observable) -> bool:
    """Tell whether a value is written so that what follows a comma could seem to belong to it."""
    match node:
        case Op("filled" | "muldiv"):
            return not is_share(node)
        case Fold("total" | "whole"):
            return True
        case Fold("running", _, arg):
            return is_condition(arg)
        case Op("*", (left, right)):
            return is_condition(left) or is_condition(right)
    return is_condition(node)
