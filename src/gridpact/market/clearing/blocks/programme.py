"""The mixed-integer programme of hourly and block orders (HiGHS): which blocks, how many steps."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gridpact.base.units import Bools, Floats, Ints
from gridpact.market.clearing.blocks.model import NONE, Blocks
from gridpact.market.orders import Orders


class Row(NamedTuple):
    """A constraint: coefficients by column of the programme, and bounds of their sum."""

    columns: Ints
    values: Floats
    lower: float
    upper: float


class Programme:
    """Maximise welfare over hourly Wh, steps of blocks and whether blocks are accepted.

    Columns are the hourly orders (Wh), the blocks' steps, then the blocks as 0 or 1. Selections
    that turn out to have no prices are excluded one by one.
    """

    def __init__(self, orders: Orders, slots: int, blocks: Blocks) -> None:
        self._orders, self._blocks = orders, blocks
        hourly, count = orders.count, blocks.count
        self._step = hourly + np.arange(count)
        self._taken = self._step + count
        self._rows = [*self._balances(slots), *self._sizes(), *self._links()]
        worth = orders.side * orders.limit_micro_per_kwh
        step_worth = blocks.side * blocks.limit_micro_per_kwh * blocks.step_wh.sum(axis=1)
        self._worth = np.concatenate([worth, step_worth, np.zeros(count)]).astype(np.float64)
        self._most = np.concatenate([orders.quantity_wh, blocks.steps, np.ones(count)])
        self._whole = np.append(np.zeros(hourly), np.ones(2 * count))

    def solve(self) -> tuple[Ints, Bools]:
        """Return the steps [blocks] and which blocks are accepted [blocks] for most welfare.

        Nothing accepted is always possible until it is excluded; finding no solution before that
        is a defect and raises RuntimeError.
        """
        from scipy import optimize, sparse

        lengths = [row.columns.size for row in self._rows]
        at = np.repeat(np.arange(len(self._rows)), lengths)
        columns = np.concatenate([row.columns for row in self._rows])
        values = np.concatenate([row.values for row in self._rows])
        table = sparse.csr_matrix((values, (at, columns)), (len(self._rows), self._worth.size))
        lower, upper = ([getattr(row, side) for row in self._rows] for side in ("lower", "upper"))
        found = optimize.milp(
            -self._worth,
            integrality=self._whole,
            bounds=optimize.Bounds(0, self._most),
            constraints=optimize.LinearConstraint(table, lower, upper),
            options={"mip_rel_gap": 0.0},
        )
        if found.x is None or found.status != 0:
            raise RuntimeError(f"no selection of blocks: {found.message}")
        taken = np.rint(found.x[self._taken]) > 0
        steps = np.rint(found.x[self._step]).astype(np.int64)
        steps = np.clip(steps, self._blocks.least_steps, self._blocks.steps)
        return np.where(taken, steps, 0), taken

    def exclude(self, taken: Bools) -> None:
        """Never again return exactly these blocks."""
        sign = np.where(taken, -1.0, 1.0)
        self._rows.append(Row(self._taken, sign, 1.0 - int(taken.sum()), np.inf))

    def forbid(self, block: int) -> None:
        """Never again accept this block."""
        self._most[self._taken[block]] = 0.0

    def _balances(self, slots: int) -> list[Row]:
        """As much bought as sold in every slot."""
        orders, blocks = self._orders, self._blocks
        energy = blocks.side[:, None] * blocks.step_wh
        rows = []
        for slot in range(slots):
            here, used = np.flatnonzero(orders.slot == slot), np.flatnonzero(energy[:, slot])
            columns = np.concatenate([here, self._step[used]])
            values = np.concatenate([orders.side[here], energy[used, slot]]).astype(np.float64)
            rows.append(Row(columns, values, 0.0, 0.0))
        return rows

    def _sizes(self) -> list[Row]:
        """Steps are none, or from the least to all."""
        rows = []
        limits = zip(self._blocks.least_steps.tolist(), self._blocks.steps.tolist(), strict=True)
        for block, (least, most) in enumerate(limits):
            pair = np.array([self._step[block], self._taken[block]])
            rows.append(Row(pair, np.array([1.0, -float(least)]), 0.0, np.inf))
            rows.append(Row(pair, np.array([1.0, -float(most)]), -np.inf, 0.0))
        return rows

    def _links(self) -> list[Row]:
        """Children need their parents; of a group at most one."""
        blocks, rows = self._blocks, []
        place = {sequence: at for at, sequence in enumerate(blocks.sequence.tolist())}
        for child in np.flatnonzero(blocks.parent != NONE).tolist():
            pair = self._taken[[child, place[int(blocks.parent[child])]]]
            rows.append(Row(pair, np.array([1.0, -1.0]), -np.inf, 0.0))
        for group in np.unique(blocks.group[blocks.group != NONE]):
            some = self._taken[blocks.group == group]
            rows.append(Row(some, np.ones(some.size), 0.0, 1.0))
        return rows
