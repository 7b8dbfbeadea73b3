"""Net energy of assets in terms of columns, and sums over a few slots that several classes need."""

from __future__ import annotations

import msgspec
import numpy as np

from gridpact.base.units import Floats, Ints


class Draw(msgspec.Struct, frozen=True):
    """Assets of one table take ``factor`` kWh of net energy per unit of ``column`` [entries].

    ``asset`` and ``slot`` [entries] say whose energy it is, and when.
    """

    table: str
    asset: Ints
    slot: Ints
    column: Ints
    factor: Floats

    def energy(self, values: Floats, shape: tuple[int, int]) -> Floats:
        """Net energy [assets, slots] kWh at these values of all columns."""
        net = np.zeros(shape)
        np.add.at(net, (self.asset, self.slot), self.factor * values[self.column])
        return net


def dense(table: str, columns: Ints, sign: float) -> Draw:
    """One column for every asset and slot, ``columns`` [assets, slots] in kWh."""
    asset, slot = (part.ravel() for part in np.indices(columns.shape))
    return Draw(table, asset, slot, columns.ravel(), np.full(columns.size, sign))


def trailing(span: Ints, slots: int) -> tuple[Ints, Ints, Ints]:
    """All triples (row, slot, earlier) with ``slot − span[row] < earlier ≤ slot``."""
    rows, at, earlier = [], [], []
    for lag in range(min(int(span.max(initial=0)), slots)):
        own = np.flatnonzero(span > lag)
        slot = np.arange(lag, slots)
        rows.append(np.repeat(own, len(slot)))
        at.append(np.tile(slot, len(own)))
        earlier.append(np.tile(slot - lag, len(own)))
    none = [np.zeros(0, np.int64)]
    return np.concatenate(none + rows), np.concatenate(none + at), np.concatenate(none + earlier)
