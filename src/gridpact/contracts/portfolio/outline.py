"""What contracts of one shape share, and what each of them puts in its places.

The shape is the structure with operations, units, periods, notices, assets and masks' literals.
Constants, profiles, windows of time and the names of parties, series and choices are places: a
name is told from another by when it comes first, so that in one shape the same names are equal.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

from gridpact.contracts.errors import IllFormed
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
from gridpact.contracts.terms import All, Contract, One, Scale
from gridpact.contracts.times import Between, LocalTime
from gridpact.contracts.unit_algebra import ONE

Literal: TypeAlias = Profile | Between | LocalTime
Key: TypeAlias = tuple[object, ...]
Place: TypeAlias = tuple[str, int]

CONSTANT, LITERAL, SERIES = "constant", "literal", "series"


@dataclass(frozen=True, slots=True, repr=False)
class Column(Observable):
    """Stands for a constant, a literal or a series that differs from contract to contract."""

    kind: str
    number: int
    unit: str
    is_mask: bool = False


@dataclass(slots=True)
class Outline:
    """A contract's shape as ``key`` and what stands in its places, in the order of the wire.

    ``series``, ``choices`` and ``parties`` number each name where it comes first; the key tells
    where each comes again. ``places``, where wanted, maps the id of a leaf to its place.
    """

    key: list[object] = field(default_factory=list)
    constants: list[int] = field(default_factory=list)
    literals: list[Literal] = field(default_factory=list)
    series: dict[str, int] = field(default_factory=dict)
    choices: dict[str, int] = field(default_factory=dict)
    parties: dict[str, int] = field(default_factory=dict)
    places: dict[int, Place] | None = None


def outline(contract: Contract, places: dict[int, Place] | None = None) -> Outline:
    """Walk a contract in the order of its wire form, each shared node once.

    Raises IllFormed for what is not part of the algebra.
    """
    found, seen = Outline(places=places), dict[int, int]()
    pending: list[Contract | Observable | str] = [contract]
    while pending:
        node = pending.pop()
        visit = _VISITS.get(type(node))
        if visit is None:
            raise IllFormed(f"{node!r} is not part of the algebra")
        if visit is not _label:
            number = len(seen)
            again = seen.setdefault(id(node), number)
            if again != number:
                found.key.append(("again", again))
                continue
        visit(node, found, pending)
    return found


def _label(node: Any, found: Outline, _: list[Any]) -> None:
    """Number a choice's label, which comes between its bounds."""
    found.key.append(found.choices.setdefault(node, len(found.choices)))


def _one(node: One, found: Outline, _: list[Any]) -> None:
    parties = found.parties
    giver = parties.setdefault(node.giver, len(parties))
    taker = parties.setdefault(node.taker, len(parties))
    found.key.append(("one", node.asset, giver, taker))


def _all(node: All, found: Outline, pending: list[Any]) -> None:
    parts = node.parts
    found.key.append(("all", len(parts)))
    pending += parts[::-1]


def _scale(node: Scale, found: Outline, pending: list[Any]) -> None:
    found.key.append("scale")
    pending += (node.of, node.by)


def _op(node: Op, found: Outline, pending: list[Any]) -> None:
    args = node.args
    found.key.append((node.kind, len(args)))
    pending += args[::-1]


def _fold(node: Fold, found: Outline, pending: list[Any]) -> None:
    found.key.append((node.how, node.period))
    pending.append(node.arg)


def _choice(node: Choice, found: Outline, pending: list[Any]) -> None:
    by = found.parties.setdefault(node.by, len(found.parties))
    found.key.append(("choice", by, node.notice_s, node.unit))
    pending += (node.low, node.label, node.high)


def _series(node: Series, found: Outline, _: list[Any]) -> None:
    number = found.series.setdefault(node.name, len(found.series))
    if found.places is not None:
        found.places[id(node)] = (SERIES, number)
    found.key.append((SERIES, number, node.unit))


def _const(node: Const, found: Outline, _: list[Any]) -> None:
    if node.unit == ONE and node.value in (0, 1):  # masks are masks by what they are built from
        found.key.append((CONSTANT, node.value))
        return
    if found.places is not None:
        found.places[id(node)] = (CONSTANT, len(found.constants))
    found.key.append((CONSTANT, node.unit))
    found.constants.append(node.value)


def _literal(node: Literal, found: Outline, _: list[Any]) -> None:
    if found.places is not None:
        found.places[id(node)] = (LITERAL, len(found.literals))
    found.key.append((LITERAL, node.unit, node.is_mask))
    found.literals.append(node)


_VISITS: dict[type, Callable[[Any, Outline, list[Any]], None]] = {
    One: _one,
    All: _all,
    Scale: _scale,
    Op: _op,
    Fold: _fold,
    Choice: _choice,
    Series: _series,
    Const: _const,
    Profile: _literal,
    Between: _literal,
    LocalTime: _literal,
    str: _label,
}


def skeleton(
    contract: Contract, leaves: Mapping[int, Observable], labels: Mapping[str, str]
) -> Contract:
    """Return a contract with other leaves (by id) and other labels of choices (by name)."""
    return _skeleton(contract, leaves, labels, {})


def _skeleton(
    contract: Contract,
    leaves: Mapping[int, Observable],
    labels: Mapping[str, str],
    done: dict[int, Observable],
) -> Contract:
    match contract:
        case All(parts):
            return All(tuple(_skeleton(part, leaves, labels, done) for part in parts))
        case Scale(by, of):
            return Scale(_rebuilt(by, leaves, labels, done), _skeleton(of, leaves, labels, done))
    return contract


def _rebuilt(
    root: Observable,
    leaves: Mapping[int, Observable],
    labels: Mapping[str, str],
    done: dict[int, Observable],
) -> Observable:
    pending = [root]
    while pending:
        node = pending[-1]
        below = [child for child in children(node) if id(child) not in done]
        pending.extend(below)
        if not below:
            pending.pop()
            parts = tuple(done[id(child)] for child in children(node))
            done[id(node)] = _with(node, parts, labels) if parts else leaves.get(id(node), node)
    return done[id(root)]


def _with(node: Observable, parts: tuple[Observable, ...], labels: Mapping[str, str]) -> Observable:
    match node:
        case Op(kind):
            return Op(kind, parts)
        case Fold(how, period):
            return Fold(how, period, parts[0])
        case Choice(label):
            return replace(node, label=labels.get(label, label), low=parts[0], high=parts[1])
    raise IllFormed(f"{node!r} is not part of the algebra")
