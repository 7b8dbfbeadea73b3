"""Messages of scheduling: needs, plans, dispatch and what devices report back."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from gridpact.base.slots import Slots
from gridpact.base.units import Bools, Ints
from gridpact.kernel.messages import Message
from gridpact.kernel.phases import Phase
from gridpact.scheduling.needs.model import Need
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


class PlannedChoice(msgspec.Struct, frozen=True):
    """What a plan makes of a choice that it may decide: ``values`` in the slots at ``starts``.

    ``starts`` [s since the epoch] are slots that were open to the plan, ``values`` int64 in the
    unit of the choice. The author exercises it when its notice is about to end.
    """

    agreement: str
    version: int
    label: str
    starts: Ints
    values: Ints


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
    appliances, -1 where none is to start. In slots before ``exact_until`` [storage] diaries tell
    storage its power exactly; without it, in none. ``choices`` are those that it makes in the name
    of members who left theirs to plans; unset where nobody did.
    """

    phase: ClassVar[Phase] = Phase.PLAN
    session: str
    window: Slots
    horizon: Slots
    plan: Plan
    exact_until: Ints | msgspec.UnsetType = msgspec.UNSET
    choices: tuple[PlannedChoice, ...] | msgspec.UnsetType = msgspec.UNSET


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

    ``refused`` [assets] marks storage that did not follow its set-point. Where ``reported``
    [assets] is given and false nothing was heard, and the values of the asset count for nothing.
    ``there`` [assets] is what was connected in the slot, as far as that is reported.
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
    reported: Bools | msgspec.UnsetType = msgspec.UNSET
    there: Bools | msgspec.UnsetType = msgspec.UNSET


class Cause(msgspec.Struct, frozen=True):
    """Why another schedule is made.

    ``kind`` is ``timer``, or an event of :data:`gridpact.registry.model.CAUSES`; ``names`` are
    identifiers of what it is about: needs, assets, sessions, days, activations.
    """

    kind: str
    names: tuple[str, ...] = ()


class SlotNearing(Message, frozen=True, kw_only=True, tag="slot-nearing"):
    """A slot [s since the epoch] is about to begin: what calls for another schedule is looked at.

    Only with rolling operation, and as long before the slot as a solve may take.
    """

    phase: ClassVar[Phase] = Phase.OPEN
    slot: int
    step: int


class ReplanDue(Message, frozen=True, kw_only=True, tag="replan-due"):
    """Make another schedule for the slots of ``window``, which begins with the next slot.

    ``name`` is what needs and forecast are asked for under; it is no session, nothing is ordered.
    """

    phase: ClassVar[Phase] = Phase.OPEN
    answer_phase: ClassVar[Phase] = Phase.PLAN
    name: str
    causes: tuple[Cause, ...]
    window: Slots
    horizon: Slots


class Misses(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a schedule cannot keep in a window [Wh], beyond what whole numbers cannot follow.

    ``needs_wh`` sums what the bounds of each storage are missed by at most, and limits on what
    owners' assets do; ``runs_wh`` appliances that are not run, ``limits_wh`` what the grid carries
    above its limits, and ``contracts_wh`` what contracts and interventions lack. ``wishes_wh`` is
    all that is wished beyond these.
    """

    needs_wh: int
    runs_wh: int
    limits_wh: int
    contracts_wh: int = 0
    wishes_wh: int = 0


class ScheduleRevised(Message, frozen=True, kw_only=True, tag="schedule-revised"):
    """Another schedule is in force for the slots of ``window``; see :class:`ScheduleSolved`.

    It misses ``missed`` in these slots; the schedule before would have missed ``instead``.
    """

    phase: ClassVar[Phase] = Phase.PLAN
    name: str
    causes: tuple[Cause, ...]
    window: Slots
    horizon: Slots
    plan: Plan
    missed: Misses
    instead: Misses
    exact_until: Ints | msgspec.UnsetType = msgspec.UNSET
    choices: tuple[PlannedChoice, ...] | msgspec.UnsetType = msgspec.UNSET


class ScheduleKept(Message, frozen=True, kw_only=True, tag="schedule-kept"):
    """The schedule in force stays, for ``reason``; if ``again``, the next slot is tried at once."""

    phase: ClassVar[Phase] = Phase.PLAN
    name: str
    causes: tuple[Cause, ...]
    window: Slots
    reason: str
    again: bool


class ChoicesDue(Message, frozen=True, kw_only=True, tag="choices-due"):
    """A timer: the notice of a choice that a plan made is about to end; it is exercised."""

    phase: ClassVar[Phase] = Phase.GATE


class StateNeed(Message, frozen=True, kw_only=True, tag="state-need"):
    """A need that ``by`` states; it stands from now on until it is withdrawn.

    Stated again while it stands, it is the same need.
    """

    phase: ClassVar[Phase] = Phase.READING
    by: str
    need: Need


class WithdrawNeed(Message, frozen=True, kw_only=True, tag="withdraw-need"):
    """Take a need back by its identifier; ``by`` is its owner or an operator."""

    phase: ClassVar[Phase] = Phase.READING
    by: str
    id: str


class Unheld(msgspec.Struct, frozen=True):
    """A time before any plan can know a need, and the energy by which it is missed then [Wh].

    From the slot at ``begin`` the plan in force, which does not know the need, goes on until
    ``until`` [s since the epoch]: then a plan that knows it takes over, if any is ``planned``.
    """

    begin: int
    until: int
    missing_wh: int
    planned: bool = True


class NeedStated(Message, frozen=True, kw_only=True, tag="need-stated"):
    """A need stands under an identifier; ``revision`` counts its versions from 1.

    ``need`` is what stands, its subject by identifiers. ``notes`` say what counts where it meets
    other needs or limits, or an asset that is off. ``unheld`` is what it comes too late for.
    """

    phase: ClassVar[Phase] = Phase.READING
    by: str
    id: str
    revision: int
    need: Need | None = None
    notes: tuple[str, ...] = ()
    unheld: tuple[Unheld, ...] = ()


class NeedWithdrawn(Message, frozen=True, kw_only=True, tag="need-withdrawn"):
    """A need stands no longer; ``revision`` is that of its end."""

    phase: ClassVar[Phase] = Phase.READING
    by: str
    id: str
    revision: int


class NeedFault(msgspec.Struct, frozen=True):
    """One thing for which a need is refused: the field, what is wrong, how to put it right."""

    where: str
    problem: str
    fix: str


class NeedRefused(Message, frozen=True, kw_only=True, tag="need-refused"):
    """A need was not taken, or could not be taken back; everything else stands as it stood.

    ``id`` is "" for a need that was to be new.
    """

    phase: ClassVar[Phase] = Phase.READING
    by: str
    id: str
    faults: tuple[NeedFault, ...]
