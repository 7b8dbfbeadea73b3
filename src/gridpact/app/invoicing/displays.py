"""What meters displayed at the begin and end of a period, read there or estimated from nearby."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np

from gridpact.base.slots import Slots
from gridpact.base.units import Ints
from gridpact.metering.readings import Channel, Displays, Quality, Register
from gridpact.metering.store.store import Store
from gridpact.settlement.invoices.bill import REGISTERS
from gridpact.settlement.invoices.figures import EDGES, UNREAD_S, Shown
from gridpact.settlement.periods.rules import Rules

_NEAR_S = 10 * 86_400
"""As far from an edge a reading may be to estimate from."""
_CHANNELS = 2048
_REGISTER: dict[str, Register] = {"withdrawal": "withdrawal", "injection": "injection"}


class _Found(msgspec.Struct, frozen=True):
    """A display that an edge's is told from."""

    wh: int
    at_s: int
    meter: str


def displays_at(
    where: str, rules: Rules, period: Slots, known: tuple[int, int | None]
) -> dict[str, Shown]:
    """Return the displays of all members at the edges of a period.

    They are as ``known`` at an instant [s] and after a commit of the store, its last one where
    that is None. Readings that are no store have no displays: nobody read any.
    """
    as_of_s, commit = known
    store = _store(where, commit)
    found = {}
    for register in REGISTERS:
        for edge, at_s in zip(EDGES, (period.start, period.end), strict=True):
            shown = _unread(len(rules.members))
            if store is not None:
                for first in range(0, len(rules.members), _CHANNELS):
                    _fill(shown, store, _some(rules, register, first), (at_s, as_of_s), period.step)
            found[f"{register} {edge}"] = Shown(shown[0], shown[1], tuple(shown[2].tolist()))
    return found


def _store(where: str, commit: int | None) -> Store | None:
    if "://" not in where and (
        Path(where).is_file() or any(Path(where).glob("????-??-??.parquet"))
    ):
        return None
    store = Store.open(where)
    return store if commit is None else store.until(commit)


def _unread(count: int) -> tuple[Ints, Ints, Ints]:
    wh, at_s = np.zeros(count, np.int64), np.full(count, UNREAD_S, np.int64)
    return wh, at_s, np.full(count, "", dtype=object)


def _some(rules: Rules, register: str, first: int) -> dict[Channel, int]:
    """Return the channels of some members, each with the member's row."""
    some = enumerate(rules.members[first : first + _CHANNELS], start=first)
    return {
        Channel(member.point, _REGISTER[register]): row
        for row, member in some
        if register in member.registers
    }


def _fill(
    shown: tuple[Ints, Ints, Ints],
    store: Store,
    rows: dict[Channel, int],
    when: tuple[int, int],
    step_s: int,
) -> None:
    """Fill in what the displays of some channels were at an edge; ``when`` also says known when."""
    at_s, as_of_s = when
    around = Slots(at_s - _NEAR_S, step_s, 2 * _NEAR_S // step_s)
    displays = store.displays(tuple(rows), around, as_of_s)
    nearest = _nearest(displays, at_s)
    apart = tuple(channel for channel in nearest if nearest[channel].at_s != at_s)
    between = _between(store, apart, around, as_of_s) if apart else {}
    for channel, found in nearest.items():
        moved = 0
        if channel in between:
            wh, present = between[channel]
            counted = _counted(wh, present, around, (found.at_s, at_s))
            if counted is None:
                continue
            moved = counted
        row = rows[channel]
        shown[0][row], shown[1][row], shown[2][row] = found.wh + moved, found.at_s, found.meter


def _nearest(displays: Displays, at_s: int) -> dict[Channel, _Found]:
    """Return the display nearest to an edge of each channel; of two at once the later device's."""
    found: dict[Channel, _Found] = {}
    for row in np.argsort(-np.abs(displays.at_s - at_s), kind="stable").tolist():
        found[displays.channels[displays.channel[row]]] = _Found(
            int(displays.reading_wh[row]), int(displays.at_s[row]), displays.meter[row]
        )
    return found


def _between(
    store: Store, channels: tuple[Channel, ...], slots: Slots, as_of_s: int
) -> dict[Channel, tuple[Ints, Ints]]:
    found = store.intervals(channels, slots, as_of_s)
    present = ~np.isin(found.quality, (Quality.MISSING, Quality.SUSPECT))
    return {each: (found.wh[row], present[row]) for row, each in enumerate(channels)}


def _counted(wh: Ints, present: Ints, slots: Slots, span: tuple[int, int]) -> int | None:
    """Return what was counted from one instant to another, negative for backwards.

    A slot that is cut counts by its part. None where a slot between has no sound value.
    """
    begin, end = (
        (min(span) - slots.start) // slots.step,
        -(-(max(span) - slots.start) // slots.step),
    )
    if not np.all(present[begin:end]):
        return None
    return _until(wh, slots, span[1]) - _until(wh, slots, span[0])


def _until(wh: Ints, slots: Slots, at_s: int) -> int:
    """Return what was counted from the first slot until an instant."""
    whole, rest = divmod(at_s - slots.start, slots.step)
    cut = int(wh[whole]) * rest // slots.step if rest else 0
    return int(wh[:whole].sum()) + cut
