"""Messages of supervision."""

from __future__ import annotations

from typing import ClassVar

from gridpact.base.units import Ints
from gridpact.kernel.messages import Message
from gridpact.kernel.phases import Phase


class LimitExceeded(Message, frozen=True, kw_only=True, omit_defaults=True, tag="limit-exceeded"):
    """Zones that carried more than they may in a slot.

    ``zones`` are rows; ``energy_wh`` and ``limit_wh`` [same shape] are signed: positive when
    imported, negative when exported. ``needs`` [same shape] are the identifiers of the operators'
    needs that set these limits, "" where it is the zone's own; empty where all are.
    """

    phase: ClassVar[Phase] = Phase.READING
    slot: int
    zones: Ints
    energy_wh: Ints
    limit_wh: Ints
    needs: tuple[str, ...] = ()
