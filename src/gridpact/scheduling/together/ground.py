"""An owner's storage as needs are bound to it, with whatever state it may begin with.

All is as registered: storage is there with all of its power. Nothing is known of what was before,
so that needs which cannot hold here cannot hold in any run.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gridpact.base.slots import Slots
from gridpact.base.units import Floats, Ints
from gridpact.registry.model import Community
from gridpact.scheduling.fleet.columns import Fleet, Prices, Storage, Zones
from gridpact.scheduling.needs.binding.bind import drafted
from gridpact.scheduling.needs.binding.draft import Draft
from gridpact.scheduling.needs.binding.model import Site
from gridpact.scheduling.needs.model import EnergyWithin, Need
from gridpact.scheduling.standing.places import Places


def bound(places: Places, rows: Ints, needs: Sequence[Need], slots: Slots, price: Ints) -> Draft:
    """Bind needs to storage in these rows; ``price`` [slots] µ¤/kWh is the least a kWh may cost.

    Energy within a window that the slots cut is left out: what flows beyond them is open.
    """
    draft = drafted(_site(places, rows, needs, slots, price), needs)
    cut = {
        (need.id, span.first, span.end)
        for need in needs
        if isinstance(need, EnergyWithin)
        for span in draft.spans(need, need.window)
        if span.began or span.goes_on
    }
    left_out = {
        one.row
        for one in draft.origins
        if one.table == "portfolio" and (one.need, one.first, one.end) in cut
    }
    draft.shared = [one for row, one in enumerate(draft.shared) if row not in left_out]
    return draft


def _site(places: Places, rows: Ints, needs: Sequence[Need], slots: Slots, price: Ints) -> Site:
    community = places.community
    names = [community.storage.ids[row] for row in rows.tolist()]
    nothing = dict.fromkeys([need.id for need in needs], 0)
    return Site(
        fleet=Fleet(
            slots=slots.count,
            step_s=slots.step,
            zones=Zones(np.full(1, -1)),
            storage=_storage(community, rows, slots),
        ),
        prices=Prices(price[None]),
        start=slots.start,
        timezone=community.timezone,
        directory=places.directory,
        places={name: ("storage", place) for place, name in enumerate(names)},
        zones={},
        warmth=places.warmth,
        so_far_wh=nothing,
        discharged_wh=dict.fromkeys(names, 0),
        spent_nano=nothing,
    )


def _storage(community: Community, rows: Ints, slots: Slots) -> Storage:
    table = community.storage

    def of(values: Ints | Floats) -> Floats:
        return np.asarray(values[rows], np.float64)

    return Storage(
        zone=np.zeros(len(rows), np.int64),
        initial_wh=0.0,
        charge_w=of(table.charge_w),
        discharge_w=of(table.discharge_w),
        hi_wh=of(table.capacity_wh),
        efficiency_in=of(table.efficiency_in),
        efficiency_out=of(table.efficiency_out),
        kept=of(table.kept_per_hour) ** (slots.step / 3600),
    )
