"""Terms with parts of their observables replaced, as when a limit is read as always met."""

from __future__ import annotations

from collections.abc import Callable

from gridpact.contracts.legs import Leg
from gridpact.contracts.needs import nodes
from gridpact.contracts.observables import Choice, Fold, Observable, Op

Rule = Callable[[Observable], Observable | None]


def substituted(leg: Leg, rule: Rule) -> Leg:
    """Return a leg whose amount has every node replaced for which ``rule`` has another.

    The rule sees a node before its parts; where it returns None the parts are looked at. Bounds
    of choices are left as they are.
    """
    amount = rebuilt(leg.amount, rule)
    return Leg(leg.asset, leg.giver, leg.taker, amount, leg.kind)


def rebuilt(node: Observable, rule: Rule) -> Observable:
    """Return an observable with every node replaced for which ``rule`` has another."""
    return _rebuilt(node, rule, {})


def choices_in(node: Observable, labels: frozenset[str]) -> frozenset[str]:
    """Return which of some choices occur in an observable, in bounds of choices as well."""
    return frozenset(
        part.label for part in nodes([node]) if isinstance(part, Choice) and part.label in labels
    )


def factors_of(node: Observable) -> tuple[Observable, ...]:
    """Return the factors of a product, products within it opened; another node is its own."""
    if isinstance(node, Op) and node.kind == "*":
        return tuple(factor for arg in node.args for factor in factors_of(arg))
    return (node,)


def _rebuilt(node: Observable, rule: Rule, done: dict[int, Observable]) -> Observable:
    if id(node) not in done:
        done[id(node)] = rule(node) or _with_parts(node, rule, done)
    return done[id(node)]


def _with_parts(node: Observable, rule: Rule, done: dict[int, Observable]) -> Observable:
    match node:
        case Op(kind, args):
            return Op(kind, tuple(_rebuilt(arg, rule, done) for arg in args))
        case Fold(how, period, arg):
            return Fold(how, period, _rebuilt(arg, rule, done))
    return node
