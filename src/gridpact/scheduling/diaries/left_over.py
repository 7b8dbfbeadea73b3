"""What assets have done of their work when diaries end, made good, so that like meets like.

An asset that is left to itself may hold more when diaries end than it does by them: it has bought
already what the plan buys later. That is no saving, but put off. What differs is therefore worth
what whoever has less pays for it in the rest of the plan: the plan, at the mean price at which it
takes energy there; the asset left to itself, at the mean price at which that would. What is not
made good there is worth the mean price at which the plan took energy before, and if it took none,
the mean buying price.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gridpact.base.rounding import muldiv
from gridpact.base.units import Floats, Ints, checked_add
from gridpact.scheduling.problem import StorageColumns


class Flows(NamedTuple):
    """Energy of assets [assets, slots] Wh, as planned and left to themselves, and its prices.

    ``price`` [assets, slots] µ¤/kWh is that of the home's meter. The first ``within`` slots are
    those of the diaries.
    """

    planned: Ints
    plain: Ints
    price: Ints
    within: int


def made_good(owed_wh: Ints, flows: Flows, mean_price: int) -> Ints:
    """Return what it costs to make good what is owed [assets], nano-¤; negative where it is more.

    ``owed_wh`` is energy at the grid side that the asset left to itself has taken beyond what it
    has by its diary.
    """
    later, so_far = slice(flows.within, None), slice(0, flows.within)
    planned = _taken(flows.planned[:, later], flows.price[:, later])
    alone = _taken(flows.plain[:, later], flows.price[:, later])
    before = _taken(flows.planned[:, so_far], flows.price[:, so_far])
    less = owed_wh > 0
    there = _Taken(*(np.where(less, one, other) for one, other in zip(planned, alone, strict=True)))
    size = np.abs(owed_wh)
    made = np.minimum(size, there.wh)
    none = before.wh == 0
    usual = _Taken(np.where(none, 1, before.wh), np.where(none, mean_price, before.nano))
    cost = muldiv(made, there.nano, np.maximum(there.wh, 1))
    cost = checked_add(cost, muldiv(size - made, usual.nano, usual.wh))
    return np.asarray(np.where(less, cost, -cost))


class _Taken(NamedTuple):
    """Energy taken in all [assets], Wh, and what it costs, nano-¤."""

    wh: Ints
    nano: Ints


def _taken(flow: Ints, price: Ints) -> _Taken:
    taken = np.maximum(flow, 0)
    return _Taken(taken.sum(axis=1), (taken * price).sum(axis=1))


class Stored(NamedTuple):
    """What storage holds after the last slot [storage] and its draws [storage, slots], Wh."""

    held_wh: Floats
    draw_wh: Ints


def followed(columns: StorageColumns, net_wh: Ints, known: dict[int, Ints]) -> Stored:
    """Follow storage that moves net energy [storage, slots] at the grid side.

    ``known`` is what it holds [storage] before slots from which another plan is in force. What
    that is otherwise than by the plan before is put into the draws, so that storage left to itself
    meets with the same.
    """
    state = columns.initial_wh.astype(np.float64)
    draws = np.array(columns.draw_wh)
    for slot in range(net_wh.shape[1]):
        if slot in known:
            lost = columns.kept * (state - known[slot])
            draws[:, slot] += np.rint(lost).astype(np.int64)
        net = net_wh[:, slot]
        gained = np.where(net > 0, net * columns.efficiency_in, net / columns.efficiency_out)
        state = columns.kept * state + gained - draws[:, slot]
    return Stored(state, draws)
