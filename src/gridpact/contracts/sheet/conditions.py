"""Masks in words: when something holds."""

from __future__ import annotations

from abc import ABC, abstractmethod

from gridpact.contracts.observables import Choice, Const, Fold, Observable, Op
from gridpact.contracts.periods import ALL
from gridpact.contracts.sheet import names, times
from gridpact.contracts.sheet.graph import Graph, is_decision, negated, period_end
from gridpact.contracts.sheet.weights import IN_CLAUSE, IN_TERM, Weights
from gridpact.contracts.times import Between, LocalTime

JOINED = {"*": "and", "max": "or"}
SEVERAL = {"and": "and also", "or": "or else"}
COMPARED = {
    "least": "is at least",
    "most": "is at most",
    "less": "is less than",
    "more": "is more than",
}


class Conditions(ABC):
    """Writes masks. Conditions within others are plain, or have a definition: no brackets."""

    graph: Graph
    weights: Weights

    @abstractmethod
    def operand(self, node: Observable) -> str:
        """Write a value so that it stands for itself beside others."""

    @abstractmethod
    def letter(self, node: Observable) -> str:
        """Return the reference of a definition."""

    def adverbial(self, node: Observable) -> str:
        """Write when a mask is 1: ``where …``, ``from … until …``, ``on Monday …``."""
        if self.weights.defined(node, IN_CLAUSE):
            return f"where {self.letter(node)} {'holds' if is_condition(node) else 'is 1'}"
        return self.when(node)

    def when(self, node: Observable) -> str:
        """Write when a mask is 1, in its own words."""
        mask = negated(node)
        if mask is None or self.weights.defined(mask):
            return self._moment(node) or self._where(node)
        if isinstance(mask, Fold):
            return self._not_yet(mask)
        timed = _timed(mask)
        return f"except {timed}" if timed else self._where(node)

    def _where(self, node: Observable) -> str:
        condition = self._condition(node)
        return condition if isinstance(node, Const) else f"where {condition}"

    def _moment(self, node: Observable) -> str | None:
        if isinstance(node, Fold) and node.is_mask:
            return self._once(node)
        return _timed(node)

    def _once(self, fold: Fold) -> str:
        """Write when a latch is 1."""
        condition = self.member(fold.arg, IN_CLAUSE)
        if fold.period == ALL:
            return f"from the first slot in which {condition} onwards"
        period = times.period(fold.period)
        return f"from the first slot of {period} in which {condition} to the end of it"

    def _not_yet(self, fold: Fold) -> str:
        """Write when a latch is still 0."""
        of = f"from the beginning of {times.period(fold.period)} " if fold.period != ALL else ""
        return f"{of}until the first slot in which {self.member(fold.arg, IN_CLAUSE)}"

    def member(self, node: Observable, most: int = IN_TERM) -> str:
        """Write a condition as a part of another; at most a weight of ``most`` in full."""
        joins = isinstance(node, Op) and node.kind in JOINED and most == IN_TERM
        latches = isinstance(node, Fold)
        if is_condition(node) and (joins or latches or self.weights.defined(node, most)):
            return f"{self.letter(node)} holds"
        return self._condition(node)

    def _condition(self, node: Observable) -> str:
        """Write a condition in its own words."""
        mask = negated(node)
        if mask is not None:
            return self._opposite(mask) or f"{self.letter(mask)} does not hold"
        match node:
            case Const(value):
                return "always" if value else "never"
            case Op(kind, args) if kind in JOINED and is_condition(node):
                return self._conjoined(kind, args)
        if not is_condition(node):
            return f"{self.operand(node)} is 1"
        return self._clause(node, "begins", "is", "yes") or self._compared(node, "least", "most")

    def _conjoined(self, kind: str, args: tuple[Observable, ...]) -> str:
        """Write what holds together or alternatively; a chain of two at a time goes on."""
        word, left = JOINED[kind], args[0]
        if len(args) > 2:
            return f" {SEVERAL[word]} ".join(self.member(arg) for arg in args)
        chains = isinstance(left, Op) and left.kind == kind and len(left.args) == 2
        if chains and is_condition(left) and self.graph.uses(left) == 1:
            return f"{self._condition(left)} {word} {self.member(args[1])}"
        return f"{self.member(left)} {word} {self.member(args[1])}"

    def _opposite(self, mask: Observable) -> str | None:
        """Write that a condition does not hold, None where it needs a definition."""
        if isinstance(mask, Const):
            return None
        if not is_condition(mask):
            return f"{self.operand(mask)} is 0"
        if self.weights.defined(mask):
            return None
        found = self._clause(mask, "does not begin", "is not", "no")
        return found or self._compared(mask, "less", "more") or None

    def _clause(self, node: Observable, begins: str, being: str, answer: str) -> str | None:
        if isinstance(node, Choice):
            return f"{names.party(node.by)} decides {answer} on {names.quoted(node.label)}"
        period = period_end(node)
        if period:
            return f"the slot {being} the last of {times.period(period, 'a')}"
        timed = _timed(node)
        return f"the slot {begins} {timed}" if timed else None

    def _compared(self, node: Observable, at_least: str, at_most: str) -> str:
        """Write a comparison, a constant as its bound; ``""`` where the node is none."""
        match node:
            case Op(">=", (Const() as bound, value)) if not isinstance(value, Const):
                return f"{self.operand(value)} {COMPARED[at_most]} {self.operand(bound)}"
            case Op(">=", (value, bound)):
                return f"{self.operand(value)} {COMPARED[at_least]} {self.operand(bound)}"
        return ""


def is_condition(node: Observable) -> bool:
    """Tell whether a mask is written as a condition; other masks are values that are 0 or 1."""
    if not node.is_mask:
        return False
    match node:
        case Op(kind):
            return kind in (">=", "*", "max", "-")
        case Fold() | Between() | LocalTime():
            return True
    return is_decision(node)


def _timed(node: Observable) -> str | None:
    match node:
        case Between(start, end):
            return f"from {times.instant(start)} until {times.instant(end)}"
        case LocalTime():
            return f"on {times.local(node)}"
    period = period_end(node)
    return f"in the last slot of {times.period(period)}" if period else None
