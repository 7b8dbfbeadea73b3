"""Messages of scheduling: needs, plans, dispatch and what devices report back."""

from __future__ import annotations

from typing import ClassVar

from gridpact.base.slots import Slots
from gridpact.base.units import Bools, Ints
from gridpact.kernel.messages import Message
from gridpact.kernel.phases import Phase
from gridpact.scheduling.problem import Plan


class NeedsRequested(Message, frozen=True, kw_only=True, tag="needs-requested"):
    """Ask the owners what they need of their assets in a window."""

    answer_phase: ClassVar[Phase] = Phase.READING
    session: str
    window: Slots


class NeedsStated(Message, frozen=True, kw_only=True, tag="needs-stated"):
    """What owners need: [assets, slots] in Wh per slot, as of the plan.

    ``charge_max`` and ``discharge_max`` are 0 while an asset is away; ``lo`` and ``hi`` bound the
    stored energy after each slot; ``draw`` is what leaves it (a trip, hot water, heat). For
    appliances: first and last start position [runs], -1 where no run is wanted.
    """

    phase: ClassVar[Phase] = Phase.READING
    session: str
    window: Slots
    charge_max_wh: Ints
    discharge_max_wh: Ints
    lo_wh: Ints
    hi_wh: Ints
    draw_wh: Ints
    run_earliest: Ints
    run_latest: Ints


class PlanDue(Message, frozen=True, kw_only=True, tag="plan-due"):
    """Needs, prices and forecast of a session are in: solve its schedule."""

    phase: ClassVar[Phase] = Phase.PLAN
    answer_phase: ClassVar[Phase] = Phase.PLAN
    session: str
    window: Slots
    horizon: Slots


class ScheduleSolved(Message, frozen=True, kw_only=True, tag="schedule-solved"):
    """The schedule of every asset over a horizon; in force for the slots of ``window``.

    ``window`` is the beginning of ``horizon``. ``run_start`` of the plan follows the rows of all
    appliances, -1 where none is to start.
    """

    phase: ClassVar[Phase] = Phase.PLAN
    session: str
    window: Slots
    horizon: Slots
    plan: Plan


class PlanSkipped(Message, frozen=True, kw_only=True, tag="plan-skipped"):
    """No schedule could be made; the one in force stays. ``reason`` says what was missing."""

    phase: ClassVar[Phase] = Phase.PLAN
    session: str
    reason: str


class SlotStarted(Message, frozen=True, kw_only=True, tag="slot-started"):
    """A slot begins [s since the epoch]."""

    phase: ClassVar[Phase] = Phase.DISPATCH
    slot: int
    step: int


class DispatchIssued(Message, frozen=True, kw_only=True, tag="dispatch-issued"):
    """Set-points of one slot: energies in Wh for storage [assets] and solar [members].

    ``run_start`` [runs] tells an appliance to start now. Without a schedule in force devices are
    left ``autonomous`` and do as they would alone. Answered when the slot ends.
    """

    phase: ClassVar[Phase] = Phase.DISPATCH
    answer_phase: ClassVar[Phase] = Phase.READING
    slot: int
    step: int
    charge_wh: Ints
    discharge_wh: Ints
    curtail_wh: Ints
    run_start: Bools
    autonomous: bool

    def due(self, now: int) -> int:
        """Devices report when the slot is over."""
        return max(now, self.slot + self.step)


class TelemetryReceived(Message, frozen=True, kw_only=True, tag="telemetry-received"):
    """What devices report of a slot: Wh by storage [assets], plants [plants] and runs [runs].

    ``refused`` [assets] marks storage that did not follow its set-point.
    """

    phase: ClassVar[Phase] = Phase.READING
    slot: int
    step: int
    charge_wh: Ints
    discharge_wh: Ints
    state_wh: Ints
    pv_wh: Ints
    run_wh: Ints
    refused: Bools
