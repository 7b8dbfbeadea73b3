"""Messages of metering."""

from __future__ import annotations

from typing import ClassVar

from gridpact.base.slots import Slots
from gridpact.base.units import Bools, Ints
from gridpact.kernel.messages import Message
from gridpact.kernel.phases import Phase


class ReadingsReceived(Message, frozen=True, kw_only=True, tag="readings-received"):
    """Both registers of one slot for all metering points: Wh, shape [members].

    Only where ``present`` is true has a meter reported; a slot may be reported in parts.
    """

    phase: ClassVar[Phase] = Phase.READING
    slot: int
    withdrawal_wh: Ints
    injection_wh: Ints
    present: Bools


class BoundaryRead(Message, frozen=True, kw_only=True, tag="boundary-read"):
    """The meters where each zone joins the network: Wh of one slot, shape [zones].

    They measure the sum of what flows through, whatever members' meters report.
    """

    phase: ClassVar[Phase] = Phase.READING
    slot: int
    import_wh: Ints
    export_wh: Ints


class ReadingsRefused(Message, frozen=True, kw_only=True, tag="readings-refused"):
    """Readings that changed nothing: [members] rows and one reason each.

    Reasons: ``duplicate``, ``conflict`` (another value is in force), ``too-late``, ``negative``,
    ``unknown-slot``; or ``wrong-shape`` alone, where the columns do not fit the members.
    """

    phase: ClassVar[Phase] = Phase.READING
    slot: int
    rows: Ints
    reasons: tuple[str, ...]


class DayClosed(Message, frozen=True, kw_only=True, tag="day-closed"):
    """The cut-off of a local day has come: what is missing is estimated.

    Readings that come in at this very instant still count, in whatever order they were handed in.
    """

    phase: ClassVar[Phase] = Phase.GATE
    answer_phase: ClassVar[Phase] = Phase.READING
    day: str
    slots: Slots


class DayMetered(Message, frozen=True, kw_only=True, tag="day-metered"):
    """The readings a day is settled on: Wh [members, slots].

    ``estimated`` marks what was not measured; ``method`` names how it was filled.
    """

    phase: ClassVar[Phase] = Phase.SETTLEMENT
    day: str
    slots: Slots
    withdrawal_wh: Ints
    injection_wh: Ints
    estimated: Bools
    method: str
