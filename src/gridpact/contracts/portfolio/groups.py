"""Groups of contracts of one shape: one skeleton, and columns for what differs between them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias, TypeVar

import numpy as np

from gridpact.base.units import Ints
from gridpact.contracts.errors import IllFormed
from gridpact.contracts.legs import Leg, legs
from gridpact.contracts.needs import factors, needs, nodes
from gridpact.contracts.observables import CHOICE_PREFIX, Observable
from gridpact.contracts.portfolio.outline import (
    CONSTANT,
    LITERAL,
    SERIES,
    Column,
    Literal,
    Outline,
    Place,
    outline,
    skeleton,
)
from gridpact.contracts.terms import Contract

Item = TypeVar("Item")
Values: TypeAlias = Sequence[int] | Sequence[Literal] | Sequence[str]


@dataclass(frozen=True, slots=True)
class GroupFlow:
    """One cash flow of every contract of a group; payer and payee are places of parties."""

    payer: int
    payee: int
    currency: str
    kind: str
    amounts: tuple[Observable, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Group:
    """Contracts of one shape.

    ``rows`` [n] are their numbers in the portfolio; ``parties`` [places, n] their parties' codes.
    ``amounts`` are those of the money legs, in the order agreed, and ``flows`` gather them.
    ``columns`` has a list of n constants, literals or series' names for each Column in the terms,
    ``choices`` a list of n labels for each label that stands for others. ``shared`` are the names
    of the world that all of them need.
    """

    rows: Ints
    parties: Ints
    amounts: tuple[Observable, ...]
    flows: tuple[GroupFlow, ...]
    columns: Mapping[Column, Values]
    choices: Mapping[str, Sequence[str]]
    shared: tuple[str, ...]


@dataclass(slots=True)
class Collector:
    """What the places of the contracts of one shape hold, one after the other."""

    rows: list[int] = field(default_factory=list)
    constants: list[int] = field(default_factory=list)
    literals: list[Literal] = field(default_factory=list)
    series: list[str] = field(default_factory=list)
    choices: list[str] = field(default_factory=list)
    parties: list[int] = field(default_factory=list)

    def add(self, row: int, found: Outline, codes: dict[str, int]) -> None:
        """Add a contract; ``codes`` numbers the parties of the portfolio."""
        self.rows.append(row)
        self.constants += found.constants
        self.literals += found.literals
        self.series += found.series
        self.choices += found.choices
        self.parties += [codes.setdefault(name, len(codes)) for name in found.parties]

    def columns(self, values: Sequence[Item]) -> list[Sequence[Item]]:
        """Return the column of each place from one of the lists."""
        wide = len(values) // len(self.rows)
        return [values[place::wide] for place in range(wide)]

    def only(self, kept: Sequence[int]) -> Collector:
        """Return a collector of some of the contracts, by their positions in this one."""

        def some(values: list[Item]) -> list[Item]:
            wide = len(values) // len(self.rows)
            return [value for at in kept for value in values[at * wide : (at + 1) * wide]]

        return Collector(
            some(self.rows),
            some(self.constants),
            some(self.literals),
            some(self.series),
            some(self.choices),
            some(self.parties),
        )


def grouped(
    collected: Collector,
    contract_at: Callable[[int], Contract],
    refuse: Callable[[int, IllFormed], None],
) -> Group | None:
    """Return the group of what was collected, without contracts that are ill-formed.

    ``contract_at`` returns a contract by its number; ``refuse`` is told of each ill-formed one.
    """
    try:
        return _group(collected, contract_at(collected.rows[0]))
    except IllFormed:
        kept = []
        for at, row in enumerate(collected.rows):
            try:
                contract = contract_at(row)
                legs(contract)
                needs(contract)
                kept.append(at)
            except IllFormed as error:
                refuse(row, error)
        if len(kept) == len(collected.rows):
            raise  # a fault of the skeleton alone would be ours
        return grouped(collected.only(kept), contract_at, refuse) if kept else None


def _group(collected: Collector, contract: Contract) -> Group:
    places: dict[int, Place] = {}
    found = outline(contract, places)
    needs(contract)  # a series in two units is that in all contracts of a shape
    leaves, columns = _leaves(collected, contract, places)
    labels = collected.columns(collected.choices)
    same = all(map(_alike, labels))
    stand_ins = {} if same else {label: str(number) for label, number in found.choices.items()}
    shape = skeleton(contract, leaves, stand_ins)
    required, money = needs(shape), [leg for leg in legs(shape) if leg.currency]
    shared = [need.name for need in required.series]
    if same:
        shared += [CHOICE_PREFIX + need.label for need in required.choices]
    return Group(
        rows=np.array(collected.rows, dtype=np.int64),
        parties=np.array(collected.columns(collected.parties), dtype=np.int64),
        amounts=tuple(leg.amount for leg in money),
        flows=_flows(money, found.parties),
        columns=columns,
        choices={} if same else {str(number): column for number, column in enumerate(labels)},
        shared=tuple(shared),
    )


def _leaves(
    collected: Collector, contract: Contract, places: Mapping[int, Place]
) -> tuple[dict[int, Observable], dict[Column, Values]]:
    """Return what stands for each leaf that is not the same in all contracts, and its column."""
    held: dict[str, list[Values]] = {
        CONSTANT: [*collected.columns(collected.constants)],
        LITERAL: [*collected.columns(collected.literals)],
        SERIES: [*collected.columns(collected.series)],
    }
    first = {kind: _first_equal(columns) for kind, columns in held.items()}
    leaves: dict[int, Observable] = {}
    columns: dict[Column, Values] = {}
    for leaf in nodes(factors(contract)):
        kind, number = places.get(id(leaf), ("", 0))
        if kind and not _alike(held[kind][number]):
            column = Column(kind, first[kind][number], leaf.unit, leaf.is_mask)
            leaves[id(leaf)] = column
            columns[column] = held[kind][column.number]
    return leaves, columns


def _alike(column: Values) -> bool:
    return column.count(column[0]) == len(column)


def _first_equal(columns: Sequence[Values]) -> list[int]:
    """Return for each column the first one that is equal, so that equal subterms stay equal."""
    if len(columns) < 2:
        return [0] * len(columns)
    known: dict[tuple[object, ...], int] = {}
    return [known.setdefault(tuple(column), number) for number, column in enumerate(columns)]


def _flows(money: Sequence[Leg], parties: Mapping[str, int]) -> tuple[GroupFlow, ...]:
    """Gather money legs: those of one payer, payee, currency and kind are one flow."""
    amounts: dict[tuple[int, int, str, str], list[Observable]] = {}
    for leg in money:
        key = (parties[leg.giver], parties[leg.taker], leg.currency, leg.kind)
        amounts.setdefault(key, []).append(leg.amount)
    return tuple(GroupFlow(*key, tuple(found)) for key, found in amounts.items())
