"""Which open choices of a contract can be valued, and how, told from the terms alone.

Choices that share a leg are decided together. A group is either

- *slotwise*: no fold looks at its choices, so a slot's amounts depend on that slot's decisions
  alone; an amount that is named is best at one of its bounds, or where payments that are affine in
  it bend or jump;
- a *swing*: one yes or no that counts only while ``N >= running(choice, period)``, so its author
  has N exercises a period to place. Exercises may be settled by their total over the period as
  well, as with a minimum take. Without a limit on the running count every slot may be taken.

or it is refused, with the reason.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import TypeAlias

from gridpact.contracts.amounts import written
from gridpact.contracts.errors import IllFormed
from gridpact.contracts.legs import Leg, as_contract, legs
from gridpact.contracts.needs import needs_of, nodes
from gridpact.contracts.observables import CHOICE_PREFIX, Choice
from gridpact.contracts.terms import Contract
from gridpact.contracts.valuation.bends import Bend, bends
from gridpact.contracts.valuation.rights import Swing, folds_over, swing_of
from gridpact.contracts.valuation.substitute import choices_in

MOST_TOGETHER = 10
TRIED = 9
"""How many quantiles of a bend are tried where it is not known at the notice."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Choices that no method here can value, and why."""

    labels: tuple[str, ...]
    reason: str


@dataclass(frozen=True, slots=True, eq=False)
class Slotwise:
    """Choices that one author takes slot by slot; ``terms`` are the legs that they enter.

    A choice stands behind those that its bounds hang on. ``bends`` are the places, by label of an
    amount, where the payments are not affine in it.
    """

    author: str
    currency: str
    choices: tuple[Choice, ...]
    terms: Contract
    bends: Mapping[str, tuple[Bend, ...]]

    @property
    def labels(self) -> tuple[str, ...]:
        """Labels of the choices in order of name."""
        return tuple(sorted(choice.label for choice in self.choices))

    @property
    def notice_s(self) -> int:
        """The longest notice [s]: choices taken together are all due by it."""
        return max(choice.notice_s for choice in self.choices)

    def places(self, choice: Choice) -> int:
        """Return how many values of a choice are tried at most in a slot."""
        found = self.bends.get(choice.label, ())
        each = 2 * TRIED if self.notice_s else 2
        return 2 + each * len(found)


Plan: TypeAlias = Slotwise | Swing | Refusal


def plans(contract: Contract, bound: Collection[str] = ()) -> tuple[Plan, ...]:
    """Return how each group of open choices can be valued, in order of label.

    ``bound`` are the names that a world binds, such as ``"choice:exercise"``.
    """
    rows = legs(contract)
    return tuple(_plan(group, rows) for group in groups(rows, open_labels(rows, bound)))


def open_labels(rows: Iterable[Leg], bound: Collection[str]) -> frozenset[str]:
    """Return the labels of choices in some legs that a world does not bind."""
    found = needs_of(leg.amount for leg in rows).choices
    return frozenset(need.label for need in found if CHOICE_PREFIX + need.label not in bound)


def groups(rows: Sequence[Leg], opened: frozenset[str]) -> list[frozenset[str]]:
    """Join open choices that share a leg; in order of their first labels."""
    found: list[frozenset[str]] = []
    for leg in rows:
        joined = choices_in(leg.amount, opened)
        apart = [group for group in found if not group & joined]
        for group in found:
            joined = joined | group if group & joined else joined
        found = [*apart, joined] if joined else apart
    return sorted(found, key=min)


def _plan(labels: frozenset[str], rows: Sequence[Leg]) -> Plan:
    own = [leg for leg in rows if choices_in(leg.amount, labels)]
    choices = choices_of(own, labels)
    authors = sorted({choice.by for choice in choices})
    reason = _why_not(choices, authors, own)
    if reason:
        return Refusal(tuple(sorted(labels)), reason)
    author = authors[0]
    paid = [leg for leg in own if leg.currency and author in (leg.giver, leg.taker)]
    currency = paid[0].currency
    try:
        if any(folds_over(leg.amount, labels) for leg in paid):
            return swing_of(choices, currency, paid)
        return slotwise_of(author, currency, choices, paid, MOST_TOGETHER)
    except IllFormed as refused:
        return Refusal(tuple(sorted(labels)), str(refused))


def choices_of(rows: Iterable[Leg], labels: frozenset[str]) -> tuple[Choice, ...]:
    """Return the choices of some labels that occur in some legs, in order of label."""
    found = {
        node.label: node
        for node in nodes([leg.amount for leg in rows])
        if isinstance(node, Choice) and node.label in labels
    }
    return tuple(found[label] for label in sorted(found))


def when_decided(notice_s: int) -> str:
    """Write for people how long before its slot a decision is made."""
    return f"{written(notice_s, 's')} before each slot" if notice_s else "as each slot begins"


def _why_not(choices: Sequence[Choice], authors: Sequence[str], own: Sequence[Leg]) -> str:
    """Return why choices cannot be decided by what their legs pay, or nothing."""
    if len(authors) > 1:
        return f"{' and '.join(authors)} decide together what one leg pays"
    author = authors[0]
    moved = [leg for leg in own if author in (leg.giver, leg.taker) and leg.giver != leg.taker]
    unpriced = sorted({leg.asset for leg in moved if not leg.currency})
    if unpriced:
        return f"{', '.join(unpriced)} moves with it and has no price: give one for it"
    if len({leg.currency for leg in moved}) != 1:
        return f"{author} is paid by it in {'several currencies' if moved else 'no money'}"
    return ""


def slotwise_of(
    author: str, currency: str, choices: Sequence[Choice], rows: Sequence[Leg], most: int
) -> Slotwise:
    """Return choices that are taken slot by slot; raise IllFormed with the reason otherwise."""
    labels = frozenset(choice.label for choice in choices)
    if len(choices) > most:
        raise IllFormed(f"more than {most} choices enter the same payments")
    if any(folds_over(leg.amount, labels) for leg in rows):
        raise IllFormed("a payment looks at it over several slots")
    ordered = _ordered(choices)
    named = frozenset(choice.label for choice in choices if not choice.is_mask)
    amounts = [leg.amount for leg in rows]
    found = {
        choice.label: bends(choice, amounts, named - {choice.label})
        for choice in ordered
        if not choice.is_mask
    }
    plan = Slotwise(author, currency, ordered, as_contract(tuple(rows)), found)
    if prod(plan.places(choice) for choice in ordered) > 2**most:
        raise IllFormed(f"there are more than {2**most:,} ways to take it in one slot")
    return plan


def _ordered(choices: Sequence[Choice]) -> tuple[Choice, ...]:
    """Return yes-and-no before amounts, and each after those that its bounds hang on."""
    labels = frozenset(choice.label for choice in choices)
    pending = sorted(choices, key=lambda choice: (not choice.is_mask, choice.label))
    named = frozenset(choice.label for choice in choices if not choice.is_mask)
    done: list[Choice] = []
    while pending:
        open_still = labels - {choice.label for choice in done}
        for choice in pending:
            if any(choices_in(end, named) for end in (choice.low, choice.high)):
                raise IllFormed("its bounds hang on another amount")
            if not any(choices_in(end, open_still) for end in (choice.low, choice.high)):
                break
        pending.remove(choice)
        done.append(choice)
    return tuple(done)
