"""What the entries of a run's diaries are expected to save, by the plans in force for them.

The saving of an asset is what the meter of its home would cost if the asset were left to itself and
all else did as planned, less what the meter costs as planned: energy bought at the buying price,
fed in at the selling price. It is shared out over entries as :mod:`.savings` says.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import msgspec
import numpy as np

from gridpact.base.slots import Slots, overlap
from gridpact.base.units import Ints, checked_add, checked_multiply, checked_sum
from gridpact.registry.model import Community
from gridpact.scheduling.diaries.derivation import power, watts
from gridpact.scheduling.diaries.difference import Diaries
from gridpact.scheduling.diaries.plain_plan import plain_storage
from gridpact.scheduling.diaries.savings import Savings, shared_out
from gridpact.scheduling.diaries.why import Asked, Piece


class _Laid(NamedTuple):
    """Over the slots of diaries: storage as planned and left to itself [storage, slots], Wh.

    ``net_wh`` [homes, slots] is planned at meters; ``buy`` and ``sell`` [slots] µ¤/kWh.
    """

    planned_wh: Ints
    plain_wh: Ints
    net_wh: Ints
    buy: Ints
    sell: Ints


def worth(
    community: Community,
    pieces: Sequence[Piece],
    activations: Sequence[Asked],
    diaries: Diaries,
) -> Savings:
    """Return expected savings of assets and entries.

    ``pieces`` are all plans whose windows reach into the diaries, oldest first; there is one. An
    appliance that has begun would by itself have begun when the first of them let it.
    """
    step = pieces[0].slots.step
    begin = max(min(piece.first_s for piece in pieces), diaries.begin_s - diaries.begin_s % step)
    slots = Slots(begin, step, (diaries.end_s - begin) // step)
    laid = _laid(community, pieces, slots)
    _activate(community, laid, activations, slots)
    running_w = power(diaries.instructions, slots, diaries.standing)[len(laid.planned_wh) :]
    alone_w = _runs(community, pieces, slots, running_w)
    planned = np.concatenate([laid.planned_wh, running_w * step // 3600])
    plain = np.concatenate([laid.plain_wh, alone_w * step // 3600])
    homes = np.concatenate([community.storage.member, community.runs.member])
    net = laid.net_wh[homes]
    saved = checked_add(_cost(net - planned + plain, laid), -_cost(net, laid))
    return shared_out(diaries.instructions, slots, saved, watts(np.abs(planned - plain), step))


def _laid(community: Community, pieces: Sequence[Piece], slots: Slots) -> _Laid:
    """Lay what plans say over the slots in which each is in force."""
    storages, homes = len(community.storage.ids), len(community.members.ids)
    planned, plain = np.zeros((2, storages, slots.count), np.int64)
    net, (buy, sell) = (
        np.zeros((homes, slots.count), np.int64),
        np.zeros((2, slots.count), np.int64),
    )
    for piece in pieces:
        span = Slots(piece.first_s, slots.step, (piece.end_s - piece.first_s) // slots.step)
        here, there = _places(slots, span, piece.slots)
        plan = piece.plan
        planned[:, here] = (plan.charge_wh - plan.discharge_wh)[:, there]
        plain[:, here] = _alone(community, piece)[:, there]
        net[:, here] = plan.net_wh[:, there]
        buy[here] = piece.problem.import_price[0, there]
        sell[here] = piece.problem.export_price[0, there]
    return _Laid(planned, plain, net, buy, sell)


def _activate(
    community: Community, laid: _Laid, activations: Sequence[Asked], slots: Slots
) -> None:
    """Put the set-points of activations over those planned, and into the net energy of meters."""
    homes = community.storage.member
    for one in activations:
        here, there = overlap(slots, one.window)
        for row in np.flatnonzero(one.given_wh).tolist():
            moved = one.net_wh[row, there] - laid.planned_wh[row, here]
            laid.planned_wh[row, here] += moved
            laid.net_wh[int(homes[row]), here] += moved


def _cost(net_wh: Ints, laid: _Laid) -> Ints:
    """Cost of net energy [rows, slots] at meters [rows], nano-¤."""
    return checked_sum(checked_multiply(net_wh, np.where(net_wh > 0, laid.buy, laid.sell)), axis=1)


def _places(slots: Slots, span: Slots, horizon: Slots) -> tuple[slice, slice]:
    """Slots of the diaries, and of a plan, in which the plan is in force."""
    here, _ = overlap(slots, span)
    first = (slots.start + here.start * slots.step - horizon.start) // slots.step
    return here, slice(first, first + here.stop - here.start)


def _alone(community: Community, piece: Piece) -> Ints:
    """Net energy of storage left to itself over a plan's horizon [storage, slots], Wh."""
    stated = piece.stated
    storage = msgspec.structs.replace(
        piece.problem.storage,
        charge_max_wh=stated.charge_max_wh,
        discharge_max_wh=stated.discharge_max_wh,
        lo_wh=stated.lo_wh,
        hi_wh=stated.hi_wh,
        draw_wh=stated.draw_wh,
    )
    at_once = np.array([kind == "car" for kind in community.storage.kind], np.bool_)
    return plain_storage(storage, piece.slots.step, at_once)


def _runs(community: Community, pieces: Sequence[Piece], slots: Slots, planned: Ints) -> Ints:
    """Power of appliances that start as soon as they may, once a day [runs, slots], W."""
    runs = community.runs
    lasts = -(-runs.duration_s // slots.step) * slots.step
    day = np.full(len(runs.ids), -1)
    plain = np.zeros(planned.shape, np.int64)
    starts = slots.starts()
    for piece in pieces:
        start = piece.slots.start + piece.stated.run_earliest * slots.step
        today = _days(community, start)
        fresh = (piece.stated.run_earliest >= 0) & (today != day)
        day = np.where(fresh, today, day)
        first_s = start[:, None]
        on = fresh[:, None] & (first_s <= starts) & (starts < first_s + lasts[:, None])
        plain += on * runs.power_w[:, None]
    return np.where((day >= 0)[:, None], plain, planned)


def _days(community: Community, instants: Ints) -> Ints:
    """Number of the local day of each instant."""
    different, place = np.unique(instants, return_inverse=True)
    calendar = community.calendar
    days = [calendar.date_of(instant).toordinal() for instant in different.tolist()]
    return np.array(days, np.int64)[place]
