"""The third reading of a contract: which series and which decisions it requires."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from gridpact.contracts.errors import IllFormed
from gridpact.contracts.observables import Choice, Fold, Observable, Op, Series
from gridpact.contracts.terms import All, Contract, Scale


@dataclass(frozen=True, slots=True, order=True)
class SeriesNeed:
    """A series to bind at evaluation, in ``unit``."""

    name: str
    unit: str


@dataclass(frozen=True, slots=True, order=True)
class ChoiceNeed:
    """A decision that party ``by`` makes at least ``notice_s`` [s] before each slot."""

    label: str
    unit: str
    by: str
    notice_s: int


@dataclass(frozen=True, slots=True)
class Needs:
    """Everything a contract requires, each once, in order of name."""

    series: tuple[SeriesNeed, ...]
    choices: tuple[ChoiceNeed, ...]


def needs(contract: Contract) -> Needs:
    """Return exactly the series and choices that occur in a contract.

    Raises IllFormed where one name is used in two ways: a series in two units, or a choice with
    another author, notice or bounds.
    """
    return needs_of(factors(contract))


def needs_of(observables: Iterable[Observable]) -> Needs:
    """Return the series and choices of some observables; raises as :func:`needs`."""
    series: dict[str, Series] = {}
    choices: dict[str, Choice] = {}
    for node in nodes(observables):
        if isinstance(node, Series) and series.setdefault(node.name, node) != node:
            raise IllFormed(f"series {node.name!r} is used in two units")
        if isinstance(node, Choice) and choices.setdefault(node.label, node) != node:
            raise IllFormed(f"choice {node.label!r} is used with two meanings")
    return Needs(
        tuple(sorted(SeriesNeed(node.name, node.unit) for node in series.values())),
        tuple(sorted(ChoiceNeed(c.label, c.unit, c.by, c.notice_s) for c in choices.values())),
    )


def factors(contract: Contract) -> Iterator[Observable]:
    """Yield every coefficient in a contract, shared parts once."""
    pending, seen = [contract], set[int]()
    while pending:
        part = pending.pop()
        if id(part) in seen:
            continue
        seen.add(id(part))
        if isinstance(part, All):
            pending.extend(part.parts)
        elif isinstance(part, Scale):
            yield part.by
            pending.append(part.of)


def nodes(observables: Iterable[Observable]) -> Iterator[Observable]:
    """Yield every node under some observables, shared nodes once."""
    pending, seen = list(observables), set[int]()
    while pending:
        node = pending.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        yield node
        pending.extend(children(node))


def children(node: Observable) -> tuple[Observable, ...]:
    """Return the observables that a node is built from."""
    match node:
        case Op(_, args):
            return args
        case Fold(_, _, arg):
            return (arg,)
        case Choice(_, _, low, high):
            return (low, high)
    return ()
