"""What the entries of a run's diaries are expected to save, by the plans in force for them.

What a home saves in a slot is what its meter would cost if all its assets were left to themselves,
less what the meter costs as planned: energy bought at the buying price, fed in at the selling
price. Its assets share it by the energy that each moves, at one price per kWh, so that what they
save never adds up to more. What an asset left to itself has taken beyond that when the diaries end
is no saving, but put off: :mod:`.left_over` says what it is worth. The saving is shared out over
entries as :mod:`.savings` says.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import msgspec
import numpy as np

from gridpact.base.rounding import muldiv
from gridpact.base.slots import Slots, overlap
from gridpact.base.units import Ints, checked_add, checked_multiply
from gridpact.registry.model import Community
from gridpact.scheduling.diaries.derivation import power, watts
from gridpact.scheduling.diaries.difference import Diaries
from gridpact.scheduling.diaries.instructions import standing_at
from gridpact.scheduling.diaries.left_over import Flows, followed, made_good
from gridpact.scheduling.diaries.pieces import Asked, Piece
from gridpact.scheduling.diaries.plain_plan import plain_storage
from gridpact.scheduling.diaries.savings import Savings, shared_out
from gridpact.scheduling.problem import StorageColumns


class _Laid(NamedTuple):
    """Over the slots of diaries and the rest of the last plan: storage as planned [storage, slots].

    ``columns`` are what storage can do and has to, ``known`` what it holds before slots from which
    another plan is in force; ``net_wh`` [homes, slots] is planned at meters; all Wh. ``buy`` and
    ``sell`` [slots] µ¤/kWh.
    """

    planned_wh: Ints
    columns: StorageColumns
    known: dict[int, Ints]
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
    last = max(pieces, key=lambda piece: piece.end_s)
    whole = Slots(begin, step, (max(last.slots.end, slots.end) - begin) // step)
    laid = _laid(community, [*pieces, last._replace(first_s=slots.end, end_s=whole.end)], whole)
    _activate(community, laid, activations, slots)
    stored, owed = _stored(community, laid, step, slots.count)
    running = _running(community, diaries, slots, last, whole)
    alone = _runs(community, pieces, whole, running)
    runs = np.stack([running, alone]) * step // 3600
    planned, plain = np.concatenate([np.stack([laid.planned_wh, stored]), runs], axis=1)
    owed = np.concatenate([owed, (runs[1] - runs[0])[:, : slots.count].sum(axis=1)])
    moved = np.abs(planned - plain)[:, : slots.count]
    idle = ~moved.any(axis=1)
    plain[idle], owed[idle] = planned[idle], 0
    homes = np.concatenate([community.storage.member, community.runs.member])
    net = laid.net_wh[homes]
    saved = _shares(homes, (plain - planned)[:, : slots.count], laid)
    flows = Flows(planned, plain, np.where(net > 0, laid.buy, laid.sell), slots.count)
    saved = checked_add(saved, -made_good(owed, flows, int(laid.buy.mean())))
    return shared_out(diaries.instructions, slots, saved, watts(moved, step))


def _shares(homes: Ints, apart_wh: Ints, laid: _Laid) -> Ints:
    """Share out what homes save by all that their assets move [assets, slots] [assets], nano-¤."""
    count = apart_wh.shape[1]
    net, buy, sell = laid.net_wh[:, :count], laid.buy[:count], laid.sell[:count]
    together = np.zeros_like(net)
    np.add.at(together, homes, apart_wh)
    saved = checked_add(_cost(net + together, buy, sell), -_cost(net, buy, sell))
    at_once = np.where(net > 0, buy, sell)
    none = together == 0
    price = np.where(none, at_once, saved * np.sign(together))
    parts = muldiv(apart_wh, price[homes], np.where(none, 1, np.abs(together))[homes])
    return np.asarray(parts.sum(axis=1))


def _laid(community: Community, pieces: Sequence[Piece], slots: Slots) -> _Laid:
    """Lay what plans say over the slots in which each is in force."""
    storages, homes = len(community.storage.ids), len(community.members.ids)
    names = ("charge_max_wh", "discharge_max_wh", "lo_wh", "hi_wh", "draw_wh")
    columns = {name: np.zeros((storages, slots.count), np.int64) for name in names}
    planned, net = np.zeros((storages, slots.count), np.int64), np.zeros((homes, slots.count), int)
    buy, sell = np.zeros((2, slots.count), np.int64)
    known: dict[int, Ints] = {}
    initial = pieces[0].problem.storage.initial_wh
    for piece in pieces:
        span = Slots(piece.first_s, slots.step, (piece.end_s - piece.first_s) // slots.step)
        here, there = _places(slots, span, piece.slots)
        if here.start >= here.stop:
            continue
        plan = piece.plan
        if here.start == 0:
            initial = _before(piece, there.start)
        elif there.start == 0:
            known[here.start] = _before(piece, 0)
        planned[:, here] = (plan.charge_wh - plan.discharge_wh)[:, there]
        for name, values in columns.items():
            values[:, here] = getattr(piece.stated, name)[:, there]
        net[:, here] = plan.net_wh[:, there]
        buy[here] = piece.problem.import_price[0, there]
        sell[here] = piece.problem.export_price[0, there]
    storage = msgspec.structs.replace(pieces[-1].problem.storage, initial_wh=initial, **columns)
    return _Laid(planned, storage, known, net, buy, sell)


def _before(piece: Piece, slot: int) -> Ints:
    """What storage holds before a slot of a plan [storage], Wh."""
    return piece.problem.storage.initial_wh if slot == 0 else piece.plan.state_wh[:, slot - 1]


def _stored(community: Community, laid: _Laid, step_s: int, count: int) -> tuple[Ints, Ints]:
    """Storage left to itself [storage, slots], and what it holds more after ``count`` slots.

    The latter [storage] is what it takes at the grid side; both Wh.
    """
    columns = laid.columns
    at_once = np.array([kind == "car" for kind in community.storage.kind], np.bool_)
    draws = followed(columns, laid.planned_wh, laid.known).draw_wh
    columns = msgspec.structs.replace(columns, draw_wh=draws)
    plain = plain_storage(columns, at_once)
    held = [followed(columns, net[:, :count], {}).held_wh for net in (laid.planned_wh, plain)]
    owed = (held[1] - held[0]) / columns.efficiency_in
    return plain, np.rint(owed).astype(np.int64)


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


def _cost(net_wh: Ints, buy: Ints, sell: Ints) -> Ints:
    """Cost of net energy at meters in each slot [homes, slots], nano-¤."""
    return checked_multiply(net_wh, np.where(net_wh > 0, buy, sell))


def _places(slots: Slots, span: Slots, horizon: Slots) -> tuple[slice, slice]:
    """Slots of the diaries, and of a plan, in which the plan is in force."""
    here, _ = overlap(slots, span)
    first = (slots.start + here.start * slots.step - horizon.start) // slots.step
    return here, slice(first, first + here.stop - here.start)


def _running(
    community: Community, diaries: Diaries, slots: Slots, last: Piece, whole: Slots
) -> Ints:
    """Power of appliances by their diaries, and by the last plan after them [runs, slots], W."""
    runs, storages = community.runs, len(community.storage.ids)
    told = power(diaries.instructions, slots, diaries.standing)[storages:]
    standing = standing_at(diaries.instructions, diaries.standing, slots.end)
    start = last.slots.start + last.plan.run_start * slots.step
    planned = np.where(last.plan.run_start >= 0, start, whole.end)
    on = standing.power_w[storages:] > 0
    first_s = np.where(on, standing.changed_s[storages:], planned)[:, None]
    lasts = -(-runs.duration_s // slots.step) * slots.step
    starts = whole.starts()[slots.count :]
    later = (first_s <= starts) & (starts < first_s + lasts[:, None])
    return np.concatenate([told, later * runs.power_w[:, None]], axis=1)


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
