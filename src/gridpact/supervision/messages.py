"""Messages of supervision."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from gridpact.base.units import Ints
from gridpact.kernel.messages import Message
from gridpact.kernel.phases import Phase


class TotalExceeded(msgspec.Struct, frozen=True, omit_defaults=True):
    """A group that together carried more than an operator's ``need`` lets it in a slot.

    ``zones`` are rows, none within another, or ``homes`` are rows of members, or ``assets`` of
    what stores; ``energy_wh`` and ``limit_wh`` are signed: positive when imported, negative when
    exported.
    """

    need: str
    zones: tuple[int, ...]
    energy_wh: int
    limit_wh: int
    homes: tuple[int, ...] = ()
    assets: tuple[int, ...] = ()


class LimitExceeded(Message, frozen=True, kw_only=True, omit_defaults=True, tag="limit-exceeded"):
    """Zones, or groups of homes or assets, that carried more than they may in a slot.

    ``zones`` are rows; ``energy_wh`` and ``limit_wh`` [same shape] are signed: positive when
    imported, negative when exported. ``needs`` [same shape] are the identifiers of the operators'
    needs that set these limits, "" where it is the zone's own; empty where all are. ``together``
    are limits of several together; those of homes and assets are told once all have reported.
    """

    phase: ClassVar[Phase] = Phase.READING
    slot: int
    zones: Ints
    energy_wh: Ints
    limit_wh: Ints
    needs: tuple[str, ...] = ()
    together: tuple[TotalExceeded, ...] = ()
