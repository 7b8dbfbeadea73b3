"""Lines between markets, in any shape."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np

from gridpact.base.errors import BadInput, Fault
from gridpact.base.units import Ints
from gridpact.market.coupling.tree import (
    LARGEST_FEE_MICRO_PER_KWH,
    LARGEST_LIMIT_WH,
    Amount,
    amount_faults,
    column,
)


class Line(msgspec.Struct, frozen=True):
    """A line as a person writes it, forward from ``source`` to ``target``.

    A limit [Wh per slot] is None where there is none. Limits and fees [µ¤/kWh] are one number for
    all slots or one for each.
    """

    source: str
    target: str
    forward_limit_wh: Amount | None = None
    backward_limit_wh: Amount | None = None
    forward_fee_micro_per_kwh: Amount = 0
    backward_fee_micro_per_kwh: Amount = 0


class Mesh(msgspec.Struct, frozen=True):
    """Markets and lines as columns; ``source`` and ``target`` [lines] are rows of markets.

    Limits [Wh per slot], -1 for none, and fees [µ¤/kWh] are [lines, slots], or [lines, 1].
    """

    ids: tuple[str, ...]
    source: Ints
    target: Ints
    forward_limit_wh: Ints
    backward_limit_wh: Ints
    forward_fee_micro_per_kwh: Ints
    backward_fee_micro_per_kwh: Ints

    @property
    def count(self) -> int:
        """How many markets there are."""
        return len(self.ids)


_AMOUNTS = (
    "forward_limit_wh",
    "backward_limit_wh",
    "forward_fee_micro_per_kwh",
    "backward_fee_micro_per_kwh",
)


def mesh(ids: Sequence[str], lines: Sequence[Line], slots: int, file: str = "lines") -> Mesh:
    """Put lines into columns.

    Raises
    ------
    BadInput
        Lists all faults: a repeated market, unknown ends, a line from a market to itself, negative
        or absurd limits and fees, numbers of another count than the slots.
    """
    rows = {name: row for row, name in enumerate(ids)}
    found = [
        Fault(file, 0, name, "is named twice among the markets", "name each market once")
        for row, name in enumerate(ids)
        if rows[name] != row
    ]
    for number, line in enumerate(lines, 1):
        found += [Fault(file, number, *fault) for fault in _faults(line, rows, slots)]
    if found:
        raise BadInput(found)
    ends = np.array([[rows[line.source], rows[line.target]] for line in lines], dtype=np.int64)
    amounts = (column([getattr(line, name) for line in lines], slots) for name in _AMOUNTS)
    return Mesh(tuple(ids), *ends.reshape(-1, 2).T.copy(), *amounts)


def _faults(line: Line, rows: dict[str, int], slots: int) -> list[tuple[str, str, str]]:
    found = [
        (field, f"{name!r} is not known", "name one of the markets")
        for field, name in (("source", line.source), ("target", line.target))
        if name not in rows
    ]
    if line.source == line.target:
        found.append(("target", "is the source as well", "name the market at the other end"))
    for field in _AMOUNTS:
        amount: Amount | None = getattr(line, field)
        largest = LARGEST_FEE_MICRO_PER_KWH if "_fee_" in field else LARGEST_LIMIT_WH
        if amount is not None:
            found += [(field, *fault) for fault in amount_faults(amount, slots, largest)]
    return found
