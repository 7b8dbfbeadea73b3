"""The sheet of a group: its terms walked once, its values computed for some contracts at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from gridpact.base.units import INT64_MAX, Bools
from gridpact.contracts import cells
from gridpact.contracts.cells import Cells
from gridpact.contracts.evaluate import Sheet, masks_of, segments
from gridpact.contracts.needs import children
from gridpact.contracts.observables import CHOICE_PREFIX, Choice, Fold, Observable, Op
from gridpact.contracts.portfolio.classes import (
    ONE_CLASS,
    Classes,
    of_ends,
    of_values,
    picked,
    refined,
)
from gridpact.contracts.portfolio.outline import Column

_NOTHING = cells.point(np.zeros(0, dtype=np.int64))


class RowSheet(Sheet):
    """Values [contracts, slots] of observables that hold columns.

    What is the same for all contracts is read from the ``common`` sheet, where other groups find
    it as well. Only what differs is computed again by each ``load``, and dropped after its last
    use, so that few arrays are alive at a time. What differs but is the same in many slots is
    computed once for each class of slots.
    """

    def __init__(self, common: Sheet, roots: Sequence[Observable], choices: Sequence[str]) -> None:
        super().__init__(common.world, common.slots, cut_periods=common.cut_periods)
        self._common = common
        self._choices = frozenset(choices)
        self._plan: list[Observable] = []
        self._differs: list[bool] = []
        self._classes: list[Classes | None] = []
        self._within: Classes | None = None  # the classes of the value being computed
        self._picked: dict[tuple[int, int], Cells] = {}
        self._most = common.slots.count // 2
        self._loaded: Mapping[Column | str, Cells] = {}
        for root in roots:
            self._numbered(root)
        self._idle = self._last_uses({self._number[id(root)] for root in roots})

    def columns(self) -> list[Column]:
        """Return the columns that ``load`` must be given."""
        return [node for node in self._plan if isinstance(node, Column)]

    def cells(self, node: Observable) -> Cells:
        """Return a node's value by the classes of what is being computed, else by slot."""
        number = self._number[id(node)]
        value, own, within = self._values[number], self._classes[number], self._within
        if own is ONE_CLASS or _broadcasts(value):
            return value
        if own is not None and self._differs[number]:
            if own is within:
                return value
            return own.spread(value) if within is None else picked(value, own.labels[within.first])
        if within is None:
            return value
        key = number, id(within)
        if key not in self._picked:
            self._picked[key] = picked(value, within.first)
        return self._picked[key]

    def by_class(self, node: Observable) -> tuple[Cells, Classes | None]:
        """Return a node's value by its classes of slots, or by slot where it has none."""
        number = self._number[id(node)]
        value, own = self._values[number], self._classes[number]
        if _broadcasts(value):
            return value, ONE_CLASS
        return value, own if self._differs[number] else None

    def load(self, loaded: Mapping[Column | str, Cells], *, keep: bool = False) -> None:
        """Compute everything that differs, from columns and from choices by label.

        With ``keep`` values inside the terms stay, for :meth:`blamed`.
        """
        self._loaded = loaded
        for number, node in enumerate(self._plan):
            if self._differs[number]:
                self._within = self._classes[number]
                self._values[number] = self._row_value(node)
                if not keep:
                    for idle in self._idle[number]:
                        self._values[idle] = _NOTHING
        self._within = None

    def blamed(self, node: Observable, absent: Bools) -> Iterator[tuple[Observable, Bools]]:
        """Yield the leaves to blame for what is absent [contracts, slots], each with its share.

        A contract's absence is blamed on one leaf, the first that reaches ``node``.
        """
        pending = [(node, absent)]
        while pending:
            node, absent = pending.pop()
            if isinstance(node, Fold):  # another slot may be the one that lacks
                absent = np.broadcast_to(absent.any(axis=-1, keepdims=True), absent.shape)
            for child in children(node):
                present = self.cells(child).present
                if present is not None:
                    hit = ~present & absent
                    here = hit.any(axis=-1, keepdims=True)
                    pending.append((child, hit))
                    absent = absent & ~here
            if absent.any():
                yield node, absent

    def _value(self, node: Observable) -> Cells:
        """Note a node while the terms are walked; a value that differs comes with ``load``."""
        below = [self._number[id(child)] for child in children(node)]
        differs = (
            isinstance(node, Column)
            or (isinstance(node, Choice) and node.label in self._choices)
            or any(self._differs[number] for number in below)
        )
        value = _NOTHING if differs else self._common.cells(node)
        self._plan.append(node)
        self._differs.append(differs)
        self._classes.append(
            self._classes_of(node, below) if differs else of_values(value, self._most)
        )
        return value

    def _classes_of(self, node: Observable, below: Sequence[int]) -> Classes | None:
        match node:
            case Column("constant"):
                return ONE_CLASS
            case Fold("total", period):
                within = segments(period, self.slots, self.cut_periods)
                return of_ends(within, self.slots.count, self._most)
            case Op():
                return refined([self._classes[number] for number in below], self._most)
        return None

    def _row_value(self, node: Observable) -> Cells:
        if isinstance(node, Column):
            return self._loaded[node]
        if isinstance(node, Fold) and self._within is not None:
            return self._ends(node, self._within)
        return super()._value(node)

    def _ends(self, node: Fold, within: Classes) -> Cells:
        """Return a total by its classes, each period's last slot."""
        self._within = None  # what is summed is needed slot by slot
        arg = self._spread(self.cells(node.arg))
        ends = segments(node.period, self.slots, self.cut_periods)
        peak = arg.bound() * max(end.stop - end.start for end in ends)
        if arg.present is not None or peak > INT64_MAX:
            return picked(self._folded(node), within.first)
        found = np.zeros((*arg.low.shape[:-1], within.count), dtype=np.int64)
        for end in ends:
            found[..., within.labels[end.stop - 1]] = arg.low[..., end].sum(axis=-1)
        return cells.point(found, None, peak)

    def _starts(self, where: Bools) -> list[int]:
        """Name no slots: values are by class, and a contract alone tells its own error."""
        return []

    def _bound(self, name: str) -> Cells:
        label = name.removeprefix(CHOICE_PREFIX)
        return self._loaded[label] if label in self._choices else super()._bound(name)

    def _last_uses(self, roots: set[int]) -> list[list[int]]:
        """Return for each number which differing values nothing after it needs."""
        last: dict[int, int] = {}
        for number, node in enumerate(self._plan):
            for read in _read(node):
                last[self._number[id(read)]] = number
        idle: list[list[int]] = [[] for _ in self._plan]
        for number, user in last.items():
            if self._differs[number] and number not in roots:
                idle[user].append(number)
        return idle


def _broadcasts(value: Cells) -> bool:
    """Tell whether a value has no slot axis to speak of, whatever its classes allow."""
    return value.low.shape[-1:] in ((), (1,))


def _read(node: Observable) -> Sequence[Observable]:
    """Return the values that a node is computed from: a product looks at nested masks as well."""
    if isinstance(node, Op) and node.kind == "*":
        return [*node.args, *masks_of(node)]
    return children(node)
