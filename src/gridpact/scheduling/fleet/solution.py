"""The answer: a proven cost, the price of every limit, what is missing, and schedules on demand."""

from __future__ import annotations

from enum import StrEnum
from typing import Protocol

import msgspec

from gridpact.base.units import Floats, Ints
from gridpact.scheduling.fleet.asked_zones import asked_zones

ROUNDING = 100.0
"""Costs [nano-¤] that differ by no more count as equal."""


class Status(StrEnum):
    """How a solve ended.

    ``limits-missed``: not all shared limits are kept; the gap says how close the cost is to the
    least, what is missed counted at the penalty in force. ``optimal``: every limit holds and the
    cost is within the gap asked for. ``stopped``: every limit holds, but the gap is wider: the
    solve was cancelled, out of rounds or got no closer. Bounds and schedules are valid in all.
    """

    OPTIMAL = "optimal"
    STOPPED = "stopped"
    LIMITS_MISSED = "limits-missed"


class Schedules(msgspec.Struct, frozen=True, kw_only=True):
    """Schedules of assets, in the caller's order; energies are Wh per slot at the grid side.

    Each array is [assets, slots] with the rows of its table that were asked for, named by
    ``rows`` (in the order of :data:`~gridpact.scheduling.fleet.columns.TABLES`). ``state_wh`` is
    after each slot. ``output_wh`` is what PV gives after curtailment.
    """

    rows: tuple[Ints, ...]
    one_way_wh: Floats
    charge_wh: Floats
    discharge_wh: Floats
    state_wh: Floats
    output_wh: Floats
    runs_wh: Floats
    generators_wh: Floats


class LimitPrices(msgspec.Struct, frozen=True):
    """What one more Wh under each limit is worth [µ¤/kWh], never negative.

    ``imports`` and ``exports`` [zones, slots]; ``lower`` and ``upper`` [rows] of the portfolio.
    An asset pays its zone's price, plus ``imports`` minus ``exports`` of every zone above it, plus
    ``upper`` minus ``lower`` of every portfolio row it is in.
    """

    imports: Floats
    exports: Floats
    lower: Floats
    upper: Floats


class Missed(msgspec.Struct, frozen=True, order=True):
    """A shared limit that is not kept: ``kind`` import, export, lower or upper.

    ``row`` is a zone, or a portfolio row, of which ``slot`` is then the first slot.
    """

    kind: str
    row: int
    slot: int
    missing_wh: float


class Round(msgspec.Struct, frozen=True):
    """Where a solve stands after a round: bounds on the least cost [nano-¤]."""

    number: int
    lower_nano: float
    upper_nano: float


class ScheduleSource(Protocol):
    """What schedules are made from: public weights of each group, and the prices they answer."""

    def schedules(self, zones: Ints | None) -> Schedules:
        """Schedules of the assets in these zones themselves, or of all."""
        ...


class Solution(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to one fleet and its prices.

    ``lower_nano`` ≤ least cost ≤ ``upper_nano`` [nano-¤]; the schedules cost ``upper_nano``, which
    counts a limit missed at ``penalty`` [µ¤/kWh]. ``net_wh`` [zones, slots] is the net energy of
    every zone, fixed load included. ``limit_cost_nano`` [zones] and ``row_cost_nano`` [rows] say
    what limits cost: their prices times the limits, summed over slots.
    """

    status: Status
    lower_nano: float
    upper_nano: float
    penalty: float
    net_wh: Floats
    prices: LimitPrices
    limit_cost_nano: Floats
    row_cost_nano: Floats
    missed: tuple[Missed, ...]
    rounds: tuple[Round, ...]
    source: ScheduleSource

    @property
    def gap(self) -> float:
        """Proven relative distance of the schedules' cost from the least possible."""
        return relative_gap(self.lower_nano, self.upper_nano)

    def schedules(self, zones: Ints | None = None) -> Schedules:
        """Make the schedules of the assets in these zones themselves, or of all of them.

        Raises :class:`~gridpact.base.errors.BadInput` naming rows that are no zones.
        """
        return self.source.schedules(
            None if zones is None else asked_zones(zones, len(self.net_wh))
        )


def status_of(bounds: tuple[float, float], gap: float, missed: tuple[Missed, ...]) -> Status:
    """How a solve ended, from its bounds [nano-¤], the gap asked for and what is missed."""
    if missed:
        return Status.LIMITS_MISSED
    return Status.OPTIMAL if closed(bounds, gap) else Status.STOPPED


def closed(bounds: tuple[float, float], gap: float) -> bool:
    """Whether bounds on the least cost [nano-¤] are within this relative gap, but for rounding."""
    lower, upper = bounds
    return upper - lower <= ROUNDING or relative_gap(lower, upper) <= gap * (1 + 1e-6)


def relative_gap(lower: float, upper: float) -> float:
    """Distance of two bounds, relative to the larger of the two in size."""
    scale = max(abs(lower), abs(upper), 1e-12)
    return (upper - lower) / scale
