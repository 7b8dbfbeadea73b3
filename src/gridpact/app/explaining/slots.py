"""The slots of a line that are told, and what they were made of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec
import numpy as np

from gridpact.app.explaining.signed import SignedFile
from gridpact.app.explaining.sources import MemberReadings
from gridpact.app.explaining.told import Change, Divided, Reading, Slot
from gridpact.base.rounding import round_half_even
from gridpact.metering.readings import Register
from gridpact.settlement.periods.energy import INJECTION, WITHDRAWAL
from gridpact.settlement.periods.tracing import Traced

_REGISTERS: tuple[tuple[str, Register], ...] = (
    (WITHDRAWAL, "withdrawal"),
    (INJECTION, "injection"),
)
_PER_KWH = 1000


class Asked(msgspec.Struct, frozen=True):
    """What is to be told: ``every`` slot that says something, or some; a number of changes.

    ``signed`` are readings that a device signed, to hold those of the line against.
    """

    every: bool = False
    most_changes: int = 12
    signed: SignedFile | None = None


USUAL = Asked()


def chosen(traced: Traced, changes: Sequence[Change], asked: Asked) -> list[tuple[int, str]]:
    """Return the places of slots to tell, and why each is: the first, last and largest amount."""
    said = np.flatnonzero((traced.nano != 0) | (traced.energy_wh != 0))
    if not len(said):
        return []
    largest = said[np.argmax(np.abs(traced.nano[said]))]
    why: dict[int, list[str]] = {}
    for place, word in ((said[0], "first"), (largest, "largest"), (said[-1], "last")):
        why.setdefault(int(place), []).append(word)
    if len(said) == 1:
        why = {int(said[0]): ["only"]}
    for change in changes[: asked.most_changes]:
        place = (change.start_s - traced.slots.start) // traced.slots.step
        why.setdefault(place, []).append("corrected")
    for place in said.tolist() if asked.every else ():
        why.setdefault(place, [])
    return [(place, ", ".join(why[place])) for place in sorted(why)]


def told_slots(
    traced: Traced,
    readings: MemberReadings | None,
    places: Sequence[tuple[int, str]],
    asked: Asked,
) -> tuple[Slot, ...]:
    """Return slots at some places; ``readings`` are the member's, None for a group's line."""
    starts = [traced.slots.start + place * traced.slots.step for place, _ in places]
    told: dict[int, tuple[Reading, ...]] = {}
    registers = registers_of(traced)
    if readings is not None and registers:
        told = readings.of_slots(registers, starts)
        if asked.signed is not None:
            point = readings.rules.members[0].point
            told = {at: asked.signed.held(point, some) for at, some in told.items()}
    return tuple(
        _slot(traced, place, why, told.get(at, ()))
        for (place, why), at in zip(places, starts, strict=True)
    )


def registers_of(traced: Traced) -> tuple[Register, ...]:
    """Return the registers that the energy of a line comes from."""
    if {*traced.series} <= {WITHDRAWAL, INJECTION} and len(traced.flow.needs) == 1:
        return tuple(register for name, register in _REGISTERS if name in traced.flow.needs)
    own = any(name in traced.series for name, _ in _REGISTERS)
    needed = {*traced.flow.needs} - {*traced.prices}
    return tuple(register for _, register in _REGISTERS) if own and needed else ()


def _slot(traced: Traced, place: int, why: str, readings: tuple[Reading, ...]) -> Slot:
    energy, nano = int(traced.energy_wh[place]), int(traced.nano[place])
    return Slot(
        start_s=traced.slots.start + place * traced.slots.step,
        why=why,
        energy_wh=energy,
        nano=nano,
        price_nano=round_half_even(nano * _PER_KWH, energy) if energy > 0 else None,
        series={name: int(values[place]) for name, values in traced.series.items()},
        prices={name: int(values[place]) for name, values in traced.prices.items()},
        shared=None if traced.shared is None else Divided(*(int(x[place]) for x in traced.shared)),
        readings=readings,
    )


def changed_slots(run: int, before: Traced, now: Traced) -> list[Change]:
    """Return the slots of a line that differ from those of the same line of an earlier run."""
    return list(_changed(run, before, now)) if before.slots == now.slots else []


def _changed(run: int, before: Traced, now: Traced) -> Iterator[Change]:
    differ = (before.nano != now.nano) | (before.energy_wh != now.energy_wh)
    for place in np.flatnonzero(differ).tolist():
        pairs = ((before.energy_wh, now.energy_wh), (before.nano, now.nano))
        amounts = [int(each[place]) for pair in pairs for each in pair]
        yield Change(now.slots.start + place * now.slots.step, run, *amounts)
