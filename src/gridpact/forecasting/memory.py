"""What forecasting remembers: weeks of measured slots, and the newest slots one by one."""

from __future__ import annotations

import msgspec
import numpy as np

from gridpact.base.slots import Slots, iso
from gridpact.base.units import Bools, Ints


class Past(msgspec.Struct, frozen=True):
    """Measured load [members, slots] and solar energy [plants, slots] in Wh, with masks."""

    slots: Slots
    load_wh: Ints
    load_known: Bools
    pv_wh: Ints
    pv_known: Bools

    @classmethod
    def empty(cls, members: int, plants: int, step: int) -> Past:
        """A past of no slots."""
        load, pv = np.zeros((members, 0), np.int64), np.zeros((plants, 0), np.int64)
        return cls(Slots(0, step, 0), load, load.astype(np.bool_), pv, pv.astype(np.bool_))


class Recent(msgspec.Struct, frozen=True, omit_defaults=True):
    """One slot not yet part of the past.

    ``flexible_wh`` [members] is what storage and appliances took (negative: gave) on telemetry,
    ``own_pv_wh`` [members] what the members' plants made; load follows once readings are in.
    ``unheard`` [members] have storage that did not tell, so that their load stays unknown; None,
    which is left out of the encoding, where all told.
    """

    slot: int
    pv_wh: Ints
    flexible_wh: Ints
    own_pv_wh: Ints
    load_wh: Ints
    load_known: Bools
    unheard: Bools | None = None


def columns(recent: dict[str, Recent], slots: Slots, shape: tuple[int, int]) -> Past:
    """Line recent slots up over ``slots``; slots that are not there are unknown."""
    members, plants = shape
    load, pv = np.zeros((members, slots.count), np.int64), np.zeros((plants, slots.count), np.int64)
    load_known, pv_known = load.astype(np.bool_), pv.astype(np.bool_)
    for place, start in enumerate(slots.starts().tolist()):
        found = recent.get(iso(start))
        if found is not None:
            load[:, place], load_known[:, place] = found.load_wh, found.load_known
            pv[:, place], pv_known[:, place] = found.pv_wh, True
    return Past(slots, load, load_known, pv, pv_known)


def extended(past: Past, recent: dict[str, Recent], until: int, keep: int) -> Past:
    """Append everything before ``until`` [s] to the past and keep its last ``keep`` slots."""
    step = past.slots.step
    # after a long silence, or from no past at all, no more than what is kept is laid out
    first = max(past.slots.end, until - keep * step)
    fresh = Slots(first, step, max((until - first) // step, 0))
    added = columns(recent, fresh, (past.load_wh.shape[0], past.pv_wh.shape[0]))
    drop = max(past.slots.count + fresh.count - keep, 0)
    kept = past.slots.count + fresh.count - drop

    def join(old: Ints | Bools, new: Ints | Bools) -> Ints:
        return np.concatenate([old, new], axis=1)[:, drop:]

    return Past(
        Slots(fresh.end - kept * step, step, kept),
        join(past.load_wh, added.load_wh),
        join(past.load_known, added.load_known).astype(np.bool_),
        join(past.pv_wh, added.pv_wh),
        join(past.pv_known, added.pv_known).astype(np.bool_),
    )
