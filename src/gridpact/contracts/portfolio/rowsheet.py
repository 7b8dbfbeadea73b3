"""The sheet of a group: its terms walked once, its values computed for some contracts at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from gridpact.base.units import Bools
from gridpact.contracts import cells
from gridpact.contracts.cells import Cells
from gridpact.contracts.evaluate import Sheet, masks_of
from gridpact.contracts.needs import children
from gridpact.contracts.observables import CHOICE_PREFIX, Choice, Fold, Observable, Op
from gridpact.contracts.portfolio.outline import Column

_NOTHING = cells.point(np.zeros(0, dtype=np.int64))


class RowSheet(Sheet):
    """Values [contracts, slots] of observables that hold columns.

    What is the same for all contracts is read from the ``common`` sheet, where other groups find
    it as well. Only what differs is computed again by each ``load``, and dropped after its last
    use, so that few arrays are alive at a time.
    """

    def __init__(self, common: Sheet, roots: Sequence[Observable], choices: Sequence[str]) -> None:
        super().__init__(common.world, common.slots, cut_periods=common.cut_periods)
        self._common = common
        self._choices = frozenset(choices)
        self._plan: list[Observable] = []
        self._differs: list[bool] = []
        self._loaded: Mapping[Column | str, Cells] = {}
        for root in roots:
            self._numbered(root)
        self._idle = self._last_uses({self._number[id(root)] for root in roots})
        for number, node in enumerate(self._plan):
            if not self._differs[number]:
                self._values[number] = common.cells(node)

    def columns(self) -> list[Column]:
        """Return the columns that ``load`` must be given."""
        return [node for node in self._plan if isinstance(node, Column)]

    def load(self, loaded: Mapping[Column | str, Cells], *, keep: bool = False) -> None:
        """Compute everything that differs, from columns and from choices by label.

        With ``keep`` values inside the terms stay, for :meth:`blamed`.
        """
        self._loaded = loaded
        for number, node in enumerate(self._plan):
            if self._differs[number]:
                self._values[number] = self._row_value(node)
                if not keep:
                    for idle in self._idle[number]:
                        self._values[idle] = _NOTHING

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
        """Note a node while the terms are walked; its value comes with ``load``."""
        self._plan.append(node)
        self._differs.append(
            isinstance(node, Column)
            or (isinstance(node, Choice) and node.label in self._choices)
            or any(self._differs[self._number[id(child)]] for child in children(node))
        )
        return _NOTHING

    def _row_value(self, node: Observable) -> Cells:
        return self._loaded[node] if isinstance(node, Column) else super()._value(node)

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


def _read(node: Observable) -> Sequence[Observable]:
    """Return the values that a node is computed from: a product looks at nested masks as well."""
    if isinstance(node, Op) and node.kind == "*":
        return [*node.args, *masks_of(node)]
    return children(node)
