"""What homes and assets carried together, once all of a group have reported a slot."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec
import numpy as np

from gridpact.base.units import Bools, Ints
from gridpact.metering.messages import ReadingsReceived
from gridpact.scheduling.messages import TelemetryReceived
from gridpact.scheduling.needs.model import Direction
from gridpact.scheduling.standing.places import Places
from gridpact.supervision.caps import Cap, holding
from gridpact.supervision.messages import TotalExceeded

KEPT_S = 2 * 86_400
"""How long readings of a slot are waited for."""
WAYS = ((Direction.TAKE, 1), (Direction.GIVE, -1))


class Heard(msgspec.Struct, frozen=True):
    """Net energy of homes in a slot as far as meters have reported it: Wh [members].

    Both are empty once all homes of every cap have reported.
    """

    slot: int
    net_wh: Ints
    present: Bools


def with_readings(
    heard: Sequence[Heard], caps: Sequence[Cap], message: ReadingsReceived
) -> tuple[tuple[Heard, ...], Bools, Heard | None]:
    """Add readings; returns what is kept, who of the slot had reported, and who has now.

    The first reading of a meter counts. None for a slot of which all was known, or that is longer
    ago than readings are waited for.
    """
    latest = max([message.slot, *(one.slot for one in heard)])
    rest = [one for one in heard if one.slot > latest - KEPT_S]
    before = next((one for one in rest if one.slot == message.slot), None)
    known = np.zeros(len(message.present), np.bool_) if before is None else before.present
    if message.slot <= latest - KEPT_S or not known.size:
        return tuple(rest), known, None
    own = message.withdrawal_wh - message.injection_wh
    old = np.zeros_like(own) if before is None else before.net_wh
    now = Heard(message.slot, np.where(known, old, own), known | message.present)
    homes = sorted({row for cap in caps for row in cap.homes})
    kept = now
    if now.present[homes].all():
        kept = Heard(message.slot, old[:0], known[:0])
    rest = [*(one for one in rest if one.slot != message.slot), kept]
    return tuple(sorted(rest, key=lambda one: one.slot)), known, now


def homes_over(
    places: Places, caps: Sequence[Cap], known: Bools, now: Heard
) -> Iterator[TotalExceeded]:
    """Yield what homes together exceeded in a slot that the last of them has just reported."""
    for way, sign in WAYS:
        for one in holding(places, caps, way, now.slot, "homes"):
            rows = list(one.rows)
            energy = int(now.net_wh[rows].sum())
            whole = bool(now.present[rows].all()) and not known[rows].all()
            if whole and sign * energy > one.most_wh:
                name = caps[one.cap].need.id
                yield TotalExceeded(name, (), energy, sign * one.most_wh, homes=one.rows)


def assets_over(
    places: Places, caps: Sequence[Cap], message: TelemetryReceived
) -> Iterator[TotalExceeded]:
    """Yield what storage together exceeded in a slot; nothing where some were not heard."""
    heard = message.reported
    unheard = np.zeros(len(message.charge_wh), np.bool_)
    if not isinstance(heard, msgspec.UnsetType):
        unheard = ~heard
    net = message.charge_wh - message.discharge_wh
    for way, sign in WAYS:
        for one in holding(places, caps, way, message.slot, "assets"):
            rows = list(one.rows)
            energy = int(net[rows].sum())
            if not unheard[rows].any() and sign * energy > one.most_wh:
                name = caps[one.cap].need.id
                yield TotalExceeded(name, (), energy, sign * one.most_wh, assets=one.rows)


def without_caps(heard: tuple[Heard, ...], caps: Sequence[Cap]) -> tuple[Heard, ...]:
    """Forget readings that no cap on homes waits for."""
    return heard if any(cap.homes for cap in caps) else ()
