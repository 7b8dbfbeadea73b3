"""What a need would come to on days on which all is as registered: what cannot be bound is told.

Storage is there with all of its power, and nothing has been done before.
"""

from __future__ import annotations

import numpy as np
from msgspec.structs import replace

from gridpact.base.slots import Slots
from gridpact.base.units import Ints
from gridpact.registry.model import Community
from gridpact.scheduling.messages import NeedsStated
from gridpact.scheduling.needs.model import Intervention, Need
from gridpact.scheduling.needs.times import DAY_S, Finding
from gridpact.scheduling.standing.binding import bind
from gridpact.scheduling.standing.places import Places
from gridpact.scheduling.standing.tiers import as_need

DAYS = 2
"""Days that are looked at: so that a window over midnight lies in them whole."""


def unbound(need: Need, places: Places, now: int) -> list[Finding]:
    """Say why a need cannot be bound to days such as the present one and the next."""
    midnight = places.community.calendar.midnight(places.community.calendar.date_of(now))
    window = Slots(midnight, places.step_s, DAYS * DAY_S // places.step_s)
    asked = _from_next_slot(as_need(places, need), places.step_s, now)
    refused = bind(places, nominal_needs(places.community, window), [asked]).refused
    return [("", each.problem, each.fix) for each in refused]


def _from_next_slot(need: Need, step_s: int, now: int) -> Need:
    """What a person makes an asset do from within the slot under way begins with the next plan."""
    if not isinstance(need, Intervention) or not need.begin % step_s:
        return need
    slot = need.begin - need.begin % step_s
    if slot > now:
        return need
    return replace(need, begin=slot + step_s if slot + step_s < need.end else slot)


def nominal_needs(community: Community, window: Slots) -> NeedsStated:
    """Return needs of a window in which all storage is there, and nothing is asked."""
    storage, runs = community.storage, len(community.runs.ids)

    def wide(values: Ints) -> Ints:
        return np.repeat(values[:, None], window.count, axis=1)

    nothing, nowhere = np.zeros_like(storage.capacity_wh), np.full(runs, -1, np.int64)
    return NeedsStated(
        session="",
        window=window,
        charge_max_wh=wide(storage.charge_w * window.step // 3600),
        discharge_max_wh=wide(storage.discharge_w * window.step // 3600),
        lo_wh=wide(nothing),
        hi_wh=wide(storage.capacity_wh),
        draw_wh=wide(nothing),
        run_earliest=nowhere,
        run_latest=nowhere,
    )
