"""Find a limited number of rights in terms: how many, over which period, and what each pays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from gridpact.contracts.errors import IllFormed
from gridpact.contracts.legs import Leg, as_contract
from gridpact.contracts.needs import nodes
from gridpact.contracts.observables import Choice, Const, Fold, Observable, Op
from gridpact.contracts.terms import Contract
from gridpact.contracts.unit_algebra import ONE
from gridpact.contracts.valuation.substitute import (
    Rule,
    choices_in,
    factors_of,
    rebuilt,
    substituted,
)

_TAKEN = "taken:"


@dataclass(frozen=True, slots=True, eq=False)
class Swing:
    """A right to exercise at most ``limit`` times a ``period``; None: in every slot.

    ``taken`` stands in the terms below for an exercise that counts. ``each`` are the legs that an
    exercise changes in its own slot, ``settled`` those that look at the period's total.
    """

    currency: str
    choice: Choice
    limit: int | None
    period: str
    taken: Choice
    each: Contract
    settled: Contract

    @property
    def author(self) -> str:
        """Who holds the rights."""
        return self.choice.by


@dataclass(frozen=True, slots=True)
class Limit:
    """A mask that is 1 while a choice has been taken at most ``most`` times in a period."""

    most: int
    period: str
    mask: Observable


def folds_over(node: Observable, labels: frozenset[str]) -> list[Fold]:
    """Return the folds that look at some choices."""
    return [
        part for part in nodes([node]) if isinstance(part, Fold) and choices_in(part.arg, labels)
    ]


def swing_of(choices: Sequence[Choice], currency: str, rows: Sequence[Leg]) -> Swing:
    """Return the rights that some legs give; raise IllFormed with the reason where they do not."""
    choice = choices[0]
    if len(choices) > 1 or not choice.is_mask:
        raise IllFormed("a fold looks at more than one yes or no")
    if choice.low != Const(0, ONE):
        raise IllFormed(f"{choice.label!r} may not always be left")
    limit = limit_of(rows, choice)
    taken = replace(choice, label=_TAKEN + choice.label, high=Const(1, ONE))
    counted = [substituted(leg, _counting(choice, taken, limit)) for leg in rows]
    if any(choices_in(leg.amount, frozenset((choice.label,))) for leg in counted):
        raise IllFormed(
            f"{choice.label!r} enters a fold that is no limit, or counts beyond its limit"
        )
    label = frozenset((taken.label,))
    settled = tuple(leg for leg in counted if folds_over(leg.amount, label))
    each = tuple(leg for leg in counted if not folds_over(leg.amount, label))
    period = _period(settled, taken, limit)
    most = max(limit.most, 0) if limit else None
    return Swing(currency, choice, most, period, taken, as_contract(each), as_contract(settled))


def uncounted(rows: Sequence[Leg], choice: Choice) -> tuple[list[Leg], Limit | None]:
    """Return legs as they are while a choice is never taken beyond its limit, and that limit.

    Raises IllFormed where a leg looks at the limit in another way than whether a choice counts.
    """
    limit = limit_of(rows, choice)
    if limit is None:
        return list(rows), None
    found = [substituted(leg, _counting(choice, choice, limit)) for leg in rows]
    if any(node == limit.mask for node in nodes([leg.amount for leg in found])):
        raise IllFormed(f"{choice.label!r} enters a fold that is no limit")
    return found, limit


def limit_of(rows: Sequence[Leg], choice: Choice) -> Limit | None:
    """Find ``N >= running(choice, period)``; raise IllFormed where several count a choice."""
    found: list[Limit] = []
    for node in nodes([leg.amount for leg in rows]):
        match node:
            case Op(">=", (Const(most), Fold("running", period, arg))) if arg == choice:
                limit = Limit(most, period, node)
                found += [] if limit in found else [limit]
    if len(found) > 1:
        raise IllFormed(f"several limits count {choice.label!r}")
    return found[0] if found else None


def _counting(choice: Choice, taken: Choice, limit: Limit | None) -> Rule:
    """Return the rule that puts ``taken`` where an exercise and its limit are multiplied."""

    def inside(node: Observable) -> Observable | None:
        # where taken is 0 the product is 0, where it is 1 so are the choice and its limit
        if node == choice:
            return taken
        if limit and node == limit.mask:
            return Const(1, ONE)
        return node if isinstance(node, Fold) else None

    def rule(node: Observable) -> Observable | None:
        if limit is None:
            return taken if node == choice else None
        factors = factors_of(node)
        if choice in factors and limit.mask in factors:
            return rebuilt(node, inside)
        return None

    return rule


def _period(settled: Sequence[Leg], taken: Choice, limit: Limit | None) -> str:
    """Return the one period of the limit and of every total; raise IllFormed for other folds."""
    label = frozenset((taken.label,))
    periods = {limit.period} if limit else set()
    for leg in settled:
        for fold in folds_over(leg.amount, label):
            parts = list(nodes([fold.arg]))
            if fold.how != "total" or any(isinstance(part, Fold) for part in parts):
                raise IllFormed(f"a payment looks at the exercises by {fold.how}, not by total")
            if not all(isinstance(part, Op | Const) or part == taken for part in parts):
                raise IllFormed("a total of exercises weighs slots differently")
            periods.add(fold.period)
        if choices_in(substituted(leg, _without_folds).amount, label):
            raise IllFormed("one payment looks at an exercise and at the total of exercises")
    if len(periods) != 1:
        raise IllFormed(f"exercises are counted over several periods: {', '.join(periods)}")
    return periods.pop()


def _without_folds(node: Observable) -> Observable | None:
    return Const(0, node.unit) if isinstance(node, Fold) else None
