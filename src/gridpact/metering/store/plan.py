"""What storing readings changes, counted before or while it is done."""

from __future__ import annotations

import msgspec
import numpy as np

from gridpact.base.errors import BadInput, Fault
from gridpact.base.units import Bools, Ints
from gridpact.metering.readings import Channel, Readings
from gridpact.metering.store.changes import Change, overlapping
from gridpact.metering.store.log import Imported

KINDS = ("new", "corrected", "same")


class Plan(msgspec.Struct, frozen=True):
    """What storing readings would change.

    ``new``, ``corrected`` and ``same`` [channels] count slots without a value before, with another
    one, and with this one; ``displays`` are the same three numbers of displays. ``already`` is the
    earlier import of the same file, if there was one; then nothing changes.
    """

    channels: tuple[Channel, ...]
    new: Ints
    corrected: Ints
    same: Ints
    displays: tuple[int, ...] = (0, 0, 0)
    already: Imported | None = None


class Tally:
    """Counts changes of one import, and collects the slots that were told two values at once."""

    def __init__(self, readings: Readings, known_s: int) -> None:
        self._readings, self._known_s = readings, known_s
        self._rows = {channel: row for row, channel in enumerate(readings.intervals.channels)}
        self._slots = np.zeros((len(KINDS), len(self._rows)), np.int64)
        self._displays = np.zeros(len(KINDS), np.int64)
        self.faults: list[Fault] = []

    def add(self, change: Change) -> None:
        """Count a change; where slots overlap, nothing of the import is to be stored."""
        self.faults += overlapping(change, self._readings.source, self._known_s)
        block = change.block
        for kind, name in enumerate(KINDS):
            which: Bools = getattr(change.decision, name)
            if block.table == "displays":
                self._displays[kind] += np.count_nonzero(which)
            else:
                rows = [self._rows[channel] for channel in block.channels]
                self._slots[kind, rows] += change.counts(which)

    def plan(self, already: Imported | None) -> Plan:
        """Return the counts; raises BadInput where slots were told two values at once."""
        self._check()
        new, corrected, same = self._slots
        displays = tuple(map(int, self._displays))
        return Plan(self._readings.intervals.channels, new, corrected, same, displays, already)

    def imported(self, number: int, recipe: str) -> Imported:
        """Return the import of that number; raises BadInput as :meth:`plan` does."""
        self._check()
        new, corrected, same = map(int, self._slots.sum(axis=1) + self._displays)
        return Imported(
            number=number,
            source=self._readings.source,
            digest=self._readings.digest,
            recipe=recipe,
            known_s=self._known_s,
            new=new,
            corrected=corrected,
            same=same,
        )

    def _check(self) -> None:
        if self.faults:
            raise BadInput(self.faults)
