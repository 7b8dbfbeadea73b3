"""Reserve that agreements hold: power kept back in a member's batteries, and energy for a slot."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from gridpact.base.slots import Slots
from gridpact.base.units import Ints
from gridpact.scheduling.contracted.duties import Duty
from gridpact.scheduling.contracted.model import name_of
from gridpact.scheduling.contracted.said import said, stretches
from gridpact.scheduling.needs.model import Assets, Headroom
from gridpact.scheduling.needs.times import Window
from gridpact.scheduling.priorities.levels import Level
from gridpact.scheduling.standing.places import Places


class _Batteries(NamedTuple):
    """Batteries of one member, and the power that each can give and take [batteries] W."""

    ids: tuple[str, ...]
    give_w: Ints
    take_w: Ints


def reserve(places: Places, own: Sequence[Duty], horizon: Slots) -> Iterator[Headroom | str]:
    """Yield headroom that one member keeps for its agreements, or the name of one it cannot keep.

    Each battery keeps a share of the power in proportion to its own.
    """
    for duty in own:
        held = (duty.up_w > 0) | (duty.down_w > 0)
        if not held.any():
            continue
        name, batteries = name_of(duty.agreement), _batteries(places, duty.party)
        if not batteries.ids:
            yield name
            continue
        _, level = np.unique(np.stack([duty.up_w, duty.down_w]), axis=1, return_inverse=True)
        for first, end in stretches(held, level.ravel()):
            for window, begins in said(horizon, (first, end), places.timezone):
                if window is None:
                    yield name
                else:
                    label = f"{name}/{begins}"
                    yield from _kept(batteries, duty, first, (window, label, horizon.step))


def _batteries(places: Places, party: str) -> _Batteries:
    storage, members = places.community.storage, places.community.members.ids
    rows = [
        row
        for row, kind in enumerate(storage.kind)
        if kind == "battery" and members[int(storage.member[row])] == party
    ]
    ids = tuple(storage.ids[row] for row in rows)
    return _Batteries(ids, storage.discharge_w[rows], storage.charge_w[rows])


def _kept(
    batteries: _Batteries, duty: Duty, slot: int, asked: tuple[Window, str, int]
) -> Iterator[Headroom]:
    window, label, sustained_s = asked
    up = _shared(int(duty.up_w[slot]), batteries.give_w)
    down = _shared(int(duty.down_w[slot]), batteries.take_w)
    for name, up_w, down_w in zip(batteries.ids, up.tolist(), down.tolist(), strict=True):
        if up_w or down_w:
            yield Headroom(
                id=f"{label}/{name}",
                owner=duty.party,
                subject=Assets((name,)),
                level=Level.CONTRACTS,
                window=window,
                up_w=up_w,
                down_w=down_w,
                sustained_s=sustained_s,
            )


def _shared(power_w: int, able_w: Ints) -> Ints:
    """Share power out in proportion to what each is able to, in whole W."""
    able = np.asarray(able_w if able_w.any() else np.ones_like(able_w), np.int64)
    return np.diff(power_w * np.append(0, np.cumsum(able)) // int(able.sum()))
