"""Who can give what, and who gives, asset by asset and in the order in which they are asked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from gridpact.registry.model import Community
from gridpact.scheduling.activation.desk import Divided
from gridpact.scheduling.activation.planned import set_points


class Giver(NamedTuple):
    """An asset: power it can give and gives [W], its price [µ¤/kWh], its net power by slot [W].

    ``now_w`` is what was planned, ``then_w`` what it is to be; positive is withdrawal. A member's
    plants are one: their net power is minus what they make.
    """

    asset: str
    kind: str
    member: str
    can_w: int
    gives_w: int
    micro_per_kwh: int
    now_w: tuple[int, ...]
    then_w: tuple[int, ...]


def givers(community: Community, found: Divided) -> list[Giver]:
    """Assets that can give anything, those of the lowest price first."""
    every = [*_storage(community, found), *_plants(community, found)]
    able = [each for each in every if each.can_w]
    return sorted(able, key=lambda each: (each.micro_per_kwh, each.asset))


def _storage(community: Community, found: Divided) -> Iterator[Giver]:
    storage, division, count = community.storage, found.division, found.window.count
    planned = found.planned
    charge, discharge, _ = set_points(planned, division, found.direction, count)
    now = (planned.charge_wh - planned.discharge_wh)[:, :count]
    then = charge - discharge
    for row in np.flatnonzero(division.room_wh[: len(storage.ids)]).tolist():
        yield Giver(
            asset=storage.ids[row],
            kind=storage.kind[row],
            member=community.members.ids[int(storage.member[row])],
            can_w=_power(community, int(division.room_wh[row])),
            gives_w=_power(community, int(division.given_wh[row])),
            micro_per_kwh=int(division.cost[row]),
            now_w=_powers(community, now[row].tolist()),
            then_w=_powers(community, then[row].tolist()),
        )


def _plants(community: Community, found: Divided) -> Iterator[Giver]:
    division, count, before = found.division, found.window.count, len(community.storage.ids)
    planned = found.planned
    _, _, curtail = set_points(planned, division, found.direction, count)
    now = (planned.curtail_wh - planned.pv_wh)[:, :count]
    then = curtail - planned.pv_wh[:, :count]
    for row in np.flatnonzero(division.room_wh[before:]).tolist():
        yield Giver(
            asset=f"{community.members.ids[row]} solar",
            kind="pv",
            member=community.members.ids[row],
            can_w=_power(community, int(division.room_wh[before + row])),
            gives_w=_power(community, int(division.solar_wh[row])),
            micro_per_kwh=int(division.cost[before + row]),
            now_w=_powers(community, now[row].tolist()),
            then_w=_powers(community, then[row].tolist()),
        )


def _power(community: Community, energy_wh: int) -> int:
    """Power [W] that makes an energy [Wh] in a slot; slots divide the hour."""
    return energy_wh * 3600 // community.step_s


def _powers(community: Community, energies_wh: Sequence[int]) -> tuple[int, ...]:
    return tuple(_power(community, each) for each in energies_wh)
