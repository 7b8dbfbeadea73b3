"""Messages of the simulated world. A live journal has none."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from gridpact.base.units import Bools, Ints
from gridpact.kernel.messages import Message
from gridpact.kernel.phases import Phase


class Withheld(msgspec.Struct, frozen=True):
    """Readings of one slot that their meters could not send yet, due at an instant [s]."""

    slot: int
    due: int
    withdrawal_wh: Ints
    injection_wh: Ints
    meters: Bools


class WorldAdvanced(Message, frozen=True, kw_only=True, tag="world-advanced"):
    """The physical state after a slot, known to the simulation alone.

    ``state_wh`` [assets] is stored energy and ``unmet_wh`` [assets] what owners wanted in the slot
    and the storage could not give (a trip, heat, hot water). ``run_left`` [runs] is how many slots
    an appliance still runs, ``run_day`` [runs] the day number of its last start. ``withheld`` are
    readings in the meters' own memory.
    """

    phase: ClassVar[Phase] = Phase.READING
    slot: int
    state_wh: Ints
    unmet_wh: Ints
    run_left: Ints
    run_day: Ints
    withheld: tuple[Withheld, ...]
