"""All that keeps a contract from being evaluated on a world, not only what is met first.

The readings raise at the first trouble, which is right for programs; a person who corrects a table
wants to hear of everything at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from gridpact.base.errors import GridpactError, MissingSeries
from gridpact.base.slots import Slots
from gridpact.base.units import Bools, Ints, checked_add, checked_sum
from gridpact.contracts.evaluate import Sheet, World
from gridpact.contracts.legs import Leg
from gridpact.contracts.needs import children
from gridpact.contracts.observables import Choice, Fold, Observable


@dataclass(frozen=True, slots=True, eq=False)
class Problem:
    """An error that a reading would raise, and the leg in which it arises.

    ``leg`` is None where the error itself names a series, a choice, or what else to correct.
    """

    error: GridpactError
    leg: Leg | None = None


def problems(
    rows: Sequence[Leg],
    world: World,
    slots: Slots,
    *,
    open_choices: bool = False,
    cut_periods: bool = False,
) -> list[Problem]:
    """List what keeps some legs from being evaluated; empty where nothing does.

    Each series or choice that lacks values is told once, with all slots in which a leg needs one.
    Arguments as of :class:`gridpact.contracts.evaluate.Sheet`.
    """
    sheet = _Inspected(world, slots, open_choices=open_choices, cut_periods=cut_periods)
    inspection = _Inspection(sheet)
    for leg in rows:
        inspection.look(leg)
    inspection.add_up(rows)
    missing = [
        Problem(sheet.lacking(name, where)) for name, where in sorted(inspection.absent.items())
    ]
    noted = [Problem(error) for error in {str(each): each for each in sheet.noted}.values()]
    return [*missing, *noted, *inspection.found]


class _Inspected(Sheet):
    """A sheet that notes what is out of bounds and goes on."""

    def __init__(
        self, world: World, slots: Slots, *, open_choices: bool, cut_periods: bool
    ) -> None:
        super().__init__(world, slots, open_choices=open_choices, cut_periods=cut_periods)
        self.noted: list[GridpactError] = []

    def lacking(self, name: str, where: Bools) -> MissingSeries:
        """Return the error of a series that lacks values in some slots."""
        return MissingSeries(name, self._starts(where))

    def _refuse(self, error: GridpactError) -> None:
        self.noted.append(error)


class _Inspection:
    def __init__(self, sheet: Sheet) -> None:
        self._sheet = sheet
        self.absent: dict[str, Bools] = {}
        self.found: list[Problem] = []

    def look(self, leg: Leg) -> None:
        """Evaluate one leg and note what is wrong with it."""
        try:
            cells = self._sheet.cells(leg.amount)
        except MissingSeries as error:
            self._lacks(error.name, np.ones(self._sheet.slots.count, dtype=np.bool_))
            return
        except GridpactError as error:
            self._note(error, leg)
            return
        if cells.present is not None and not cells.present.all():
            self._trace(leg.amount, ~cells.present)

    def add_up(self, rows: Sequence[Leg]) -> None:
        """Note payments that do not fit 64 bits when they are added up; only of sound legs."""
        if self.absent or self.found:
            return
        count = self._sheet.slots.count
        sums: dict[tuple[str, str, str, str], Ints] = {}
        for leg in rows:
            key = (leg.giver, leg.taker, leg.asset, leg.kind)
            amount = self._sheet.cells(leg.amount).low
            amount = np.broadcast_to(amount, np.broadcast_shapes(amount.shape, (count,)))
            try:
                sums[key] = checked_add(sums[key], amount) if key in sums else amount
                if leg.currency:
                    checked_sum(sums[key])
            except GridpactError as error:
                self._note(error, leg)

    def _note(self, error: GridpactError, leg: Leg) -> None:
        if str(error) not in [str(each.error) for each in self.found if each.leg == leg]:
            self.found.append(Problem(error, leg))

    def _lacks(self, name: str, where: Bools) -> None:
        self.absent[name] = self.absent[name] | where if name in self.absent else where

    def _trace(self, root: Observable, absent: Bools) -> None:
        """Follow the absent cells of a node to every series whose absence reaches them."""
        reached = {id(root): absent}
        for node in _parents_first(root):
            if id(node) not in reached:
                continue
            where, below = reached[id(node)], False
            if isinstance(node, Fold):
                where = np.ones_like(where)  # another slot may be the one that lacks
            for child in children(node):
                present = self._sheet.cells(child).present
                if present is not None and (hit := np.asarray(~present & where)).any():
                    below = True
                    before = reached.get(id(child))
                    reached[id(child)] = hit if before is None else before | hit
            if not below:
                name = node.key if isinstance(node, Choice) else str(getattr(node, "name", node))
                self._lacks(name, where)


def _parents_first(root: Observable) -> Iterator[Observable]:
    """Yield every node below a root once, after all that are built from it."""
    done: list[Observable] = []
    seen, pending = set[int](), [(root, False)]
    while pending:
        node, is_left = pending.pop()
        if is_left:
            done.append(node)
        elif id(node) not in seen:
            seen.add(id(node))
            pending.append((node, True))
            pending.extend((child, False) for child in children(node))
    return reversed(done)
