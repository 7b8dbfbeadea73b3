"""What owners' answers leave to the next solve.

- While an asset is off, it has no power.
- From the first entry that its owner declined until the diary ends, it does what it would do by
  itself.
- While an entry that the owner accepted by hand is in force, its power stays as it is.
- All else is free: also what was accepted automatically or tacitly, and what is still asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum

import msgspec
import numpy as np

from gridpact.base.slots import Slots
from gridpact.base.units import Bools, Ints
from gridpact.scheduling.diaries.difference import Diaries
from gridpact.scheduling.diaries.instructions import powers_after
from gridpact.scheduling.diaries.modes import Codes, Modes, Status, declined
from gridpact.scheduling.needs.model import Action, Assets, Intervention
from gridpact.scheduling.priorities.levels import Level


class Hold(IntEnum):
    """How free the power of an asset is in a slot."""

    FREE = 0
    PINNED = 1
    PLAIN = 2
    OFF = 3


class Respect(msgspec.Struct, frozen=True):
    """A :class:`Hold` for every asset and slot [assets, slots], and the power where it is held, W.

    ``power_w`` is 0 where the asset is off or free.
    """

    hold: Codes
    power_w: Ints


def respected(
    diaries: Diaries, status: Codes, modes: Modes, slots: Slots, plain_w: Ints
) -> Respect:
    """Return what the solve of a horizon has to respect.

    ``plain_w`` [assets, slots] is the power of assets left to themselves. A slot counts as off, or
    as declined, where any part of it is; it is pinned where the entry in force when it begins is.
    """
    starts, entries = slots.starts(), diaries.instructions
    current = _in_force(diaries, slots)
    within = starts < diaries.end_s
    accepted = np.append(status == Status.ACCEPTED, False)
    power = np.append(powers_after(entries, diaries.standing), 0)
    pinned = accepted[current] & within
    plain = _from_declined(diaries, declined(status), slots) & within
    off = starts < modes.off_until_s[:, None]
    hold = np.where(pinned, Hold.PINNED, Hold.FREE)
    hold = np.where(off, Hold.OFF, np.where(plain, Hold.PLAIN, hold))
    kept = np.where(hold == Hold.PINNED, power[current], 0)
    kept = np.where(hold == Hold.PLAIN, plain_w, kept)
    return Respect(hold.astype(np.int8), np.asarray(kept, np.int64))


def _in_force(diaries: Diaries, slots: Slots) -> Ints:
    """Entry in force when each slot begins [assets, slots], −1 where there is none."""
    entries = diaries.instructions
    place = np.maximum(-((slots.start - entries.at_s) // slots.step), 0)  # rounded up
    last = np.full((len(diaries.revision), slots.count + 1), -1)
    last[entries.row, np.minimum(place, slots.count)] = np.arange(len(entries))
    return np.maximum.accumulate(last, axis=1)[:, :-1]


def _from_declined(diaries: Diaries, marked: Bools, slots: Slots) -> Bools:
    """Mark slots from the first that a declined entry touches [assets, slots]."""
    entries = diaries.instructions.of(marked)
    place = np.clip((entries.at_s - slots.start) // slots.step, 0, slots.count)
    found = np.zeros((len(diaries.revision), slots.count + 1), np.bool_)
    found[entries.row, place] = True
    return np.logical_or.accumulate(found, axis=1)[:, :-1]


def interventions_of(
    respect: Respect, slots: Slots, ids: Sequence[str], owners: Sequence[str]
) -> tuple[Intervention, ...]:
    """Return what is held as interventions, one for each stretch of equal power.

    ``ids`` and ``owners`` [assets] name assets and their owners.
    """
    held, power = respect.hold != Hold.FREE, respect.power_w
    edge = np.ones(held.shape, np.bool_)
    edge[:, 1:] = (held[:, 1:] != held[:, :-1]) | (power[:, 1:] != power[:, :-1])
    rows, firsts = np.nonzero(edge)
    ends = np.append(firsts[1:], slots.count)
    ends[:-1] = np.where(rows[1:] == rows[:-1], ends[:-1], slots.count)
    return tuple(
        _intervention((ids[row], owners[row]), (first, end), slots, int(power[row, first]))
        for row, first, end in zip(rows.tolist(), firsts.tolist(), ends.tolist(), strict=True)
        if held[row, first]
    )


def _intervention(
    names: tuple[str, str], span: tuple[int, int], slots: Slots, watts: int
) -> Intervention:
    action = Action.CHARGE if watts > 0 else Action.SUPPLY if watts < 0 else Action.OFF
    return Intervention(
        owner=names[1],
        subject=Assets((names[0],)),
        level=Level.NEEDS,
        action=action,
        begin=slots.start + span[0] * slots.step,
        end=slots.start + span[1] * slots.step,
        target_w=abs(watts) if watts else None,
    )
