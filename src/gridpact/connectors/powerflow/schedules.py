"""A fleet's schedules on a feeder: AC power flow as it would be alone, and as it was scheduled."""

from __future__ import annotations

import msgspec
import numpy as np

from gridpact.base.units import Bools, Floats
from gridpact.market.grid.verification import PowerFlow, State, Verification, verify
from gridpact.scheduling.audit.nodes import Placement, fed_in
from gridpact.scheduling.fleet.columns import Fleet
from gridpact.scheduling.fleet.solution import Schedules


class Strain(msgspec.Struct, frozen=True):
    """What schedules do to a feeder.

    ``loading`` [slots] is the largest part of its limit that any branch carries, ``lowest`` and
    ``highest`` [slots] the extreme voltages in parts of the rated one; NaN where a slot has no
    solution. ``verification`` tells every limit.
    """

    loading: Floats
    lowest: Floats
    highest: Floats
    verification: Verification

    @property
    def clean(self) -> Bools:
        """Tell of each slot whether every branch and voltage keeps its limits."""
        return self.verification.clean


class Comparison(msgspec.Struct, frozen=True):
    """The same assets on the same feeder: each for itself, and scheduled together."""

    before: Strain
    after: Strain


def compare(
    base: State,
    fleet: Fleet,
    placement: Placement,
    schedules: tuple[Schedules, Schedules],
    power_flow: PowerFlow,
) -> Comparison:
    """Put schedules before and after coordination on a feeder's nodes and solve its power flow.

    ``base`` is the feeder with what else its nodes feed in, ``placement`` the nodes of assets.
    Assets work at unity power factor.
    """
    before, after = (strain(base, fleet, placement, one, power_flow) for one in schedules)
    return Comparison(before, after)


def strain(
    base: State, fleet: Fleet, placement: Placement, schedules: Schedules, power_flow: PowerFlow
) -> Strain:
    """Solve the power flow of one set of schedules."""
    assets = fed_in(fleet, schedules, placement, len(base.network.nodes))
    found = verify(msgspec.structs.replace(base, active_w=base.active_w + assets), power_flow)
    limited = base.network.limit_w > 0
    loading = found.apparent_va[limited] / base.network.limit_w[limited, None]
    voltage = found.voltage_ppm / 1e6
    known = found.solved
    return Strain(
        loading=np.where(known, loading.max(axis=0, initial=0.0), np.nan),
        lowest=np.where(known, voltage.min(axis=0), np.nan),
        highest=np.where(known, voltage.max(axis=0), np.nan),
        verification=found,
    )
