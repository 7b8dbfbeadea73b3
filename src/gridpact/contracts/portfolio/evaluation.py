"""Evaluate a group chunk by chunk, and find every contract that cannot be."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import cast

import numpy as np

from gridpact.base.errors import GridpactError, MissingSeries
from gridpact.base.slots import Slots
from gridpact.base.units import INT64_MAX, Bools, Ints
from gridpact.contracts import cells
from gridpact.contracts.cells import Cells
from gridpact.contracts.errors import PeriodCut
from gridpact.contracts.evaluate import Sheet, World
from gridpact.contracts.observables import CHOICE_PREFIX, Choice, Observable
from gridpact.contracts.portfolio.classes import ONE_CLASS, Classes
from gridpact.contracts.portfolio.groups import Group, GroupFlow, Values
from gridpact.contracts.portfolio.outline import SERIES, Column, Literal
from gridpact.contracts.portfolio.rowsheet import RowSheet
from gridpact.contracts.portfolio.worlds import (
    Constants,
    Literals,
    Source,
    Where,
    bound,
    check_shared,
)

Alone = Callable[[int], None]


@dataclass(slots=True)
class Faults:
    """The first error of each contract that has one, by its number in the portfolio."""

    errors: dict[int, GridpactError] = field(default_factory=dict)

    def note(self, contract: int, error: GridpactError) -> None:
        """Keep an error unless the contract already has one."""
        self.errors.setdefault(int(contract), error)


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """One cash flow of some contracts of a group, at positions ``where``.

    ``amount`` is by slot, or has a column for each of ``classes``.
    """

    group: Group
    where: Where
    flow: GroupFlow
    amount: Cells
    classes: Classes | None

    def by_slot(self, slots: int) -> Ints:
        """Return the amounts int64 [contracts, slots]."""
        amount = self.amount
        if self.classes is not None and self.classes is not ONE_CLASS:
            amount = self.classes.spread(amount)
        return np.broadcast_to(amount.low, (len(self.group.rows[self.where]), slots))

    def sums(self, slots: int) -> Ints:
        """Return the sums over the slots int64 [contracts], checked."""
        low, peak = self.amount.low, self.amount.bound()
        if self.classes is not None and peak * slots <= INT64_MAX:
            one = self.classes is ONE_CLASS
            return (
                np.atleast_1d(low)[..., 0] * slots if one else np.asarray(low @ self.classes.sizes)
            )
        if self.classes is None:
            spread = np.broadcast_to(low, (*low.shape[:-1], slots))
        else:
            spread = self.by_slot(slots)
        return cells.sums(cells.point(spread, None, peak))


class Evaluation:
    """The evaluation of one group. ``alone`` evaluates one contract by itself, for its error."""

    def __init__(self, group: Group, common: Sheet, faults: Faults, alone: Alone) -> None:
        self._group = group
        self._common = common
        self._faults = faults
        self._alone = alone
        self._sources: dict[Column | str, Source] = {}

    def parts(self, chunk: int) -> Iterator[Part]:
        """Yield the cash flows of at most ``chunk`` contracts at a time; faults are noted."""
        held = self._held()
        if not held.any():
            return
        try:
            self._prepare()
        except GridpactError as error:  # in what all contracts of the group share
            self._note_all(self._group.rows[held], error)
            return
        positions = np.flatnonzero(held)
        for first in range(0, len(positions), chunk):
            some = positions[first : first + chunk]
            whole = int(some[-1]) - int(some[0]) + 1 == len(some)
            yield from self._chunk(slice(int(some[0]), int(some[-1]) + 1) if whole else some)

    def _held(self) -> Bools:
        """Return which contracts have all their names in the world; note the others."""
        group, world = self._group, self._common.world
        shared = [name for name in group.shared if name not in world]
        own: dict[int, list[str]] = {}
        for names in self._named():
            for at, name in enumerate(names):
                if name not in world:
                    own.setdefault(at, []).append(name)
        held = np.full(len(group.rows), not shared)
        held[list(own)] = False
        starts, errors = self._common.slots.starts().tolist(), dict[str, MissingSeries]()
        for at in np.flatnonzero(~held).tolist():
            # series come before choices, each in order of name
            first = min([*shared, *own.get(at, [])], key=lambda n: (n.startswith(CHOICE_PREFIX), n))
            error = errors.setdefault(first, MissingSeries(first, starts))
            self._faults.note(group.rows[at], error)
        return held

    def _named(self) -> Iterator[Sequence[str]]:
        """Yield each column of names of the world."""
        for column, values in self._group.columns.items():
            if column.kind == SERIES:
                yield cast("Sequence[str]", values)
        for labels in self._group.choices.values():
            yield [CHOICE_PREFIX + label for label in labels]

    def _prepare(self) -> None:
        group, world, slots = self._group, self._common.world, self._common.slots
        for name in group.shared:
            check_shared(name, world, slots)
        self._sheet = RowSheet(self._common, group.amounts, list(group.choices))
        for column in self._sheet.columns():
            self._sources[column] = _source(column, group.columns[column], world, slots)
        for label, labels in group.choices.items():
            names = [CHOICE_PREFIX + name for name in labels]
            self._sources[label] = bound(names, world, slots)

    def _note_all(self, rows: Ints, error: GridpactError) -> None:
        for contract in rows.tolist():
            self._faults.note(contract, error)

    def _chunk(self, where: Where) -> Iterator[Part]:
        try:
            parts = self._computed(where)
        except MissingSeries:
            yield from self._without(where, self._blame(where))
        except PeriodCut as error:  # the slots are the same for all contracts
            self._note_all(self._group.rows[where], error)
        except GridpactError:
            yield from self._halved(where)
        else:
            yield from parts

    def _computed(self, where: Where) -> list[Part]:
        """Return the cash flows of some contracts; raises what any of them raises."""
        sheet = self._sheet
        sheet.load({key: source.take(where) for key, source in self._sources.items()})
        made = []
        for flow in self._group.flows:
            found = [sheet.by_class(amount) for amount in flow.amounts]
            if any(cell.present is not None and not cell.present.all() for cell, _ in found):
                raise MissingSeries("")  # whose it is, is found by looking again
            amount, classes = found[0]
            if len(found) > 1:
                amount, classes = cells.add([sheet.cells(a) for a in flow.amounts]), None
            made.append(Part(self._group, where, flow, amount, classes))
        return made

    def _halved(self, where: Where) -> Iterator[Part]:
        """Look for the contracts at fault in either half; one alone tells its error."""
        positions = _positions(where)
        if len(positions) > 1:
            half = len(positions) // 2
            yield from self._chunk(positions[:half])
            yield from self._chunk(positions[half:])
            return
        contract = int(self._group.rows[positions[0]])
        try:
            self._alone(contract)
        except GridpactError as error:
            self._faults.note(contract, error)
        else:
            raise AssertionError(f"contract {contract} fails among others and not alone")

    def _without(self, where: Where, lacking: Bools) -> Iterator[Part]:
        rest = _positions(where)[~lacking]
        if len(rest):
            yield from self._chunk(rest)

    def _blame(self, where: Where) -> Bools:
        """Note which series each contract lacks where; return which contracts lack one."""
        sheet, positions = self._sheet, _positions(where)
        sheet.load({key: source.take(where) for key, source in self._sources.items()}, keep=True)
        lacking = np.zeros(len(positions), dtype=np.bool_)
        shape = (len(positions), self._common.slots.count)
        errors: dict[tuple[str, bytes], MissingSeries] = {}
        for amount in self._group.amounts:
            present = sheet.cells(amount).present
            if present is None:
                continue
            absent = np.broadcast_to(~present, shape) & ~lacking[:, np.newaxis]
            for leaf, missing in sheet.blamed(amount, absent):
                for at in np.flatnonzero(missing.any(axis=-1)).tolist():
                    name, bits = self._name(leaf, int(positions[at])), missing[at].tobytes()
                    starts = self._common.slots.starts()[missing[at]].tolist()
                    error = errors.setdefault((name, bits), MissingSeries(name, starts))
                    self._faults.note(self._group.rows[positions[at]], error)
            lacking |= absent.any(axis=-1)
        if not lacking.any():
            raise AssertionError("a needed value is absent, and no contract lacks one")
        return lacking

    def _name(self, leaf: Observable, at: int) -> str:
        """Return the name of a leaf in the contract at a position."""
        if isinstance(leaf, Column):
            return str(self._group.columns[leaf][at])
        if isinstance(leaf, Choice):
            labels = self._group.choices.get(leaf.label)
            return CHOICE_PREFIX + labels[at] if labels else leaf.key
        return str(getattr(leaf, "name", leaf))


def _source(column: Column, values: Values, world: World, slots: Slots) -> Source:
    match column.kind:
        case "constant":
            return Constants(cast("Sequence[int]", values))
        case "literal":
            return Literals(cast("Sequence[Literal]", values), slots)
    return bound(cast("Sequence[str]", values), world, slots)


def _positions(where: Where) -> Ints:
    return np.arange(where.start, where.stop) if isinstance(where, slice) else where
