"""What an audit found: every limit that is not kept, and what the answer really costs."""

from __future__ import annotations

import msgspec
import numpy as np

from gridpact.base.units import Floats, Ints

TOUCH_WH = 0.01
"""Energies that differ by no more are equal: a twenty-fifth of a watt over a quarter of an hour."""


class Breach(msgspec.Struct, frozen=True):
    """Something that is not as it must be: ``what``, at a row of a table or zone, by how much.

    ``slot`` is -1 where the breach belongs to no single slot. ``unit`` is Wh,
    nano-¤, or what is counted.
    """

    what: str
    table: str
    row: int
    slot: int
    by: float
    unit: str = "Wh"


class Resolved(msgspec.Struct, frozen=True):
    """A zone solved again on its own, at the prices the answer gives for limits.

    ``least_nano`` is the least its assets could cost at these prices, ``cost_nano`` what their
    schedules cost at them; the difference is the zone's part of the answer's gap.
    """

    zone: int
    least_nano: float
    cost_nano: float


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """An audit: ``assets`` schedules checked, every ``breach``, and the zones solved again.

    ``cost_nano`` is the cost recomputed from schedules, limits missed at the penalty.
    ``proven_nano`` is the bound that all zones solved again prove; None where only some were.
    """

    assets: int
    slots: int
    cost_nano: float
    claimed_cost_nano: float
    claimed_bound_nano: float
    proven_nano: float | None
    resolved: tuple[Resolved, ...]
    breaches: tuple[Breach, ...]

    @property
    def clean(self) -> bool:
        """Whether everything is as it must be."""
        return not self.breaches


class Breaches:
    """Breaches as they are found."""

    def __init__(self) -> None:
        self.found: list[Breach] = []

    def add(self, what: str, place: tuple[str, int, int], by: float, unit: str = "Wh") -> None:
        """Note one; ``place`` is table, row and slot."""
        self.found.append(Breach(what, *place, float(by), unit))

    def above(self, what: str, table: str, rows: Ints, excess: Floats) -> None:
        """Note every ``excess`` [rows, slots] or [rows] Wh above nothing; NaN counts as one."""
        for place in np.argwhere(~(excess <= TOUCH_WH)).tolist():
            slot = place[1] if len(place) > 1 else -1
            self.add(what, (table, int(rows[place[0]]), slot), excess[tuple(place)])
