"""Members in the market: solar energy used where it is made, and who delivered what it agreed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gridpact.app.report.parts import Table
from gridpact.app.report.series import by_member as summed_by_member
from gridpact.app.report.text import MISSING, kwh, number, percent
from gridpact.app.report.view import View
from gridpact.base.slots import overlap
from gridpact.base.units import MICRO_PER_UNIT, Bools, Floats, Ints
from gridpact.market.analytics.shares import Share
from gridpact.market.analytics.supply import (
    Supply,
    across_boundary,
    local_share,
)
from gridpact.market.ratings import History, after_day, no_history, rating_ppm

MOST_ROWS = 60
PPM_PER_PERCENT = MICRO_PER_UNIT // 100


@dataclass(frozen=True)
class Energy:
    """Wh [members, slots] over the days shown; 0 stands where nothing was ``read``.

    ``bought`` and ``sold`` in all sessions, ``net`` withdrawal less injection, ``solar`` as told
    by plants; that and ``net`` are ``known``. ``measured`` is read and not estimated.
    """

    bought: Ints
    sold: Ints
    withdrawal: Ints
    net: Ints
    solar: Ints
    read: Bools
    measured: Bools
    known: Bools

    @property
    def local_share(self) -> Share:
        """What was bought and used, of what was taken from the grid [members]."""
        return local_share(self.bought, self.withdrawal, self.read)

    @property
    def history(self) -> History:
        """What members agreed and delivered, as far as it was measured."""
        empty = no_history(self.net.shape[0])
        return after_day(empty, self.bought - self.sold, self.net, self.measured)


def energy_of(view: View) -> Energy:
    """Lay trades, readings and solar generation over the days shown."""
    read, members = view.read, len(view.community.members.ids)
    solar = summed_by_member(view.community.pv.member, view.told.pv, members)
    seen = ~np.isnan(read.withdrawal)
    withdrawal, injection, made = map(_whole, (read.withdrawal, read.injection, solar))
    return Energy(
        bought=_added(view, [item.bought_wh for item in view.sessions]),
        sold=_added(view, [item.sold_wh for item in view.sessions]),
        withdrawal=withdrawal,
        net=withdrawal - injection,
        solar=made,
        read=seen,
        measured=read.estimated == 0,
        known=seen & ~np.isnan(solar),
    )


def _added(view: View, energy: Sequence[Ints]) -> Ints:
    """Add up sessions' energy [members, window slots] over the axis, [members, slots]."""
    total = np.zeros((len(view.community.members.ids), view.axis.slots.count), np.int64)
    for item, values in zip(view.sessions, energy, strict=True):
        here, there = overlap(view.axis.slots, item.session.window)
        total[:, here] += values[:, there]
    return total


def _whole(values: Floats) -> Ints:
    return np.nan_to_num(values).astype(np.int64)


def supply_table(energy: Energy) -> Table:
    """Every member alone beside the community as one."""
    net, made = energy.net, energy.solar
    known = np.asarray(energy.known.all(axis=0), dtype=np.bool_)
    everywhere = np.broadcast_to(known, net.shape)
    alone = across_boundary(net.ravel(), made.ravel(), everywhere.ravel())
    rows = (
        ("every member alone", *_supplied(alone)),
        ("the community as one", *_supplied(across_boundary(net.sum(0), made.sum(0), known))),
    )
    local = energy.local_share
    bought = percent(int(local.part.sum()), int(local.whole.sum()))
    return Table(
        "supply",
        "Solar energy used where it is made",
        (
            "",
            "used [kWh]",
            "solar [kWh]",
            "solar kept [kWh]",
            "self-sufficiency",
            "self-consumption",
        ),
        rows,
        note="Kept is solar energy less what was injected beyond what was withdrawn in the same "
        "slot: at every member’s meter, or at the boundary of the community, which energy between "
        f"neighbours does not cross. {bought} of what members took from the grid they had bought "
        "from each other.",
    )


def _supplied(found: Supply) -> tuple[str, ...]:
    load, made, matched = (
        int(each.sum()) for each in (found.load_wh, found.generation_wh, found.matched_wh)
    )
    energies = (kwh(each, 1) if load or made else MISSING for each in (load, made, matched))
    return (*energies, percent(matched, load), percent(matched, made))


def members_table(view: View, energy: Energy) -> Table:
    """One row per member: trades, how they were kept, the rating, and local shares."""
    found, supply = energy.history, across_boundary(energy.net, energy.solar, energy.known)
    rating, names = rating_ppm(found), view.community.members.ids
    sold, bought = energy.sold.sum(axis=1), energy.bought.sum(axis=1)
    kept = found.success_rate, found.delivery_rate
    shares = energy.local_share, supply.self_sufficiency, supply.self_consumption
    rows = [
        (
            names[at],
            kwh(float(sold[at]), 1),
            kwh(float(bought[at]), 1),
            number(float(found.commitments[at])),
            *(_shown(share, at) for share in kept),
            number(float(rating[at]) / PPM_PER_PERCENT, 1),
            *(_shown(share, at) for share in shares),
        )
        for at in range(min(len(names), MOST_ROWS))
    ]
    more = f" The first {MOST_ROWS} of {number(len(names))} members are listed."
    return Table(
        "member-market",
        "Members in the market",
        (
            *("member", "sold [kWh]", "bought [kWh]", "slots agreed", "kept in full", "delivered"),
            *("rating", "bought locally", "self-sufficiency", "self-consumption"),
        ),
        tuple(rows),
        note="The rating, out of 100, is the mean of slots kept and energy delivered, drawn to 50 "
        "as if two slots, half kept, had come before; a member without history has 50. What was "
        "not measured says nothing." + (more if len(names) > MOST_ROWS else ""),
    )


def _shown(share: Share, row: int) -> str:
    return percent(int(share.part[row]), int(share.whole[row]))
